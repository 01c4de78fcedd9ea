"""What one item takes on disk: its row by part, its indexes, and the features that precompute keeps."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.report import print_table
from catalog.release import ReleaseStore
from catalog.table import DETAIL_COLUMN, ENCODER_KEY, ItemTable, vector_columns

PICTURE_COLUMN = "thumbnail"


def measure(store: ReleaseStore) -> dict[str, Any]:
    """Bytes an item of the live release, which is in a local folder, means over all items."""
    release = store.current()
    table = ItemTable.open(store.tables_uri, release.items.name)
    rows = pa.Table.from_batches(table.batches(table.schema.names)).combine_chunks()
    vectors = set(vector_columns(table.schema))
    size = {"facts and words": 0.0, "thumbnail": 0.0, "detail": 0.0, "vectors": 0.0}
    for name in rows.column_names:
        own = {PICTURE_COLUMN: "thumbnail", DETAIL_COLUMN: "detail"}
        part = "vectors" if name in vectors else own.get(name, "facts and words")
        size[part] += rows[name].nbytes / len(rows)
    size["numbers in the vectors"] = float(sum(table.schema.field(name).type.list_size for name in vectors))
    size["indexes of words and facts"] = _index_bytes(rows) / len(rows)
    features = Path(str(store.uri).removeprefix("file://")) / "features" / release.encoder.version
    size["kept features"] = sum(file.stat().st_size for file in features.glob("*.parquet")) / len(rows)
    print_table(f"{len(rows):,} items", ["bytes an item", ""], [[name, value] for name, value in size.items()])
    return {"items": len(rows), "bytes_an_item": size}


def _index_bytes(rows: pa.Table) -> int:
    """Of a table that has been indexed once; below 20,000 rows there is no vector index among them."""
    with tempfile.TemporaryDirectory() as folder:
        version = (rows.schema.metadata or {}).get(ENCODER_KEY, b"").decode()
        fresh = ItemTable.open_or_create(folder, "items", version, ())
        fresh.append(rows.select(fresh.schema.names))
        fresh.index()
        found = Path(folder).glob("items.lance/_indices/**/*")
        return sum(file.stat().st_size for file in found if file.is_file())
