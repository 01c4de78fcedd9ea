"""Questions that nobody can answer from what a shop knows: whether it can be washed, a warranty, is it waterproof.

What cannot be told is without end, and a small model learns the end of what can: so half of what is asked for is any
English word that the catalogue and its broader words do not have. Which words those are a prompt tells, see
`navigator.unheard`; what nobody can tell is asked for in usual words, too.
"""

from collections.abc import Sequence
from functools import lru_cache

from navigator import english, phrasing
from navigator.dialogue_state import State
from navigator.knowledge import Known
from navigator.notes import notes_on
from navigator.unheard import stems, unheard

_FREQUENT = 200
"""Least count of a word in the dictionary's corpus of films' subtitles."""

_LETTERS = 4


def of_one(state: State, known: Known, reference: str) -> str:
    """Ask it of one item on show."""
    kind = state.rng.choice(("unknown", "is", "is", "is", "has", "has"))
    if kind == "unknown":
        return phrasing.say(state.rng, kind, ref=reference)
    return phrasing.say(state.rng, kind, ref=reference, x=_seldom_told(state, (known,), kind))


def of_all(state: State) -> str:
    """Ask which of the items on show it is true of, or most true."""
    wording, kind = state.rng.choice((("which", "is"), ("which_has", "has"), ("most", "is"), ("unknown_of_all", "")))
    if not kind:
        return phrasing.say(state.rng, wording)
    return phrasing.say(state.rng, wording, x=_seldom_told(state, state.shown, kind))


def noted(state: State, said: str, items: Sequence[Known]) -> tuple[str, ...]:
    """What a prompt tells of a question: which items are so by the catalogue, and what nothing here speaks of."""
    return notes_on(said, [known.item for known in items], heard(state))


def any_word(state: State, items: Sequence[Known]) -> str:
    """An English word that nothing here speaks of."""
    while True:
        word = state.rng.choice(_words())
        if unheard(word, heard(state), [known.item for known in items]):
            return word


def _seldom_told(state: State, items: Sequence[Known], kind: str) -> str:
    """What an item may be (`is`) or have (`has`), and neither the catalogue nor these items' own data speaks of."""
    rng = state.rng
    if rng.random() < 0.5:
        told = " ".join(map(_told, items))
        names = phrasing.wordings("qualities" if kind == "is" else "trimmings")
        return rng.choice([name for name in names if name.casefold() not in told])
    word = any_word(state, items)
    return word if kind == "is" else f"{rng.choice(('a', 'any', 'the'))} {word}"


def _told(known: Known) -> str:
    """All that is said of an item, in lower case."""
    item = known.item
    words = (*known.facts.values(), *item.attributes, *item.attributes.values(), item.title, item.description or "")
    return " ".join(words).casefold()


def heard(state: State) -> frozenset[str]:
    """Stems of what the catalogue, and so the model, speaks of."""
    return _heard(state.shelf.vocabulary)


@lru_cache(maxsize=4)
def _heard(vocabulary: tuple[str, ...]) -> frozenset[str]:
    return stems(vocabulary)


@lru_cache
def _words() -> list[str]:
    plain = (word for word in english.words() if word.isascii() and word.isalpha() and len(word) >= _LETTERS)
    return [word for word in plain if english.count(word) >= _FREQUENT]
