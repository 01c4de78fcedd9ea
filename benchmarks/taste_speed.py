"""How fast: scoring 500 candidates, a profile, a walk over ten million edges; how large a person is in the database."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.report import print_table
from taste.events import Event
from taste.explore import propose
from taste.factors import FactorSettings
from taste.graph import TasteGraph, board_edges, make_links, sum_edges
from taste.model import TasteModel, train_model
from taste.profile import build_profile
from taste.rank import rank
from taste.store import EventStore
from taste.walk import walk, warm_up

ITEMS, DIM, PER_BOARD = 20_000, 256, 12
EVENTS_PER_PERSON = 200


def measure(quick: bool) -> dict[str, Any]:
    """All timings; each is the median over repetitions, after a warm-up."""
    warm_up()
    random = np.random.default_rng(0)
    model, table = _shop(random, ITEMS // (10 if quick else 1))
    now = datetime.now(UTC)
    history = _history(random, model, now)
    profile = build_profile("p", history, model, now=now)
    candidates = table.take(random.choice(table.num_rows, 500, replace=False))
    repeat = 5 if quick else 50
    timings = {
        f"rank 500 candidates of {DIM} dimensions": _timed(lambda: rank(candidates, model, profile), repeat),
        f"profile from {EVENTS_PER_PERSON} events": _timed(lambda: build_profile("p", history, model, now=now), repeat),
        f"propose 300 of {len(model.items)} items": _timed(lambda: propose(model, profile), repeat),
        **_events(history, repeat),
    }
    walks = _walk(random, 1_000_000 if quick else 10_000_000, repeat)
    print_table(
        "in process",
        ["what", "p50 ms", "p99 ms", "p50 CPU ms"],
        [[name, *row.values()] for name, row in timings.items()],
    )
    print_table(
        f"walk over {walks['edges']} edges",
        ["sources", "p50 ms", "p99 ms", "p50 CPU ms", "visits", "visits/s of the clock", "visits/s of CPU time"],
        [[name, *row.values()] for name, row in walks["sources"].items()],
    )
    return {"timings": timings, "walk": walks, "person": _person_bytes(history)}


def _timed(act: Callable[[], object], repeat: int) -> dict[str, float]:
    act()
    clock, cpu = [], []
    for _ in range(repeat):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        act()
        clock.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - begin_cpu)
    return {
        "p50_ms": 1e3 * statistics.median(clock),
        "p99_ms": 1e3 * float(np.quantile(clock, 0.99)),
        "p50_cpu_ms": 1e3 * statistics.median(cpu),
    }


def _shop(random: np.random.Generator, count: int) -> tuple[TasteModel, pa.Table]:
    """A catalogue of random looks around 50 themes, and boards that each hold things of one theme."""
    themes = random.normal(size=(50, DIM))
    of = random.integers(0, 50, count)
    looks = themes[of] + random.normal(0, 1, (count, DIM))
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    ids = [f"item-{n}" for n in range(count)]
    columns = {
        "id": pa.array(ids),
        "title": pa.array(ids),
        "category": pa.array([["things"]] * count),
        "v": pa.FixedSizeListArray.from_arrays(pa.array(looks.astype(np.float32).ravel()), DIM),
    }
    members = [random.choice(np.flatnonzero(of == n % 50), PER_BOARD) for n in range(count // 10)]
    boards = pa.table(
        {
            "board": np.repeat([f"b{n}" for n in range(len(members))], PER_BOARD),
            "item": [ids[n] for n in np.concatenate(members)],
        }
    )
    table = pa.table(columns)
    edges = sum_edges(board_edges(boards))
    settings = FactorSettings(epochs=1)
    return train_model(table, edges, encoder_version="made", columns=["v"], settings=settings), table


def _history(random: np.random.Generator, model: TasteModel, now: datetime) -> list[Event]:
    rows = random.choice(len(model.items), EVENTS_PER_PERSON)
    return [
        Event(
            id=f"{random.bytes(16).hex()}",
            person="p",
            kind="click",
            item=model.items[row],
            time=now - timedelta(hours=float(EVENTS_PER_PERSON - n)),
            visit=f"visit-{n // 10}",
        )
        for n, row in enumerate(rows)
    ]


def _events(history: list[Event], repeat: int) -> dict[str, dict[str, float]]:
    """From an event to its being part of the next profile's input, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        store = EventStore(f"sqlite:///{Path(folder) / 'events.db'}")
        store.add(history)
        number = iter(range(10**9))

        def act() -> None:
            event = history[0].model_copy(update={"id": f"new-{next(number)}", "time": datetime.now(UTC)})
            store.add([event])
            store.of_person("p", limit=EVENTS_PER_PERSON)

        timing = _timed(act, repeat)
        store.close()
    return {f"store one event durably and read {EVENTS_PER_PERSON} back": timing}


def _person_bytes(history: list[Event]) -> dict[str, float]:
    """Disk that a person takes: events only; nothing is kept between requests."""
    people = 100
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        store = EventStore(f"sqlite:///{path}")
        for person in range(people):
            store.add([event.model_copy(update={"person": f"person-{person}"}) for event in history])
        store.close()
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    per_person = size / people
    print_table("a person", ["events", "bytes on disk", "bytes kept in memory"], [[len(history), per_person, 0]])
    return {"events": len(history), "disk_bytes": per_person, "memory_bytes_between_requests": 0}


def _walk(random: np.random.Generator, edges: int, repeat: int) -> dict[str, Any]:
    items, people, boards = edges * 3 // 100, edges // 20, edges // 100

    def some(count: int, size: int) -> np.ndarray:
        """Few are popular: densities fall as a power."""
        rows: np.ndarray = (count * random.random(size) ** 2.2).astype(np.int32)
        return rows

    def links(count: int, size: int) -> Any:
        weights = random.random(size).astype(np.float32) + 0.1
        return make_links(some(items, size), some(count, size), weights, items, count)

    begin = time.perf_counter()
    graph = TasteGraph(
        [str(n) for n in range(items)],
        {},
        {
            "people": links(people, edges * 8 // 10),
            "boards": links(boards, edges * 15 // 100),
            "concepts": links(500, edges // 20),
        },
    )
    build_s = time.perf_counter() - begin
    sources: dict[str, dict[str, float]] = {}
    for count in (1, 5, 20):
        visits: list[int] = []
        starts = [random.integers(0, items, count) for _ in range(repeat + 1)]
        queue = iter(starts)

        def act(queue: Any = queue, visits: list[int] = visits) -> None:
            visits.append(walk(graph, next(queue)).steps)

        timing = _timed(act, repeat)
        made = statistics.mean(visits)
        sources[str(count)] = {
            **timing,
            "visits": made,
            "visits_per_s": made / timing["p50_ms"] * 1e3,
            "visits_per_cpu_s": made / timing["p50_cpu_ms"] * 1e3,
        }
    return {"edges": edges, "items": items, "build_s": build_s, "sources": sources}
