"""One size of catalogue: writing the table, indexing it, and searching it by vector, by words and with a filter."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.search_index import SPACE, clustered, timed_calls
from catalog.filters import Filters
from catalog.search import ItemSearch, Probe
from catalog.table import ItemTable, vectors_to_arrow

BATCH = 20_000
QUERIES = 60
COLORS = ("red", "blue", "green", "black", "white", "walnut", "oak", "brass", "grey", "pink")
KINDS = ("sofa", "chair", "lamp", "table", "rug", "bed", "shelf", "mirror", "vase", "stool")
MATERIALS = ("velvet", "leather", "linen", "steel", "glass", "rattan", "wool", "marble", "cotton", "ceramic")


def measure(items: int) -> dict[str, float]:
    """Seconds, milliseconds and megabytes for a table of so many items."""
    with tempfile.TemporaryDirectory() as folder:
        table = ItemTable.open_or_create(folder, "items", "made", (SPACE,))
        write_s = 0.0
        for start in range(0, items, BATCH):
            rows = _rows(table.schema, start, min(BATCH, items - start))
            began = time.perf_counter()
            table.append(rows)
            write_s += time.perf_counter() - began
        began = time.perf_counter()
        table.index()
        index_s = time.perf_counter() - began
        found = asyncio.run(_search(folder))
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    return {
        "items": items,
        "write_s": write_s,
        "index_s": index_s,
        **found,
        "disk_mb": size / 2**20,
    }


async def _search(folder: str) -> dict[str, float]:
    search = await ItemSearch.open(folder, "items")
    vectors = clustered(np.random.default_rng(7), QUERIES)
    words = [f"{COLORS[n % 10]} {MATERIALS[n // 7 % 10]} {KINDS[n // 3 % 10]}" for n in range(QUERIES)]
    filters = [Filters(colors=(COLORS[n % 10],), price_max=100.0) for n in range(QUERIES)]

    def ask(probe: Probe, wanted: Filters | None = None) -> Callable[[], Awaitable[list[str]]]:
        async def one() -> list[str]:
            page = await search.find([probe], wanted, limit=24, with_vectors=False)
            ids: list[str] = page["id"].to_pylist()
            return ids

        return one

    alike = [Probe("similar", column=SPACE.column, vector=vector) for vector in vectors]
    ways = {
        "vector": [ask(probe) for probe in alike],
        "words": [ask(Probe("words", text=text)) for text in words],
        "filtered": [ask(probe, wanted) for probe, wanted in zip(alike, filters, strict=True)],
    }
    found: dict[str, float] = {}
    for name, calls in ways.items():
        for call in calls[:5]:
            await call()
        _, times = await timed_calls(calls)
        found |= {f"{name}_p50_ms": times["p50_ms"], f"{name}_p99_ms": times["p99_ms"]}
    return found


def _rows(schema: pa.Schema, start: int, count: int) -> pa.Table:
    rng = np.random.default_rng(start + 2)
    color, kind, material = (np.array(words)[rng.integers(0, 10, count)] for words in (COLORS, KINDS, MATERIALS))
    titles = [f"{c} {m} {k}" for c, m, k in zip(color, material, kind, strict=True)]
    known = {
        "id": pa.array([f"m{start + i}" for i in range(count)]),
        "title": pa.array(titles),
        "description": pa.array([""] * count),
        "category": pa.array([[k] for k in kind.tolist()]),
        "price": pa.array(rng.gamma(2.0, 120.0, count)),
        "colors": pa.array([[c] for c in color.tolist()]),
        "facets": pa.array([[f"color:{c}", f"category:{k}"] for c, k in zip(color, kind, strict=True)]),
        "words": pa.array(titles),
        SPACE.column: vectors_to_arrow(clustered(rng, count)),
    }
    columns = [known[field.name] if field.name in known else pa.nulls(count, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)
