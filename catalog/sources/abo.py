"""Amazon Berkeley Objects: listings in many languages, and a table of images beside them.

Its layout: `listings_*.json.gz` (JSON Lines) and `images.csv.gz` (image_id, height, width, path), as unpacked from its
archives below one folder. Some ids occur in several marketplaces; as everywhere, the first row of an id counts.
"""

import csv
import functools
import io
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import BadSource
from catalog.sources.base import RawRow, Shard
from catalog.sources.files import address, filesystem, open_binary, signature_of
from catalog.sources.text import JsonLinesFormat

_PLACES = ("", "small", "original", "../small", "../original", "images/small", "images/original")
"""Where the pictures lie, seen from the folder of images.csv.gz, in the archives' own layouts."""


@dataclass(frozen=True)
class AboFormat:
    """The Amazon Berkeley Objects data set. Each worker holds the table of images: about 40 bytes an image."""

    listings: tuple[str, ...]
    images: str
    pictures: str
    language: str = "en"

    @classmethod
    def open(cls, where: str, language: str = "en") -> "AboFormat":
        fs, root = filesystem(where)
        found = sorted(fs.find(root)) if fs.isdir(root) else []
        names = {path: posixpath.basename(path) for path in found}
        listings = [p for p, n in names.items() if n.startswith("listings_") and n.endswith((".json.gz", ".json"))]
        images = [p for p, n in names.items() if n in ("images.csv.gz", "images.csv")]
        if not listings or not images:
            missing = "listings_*.json.gz" if not listings else "images.csv.gz"
            raise BadSource(f"{where}: no {missing} below it; abo: takes the folder where the archives were unpacked")
        folder = posixpath.dirname(images[0])
        first = next(_image_rows(address(fs, images[0])), None)
        places = [posixpath.normpath(posixpath.join(folder, place)) for place in _PLACES]
        pictures = next((p for p in places if first and fs.exists(posixpath.join(p, first[1]))), folder)
        return cls(tuple(address(fs, p) for p in listings), address(fs, images[0]), address(fs, pictures), language)

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        return JsonLinesFormat(self.listings).shards(rows_per_shard)

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        for raw in JsonLinesFormat(self.listings).rows(shard):
            if raw.fields is None:
                yield raw
            else:
                yield RawRow(raw.ordinal, raw.where, self._flatten(raw.fields))

    def signature(self) -> str:
        # The same files in another preferred language are other rows.
        return f"{self.language} {signature_of((*self.listings, self.images))}"

    def _flatten(self, listing: Mapping[str, Any]) -> dict[str, Any]:
        """One listing with plain values; fields that are not an item's keep their names, for `--map`."""
        plain = {name: _values(value, self.language) for name, value in listing.items()}
        flat: dict[str, Any] = {name: v[0] if len(v) == 1 else v for name, v in plain.items() if v}
        nodes = listing.get("node") or []
        path = next((n.get("node_name") for n in nodes if isinstance(n, Mapping) and n.get("node_name")), None)
        kind = _first(plain, "product_type")
        flat.update(
            id=listing.get("item_id"),
            title=_first(plain, "item_name"),
            description="\n".join(map(str, [*plain.get("product_description", ()), *plain.get("bullet_point", ())])),
            brand=_first(plain, "brand"),
            category=_category(path) or ([str(kind).replace("_", " ").lower()] if kind else []),
            colors=plain.get("color", []),
            materials=plain.get("material", []) or plain.get("fabric_type", []),
            styles=plain.get("style", []),
        )
        image = listing.get("main_image_id")
        if image:
            path = _image_path(self.images, str(image))
            # An id without a row stays visible as a picture that is not there, and becomes a reject that says so.
            flat["image"] = posixpath.join(self.pictures, path or f"{image}.jpg")
        return flat


def _values(value: object, language: str) -> list[Any]:
    """Plain values of one field: of texts in several languages those of the preferred, else English, else the first."""
    if not isinstance(value, list):
        return [value]
    entries = [e for e in value if isinstance(e, Mapping) and "value" in e]
    if len(entries) < len(value) or not entries:
        return list(value)
    tags = [str(e.get("language_tag") or "") for e in entries]
    chosen = next((p for p in (language, "en") if any(t.startswith(p) for t in tags)), tags[0])
    texts = [e["value"] for e, tag in zip(entries, tags, strict=True) if tag.startswith(chosen)]
    return list(dict.fromkeys(str(t) if isinstance(t, Mapping | list) else t for t in texts))


def _first(plain: Mapping[str, list[Any]], name: str) -> Any:
    return next(iter(plain.get(name, ())), None)


def _category(node: object) -> list[str]:
    parts = [part.strip() for part in str(node or "").split("/") if part.strip()]
    return parts[1:] if parts[:1] in (["Categories"], ["Departments"]) else parts


def _image_path(images: str, image_id: str) -> str | None:
    ids, paths = _image_table(images)
    place = pc.index(ids, image_id).as_py() if len(ids) < 64 else _bisect(ids, image_id)
    return paths[place].as_py() if place >= 0 else None


def _bisect(ids: pa.Array, wanted: str) -> int:
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if ids[middle].as_py() < wanted else (low, middle)
    return low if low < len(ids) and ids[low].as_py() == wanted else -1


@functools.lru_cache(maxsize=1)
def _image_table(images: str) -> tuple[pa.Array, pa.Array]:
    """The columns image_id and path, sorted by id, as Arrow arrays (a dict would take ten times the room)."""
    rows = list(_image_rows(images))
    table = pa.table({"id": [r[0] for r in rows], "path": [r[1] for r in rows]}).sort_by("id").combine_chunks()
    return table["id"].chunk(0) if rows else pa.array([], pa.string()), (
        table["path"].chunk(0) if rows else pa.array([], pa.string())
    )


def _image_rows(images: str) -> Iterator[tuple[str, str]]:
    with open_binary(images) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")):
            if row.get("image_id") and row.get("path"):
                yield row["image_id"], row["path"]
