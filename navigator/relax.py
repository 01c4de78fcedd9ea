"""When nothing meets every condition: which are given up, in which order, and how that is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from navigator.facts import money, spoken
from navigator.intent import ShoppingIntent, Sort
from navigator.knowledge import singular
from navigator.lexicon import Kind
from navigator.size_limits import told_limit
from navigator.wish import Condition, Wish

FIELDS: dict[Condition, str] = {
    "stock": "in_stock",
    "style": "styles",
    "material": "materials",
    "color": "colors",
    "brand": "brands",
    "price": "price_max",
    "size": "sizes",
    "category": "categories",
}
"""Names of the conditions as an intent has them."""

_OTHERS = {"style": "other styles", "material": "other materials", "color": "other colours", "brand": "other brands"}


@dataclass(frozen=True)
class Relaxed:
    """A condition that was given up.

    Args:
        field: as `ShoppingIntent` names it.
        value: what was asked for.
        text: what became of it, in words.
    """

    field: str
    value: str
    text: str


def relaxations(conditions: Sequence[Condition]) -> Iterator[tuple[Condition, ...]]:
    """What to give up, in the order of trying: as few conditions as can be, the least important first.

    The kind of thing goes last of all: whoever looks for a sofa is not served by a teapot, however green it is.

    Args:
        conditions: the least important first.
    """
    others: list[Condition] = [condition for condition in conditions if condition != "category"]
    for count in range(1, len(others) + 1):
        yield from combinations(others, count)
    if "category" in conditions:
        yield from (("category", *others[:count]) for count in range(len(others) + 1))


def told(
    wish: Wish, given_up: Sequence[Condition], currency: str | None = None, thing: str = ""
) -> tuple[Relaxed, ...]:
    """What to say about each condition that was given up.

    Args:
        currency: of the prices.
        thing: which of several things the wish is for; empty if it is the only one.
    """
    about = f" for the {thing}" if thing else ""
    return tuple(_one(wish, condition, currency, about) for condition in given_up)


def _one(wish: Wish, condition: Condition, currency: str | None, about: str) -> Relaxed:
    if condition == "stock":
        return Relaxed("in_stock", "true", f"nothing is in stock{about}: shown what is sold out")
    if condition == "price":
        low, high = wish.price_min, wish.price_max
        if high is not None and round(high * 100) % 100 == 99:
            high = round(high + 0.01)  # nothing up to 78.99 is nothing under 79
        if high is None:
            said = f"from {money(low or 0.0, currency)}"
            return Relaxed("price_min", f"{low or 0:g}", f"nothing {said}{about}: shown without that limit")
        said = f"under {money(high, currency)}" if low is None else f"{money(low, currency)} to {money(high, currency)}"
        return Relaxed("price_max", f"{high:g}", f"nothing {said}{about}: shown without the price limit")
    if condition == "size":
        limits = spoken(map(told_limit, wish.sizes))
        return Relaxed("sizes", limits, f"nothing {limits}{about}: shown the next in size")
    words = ", ".join(wish.said.get(condition, ()))
    if condition == "category":
        return Relaxed("categories", words, f"no {words} that fits: shown other things")
    return Relaxed(FIELDS[condition], words, f"nothing in {words}{about}: shown in {_OTHERS[condition]}")


def by_picture(wish: Wish) -> Relaxed:
    """No item is said to have the colour; those shown have none stated, and may."""
    words = ", ".join(wish.said.get("color", ()))
    return Relaxed("colors", words, f"nothing is said to be {words}: chosen by their pictures")


def in_part(wish: Wish, kind: Kind, thing: str = "") -> Relaxed:
    """Nothing is mainly of a colour or material; those shown have it in a part.

    Args:
        thing: which of several things the wish is for; empty if it is the only one.
    """
    about = f" for the {thing}" if thing else ""
    words = ", ".join(wish.said.get(kind, ()))
    return Relaxed(FIELDS[kind], words, f"nothing is mainly {words}{about}: shown with some {words}")


def unseen(look: str) -> Relaxed:
    """Nothing that was found looks so, by its words or its picture."""
    is_had = " " in look or singular(look) != look  # hairpin legs, drawers; not striped
    return Relaxed(
        "query", look, f"nothing with {look}: shown without" if is_had else f"nothing is {look}: shown in other looks"
    )


def over_budget(budget: float, total: float, currency: str | None) -> Relaxed:
    """No choice of the things asked for stays within what they may cost together."""
    return Relaxed(
        "budget_total",
        f"{budget:g}",
        f"nothing fits {money(budget, currency)} together: the cheapest come to {money(total, currency)}",
    )


def none_beyond(sort: Sort) -> Relaxed:
    """Nothing that was found is larger, or smaller, than the item spoken of."""
    return Relaxed("sort", sort, f"nothing {'larger' if sort == 'largest' else 'smaller'}: shown the next in size")


def no_further(intent: ShoppingIntent) -> Relaxed:
    """All that was found has been shown, and the first of it is shown again."""
    thing = " or ".join(intent.categories) or "thing"
    return Relaxed("page", str(intent.page), f"no further {thing} like that in this shop")


def not_sold(thing: str) -> Relaxed:
    """One of several things is not in the shop at all."""
    return Relaxed("categories", thing, f"no {thing} in this shop")
