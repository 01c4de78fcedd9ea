"""Rows in Parquet files."""

from collections.abc import Iterator
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import BadSource
from catalog.sources.base import RawRow, Shard
from catalog.sources.files import file_name, signature_of

BATCH_ROWS = 256


@dataclass(frozen=True)
class ParquetFormat:
    """Parquet files; columns may be nested. A shard is a stretch of rows, read batch by batch."""

    files: tuple[str, ...]

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        first = 0
        for path in self.files:
            with _open(path) as file:
                total = file.metadata.num_rows
            for start in range(0, total, rows_per_shard):
                rows = min(rows_per_shard, total - start)
                yield Shard(path, first, rows, start)
                first += rows

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        name = file_name(shard.path)
        end = shard.start + shard.rows
        with _open(shard.path) as file:
            groups, position = _groups(file, shard.start, end)
            try:
                for batch in file.iter_batches(BATCH_ROWS, row_groups=groups):
                    skip = max(0, shard.start - position)
                    wanted = batch.slice(skip, max(0, min(end, position + batch.num_rows) - position - skip))
                    for i, fields in enumerate(wanted.to_pylist()):
                        row = position + skip + i
                        yield RawRow(shard.first + row - shard.start, f"{name}:row {row + 1}", fields)
                    position += batch.num_rows
                    if position >= end:
                        return
            except (OSError, pa.ArrowException) as error:
                raise BadSource(f"{shard.path}: cannot be read after row {position}: {error}") from error

    def signature(self) -> str:
        return signature_of(self.files)


def _open(path: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(fsspec.open(path, "rb").open(), pre_buffer=False)
    except (OSError, pa.ArrowException, ImportError) as error:
        raise BadSource(f"{path}: not a readable Parquet file: {error}") from error


def _groups(file: pq.ParquetFile, start: int, end: int) -> tuple[list[int], int]:
    """The row groups that hold rows [start, end), and the row at which the first of them begins."""
    groups: list[int] = []
    first = position = 0
    for index in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(index).num_rows
        if position < end and position + rows > start:
            first = first if groups else position
            groups.append(index)
        position += rows
    return groups, first
