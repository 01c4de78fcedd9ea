"""How large a thing may be, as people say it: no wider than 80 cm, at least 2 m long, for a gap of 90 cm."""

import math
import re
from collections.abc import Sequence

from catalog.item import Item
from navigator.facts import centimetres, in_direction, measures
from navigator.intent import LARGEST_CM, Side, SizeLimit

ABOUT = 0.1
"""Share by which what is to be 120 cm wide may be wider or narrower."""

_LEAST_NUMBER = 10
"""A number without a unit below it is no size in centimetres."""

_LEAST_ACROSS = 20
"""Nor are two of them below it."""

_OTHER_SIZE = 3
"""Times that a number may be larger or smaller than a size in whose place it comes."""

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
    "bigger": ("size", True),
    "larger": ("size", True),
    "smaller": ("size", False),
}
"""Side, and whether it is to be more."""

_STAND_IN: dict[Side, tuple[Side, ...]] = {
    "size": ("width", "depth", "height", "length", "breadth", "diameter"),
    "length": ("width", "depth", "diameter"),
    "breadth": ("width", "depth", "diameter"),
    "diameter": ("width",),
}
"""What a side is taken from where the catalogue does not name it: of a rug's length the greatest, of its breadth the
least. The size is the greatest of all."""

_UNIT = rf"(?:{'|'.join(_UNITS.values())})(?![^\W_])"
_NUMBER = r"\d+(?:[.,]\d+)?"
_SIZE_IN = rf"(?P<number>{_NUMBER})[\s-]?(?P<unit>{_UNIT})"
_SIZE = rf"{_SIZE_IN}?"
_NO_MONEY = r"(?!\d|[.,]\d|\s?(?:€|\$|£|(?:eur(?:os?)?|usd|gbp|bucks|quid|dollars|pounds)\b))"
_RUG = re.compile(r"\b(?:rug|carpet|runner)s?\b")
_NOUN = rf"(?P<side>{'|'.join(_NOUNS)})\b"
_SIDES = "|".join((*_NOUNS, *_ADJECTIVES))
_SIDE = rf"(?:in )?(?P<side>{_SIDES})\b"
_MOST = r"max(?:imum|imal)?\.?|at (?:the )?most|(?:no|not) more th[ae]n|up to|under|below|less th[ae]n|not exceed\w*|<"
_LEAST = r"min(?:imum|imal)?\.?|at (?:the )?least|(?:no|not) less th[ae]n|over|above|more th[ae]n|>"
_AFTER = (
    r"(?:\s*(?:(?P<most_after>max(?:imum)?|at (?:the )?most|or less)"
    r"|(?P<least_after>min(?:imum)?|at (?:the )?least|or more))\b)?"
)
_BEFORE = rf"(?:\b(?:(?P<most>{_MOST})|(?P<least>{_LEAST}))\s*(?:of )?)?"
_SPACE = r"(?:gap|space|niche|alcove|recess|wall|corner|spot|hall\w*|\w*room|kitchen)"

_SPLIT = (
    (re.compile(r"\b(\d{1,3})[,. ](\d{3})(?=\s?(?:mm|millimet))"), lambda found: f"{found[1]}{found[2]}"),
    (
        re.compile(
            r"\b(\d{1,2})\s?-?(?:ft|feet|foot|')\s?(?:and )?(\d{1,2}(?:\.5)?)(?:\s?-?(?:inch(?:es)?|in)\b|\s?[\"″])"
        ),
        lambda found: f"{int(found[1]) * 12 + float(found[2]):g} inches",
    ),
)
"""1,200 mm and 6 ft 6 in, which are one number."""
_PEOPLE = (
    r"(?:i|he|she|we|they|(?:my|our) (?:husband|wife|partner|son|daughter|kid|child|boyfriend|girlfriend|dog|cat))"
)
_SIZE_OR_TIMES = rf"{_NUMBER}\s?(?:{_UNIT})?\s?(?:x|×|by)\s?{_NUMBER}(?:[\s-]?{_UNIT})?|{_NUMBER}[\s-]?{_UNIT}"
_WHAT_IS_THERE = (
    re.compile(rf"\b{_PEOPLE}(?:'m|'s|'re| am| is| are)\s(?:\w+\s)?{_NUMBER}[\s-]?{_UNIT}(?:[\s-](?:tall|high|long))?"),
    re.compile(
        rf"\b((?:my|our|his|her|their) (?:[^\W\d]+ ){{1,3}}?)(?:is|are|was|measures?)\s(?:\w+\s)?"
        rf"(?:{_SIZE_OR_TIMES})(?:[\s-]?(?:in )?(?:{_SIDES})\b)?"
    ),
    re.compile(rf"\b((?:my|our|his|her|their) )(?:{_SIZE_OR_TIMES})(?:[\s-]?(?:in )?(?:{_SIDES})\b)?"),
)
"""How tall people are, and how large what they have: I'm 190 cm tall, my 180 cm wide bed."""

_UNDER_A_CEILING = (
    re.compile(rf"\bceilings?(?: height)?(?: of| at| is| are)?(?: only| just| about)? {_SIZE_IN}(?: (?:high|tall))?"),
    re.compile(rf"\b{_SIZE_IN}(?:[\s-](?:high|tall))? ceilings?\b"),
)
_FOR_A_SPACE = (
    *_UNDER_A_CEILING,
    re.compile(rf"\b{_SPACE}(?: \w+){{0,3}}? (?:of|is|measures|has)(?: only| just| about)? {_SIZE_IN}(?: {_SIDE})?"),
    re.compile(rf"\b{_SIZE_IN}(?:[\s-]{_SIDE})? {_SPACE}\b"),
)
"""What has to stand where so much room is: no more than that."""
_COMPARED = re.compile(
    rf"(?P<priced>\b(?:pric|cost|budget)\w*[^.,;!?\d]{{0,24}}?)?(?P<no>(?:\b(?:no|not)|\w+n't(?: be)?)\s+)?"
    rf"\b(?P<than>{'|'.join(_THAN)}) th[ae]n {_SIZE}{_NO_MONEY}"
)
_FROM_TO = (
    rf"(?:\bbetween (?P<from>{_NUMBER})\s?(?:{_UNIT})?\sand\s"
    rf"|(?:\bfrom )?(?P<low>{_NUMBER})\s?(?:{_UNIT})?\s?(?:-|–|to)\s?)"
)
_BETWEEN = re.compile(rf"{_FROM_TO}{_SIZE}[\s-]?{_SIDE}")
_BETWEEN_ANY = re.compile(rf"{_FROM_TO}{_SIZE_IN}")
_PART = (
    r"(?:seats?|piles?|drops?|cables?|cords?|legs?|bases?|shades?|thick|gaps?|away|apart|off|from|above|below|under|over"
    r"|rods?|clearance|spaces?|rooms?|walls?|squares?|sq|lengths?|widths?|heights?|depths?|diameters?)\b"
)
_ANY = re.compile(
    rf"\b(?:(?P<most>{_MOST})|(?P<least>{_LEAST}))\s*(?:of )?{_SIZE_IN}(?! (?:thick|apart|away|off|from)\b)"
)
_ALONE = re.compile(
    rf"(?<![\w.,-])(?<![x×] ){_SIZE_IN}(?=\s*(?:$|[.,;:!?]|\b(?:or so|please|with|for|max|and|but)\b)"
    rf"|\s(?!{_PART})[^\W\d]{{3,}}\s*(?:$|[.,;:!?]|\b(?:in|with|for|under|below|that|please|and|made)\b))"
)
_OF_NO_SIDE = (_BETWEEN_ANY, _ANY, _ALONE)
"""The greatest side, then; the last one is 120 cm alone, or a 120 cm desk."""
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
    for split, joined in _SPLIT:
        text = split.sub(joined, text)
    limits, text = _taken_out(_FOR_A_SPACE, text)
    for there in _WHAT_IS_THERE:
        text = there.sub(lambda found: found[1] if found.lastindex else " ", text)
    more, text = _taken_out((_COMPARED, _TIMES, _BETWEEN, _SIDE_FIRST, _SIDE_LAST, *_OF_NO_SIDE), text)
    return (*limits, *more)[:_MOST_LIMITS], text


def _taken_out(patterns: Sequence[re.Pattern[str]], text: str) -> tuple[tuple[SizeLimit, ...], str]:
    """The limits that phrases of these forms set, and the text without them."""
    limits: list[SizeLimit] = []
    for pattern in patterns:
        kept, begun = "", 0
        for found in pattern.finditer(text):
            if set_here := _all_sides(found, text) if pattern is _TIMES else _limit(found, pattern):
                limits += set_here
                kept += f"{text[begun : found.start()]} , "
                begun = found.end()
        text = kept + text[begun:]
    return tuple(limits), text


def fits(limits: Sequence[SizeLimit], item: Item) -> bool:
    """Whether an item is known to be within all limits."""
    return all(_fits(limit, item) for limit in limits)


def another_size(limits: Sequence[SizeLimit], numbers: Sequence[float]) -> SizeLimit | None:
    """The one limit with a number in place of its own; None where that must be another thing: ten times as much."""
    if len(limits) != 1 or len(numbers) != 1:
        return None
    (limit,), (number,) = limits, numbers
    own = limit.most or limit.least or 0.0
    if not own / _OTHER_SIZE <= number <= min(own * _OTHER_SIZE, LARGEST_CM):
        return None
    if limit.least is not None and limit.most is not None:
        return _about(limit.side, number)
    return SizeLimit(side=limit.side, **({"most": number} if limit.least is None else {"least": number}))


def told_limit(limit: SizeLimit) -> str:
    """A limit in words, like those of a price: "under 80 cm wide", "108 to 132 cm wide"."""
    direction = in_direction(limit.side)
    if (about := _is_about(limit)) is not None:
        return f"about {about:g} cm {direction}"
    least, most = (None if end is None else f"{round(end, 1):g}" for end in (limit.least, limit.most))
    if least is None:
        return f"under {most} cm {direction}"
    if most is None:
        return f"over {least} cm {direction}"
    return f"{least} to {most} cm {direction}"


def _is_about(limit: SizeLimit) -> float | None:
    """The size that a limit was made about; None where it was not."""
    if limit.least is None or limit.most is None:
        return None
    size = round((limit.least + limit.most) / 2)
    ends = (round(size * (1 - ABOUT)), round(size * (1 + ABOUT)))
    return size if ends == (limit.least, limit.most) else None


def miss(limits: Sequence[SizeLimit], item: Item) -> float:
    """By how much an item misses limits, as a share of each, summed; 0 within all, infinite where a size is unknown."""
    sizes = [(limit, _size_of(limit.side, item)) for limit in limits]
    if any(size is None for _, size in sizes):
        return math.inf
    return sum(
        max((limit.least or 0) - size, size - (limit.most or math.inf), 0) / max(limit.most or limit.least or 1, 1)
        for limit, size in sizes
        if size is not None
    )


def _fits(limit: SizeLimit, item: Item) -> bool:
    size = _size_of(limit.side, item)
    if size is None:
        return False
    return (limit.least is None or size >= limit.least) and (limit.most is None or size <= limit.most)


def _size_of(side: Side, item: Item) -> float | None:
    """One side of an item, or what stands in for it, in centimetres; None where that is not known."""
    sizes = measures(item)
    sides = (side,) if side in sizes else _STAND_IN.get(side, ())
    known = [size for one in sides if one in sizes and (size := centimetres(sizes[one])) is not None]
    if not known:
        return None
    return min(known) if side == "breadth" else max(known)


def _limit(found: re.Match[str], pattern: re.Pattern[str]) -> tuple[SizeLimit, ...]:
    """What a phrase sets; () where it names no size."""
    said = found.groupdict()
    size = _in_centimetres(said["number"] or said["bare"], said["unit"])
    if size is None or (said.get("priced") and not said["unit"]):
        return ()
    named: Side = (
        "size" if pattern in (_BETWEEN_ANY, _ANY, _ALONE) else "height" if pattern in _UNDER_A_CEILING else "width"
    )
    named = {**_NOUNS, **_ADJECTIVES}.get(said.get("side") or "", named)
    side, more = _THAN.get(said.get("than") or "", (named, True))
    if pattern in _FOR_A_SPACE:
        return (SizeLimit(side=side, most=size),)
    if said.get("than"):
        return (SizeLimit(side=side, least=size) if more != bool(said["no"]) else SizeLimit(side=side, most=size),)
    if low := said.get("from") or said.get("low"):
        least = _in_centimetres(low, said["unit"])
        return () if least is None else (SizeLimit(side=side, least=min(least, size), most=max(least, size)),)
    if any(said.get(name) for name in ("most", "most_first", "most_after")):
        return (SizeLimit(side=side, most=size),)
    if any(said.get(name) for name in ("least", "least_first", "least_after")):
        return (SizeLimit(side=side, least=size),)
    return (_about(side, size),) if said["unit"] else ()


def _all_sides(found: re.Match[str], text: str) -> tuple[SizeLimit, ...]:
    """What `160 x 230` sets, the longer side and the shorter one; () where that is no size: 2 x 3, 2 x 40 cm.

    Rugs of so few, 8 x 10, are meant in feet; of other things so small it is not known what is meant.
    """
    unit = found["unit"]
    numbers = [float(found[name].replace(",", ".")) for name in ("one", "other")]
    if unit is None and max(numbers) < _LEAST_ACROSS:
        unit = "ft" if _RUG.search(text) and min(numbers) > 1 else None
        if unit is None:
            return ()
    across = [_in_centimetres(found[name], unit) for name in ("one", "other")]
    sizes = sorted(size for size in across if size is not None and size >= _LEAST_NUMBER)
    if len(sizes) < 2:
        return ()
    height = _in_centimetres(found["height"], unit) if found["height"] else None
    upright = () if height is None else (_about("height", height),)
    return (_about("length", sizes[1]), _about("breadth", sizes[0]), *upright)


def _about(side: Side, size: float) -> SizeLimit:
    return SizeLimit(side=side, least=round(size * (1 - ABOUT)), most=min(round(size * (1 + ABOUT)), LARGEST_CM))


def _in_centimetres(number: str, unit: str | None) -> float | None:
    name = next((name for name, spelt in _UNITS.items() if unit and re.fullmatch(spelt, unit)), "cm")
    if unit is None and float(number.replace(",", ".")) < _LEAST_NUMBER:
        return None
    size = centimetres(f"{number} {name}")
    return round(size, 2) if size is not None and size <= LARGEST_CM else None
