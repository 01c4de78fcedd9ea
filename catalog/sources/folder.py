"""A folder of pictures as a catalogue: subfolders are categories, file names are titles."""

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

import fsspec

from catalog.errors import BadSource
from catalog.sources.base import RawRow, Shard
from catalog.sources.files import address, filesystem

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
MAX_DEPTH = 32


@dataclass(frozen=True)
class ImageFolderFormat:
    """Every picture below a folder. An item's id is its path in the folder; hidden files are passed over.

    Memory: the names of one subfolder at a time.
    """

    root: str

    @classmethod
    def open(cls, where: str) -> "ImageFolderFormat":
        fs, path = filesystem(where)
        if not fs.isdir(path):
            raise BadSource(f"{where}: no such folder; images: takes a folder of pictures")
        if next(_walk(fs, path), None) is None:
            raise BadSource(f"{where}: no pictures below it; their names must end in {' '.join(PICTURE_ENDINGS)}")
        return cls(address(fs, path.rstrip("/")))

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        first = 0
        names: list[str] = []
        for name in self._names():
            names.append(name)
            if len(names) == rows_per_shard:
                yield Shard(f"{self.root}/", first, len(names), names=tuple(names))
                first, names = first + len(names), []
        if names:
            yield Shard(f"{self.root}/", first, len(names), names=tuple(names))

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        for i, name in enumerate(shard.names):
            folder, file = posixpath.split(name)
            stem = posixpath.splitext(file)[0]
            fields = {
                "id": name,
                "title": " ".join(stem.replace("_", " ").replace("-", " ").split()) or stem,
                "category": [part.replace("_", " ") for part in folder.split("/") if part],
                "image": name,
            }
            yield RawRow(shard.first + i, name, fields)

    def signature(self) -> str:
        digest = hashlib.sha256()
        for name in self._names():
            digest.update(name.encode("utf-8", "surrogatepass") + b"\0")
        return digest.hexdigest()

    def _names(self) -> Iterator[str]:
        fs, root = filesystem(self.root)
        for path in _walk(fs, root):
            yield path[len(root.rstrip("/")) + 1 :]


def _walk(fs: fsspec.AbstractFileSystem, folder: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of pictures in a fixed order: a folder's files, then its subfolders, by name."""
    entries = sorted((e["name"].rstrip("/"), e["type"], e.get("islink", False)) for e in fs.ls(folder, detail=True))
    visible = [entry for entry in entries if not posixpath.basename(entry[0]).startswith(".")]
    yield from (path for path, kind, _ in visible if kind == "file" and path.lower().endswith(PICTURE_ENDINGS))
    for path, kind, link in visible:
        # A link to a folder may lead back up.
        if kind == "directory" and not link and depth < MAX_DEPTH and path != folder.rstrip("/"):
            yield from _walk(fs, path, depth + 1)
