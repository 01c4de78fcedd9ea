"""Made-up shoppers: a stated model of taste, and the events that it leaves.

The model. A shopper has a weight for every style (drawn as a power of uniform numbers, so that one to three styles
rule), a weight for every color (those of the liked styles, times a personal whim), a price level in 0..1 and a room
that is being furnished. How much a product pleases is

    pleasure = 2.2 log(style weight) + 1.0 log(color weight) - 2.0 |price level - product's| + personal noise

where personal noise is fixed for a shopper and a product. Taste drifts: after every session each style weight is
multiplied by exp(N(0, 0.25)); one shopper in five has a turn on one day, when the weights are drawn anew and half
mixed in. In a session a shopper looks at one or two categories that the room needs, views products with probability
proportional to exp(pleasure), sometimes steps sideways from a product that pleases to one of another category in
the same style and a near color, and then clicks, saves, carts, buys, or hides, by how much the product pleases
compared with what this shopper sees on average.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from catalog.demo.boards import ROOMS
from catalog.demo.palette import COLORS, STYLE_COLORS, STYLES, apart
from catalog.demo.products import Product

COUNT = 400
BEGIN = datetime(2026, 1, 5, 6, tzinfo=UTC)
DAYS = 84
TURN_SHARE = 0.2
"""The share of shoppers whose taste turns on one day."""

Row = dict[str, Any]


@dataclass
class Taste:
    """A shopper's latent taste, as it is now."""

    styles: dict[str, float]
    whims: dict[str, float]
    level: float

    def color(self, name: str) -> float:
        """The weight of a color."""
        return self.whims[name] * (0.15 + sum(w for style, w in self.styles.items() if name in STYLE_COLORS[style]))


def draw_events(products: Sequence[Product], prices: dict[str, float], seed: int) -> tuple[list[Row], list[Row]]:
    """All events in the order of time, and one row per shopper that states the taste before and after."""
    levels = _levels(products, prices)
    events: list[Row] = []
    shoppers: list[Row] = []
    for number in range(COUNT):
        user = f"shopper-{number + 1:03d}"
        made, facts = _Shopper(user, products, levels, Random(f"{seed}/shopper/{number}")).walk()
        events += made
        shoppers.append(facts)
    events.sort(key=lambda row: (row["at"], row["user_id"], row["kind"], row["item_id"]))
    for number, row in enumerate(events):
        row["event_id"] = f"event-{number + 1:06d}"
    order = ("event_id", "user_id", "kind", "item_id", "at")
    return [{name: row[name] for name in order} for row in events], shoppers


def _levels(products: Sequence[Product], prices: dict[str, float]) -> dict[str, float]:
    """Each product's place 0..1 among the prices of its category."""
    out: dict[str, float] = {}
    for key in dict.fromkeys(product.kind.key for product in products):
        group = sorted((prices[product.id], product.id) for product in products if product.kind.key == key)
        out |= {item: i / max(1, len(group) - 1) for i, (_, item) in enumerate(group)}
    return out


def _styles(rng: Random) -> dict[str, float]:
    raw = {style: rng.random() ** 4 + 0.01 for style in STYLES}
    total = sum(raw.values())
    return {style: weight / total for style, weight in raw.items()}


class _Shopper:
    def __init__(self, user: str, products: Sequence[Product], levels: dict[str, float], rng: Random) -> None:
        self.user, self.levels, self.rng = user, levels, rng
        self.by_kind: dict[str, list[Product]] = {}
        for product in products:
            self.by_kind.setdefault(product.kind.key, []).append(product)
        self.taste = Taste(_styles(rng), {name: 0.3 + rng.random() ** 2 for name in COLORS}, rng.random())
        self.noise = {product.id: rng.gauss(0, 0.55) for product in products}
        self.events: list[Row] = []
        self.seen: list[float] = []
        self.bought: set[str] = set()

    def walk(self) -> tuple[list[Row], Row]:
        rng = self.rng
        before = dict(self.taste.styles)
        days = sorted(rng.sample(range(DAYS), rng.randint(4, 9)))
        turn = rng.choice(days[1:]) if rng.random() < TURN_SHARE else None
        room = rng.choice(ROOMS)
        for day in days:
            if turn is not None and day == turn:
                fresh = _styles(rng)
                self.taste.styles = {style: (w + fresh[style]) / 2 for style, w in self.taste.styles.items()}
            if rng.random() < 0.2:
                room = rng.choice(ROOMS)
            start = BEGIN + timedelta(days=day, seconds=rng.randrange(16 * 3600))
            self._session(start, [*room.needs, *room.needs, *room.may])
            self._drift()
        facts = {
            "user_id": self.user,
            "styles_before": {style: round(w, 3) for style, w in before.items()},
            "styles_after": {style: round(w, 3) for style, w in self.taste.styles.items()},
            "price_level": round(self.taste.level, 3),
            "turn": (BEGIN + timedelta(days=turn)).date().isoformat() if turn is not None else None,
        }
        return self.events, facts

    def _drift(self) -> None:
        moved = {style: w * math.exp(self.rng.gauss(0, 0.25)) for style, w in self.taste.styles.items()}
        total = sum(moved.values())
        self.taste.styles = {style: w / total for style, w in moved.items()}

    def _pleasure(self, product: Product) -> float:
        taste = self.taste
        color = product.coats[product.main].color
        return (
            2.2 * math.log(taste.styles[product.style] + 0.01)
            + math.log(taste.color(color) + 0.02)
            - 2.0 * abs(taste.level - self.levels[product.id])
            + self.noise[product.id]
        )

    def _session(self, at: datetime, kinds: list[str]) -> None:
        rng = self.rng
        for key in dict.fromkeys(rng.choices(kinds, k=rng.choice((1, 2, 2)))):
            options = self.by_kind[key]
            pleasures = [self._pleasure(product) for product in options]
            top = max(pleasures)
            weights = [math.exp(p - top) + 0.004 for p in pleasures]
            for _ in range(rng.randint(2, 5)):
                product = rng.choices(options, weights)[0]
                at = self._meet(product, at)
                if rng.random() < 0.25:
                    at = self._meet(self._sideways(product, kinds), at)

    def _sideways(self, product: Product, kinds: list[str]) -> Product:
        """Another category, the same style, a near color."""
        rng = self.rng
        color = product.coats[product.main].color
        other = rng.choice([key for key in kinds if key != product.kind.key] or [product.kind.key])
        options = self.by_kind[other]
        weights = [
            math.exp(-apart(color, p.coats[p.main].color) / 18) * (4.0 if p.style == product.style else 0.5) + 1e-4
            for p in options
        ]
        return rng.choices(options, weights)[0]

    def _meet(self, product: Product, at: datetime) -> datetime:
        """View a product and react; the time afterwards."""
        rng = self.rng
        pleasure = self._pleasure(product)
        self.seen.append(pleasure)
        usual = sum(self.seen) / len(self.seen)
        liking = 1 / (1 + math.exp(-(pleasure - usual) * 0.9))
        at = self._log("view", product, at)
        if rng.random() < 0.15 + 0.6 * liking:
            at = self._log("click", product, at)
            if rng.random() < 0.55 * liking:
                at = self._log("save", product, at)
            if rng.random() < 0.3 * liking and product.id not in self.bought:
                at = self._log("cart", product, at)
                if rng.random() < 0.45:
                    at = self._log("buy", product, at)
                    self.bought.add(product.id)
        elif rng.random() < 0.16 * (1 - liking):
            at = self._log("hide", product, at)
        return at

    def _log(self, kind: str, product: Product, at: datetime) -> datetime:
        self.events.append(
            {"user_id": self.user, "kind": kind, "item_id": product.id, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        )
        return at + timedelta(seconds=int(4 + self.rng.expovariate(1 / 35)))
