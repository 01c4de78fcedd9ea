"""Rows in text files: JSON Lines and CSV.

A shard begins at a byte offset that one quick pass over the file found, so that any worker can start there. In a
compressed file, getting there means decompressing what comes before; its shards are therefore larger.
"""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from catalog.errors import BadItem, BadSource
from catalog.sources.base import RawRow, Shard
from catalog.sources.files import file_name, is_compressed, open_binary, signature_of

MAX_LINE_BYTES = 4 * 2**20
COMPRESSED_SHARD_FACTOR = 16
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class JsonLinesFormat:
    """One JSON object a line; empty lines are passed over and not counted."""

    files: tuple[str, ...]
    reshape: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        first = 0
        for path in self.files:
            with open_binary(path) as file:
                records = ((line.offset, line.number) for line in _lines(file) if not line.blank)
                for shard in _group(path, first, rows_per_shard, records):
                    yield shard
                    first = shard.first + shard.rows

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        name = file_name(shard.path)
        ordinal = shard.first
        with open_binary(shard.path) as file:
            file.seek(shard.start)
            for line in _lines(file, shard.start, shard.line):
                if ordinal == shard.first + shard.rows:
                    return
                if line.blank:
                    continue
                yield self._parse(line, ordinal, f"{name}:{line.number}")
                ordinal += 1

    def signature(self) -> str:
        return signature_of(self.files)

    def _parse(self, line: "_Line", ordinal: int, where: str) -> RawRow:
        if line.too_long:
            return RawRow(ordinal, where, None, _too_long())
        try:
            value = json.loads(line.data.removeprefix(_BOM))
            if isinstance(value, dict):
                return RawRow(ordinal, where, self.reshape(value) if self.reshape else value)
            problem = f"a {type(value).__name__}, not an object"
        except (ValueError, RecursionError) as error:
            problem = str(error)[:200] or "nested too deeply"
        return RawRow(ordinal, where, None, BadItem("malformed_row", f"not one JSON object a line: {problem}"))


@dataclass(frozen=True)
class CsvFormat:
    """A header line and rows; the delimiter is the one of `,;<tab>|` that the header has most of."""

    files: tuple[str, ...]

    def shards(self, rows_per_shard: int) -> Iterator[Shard]:
        first = 0
        for path in self.files:
            with open_binary(path) as file:
                tape = _Tape(file)
                _, delimiter = _header(path, tape)
                records = ((start, line) for start, line, _, _ in _records(tape, delimiter))
                for shard in _group(path, first, rows_per_shard, records):
                    yield shard
                    first = shard.first + shard.rows

    def rows(self, shard: Shard) -> Iterator[RawRow]:
        with open_binary(shard.path) as file:
            header, delimiter = _header(shard.path, _Tape(file))
            file.seek(shard.start)
            name = file_name(shard.path)
            records = _records(_Tape(file, shard.start, shard.line), delimiter)
            for ordinal, (_, line, cells, problem) in zip(
                range(shard.first, shard.first + shard.rows), records, strict=False
            ):
                where = f"{name}:{line}"
                if problem is None and len(cells) > len(header):
                    problem = f"{len(cells)} cells under a header of {len(header)}"
                if problem is not None:
                    yield RawRow(ordinal, where, None, BadItem("malformed_row", problem))
                else:
                    yield RawRow(ordinal, where, dict(zip(header, cells, strict=False)))

    def signature(self) -> str:
        return signature_of(self.files)


@dataclass(frozen=True)
class _Line:
    offset: int
    number: int
    data: bytes
    size: int
    too_long: bool = False

    @property
    def blank(self) -> bool:
        return not self.too_long and not self.data.removeprefix(_BOM).strip()


def _lines(file: BinaryIO, offset: int = 0, number: int = 1) -> Iterator[_Line]:
    """Yield lines with their places; of a line beyond the limit only the fact that it is there."""
    try:
        while data := file.readline(MAX_LINE_BYTES + 1):
            start, size = offset, len(data)
            too_long = size > MAX_LINE_BYTES
            while too_long and not data.endswith(b"\n") and (data := file.readline(MAX_LINE_BYTES)):
                size += len(data)
            offset += size
            yield _Line(start, number, b"" if too_long else data, size, too_long)
            number += 1
    except (OSError, EOFError, ValueError) as error:
        # A damaged archive says so only where the damage is; what came before it has been read.
        raise BadSource(
            f"{getattr(file, 'name', 'the file')}: cannot be read after line {number - 1}: {error}"
        ) from error


def _group(path: str, first: int, rows_per_shard: int, records: Iterator[tuple[int, int]]) -> Iterator[Shard]:
    """Gather records (offset, line) into shards of at most `rows_per_shard`."""
    limit = rows_per_shard * (COMPRESSED_SHARD_FACTOR if is_compressed(path) else 1)
    start = line = rows = 0
    for record_start, record_line in records:
        if rows == limit:
            yield Shard(path, first, rows, start, line)
            first, rows = first + rows, 0
        if rows == 0:
            start, line = record_start, record_line
        rows += 1
    if rows:
        yield Shard(path, first, rows, start, line)


@dataclass
class _Tape:
    """Feeds decoded lines to `csv.reader`, which may take several for one record, and knows how far it has read."""

    file: BinaryIO
    offset: int = 0
    number: int = 1
    problem: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._lines = _lines(self.file, self.offset, self.number)

    def __iter__(self) -> "_Tape":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.offset, self.number = line.offset + line.size, line.number + 1
        if line.too_long:
            self.problem = str(_too_long())
            return "\n"
        try:
            return line.data.removeprefix(_BOM).decode()
        except UnicodeDecodeError as error:
            self.problem = f"not UTF-8: {error.reason} at byte {error.start} of the line"
            return line.data.decode("utf-8", "replace")


def _header(path: str, tape: _Tape) -> tuple[list[str], str]:
    for line in tape:
        if line.strip():
            delimiter = max(",;\t|", key=line.count)
            try:
                header = next(csv.reader([line], delimiter=delimiter))
            except csv.Error as error:
                raise BadSource(f"{path}: its first line is not a CSV header: {error}") from error
            return [name.strip() for name in header], delimiter
    raise BadSource(f"{path}: empty; a CSV file begins with a line of field names")


def _records(tape: _Tape, delimiter: str) -> Iterator[tuple[int, int, list[str], str | None]]:
    """Yield (offset, line, cells, problem) of each record that is not empty."""
    reader = csv.reader(tape, delimiter=delimiter)
    while True:
        start, line = tape.offset, tape.number
        tape.problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, line, [], f"not a CSV row: {error}"
            # The reader has lost its place within quotes: begin anew at the line after.
            reader = csv.reader(tape, delimiter=delimiter)
            continue
        if cells or tape.problem:
            yield start, line, cells, tape.problem


def _too_long() -> BadItem:
    return BadItem("row_too_long", f"a line of more than {MAX_LINE_BYTES // 2**20} MiB")
