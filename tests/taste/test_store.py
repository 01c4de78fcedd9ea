import asyncio
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from catalog.errors import InvalidInput
from taste.database import translated
from taste.events import Event
from taste.store import EVENT_SCHEMA, MAX_BATCH, EventStore, Receipt, StoreUnavailable
from taste.writer import GroupWriter, StoreBusy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(number: int, person: str = "ana", minutes: float = 0, **fields) -> Event:
    fields = {"kind": "view", "item": f"item-{number}", **fields}
    return Event(id=f"e{number}", person=person, time=NOW + timedelta(minutes=minutes), **fields)


def test_an_event_sent_twice_counts_once(store):
    """A client that lost the answer sends again; within a batch, across batches, and with other contents too."""
    assert store.add([event(1), event(2), event(1)]) == Receipt(added=2, duplicates=1, forgotten=0)
    assert store.add([event(2, kind="buy"), event(3)]) == Receipt(added=1, duplicates=1, forgotten=0)
    assert [(e.id, e.kind) for e in store.of_person("ana")] == [("e1", "view"), ("e2", "view"), ("e3", "view")]


def test_one_person_cannot_claim_anothers_ids(store):
    """Ids are made by clients: a guessed or colliding one must not make another person's event vanish."""
    assert store.add([event(1), event(1, person="ben")]).added == 2


def test_late_events_land_where_they_belong(store):
    """Reads follow the time of the act, not of arrival, and a limit keeps the latest."""
    store.add([event(1, minutes=5), event(2, minutes=1)])
    store.add([event(3, minutes=3), event(4, minutes=-60 * 24 * 365 * 80)])
    assert [e.id for e in store.of_person("ana")] == ["e4", "e2", "e3", "e1"]
    assert [e.id for e in store.of_person("ana", limit=2)] == ["e3", "e1"]
    assert store.of_person("nobody") == []


def test_what_comes_back_is_what_was_sent(store):
    """Every field survives, with names in any script and of full length."""
    sent = [
        event(1, kind="save", board="Dachgeschoß 屋根裏 🛋", visit="v" * 256, item="'; DROP TABLE x; --"),
        Event(id="e2", person="ana", kind="follow_board", board="loft", time=NOW + timedelta(microseconds=1)),
    ]
    store.add(sent)
    assert store.of_person("ana") == sent


def test_a_forgotten_event_does_not_come_back(store):
    """A retry still in flight, or one never delivered before, must not undo a deletion."""
    store.add([event(1), event(2)])
    assert store.forget_event("ana", "e1") == 1
    assert store.forget_event("ana", "e9") == 0
    assert store.add([event(1), event(9), event(3)]) == Receipt(added=1, duplicates=0, forgotten=2)
    assert [e.id for e in store.of_person("ana")] == ["e2", "e3"]


def test_forgetting_an_interest_takes_its_items_and_marks(store):
    """All that was done on these items goes, also in numbers beyond one statement; nobody else's events go."""
    store.add([event(n) for n in range(1_500)])
    store.add([event(n, person="ben") for n in range(3)])
    store.mark("ana", "item-7", "pinned")
    assert store.forget_items("ana", [f"item-{n}" for n in range(1_499)]) == 1_499
    assert [e.item for e in store.of_person("ana")] == ["item-1499"]
    assert store.marks("ana") == {}
    assert len(store.of_person("ben")) == 3


def test_a_forgotten_person_starts_anew(store):
    """Events of before, even ones that arrive only now, stay out; what the person does afterwards is kept."""
    now = datetime.now(UTC)
    before = Event(id="a", person="ana", kind="buy", item="bed", time=now - timedelta(days=3))
    late = Event(id="b", person="ana", kind="buy", item="lamp", time=now - timedelta(days=1))
    after = Event(id="c", person="ana", kind="buy", item="rug", time=now + timedelta(minutes=1))
    ahead = Event(id="d", person="ana", kind="view", item="bed", time=now + timedelta(hours=2))
    store.add([before, ahead])
    store.mark("ana", "bed", "muted")
    assert store.forget_person("ana") == 2
    assert store.of_person("ana") == [] and store.marks("ana") == {}
    assert store.add([before, late, after, ahead]) == Receipt(added=1, duplicates=0, forgotten=3)
    assert [e.item for e in store.of_person("ana")] == ["rug"]


def test_marks_are_set_changed_and_taken_away(store):
    """Muting is a switch: the last word counts, per person and item."""
    store.mark("ana", "sofa", "muted")
    store.mark("ana", "sofa", "pinned")
    store.mark("ana", "lamp", "muted")
    assert store.marks("ana") == {"lamp": "muted", "sofa": "pinned"}
    store.mark("ana", "lamp", None)
    assert store.marks("ana") == {"sofa": "pinned"}
    assert store.marks("ben") == {}


def test_scan_streams_a_span_of_time_in_order(store):
    """Training reads days, whole and in bounded batches, with the end left out so that days tile."""
    store.add([event(n, person=f"p{n % 7}", minutes=n) for n in range(100)])
    batches = list(store.scan(since=NOW + timedelta(minutes=10), until=NOW + timedelta(minutes=60), batch_rows=16))
    assert max(batch.num_rows for batch in batches) <= 16
    assert all(batch.schema == EVENT_SCHEMA for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert len(rows) == 50
    assert rows == sorted(rows, key=lambda row: (row["person"], row["time"]))
    assert list(store.scan(until=NOW)) == []


async def test_many_callers_share_commits(store):
    """500 single-event requests at once, as a busy page sends them, must not cost 500 flushes, nor block the loop."""
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticker = asyncio.create_task(tick())
    receipts = await asyncio.gather(*(store.add_async([event(n, person=f"p{n}")]) for n in range(500)))
    ticker.cancel()
    assert sum(receipt.added for receipt in receipts) == 500
    assert ticks > 3
    assert [e.id for e in await store.call(store.of_person, "p77")] == ["e77"]


def test_two_processes_worth_of_stores_agree(store, store_url):
    """Two replicas on one database: overlapping batches neither deadlock nor double, and each sees the other's."""
    other = EventStore(store_url)
    added = []

    def send(target: EventStore, order: int) -> None:
        for start in range(0, 300, 30):
            batch = [event(n) for n in range(start, start + 60)]
            added.append(target.add(batch[::order]).added)

    threads = [threading.Thread(target=send, args=(s, o)) for s in (store, other) for o in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 330 == store.count() == other.count()
    other.close()


def test_a_batch_too_large_is_refused_with_its_size(store):
    with pytest.raises(InvalidInput, match=str(MAX_BATCH)):
        store.add([event(n) for n in range(MAX_BATCH + 1)])
    assert store.add([]) == Receipt(0, 0, 0)


def test_a_closed_store_keeps_what_was_handed_in(store_url):
    """Shutting down writes what waits: a replica that is scaled away loses nothing."""
    store = EventStore(store_url)
    futures = [store._submit([event(n)]) for n in range(50)]
    store.close()
    assert all(future.result().added == 1 for future in futures)
    reopened = EventStore(store_url)
    assert reopened.count() == 50
    reopened.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "no url"])
def test_a_database_that_keeps_nothing_is_refused(url):
    with pytest.raises(InvalidInput):
        EventStore(url)


def test_a_database_out_of_reach_is_named_as_such(tmp_path):
    """The caller can tell "try again" from "you sent nonsense"."""
    with pytest.raises(StoreUnavailable):
        EventStore(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'events.db'}")


def test_one_bad_batch_does_not_fail_its_neighbours():
    """Batches of strangers share a transaction; the one that the database refuses fails alone."""

    def write(batches):
        if any("bad" in batch for batch in batches):
            raise ValueError("refused")
        return [len(batch) for batch in batches]

    writer = GroupWriter(write)
    futures = [writer.submit(["good"]), writer.submit(["bad"]), writer.submit(["good", "good"])]
    assert futures[0].result(5) == 1
    assert futures[2].result(5) == 2
    with pytest.raises(ValueError):
        futures[1].result(5)
    writer.close()


def test_a_database_that_is_away_is_not_asked_for_each_batch():
    """Two hundred callers must not wait for two hundred time-outs of ten seconds, one after the other."""
    tried, all_in = [], threading.Event()

    def write(batches):
        all_in.wait(10)
        tried.append(len(batches))
        raise ConnectionError("away")

    writer = GroupWriter(write, hopeless=lambda error: isinstance(error, ConnectionError))
    futures = [writer.submit(["row"]) for _ in range(200)]
    all_in.set()
    assert all(isinstance(future.exception(10), ConnectionError) for future in futures)
    assert len(tried) <= 4, tried  # the first batch's group, and that of all others: together, then one alone
    writer.close()


def test_what_is_away_is_told_from_what_is_refused(store, monkeypatch):
    """Only of a database that is away is it true that the next batch fares no better."""
    with pytest.raises(StoreUnavailable) as refused, translated(), store._writes.begin() as connection:
        connection.execute(sa.text("INSERT INTO taste_events (person, id) VALUES ('a', 'b')"))  # NOT NULL fails
    assert not refused.value.out_of_reach
    with pytest.raises(StoreUnavailable) as away, translated():
        raise sa.exc.OperationalError("select", {}, Exception("server closed the connection unexpectedly"))
    assert away.value.out_of_reach


@pytest.mark.postgres
def test_connections_that_a_server_ended_are_made_anew(store, store_url):
    """A PostgreSQL server that was restarted costs nobody an event, nor a reader an error."""
    if not store_url.startswith("postgresql"):
        pytest.skip("SQLite has no server")
    store.add([event(1)])
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with psycopg.connect(store_url, autocommit=True) as connection:
        assert len(connection.execute(ended).fetchall()) >= 1
    assert store.add([event(2)]).added == 1
    assert [one.id for one in store.of_person("ana")] == ["e1", "e2"]


def test_a_flood_is_refused_not_swallowed():
    """Beyond the bound callers are told to come back; memory does not grow, and what was accepted is written."""
    release = threading.Event()

    def write(batches):
        release.wait(10)
        return [len(batch) for batch in batches]

    writer = GroupWriter(write, max_group=10, max_waiting=20)
    futures = []
    with pytest.raises(StoreBusy):
        for _ in range(50):
            futures.append(writer.submit(["row"] * 5))
    assert 4 <= len(futures) <= 7
    release.set()
    assert all(future.result(5) == 5 for future in futures)
    writer.close()
