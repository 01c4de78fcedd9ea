"""Questions that nobody can answer from what a shop knows: whether it can be washed, a warranty, is it waterproof.

What cannot be told is without end, and a small model learns the end of what can: so half of what is asked for is any
English word that the catalogue and its broader words do not have.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from random import Random

from spellchecker import SpellChecker

from navigator import phrasing
from navigator.dialogue_state import State
from navigator.families import FAMILIES, KINDS
from navigator.knowledge import Known

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
    """Ask which of the items on show it is true of."""
    kind = state.rng.choice(("is", "has"))
    what = _seldom_told(state, state.shown, kind)
    return phrasing.say(state.rng, "which" if kind == "is" else "which_has", x=what)


def _seldom_told(state: State, items: Sequence[Known], kind: str) -> str:
    """What an item may be (`is`) or have (`has`), and neither the catalogue nor these items' own data speaks of."""
    rng = state.rng
    if rng.random() < 0.5:
        told = " ".join(map(_told, items))
        names = phrasing.wordings("qualities" if kind == "is" else "trimmings")
        return rng.choice([name for name in names if name.casefold() not in told])
    known = {word for one in (*items, *state.shelf.known) for value in one.facts.values() for word in value.split()}
    word = any_word(rng, known | _broad())
    return word if kind == "is" else f"{rng.choice(('a', 'any', 'the'))} {word}"


def any_word(rng: Random, besides: Collection[str]) -> str:
    """An English word that is none of these."""
    while True:
        word = rng.choice(_words())
        if word not in besides:
            return word


def _told(known: Known) -> str:
    """All that is said of an item, in lower case."""
    item = known.item
    words = (*known.facts.values(), *item.attributes, *item.attributes.values(), item.title, item.description or "")
    return " ".join(words).casefold()


@lru_cache
def _words() -> list[str]:
    counts = SpellChecker(language="en", distance=1).word_frequency.dictionary
    plain = (word for word, count in counts.items() if count >= _FREQUENT and word.isascii() and word.isalpha())
    return sorted(word for word in plain if len(word) >= _LETTERS)


@lru_cache
def _broad() -> frozenset[str]:
    """Words of the families of looks, narrow and broad, and names of kinds."""
    looks = [word for family in FAMILIES.values() for entry in family.items() for word in "|".join(entry).split("|")]
    return frozenset(word for text in (*looks, *KINDS, *KINDS.values()) for word in text.split())
