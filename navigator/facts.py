"""What is true of the items on show, computed from the catalogue: the language model is told, and never calculates."""

import re
from collections.abc import Iterable, Mapping, Sequence

from catalog.item import Item

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def money(amount: float, currency: str | None) -> str:
    """An amount as people write it: $49, €1,299.50, CHF 80."""
    number = f"{amount:,.2f}".removesuffix(".00")
    if currency is None or currency in _SIGNS:
        return f"{_SIGNS.get(currency or 'USD')}{number}"
    return f"{currency} {number}"


def spoken(words: Iterable[str]) -> str:
    """Words as people list them: "a, b and c"; empty ones are left out."""
    *before, last = [word for word in words if word] or [""]
    return f"{', '.join(before)} and {last}" if before else last


def facts(items: Sequence[Item], budget_total: float | None = None) -> list[str]:
    """Sentences about prices of numbered items: cheapest, dearest, difference, total, what a budget leaves.

    Items are numbered from 1. Without at least two prices in one currency there is nothing to say.
    """
    priced = [(number, item.price) for number, item in enumerate(items, 1) if item.price is not None]
    currencies = {item.currency for item in items if item.price is not None}
    if len(priced) < 2 or len(currencies) > 1:
        return []
    currency = currencies.pop()
    (low, low_price), (high, high_price) = min(priced, key=_price), max(priced, key=_price)
    said = []
    if low_price < high_price:
        said.append(f"cheapest [{low}] {money(low_price, currency)}, dearest [{high}] {money(high_price, currency)}")
    if len(priced) == 2 and low_price < high_price:
        said.append(f"difference {money(high_price - low_price, currency)}")
    if budget_total is not None:
        left = budget_total - sum(price for _, price in priced)
        rest = f"{money(left, currency)} left" if left >= 0 else f"{money(-left, currency)} over"
        said.append(f"{_together([price for _, price in priced], currency)}, {rest} of {money(budget_total, currency)}")
    return said


def total(items: Sequence[Item]) -> str | None:
    """What several items cost together: "all 3 together €450". None where not all have a price, in one currency."""
    prices = [item.price for item in items if item.price is not None]
    currencies = {item.currency for item in items}
    if len(items) < 2 or len(prices) < len(items) or len(currencies) > 1:
        return None
    return _together(prices, currencies.pop())


def copies(item: Item, count: int) -> str | None:
    """What so many of one item cost, in the words of `total`."""
    return None if item.price is None else _together([item.price] * count, item.currency)


def _together(prices: Sequence[float], currency: str | None) -> str:
    return f"all {len(prices)} together {money(sum(prices), currency)}"


def measures(item: Item) -> dict[str, str]:
    """An item's width, depth and height, each with its unit ("46 cm"), as far as its attributes say."""
    found = {}
    for name, value in item.attributes.items():
        what, _, unit = name.lower().partition("_")
        if what in _MEASURES and re.fullmatch(r"\d+(?:[.,]\d+)?", value):
            found[what] = f"{value} {unit}".strip()
        elif what in _MEASURES and re.fullmatch(r"\d+(?:[.,]\d+)? ?[a-z]{1,2}", value):
            found[what] = value
    return found


def centimetres(size: str) -> float | None:
    """A measure such as "46 cm" or "1.2 m" in centimetres; None in a unit that is not known."""
    unit = _IN_CM.get(re.sub(r"[\d.,\s]", "", size))
    return None if unit is None else number_of(size) * unit


def number_of(size: str) -> float:
    """The number of a measure."""
    return float(re.match(r"[\d.,]+", size)[0].replace(",", "."))  # type: ignore[index]


def told_sizes(sizes: Mapping[str, str]) -> str:
    """Sizes as people say them: "210 cm wide, 90 cm deep and 80 cm high"."""
    return spoken(f"{value} {in_direction(what)}" for what, value in sizes.items())


def in_direction(what: str) -> str:
    """What is said after a measure: wide, of a width; in diameter."""
    return _DIRECTIONS.get(what, f"in {what}")


def details(item: Item, number: int = 1) -> str:
    """What is only said when somebody asks about one item: brand, sizes, attributes, and whether it can be had."""
    told = {**({"brand": item.brand} if item.brand else {}), **measures(item), **stated(item)}
    named = [f"{name} {value}" for name, value in told.items()]
    return f"[{number}] {', '.join([*named, item.availability.replace('_', ' ')])}"


def stated(item: Item) -> dict[str, str]:
    """An item's attributes but for its sizes, as people name them: the short ones, a few."""
    found = {}
    for name, value in item.attributes.items():
        words, value = name.casefold().replace("_", " ").split(), " ".join(value.split())
        if words and words[0] not in _MEASURES and value and max(len(name), len(value)) <= _SHORT:
            found[" ".join(words)] = value.replace(", ", " or ").replace(";", " or ")
    return dict(list(found.items())[:_FEW])


_SHORT, _FEW = 40, 8
"""Characters of an attribute, and attributes, that a prompt has room for."""

_DIRECTIONS = {
    "width": "wide",
    "depth": "deep",
    "height": "high",
    "length": "long",
    "breadth": "across",
    "size": "at its largest",
}
_IN_CM = {"mm": 0.1, "cm": 1.0, "m": 100.0, "in": 2.54, "ft": 30.48}
_MEASURES = ("width", "depth", "height", "length", "breadth", "diameter")

AMOUNT = re.compile(r"(?:[$€£¥]|\b[A-Z]{3} )\d+(?:,\d+)*(?:\.\d{1,2})?")
"""An amount of money in a text."""


def amounts(text: str) -> set[str]:
    """The amounts of money that a text names, as `money` would write them."""
    return {normal_amount(found) for found in AMOUNT.findall(text)}


def normal_amount(amount: str) -> str:
    """One amount as `money` would write it: "$1299.00" → "$1,299"."""
    sign, number = re.match(r"(\D*)(.*)", amount).groups()  # type: ignore[union-attr]
    value = f"{float(number.replace(',', '').rstrip('.') or 0):,.2f}"
    return f"{sign}{value.removesuffix('.00')}"


def _price(numbered: tuple[int, float]) -> float:
    return numbered[1]
