"""Cached base features: what the pretrained towers made of every item, for jobs that train on top of them.

They lie in `URI/features/BASE_VERSION/*.parquet`, one file a wave: id, fingerprint, image and text as float16. Files
are only ever added; a row counts while its fingerprint is still that of the item's row in the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from batch.precompute.files import Folder
from catalog.encoder import Features
from catalog.release import Release, ReleaseStore
from catalog.table import ItemTable


@dataclass(frozen=True)
class FeatureBatch:
    """Base features of n items.

    Attributes:
        ids: n ids.
        fingerprints: n digests of what the features were made from, as the item table has them.
        features: image float32 [n, Di] and text float32 [n, Dt]; L2-normalised, zero where there is nothing.
    """

    ids: list[str]
    fingerprints: list[str]
    features: Features


def iter_features(
    store: ReleaseStore, base_version: str, release: Release | None = None, batch_size: int = 2_048
) -> Iterator[FeatureBatch]:
    """Read the cached features in batches; memory does not grow with the catalogue.

    Args:
        store: the release store.
        base_version: version of the base encoder whose features are wanted.
        release: give only the items of this release, each with the features of its present picture and words; by
            default every row of the cache. An item whose picture changed and changed back may come twice.
        batch_size: rows that are read at a time; batches may be smaller.
    """
    folder = Folder(store.path("features", base_version))
    if not folder.names(".parquet"):
        return
    table = ItemTable.of(store, release) if release else None
    for batch in folder.parquet().to_batches(batch_size=batch_size, batch_readahead=1, fragment_readahead=1):
        if table:
            batch = batch.filter(_present(batch, table))
        if batch.num_rows:
            yield FeatureBatch(
                batch.column("id").to_pylist(),
                batch.column("fingerprint").to_pylist(),
                features_of(batch),
            )


def features_of(rows: pa.RecordBatch | pa.Table) -> Features:
    """The features in the columns `image`, `text` and, if there is one, `detail`."""
    detail = features_from_arrow(rows.column("detail")) if "detail" in rows.schema.names else None
    return Features(features_from_arrow(rows.column("image")), features_from_arrow(rows.column("text")), detail)


def feature_schema(image_dim: int, text_dim: int, detail_dim: int = 0) -> pa.Schema:
    """The schema of cached features; `detail_dim` 0 leaves details out."""
    detail = [pa.field("detail", pa.list_(pa.float16(), detail_dim))] if detail_dim else []
    return pa.schema(
        [
            pa.field("id", pa.string()),
            pa.field("fingerprint", pa.string()),
            pa.field("image", pa.list_(pa.float16(), image_dim)),
            pa.field("text", pa.list_(pa.float16(), text_dim)),
            *detail,
        ]
    )


def _present(batch: pa.RecordBatch, table: ItemTable) -> pa.BooleanArray:
    """Which rows were made from what the table's rows were made from (facts such as prices apart)."""
    ids = batch.column("id").to_pylist()
    rows = table.rows(ids, ["fingerprint"])
    now = dict(zip(rows["id"].to_pylist(), rows["fingerprint"].to_pylist(), strict=True))
    made = batch.column("fingerprint").to_pylist()
    return pa.array([now.get(i, "").rpartition(".")[0] == f.rpartition(".")[0] for i, f in zip(ids, made, strict=True)])


def features_to_arrow(values: np.ndarray, missing: np.ndarray | None = None) -> pa.FixedSizeListArray:
    """float [n, d] → float16 fixed-size lists; null where `missing` bool [n] is set."""
    flat = pa.array(values.astype(np.float16).reshape(-1), pa.float16())
    mask = None if missing is None else pa.array(missing)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)


def features_from_arrow(column: pa.ChunkedArray | pa.FixedSizeListArray) -> np.ndarray:
    """float16 fixed-size lists without nulls → float32 [n, d]"""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    dim = column.type.list_size
    parts = [np.asarray(chunk.flatten()).astype(np.float32).reshape(len(chunk), dim) for chunk in chunks]
    return np.concatenate(parts) if parts else np.zeros((0, dim), np.float32)
