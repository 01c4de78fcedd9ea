"""A small table with vectors that are easy to reason about."""

import numpy as np
import pytest

from catalog.encoder import Space, normalise
from catalog.item import Item
from catalog.table import ItemTable, item_rows

SPACES = (Space("image", 16, frozenset({"image"})), Space("text", 8, frozenset({"text"})))
COLORS = ("red", "blue", "green", "black")
KINDS = ("Chair", "Sofa", "Lamp")


def made_items(n: int) -> list[Item]:
    return [
        Item(
            id=f"p{i}",
            title=f"{COLORS[i % 4].title()} {KINDS[i % 3]} number{i}",
            description="For the reading corner." if i % 2 else "For the kitchen.",
            category=("Home", f"{KINDS[i % 3]}s"),
            colors=(COLORS[i % 4],),
            brand="Nord" if i % 5 else 'O\'Hara "&" Söhne',
            price=float(10 * i),
            currency="EUR",
            attributes={"season": "summer" if i % 2 else "winter"},
            availability="out_of_stock" if i % 7 == 0 else "in_stock",
        )
        for i in range(n)
    ]


def made_rows(items: list[Item], seed: int = 0):
    rng = np.random.default_rng(seed)
    vectors = {s.column: normalise(rng.standard_normal((len(items), s.dim)).astype(np.float32)) for s in SPACES}
    vectors["image_vector"][3] = 0  # p3 has no picture
    return item_rows(items, vectors, [f"f{item.id}" for item in items], [b"webp"] * len(items)), vectors


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """(database URI, items, vectors) of 60 indexed items, tagged `v1`."""
    uri = str(tmp_path_factory.mktemp("shop"))
    items = made_items(60)
    rows, vectors = made_rows(items)
    table = ItemTable.open_or_create(uri, "items", "enc-1", SPACES)
    table.upsert(rows)
    table.index(ann_min_rows=10_000)
    table.tag("v1")
    return uri, items, vectors
