"""The shop's categories, as tables."""

from catalog.demo.kinds.fittings import FITTINGS
from catalog.demo.kinds.furniture import FURNITURE
from catalog.demo.kinds.kind import Kind
from catalog.demo.kinds.objects import OBJECTS
from catalog.demo.kinds.seating import SEATING_KINDS

ORDER = [
    "dining-chair",
    "armchair",
    "sofa",
    "stool",
    "bench",
    "coffee-table",
    "dining-table",
    "side-table",
    "desk",
    "shelf",
    "sideboard",
    "bed",
    "floor-lamp",
    "table-lamp",
    "pendant-lamp",
    "vase",
    "planter",
    "mirror",
    "rug",
    "cushion",
    "clock",
    "mug",
    "candle-holder",
    "basket",
    "bowl",
    "teapot",
]
"""The order of the categories in the catalogue."""

KINDS: dict[str, Kind] = {
    key: kind for key in ORDER for kind in (*SEATING_KINDS, *FURNITURE, *FITTINGS, *OBJECTS) if kind.key == key
}
"""Category key to category."""
