"""Forty furnished rooms: which products stand where. The renderer takes the picture and finds the boxes."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from random import Random

from catalog.demo.boards import harmony
from catalog.demo.geometry.kit import Part, bounds
from catalog.demo.palette import STYLE_COLORS, STYLES
from catalog.demo.products import Product
from catalog.demo.shapes import hangs, parts_of

COUNT = 40
WIDTH, HEIGHT = 640, 480
WALL = 1.9
"""The back wall's distance from the middle of the room in metres."""

WALLS = {
    "mid-century": ("#D9C7A8", "#A9B8B0", "#D8B79A"),
    "Scandinavian": ("#E9E6DF", "#CFD8DA", "#DCE0D6"),
    "industrial": ("#B9B4AD", "#A9A29A", "#C4C0BB"),
    "rustic": ("#E4D8C3", "#D3C4AD", "#CBB9A2"),
    "art deco": ("#7E9A92", "#C9A9A0", "#8A94AC"),
    "Japandi": ("#DDD5C8", "#CFC6B8", "#E3DDD2"),
    "boho": ("#E3C6AE", "#D9B99F", "#E2D3BE"),
    "minimalist": ("#EDEBE7", "#DCDDDD", "#E8E2DC"),
}
FLOORS = {
    "mid-century": "#9A6A42",
    "Scandinavian": "#CDB08A",
    "industrial": "#8C8883",
    "rustic": "#A87A4E",
    "art deco": "#6B4630",
    "Japandi": "#C2A27A",
    "boho": "#B98C5E",
    "minimalist": "#CFC9C0",
}


@dataclass(frozen=True)
class Placed:
    """A product in a room: metres from the middle of the floor, and degrees counter-clockwise from facing front."""

    item_id: str
    x: float
    y: float
    z: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A room to be photographed."""

    id: str
    title: str
    room: str
    style: str
    wall: str
    floor: str
    placed: tuple[Placed, ...]
    azimuth: float
    elevation: float

    def fingerprint(self, seals: dict[str, str], samples: int) -> str:
        """Sixteen hex digits over the plan and over the products' own fingerprints."""
        text = json.dumps([asdict(self), [seals[p.item_id] for p in self.placed], samples], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def parts_in_room(product: Product, at: Placed) -> list[Part]:
    """The product's parts where they stand or hang."""
    return [part.turn("z", at.turn).move(at.x, at.y, at.z) for part in parts_of(product)]


class _Plan:
    """Chooses products of one style and palette, and puts them down."""

    def __init__(self, products: Sequence[Product], style: str, rng: Random) -> None:
        self.products, self.style, self.rng = products, style, rng
        self.palette = rng.sample(STYLE_COLORS[style], 4)
        self.placed: list[Placed] = []
        self.used: set[str] = set()

    def pick(self, key: str, fit: Callable[[Product], bool] = lambda product: True) -> Product:
        options = [p for p in self.products if p.kind.key == key and p.id not in self.used and fit(p)]
        weights = [
            (0.02 + max(0.0, harmony(p, self.palette)) ** 2) * (4.0 if p.style == self.style else 0.25) for p in options
        ]
        chosen = self.rng.choices(options, weights)[0]
        self.used.add(chosen.id)
        return chosen

    def put(self, product: Product, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> Product:
        self.placed.append(Placed(product.id, round(x, 3), round(y, 3), round(z, 3), round(turn, 1)))
        return product

    def hang(self, x: float, z: float) -> None:
        """A mirror, or a clock, on the back wall."""
        key = self.rng.choice(("mirror", "mirror", "clock"))
        self.put(self.pick(key, hangs), x, WALL, z)

    def dress(self, x: float, y: float, z: float, keys: Sequence[str], apart: float = 0.24) -> None:
        """Small things in a row on a surface at height z."""
        for i, key in enumerate(keys):
            product = self.pick(key, lambda p: extent(p)[0] < 0.42)
            self.put(
                product,
                x + (i - (len(keys) - 1) / 2) * apart,
                y + self.rng.uniform(-0.04, 0.04),
                z,
                self.rng.uniform(-20, 20),
            )


def extent(product: Product) -> tuple[float, float, float]:
    """Width, depth and height in metres, without cords; remembered, for many rooms ask for the same product."""
    key = (product.id, product.form.seed)
    if key not in _EXTENTS:
        low, high = bounds([part for part in parts_of(product) if part.slot != "cord"])
        _EXTENTS[key] = (float(high[0] - low[0]), float(high[1] - low[1]), float(high[2] - low[2]))
    return _EXTENTS[key]


_EXTENTS: dict[tuple[str, int], tuple[float, float, float]] = {}


def _living(plan: _Plan) -> None:
    rng = plan.rng
    sofa = plan.pick("sofa")
    w, d, _ = extent(sofa)
    y = WALL - 0.12 - d / 2
    plan.put(plan.pick("rug", lambda p: p.form["silhouette"] in ("rectangular", "oval", "pebble")), 0.0, 0.25, 0.0, 90)
    plan.put(sofa, 0.0, y)
    low = plan.pick("coffee-table")
    plan.put(low, 0.05, y - d / 2 - 0.75)
    plan.dress(
        0.05, y - d / 2 - 0.75, extent(low)[2], rng.choice((("vase",), ("bowl", "candle-holder"), ("vase", "mug")))
    )
    side = rng.choice((-1, 1))
    plan.put(plan.pick("armchair"), side * (w / 2 + 0.55), y - 1.15, 0.0, -side * 62)
    plan.put(plan.pick("floor-lamp"), -side * (w / 2 + 0.42), y + 0.1)
    plan.put(plan.pick("planter"), side * (w / 2 + 0.6), y + 0.2)
    if rng.random() < 0.7:
        plan.hang(rng.uniform(-0.3, 0.3), 1.55)
    plan.put(
        plan.pick("cushion", lambda p: p.form["silhouette"] in ("square", "lumbar", "round")),
        -side * w * 0.22,
        y - 0.12,
        0.46,
        rng.uniform(-12, 12),
    )


def _dining(plan: _Plan) -> None:
    rng = plan.rng
    table = plan.pick("dining-table")
    w, d, h = extent(table)
    plan.put(table, 0.0, 0.1)
    chair = plan.pick("dining-chair")
    for x in (-w * 0.24, w * 0.24) if w > 1.45 else (0.0,):
        plan.put(chair, x, 0.1 + d / 2 + 0.12, 0.0, rng.uniform(-5, 5))
        plan.put(chair, x, 0.1 - d / 2 - 0.2, 0.0, 180 + rng.uniform(-12, 12))
    plan.put(plan.pick("pendant-lamp", lambda p: extent(p)[0] < 0.9), 0.0, 0.1, h + 0.72)
    plan.dress(
        0.0, 0.1, h, rng.choice((("candle-holder", "bowl"), ("vase",), ("teapot", "mug", "mug"), ("bowl", "vase"))), 0.3
    )
    board = plan.pick("sideboard")
    x = rng.choice((-1, 1)) * 0.35
    plan.put(board, x, WALL - 0.04 - extent(board)[1] / 2)
    plan.dress(
        x,
        WALL - 0.25,
        extent(board)[2],
        rng.choice((("table-lamp", "vase"), ("vase", "candle-holder"), ("table-lamp",))),
        0.5,
    )
    plan.put(plan.pick("planter"), -1.55 if x > 0 else 1.55, WALL - 0.45)


def _bedroom(plan: _Plan) -> None:
    rng = plan.rng
    bed = plan.pick("bed", lambda p: p.form["headboard"] != "four-poster")
    w, d, _ = extent(bed)
    y = WALL - 0.08 - d / 2
    plan.put(plan.pick("rug", lambda p: p.form["silhouette"] in ("rectangular", "oval", "pebble")), 0.0, -0.55, 0.0, 90)
    plan.put(bed, 0.0, y)
    for side in (-1, 1):
        table = plan.pick("side-table")
        plan.put(table, side * (w / 2 + 0.36), WALL - 0.34)
        plan.dress(
            side * (w / 2 + 0.36),
            WALL - 0.34,
            extent(table)[2],
            ("table-lamp",) if side < 0 or rng.random() < 0.5 else ("vase",),
        )
    bench = plan.pick("bench", lambda p: extent(p)[0] < w)
    plan.put(bench, 0.0, y - d / 2 - 0.36)
    plan.put(plan.pick("planter"), w / 2 + 0.95, WALL - 0.6)
    plan.put(plan.pick("basket"), -w / 2 - 0.75, WALL - 0.75)


def _study(plan: _Plan) -> None:
    rng = plan.rng
    desk = plan.pick("desk")
    w, d, _h = extent(desk)
    top = 0.75
    side = rng.choice((-1, 1))
    plan.put(
        plan.pick("rug", lambda p: p.form["silhouette"] in ("round", "rectangular", "scalloped edge")),
        0.0,
        0.35,
        0.0,
        90,
    )
    plan.put(desk, 0.0, WALL - 0.06 - d / 2)
    plan.put(plan.pick("dining-chair"), 0.0, WALL - d - 0.42, 0.0, 180 + rng.uniform(-28, 28))
    plan.dress(side * w * 0.3, WALL - 0.45, top, ("table-lamp",))
    plan.dress(-side * w * 0.22, WALL - 0.42, top, ("mug", "vase"), 0.26)
    shelf = plan.pick("shelf", lambda p: p.form["silhouette"] != "ladder")
    plan.put(shelf, -side * (w / 2 + extent(shelf)[0] / 2 + 0.28), WALL - 0.03 - extent(shelf)[1] / 2)
    plan.put(plan.pick("planter"), side * (w / 2 + 0.42), WALL - 0.4)
    plan.put(plan.pick("clock", hangs), 0.0, WALL, 1.62)


def _reading(plan: _Plan) -> None:
    rng = plan.rng
    side = rng.choice((-1, 1))
    plan.put(plan.pick("rug", lambda p: p.form["silhouette"] in ("round", "scalloped edge", "pebble")), 0.0, 0.55)
    plan.put(plan.pick("armchair"), 0.0, 0.95, 0.0, side * 16)
    plan.put(plan.pick("floor-lamp"), -side * 0.82, 1.25)
    table = plan.pick("side-table")
    plan.put(table, side * 0.78, 0.72)
    plan.dress(side * 0.78, 0.72, extent(table)[2], rng.choice((("mug",), ("candle-holder",), ("vase",))))
    shelf = plan.pick("shelf", lambda p: p.form["silhouette"] != "ladder")
    plan.put(shelf, side * 1.25, WALL - 0.04 - extent(shelf)[1] / 2)
    plan.put(plan.pick("basket"), -side * 1.15, 0.75)
    plan.hang(-side * 0.15, 1.5)


def _hall(plan: _Plan) -> None:
    rng = plan.rng
    board = plan.pick("sideboard")
    w, d, h = extent(board)
    plan.put(board, 0.0, WALL - 0.04 - d / 2)
    plan.put(plan.pick("mirror", hangs), 0.0, WALL, h + 0.72)
    plan.dress(-w * 0.3, WALL - 0.26, h, ("table-lamp",))
    plan.dress(
        w * 0.27, WALL - 0.26, h, rng.choice((("vase", "candle-holder"), ("bowl", "vase"), ("clock",))), 0.3
    ) if rng.random() < 0.66 else plan.dress(w * 0.3, WALL - 0.26, h, ("vase",))
    plan.put(plan.pick("rug", lambda p: p.form["silhouette"] == "runner"), 0.0, 0.75, 0.0, 90)
    plan.put(plan.pick("planter"), w / 2 + 0.42, WALL - 0.4)
    plan.put(plan.pick("basket"), -w / 2 - 0.42, WALL - 0.42)
    plan.put(plan.pick("stool", lambda p: p.form["height"] == "low"), -w * 0.3, 0.95)


ROOMS: tuple[tuple[str, Callable[[_Plan], None]], ...] = (
    ("living room", _living),
    ("dining room", _dining),
    ("bedroom", _bedroom),
    ("study", _study),
    ("reading corner", _reading),
    ("hallway", _hall),
)


def draw_rooms(products: Sequence[Product], seed: int) -> list[Scene]:
    """The plans of the forty rooms."""
    out = []
    for i in range(COUNT):
        rng = Random(f"{seed}/room/{i}")
        name, furnish = ROOMS[i % len(ROOMS)]
        style = STYLES[(i * 3 + i // 8) % len(STYLES)]
        plan = _Plan(products, style, rng)
        furnish(plan)
        title = f"{style} {name}"
        out.append(
            Scene(
                f"room-{i + 1:02d}",
                title[0].upper() + title[1:],
                name,
                style,
                rng.choice(WALLS[style]),
                FLOORS[style],
                tuple(plan.placed),
                rng.uniform(-17, 17),
                rng.uniform(9, 14),
            )
        )
    return out
