"""Ids in buckets of their hash: catalogues of any size are compared a bucket at a time, each in bounded memory.

Ids are first written down in runs that are sorted by hash. A bucket then reads its own stretch of each run and passes
the rest over by its statistics, so that all buckets together read everything about once.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch.precompute.files import Folder

IDS = pa.schema([("hash", pa.uint64()), ("id", pa.string()), ("ordinal", pa.int64())])

IDS_PER_BUCKET = 250_000
"""A bucket fits easily into memory (about 25 MB)."""

RUN_ROWS = 1_000_000
"""Ids that are sorted at a time: about 50 MB, and as much again while they are."""

_GROUP_ROWS = 8_192
_DONE = "runs.json"


def write_runs(ids: Iterable[pa.Table | pa.RecordBatch], folder: Folder) -> None:
    """Write ids (tables of `IDS`) down in runs; what an earlier attempt left is replaced."""
    folder.remove()
    held: list[pa.Table] = []
    runs = 0
    for part in ids:
        held.append(pa.Table.from_batches([part]) if isinstance(part, pa.RecordBatch) else part)
        if sum(map(len, held)) >= RUN_ROWS:
            _write_run(held, folder, runs)
            held, runs = [], runs + 1
    if held:
        _write_run(held, folder, runs)
    folder.write_json(_DONE, {"runs": runs + bool(held)})  # last: it says that the files are whole


def has_runs(folder: Folder) -> bool:
    """Whether `write_runs` came to its end in a folder."""
    return folder.exists(_DONE)


def buckets(folder: Folder, rows: int) -> Iterator[pa.Table]:
    """The ids of some runs, in the buckets that so many `rows` take: tables of `IDS`."""
    empty = IDS.empty_table()
    data = folder.parquet() if folder.names(".parquet") else None
    for low, high in bucket_bounds(rows):
        column = pc.field("hash")
        within = (column >= pa.scalar(low, pa.uint64())) & (column <= pa.scalar(high, pa.uint64()))
        yield empty if data is None else data.to_table(filter=within)


def bucket_bounds(rows: int) -> list[tuple[int, int]]:
    """Ranges of hashes (both ends included) that hold about `IDS_PER_BUCKET` ids each."""
    count = max(1, -(-rows // IDS_PER_BUCKET))
    edges = [2**64 * i // count for i in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(edges)]


def with_hashes(ids: list[str], ordinals: list[int] | None = None) -> pa.Table:
    """n ids as a table of `IDS`."""
    places = pa.nulls(len(ids), pa.int64()) if ordinals is None else pa.array(ordinals, pa.int64())
    return pa.Table.from_arrays([pa.array(id_hashes(ids)), pa.array(ids, pa.string()), places], schema=IDS)


def id_hash(item_id: str) -> int:
    """A 64-bit hash of an id that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(item_id.encode(), digest_size=8).digest(), "little")


def id_hashes(ids: list[str]) -> np.ndarray:
    """uint64 [n]"""
    return np.fromiter((id_hash(i) for i in ids), dtype=np.uint64, count=len(ids))


def _write_run(parts: list[pa.Table], folder: Folder, number: int) -> None:
    run = pa.concat_tables(parts).sort_by("hash")
    folder.write_parquet(f"{number:06d}.parquet", [run], IDS, group_rows=_GROUP_ROWS)
