"""Find and open a source's files, wherever fsspec can reach."""

import hashlib
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import fsspec
from fsspec.core import url_to_fs

from catalog.errors import BadSource

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def find_files(where: str, endings: tuple[str, ...]) -> tuple[str, ...]:
    """Resolve a path, glob, folder or URI to addresses of files, sorted by name.

    Args:
        where: a file as it is; a glob; or a folder, of which all files with one of `endings` (compressed or not) count.

    Raises:
        BadSource: nothing is there, or the scheme or its driver is unknown.
    """
    fs, path = filesystem(where)
    try:
        if any(c in path for c in "*?["):
            found = [f for f in fs.glob(path) if not fs.isdir(f)]
        elif fs.isdir(path):
            found = [f for f in fs.find(path) if _ends(f, endings)]
        else:
            found = [path] if fs.exists(path) else []
    except (OSError, ValueError) as error:
        raise BadSource(f"{where}: cannot be read: {error}") from error
    if not found:
        here = "" if "://" in where else f" (looked from {Path.cwd()})"
        raise BadSource(f"{where}: no such file{here}; for a folder, its files must end in {' or '.join(endings)}")
    return tuple(address(fs, f) for f in sorted(found))


def filesystem(where: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The fsspec file system of an address and the path within it.

    Raises:
        BadSource: the protocol is unknown, or the package that speaks it is not installed.
    """
    try:
        return cast(tuple[fsspec.AbstractFileSystem, str], url_to_fs(where))
    except ImportError as error:
        raise BadSource(f"{where}: {error}") from error
    except ValueError as error:
        raise BadSource(f"{where}: not an address that can be opened: {error}") from error


def address(fs: fsspec.AbstractFileSystem, path: str) -> str:
    """Write a path of a file system so that it can be opened from anywhere: local paths stay plain."""
    if fs.protocol == "file" or "file" in fs.protocol or "local" in fs.protocol:
        return str(path)
    return str(fs.unstrip_protocol(path))


def open_binary(path: str) -> BinaryIO:
    """Open a file for reading bytes, uncompressed on the way if its name says so. Offsets are uncompressed ones.

    Raises:
        BadSource: it cannot be opened.
    """
    try:
        return cast(BinaryIO, fsspec.open(path, "rb", compression="infer").open())
    except (OSError, ImportError, ValueError) as error:
        raise BadSource(f"{path}: cannot be opened: {error}") from error


def is_compressed(path: str) -> bool:
    return path.endswith(COMPRESSED)


def signature_of(paths: Iterable[str]) -> str:
    """A digest of the files' names, sizes and times (or entity tags), without reading them."""
    digest = hashlib.sha256()
    for path in paths:
        fs, inner = filesystem(path)
        try:
            key = fs.ukey(inner)
        except OSError as error:
            raise BadSource(f"{path}: cannot be read: {error}") from error
        digest.update(f"{path}\0{key}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def file_name(path: str) -> str:
    return posixpath.basename(path)


def _ends(path: str, endings: tuple[str, ...]) -> bool:
    name = path.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return name.endswith(endings)
