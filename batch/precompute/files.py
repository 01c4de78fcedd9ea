"""Small files of a job, on local disk or any object store: written whole or not at all."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from fsspec.core import url_to_fs
from pyarrow.fs import FSSpecHandler, PyFileSystem

from catalog.errors import InvalidInput


class Folder:
    """A folder at a URI. Travels to workers as its URI."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._fs, self._root = url_to_fs(self.uri)
        self.is_local = "file" in self._fs.protocol

    def __reduce__(self) -> tuple[type["Folder"], tuple[str]]:
        return Folder, (self.uri,)

    def __truediv__(self, name: str) -> "Folder":
        return Folder(f"{self.uri}/{name}")

    def path(self, name: str) -> str:
        """The full URI of a file in here, as pyarrow and Ray read it."""
        return f"{self.uri}/{name}"

    def names(self, ending: str = "") -> list[str]:
        """Names of the files in here, sorted; none if the folder does not exist."""
        try:
            entries = self._fs.ls(self._root, detail=True, refresh=True)
        except FileNotFoundError:
            return []
        names = (entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in entries)
        return sorted(name for name in names if name.endswith(ending) and not name.startswith("."))

    def exists(self, name: str) -> bool:
        return bool(self._fs.exists(f"{self._root}/{name}"))

    def remove(self) -> None:
        if self._fs.exists(self._root):
            self._fs.rm(self._root, recursive=True)

    def read_json(self, name: str) -> dict[str, Any] | None:
        try:
            return cast(dict[str, Any], json.loads(self._fs.cat_file(f"{self._root}/{name}")))
        except FileNotFoundError:
            return None

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        with self._whole(name) as file:
            file.write(json.dumps(value, indent=1).encode())

    def write_parquet(
        self, name: str, batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, group_rows: int | None = None
    ) -> int:
        """Write a Parquet file from batches, one after the other; returns the number of rows."""
        rows = 0
        with self._whole(name) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
                writer.write_table(table, row_group_size=group_rows)
                rows += batch.num_rows
        return rows

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self._fs.open(f"{self._root}/{name}", "rb"))

    def parquet(self, names: list[str] | None = None) -> pads.Dataset:
        """The Parquet files in here (or the named ones) as one dataset, read lazily."""
        chosen = self.names(".parquet") if names is None else names
        filesystem = None if self.is_local else PyFileSystem(FSSpecHandler(self._fs))
        return pads.dataset([f"{self._root}/{name}" for name in chosen], format="parquet", filesystem=filesystem)

    @contextmanager
    def locked(self, refusal: str) -> Iterator[None]:
        """Hold the folder's lock, which goes with the process, however it ends; local folders only.

        Raises:
            InvalidInput: another process holds it; `refusal` is the message.
        """
        if not self.is_local:
            yield
            return
        path = Path(self._root) / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InvalidInput(refusal) from error
            yield

    @contextmanager
    def _whole(self, name: str) -> Iterator[BinaryIO]:
        if not self.is_local:
            with self._fs.open(f"{self._root}/{name}", "wb") as file:  # uploaded when it is closed without an error
                yield file
            return
        target = Path(self._root) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
