"""What every source has in common: shards, rows, and the way from a raw row to an `Item`."""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urljoin

from catalog.errors import BadItem
from catalog.item import Item, parse_item
from catalog.sources.mapping import FieldMap

ROWS_PER_SHARD = 2_048
"""Small enough that a hundred workers find work in a small catalogue, large enough that a shard is worth a task."""

MAX_FIELDS_REMEMBERED = 200


@dataclass(frozen=True)
class Shard:
    """A stretch of rows that can be read without its neighbours.

    Attributes:
        path: the file (or folder) as an address that fsspec opens.
        first: ordinal of its first row in the whole source.
        rows: how many rows it has.
        start: where the rows begin: a byte offset of the uncompressed text, or a row of a Parquet file.
        line: line number of the first row, for messages; 0 where there are no lines.
        names: file names, for formats whose rows are files.
    """

    path: str
    first: int
    rows: int
    start: int = 0
    line: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawRow:
    """One row as its format gives it: fields by name, or the reason why it cannot be read."""

    ordinal: int
    where: str
    fields: Mapping[str, Any] | None
    error: BadItem | None = None


@dataclass(frozen=True)
class SourceRow:
    """One row as an item, or the reason why it is none.

    Attributes:
        ordinal: position in the whole source; the same in every reading of an unchanged source.
        where: the place, for people: `items.jsonl:17`.
        item: the item; None if `error` is set.
        picture: the address that `catalog.fetch` reads its picture from; None for an item without one.
        id: the id that the row claims, also where it is rejected; "" if it has none.
        error: why the row is rejected.
    """

    ordinal: int
    where: str
    item: Item | None
    picture: str | None
    id: str
    error: BadItem | None = None


@dataclass
class Usage:
    """Which fields were met while reading, to tell a mistyped mapping from a sparse column."""

    fields: set[str] = field(default_factory=set)
    mapped: set[str] = field(default_factory=set)

    def note(self, fields: Mapping[str, Any], field_map: FieldMap) -> None:
        if len(self.fields) < MAX_FIELDS_REMEMBERED:
            self.fields.update(fields)
        self.mapped |= field_map.found(fields, skip=self.mapped)

    def merge(self, other: "Usage") -> None:
        if len(self.fields) < MAX_FIELDS_REMEMBERED:
            self.fields |= other.fields
        self.mapped |= other.mapped


class Format(Protocol):
    """How rows lie in files. Implementations are small frozen dataclasses that travel to workers."""

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        """Describe the shards, in order; each row belongs to exactly one."""

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        """Read one shard in bounded memory; a damaged row comes with its error and does not stop the reading."""

    def signature(self) -> str:
        """A digest that changes when the files do, taken without reading them."""


@dataclass(frozen=True)
class CatalogSource:
    """A catalogue that can be read, in shards, any number of times."""

    spec: str
    format: Format
    fields: FieldMap

    def shards(self, rows_per_shard: int = ROWS_PER_SHARD) -> Iterator[Shard]:
        """Describe the shards, in order of ordinals and without gaps. Finding them reads text once, and sequentially.

        Raises:
            BadSource: a file cannot be read at all.
        """
        return self.format.shards(rows_per_shard)

    def read(self, shard: Shard, usage: Usage | None = None) -> Iterator[SourceRow]:
        """Read one shard's rows as items; rows that are none carry a `BadItem`. Notes what it met in `usage`."""
        for raw in self.format.rows(shard):
            if raw.fields is None:
                yield SourceRow(raw.ordinal, raw.where, None, None, "", raw.error)
                continue
            if usage is not None:
                usage.note(raw.fields, self.fields)
            yield self._to_item(raw, raw.fields, shard)

    def signature(self) -> str:
        """A digest of files, mapping and spec: equal for two readings that would give the same rows."""
        parts = (self.spec, self.format.signature(), repr(self.fields))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _to_item(self, raw: RawRow, fields: Mapping[str, Any], shard: Shard) -> SourceRow:
        row = self.fields.apply(fields)
        claimed = _claimed_id(row.get("id"))
        try:
            item = parse_item(row)
            item.model_dump_json()  # a lone surrogate passes as a str and fails as UTF-8
        except BadItem as error:
            return SourceRow(raw.ordinal, raw.where, None, None, claimed, error)
        except ValueError as error:
            bad = BadItem("invalid_field", f"text that is not valid Unicode: {str(error)[:120]}")
            return SourceRow(raw.ordinal, raw.where, None, None, claimed, bad)
        picture = resolve_picture(item.image, shard.path) if item.image else None
        return SourceRow(raw.ordinal, raw.where, item, picture, item.id)


def _claimed_id(value: object) -> str:
    """The id that an item of this row would have, were it one."""
    return "" if value is None else str(value).strip()[:256].encode("utf-8", "replace").decode()


def resolve_picture(image: str, source_path: str) -> str:
    """Say where a picture lies: addresses stay as they are, relative paths start at the folder of the source's file."""
    if "://" in image or image.startswith("data:"):
        return image
    protocol, separator, path = source_path.partition("://")
    if protocol in ("http", "https"):
        return urljoin(source_path, image)
    if not separator:
        protocol, path = "", source_path
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), image))
    return f"{protocol}://{joined}" if protocol else joined
