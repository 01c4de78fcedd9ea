"""The vector index against exact search: recall@10 and latency, side by side, on made vectors.

Vectors are drawn around cluster centres (a mixture with a heavy tail of cluster sizes), since real embeddings are
clustered and uniform noise would flatter no index and resemble no catalogue. Queries are fresh draws from the mixture.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from benchmarks.report import print_table, write_results
from catalog.encoder import Space, Vectors, normalise
from catalog.search import ItemSearch, Probe, SearchSettings
from catalog.table import ItemTable, vectors_to_arrow

DIM = 256
SPACE = Space("joint", DIM, frozenset({"text", "image"}))
BATCH = 50_000
SETTINGS = (
    SearchSettings(nprobes=20, refine_factor=10),
    SearchSettings(),
    SearchSettings(nprobes=80, refine_factor=20),
)


def run(rows: int = 1_000_000, queries: int = 200, quick: bool = False) -> dict[str, Any]:
    """Build the table, search it both ways, print and keep the figures."""
    if quick:
        rows, queries = 30_000, 50
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(folder, rows, queries))
    table = [[name, *values.values()] for name, values in figures["searches"].items()]
    print_table(f"{rows:,} vectors of {DIM} dimensions", ["search", "recall@10", "p50 ms", "p99 ms"], table)
    if not quick:
        write_results("search_index", {"vector_index": figures})
    return figures


async def _measure(folder: str, rows: int, queries: int) -> dict[str, Any]:
    centres = _centres(np.random.default_rng(1))
    table = ItemTable.open_or_create(folder, "items", "made", (SPACE,))
    started = time.perf_counter()
    for start in range(0, rows, BATCH):
        vectors = _draw(np.random.default_rng(start + 2), centres, min(BATCH, rows - start))
        table.append(made_rows(table.schema, start, vectors))
    written = time.perf_counter()
    table.index()
    indexed = time.perf_counter()
    probes = _draw(np.random.default_rng(7), centres, queries)
    searches: dict[str, dict[str, float]] = {}
    exact = await ItemSearch.open(folder, "items", settings=SearchSettings(exact=True))
    truth, searches["exact scan"] = await _timed(exact, probes[: max(30, queries // 4)])
    searches["exact scan"] = {"recall_at_10": 1.0, **searches["exact scan"]}
    for settings in SETTINGS:
        search = await ItemSearch.open(folder, "items", settings=settings)
        found, latency = await _timed(search, probes)
        recall = float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(truth, found, strict=False)]))
        name = f"IVF-PQ, {settings.nprobes} probes, refine {settings.refine_factor}"
        searches[name] = {"recall_at_10": recall, **latency}
    return {"rows": rows, "write_s": written - started, "index_s": indexed - written, "searches": searches}


async def _timed(search: ItemSearch, probes: Vectors) -> tuple[list[list[str]], dict[str, float]]:
    async def one(vector: Vectors) -> list[str]:
        page = await search.find([Probe("similar", column=SPACE.column, vector=vector)], limit=10, with_vectors=False)
        return page["id"].to_pylist()

    for vector in probes[:10]:
        await one(vector)
    return await timed_calls([_bind(one, vector) for vector in probes])


def _bind(call: Callable[[Vectors], Awaitable[list[str]]], vector: Vectors) -> Callable[[], Awaitable[list[str]]]:
    return lambda: call(vector)


async def timed_calls(calls: Sequence[Callable[[], Awaitable[list[str]]]]) -> tuple[list[list[str]], dict[str, float]]:
    """Run calls one after another; their results, and p50 and p99 in milliseconds."""
    results, times = [], []
    for call in calls:
        started = time.perf_counter()
        results.append(await call())
        times.append((time.perf_counter() - started) * 1000)
    return results, {"p50_ms": float(np.percentile(times, 50)), "p99_ms": float(np.percentile(times, 99))}


def clustered(rng: np.random.Generator, n: int) -> Vectors:
    """float32 [n, DIM]: a draw from the mixture that all of these benchmarks share."""
    return _draw(rng, _centres(np.random.default_rng(1)), n)


def _centres(rng: np.random.Generator) -> Vectors:
    return normalise(rng.standard_normal((2000, DIM)).astype(np.float32))


def _draw(rng: np.random.Generator, centres: Vectors, n: int) -> Vectors:
    weights = 1 / np.arange(1, len(centres) + 1) ** 0.7
    which = rng.choice(len(centres), size=n, p=weights / weights.sum())
    noise = rng.standard_normal((n, DIM), dtype=np.float32) / np.sqrt(DIM)
    return normalise(centres[which] + 0.7 * noise)


def made_rows(schema: pa.Schema, start: int, vectors: Vectors) -> pa.Table:
    n = len(vectors)
    names = pa.array([f"m{start + i}" for i in range(n)])
    known = {
        "id": names,
        "title": names,
        "description": pa.array([""] * n),
        "words": pa.array([""] * n),
        SPACE.column: vectors_to_arrow(vectors),
    }
    columns = [known[field.name] if field.name in known else pa.nulls(n, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def main(
    rows: Annotated[int, typer.Option(help="Vectors in the table.")] = 1_000_000,
    queries: Annotated[int, typer.Option(help="Queries per setting.")] = 200,
    quick: Annotated[bool, typer.Option(help="30,000 vectors, to see that it runs.")] = False,
) -> None:
    """Recall and latency of the vector index against exact search."""
    run(rows, queries, quick)


if __name__ == "__main__":
    typer.run(main)
