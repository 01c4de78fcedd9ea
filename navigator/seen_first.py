"""What shows the looks that were asked for comes first: desks with drawers before desks.

No filter has such looks, and a search by words finds them where a title names them. Of what it finds, the items' own
vectors tell which show them (`navigator.sight`), whatever their texts say. So they do of colours where a catalogue
names none.
"""

from collections.abc import Sequence
from dataclasses import replace

from navigator.sets import Candidate
from navigator.sight import Sight
from navigator.wish import Wish, speaks_of

DEEPER = 3
"""So many times more candidates are looked at where looks are asked for: words rank those low that do not say so."""

_SHOWS, _HINTS = 0.5, 0.15
"""Chances from which on an item has a look, or half of it."""

_SURELY = 0.8
"""Chance from which on an item is of a colour that its catalogue does not state."""


def seen_first(found: Sequence[Candidate], wish: Wish, sight: Sight) -> list[Candidate]:
    """Candidates with the looks of a wish's words told, those that have most of them first, else in their order."""
    looks = sight.looks_in(wish.text)
    if not looks or not found:
        return list(found)
    shown = [one.shown for one in found]
    told = [0.0] * len(found)
    for look in looks:
        chances = sight.chance(look, shown)
        if chances is None:
            continue
        for place, (entry, chance) in enumerate(zip(shown, chances, strict=True)):
            has = chance >= _SHOWS or speaks_of(entry.item, look)
            told[place] += 1.0 if has else 0.5 if chance >= _HINTS else 0.0
    marked = [replace(one, looks=count) for one, count in zip(found, told, strict=True)]
    return sorted(marked, key=lambda one: -one.looks)


def of_color(found: Sequence[Candidate], wish: Wish, sight: Sight) -> list[Candidate]:
    """Candidates of which the catalogue states no colour, and pictures show one that is wished for."""
    silent = [one for one in found if not one.shown.item.colors]
    shown = [one.shown for one in silent]
    chances = [sight.chance(word, shown) for word in wish.said.get("color", ())]
    told = [chance for chance in chances if chance is not None]
    return [one for place, one in enumerate(silent) if any(chance[place] >= _SURELY for chance in told)]


def surely(found: Sequence[Candidate]) -> list[Candidate]:
    """Of candidates those with most of the looks asked for: the cheapest round one is round."""
    most = max((one.looks for one in found), default=0.0)
    return [one for one in found if one.looks == most]
