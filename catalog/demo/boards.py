"""Boards: made-up collections that go together by room, style and palette."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from catalog.demo.palette import COLORS, STYLE_COLORS, STYLES, lab, rgb
from catalog.demo.products import Product

COUNT = 240


@dataclass(frozen=True)
class Room:
    """What a room needs, what it may have, and what boards about it are called."""

    name: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    titles: tuple[str, ...]


ROOMS: tuple[Room, ...] = (
    Room(
        "living room",
        ("sofa", "coffee-table", "rug"),
        (
            "armchair",
            "floor-lamp",
            "side-table",
            "cushion",
            "cushion",
            "vase",
            "planter",
            "sideboard",
            "shelf",
            "table-lamp",
            "basket",
            "mirror",
            "clock",
            "candle-holder",
            "pendant-lamp",
            "bowl",
        ),
        (
            "{style} living room",
            "{color} living room",
            "Sunday on the sofa",
            "First flat, {style}",
            "Evenings in {color}",
            "Film night",
            "A {style} lounge for a family",
        ),
    ),
    Room(
        "reading corner",
        ("armchair", "floor-lamp"),
        (
            "side-table",
            "cushion",
            "rug",
            "shelf",
            "basket",
            "planter",
            "mug",
            "table-lamp",
            "candle-holder",
            "stool",
            "clock",
        ),
        (
            "Warm reading corner",
            "{style} reading corner",
            "A chair, a lamp, a book",
            "Quiet corner in {color}",
            "Rainy afternoon, {color}",
        ),
    ),
    Room(
        "bedroom",
        ("bed", "table-lamp"),
        (
            "side-table",
            "rug",
            "cushion",
            "mirror",
            "bench",
            "basket",
            "pendant-lamp",
            "planter",
            "vase",
            "armchair",
            "candle-holder",
            "shelf",
        ),
        ("{style} bedroom", "Bedroom in {color}", "Slow mornings", "Guest room, {style}", "Sleep well in {color}"),
    ),
    Room(
        "dining room",
        ("dining-table", "dining-chair", "pendant-lamp"),
        (
            "bowl",
            "vase",
            "candle-holder",
            "sideboard",
            "teapot",
            "mug",
            "rug",
            "mirror",
            "bench",
            "dining-chair",
            "planter",
        ),
        (
            "Dinner for eight",
            "{style} dining room",
            "Dinner in {color}",
            "A long table, {style}",
            "Supper with friends",
        ),
    ),
    Room(
        "kitchen",
        ("stool", "mug"),
        ("bowl", "teapot", "clock", "pendant-lamp", "planter", "dining-chair", "dining-table", "mug", "vase"),
        ("{style} kitchen", "Breakfast in {color}", "Kitchen counter", "Tea at four", "Coffee first, {color}"),
    ),
    Room(
        "study",
        ("desk",),
        (
            "table-lamp",
            "shelf",
            "dining-chair",
            "clock",
            "planter",
            "mug",
            "basket",
            "floor-lamp",
            "armchair",
            "rug",
            "vase",
        ),
        ("{style} study", "Work from home, {color}", "A desk by the window", "Home office, {style}"),
    ),
    Room(
        "hallway",
        ("mirror", "bench"),
        ("sideboard", "basket", "pendant-lamp", "rug", "vase", "planter", "table-lamp", "clock", "stool", "shelf"),
        ("{style} hallway", "A welcome in {color}", "Coming home", "Narrow hall, {style}"),
    ),
)


def draw_boards(products: Sequence[Product], seed: int) -> list[dict[str, Any]]:
    """240 boards of 5 to 14 products each, with one title each."""
    out: list[dict[str, Any]] = []
    taken: set[str] = set()
    for i in range(COUNT):
        rng = Random(f"{seed}/board/{i}")
        room = ROOMS[i % len(ROOMS)]
        style = STYLES[(i // len(ROOMS)) % len(STYLES)] if i < 168 else rng.choice(STYLES)
        palette = rng.sample(STYLE_COLORS[style], 3)
        chosen = _fill(products, room, style, palette, rng)
        out.append(
            {
                "id": f"board-{i + 1:03d}",
                "title": _title(room, style, palette[0], taken, rng),
                "room": room.name,
                "style": style,
                "palette": palette,
                "items": [product.id for product in chosen],
            }
        )
    return out


def harmony(product: Product, palette: Sequence[str]) -> float:
    """0..1: how near the product's main color is to the palette; quiet colors go with everything."""
    color = product.coats[product.main].color
    here = lab(rgb(COLORS[color]))
    far = min(sum((a - b) ** 2 for a, b in zip(here, lab(rgb(COLORS[name])), strict=True)) ** 0.5 for name in palette)
    quiet = 0.55 if (here[1] ** 2 + here[2] ** 2) ** 0.5 < 16 else 0.0
    return max(quiet, 1 - far / 70)


def _fill(products: Sequence[Product], room: Room, style: str, palette: Sequence[str], rng: Random) -> list[Product]:
    size = rng.randint(5, 14)
    wanted = list(room.needs)
    extra = list(room.may)
    rng.shuffle(extra)
    wanted += extra[: max(0, size - len(wanted))]
    while len(wanted) < size:
        wanted.append(rng.choice(room.may))
    chosen: list[Product] = []
    for key in wanted:
        options = [product for product in products if product.kind.key == key and product not in chosen]
        weights = [_fit(product, style, palette) for product in options]
        chosen.append(rng.choices(options, weights)[0])
    return chosen


def _fit(product: Product, style: str, palette: Sequence[str]) -> float:
    same = 1.0 if product.style == style else 0.0
    return float((0.02 + max(0.0, harmony(product, palette)) ** 2) * (0.06 + same) ** 1.5)


def _title(room: Room, style: str, color: str, taken: set[str], rng: Random) -> str:
    shown = {"style": style, "color": color}
    options = [pattern.format(**shown) for pattern in room.titles]
    options = [option[0].upper() + option[1:] for option in options]
    rng.shuffle(options)
    spare = [
        f"{option}, {extra}"
        for option in options
        for extra in (f"with {color}", f"{style} style", "second try", "small budget", "north light", "weekend project")
    ]
    text = next((option for option in [*options, *spare] if option not in taken), f"{options[0]} ({len(taken)})")
    taken.add(text)
    return text
