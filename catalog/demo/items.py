"""Products as the shop offers them (`items.jsonl`) and as they truly look (`truth.jsonl`)."""

from random import Random
from typing import Any

from catalog.demo.palette import COLORS
from catalog.demo.products import Product
from catalog.demo.texts import Facts, description, facts, title
from catalog.demo.truth import dimensions, hold_back, main_color, says, visual
from catalog.demo.words import MAKERS, MODELS

HELD_BACK_SHARE = 1 / 3
"""The share of products whose text leaves visible properties out."""

Row = dict[str, Any]


def rows(products: list[Product], seed: int) -> tuple[list[Row], list[Row]]:
    """The rows of `items.jsonl` and of `truth.jsonl`, in the products' order."""
    items, truths = [], []
    taken: set[str] = set()
    for number, product in enumerate(products):
        rng = Random(f"{seed}/text/{product.id}")
        quiet = Random(f"{seed}/quiet/{product.id}").random() < HELD_BACK_SHARE
        size = dimensions(product)
        item, held_back = _item(product, number, rng, quiet, taken, size)
        taken.add(item["title"])
        items.append(item)
        truths.append(_truth(product, held_back, size))
    return items, truths


def _item(
    product: Product, number: int, rng: Random, quiet: bool, taken: set[str], size: dict[str, int]
) -> tuple[Row, list[str]]:
    """Draw texts until none says what is held back; in the end, hold back what can be."""
    for attempt in range(60):
        held_back = hold_back(product, rng) if quiet else []
        model = MODELS[(number * 7 + attempt * 31) % len(MODELS)]
        maker = (
            rng.choice(MAKERS[product.style]) if rng.random() < 0.85 else rng.choice(MAKERS[rng.choice(tuple(MAKERS))])
        )
        f = facts(product, held_back, size)
        row = _row(product, f, model, maker, rng)
        said = " ".join(
            [
                row["title"],
                row["description"],
                *row["attributes"].values(),
                *row["colors"],
                *row["materials"],
                *row["category"],
                row["brand"],
                *row["styles"],
            ]
        )
        if row["title"] not in taken and not any(says(said, value) for value in f.hidden):
            return row, held_back
    raise ValueError(f"{product.id}: no text without the properties that are held back")


def _row(product: Product, f: Facts, model: str, maker: str, rng: Random) -> Row:
    seen = f.seen
    colors = [
        seen[name] for name in ("color", "second color", "legs color", "shade color", "base color") if name in seen
    ]
    materials = [value for name, value in seen.items() if name == "material" or name.endswith(" material")]
    attributes: dict[str, str] = {name: str(value) for name, value in f.size.items()}
    attributes |= {
        name.replace(" ", "_"): value
        for name, value in seen.items()
        if name not in ("color", "second color", "material") and not name.endswith((" color", " material"))
    }
    attributes["room"] = ", ".join(product.kind.rooms)
    return {
        "id": product.id,
        "title": title(f, model, rng),
        "description": description(f, model, maker, rng),
        "category": list(product.kind.path),
        "brand": maker,
        "price": price(product, f.size, rng),
        "currency": "EUR",
        "colors": list(dict.fromkeys(colors)),
        "materials": list(dict.fromkeys(materials)),
        "styles": [product.style],
        "attributes": attributes,
        "image": f"images/{product.id}.webp",
        "url": None,
        "availability": rng.choices(("in_stock", "out_of_stock", "preorder", "discontinued"), (88, 7, 4, 1))[0],
    }


def price(product: Product, size: dict[str, int], rng: Random) -> float:
    """In euros: the category's range, moved by size and material, on a shop's ending."""
    low, high = product.kind.price
    bulk = size["width_cm"] * size["height_cm"]
    largest = max(b * 100 for a, b in product.kind.sizes.values() if b < 4) ** 2
    dear = {
        "marble": 0.3,
        "leather": 0.25,
        "velvet": 0.12,
        "brass": 0.15,
        "walnut": 0.15,
        "travertine": 0.25,
        "boucle": 0.1,
        "moulded plastic": -0.15,
        "cotton": -0.1,
    }
    level = (
        0.15
        + 0.5 * min(1.0, bulk / largest)
        + dear.get(product.coats[product.main].material, 0.0)
        + rng.uniform(-0.12, 0.2)
    )
    amount = low * (high / low) ** min(1.0, max(0.0, level))
    if amount < 60:
        return round(amount) - 0.1
    return float(round(amount / 10) * 10 - 1) if amount < 500 else float(round(amount / 10) * 10)


def _truth(product: Product, held_back: list[str], size: dict[str, int]) -> Row:
    seen = visual(product)
    return {
        "id": product.id,
        "category": product.kind.key,
        "style": product.style,
        "main_color": main_color(product),
        "second_color": {"name": product.second, "srgb": COLORS[product.second]}
        if product.pattern != "plain"
        else None,
        "visual": seen,
        "dimensions_cm": {name.removesuffix("_cm"): value for name, value in size.items()},
        "hidden": held_back,
    }
