"""The one writer: a finished wave goes into the item table, its features into the cache, its rejects aside.

Everything here can be cut off and done again: rows are upserted by id, files are written whole under fixed names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from batch.precompute.features import feature_schema, features_of
from batch.precompute.files import Folder
from batch.precompute.flow import EncoderInfo, committed_files
from catalog.encoder import Features, Head, Vectors, spaces_of
from catalog.item import Item
from catalog.table import DETAIL_COLUMN, ItemTable, item_rows, number_columns, vectors_from_arrow

MERGE_ROWS = 2_048
"""Rows per commit to LanceDB: few large commits keep the table lean; this many take about 40 MB."""

REJECTS = pa.schema(
    [
        ("ordinal", pa.int64()),
        ("id", pa.string()),
        ("code", pa.string()),
        ("message", pa.string()),
        ("where", pa.string()),
    ]
)


@dataclass
class Outcome:
    """What became of a wave's rows: by action, and the rejected ones by reason."""

    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def merge_wave(
    wave: Folder, table: ItemTable, info: EncoderInfo, head: Head | None, features: Folder, rejects: Folder, name: str
) -> Outcome:
    """Merge what a wave wrote into the table.

    Args:
        wave: the wave's folder; only completed files in it count.
        table: the item table of this encoder.
        info, head: the encoder: features become vectors here.
        features: where cached features go, as `NAME.parquet`.
        rejects: where rejected rows go, as `NAME.parquet`.
        name: of the wave, unique in the store.
    """
    outcome = Outcome()
    for rows in _regrouped(_finished_batches(wave), MERGE_ROWS):
        action = rows["action"]
        outcome.actions.update(action.to_pylist())
        outcome.reasons.update(rows.filter(pc.equal(action, "reject"))["code"].to_pylist())
        _insert(table, rows.filter(pc.equal(action, "encode")), info, head)
        _update(table, rows.filter(pc.equal(action, "update")))
    if outcome.actions["encode"]:
        schema = feature_schema(info.image_dim, info.text_dim, info.detail_dim)
        features.write_parquet(f"{name}.parquet", _features_of(wave, schema), schema)
    if outcome.actions["reject"]:
        rejects.write_parquet(f"{name}.parquet", _rejects_of(wave), REJECTS)
    return outcome


def _insert(table: ItemTable, rows: pa.Table, info: EncoderInfo, head: Head | None) -> None:
    if rows.num_rows == 0:
        return
    table.upsert(
        item_rows(
            [Item.model_validate_json(text) for text in rows["item"].to_pylist()],
            item_vectors(features_of(rows), info, head),
            rows["fingerprint"].to_pylist(),
            rows["thumbnail"].to_pylist(),
        ).select(table.schema.names)
    )


def item_vectors(features: Features, info: EncoderInfo, head: Head | None) -> dict[str, Vectors]:
    """Features of n items → {column: float32 [n, d]}, details included, without loading the base encoder."""
    detail = {} if features.detail is None else {DETAIL_COLUMN: features.detail}
    if head:
        return {spaces_of(info, head)[0].column: head.fuse(features), **detail}  # type: ignore[arg-type]
    by_name = {"image": features.image, "text": features.text}
    return {space.column: by_name[space.name] for space in spaces_of(info)} | detail  # type: ignore[arg-type]


def _update(table: ItemTable, rows: pa.Table) -> None:
    """Replace words, facts and fingerprints of items whose vectors and pictures stay."""
    if rows.num_rows == 0:
        return
    vectors = number_columns(table.schema)
    kept = table.rows(rows["id"].to_pylist(), ["thumbnail", *vectors])
    place = {item_id: i for i, item_id in enumerate(rows["id"].to_pylist())}
    fresh = rows.take([place[item_id] for item_id in kept["id"].to_pylist()])
    table.upsert(
        item_rows(
            [Item.model_validate_json(text) for text in fresh["item"].to_pylist()],
            {column: vectors_from_arrow(kept[column]) for column in vectors},
            fresh["fingerprint"].to_pylist(),
            kept["thumbnail"].to_pylist(),
        ).select(table.schema.names)
    )


def _finished_batches(wave: Folder, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a wave, file by file, each ordinal once.

    A worker that outlived its killed job may have completed rows that a later attempt made again.
    """
    seen: set[int] = set()
    for folder, name in committed_files(wave):
        table = folder.parquet([name]).to_table(columns=columns)
        ordinals = table["ordinal"].to_pylist()
        table = table.filter(pa.array([ordinal not in seen for ordinal in ordinals]))
        seen.update(ordinals)
        yield table


def _regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of at least `rows` (but for the last)."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(t.num_rows for t in held) >= rows:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _features_of(wave: Folder, schema: pa.Schema) -> Iterator[pa.Table]:
    columns = ["ordinal", "action", *schema.names]
    for table in _regrouped(_finished_batches(wave, columns), MERGE_ROWS):
        yield table.filter(pc.equal(table["action"], "encode")).select(schema.names).cast(schema)


def _rejects_of(wave: Folder) -> Iterator[pa.Table]:
    for table in _finished_batches(wave, ["action", *REJECTS.names]):
        yield table.filter(pc.equal(table["action"], "reject")).select(REJECTS.names).cast(REJECTS)
