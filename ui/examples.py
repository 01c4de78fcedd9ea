"""What one could say to begin with: made from the facets of the live catalogue, and only what it can answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from ui.cards import price_text
from ui.client import ShopClient

FEWEST, LARGEST_SHARE = 4, 0.1
"""A kind of thing has a few items, and is not half of the shop."""

TRIES = 8
"""Searches for one example at most."""

LOOKED_AT = 20

ROOMS = {
    "living room": ("sofas", "coffee tables", "floor lamps", "rugs"),
    "bedroom": ("bed frames", "side tables", "table lamps", "rugs"),
    "dining room": ("dining tables", "dining chairs", "pendant lamps", "sideboards"),
}
"""Rooms that a shop may furnish, and the kinds of things that it must have for one."""


_Asks = Callable[[Sequence[str]], Iterator["_Wish"]]


@dataclass(frozen=True)
class _Wish:
    """Something to say, and the filters that find it."""

    kind: str
    color: str = ""
    material: str = ""
    style: str = ""

    def filters(self) -> dict[str, list[str]]:
        given = {"categories": self.kind, "colors": self.color, "materials": self.material, "styles": self.style}
        return {name: [value] for name, value in given.items() if value}


def example_messages(shop: ShopClient, facets: Mapping[str, Any]) -> list[dict[str, str]]:
    """Up to four messages, each with the id of an item (`item`, with a picture) that answers it.

    One of them asks for a whole room, where the shop has what belongs in it.

    Raises ApiUnavailable or ApiProblem.
    """
    items = max(1, facets.get("items", 0))
    kinds = [one["value"] for one in facets.get("categories", ()) if FEWEST <= one["count"] <= LARGEST_SHARE * items]
    colors, materials, styles = (
        [one["value"] for one in facets.get(name, ())][:6] for name in ("colors", "materials", "styles")
    )
    quarters = [kinds[start::4] for start in range(4)]
    room = _furnished(shop, kinds, styles)
    ways = _asked(colors, materials, styles)[: 3 if room else 4]
    found, used = list[dict[str, str]](), {room["item"]} if room else set[str]()
    for asked, quarter in zip(ways, quarters, strict=False):
        for wish in islice(asked(quarter), TRIES):
            answer = shop.search({"filters": wish.filters(), "limit": LOOKED_AT})["items"]
            fresh = [item for item in answer if item["image_url"] and item["id"] not in used and _leaf(item, wish.kind)]
            if fresh:
                used.add(fresh[0]["id"])
                found.append({"message": _said(wish, answer), "item": fresh[0]["id"]})
                break
    return [*found, room] if room else found


def _furnished(shop: ShopClient, kinds: Sequence[str], styles: Sequence[str]) -> dict[str, str] | None:
    """A room of one style and what it may cost, or None where the shop has too little for any."""
    rooms = [(room, belongs) for room, belongs in ROOMS.items() if set(belongs) <= {kind.lower() for kind in kinds}]
    for (room, belongs), style in islice(product(rooms, styles[1:] or styles), TRIES):
        answers = [
            shop.search({"filters": _Wish(kind, style=style).filters(), "limit": LOOKED_AT})["items"]
            for kind in belongs
        ]
        pictured = [item for item in answers[0] if item["image_url"]]
        if pictured and all(answers):
            priced = [sorted(item["price"] for item in items if item.get("price") is not None) for items in answers]
            total = sum(prices[len(prices) // 2] for prices in priced if prices)
            under = f", under {_round_up(total, answers[0][0].get('currency'))}" if all(priced) else ""
            return {"message": _sentence(f"a whole {room}, {style}{under}"), "item": pictured[0]["id"]}
    return None


def _asked(colors: Sequence[str], materials: Sequence[str], styles: Sequence[str]) -> Sequence[_Asks]:
    """Four ways to wish, each a function of the kinds that it may use."""

    def colored(kinds: Sequence[str]) -> Iterator[_Wish]:
        return (_Wish(kind, color=color) for color, kind in product(colors[1:] or colors, kinds))

    def of_material(kinds: Sequence[str]) -> Iterator[_Wish]:
        return (_Wish(kind, material=material) for material, kind in product(materials, kinds))

    def styled(kinds: Sequence[str]) -> Iterator[_Wish]:
        return (_Wish(kind, style=style) for style, kind in product(styles, kinds))

    def plain(kinds: Sequence[str]) -> Iterator[_Wish]:
        return (_Wish(kind) for kind in kinds)

    return colored, of_material, styled, plain


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _leaf(item: Mapping[str, Any], kind: str) -> bool:
    """Whether the kind is what one calls the item, and not a shelf that it stands on with others."""
    return bool(item["category"]) and item["category"][-1].lower() == kind.lower()


def _said(wish: _Wish, answer: Sequence[Mapping[str, Any]]) -> str:
    if wish.color:
        return _sentence(f"{wish.color} {wish.kind}{_limit(answer)}")
    if wish.material:
        return _sentence(f"{wish.kind} in {wish.material}{_but(answer)}")
    if wish.style:
        return _sentence(f"{wish.kind}, something {wish.style}, but I’m not sure yet")
    return f"Show me {wish.kind}, the cheaper ones first"


def _but(answer: Sequence[Mapping[str, Any]]) -> str:
    """A colour that some of the items have, to be left out; the first item does not have it."""
    first = answer[0]["colors"]
    others = [color for item in answer[1:] for color in item["colors"] if color not in first]
    return f", but not {max(others, key=others.count)}" if others else ""


def _limit(answer: Sequence[Mapping[str, Any]]) -> str:
    """A price that about half of the items stay under, as round as people say it."""
    prices = sorted(item["price"] for item in answer if item.get("price") is not None)
    if not prices:
        return ""
    return f" under {_round_up(prices[len(prices) // 2], answer[0].get('currency'))}"


def _round_up(price: float, currency: str | None) -> str:
    """The next price that people would name as a limit."""
    step = 10 ** (len(str(int(price))) - 1) / 2
    return price_text(max(step, -(-price // step) * step), currency)
