"""One size of catalogue: opening its taste model, and a feed and company for an item from it."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.memory import peak_mb
from serve_app.taste_shelf import WholeTaste
from taste.complements import complements
from taste.events import Event
from taste.explore import propose
from taste.factors import Factors, FactorSettings
from taste.graph import TasteGraph, make_links
from taste.model import EXACT_ITEMS, TasteModel
from taste.names import Rows
from taste.nearest import build_index
from taste.profile import build_profile
from taste.together import Together
from taste.walk import warm_up

THEMES, EVENTS, NEIGHBOURS, REPEAT = 400, 60, 20, 20


def measure(items: int) -> dict[str, float]:
    """Seconds, milliseconds and megabytes for a catalogue of so many items."""
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # its memory is not the scorer's
            pool.submit(make_model, items, folder).result()
        warm_up()
        before, began = peak_mb(), time.perf_counter()
        model = TasteModel.load(folder)
        WholeTaste(model)
        opened = time.perf_counter() - began
        people = [build_profile("p", made_history(model, theme), model, now=datetime.now(UTC)) for theme in range(8)]
        feed = _p50(lambda n: propose(model, people[n % 8], count=160, seed=n))
        company = _p50(lambda n: complements(model, model.items[(n * 7919) % items]))
        read_mb = peak_mb() - before
        return {
            "items": items,
            "open_s": opened,
            "read_mb": read_mb,
            "propose_p50_ms": feed[0],
            "propose_cpu_ms": feed[1],
            "goes_with_p50_ms": company[0],
            "recall_at_160": statistics.mean(_recall(model, i.vector) for p in people for i in p.active),
        }


def make_model(items: int, folder: str) -> None:
    """A model of `items` in themes: what is of one theme is alike, and boards hold things of two."""
    rng = np.random.default_rng(0)
    dim = FactorSettings().dim
    centres = rng.normal(size=(THEMES, dim)).astype(np.float32)
    outputs = centres[np.arange(items) % THEMES] + rng.normal(0, 0.7, (items, dim)).astype(np.float32)
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    bias = rng.gumbel(size=items).astype(np.float32)
    maps = np.zeros((1, dim), np.float32)
    ids = [f"item-{n:09d}" for n in range(items)]
    index = build_index(outputs, bias) if items > EXACT_ITEMS else None
    neighbours = rng.integers(0, items, items * NEIGHBOURS).astype(np.int32)
    boards = np.repeat(np.arange(items // 10 + 1), 10)[:items]
    board_items = (rng.integers(0, items // THEMES + 1, items) * THEMES + boards % THEMES) % items
    weights = np.ones(items, np.float32)
    TasteModel(
        encoder_version="made",
        columns=("v",),
        items=ids,
        kinds=[f"kind {n % 26}" for n in range(items)],
        titles=[f"Thing {n}" for n in range(items)],
        factors=Factors(outputs, outputs, bias, maps, maps, maps[0, :1], 0.0, 0.1),
        together=Together(np.arange(items + 1) * NEIGHBOURS, neighbours, np.ones(len(neighbours), np.float32)),
        graph=TasteGraph(
            ids,
            {"boards": [f"b{n}" for n in range(items // 10 + 1)], "concepts": [f"style:{n}" for n in range(THEMES)]},
            {
                "people": make_links(board_items, boards, weights, items, len(boards)),
                "boards": make_links(board_items, boards, weights, items, items // 10 + 1),
                "concepts": make_links(np.arange(items), np.arange(items) % THEMES, weights, items, THEMES),
            },
        ),
        rows=Rows.of(ids),
        nearest=index,
    ).save(Path(folder))


def made_history(model: TasteModel, theme: int) -> list[Event]:
    """Saves of things of two themes."""
    now = datetime.now(UTC)
    return [
        Event(
            id=f"e{n}",
            person="p",
            kind="save",
            item=model.items[(theme * 3 + n % 2 + n * THEMES) % len(model.items)],
            time=now - timedelta(hours=EVENTS - n),
        )
        for n in range(EVENTS)
    ]


def _recall(model: TasteModel, vector: np.ndarray, count: int = 160) -> float:
    """Share of the best items for an interest that are found."""
    f = model.factors
    best = np.argsort(-f.score(vector, f.outputs, f.bias), kind="stable")[:count]
    found, _ = model.best(vector, count, np.empty(0, np.int64))
    return float(np.isin(best, found).mean())


def _p50(act: Callable[[int], object]) -> tuple[float, float]:
    """Milliseconds of the clock and of the processor."""
    act(0)
    clock, cpu = [], []
    for n in range(1, REPEAT + 1):
        began, began_cpu = time.perf_counter(), time.process_time()
        act(n)
        clock.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return 1e3 * statistics.median(clock), 1e3 * statistics.median(cpu)
