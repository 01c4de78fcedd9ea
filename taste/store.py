"""Where events are kept: SQLite on one machine, PostgreSQL in a cluster, the same promises on both.

- `add` answers only after the events are on disk (SQLite in WAL mode with synchronous=FULL; PostgreSQL with
  synchronous_commit=on). The same id twice, in one batch or years apart, counts once.
- Every read goes to the database, so an event is seen by the very next request, on any replica.
- What is forgotten stays forgotten: a retry of a deleted event that arrives late is dropped, which a hash of its id
  remembers and nothing else does.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, ParamSpec, TypeVar

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from catalog.errors import InvalidInput
from taste.database import StoreUnavailable as StoreUnavailable
from taste.database import make_tables, open_database, translated
from taste.events import Event, from_microseconds, to_microseconds
from taste.writer import GroupWriter

P = ParamSpec("P")
T = TypeVar("T")
Mark = Literal["muted", "pinned"]

MAX_BATCH = 5_000
_CHUNK_ROWS = 1_000  # SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535
_LOCK = 0x7A57E  # any number; names the advisory lock that orders forgetting against writing

EVENT_SCHEMA = pa.schema(
    [
        pa.field("person", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("item", pa.string()),
        pa.field("board", pa.string()),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("visit", pa.string()),
    ]
)
"""What `scan` yields and the builder of the graph reads."""

_metadata = sa.MetaData()
_events = sa.Table(
    "taste_events",
    _metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("item", sa.Text),
    sa.Column("board", sa.Text),
    sa.Column("time_us", sa.BigInteger, nullable=False),
    sa.Column("visit", sa.Text),
    sa.Index("taste_events_by_time", "person", "time_us", "id"),
)
_forgotten = sa.Table(
    "taste_forgotten",
    _metadata,
    sa.Column("key", sa.Text, primary_key=True),  # hash of a person, or of a person and an event id
    sa.Column("until_us", sa.BigInteger),  # for a person: events of before this moment stay out
)
_marks = sa.Table(
    "taste_marks",
    _metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Receipt:
    """What became of one batch, once it is durable. The three add up to the batch's length."""

    added: int
    duplicates: int
    forgotten: int


class EventStore:
    """Events and marks of all people. Thread-safe; one per process, opened after any fork.

    Args:
        url: `sqlite:////folder/events.db` or `postgresql://user@host/database`.

    Raises:
        InvalidInput: the url names another database, or SQLite's in-memory one, which keeps nothing.
        StoreUnavailable: from any method, where the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)
        self._sqlite = self._engine.dialect.name == "sqlite"
        self._writes = self._engine.execution_options(writes=True)
        make_tables(self._engine, _metadata, _LOCK)
        self._writer: GroupWriter[Sequence[Event], Receipt] = GroupWriter(self._write, hopeless=_is_away)
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="taste-store")

    def close(self) -> None:
        """Write what waits, then let go of every connection."""
        self._writer.close()
        self._threads.shutdown()
        self._engine.dispose()

    def add(self, events: Sequence[Event]) -> Receipt:
        """Store events; returns once they are durable. Raises InvalidInput above MAX_BATCH, StoreBusy under flood."""
        return self._submit(events).result()

    async def add_async(self, events: Sequence[Event]) -> Receipt:
        """`add` for a coroutine: waits without holding a thread, however many callers wait."""
        return await asyncio.wrap_future(self._submit(events))

    async def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run any other method from a coroutine: `await store.call(store.of_person, "ana")`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(method, *args, **kwargs))

    def of_person(self, person: str, *, limit: int = 500) -> list[Event]:
        """The person's latest `limit` events, oldest first. Events of the same microsecond are ordered by id."""
        query = (
            sa.select(_events)
            .where(_events.c.person == person)
            .order_by(_events.c.time_us.desc(), _events.c.id.desc())
            .limit(limit)
        )
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [_event(row) for row in reversed(rows)]

    def reach(self) -> None:
        """Raises StoreUnavailable if the database does not answer."""
        with translated(), self._engine.connect() as connection:
            connection.execute(sa.select(1))

    def count(self) -> int:
        """Events of all people."""
        with translated(), self._engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(_events)).scalar_one()

    def scan(
        self, *, since: datetime | None = None, until: datetime | None = None, batch_rows: int = 100_000
    ) -> Iterator[pa.RecordBatch]:
        """All events with since <= time < until, ordered by person and time, as Arrow of EVENT_SCHEMA.

        Streams: no more than one batch is in memory.
        """
        c = _events.c
        query = sa.select(c.person, c.kind, c.item, c.board, c.time_us, c.visit).order_by(c.person, c.time_us, c.id)
        if since is not None:
            query = query.where(c.time_us >= to_microseconds(since))
        if until is not None:
            query = query.where(c.time_us < to_microseconds(until))
        with translated(), self._engine.connect() as connection:
            for rows in connection.execution_options(yield_per=batch_rows).execute(query).partitions():
                columns = list(zip(*rows, strict=True))
                yield pa.RecordBatch.from_arrays(
                    [pa.array(values, field.type) for values, field in zip(columns, EVENT_SCHEMA, strict=True)],
                    schema=EVENT_SCHEMA,
                )

    def forget_event(self, person: str, event_id: str) -> int:
        """Delete one event. Returns how many were there: 0 or 1."""
        return self._forget(person, _events.c.id == event_id, also=[event_id])

    def forget_items(self, person: str, items: Iterable[str]) -> int:
        """Delete every event of the person on these items, as "forget this interest" does. Returns how many."""
        wanted = sorted(set(items))
        count = 0
        for start in range(0, len(wanted), _CHUNK_ROWS):
            chunk = wanted[start : start + _CHUNK_ROWS]
            with translated(), self._writes.begin() as connection:
                connection.execute(sa.delete(_marks).where(_marks.c.person == person, _marks.c.item.in_(chunk)))
            count += self._forget(person, _events.c.item.in_(chunk))
        return count

    def forget_person(self, person: str) -> int:
        """Delete everything about a person. Returns how many events. What they do afterwards is kept again."""
        return self._forget(person, sa.true(), until_us=time.time_ns() // 1_000)

    def mark(self, person: str, item: str, mark: Mark | None) -> None:
        """Mute or pin the interest that `item` stands for; None takes the mark away.

        A mark hangs on an item, not on a cluster: clusters are made anew at each read, and the mark goes to the one
        whose centre is nearest to the item.
        """
        with translated(), self._writes.begin() as connection:
            connection.execute(sa.delete(_marks).where(_marks.c.person == person, _marks.c.item == item))
            if mark is not None:
                row = {"person": person, "item": item, "mark": mark}
                connection.execute(self._insert_new(_marks), [row])

    def marks(self, person: str) -> dict[str, Mark]:
        """Item to mark, of one person."""
        query = sa.select(_marks.c.item, _marks.c.mark).where(_marks.c.person == person).order_by(_marks.c.item)
        with translated(), self._engine.connect() as connection:
            return {row.item: row.mark for row in connection.execute(query)}

    # Writing

    def _submit(self, events: Sequence[Event]) -> "Future[Receipt]":
        if len(events) > MAX_BATCH:
            raise InvalidInput(f"{len(events)} events in one batch; send at most {MAX_BATCH}")
        return self._writer.submit(list(events))

    def _write(self, batches: Sequence[Sequence[Event]]) -> list[Receipt]:
        """One transaction for all batches; runs in the writer's thread."""
        rows = {(event.person, event.id): event for batch in reversed(batches) for event in reversed(batch)}
        with translated(), self._writes.begin() as connection:
            if not self._sqlite:  # SQLite has one writer anyway
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))
            forgotten = self._find_forgotten(connection, rows)
            # Sorted, so that two replicas that insert overlapping batches take row locks in one order.
            keys = sorted(rows.keys() - forgotten)
            added: set[tuple[str, str]] = set()
            statement = self._insert_new(_events).returning(_events.c.person, _events.c.id)
            for start in range(0, len(keys), _CHUNK_ROWS):
                values = [_row(rows[key]) for key in keys[start : start + _CHUNK_ROWS]]
                added.update((person, id_) for person, id_ in connection.execute(statement, values))
        return [_receipt(batch, added, forgotten) for batch in batches]

    def _insert_new(self, table: sa.Table) -> Any:
        dialect: Any = sqlite if self._sqlite else postgresql
        return dialect.insert(table).on_conflict_do_nothing()

    # Forgetting

    def _forget(
        self,
        person: str,
        which: sa.ColumnElement[bool],
        *,
        also: Iterable[str] = (),
        until_us: int | None = None,
    ) -> int:
        with translated(), self._writes.begin() as connection:
            if not self._sqlite:  # wait for writes under way, and keep new ones waiting
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            mine = (_events.c.person == person) & which
            ids = set(connection.execute(sa.select(_events.c.id).where(mine)).scalars())
            rows: list[dict[str, Any]] = [{"key": _key(person, id_), "until_us": None} for id_ in ids | set(also)]
            if until_us is not None:
                connection.execute(sa.delete(_marks).where(_marks.c.person == person))
                connection.execute(sa.delete(_forgotten).where(_forgotten.c.key == _key(person)))
                rows.append({"key": _key(person), "until_us": until_us})
            if rows:
                connection.execute(self._insert_new(_forgotten), rows)
            connection.execute(sa.delete(_events).where(mine))
        return len(ids)

    def _find_forgotten(self, connection: sa.Connection, rows: dict[tuple[str, str], Event]) -> set[tuple[str, str]]:
        keys = {_key(*row) for row in rows} | {_key(person) for person, _ in rows}
        found: dict[str, int | None] = {}
        wanted = sorted(keys)
        for start in range(0, len(wanted), _CHUNK_ROWS):
            query = sa.select(_forgotten).where(_forgotten.c.key.in_(wanted[start : start + _CHUNK_ROWS]))
            found.update((key, until) for key, until in connection.execute(query))
        if not found:
            return set()
        return {
            (person, id_)
            for (person, id_), event in rows.items()
            if _key(person, id_) in found or to_microseconds(event.time) <= (found.get(_key(person)) or -(2**62))
        }


def _is_away(error: Exception) -> bool:
    return isinstance(error, StoreUnavailable) and error.out_of_reach


def _key(person: str, event_id: str | None = None) -> str:
    text = person if event_id is None else f"{person}\n{event_id}"  # no name holds a line break
    return hashlib.sha256(text.encode()).hexdigest()


def _row(event: Event) -> dict[str, Any]:
    return {
        "person": event.person,
        "id": event.id,
        "kind": event.kind,
        "item": event.item,
        "board": event.board,
        "time_us": to_microseconds(event.time),
        "visit": event.visit,
    }


def _event(row: Any) -> Event:
    # Checked when it came in; checking 500 of them again at each read would cost more than the query.
    return Event.model_construct(
        id=row.id,
        person=row.person,
        kind=row.kind,
        item=row.item,
        board=row.board,
        time=from_microseconds(row.time_us),
        visit=row.visit,
    )


def _receipt(batch: Sequence[Event], added: set[tuple[str, str]], forgotten: set[tuple[str, str]]) -> Receipt:
    """Count one batch. The first to bring a new event is credited with it, so a group's counts add up."""
    new = refused = 0
    for event in batch:
        key = (event.person, event.id)
        if key in added:
            added.discard(key)
            new += 1
        elif key in forgotten:
            refused += 1
    return Receipt(added=new, duplicates=len(batch) - new - refused, forgotten=refused)
