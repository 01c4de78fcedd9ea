"""The words of a small shop, and five of its sofas, for tests of what messages say."""

import numpy as np

from catalog.item import Item
from navigator.lexicon import Lexicon
from navigator.prompt import Shown

LEXICON = Lexicon(
    {
        "category": (
            *("sofas", "dining chairs", "armchairs", "dining tables"),
            *("side tables", "rugs", "floor lamps", "bed frames"),
        ),
        "color": ("sage", "forest green", "black", "white", "grey"),
        "material": ("oak", "walnut", "velvet", "leather"),
        "style": ("mid-century", "industrial"),
        "brand": ("nord",),
    }
)
SOFAS = tuple(Shown(Item(id=f"i{n}", title=f"Sofa {n}"), np.ones((1, 4), np.float32)) for n in range(5))
