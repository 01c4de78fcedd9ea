"""Events for jobs: out of the event database, or out of files, always as Parquet of `taste.store.EVENT_SCHEMA`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import fsspec.implementations.local
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet

from catalog.errors import InvalidInput
from catalog.sources.files import signature_of
from taste.events import from_microseconds
from taste.store import EVENT_SCHEMA, EventStore

_SHARD_ROWS = 200_000
_REQUIRED = ("person", "kind", "time")


def event_files(where: str, scratch: Path) -> list[str]:
    """Parquet files of EVENT_SCHEMA, each ordered by person and time.

    Args:
        where: the event database's URL, or a Parquet or JSON-lines file or glob.
        scratch: a folder for shards that are copied out of a database or JSON lines; they live as long as it does.

    Raises:
        InvalidInput: there are no such files, or one of JSON lines holds no events.
    """
    if _is_database(where):
        store = EventStore(where)
        try:
            return _write_shards(store.scan(batch_rows=_SHARD_ROWS), scratch)
        finally:
            store.close()
    filesystem, paths = _found(where)
    if all(path.endswith(".parquet") and _is_as_kept(filesystem, path) for path in paths):
        local = isinstance(filesystem, fsspec.implementations.local.LocalFileSystem)
        return paths if local else [filesystem.unstrip_protocol(path) for path in paths]
    return _write_shards((_from_file(filesystem, path) for path in paths), scratch)


def read_events(shards: list[str]) -> pa.Table:
    """All events of some shards in memory."""
    if not shards:
        return EVENT_SCHEMA.empty_table()
    filesystem, _ = fsspec.core.url_to_fs(shards[0])
    paths = [filesystem._strip_protocol(path) for path in shards]
    return pa.concat_tables([pyarrow.parquet.read_table(path, filesystem=filesystem) for path in paths])


def latest_event(shards: list[str]) -> datetime | None:
    """When the newest event happened, whatever clients' clocks said: nothing is later than now."""
    latest = [pc.max(read_events([shard])["time"].cast(pa.int64())).as_py() for shard in shards]
    known = [moment for moment in latest if moment is not None]
    return min(from_microseconds(max(known)), datetime.now(UTC)) if known else None


def events_signature(where: str) -> str:
    """Changes when events come or go, and is found without reading them: a database's count, or files' times."""
    if _is_database(where):
        store = EventStore(where)
        try:
            return f"{store.count()} events"
        finally:
            store.close()
    return signature_of(_addresses(where))


def _is_database(where: str) -> bool:
    return "://" in where and where.split(":", 1)[0].split("+")[0] in ("sqlite", "postgresql")


def _found(where: str) -> tuple[Any, list[str]]:
    filesystem, pattern = fsspec.core.url_to_fs(where)
    paths = sorted(filesystem.glob(pattern))
    if not paths:
        raise InvalidInput(f"there are no events at {where}")
    return filesystem, paths


def _addresses(where: str) -> list[str]:
    filesystem, paths = _found(where)
    return [filesystem.unstrip_protocol(path) for path in paths]


def _is_as_kept(filesystem: Any, path: str) -> bool:
    """Whether a Parquet file has the columns and types of EVENT_SCHEMA; pandas writes nanoseconds."""
    kept = pyarrow.parquet.read_schema(path, filesystem=filesystem)
    return {field.name: field.type for field in kept} == {field.name: field.type for field in EVENT_SCHEMA}


def _from_file(filesystem: Any, path: str) -> pa.Table:
    try:
        if path.endswith(".parquet"):
            return _as_events(pyarrow.parquet.read_table(path, filesystem=filesystem))
        with filesystem.open(path, "rb", compression="infer") as file:
            return _as_events(pyarrow.json.read_json(file))
    except (ValueError, OverflowError, pa.ArrowException) as error:  # a date that is none, a line that is no JSON
        raise InvalidInput(f"{path} cannot be read as events, one a row or line: {error}") from error


def _as_events(rows: pa.Table) -> pa.Table:
    if missing := [name for name in _REQUIRED if name not in rows.column_names]:
        raise ValueError(
            f"each needs {', '.join(_REQUIRED)}; there is no {missing[0]}, but {', '.join(rows.column_names)}"
        )
    for field in EVENT_SCHEMA:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    if pa.types.is_string(rows["time"].type):
        parsed = [datetime.fromisoformat(time) for time in rows["time"].to_pylist()]
        rows = rows.set_column(
            rows.column_names.index("time"), "time", pa.array(parsed, EVENT_SCHEMA.field("time").type)
        )
    # Unsafe, for what is finer than a microsecond is dropped.
    return (
        rows.select(EVENT_SCHEMA.names)
        .cast(EVENT_SCHEMA, safe=False)
        .sort_by([("person", "ascending"), ("time", "ascending")])
    )


def _write_shards(tables: Iterator[Any], folder: Path) -> list[str]:
    paths = []
    for number, table in enumerate(tables):
        path = folder / f"events-{number:05}.parquet"
        whole = table if isinstance(table, pa.Table) else pa.Table.from_batches([table])
        pyarrow.parquet.write_table(whole, path)
        paths.append(str(path))
    return paths
