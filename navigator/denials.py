"""First sentences that deny what is on show: `No mustard ones, sorry.` beside a mustard cushion, `none under $700`.

A small model that has learnt to say what gave way says so now and then where nothing did. What the catalogue tells of
the items on show decides; of what only a picture shows nothing is known here, and a denial of that stays.
"""

import re
from collections.abc import Sequence

from catalog.item import Item
from navigator.facts import AMOUNT, money
from navigator.verdicts import catalogue_says

_NONE_UNDER = r"(?:I have none|Nothing here is|There is nothing|No [\w -]{1,40}?) under"
_NONE = r"(?:I have none in|Nothing here is|Nothing matches|There is no|No)"
_DENIAL = re.compile(
    rf"(?:{_NONE_UNDER} (?P<limit>{AMOUNT.pattern})|{_NONE} (?P<look>[\w' -]{{1,50}}?)(?: ones| here| in this shop)?)"
    r"(?:(?:, sorry)?[.;:]\s|,\s(?=\[))"
)
_BEGINNINGS = (
    *("No ", "I have none under ", "I have none in "),
    *("Nothing here is ", "Nothing matches ", "There is nothing under ", "There is no "),
)
_SORRY = r"(?:s|so|sor|sorr|sorry)?"
_OPEN = re.compile(rf"{_NONE} [\w' -]{{0,60}}(?:,(?: {_SORRY})?[.;:]?|[.;:])?|{_NONE_UNDER} \S+(?:\s{_SORRY}[.;:]?)?")
_ALTERNATIVES = re.compile(r" (?:or|nor) ")


def may_deny(text: str) -> bool:
    """Whether what an answer begins with may yet become a sentence that denies something, and is none so far."""
    begins = any(one.startswith(text) for one in _BEGINNINGS) or _OPEN.fullmatch(text)
    return bool(begins) and not _DENIAL.match(text)


def false_denial(text: str, items: Sequence[Item]) -> int:
    """Length of the sentence that text begins with, where it denies what one of the items is or costs; else 0."""
    found = _DENIAL.match(text)
    if found is None:
        return 0
    if limit := found["limit"]:
        return found.end() if any(_costs_at_most(item, limit) for item in items) else 0
    looks = _ALTERNATIVES.split(found["look"].casefold())
    return found.end() if any(catalogue_says(item, look) for item in items for look in looks) else 0


def _costs_at_most(item: Item, limit: str) -> bool:
    """Whether an item costs as little as an amount says, in the same currency."""
    if item.price is None:
        return False
    sign, number = re.fullmatch(r"(\D*)(.*)", limit).groups()  # type: ignore[union-attr]
    return money(item.price, item.currency).startswith(sign) and item.price <= float(number.replace(",", ""))
