"""What can be seen of a product, whether or not its text says so."""

import re
from random import Random

from catalog.demo.geometry.kit import bounds
from catalog.demo.materials import MATERIALS
from catalog.demo.palette import COLORS
from catalog.demo.products import Product
from catalog.demo.shapes import parts_of

ABSENT = ("none", "plain edge", "smooth", "handleless", "level", "moulded", "column")
"""Values that say that something is not there."""

SHY = ("height", "seats", "tiers", "ends", "cushions", "throw", "pillows", "apron", "shelf")
"""Traits that are never held back: their values are numbers or everyday words."""


SAID = {"linen shade": "linen", "wool pile": "wool", "woven jute": "jute"}
"""Materials whose name in the shop is shorter than in the workshop."""


def visual(product: Product) -> dict[str, str]:
    """Every visible property by name: traits, colors, materials, finish and pattern."""
    out = {name: value for name, value in product.form.traits.items() if value not in ABSENT}
    if product.kind.key == "clock" and product.form["silhouette"] != "sunburst":
        out.pop("ends", None)
    main = product.coats[product.main]
    out["color"], out["material"] = main.color, SAID.get(main.material, main.material)
    if main.finish:
        out["finish"] = main.finish
    if product.pattern != "plain":
        out["pattern"], out["second color"] = product.pattern, product.second
    for slot, coat in product.coats.items():
        if slot != product.main and slot not in ("front", "cane", "cord", "pad", "back", "rim", "border"):
            out[f"{slot} material"], out[f"{slot} color"] = SAID.get(coat.material, coat.material), coat.color
    return out


def dimensions(product: Product) -> dict[str, int]:
    """Width, depth and height of the mesh in whole centimetres, without cords and plants."""
    low, high = bounds(
        [part for part in parts_of(product) if part.slot not in ("cord", "leaf", "stem", "candle", "wick")]
    )
    size = (high - low) * 100
    return {
        "width_cm": round(float(size[0])),
        "depth_cm": round(float(size[1])),
        "height_cm": max(1, round(float(size[2]))),
    }


def hold_back(product: Product, rng: Random) -> list[str]:
    """Which visible properties the product's text leaves out: one to three of those that a picture tells best."""
    seen = visual(product)
    dyed = MATERIALS[product.coats[product.main].material].shader not in ("wood", "metal", "opal")
    options = [name for name in seen if name not in SHY and name != "material" and not name.endswith(" material")]
    if not dyed:
        options.remove("color")
    weights = {"color": 5.0, "silhouette": 3.0, "legs": 3.0, "pattern": 4.0, "back": 3.0, "shade": 2.0, "finish": 1.5}
    chosen: list[str] = []
    for _ in range(rng.choice((1, 2, 2, 3))):
        left = [name for name in options if name not in chosen]
        if left:
            chosen.append(rng.choices(left, [weights.get(name, 1.0) for name in left])[0])
    return sorted(chosen)


def says(text: str, value: str) -> bool:
    """Whether the text has the value as whole words, in any case, hyphens as spaces."""
    plain, words = (re.sub(r"[-\s]+", " ", part.lower()) for part in (text, value))
    return re.search(rf"(?<![a-z]){re.escape(words)}s?(?![a-z])", plain) is not None


def main_color(product: Product) -> dict[str, str]:
    """The main color's name and exact sRGB."""
    name = product.coats[product.main].color
    return {"name": name, "srgb": COLORS[name]}
