"""One number of people: storing their events, building the graph, a training pass, a walk, and one person's profile."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from benchmarks.search_index import clustered
from catalog.table import vectors_to_arrow
from taste.events import Event
from taste.factors import FactorSettings
from taste.graph import build_graph, event_edges, sum_edges
from taste.model import train_model
from taste.profile import build_profile
from taste.store import MAX_BATCH, EventStore
from taste.walk import walk, warm_up

ITEMS, THEMES, EVENTS_EACH = 20_000, 50, 12
REPEAT = 40
KINDS: tuple[Literal["view", "click", "save"], ...] = ("view", "view", "click", "save")


def measure(people: int) -> dict[str, float]:
    """Seconds, milliseconds and megabytes for so many people."""
    rng = np.random.default_rng(0)
    themes = rng.integers(0, THEMES, ITEMS)
    of_theme = [np.flatnonzero(themes == theme) for theme in range(THEMES)]
    ids = [f"item-{n}" for n in range(ITEMS)]
    table = pa.table(
        {
            "id": ids,
            "title": ids,
            "category": [[f"theme {theme}"] for theme in themes],
            "v": vectors_to_arrow(clustered(rng, ITEMS)),
        }
    )
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        store = EventStore(f"sqlite:///{path}")
        store_s = 0.0
        for start in range(0, people * EVENTS_EACH, MAX_BATCH):
            count = min(MAX_BATCH, people * EVENTS_EACH - start)
            batch = [_event(rng, start + n, of_theme, ids, now) for n in range(count)]
            began = time.perf_counter()
            store.add(batch)
            store_s += time.perf_counter() - began
        stored = time.perf_counter()
        events = pa.Table.from_batches(list(store.scan()))
        scanned = time.perf_counter()
        edges = sum_edges(event_edges(events, now))
        graph = build_graph(edges, ids)
        built = time.perf_counter()
        settings = FactorSettings(epochs=1)
        model = train_model(table, edges, encoder_version="made", columns=["v"], settings=settings)
        trained = time.perf_counter()
        warm_up()
        walks = _p50_ms(lambda n: walk(graph, rng.integers(0, ITEMS, 5), seed=n))
        asked = [f"u{n}" for n in rng.integers(0, people, REPEAT + 1)]
        profiles = _p50_ms(lambda n: build_profile(asked[n], store.of_person(asked[n]), model, now=now))
        store.close()
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    return {
        "people": people,
        "events": people * EVENTS_EACH,
        "store_s": store_s,
        "scan_s": scanned - stored,
        "graph_s": built - scanned,
        "train_epoch_s": trained - built,
        "walk_p50_ms": walks,
        "read_and_profile_p50_ms": profiles,
        "disk_mb": size / 2**20,
    }


def _event(rng: np.random.Generator, number: int, of_theme: list[np.ndarray], ids: list[str], now: datetime) -> Event:
    """The events of one person are of two themes, the same ones however many people there are."""
    person = number // EVENTS_EACH
    theme = (person * 7 + (number % 2) * 3) % THEMES
    few_are_popular = int(len(of_theme[theme]) * rng.random() ** 2.2)
    return Event.model_construct(
        id=f"e{number}",
        person=f"u{person}",
        kind=KINDS[number % 4],
        item=ids[int(of_theme[theme][few_are_popular])],
        board=None,
        time=now - timedelta(hours=float(rng.random() * 700)),
        visit=None,
    )


def _p50_ms(act: Callable[[int], object]) -> float:
    act(0)
    took = []
    for n in range(1, REPEAT + 1):
        began = time.perf_counter()
        act(n)
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)
