"""The item table: one LanceDB row per item, with its vectors, its facets and a small picture of its own.

This file is the writing side; `catalog.search` reads. A table belongs to one encoder version, which stands in its
schema, and a release pins one version of it by a tag, so that readers never see a half-written state.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from catalog.encoder import Space, Storage, Vectors
from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.filters import facet_terms, id_in
from catalog.item import Item
from catalog.release import Release, ReleaseStore

if TYPE_CHECKING:  # half of what an ingress or an encoding worker would load, and neither opens a table
    import lancedb
    from lancedb.index import IvfPq, IvfSq

ENCODER_KEY = b"windowshop.encoder"
STORAGE_KEY = b"windowshop.storage"
KEPT_FOR = timedelta(days=7)
"""Versions that no release names are cleaned up when they are older."""

ANN_MIN_ROWS = 20_000
"""Below this, an exact scan answers in a few milliseconds and needs no vector index."""

IDS_UNINDEXED = 50_000
"""So many ids are read through in a few milliseconds, and need no index."""

ITEM_FIELDS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("category", pa.list_(pa.string())),
        pa.field("brand", pa.string()),
        pa.field("price", pa.float64()),
        pa.field("currency", pa.string()),
        pa.field("colors", pa.list_(pa.string())),
        pa.field("materials", pa.list_(pa.string())),
        pa.field("styles", pa.list_(pa.string())),
        pa.field("attributes", pa.string()),
        pa.field("image", pa.string()),
        pa.field("url", pa.string()),
        pa.field("availability", pa.string()),
    ]
)
"""The columns that make an `Item`; `attributes` is a JSON object."""

ITEM_COLUMNS = ITEM_FIELDS.names

DETAIL_COLUMN = "detail"
"""What Navigator reads of an item's picture (`BaseEncoder.encode_items`): float16, not normalised, not searched."""


class ItemTable:
    """The one writer of an item table."""

    def __init__(self, table: "lancedb.table.Table", encoder_version: str) -> None:
        self._table = table
        self.encoder_version = encoder_version

    @classmethod
    def open_or_create(
        cls,
        uri: str,
        name: str,
        encoder_version: str,
        spaces: Sequence[Space],
        storage_options: dict | None = None,
        detail_dim: int = 0,
    ) -> "ItemTable":
        """Open the table `name` of the LanceDB database at `uri`, making it if it does not exist.

        Raises:
            VersionMismatch: the table holds vectors of another encoder version.
        """
        db = _connect(uri, storage_options)
        try:
            table = db.open_table(name)
        except (FileNotFoundError, ValueError):
            table = db.create_table(name, schema=table_schema(encoder_version, spaces, detail_dim))
        found = (table.schema.metadata or {}).get(ENCODER_KEY, b"").decode()
        if found != encoder_version:
            raise VersionMismatch(f"table {name!r} holds vectors of encoder {found!r}, not of {encoder_version!r}")
        return cls(table, encoder_version)

    @classmethod
    def open(cls, uri: str, name: str, storage_options: dict | None = None) -> "ItemTable":
        """Open an existing table. Raises NotFound."""
        table = _open(uri, name, storage_options)
        return cls(table, (table.schema.metadata or {}).get(ENCODER_KEY, b"").decode())

    @classmethod
    def of(cls, store: ReleaseStore, release: Release) -> "ItemTable":
        """The items of a release, as it was tagged; its rows are only to be read. Raises NotFound."""
        table = _open(store.tables_uri, release.items.name, store.storage_options or None)
        try:
            table.checkout(release.tag)
        except (FileNotFoundError, ValueError) as error:
            raise NotFound(f"there is no {release.tag!r} of {release.items.name!r} in {store.tables_uri}") from error
        return cls(table, release.encoder.version)

    @property
    def name(self) -> str:
        return str(self._table.name)

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    @property
    def version(self) -> int:
        return int(self._table.version)

    def __len__(self) -> int:
        return int(self._table.count_rows())

    def upsert(self, rows: pa.Table) -> None:
        """Insert rows, replacing those with the same id. Ids within `rows` must be unique. Atomic."""
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.execute(rows.cast(self.schema))

    def append(self, rows: pa.Table) -> None:
        """Add rows whose ids are known to be new; cheaper than `upsert`."""
        self._table.add(rows.cast(self.schema))

    def update_items(self, items: Sequence[Item]) -> None:
        """Replace the words and facts of existing items, keeping vectors and pictures as they are. Atomic."""
        current = self.rows([item.id for item in items], [*_BESIDE_ITEM, *number_columns(self.schema)])
        position = {row_id: i for i, row_id in enumerate(current["id"].to_pylist())}
        known = [item for item in items if item.id in position]
        if not known:
            return
        kept = current.take([position[item.id] for item in known]).drop_columns(["id"])
        fresh = items_to_arrow(known)
        for name in kept.column_names:
            fresh = fresh.append_column(name, kept[name])
        self.upsert(fresh.select(self.schema.names))

    def delete(self, ids: Sequence[str]) -> None:
        """Take items out of the table; earlier tagged versions still have them."""
        for start in range(0, len(ids), 1000):
            self._table.delete(id_in(ids[start : start + 1000]))

    def rows(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Rows with these ids, in no order; ids that are not there are left out."""
        names = ["id", *(column for column in columns if column != "id")]
        if not ids:
            return pa.table({name: pa.array([], self.schema.field(name).type) for name in names})
        query = self._table.search().where(id_in(ids)).select(names).limit(len(ids))
        return query.to_arrow().select(names)

    def batches(
        self, columns: Sequence[str], batch_size: int = 4096, where: str | None = None
    ) -> Iterable[pa.RecordBatch]:
        """All rows, or those of a condition in SQL, a batch at a time, so that memory does not grow with the table."""
        query = self._table.search().select(list(columns))
        query = query.where(where) if where else query
        yield from query.to_batches(batch_size=batch_size)

    def whole(self, columns: Sequence[str]) -> pa.Table:
        """All rows, in memory at once."""
        return self._table.search().select(list(columns)).limit(len(self)).to_arrow().select(list(columns))

    def index(self, ann_min_rows: int = ANN_MIN_ROWS) -> list[str]:
        """Bring all indexes up to date with the rows and return their columns.

        Scalar: id, price, facets. Full text: words. Vectors: IVF-PQ with cosine distance (with one byte a number for
        storage `int8`), once there are at least `ann_min_rows` rows; below that an exact scan is as fast.
        """
        from lancedb.index import FTS, BTree, LabelList

        # Stop words are of one language only, and rare words outweigh them anyway.
        full_text = FTS(remove_stop_words=False)
        existing = {column for index in self._table.list_indices() for column in index.columns}
        configs: dict[str, Any] = {"id": BTree(), "price": BTree(), "facets": LabelList(), "words": full_text}
        if len(self) >= ann_min_rows:
            for column in vector_columns(self.schema):
                configs[column] = _vector_index(self.schema, column)
        if len(self):
            for column, config in configs.items():
                if column not in existing:
                    self._table.create_index(column, config=config)
        self._table.optimize(cleanup_older_than=self._kept_for())
        return sorted(set(configs) | existing)

    def index_ids(self, unindexed: int = IDS_UNINDEXED) -> None:
        """Keep look-ups and upserts by id quick while rows pour in: index ids anew once so many are not indexed.

        What is not indexed is read whole by every one of them; building the index takes about a second per 5 million.
        """
        from lancedb.index import BTree

        indexed = next((index for index in self._table.list_indices() if index.columns == ["id"]), None)
        if len(self) - ((indexed.num_indexed_rows or 0) if indexed else 0) >= unindexed:
            self._table.create_index("id", config=BTree(), replace=True)

    def _kept_for(self) -> timedelta:
        """How old a version must be to be cleaned up: LanceDB refuses to clean where a tagged one is as old."""
        tagged = {int(tag["version"]) for tag in self._table.tags.list().values()}
        times = [one["timestamp"] for one in self._table.list_versions() if one["version"] in tagged]
        ages = [datetime.now(time.tzinfo) - time for time in times]
        return max([KEPT_FOR, *(age + timedelta(hours=1) for age in ages)])

    def tag(self, name: str, version: int | None = None) -> int:
        """Pin a version, by default the present one, under a name that readers check out; returns the version."""
        tags, version = self._table.tags, version or self.version
        if name in tags.list():
            tags.update(name, version)
        else:
            tags.create(name, version)
        return version


_SHORT = 24  # characters
_BESIDE_ITEM = ["fingerprint", "thumbnail"]


def table_schema(encoder_version: str, spaces: Sequence[Space], detail_dim: int = 0) -> pa.Schema:
    """The Arrow schema of an item table whose vectors an encoder version made; `detail_dim` 0 leaves details out."""
    detail = [pa.field(DETAIL_COLUMN, pa.list_(pa.float16(), detail_dim))] if detail_dim else []
    columns = [
        *ITEM_FIELDS,
        pa.field("facets", pa.list_(pa.string())),
        pa.field("words", pa.string()),
        pa.field("fingerprint", pa.string()),
        pa.field("thumbnail", pa.binary()),
        *(pa.field(space.column, pa.list_(_number_type(space.storage), space.dim)) for space in spaces),
        *detail,
    ]
    storage = spaces[0].storage if spaces else "float32"
    return pa.schema(columns, metadata={ENCODER_KEY: encoder_version.encode(), STORAGE_KEY: storage.encode()})


def vector_columns(schema: pa.Schema) -> list[str]:
    """Names of the columns that are searched: one L2-normalised vector an item each."""
    return [name for name in number_columns(schema) if name != DETAIL_COLUMN]


def number_columns(schema: pa.Schema) -> list[str]:
    """Names of all columns that an encoder filled: the vectors, and the details if there are any."""
    return [field.name for field in schema if pa.types.is_fixed_size_list(field.type)]


def detail_dim(schema: pa.Schema) -> int:
    """Floats of an item's details in a table; 0 where it has none."""
    return int(schema.field(DETAIL_COLUMN).type.list_size) if DETAIL_COLUMN in schema.names else 0


def item_rows(
    items: Sequence[Item],
    vectors: Mapping[str, Vectors],
    fingerprints: Sequence[str],
    thumbnails: Sequence[bytes | None],
) -> pa.Table:
    """Rows for `ItemTable.upsert`.

    Args:
        items: n items.
        vectors: {column: float32 [n, d]}; a zero row means that the item has nothing in that space.
        fingerprints: n digests of what the vectors were made from.
        thumbnails: n small pictures (WebP), or None.
    """
    table = items_to_arrow(items)
    table = table.append_column("fingerprint", pa.array(fingerprints, pa.string()))
    table = table.append_column("thumbnail", pa.array(thumbnails, pa.binary()))
    for column, values in vectors.items():
        if values.shape[0] != len(items):
            raise InvalidInput(f"{column} has {values.shape[0]} vectors for {len(items)} items")
        if not np.isfinite(values).all():
            raise InvalidInput(f"{column} has values that are not finite")
        table = table.append_column(column, vectors_to_arrow(values))
    return table


def items_to_arrow(items: Sequence[Item]) -> pa.Table:
    """Items as the item columns plus `facets` and `words`."""
    records = []
    for item in items:
        record = item.model_dump(mode="json")
        record["attributes"] = json.dumps(record["attributes"], ensure_ascii=False)
        record["facets"] = facet_terms(item)
        record["words"] = full_text(item)
        records.append(record)
    schema = ITEM_FIELDS.append(pa.field("facets", pa.list_(pa.string()))).append(pa.field("words", pa.string()))
    return pa.Table.from_pylist(records, schema=schema)


def item_from_row(row: Mapping[str, Any]) -> Item:
    """The inverse of `items_to_arrow` for one row with at least the item columns."""
    return Item.model_construct(**item_fields(row))


def item_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `item_from_row` by name, where no item is needed."""
    fields = {name: row[name] for name in ITEM_COLUMNS}
    fields["attributes"] = json.loads(fields["attributes"] or "{}")
    for name in ("category", "colors", "materials", "styles"):
        fields[name] = tuple(fields[name] or ())
    return fields


def full_text(item: Item) -> str:
    """The words that full-text search looks through.

    The title counts three times, for its words tell the most; of the attributes only those count that are words, for
    sizes and lists of compatible things drown the rest (`benchmarks/search_relevance.py`).
    """
    told = [value for value in item.attributes.values() if len(value) <= _SHORT and not re.search(r"\d", value)]
    facts = [*item.category, item.brand or "", *item.colors, *item.materials, *item.styles, *told]
    return "\n".join(part for part in (*[item.title] * 3, " ".join(facts), item.description) if part)


def vectors_to_arrow(values: Vectors) -> pa.FixedSizeListArray:
    """float32 [n, d] → a fixed-size-list array of n vectors, without a copy where memory is contiguous."""
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def vectors_from_arrow(column: pa.ChunkedArray | pa.Array) -> Vectors:
    """A fixed-size-list column of n vectors → float32 [n, d]."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    return np.asarray(array.flatten(), dtype=np.float32).reshape(len(array), column.type.list_size)


def _number_type(storage: Storage) -> pa.DataType:
    return pa.float32() if storage == "float32" else pa.float16()


def _connect(uri: str, storage_options: dict | None) -> "lancedb.DBConnection":
    import lancedb

    return lancedb.connect(uri, storage_options=storage_options)


def _open(uri: str, name: str, storage_options: dict | None) -> "lancedb.table.Table":
    try:
        return _connect(uri, storage_options).open_table(name)
    except (FileNotFoundError, ValueError) as error:
        raise NotFound(f"there is no table {name!r} in {uri}") from error


def _vector_index(schema: pa.Schema, column: str) -> "IvfPq | IvfSq":
    from lancedb.index import IvfPq, IvfSq

    if (schema.metadata or {}).get(STORAGE_KEY) == b"int8":
        return IvfSq(distance_type="cosine")
    return IvfPq(distance_type="cosine", num_sub_vectors=_sub_vectors(schema.field(column).type.list_size))


def _sub_vectors(dim: int) -> int:
    """PQ codes of one byte for every 4 dimensions, as far as they divide evenly."""
    return next(m for m in (dim // 4, dim // 8, dim // 16, 1) if m and dim % m == 0)
