"""Read the source, once, into small Parquet files of parsed rows, and find duplicate ids among them.

From here on the job depends on the source no more: a source that changes under a running job does no harm, a resumed
job reads the same rows in the same order, and every kind of source is the same to the stages that follow.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import ray.data

from batch.precompute.buckets import IDS, buckets, has_runs, with_hashes, write_runs
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

DUPLICATES = pa.schema([("ordinal", pa.int64()), ("first", pa.int64())])

SHARDS_AT_A_TIME = 256
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
    """Read one shard into `items/`, its ids into `ids/`, and those of its rejected rows into `claimed/`.

    Reads nothing if that is done already.

    Returns:
        Number of rows, and the fields met, as JSON lists.
    """
    items = folder / "items"
    name = f"{shard.first:012d}-{shard.rows}.parquet"
    notes = f"{shard.first:012d}.json"
    if done := items.read_json(notes):
        return done
    usage = Usage()
    known: list[tuple[str, int]] = []
    claimed: list[tuple[str, int]] = []
    rows = items.write_parquet(name, _parsed(source, shard, usage, known, claimed), STAGED)
    _write_ids(folder / "ids", name, known)
    if claimed:
        _write_ids(folder / "claimed", name, claimed)
    result = {"rows": rows, "fields": json.dumps(sorted(usage.fields)), "mapped": json.dumps(sorted(usage.mapped))}
    items.write_json(notes, result)  # last: it says that the files above are whole
    return result


def staged_files(folder: Folder) -> list[tuple[str, int, int]]:
    """The staged files in order: (name, ordinal of the first row, rows)."""
    names = (folder / "items").names(".parquet")
    parts = [(name, *name.removesuffix(".parquet").split("-")) for name in names]
    return [(name, int(first), int(rows)) for name, first, rows in parts]


def find_duplicates(folder: Folder, rows: int) -> tuple[int, int]:
    """Write down which rows repeat an id: of rows with one id, the first counts. Returns (ids, duplicates)."""
    ids = duplicates = 0
    for bucket, table in enumerate(buckets(id_runs(folder), rows)):
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


def id_runs(folder: Folder) -> Folder:
    """The ids of all rows that are items, for `batch.precompute.buckets.buckets`."""
    return _runs(folder, "ids")


def claimed_runs(folder: Folder) -> Folder:
    """The ids that rows claim which are no items: their items are not gone, though what they are now is not known."""
    return _runs(folder, "claimed")


def _runs(folder: Folder, name: str) -> Folder:
    shards, runs = folder / name, folder / f"{name}-sorted"
    if not has_runs(runs):
        names = shards.names(".parquet")
        write_runs(shards.parquet(names).to_batches(batch_readahead=1) if names else (), runs)
    return runs


def _write_ids(folder: Folder, name: str, ids: list[tuple[str, int]]) -> None:
    table = with_hashes([one for one, _ in ids], [ordinal for _, ordinal in ids])
    folder.write_parquet(name, [table], IDS)


def _parsed(
    source: CatalogSource,
    shard: Shard,
    usage: Usage,
    known: list[tuple[str, int]],
    claimed: list[tuple[str, int]],
) -> Iterator[pa.RecordBatch]:
    rows = source.read(shard, usage)
    while some := list(islice(rows, _BATCH_ROWS)):
        records = []
        for row in some:
            if row.id:
                (known if row.item is not None else claimed).append((row.id, row.ordinal))
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
