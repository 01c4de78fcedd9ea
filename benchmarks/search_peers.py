"""Vector search beside libraries that do nothing else: `python -m benchmarks.search_peers`.

The same vectors and queries, one query at a time, on the same machine and with the same number of threads: LanceDB as
Windowshop uses it, faiss (exact, IVF-PQ with refinement, HNSW) and hnswlib. Settings are each library's usual ones at
a recall near the others'. The libraries keep all vectors in memory; LanceDB reads a table on disk that has words,
filters, updates and versions besides.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import peers
from benchmarks.report import print_table, write_results
from benchmarks.search_index import BATCH, DIM, SPACE, clustered, made_rows, timed_calls
from catalog.encoder import Vectors
from catalog.search import ItemSearch, Probe, SearchSettings
from catalog.table import ItemTable

THREADS = 2
FOUND = 10
Ask = Callable[[Vectors], list[int]]
"""One query [DIM] → rows of the nearest, best first."""


def measure(rows: int, queries: int, seconds: float = 240.0) -> dict[str, Any]:
    """Build and search each way: seconds to build, recall@10 against faiss' exact search, p50 and p99 in ms, MB.

    Args:
        seconds: an index that takes longer to build is the last one.
    """
    versions = peers.install("faiss", "hnswlib")
    vectors = np.concatenate(
        [clustered(np.random.default_rng(start + 2), min(BATCH, rows - start)) for start in range(0, rows, BATCH)]
    )
    asked = clustered(np.random.default_rng(7), queries)
    figures: dict[str, dict[str, float]] = {}
    truth: list[list[int]] = []
    began = time.monotonic()
    for name, make in _libraries().items():
        started = time.perf_counter()
        ask, megabytes = make(vectors)
        built = time.perf_counter() - started
        found, times = _timed(ask, asked)
        truth = truth or found
        figures[name] = {"build_s": built, "recall_at_10": _recall(truth, found), **times, "mb": megabytes}
        print(name, {key: round(value, 3) for key, value in figures[name].items()}, flush=True)
        if time.monotonic() - began > seconds:
            break
    figures |= _lancedb(vectors, asked, truth)
    return {"rows": rows, "queries": queries, "threads": THREADS, "versions": versions, "searches": figures}


def _libraries() -> dict[str, Callable[[Vectors], tuple[Ask, float]]]:
    return {
        "faiss, exact": _faiss_exact,
        "faiss, IVF-PQ, 40 probes, refine 10": _faiss_ivf_pq,
        "faiss, HNSW, M 32, ef 64": _faiss_hnsw,
        "hnswlib, M 32, ef 64": _hnswlib,
    }


def _faiss_exact(vectors: Vectors) -> tuple[Ask, float]:
    import faiss

    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    return _faiss_ask(index), _faiss_mb(index)


def _faiss_ivf_pq(vectors: Vectors) -> tuple[Ask, float]:
    """As many codes of a byte, partitions and probes as LanceDB has."""
    import faiss

    faiss.omp_set_num_threads(THREADS)
    coarse = faiss.IndexFlatIP(DIM)
    lists = max(1, round(len(vectors) ** 0.5))
    index = faiss.IndexIVFPQ(coarse, DIM, lists, DIM // 4, 8, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[: 256 * lists])
    refined = faiss.IndexRefineFlat(index)
    refined.add(vectors)
    refined.k_factor = 10
    index.nprobe = 40
    return _faiss_ask(refined), _faiss_mb(refined)


def _faiss_hnsw(vectors: Vectors) -> tuple[Ask, float]:
    import faiss

    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexHNSWFlat(DIM, 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    index.hnsw.efSearch = 64
    index.add(vectors)
    return _faiss_ask(index), _faiss_mb(index)


def _hnswlib(vectors: Vectors) -> tuple[Ask, float]:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=DIM)
    index.init_index(max_elements=len(vectors), ef_construction=200, M=32)
    index.set_num_threads(THREADS)
    index.add_items(vectors, np.arange(len(vectors)))
    index.set_ef(64)
    return (lambda query: index.knn_query(query[None], k=FOUND)[0][0].tolist()), index.index_file_size() / 2**20


def _lancedb(vectors: Vectors, asked: Vectors, truth: list[list[int]]) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        table = ItemTable.open_or_create(folder, "items", "made", (SPACE,))
        started = time.perf_counter()
        for start in range(0, len(vectors), BATCH):
            table.append(made_rows(table.schema, start, vectors[start : start + BATCH]))
        table.index()
        built = time.perf_counter() - started
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 2**20
        ways = {"exact": SearchSettings(exact=True), "IVF-PQ, 40 probes, refine 10": SearchSettings()}
        figures = {}
        for name, settings in ways.items():
            found, times = asyncio.run(_ask_lancedb(folder, settings, asked))
            row = {"build_s": built, "recall_at_10": _recall(truth, found), **times, "mb": size}
            figures[f"Windowshop (LanceDB, on disk), {name}"] = row
            print(name, {key: round(value, 3) for key, value in row.items()}, flush=True)
    return figures


async def _ask_lancedb(
    folder: str, settings: SearchSettings, asked: Vectors
) -> tuple[list[list[int]], dict[str, float]]:
    search = await ItemSearch.open(folder, "items", settings=settings)

    async def one(vector: Vectors) -> list[str]:
        page = await search.find(
            [Probe("similar", column=SPACE.column, vector=vector)], limit=FOUND, with_vectors=False
        )
        ids: list[str] = page["id"].to_pylist()
        return ids

    for vector in asked[:10]:
        await one(vector)
    found, times = await timed_calls([lambda vector=vector: one(vector) for vector in asked])  # type: ignore[misc]
    return [[int(item.removeprefix("m")) for item in ids] for ids in found], times


def _timed(ask: Ask, asked: Vectors) -> tuple[list[list[int]], dict[str, float]]:
    for query in asked[:10]:
        ask(query)
    found, times = [], []
    for query in asked:
        started = time.perf_counter()
        found.append(ask(query))
        times.append((time.perf_counter() - started) * 1e3)
    return found, {"p50_ms": float(np.percentile(times, 50)), "p99_ms": float(np.percentile(times, 99))}


def _recall(truth: list[list[int]], found: list[list[int]]) -> float:
    return float(np.mean([len(set(a) & set(b)) / FOUND for a, b in zip(truth, found, strict=True)]))


def _faiss_ask(index: Any) -> Ask:
    return lambda query: index.search(query[None], FOUND)[1][0].tolist()


def _faiss_mb(index: Any) -> float:
    import faiss

    return float(faiss.serialize_index(index).nbytes / 2**20)


def main(
    rows: Annotated[int, typer.Option(help="Vectors.")] = 100_000,
    queries: Annotated[int, typer.Option(help="Queries, one after the other.")] = 200,
) -> None:
    """Measure, print, and write docs/results/search_peers.json."""
    figures = measure(rows, queries)
    table = [[name, *row.values()] for name, row in figures["searches"].items()]
    print_table(f"{rows:,} vectors", ["search", "build s", "recall@10", "p50 ms", "p99 ms", "MB"], table)
    write_results("search_peers", {"peers": figures})


if __name__ == "__main__":
    typer.run(main)
