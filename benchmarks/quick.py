"""`python -m benchmarks --quick`: every benchmark in a small size, to see that it runs and that no ratio has collapsed.

Floors are far below what is measured in full, so that a slow or busy machine passes and a broken part does not.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.report import print_table

Figures = dict[str, Any]


@dataclass(frozen=True)
class Floor:
    """A figure that may not fall below `least`, taken from what a benchmark returns."""

    says: str
    least: float
    of: Callable[[Figures], float]


@dataclass(frozen=True)
class Check:
    """A benchmark in a small size, and what must hold of it."""

    run: Callable[[], Figures]
    floors: tuple[Floor, ...]


def run_quick(names: list[str]) -> list[str]:
    """Run checks by name and print what came of them; what failed, in words. Data that is not here skips its check."""
    rows: list[tuple[object, ...]] = []
    failed: list[str] = []
    for name in names:
        began = time.monotonic()
        try:
            figures = CHECKS[name].run()
        except FileNotFoundError as error:
            rows.append((name, f"skipped: {error}", "", "", ""))
            continue
        for floor in CHECKS[name].floors:
            value = floor.of(figures)
            good = value >= floor.least
            rows.append((name, floor.says, value, floor.least, "yes" if good else "NO"))
            if not good:
                failed.append(f"{name}: {floor.says} is {value:.3g}, at least {floor.least:g}")
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    print_table("quick benchmarks", ["benchmark", "figure", "value", "at least", "holds"], rows)
    return failed


def _precompute() -> Figures:
    from benchmarks.precompute import plain_loop
    from catalog.demo.load import items_path
    from catalog.sources import open_source

    rate, stages = plain_loop(open_source(f"jsonl:{items_path()}"), 1, 64)
    return {"images_per_s": rate, "encode_share": stages["encode"] / sum(stages.values())}


def _search_index() -> Figures:
    from benchmarks.search_index import run

    return run(quick=True)["searches"]


def _search_peers() -> Figures:
    from benchmarks.search_peers import measure

    return measure(5_000, 30)["searches"]


def _search_relevance() -> Figures:
    import asyncio
    import tempfile

    from benchmarks.search_relevance import measure_demo
    from catalog.encoder import Encoder, load_base_encoder

    with tempfile.TemporaryDirectory() as folder:
        return dict(asyncio.run(measure_demo(folder, Encoder(load_base_encoder("packaged")))))


def _search_http() -> Figures:
    import tempfile

    from benchmarks.search_http import make_release, measure
    from catalog.release import ReleaseStore

    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        store = ReleaseStore(folder)
        make_release(store, 500)
        return measure(store, {}, 1.0)


def _growth() -> Figures:
    from benchmarks.growth import Section, run

    return {section.value: run(section, (500, 4_000)) for section in Section}


def _encoder() -> Figures:
    from benchmarks.encoder import MEASURES, Section

    return MEASURES[Section.ROOMS](True)["hit_at_10"]


def _taste_rooms() -> Figures:
    from benchmarks.taste_rooms import complete_the_room

    return complete_the_room(True)["methods"]


def _taste_speed() -> Figures:
    from benchmarks.taste_speed import measure

    return measure(True)


def _navigator() -> Figures:
    from benchmarks.navigator_latency import flops_table

    return flops_table()


def _at(*keys: str) -> Callable[[Figures], float]:
    def of(figures: Figures) -> float:
        found: Any = figures
        for key in keys:
            found = found[int(key)] if isinstance(found, list) else found[key]
        return float(found)

    return of


def _over(above: tuple[str, ...], below: tuple[str, ...], figures: Figures) -> float:
    return _at(*above)(figures) / max(_at(*below)(figures), 1e-9)


CHECKS: dict[str, Check] = {
    "precompute": Check(_precompute, (Floor("pictures a second, plain loop", 2, _at("images_per_s")),)),
    "search_index": Check(
        _search_index,
        (
            Floor("recall@10 of IVF-PQ", 0.9, _at("IVF-PQ, 40 probes, refine 10", "recall_at_10")),
            Floor(
                "exact scan over IVF-PQ, p50",
                0.3,
                partial(_over, ("exact scan", "p50_ms"), ("IVF-PQ, 40 probes, refine 10", "p50_ms")),
            ),
        ),
    ),
    "search_peers": Check(
        _search_peers,
        (Floor("recall@10 against faiss", 0.99, _at("Windowshop (LanceDB, on disk), exact", "recall_at_10")),),
    ),
    "search_relevance": Check(
        _search_relevance,
        (
            Floor("demo recall@10, fused", 0.8, _at("fused, full text weighing 3")),
            Floor(
                "fused over meaning alone", 1.1, partial(_over, ("fused, full text weighing 3",), ("meaning alone",))
            ),
        ),
    ),
    "search_http": Check(
        _search_http,
        (
            Floor("empty app over search, p50", 0.08, partial(_over, ("empty_1", "p50_ms"), ("search_1", "p50_ms"))),
            Floor("searches a second, 8 clients", 5, _at("search_8", "per_s")),
        ),
    ),
    "growth": Check(
        _growth,
        (
            Floor(
                "500 over 4,000 items, a search",
                0.05,
                partial(_over, ("items", "0", "vector_p50_ms"), ("items", "1", "vector_p50_ms")),
            ),
            Floor(
                "500 over 4,000 people, a profile",
                0.3,
                partial(_over, ("people", "0", "read_and_profile_p50_ms"), ("people", "1", "read_and_profile_p50_ms")),
            ),
        ),
    ),
    "encoder": Check(
        _encoder,
        (
            Floor(
                "head over off-the-shelf picture",
                1.2,
                partial(_over, ("head", "all"), ("off-the-shelf picture", "all")),
            ),
        ),
    ),
    "taste": Check(
        _taste_speed,
        (
            Floor(
                "a second over ranking 500",
                5,
                lambda found: 1e3 / found["timings"]["rank 500 candidates of 256 dimensions"]["p50_ms"],
            ),
            Floor("visits a second of CPU time", 1e5, _at("walk", "sources", "1", "visits_per_cpu_s")),
        ),
    ),
    "taste_rooms": Check(
        _taste_rooms,
        (
            Floor(
                "over pictures alone, recall@10",
                1.5,
                partial(_over, ("Windowshop", "recall@10"), ("pictures alone", "recall@10")),
            ),
        ),
    ),
    "navigator": Check(
        _navigator,
        (
            Floor("8B, 8 products of 512 × 512: times the arithmetic", 5, _at("8B 512x512 8 products", "turn_ratio")),
            Floor("2B, 8 products, first token", 15, _at("2B 512x512 8 products", "first_token_ratio")),
        ),
    ),
}
"""In the order of running. `chat`, and the engine and clock of `navigator`, take minutes: in full only."""
