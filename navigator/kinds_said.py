"""What an answer says an item is, where it is another kind of thing by the catalogue."""

import re
from collections.abc import Collection, Sequence

from catalog.item import Item
from navigator.lexicon import plain

_IS_A = re.compile(
    r"(?P<cited>\[(?P<number>\d{1,3})\],?)(?P<article> an?)? (?P<kind>[a-z]+(?: [a-z]+){0,2}?)"
    r"(?=[,.;:!?]| and\b| in\b|$)"
)
OPEN = re.compile(r"\s?\[\d{1,3}\],?(?: (?!(?:is|are|has|costs?|and|or|at|fits)\b)[a-z]+){0,3} ?[a-z]*$")
"""A citation after which it may yet be said what the item is."""


def mend_kinds(text: str, items: Sequence[Item], kinds: Collection[str]) -> tuple[str, int]:
    """A text in which each item is called what it is, and how often it was not: `[3] a bench`, and no dining table.

    Args:
        items: on show, numbered from 1.
        kinds: of the catalogue, as `plain` has them. What is none of these is left as it is said.
    """
    mended = 0

    def called(found: re.Match[str]) -> str:
        nonlocal mended
        right = _kind(items, int(found["number"]))
        said = found["kind"]
        if not right or said not in kinds or right not in kinds:
            return found[0]
        wrong = not right.endswith(said)
        mended += wrong
        name = right if wrong else said
        article = (" an" if name[0] in "aeiou" else " a") if found["article"] else ""
        return f"{found['cited']}{article} {name}"

    return _IS_A.sub(called, text), mended


def _kind(items: Sequence[Item], number: int) -> str:
    """What an item is, singular; "" where there is no such item."""
    category = items[number - 1].category if 1 <= number <= len(items) else ()
    return " ".join(plain(category[-1])) if category else ""
