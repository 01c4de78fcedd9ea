"""A small made-up shop: four styles of six kinds of things, people with one or two styles, boards that are rooms."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from taste.events import Event
from taste.factors import FactorSettings
from taste.graph import board_edges, concept_edges, event_edges, sum_edges
from taste.model import TasteModel, train_model
from taste.store import EVENT_SCHEMA

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STYLES = ("Japandi", "Industrial", "Boho", "Classic")
KINDS = ("Sofas", "Lamps", "Rugs", "Tables", "Chairs", "Vases")
PER_CELL = 10
DIM = 32
ENCODER = "test-encoder-v1"
SETTINGS = FactorSettings(dim=24, epochs=6, batch=64)


@dataclass(frozen=True, eq=False, repr=False)
class World:
    items: pa.Table
    boards: pa.Table
    events: pa.Table
    edges: pa.Table
    model: TasteModel

    def content(self, style: str, kind: str, seed: int = 0) -> np.ndarray:
        """The vector of one more thing of a style and kind."""
        return _look(style, kind, np.random.default_rng(10_000 + seed))


def item_id(style: str, kind: str, number: int) -> str:
    return f"{style}-{kind}-{number}"


def act(number: int, item: str, *, kind: str = "save", days: float = 0.0, visit: str | None = None, person="ana"):
    return Event(id=f"e{number}", person=person, kind=kind, item=item, time=NOW - timedelta(days=days), visit=visit)


_DIRECTIONS = np.random.default_rng(1).normal(size=(len(STYLES) + len(KINDS), DIM))
_DIRECTIONS /= np.linalg.norm(_DIRECTIONS, axis=1, keepdims=True)


def _look(style: str, kind: str, random: np.random.Generator) -> np.ndarray:
    vector = _DIRECTIONS[STYLES.index(style)] + _DIRECTIONS[len(STYLES) + KINDS.index(kind)]
    vector = vector + random.normal(0, 0.06, DIM)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def make_world(seed: int = 0) -> World:
    random = np.random.default_rng(seed)
    rows, vectors = [], []
    for style in STYLES:
        for kind in KINDS:
            for number in range(PER_CELL):
                rows.append(
                    {
                        "id": item_id(style, kind, number),
                        "title": f"{style} {kind[:-1].lower()} {number}",
                        "category": ["Home", kind],
                        "styles": [style],
                    }
                )
                vectors.append(_look(style, kind, random))
    flat = pa.array(np.concatenate(vectors))
    items = pa.Table.from_pylist(rows).append_column("joint_vector", pa.FixedSizeListArray.from_arrays(flat, DIM))
    boards = [
        {"board": f"room-{b}", "item": item_id(STYLES[b % 4], kind, int(random.integers(PER_CELL)))}
        for b in range(60)
        for kind in KINDS
    ]
    events = []
    for person in range(150):
        likes = random.choice(4, size=1 + person % 2, replace=False)
        for _ in range(12):
            item = item_id(STYLES[random.choice(likes)], KINDS[random.integers(6)], int(random.integers(PER_CELL)))
            when = NOW - timedelta(days=float(random.uniform(0, 40)))
            events.append(
                {"person": f"p{person}", "kind": "save", "item": item, "board": None, "time": when, "visit": None}
            )
    boards, events = pa.Table.from_pylist(boards), pa.Table.from_pylist(events, schema=EVENT_SCHEMA)
    edges = sum_edges(pa.concat_tables([event_edges(events, NOW), board_edges(boards), concept_edges(items)]))
    model = train_model(items, edges, encoder_version=ENCODER, columns=["joint_vector"], settings=SETTINGS)
    return World(items, boards, events, edges, model)
