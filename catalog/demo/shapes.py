"""From a product to its parts, standing on the floor or hanging on the wall."""

import importlib
from functools import lru_cache
from types import ModuleType

from catalog.demo.geometry.kit import Part, bounds, grounded
from catalog.demo.products import Product


def parts_of(product: Product) -> list[Part]:
    """The product's mesh; what hangs on a wall touches y = 0, all else stands on z = 0."""
    family, name = product.kind.build.split(".")
    parts: list[Part] = getattr(_family(family), name)(product.form)
    if product.kind.wall and product.form["silhouette"] not in ("mantel", "table"):
        low, high = bounds(parts)
        middle = (low + high) / 2
        return [part.move(-middle[0], -high[1], -middle[2]) for part in parts]
    return grounded(parts)


def hangs(product: Product) -> bool:
    """Whether it hangs on a wall."""
    return product.kind.wall and product.form["silhouette"] not in ("mantel", "table")


@lru_cache
def _family(name: str) -> ModuleType:
    return importlib.import_module(f"catalog.demo.geometry.{name}")
