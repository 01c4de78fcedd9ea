"""The contact sheet in `docs/`: five products of every category, ordered by color."""

import colorsys
from pathlib import Path

from PIL import Image

from catalog.demo.kinds import KINDS
from catalog.demo.load import DATA
from catalog.demo.palette import COLORS, rgb
from catalog.demo.products import Product, draw

COLUMNS = 13
CELL = 132
"""Pixels on a side."""

PER_CATEGORY = 5


def contact_sheet(path: Path, seed_products: list[Product] | None = None) -> None:
    """Write the sheet; its format follows the path's suffix."""
    chosen = sorted(_choice(seed_products or draw()), key=_shade)
    rows = -(-len(chosen) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * CELL), "#F2F0EC")
    for i, product in enumerate(chosen):
        with Image.open(DATA / f"images/{product.id}.webp") as picture:
            small = picture.convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS)
        row, column = divmod(i, COLUMNS)
        sheet.paste(small, (column * CELL, row * CELL))
    sheet.save(path, quality=84)


def _choice(products: list[Product]) -> list[Product]:
    """Of each category, products in colors that the category has not shown yet, shapes first."""
    out: list[Product] = []
    for key in KINDS:
        group = [product for product in products if product.kind.key == key]
        taken: list[Product] = []
        while len(taken) < PER_CATEGORY:
            left = [product for product in group if product not in taken]
            taken.append(max(left, key=lambda p: (_news(p, taken), p.id)))
        out += taken
    return out


def _news(product: Product, taken: list[Product]) -> int:
    """How much a product differs from those that were taken, at the least."""
    return min((_differences(product, other) for other in taken), default=0)


def _differences(a: Product, b: Product) -> int:
    traits = sum(3 for name, value in a.form.traits.items() if b.form.traits.get(name) != value)
    color = 4 if a.coats[a.main].color != b.coats[b.main].color else 0
    return traits + color + (a.pattern != b.pattern)


def _shade(product: Product) -> tuple[int, float]:
    """Quiet colors first, from light to dark, then around the color wheel."""
    r, g, b = (channel / 255 for channel in rgb(COLORS[product.coats[product.main].color]))
    hue, light, _ = colorsys.rgb_to_hls(r, g, b)
    if max(r, g, b) - min(r, g, b) < 0.14:
        return 0, -light
    return 1, hue
