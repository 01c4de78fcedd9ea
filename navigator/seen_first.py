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


def lacking(found: Sequence[Candidate], wish: Wish, sight: Sight | None) -> tuple[str, ...]:
    """Looks of a wish's words that nothing found has, though things like these could."""
    if sight is None or not found:
        return ()
    shown = [one.shown for one in found]
    missing = []
    for look in sight.looks_in(wish.text):
        chances = sight.chance(look, shown)
        seen = chances is None or chances.max() >= _HINTS or any(speaks_of(entry.item, look) for entry in shown)
        if not seen and sight.applies(look, shown):
            missing.append(look)
    return tuple(missing)


def of_color(found: Sequence[Candidate], wish: Wish, sight: Sight) -> list[Candidate]:
    """Candidates of which the catalogue states no colour, and pictures show one that is wished for."""
    return _showing(found, wish.wanted.get("color", ()), sight)


def without_refused(found: Sequence[Candidate], wish: Wish, sight: Sight) -> list[Candidate]:
    """Candidates that show nothing of what must not be: a look, or a colour that the catalogue leaves open."""
    gone = {one.shown.item.id for one in _showing(found, wish.excluded.get("color", ()), sight)}
    shown = [one.shown for one in found]
    for word in wish.unwanted:
        chances = sight.chance(word, shown) if sight.looks_in(word) else None
        if chances is not None:
            gone |= {entry.item.id for entry, chance in zip(shown, chances, strict=True) if chance >= _SURELY}
    return [one for one in found if one.shown.item.id not in gone]


def _showing(found: Sequence[Candidate], colors: Sequence[str], sight: Sight) -> list[Candidate]:
    """Candidates without a stated colour whose pictures surely show one of some."""
    silent = [one for one in found if colors and not one.shown.item.colors]
    chances = sight.chance_of("color", colors, [one.shown for one in silent])
    return [one for one, chance in zip(silent, chances, strict=True) if chance >= _SURELY]


def surely(found: Sequence[Candidate]) -> list[Candidate]:
    """Of candidates those with most of the looks asked for: the cheapest round one is round."""
    most = max((one.looks for one in found), default=0.0)
    return [one for one in found if one.looks == most]
