"""Words of a question that nothing here speaks of: whether it is waterproof, whether the cat may sit on it.

A small model that is asked whether a chair is waterproof says yes: it never learnt where its knowledge ends. Where it
ends can be computed, from the words of the catalogue, of the items on show, and those by which the model was taught to
name what it sees. The model is told which words are beyond all these, and answers itself.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from catalog.item import Item
from navigator import english, phrasing
from navigator.facts import details
from navigator.families import FAMILIES, KINDS
from navigator.knowledge import singular
from navigator.prompt import metadata

_EVERYDAY = 1_000_000
"""Count of a word in the dictionary's corpus from which on it says nothing in particular; about 200 words reach it."""

_MOST = 3

_ASKED_FOR = (
    *("what", "is", "has", "which", "which_has", "price", "stock", "brand", "is_by", "cheapest", "dearest"),
    *("what_color", "what_material", "what_silhouette"),
    *("how_width", "how_depth", "how_height", "how_length", "how_diameter", "how_large", "more"),
    *("pick", "why", "compare", "both", "first_two", "ordinals", "openers", "closers"),
)
"""Ways of asking for what is known, in phrases.json."""

_POINTS = ("number", "option")
_PRICED = ("cheaper", "pricier", "dearer", "costlier")

_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*")
_DOES = re.compile(
    r"\b(?:do|does|will|would|can|could|might)\b.{0,30}\b(?:it|they|this|that|these|those|them|ones?) ([a-z]+)\W*$"
)
"""What somebody asks a thing to do: does it rust? There, rust is no colour."""
_DOES_MOST = re.compile(
    r"\bwhich (?:one |ones |of (?:them|these|those) )?(?:would |will |can )?([a-z]+) (?:the )?(?:most|best|least)\b"
)
"""What somebody asks which of several does most: which seats the most? There, a seat is no part of them."""
_BRITISH = re.compile(r"(?<=[a-z]{2})our$")
_ENDINGS = ("ing", "ed", "en", "es", "ic", "y", "e", "s")


def stems(texts: Iterable[str]) -> frozenset[str]:
    """The words of texts without their endings: stripes, striped and stripe are one, and so are colour and color."""
    return frozenset(_stem(part) for text in texts for word in _WORD.findall(text) for part in _parts(word))


def unheard(question: str, heard: Collection[str], shown: Sequence[Item]) -> tuple[str, ...]:
    """The words of a question that nothing speaks of, in their order, a few at most.

    Args:
        question: a person's message.
        heard: `stems` of what the catalogue and the model's own vocabulary speak of.
        shown: the items that it is about; what a prompt says of them is heard, too, and of one it says more.
    """
    near = stems([*map(metadata, shown), *(details(item) for item in shown if len(shown) == 1)])

    # A possessive or a contraction is no word to ask about: it's, customer's, isn't.
    text = re.sub(r"\b\w+n['\u2019]t\b|['\u2019]\w+", "", question.casefold())
    done = _DOES.search(question.casefold()) or _DOES_MOST.search(question.casefold())

    def is_heard(part: str) -> bool:
        known = (_asked(),) if done and part == done[1] else (heard, near, _always())
        return english.count(part) >= _EVERYDAY or any(_stem(part) in some for some in known)

    found = [word for word in _WORD.findall(text) if not all(map(is_heard, _parts(word)))]
    return tuple(dict.fromkeys(found))[:_MOST]


def note(words: Sequence[str]) -> tuple[str, ...]:
    """What the model is told of them, as a fact beside the items; () for none."""
    return (f"nothing known of {', '.join(words)}",) if words else ()


def _parts(word: str) -> list[str]:
    return word.casefold().split("-")


def _stem(word: str) -> str:
    word = singular(word)
    ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) >= 3), "")
    return _BRITISH.sub("or", word.removesuffix(ending)).replace("grey", "gray")


@lru_cache
def _always() -> frozenset[str]:
    """Broad and narrow words for looks and kinds, and those by which what is known is asked for."""
    looks = [word for family in FAMILIES.values() for entry in family.items() for word in entry]
    return _asked() | stems((*(look.replace("|", " ") for look in looks), *KINDS, *KINDS.values(), *_POINTS, *_PRICED))


@lru_cache
def _asked() -> frozenset[str]:
    """The words by which what is known is asked for."""
    wordings = [wording for name in _ASKED_FOR for wording in phrasing.wordings(name)]
    return stems(re.sub(r"\{\w+\}", " ", wording) for wording in wordings)
