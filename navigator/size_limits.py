"""How large a thing may be, as people say it: no wider than 80 cm, at least 2 m long, for a gap of 90 cm."""

import re
from collections.abc import Sequence

from catalog.item import Item
from navigator.facts import centimetres, in_direction, measures
from navigator.intent import LARGEST_CM, Side, SizeLimit

ABOUT = 0.1
"""Share by which what is to be 120 cm wide may be wider or narrower."""

_LEAST_NUMBER = 10
"""A number without a unit below it is no size in centimetres."""

_MOST_LIMITS = 4

_UNITS = {
    "mm": r"mm|millimet(?:re|er)s?",
    "cm": r"cms?|centimet(?:re|er)s?",
    "m": r"m|met(?:re|er)s?",
    "in": r"in(?!\s+(?!wide|deep|high|tall|long|across|max|min|or|and)[a-z])|inch(?:es)?|\"|″",  # none: 90 in oak
    "ft": r"ft|feet|foot",
}
_NOUNS: dict[str, Side] = {side: side for side in ("width", "depth", "height", "length", "breadth", "diameter")}
_ADJECTIVES: dict[str, Side] = {
    "wide": "width",
    "deep": "depth",
    "high": "height",
    "tall": "height",
    "long": "length",
    "across": "diameter",
}
_THAN: dict[str, tuple[Side, bool]] = {
    "wider": ("width", True),
    "narrower": ("width", False),
    "deeper": ("depth", True),
    "shallower": ("depth", False),
    "taller": ("height", True),
    "higher": ("height", True),
    "lower": ("height", False),
    "longer": ("length", True),
    "shorter": ("length", False),
}
"""Side, and whether it is to be more."""

_STAND_IN: dict[Side, tuple[Side, ...]] = {
    "length": ("width", "depth", "diameter"),
    "breadth": ("width", "depth", "diameter"),
    "diameter": ("width",),
}
"""What a side is taken from where the catalogue does not name it: of a rug's length the greatest, of its breadth the
least."""

_UNIT = rf"(?:{'|'.join(_UNITS.values())})(?![^\W_])"
_NUMBER = r"\d+(?:[.,]\d+)?"
_SIZE_IN = rf"(?P<number>{_NUMBER})[\s-]?(?P<unit>{_UNIT})"
_SIZE = rf"{_SIZE_IN}?"
_NOUN = rf"(?P<side>{'|'.join(_NOUNS)})\b"
_SIDE = rf"(?:in )?(?P<side>{'|'.join((*_NOUNS, *_ADJECTIVES))})\b"
_MOST = r"max(?:imum|imal)?\.?|at (?:the )?most|(?:no|not) more th[ae]n|up to|under|below|less th[ae]n|not exceed\w*|<"
_LEAST = r"min(?:imum|imal)?\.?|at (?:the )?least|(?:no|not) less th[ae]n|over|above|more th[ae]n|>"
_AFTER = (
    r"(?:\s*(?:(?P<most_after>max(?:imum)?|at (?:the )?most|or less)"
    r"|(?P<least_after>min(?:imum)?|at (?:the )?least|or more))\b)?"
)
_BEFORE = rf"(?:\b(?:(?P<most>{_MOST})|(?P<least>{_LEAST}))\s*(?:of )?)?"
_SPACE = r"(?:gap|space|niche|alcove|recess|wall|corner|spot|hall\w*|\w*room|kitchen)"

_FOR_A_SPACE = (
    re.compile(rf"\b{_SPACE}(?: \w+){{0,3}}? (?:of|is|measures|has)(?: only| just| about)? {_SIZE_IN}(?: {_SIDE})?"),
    re.compile(rf"\b{_SIZE_IN}(?:[\s-]{_SIDE})? {_SPACE}\b"),
)
"""What has to stand where so much room is: no more than that."""
_COMPARED = re.compile(rf"(?P<no>(?:\b(?:no|not)|\w+n't(?: be)?)\s+)?\b(?P<than>{'|'.join(_THAN)}) th[ae]n {_SIZE}")
_BETWEEN = re.compile(
    rf"(?:\bbetween |\bfrom )?(?P<from>{_NUMBER})\s?(?:{_UNIT})?\s?(?:-|–|to|and)\s?{_SIZE}[\s-]?{_SIDE}"
)
_BY = r"\s?(?:x|×|\*|by)\s?"
_TIMES = re.compile(
    rf"(?<![\w.,])(?P<one>{_NUMBER})\s?(?:{_UNIT})?{_BY}(?P<other>{_NUMBER})"
    rf"(?:\s?(?:{_UNIT})?{_BY}(?P<height>{_NUMBER}))?(?![\d.,]*\d)(?:[\s-]?(?P<unit>{_UNIT}))?"
)
"""160 x 230, or 120 x 60 x 75 with the height behind."""
_SIDE_FIRST = re.compile(
    rf"(?:\b(?:(?P<most_first>{_MOST})|(?P<least_first>{_LEAST}))\s)?{_NOUN}\s*(?:of|is|:|=|(?:can|should|must) be)?\s*"
    rf"{_BEFORE}{_SIZE}{_AFTER}"
)
_SIDE_LAST = re.compile(rf"{_BEFORE}(?:{_SIZE_IN}|(?P<bare>{_NUMBER})(?=[\s-]wide\b))[\s-]?{_SIDE}{_AFTER}")


def size_limits(text: str) -> tuple[tuple[SizeLimit, ...], str]:
    """The limits of size that a text sets, and the text without them.

    Args:
        text: in lower case, its numbers in digits.
    """
    limits: list[SizeLimit] = []
    for pattern in (*_FOR_A_SPACE, _COMPARED, _TIMES, _BETWEEN, _SIDE_FIRST, _SIDE_LAST):
        kept, begun = "", 0
        for found in pattern.finditer(text):
            if pattern is _TIMES:
                set_here = _all_sides(found)
            else:
                limit = _limit(found, for_a_space=pattern in _FOR_A_SPACE)
                set_here = () if limit is None else (limit,)
            if set_here:
                limits += set_here
                kept += f"{text[begun : found.start()]} , "
                begun = found.end()
        text = kept + text[begun:]
    return tuple(limits[:_MOST_LIMITS]), text


def fits(limits: Sequence[SizeLimit], item: Item) -> bool:
    """Whether an item is known to be within all limits."""
    return all(_fits(limit, item) for limit in limits)


def told_limit(limit: SizeLimit) -> str:
    """A limit in words, like those of a price: "under 80 cm wide", "108 to 132 cm wide"."""
    direction = in_direction(limit.side)
    if limit.least is None:
        return f"under {limit.most:g} cm {direction}"
    if limit.most is None:
        return f"over {limit.least:g} cm {direction}"
    return f"{limit.least:g} to {limit.most:g} cm {direction}"


def _fits(limit: SizeLimit, item: Item) -> bool:
    sizes = measures(item)
    sides = (limit.side,) if limit.side in sizes else _STAND_IN.get(limit.side, ())
    known = [size for side in sides if side in sizes and (size := centimetres(sizes[side])) is not None]
    if not known:
        return False
    size = min(known) if limit.side == "breadth" else max(known)
    return (limit.least is None or size >= limit.least) and (limit.most is None or size <= limit.most)


def _limit(found: re.Match[str], for_a_space: bool) -> SizeLimit | None:
    """What a phrase sets; None where it names no size."""
    said = found.groupdict()
    size = _in_centimetres(said["number"] or said["bare"], said["unit"])
    named = {**_NOUNS, **_ADJECTIVES}.get(said.get("side") or "", "width")
    side, more = _THAN.get(said.get("than") or "", (named, True))
    if size is None:
        return None
    if for_a_space:
        return SizeLimit(side=side, most=size)
    if said.get("than"):
        return SizeLimit(side=side, least=size) if more != bool(said["no"]) else SizeLimit(side=side, most=size)
    if said.get("from"):
        least = _in_centimetres(said["from"], said["unit"])
        return None if least is None else SizeLimit(side=side, least=min(least, size), most=max(least, size))
    if any(said.get(name) for name in ("most", "most_first", "most_after")):
        return SizeLimit(side=side, most=size)
    if any(said.get(name) for name in ("least", "least_first", "least_after")):
        return SizeLimit(side=side, least=size)
    return _about(side, size) if said["unit"] else None


def _all_sides(found: re.Match[str]) -> tuple[SizeLimit, ...]:
    """What `160 x 230` sets, the longer side and the shorter one; () where that is no size: 2 x 3, 2 x 40 cm."""
    across = [_in_centimetres(found[name], found["unit"]) for name in ("one", "other")]
    sizes = sorted(size for size in across if size is not None and size >= _LEAST_NUMBER)
    if len(sizes) < 2:
        return ()
    height = _in_centimetres(found["height"], found["unit"]) if found["height"] else None
    upright = () if height is None else (_about("height", height),)
    return (_about("length", sizes[1]), _about("breadth", sizes[0]), *upright)


def _about(side: Side, size: float) -> SizeLimit:
    return SizeLimit(side=side, least=round(size * (1 - ABOUT)), most=round(size * (1 + ABOUT)))


def _in_centimetres(number: str, unit: str | None) -> float | None:
    name = next((name for name, spelt in _UNITS.items() if unit and re.fullmatch(spelt, unit)), "cm")
    if unit is None and float(number.replace(",", ".")) < _LEAST_NUMBER:
        return None
    size = centimetres(f"{number} {name}")
    return size if size is not None and size <= LARGEST_CM else None
