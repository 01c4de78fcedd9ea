"""What the model is told beside the items on show."""

import re
from collections.abc import Collection, Sequence

from catalog.item import Item
from navigator.asked_property import asked_property
from navigator.extremes import extreme_asked, extreme_of
from navigator.facts import copies, total
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.number_words import UP_TO_TWELVE
from navigator.prompt import Shown
from navigator.unheard import note, unheard
from navigator.which_ones import Chance, in_stock, parts_named, which_ones

_TOGETHER = re.compile(
    r"^(?!.*\b(?:which|cheap\w*|dear\w*|expensive|least|most|less|more(?! thing))\b)"
    r"(?=.*\b(?:cost|price|much|pay|total|sum)\b).*\b(?:together|total|altogether|sum|both|all)\b"
)
"""Asks what several things cost together."""

_COUNTS = {word: number for number, word in enumerate(UP_TO_TWELVE.split(), 1)}
_COUNT = rf"(\d{{1,2}}|{'|'.join(_COUNTS)})"
_COPIES = re.compile(
    rf"^(?=.*\b(?:cost|price|much|pay|total|sum)\b).*(?:\b{_COUNT} (?:of [\w[]|pieces\b)|\btimes {_COUNT}\b"
    rf"|\b(?:(?:much|total|pay|price) for|would|do) {_COUNT}(?: cost| be)?\W*$)"
)
"""Asks what so many of one thing cost."""


def notes_of(
    said: str, intent: ShoppingIntent | None, shown: Sequence[Shown], relaxed: Sequence[str], lexicon: Lexicon | None
) -> tuple[str, ...]:
    """What gave way to find the items; of a question about several, which of them are so by the catalogue; and which
    words of a question about them nothing here speaks of.

    Args:
        said: the person's message, without what is mistyped.
        relaxed: what gave way, in words.
        lexicon: of the catalogue and of the Navigator, which is told what it was trained to be told.
    """
    if intent is None or intent.action != "ask":
        return tuple(relaxed)
    if lexicon is None or lexicon.heard is None:
        return tuple(relaxed)
    items = [entry.item for entry in shown]
    if not lexicon.told_which:
        return (*relaxed, *note(unheard(said, lexicon.heard, items)))
    sight = lexicon.sight
    if sight is None:
        return (*relaxed, *notes_on(said, items, lexicon.heard))
    notes = notes_on(said, items, lexicon.heard, lambda look: sight.chance(look, shown))
    if not notes and (asked := asked_property(said, intent, shown, lexicon)) is not None:
        notes = asked.notes
    return (*relaxed, *notes)


def notes_on(said: str, items: Sequence[Item], heard: Collection[str], chance: Chance | None = None) -> tuple[str, ...]:
    """What a question about items is told: which of them are so, and what nothing speaks of.

    Args:
        heard: stems of what the catalogue and the model's own vocabulary speak of.
        chance: how likely the items' pictures show a look.
    """
    if (count := copies_asked(said)) and len(items) == 1 and (so_many := copies(items[0], count)) is not None:
        return (so_many,)
    if asks_total(said) and (all_of_them := total(items)) is not None:
        return (all_of_them,)
    if (stocked := in_stock(said, items)) is not None:
        return (stocked.note,)
    beyond = unheard(said, heard, items)
    parts = parts_named(said, items, heard, beyond)
    word = extreme_asked(said, items, parts)
    if word is not None and (extreme := extreme_of(word, items)) is not None:
        return (extreme.note,)
    return (*(told.note for told in which_ones(said, items, parts, chance)), *note(beyond))


def copies_asked(said: str) -> int | None:
    """Of how many of one thing a message asks the price: six chairs; None where it does not."""
    found = _COPIES.search(said.casefold())
    word = next(filter(None, found.groups())) if found else ""
    count = _COUNTS.get(word) or int(word or 0)
    return count if count > 1 else None


def asks_total(said: str) -> bool:
    """Whether a message asks what several things cost together."""
    return _TOGETHER.search(said.casefold()) is not None
