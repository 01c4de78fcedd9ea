"""A small made-up catalogue whose vectors really tell what its items look like."""

from random import Random

import numpy as np

from catalog.item import Item
from navigator.knowledge import Known, Shelf, know
from navigator.prompt import Shown

KINDS = {"chair": "Chairs", "lamp": "Lamps", "rug": "Rugs"}
COLORS = ("red", "green", "walnut", "black")
LEGS = ("tapered", "hairpin", "turned")


def make_shelf(count: int = 90, dim: int = 32, seed: int = 0) -> Shelf:
    """Items of three kinds; a vector is the sum of one direction for each property, and a little noise."""
    rng, numbers = Random(seed), np.random.default_rng(seed)
    directions = {word: numbers.standard_normal(dim) for word in (*KINDS, *COLORS, *LEGS)}
    known: list[Known] = []
    for i in range(count):
        kind, color, legs = rng.choice(list(KINDS)), rng.choice(COLORS), rng.choice(LEGS)
        vector = sum(directions[word] for word in (kind, color, legs)) + 0.1 * numbers.standard_normal(dim)
        item = Item(
            id=f"item-{i}",
            title=f"Model {i} {kind}",
            category=("Home", KINDS[kind]),
            price=float(rng.randrange(20, 400)),
            currency="USD",
            materials=("oak",),
            styles=("boho",),
        )
        vector = vector / np.linalg.norm(vector)
        known.append(know(Shown(item, vector.astype(np.float32)[None]), {"color": color, "legs": legs}))
    return Shelf(known, [tuple(range(i, i + 4)) for i in range(0, count - 4, 4)])
