"""Items that a new export does not have any more: they leave the shop, unless it looks as if the export were broken."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from batch.precompute.buckets import buckets, with_hashes, write_runs
from batch.precompute.files import Folder
from batch.precompute.stage import claimed_runs, id_runs
from catalog.errors import Shrunk
from catalog.table import ItemTable

MAX_GONE = 0.5
"""Share of the live items that may leave at once. Shops change their range by less, broken exports lose more."""

_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Leavers:
    """Items of a table that came with no usable row.

    Attributes:
        gone: those without any row.
        kept: those whose row cannot be used at the moment, such as for a price that is none; they stay as they are.
    """

    gone: int = 0
    kept: int = 0


def take_out_gone(folder: Folder, table: ItemTable, rows: int) -> Leavers:
    """Take items out of the table that the staged source does not have any more.

    Items whose row is there but cannot be used at the moment, for itself or for a picture that cannot be fetched, stay
    as they are. Earlier releases keep what they had. Memory: one bucket of ids.
    """
    gone = kept = 0
    for one in _compared(folder, table, rows):
        table.delete(one.gone["id"].to_pylist())
        gone, kept = gone + len(one.gone), kept + one.kept
    return Leavers(gone, kept)


def refuse_shrunk(folder: Folder, table: ItemTable, sold: ItemTable, rows: int, max_gone: float) -> None:
    """Stop before a new export empties the shop.

    Args:
        table: what the new release will have, once `take_out_gone` has been there.
        sold: the items of the live release.
        max_gone: largest share of them that may leave.

    Raises:
        Shrunk: more would.
    """
    live = _written(sold, folder / "live")
    pairs = zip(buckets(live, rows), _compared(folder, table, rows), strict=True)
    gone = sum(len(_lacking(before, _lacking(one.there, one.gone))) for before, one in pairs)
    if gone > max_gone * len(sold):
        raise Shrunk(
            f"{gone:,} of the {len(sold):,} items that are live would leave the shop, more than {max_gone:.0%}: the "
            f"new export, of {rows:,} rows, lacks them or they cannot be encoded. What is live stays. If that is "
            "right, run the job again with --max-gone 1 (catalogue.max_gone of a routine)"
        )


@dataclass(frozen=True)
class _Bucket:
    """Tables of `IDS`: those of the item table, and those of them without a row; and how many have none of use."""

    there: pa.Table
    gone: pa.Table
    kept: int


def _compared(folder: Folder, table: ItemTable, rows: int) -> Iterator[_Bucket]:
    """An item table beside the staged source, bucket by bucket."""
    present = _written(table, folder / "present")
    staged, claimed = buckets(id_runs(folder), rows), buckets(claimed_runs(folder), rows)
    for there, usable, unusable in zip(buckets(present, rows), staged, claimed, strict=True):
        lacking = _lacking(there, usable)
        gone = _lacking(lacking, unusable)
        yield _Bucket(there, gone, len(lacking) - len(gone))


def _written(table: ItemTable, folder: Folder) -> Folder:
    write_runs((with_hashes(batch.column("id").to_pylist()) for batch in table.batches(["id"], _BATCH_ROWS)), folder)
    return folder


def _lacking(ids: pa.Table, others: pa.Table) -> pa.Table:
    """Those of the ids that are not among others."""
    return ids.filter(pc.invert(pc.is_in(ids["id"], others["id"].combine_chunks())))
