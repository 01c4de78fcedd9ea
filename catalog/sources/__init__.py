"""Where a catalogue comes from: any shop's export, read in shards, row by row, as `Item`s.

    source = open_source("jsonl:s3://shop/export/*.jsonl.gz", FieldMap.parse(["title=productDisplayName"]))
    for shard in source.shards():          # small descriptions; reading one needs no other
        for row in source.read(shard):     # in bounded memory
            row.ordinal, row.item or row.error

| scheme     | what it reads                                                                                 |
|------------|-----------------------------------------------------------------------------------------------|
| `jsonl:`   | one JSON object a line                                                                        |
| `csv:`     | a header and rows; commas, semicolons, tabs or bars                                           |
| `parquet:` | Parquet files                                                                                 |
| `images:`  | a folder of pictures: subfolders are categories, file names are titles                        |
| `abo:`     | Amazon Berkeley Objects: `listings_*.json.gz` and `images.csv.gz` somewhere below one folder  |

What follows the scheme is a path or any fsspec URI: a file, a glob, or a folder. Text may be compressed.
"""

from catalog.errors import BadSource
from catalog.sources.abo import AboFormat
from catalog.sources.base import CatalogSource, Format, RawRow, Shard, SourceRow, Usage
from catalog.sources.files import find_files
from catalog.sources.folder import ImageFolderFormat
from catalog.sources.mapping import FieldMap
from catalog.sources.parquet import ParquetFormat
from catalog.sources.text import CsvFormat, JsonLinesFormat

__all__ = ["SCHEMES", "CatalogSource", "FieldMap", "Format", "RawRow", "Shard", "SourceRow", "Usage", "open_source"]

SCHEMES = ("jsonl", "csv", "parquet", "images", "abo")


def open_source(spec: str, fields: FieldMap | None = None, *, language: str = "en") -> CatalogSource:
    """Open a catalogue by its spec, `SCHEME:WHERE`.

    Args:
        spec: e.g. `jsonl:export/items.jsonl`, `csv:s3://shop/*.csv.gz`, `images:photos/`.
        fields: which of the source's fields become which fields of `Item`; those of the same name need no mapping.
        language: the language to prefer where a source has several (`abo:`), as a language tag or its beginning.

    Raises:
        BadSource: unknown scheme, nothing there, or not readable from here; the message says what would do.
    """
    scheme, separator, where = spec.partition(":")
    if not separator or scheme not in SCHEMES or not where:
        known = ", ".join(f"{name}:" for name in SCHEMES)
        raise BadSource(f"{spec!r} is not a source; write SCHEME:PATH with one of {known} (e.g. jsonl:items.jsonl)")
    return CatalogSource(spec, _open_format(scheme, where, language), fields or FieldMap())


def _open_format(scheme: str, where: str, language: str) -> Format:
    match scheme:
        case "jsonl":
            return JsonLinesFormat(find_files(where, (".jsonl", ".ndjson", ".json")))
        case "csv":
            return CsvFormat(find_files(where, (".csv", ".tsv", ".txt")))
        case "parquet":
            return ParquetFormat(find_files(where, (".parquet", ".pq")))
        case "images":
            return ImageFolderFormat.open(where)
        case _:
            return AboFormat.open(where, language)
