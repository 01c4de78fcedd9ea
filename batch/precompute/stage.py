"""Read the source, once, into small Parquet files of parsed rows, and find duplicate ids among them.

From here on the job depends on the source no more: a source that changes under a running job does no harm, a resumed
job reads the same rows in the same order, and every kind of source is the same to the stages that follow.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import ray.data

from batch.precompute.files import Folder
from batch.precompute.flow import quiet_context
from catalog.errors import BadSource
from catalog.sources import CatalogSource, Shard, Usage

STAGED = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("where", pa.string()),
        pa.field("id", pa.string()),
        pa.field("item", pa.string()),  # JSON of the item; null if the row is rejected
        pa.field("picture", pa.string()),  # address of its picture; null without one
        pa.field("code", pa.string()),  # why the row is rejected; null if it is not
        pa.field("message", pa.string()),
    ]
)

IDS = pa.schema([("hash", pa.uint64()), ("id", pa.string()), ("ordinal", pa.int64())])
DUPLICATES = pa.schema([("ordinal", pa.int64()), ("first", pa.int64())])

SHARDS_AT_A_TIME = 256
IDS_PER_BUCKET = 250_000
"""Ids are compared bucket by bucket of their hash; a bucket fits easily into memory (about 25 MB)."""

_BATCH_ROWS = 512


@dataclass
class Staged:
    """What staging found: rows, and which fields the source has."""

    rows: int = 0
    usage: Usage = field(default_factory=Usage)


def stage_source(source: CatalogSource, folder: Folder, rows_per_shard: int) -> Iterator[Staged]:
    """Stage all shards on Ray Data tasks; shards that are staged already are not read again. Yields progress.

    Raises:
        BadSource: no rows at all, no row that is an item's, or a mapped field that no row has.
    """
    quiet_context()
    total = Staged()

    def stage(row: dict[str, Any]) -> dict[str, Any]:
        try:
            return {**stage_shard(source, row["shard"], folder), "error": ""}
        except BadSource as error:  # Ray Data would keep its words and lose its type
            return {"rows": 0, "fields": "[]", "mapped": "[]", "error": str(error)}

    shards = source.shards(rows_per_shard)
    while some := list(islice(shards, SHARDS_AT_A_TIME)):
        data = ray.data.from_items([{"shard": shard} for shard in some], override_num_blocks=len(some))
        for result in data.map(stage, num_cpus=0.5).iter_rows():
            if result["error"]:
                raise BadSource(result["error"])
            total.rows += int(result["rows"])
            total.usage.merge(Usage(set(json.loads(result["fields"])), set(json.loads(result["mapped"]))))
            yield total
    if total.rows == 0:
        raise BadSource(f"{source.spec}: empty: it has no rows")
    source.fields.check(total.usage.mapped, total.usage.fields)


def stage_shard(source: CatalogSource, shard: Shard, folder: Folder) -> dict[str, Any]:
    """Read one shard into `items/` and its ids into `ids/`. Reads nothing if that is done already.

    Returns:
        Number of rows, and the fields met, as JSON lists.
    """
    items, ids = folder / "items", folder / "ids"
    name = f"{shard.first:012d}-{shard.rows}.parquet"
    notes = f"{shard.first:012d}.json"
    if done := items.read_json(notes):
        return done
    usage = Usage()
    known: list[tuple[int, str, int]] = []
    rows = items.write_parquet(name, _parsed(source, shard, usage, known), STAGED)
    known.sort()
    columns = [pa.array([entry[i] for entry in known], IDS.field(i).type) for i in range(3)]
    ids.write_parquet(name, [pa.Table.from_arrays(columns, schema=IDS)], IDS, group_rows=4096)
    result = {"rows": rows, "fields": json.dumps(sorted(usage.fields)), "mapped": json.dumps(sorted(usage.mapped))}
    items.write_json(notes, result)  # last: it says that the two files above are whole
    return result


def staged_files(folder: Folder) -> list[tuple[str, int, int]]:
    """The staged files in order: (name, ordinal of the first row, rows)."""
    names = (folder / "items").names(".parquet")
    parts = [(name, *name.removesuffix(".parquet").split("-")) for name in names]
    return [(name, int(first), int(rows)) for name, first, rows in parts]


def find_duplicates(folder: Folder, rows: int) -> tuple[int, int]:
    """Write down which rows repeat an id: of rows with one id, the first counts. Returns (ids, duplicates)."""
    ids = duplicates = 0
    for bucket, table in enumerate(id_buckets(folder, rows)):
        firsts = table.group_by("id").aggregate([("ordinal", "min"), ("ordinal", "count")])
        ids += firsts.num_rows
        repeated = firsts.filter(pc.greater(firsts["ordinal_count"], 1))
        if repeated.num_rows == 0:
            continue
        among = table.filter(pc.is_in(table["id"], repeated["id"])).join(repeated, "id")
        later = among.filter(pc.greater(among["ordinal"], among["ordinal_min"]))
        columns = [later["ordinal"], later["ordinal_min"]]
        (folder / "duplicates").write_parquet(
            f"{bucket:06d}.parquet", [pa.Table.from_arrays(columns, schema=DUPLICATES)], DUPLICATES
        )
        duplicates += later.num_rows
    return ids, duplicates


def duplicates_between(folder: Folder, start: int, end: int) -> dict[int, int]:
    """Duplicate rows with ordinals in [start, end): {ordinal: ordinal of the first row of that id}."""
    found = folder / "duplicates"
    if not found.names(".parquet"):
        return {}
    column = pc.field("ordinal")
    table = found.parquet().to_table(filter=(column >= start) & (column < end))
    return dict(zip(table["ordinal"].to_pylist(), table["first"].to_pylist(), strict=True))


def id_buckets(folder: Folder, rows: int) -> Iterator[pa.Table]:
    """The ids of all rows that are items, in buckets of their hash: tables of `IDS`, each of bounded size."""
    data = (folder / "ids").parquet()
    for low, high in bucket_bounds(rows):
        column = pc.field("hash")
        yield data.to_table(filter=(column >= pa.scalar(low, pa.uint64())) & (column <= pa.scalar(high, pa.uint64())))


def bucket_bounds(rows: int) -> list[tuple[int, int]]:
    """Ranges of hashes (both ends included) that hold about `IDS_PER_BUCKET` ids each."""
    count = max(1, -(-rows // IDS_PER_BUCKET))
    edges = [2**64 * i // count for i in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(edges)]


def id_hash(item_id: str) -> int:
    """A 64-bit hash of an id that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(item_id.encode(), digest_size=8).digest(), "little")


def id_hashes(ids: list[str]) -> np.ndarray:
    """uint64 [n]"""
    return np.fromiter((id_hash(i) for i in ids), dtype=np.uint64, count=len(ids))


def _parsed(
    source: CatalogSource, shard: Shard, usage: Usage, known: list[tuple[int, str, int]]
) -> Iterator[pa.RecordBatch]:
    rows = source.read(shard, usage)
    while some := list(islice(rows, _BATCH_ROWS)):
        records = []
        for row in some:
            if row.item is not None:
                known.append((id_hash(row.id), row.id, row.ordinal))
            records.append(
                {
                    "ordinal": row.ordinal,
                    "where": row.where,
                    "id": row.id,
                    "item": row.item.model_dump_json() if row.item else None,
                    "picture": row.picture,
                    "code": row.error.code if row.error else None,
                    "message": str(row.error)[:500] if row.error else None,
                }
            )
        yield pa.RecordBatch.from_pylist(records, schema=STAGED)
