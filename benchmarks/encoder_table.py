"""Smaller vectors in the table: what Matryoshka sizes and storage cost in recall, and save in bytes and time.

Joint vectors of the fashion products, each with nine made-up neighbours (noise of .15), so that the index has something
to do. Recall@10 is against an exact scan of the full float32 vectors; it counts what a shorter or coarser vector loses
and what the index misses alike. Bytes are those of the vectors and of their index on disk.
"""

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from batch.encoder_loop import TrainSettings, train
from benchmarks.encoder_features import fashion_items, features_of, training_items
from benchmarks.report import DATA, print_table
from catalog.encoder import Space, Storage, Vectors, normalise
from catalog.joint import JointHead
from catalog.search import ItemSearch, Probe, SearchSettings
from catalog.table import ItemTable, vectors_to_arrow

COPIES = 10
QUERIES = 200
STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")
SETTINGS = TrainSettings(held_out=0.0, validate_every=10**9, epochs=10)


def measure(quick: bool) -> dict[str, Any]:
    """{size and storage: {recall_at_10, vector_bytes, index_bytes, p50_ms}}."""
    items = fashion_items()[: 2_500 if quick else None]
    features = features_of("fashion", fashion_items(), DATA / "fashion")
    features = replace(features, image=features.image[: len(items)], text=features.text[: len(items)])
    settings = replace(SETTINGS, epochs=1, min_steps=20) if quick else SETTINGS
    training = training_items(items, features)
    head = JointHead(train(training, [], settings).network, "benchmark")
    vectors = _around(head.fuse(features), COPIES)
    rows = np.random.default_rng(1).choice(len(vectors), QUERIES, replace=False)
    scores = torch.from_numpy(vectors[rows]) @ torch.from_numpy(vectors).T
    truth = scores.topk(10).indices.numpy()
    figures = {}
    for size in settings.sizes[::-1]:
        short = normalise(vectors[:, :size])
        for storage in STORAGES:
            figures[f"{size} numbers, {storage}"] = _one(short, storage, rows, truth)
    columns = ["vectors", "recall@10", "bytes a vector", "bytes of index", "p50 ms"]
    print_table(f"{len(vectors):,} items", columns, [[name, *values.values()] for name, values in figures.items()])
    return {"items": len(vectors), "tables": figures}


def _one(vectors: Vectors, storage: Storage, rows: Any, truth: Any) -> dict[str, float]:
    space = Space("joint", vectors.shape[1], frozenset({"image", "text"}), storage)
    with tempfile.TemporaryDirectory() as folder:
        table = ItemTable.open_or_create(folder, "items", "benchmark", [space])
        table.append(_rows(table.schema, space.column, vectors))
        before = _bytes(Path(folder))
        table.index(ann_min_rows=1)
        grown = _bytes(Path(folder)) - before
        hits, latency = asyncio.run(_search(folder, space.column, vectors[rows], truth))
    width = {"float32": 4, "float16": 2, "int8": 2}[storage]
    return {
        "recall_at_10": hits,
        "vector_bytes": float(width * vectors.shape[1]),
        "index_bytes": grown / len(vectors),
        "p50_ms": latency,
    }


async def _search(folder: str, column: str, queries: Vectors, truth: Any) -> tuple[float, float]:
    search = await ItemSearch.open(folder, "items", settings=SearchSettings(columns=("id",)))
    shares, times = [], []
    for vector, wanted in zip(queries, truth, strict=True):
        began = time.perf_counter()
        page = await search.find([Probe("similar", column=column, vector=vector)], limit=10, with_vectors=False)
        times.append((time.perf_counter() - began) * 1000)
        shares.append(len({int(i) for i in page["id"].to_pylist()} & set(wanted.tolist())) / 10)
    return float(np.mean(shares)), float(np.percentile(times, 50))


def _around(vectors: Vectors, copies: int) -> Vectors:
    rng = np.random.default_rng(0)
    spread = 0.15 / np.sqrt(vectors.shape[1]) * rng.standard_normal((copies - 1, *vectors.shape), dtype=np.float32)
    return normalise(np.concatenate([vectors, *(vectors + noise for noise in spread)]))


def _rows(schema: pa.Schema, column: str, vectors: Vectors) -> pa.Table:
    ids = pa.array([str(i) for i in range(len(vectors))])
    empty = pa.array([""] * len(vectors))
    known = {"id": ids, "title": ids, "description": empty, "words": empty, column: vectors_to_arrow(vectors)}
    columns = [known[field.name] if field.name in known else pa.nulls(len(vectors), field.type) for field in schema]
    return pa.table(columns, names=schema.names)


def _bytes(folder: Path) -> int:
    """Size of the vector indexes and data; scalar and text indexes over constants weigh next to nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
