"""What things may cost, as people say it: under 300, no less than 50, 1 000 euros for all together.

A number that counts or measures something else is no amount: seats up to 6, at least 20 kg, 24-26 inches.
"""

import re
from dataclasses import dataclass

LEAST_AMOUNT = 10
"""A bare number below it counts things or people more often than money."""


_DIGITS = r"\d[\d,.]*\d|\d"
_NUMBER = rf"(?:[€$£]\s?)?({_DIGITS})(?!\d)"
_CURRENCY = r"€|\$|£|(?:eur(?:os?)?|usd|gbp|bucks|quid|dollars|pounds|e)\b"
_UNIT = rf"(?:\s?(?:{_CURRENCY}))?"

_MEASURED = (
    r"mm|cms?|centimet(?:re|er)s?|m|met(?:re|er)s?|inch(?:es)?|ft|feet|foot|yards?|kgs?|kilos?(?:grams?)?|lbs?|grams?"
    r"|oz|ounces?|tons?|lit(?:re|er)s?|ml|gallons?|watts?|volts?|lumens?|lm|years?|yrs?|months?|weeks?|days?|hours?"
    r"|hrs?|minutes?|mins?|percent|degrees?|people|persons?|adults?|children|seat(?:s|er|ers)?|pcs|pieces?|drawers?"
    r"|doors?|shel(?:f|ves)|tiers?|stars?|pack|of(?! course)|st|nd|rd|th"
)
_NO_PLURALS = r"euros|bucks|dollars|pounds|thanks|pls|perhaps|unless|plus|this|his|its|was|has|does|less|across|always"
_ONE_OR_TWO_DIGITS = r"(?<![€$£\d.,])\d{1,2}(?![\d.,]*\d)"
_COUNTS = (
    re.compile(
        rf"(?<![€$£\d.,])(?:(?:between |from )(?:{_DIGITS})\s?and\s?|(?:{_DIGITS})\s?(?:-|–|to)\s?)?(?:{_DIGITS})"
        rf"(?:\s?-?(?:{_MEASURED})\b|[wvlg]\b|\s?[%\"″]|\s?[x×](?![^\W\d]))"
    ),
    re.compile(rf"{_ONE_OR_TWO_DIGITS}(?:\s?(?:-|–|to)\s?\d{{1,2}})?(?=\s+(?!(?:{_NO_PLURALS})\b)[a-z]{{2,}}s\b)"),
    re.compile(
        r"\b(?:seat(?:s|ing)?|sleeps?|fits?|holds?|hosts?|accommodates?|serves?|room)\s(?:for\s)?"
        r"(?:(?:up to|at least|at most|more than|over|under|a max\w* of|max\w*)\s)?"
        rf"{_ONE_OR_TWO_DIGITS}(?!\s?(?:{_CURRENCY}))"
    ),
    re.compile(rf"\b(?:at least|more than|over|above|for)\s\d(?![\d.,]*\d)(?!\s?(?:{_CURRENCY}))"),
    re.compile(rf"{_ONE_OR_TWO_DIGITS}(?=\s(?:in total|altogether|in all)\b) \w+(?: total| all)?"),
)
"""Numbers of other things: with a unit, before a plural, of places to sit, at least 4, 6 in total."""

_MONEY = re.compile(rf"[€$£]|\d\s?(?:{_CURRENCY})|\b(?:pric|cost|budget|spend|pay|cheap|expensive|money)")

_SPLIT_THOUSANDS = re.compile(
    r"((?:\b(?:under|below|over|max(?:imum)?|about|around|than|most|least|to|budget|of|is|within)|[€$£])\s?)"
    rf"([1-9]\d{{0,2}}) (\d{{3}})\b|\b()([1-9]\d{{0,2}}) (\d{{3}})(?=\s?(?:{_CURRENCY}))"
)
"""1 000, as much of Europe writes it."""

_DEARER = r"(?:higher|dearer|pricier|more expensive)"
_MAX = re.compile(
    r"(?:(?<!not )(?<!nothing )(?<!no )(?<!n't )(?:under|below|less than|lower than)|max(?:imum)?|up to|no more than"
    r"|not more than|at most|not over|nothing over|within|<|cheaper th[ae]n|"
    rf"(?:no|not|nothing|n't be) {_DEARER} th[ae]n|"
    rf"(?:n't|not|never|cant|dont) (?:\w+ ){{1,3}}(?:more th[ae]n|over))\s*(?:of\s)?{_NUMBER}"
    rf"|{_NUMBER}{_UNIT}\s?(?:is\s+)?(?:the\s+|my\s+|our\s+)?"
    r"(?:max(?:imum)?|tops|at (?:the )?most|or less|limit|ceiling)\b"
    r"|(?:what|how) about (?:up to |around )?[€$£]?(\d{2}[\d,.]*)(?![\d\w])"
    r"|(?:^|[.,;!?]\s*)(?:(?:so|and|or|maybe|perhaps|more like|say)\s+)*(?:around|about|roughly)\s+"
    rf"[€$£]?(\d[\d,.]*\d){_UNIT}\s*(?:then\s*|please\s*)?(?:$|[.,;!?])"
)
"""Among them `around 200?`, which says nothing else: somebody has that to spend."""
_NO = r"(?:\b(?:not|nothing|no|never)|n't) (?:(?:cost|be|spend|pay|go|want|to|anything|something) ){0,3}"
_MIN = re.compile(
    rf"(?:over|above|at least|more than|starting at|(?<!no )(?<!not )(?<!n't be ){_DEARER} th[ae]n"
    rf"|{_NO}(?:less th[ae]n|under|below|cheaper th[ae]n|lower th[ae]n))\s*{_NUMBER}"
    rf"|{_NUMBER}{_UNIT}\s?(?:or|and) (?:more|above|over|up)\b"
)
_NOT_MORE = re.compile(rf"(?:\b(?:not|no|nothing|never|cant|dont)|n't)\s+(?:\w+\s+){{0,3}}(?:more|over|{_DEARER})\b")
_NOT_LESS = re.compile(rf"{_NO}(?:less th[ae]n|under|below|cheaper th[ae]n|lower th[ae]n)\s*{_NUMBER}")
_BETWEEN = re.compile(rf"(?:between|from)\s*{_NUMBER}{_UNIT}\s*(?:and|to|-|–)\s*{_NUMBER}")
_RANGE = re.compile(
    r"(?<![\w.,/-])[€$£]?([1-9]\d{1,4})\s?[-–]\s?[€$£]?([1-9]\d{1,4})(?![\d-])(?!\s?(?:[x%]|people|years?|days?)\b)"
)
_SUM = re.compile(
    rf"{_NUMBER}{_UNIT}\s+(?:in\s+|for\s+)?(?:total|all|altogether|together|both|everything)\b|total\s+(?:of\s+)?{_NUMBER}"
)
_ENDS = r"(?=\s*(?:$|[,.;!?€$£\d]|(?:for|under|below|at|max\w*|up|about|around|no|less|within|cost\w*|should|must)\b))"
_TOTAL = re.compile(
    rf"\b(?:totall?|tot?l|al{{1,2}} ?to?g[eh]t?h?er|together|all in{_ENDS}|in all|everything|(?:for|of) all"
    r"|both(?!\s+(?!the\b|an?\b)\S+(?:\s\S+)?\s+and\b))(?!\w)"
)
_EACH = re.compile(r"\b(?:each|apiece|a piece|per (?:piece|item|unit|chair|one))\b")


@dataclass(frozen=True)
class PriceLimits:
    """What a text says of prices.

    Args:
        least, most: of one item; budget: of all together.
        amounts: numbers that could be prices.
        together: whether it speaks of a sum.
    """

    least: float | None = None
    most: float | None = None
    budget: float | None = None
    amounts: tuple[float, ...] = ()

    @property
    def together(self) -> bool:
        return self.budget is not None


def names_money(text: str) -> bool:
    """Whether a text speaks of money, beside numbers."""
    return _MONEY.search(text.casefold()) is not None


def price_limits(text: str) -> PriceLimits:
    """The limits of price that a text sets.

    Args:
        text: in lower case, its numbers in digits, without limits of size.
    """
    text = _of_money(text)
    low, high = _limits(text)
    together = high is not None and bool(_TOTAL.search(text)) and not _EACH.search(text)
    return PriceLimits(
        least=low,
        most=None if together else high,
        budget=high if together else None,
        amounts=tuple(amount for number in re.findall(_NUMBER, text) if (amount := _amount(number)) >= LEAST_AMOUNT),
    )


def _of_money(text: str) -> str:
    """A text without the numbers that count or measure something, its amounts in one piece."""
    text = _SPLIT_THOUSANDS.sub(lambda found: "".join(group or "" for group in found.groups()), text)
    for counts in _COUNTS:
        text = counts.sub("some", text)
    return text


def _limits(text: str) -> tuple[float | None, float | None]:
    if between := _BETWEEN.search(text) or _RANGE.search(text):
        ends = sorted(_amount(number) for number in between.groups())
        return ends[0], ends[1]
    most = _MAX.search(_NOT_LESS.sub(" ", text)) or _SUM.search(text)
    least = _MIN.search(_NOT_MORE.sub(" ", text))
    high = _amount(next(group for group in most.groups() if group)) if most else None
    low = _amount(next(group for group in least.groups() if group)) if least else None
    return (None if low == high else low), high


def _amount(number: str) -> float:
    """1,200 and 1.200 are twelve hundred, 1,299.99 and 1.299,99 nearly thirteen; at most what a price may be."""
    *whole, last = re.split(r"[.,]", number)
    cents = bool(whole) and len(last) < 3
    amount = float(f"{''.join(whole)}.{last}") if cents else float("".join((*whole, last)))
    return min(amount, 10_000_000.0)
