"""Events for jobs: out of the event database, or out of files, always as rows of `taste.store.EVENT_SCHEMA`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fsspec
import fsspec.implementations.local
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet
import ray
import ray.data
import sqlalchemy as sa

from catalog.errors import InvalidInput
from catalog.sources.files import signature_of
from taste.events import KINDS
from taste.store import EVENT_SCHEMA, EventStore

_SHARD_ROWS = 200_000
_REQUIRED = ("person", "kind", "time")
_TIME = EVENT_SCHEMA.field("time").type
_SEEN = pa.schema([("kind", pa.string()), ("latest", _TIME), ("lacks", pa.string())])


def open_events(where: str) -> ray.data.Dataset:
    """All events, as workers on any node can read them.

    Parquet is read where it lies. All else is read here and handed on in Ray's object store: other nodes do not see
    this one's disk, and what people did is gone with the job, even with one that is killed.

    Args:
        where: the event database's URL, or a Parquet or JSON-lines file or glob.

    Raises:
        InvalidInput: there are no such files, or one holds no events.
    """
    if files := _lasting_files(where):
        return ray.data.read_parquet(files)
    blocks: list[Any] = [ray.put(table) for table in event_tables(where)]
    return ray.data.from_arrow_refs(blocks or [ray.put(EVENT_SCHEMA.empty_table())])


def gather(events: ray.data.Dataset, change: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> pa.Table:
    """What `change` makes of all events, some at a time, on the workers; put together here."""
    changed = events.map_batches(change, batch_format="pyarrow", batch_size=_SHARD_ROWS)
    parts: Iterator[Any] = iter(changed.iter_batches(batch_format="pyarrow", batch_size=None))
    return pa.concat_tables(
        [schema.empty_table(), *(part.select(schema.names).cast(schema) for part in parts if part.num_rows)]
    )


def event_tables(where: str) -> Iterator[pa.Table]:
    """All events, some at a time, read in this process; arguments and errors as of `open_events`."""
    if not _is_database(where):
        filesystem, paths = _found(where)
        yield from (_from_file(filesystem, path) for path in paths)
        return
    store = EventStore(where)
    try:
        yield from (pa.Table.from_batches([batch]) for batch in store.scan(batch_rows=_SHARD_ROWS))
    finally:
        store.close()


def read_events(where: str) -> pa.Table:
    """All events in memory. Raises InvalidInput as `open_events` and `survey_events` do."""
    events = pa.concat_tables([EVENT_SCHEMA.empty_table(), *event_tables(where)])
    _refuse_unknown(pc.unique(events["kind"]), where)
    return events


@dataclass(frozen=True)
class EventSurvey:
    """Of all events.

    Attributes:
        some: whether there are any.
        latest: when the newest happened of those that have been; None where all are still to come.
    """

    some: bool
    latest: datetime | None


def survey_events(events: ray.data.Dataset, where: str) -> EventSurvey:
    """Look at all events once.

    Raises:
        InvalidInput: some lack what each needs, or are of an unknown kind.
    """
    now = datetime.now(UTC)

    def look(batch: pa.Table) -> pa.Table:
        kinds = pc.unique(batch["kind"])
        lacks = next((name for name in _REQUIRED if batch[name].null_count), None)
        rest = [latest_event(batch["time"], now)], [lacks]
        return pa.table([kinds, *(values * len(kinds) for values in rest)], schema=_SEEN)

    seen = gather(events, look, _SEEN)
    if lacking := pc.unique(seen["lacks"].drop_null()).to_pylist():
        raise InvalidInput(f"{address_of(where)} has events with no {lacking[0]}; each needs {', '.join(_REQUIRED)}")
    _refuse_unknown(pc.unique(seen["kind"]), where)
    return EventSurvey(seen.num_rows > 0, pc.max(seen["latest"]).as_py())


def latest_event(times: pa.ChunkedArray, now: datetime | None = None) -> datetime | None:
    """The newest of some moments that is not later than now: one clock that is years ahead must not make it 2099."""
    until = pa.scalar(now or datetime.now(UTC), _TIME)
    latest: datetime | None = pc.max(times.filter(pc.less_equal(times, until))).as_py()
    return latest


def events_signature(where: str) -> str:
    """Changes when events come or go, and is found without reading them: a database's count, or files' times."""
    if _is_database(where):
        store = EventStore(where)
        try:
            return f"{store.count()} events"
        finally:
            store.close()
    return signature_of(_addresses(where))


def address_of(where: str) -> str:
    """Where events are, to be told: a database's URL without its password."""
    return sa.make_url(where).render_as_string(hide_password=True) if _is_database(where) else where


def _refuse_unknown(kinds: pa.Array, where: str) -> None:
    """Left out silently, a shop's purchases under another name would make a model that knows of none."""
    if unknown := sorted(set(kinds.to_pylist()) - set(KINDS)):
        raise InvalidInput(
            f"{address_of(where)} has events of kind {unknown[0]!r}; rename them to one of {', '.join(KINDS)}, or "
            "leave them out"
        )


def _lasting_files(where: str) -> list[str]:
    """Parquet files that hold events as they are wanted, by addresses that workers know; none where others do too."""
    if _is_database(where):
        return []
    filesystem, paths = _found(where)
    if not all(path.endswith(".parquet") and _is_as_kept(filesystem, path) for path in paths):
        return []
    local = isinstance(filesystem, fsspec.implementations.local.LocalFileSystem)
    return paths if local else [filesystem.unstrip_protocol(path) for path in paths]


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
    if pa.types.is_integer(rows["time"].type) or pa.types.is_floating(rows["time"].type):
        raise ValueError("time is a number, of which nobody knows the unit; write it as ISO 8601 or as a timestamp")
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
