"""Read-outs of a few looks whose scores are the vectors' own floats, so that a test says what each item shows."""

from collections.abc import Mapping

import numpy as np

from catalog.item import Item
from navigator.prompt import Shown
from navigator.sight import Sight

VALUES = (
    *(("kind", "table"), ("kind", "bar cabinet")),
    *(("color", "sage"), ("color", "forest green"), ("color", "black")),
    *(("legs", ""), ("legs", "hairpin"), ("legs", "tapered")),
    *(("legs color", ""), ("legs color", "black"), ("legs color", "sage")),
    *(("silhouette", ""), ("silhouette", "round"), ("silhouette", "window-pane"), ("silhouette", "table")),
    *(("top", ""), ("top", "round")),
    *(("front", ""), ("front", "drawers and doors"), ("front", "plain doors")),
    *(("pattern", ""), ("pattern", "striped")),
    *(("seat material", "oak"), ("seat material", "leather")),
    *(("seat", ""), ("seat", "slatted")),
    *(("seats", ""), ("seats", "3")),
)
_DIM = len(VALUES)
SIGHT = Sight(VALUES, np.zeros(_DIM, np.float32), np.eye(_DIM, dtype=np.float32), np.zeros(_DIM, np.float32))


def seen(item: Item, looks: Mapping[str, str], sure: float = 12.0) -> Shown:
    """An item whose picture shows these values of properties, and none of any other.

    Args:
        sure: by how much their scores are above all others of their property.
    """
    told = {**{name: "" for name, value in VALUES if not value}, **looks}
    vector = [sure * (told.get(name) == value) for name, value in VALUES]
    return Shown(item, np.array([vector], np.float32))
