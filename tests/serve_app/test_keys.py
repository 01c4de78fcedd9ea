"""API keys where they are kept, and what a replica remembers of them: hashed, revocable, limited over all replicas."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from catalog.errors import InvalidInput, NotFound
from serve_app.errors import Forbidden, RateLimited, Unauthorized
from serve_app.key_ring import FRESH_S, MAX_STRANGERS, STALE_S, KeyRing
from serve_app.keys import KeyStore, Rights
from taste.database import StoreUnavailable
from tests.taste.conftest import postgres_server  # noqa: F401


class Clock:
    """A time that tests set."""

    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC).timestamp()

    def __call__(self):
        return self.time


class Watched(KeyStore):
    """A real store that counts what it is asked, and can be out of reach."""

    def __init__(self, url):
        super().__init__(url)
        self.asked = 0
        self.is_down = False

    def find(self, id_):
        return self._count(super().find, id_)

    def spend(self, *what):
        return self._count(super().spend, *what)

    def _count(self, method, *arguments):
        self.asked += 1
        if self.is_down:
            raise StoreUnavailable("the database failed: connection refused")
        return method(*arguments)


@pytest.fixture
def store(tmp_path):
    return Watched(f"sqlite:///{tmp_path}/events.db")


@pytest.fixture
def clock():
    return Clock()


def ring(store, clock):
    return KeyRing(store, now=clock)


async def admitted(ring, text, times):
    """How many of so many requests come through."""
    count = 0
    for _ in range(times):
        try:
            await ring.admit(text)
            count += 1
        except RateLimited:
            pass
    return count


def test_a_secret_is_nowhere_in_the_database(store, tmp_path):
    """Whoever reads the database or a backup of it has no key: neither the text nor its secret part is there."""
    key, text = store.create("shop page", ["search"], ["*"])
    secret = text.removeprefix(f"wsk_{key.id}_")
    assert len(secret) == 43
    with sqlite3.connect(tmp_path / "events.db") as database:
        dump = "\n".join(database.iterdump())
    assert key.id in dump
    assert secret not in dump
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert secret not in repr(key) and repr(key.digest) not in repr(key)


async def test_a_key_opens_until_it_is_revoked(store, clock):
    """A revoked key opens for a few seconds more at the most, and then never again."""
    keys = ring(store, clock)
    key, text = store.create("shop page", ["search", "chat"], ["ana", "guest-*"])
    found = await keys.admit(text)
    assert found.rights == Rights(frozenset({"search", "chat"}), ("ana", "guest-*"))
    assert store.revoke(key.id).revoked
    clock.time += FRESH_S + 0.1
    with pytest.raises(Unauthorized):
        await keys.admit(text)
    assert [one.id for one in store.list()] == [key.id]
    with pytest.raises(NotFound, match="keys list"):
        store.revoke("0" * 16)


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), str.upper, lambda t: t + "x"])
async def test_almost_a_key_is_no_key(store, clock, change):
    """One character off is as good as none."""
    _, text = store.create("page", ["search"], ["*"])
    with pytest.raises(Unauthorized):
        await ring(store, clock).admit(change(text))


@pytest.mark.parametrize(
    "text", ["", "none", "wsk_", "wsk_0_x", "wsk_" + "0" * 16 + "_" + "A" * 43, "' OR 1=1 --", "\0"]
)
async def test_made_up_keys(store, clock, text):
    """What is no key, or nobody's, does not open."""
    with pytest.raises(Unauthorized):
        await ring(store, clock).admit(text)


async def test_a_key_expires(store, clock):
    """At the second that was set, also where the key is remembered."""
    _, text = store.create("trial", ["search"], ["*"], expires=datetime.fromtimestamp(clock() + 1, UTC))
    keys = ring(store, clock)
    await keys.admit(text)
    clock.time += 1
    with pytest.raises(Unauthorized):
        await keys.admit(text)


async def test_a_request_costs_no_database_read(store, clock):
    """A thousand requests while a key is remembered ask the database once; so do many at once."""
    _, text = store.create("page", ["search"], ["*"])
    keys = ring(store, clock)
    store.asked = 0
    await asyncio.gather(*(keys.admit(text) for _ in range(50)))
    for _ in range(1000):
        await keys.admit(text)
    assert store.asked == 1


async def test_a_database_that_is_away_does_not_close_the_shop_at_once(store, clock):
    """Who was known stays known for a minute, at the price of one attempt in a few seconds; then nobody is let in."""
    _, text = store.create("page", ["search"], ["*"], per_minute=6000)
    _, strange = store.create("other", ["search"], ["*"])
    keys = ring(store, clock)
    await keys.admit(text)
    store.is_down = True
    store.asked = 0
    for _ in range(100):
        clock.time += 0.5
        await keys.admit(text)
    assert store.asked <= 50 / FRESH_S + 10
    with pytest.raises(StoreUnavailable):
        await keys.admit(strange)
    clock.time += STALE_S
    with pytest.raises(StoreUnavailable):
        await keys.admit(text)
    store.is_down = False
    clock.time += FRESH_S
    await keys.admit(text)


@pytest.mark.parametrize("limit", [1, 7, 25, 100])
@pytest.mark.parametrize("replicas", [1, 3])
async def test_a_limit_holds_over_all_replicas(store, clock, limit, replicas):
    """Never more than the limit in a minute, whichever replica is asked; a twentieth per other replica less."""
    _, text = store.create("page", ["search"], ["*"], per_minute=limit)
    keys = [ring(store, clock) for _ in range(replicas)]
    count = sum([await admitted(one, text, 1) for _ in range(2 * limit) for one in keys])
    share = -(-limit // 20)
    assert limit - (share - 1) * (replicas - 1) <= count <= limit
    with pytest.raises(RateLimited) as error:
        await keys[0].admit(text)
    assert error.value.headers == {"Retry-After": "60"}
    clock.time += 60
    assert await admitted(keys[0], text, 2 * limit) == limit


async def test_a_limit_costs_few_writes_and_a_flood_none(store, clock):
    """Twenty shares a minute, and no question to the database once the minute is spent."""
    _, text = store.create("page", ["search"], ["*"], per_minute=1000)
    keys = ring(store, clock)
    store.asked = 0
    assert await admitted(keys, text, 5000) == 1000
    assert store.asked <= 1 + 20 + 2


async def test_limits_are_of_one_key(store, clock):
    """Somebody else's flood is not mine."""
    _, loud = store.create("loud", ["search"], ["*"], per_minute=5)
    _, quiet = store.create("quiet", ["search"], ["*"], per_minute=5)
    keys = ring(store, clock)
    assert await admitted(keys, loud, 50) == 5
    assert await admitted(keys, quiet, 5) == 5


async def test_guessing_is_slowed_down(store, clock):
    """Ids that nobody knows reach the database a few times per second; known keys go on."""
    _, text = store.create("page", ["search"], ["*"])
    keys = ring(store, clock)
    await keys.admit(text)
    store.asked = 0
    refused = 0
    for number in range(500):
        try:
            await keys.admit(f"wsk_{number:016x}_{'A' * 43}")
        except Unauthorized:
            pass
        except RateLimited:
            refused += 1
    assert store.asked <= MAX_STRANGERS
    assert refused >= 500 - MAX_STRANGERS
    await keys.admit(text)


@pytest.mark.parametrize(
    ("users", "user", "may"),
    [
        (("*",), "anybody", True),
        (("ana",), "ana", True),
        (("ana",), "anabel", False),
        (("ana",), "ANA", False),
        (("ana",), "", False),
        (("shop-a:*",), "shop-a:7", True),
        (("shop-a:*",), "shop-b:7", False),
        (("shop-a:*", "guest"), "guest", True),
        (("a.c",), "abc", False),
        (("ana",), None, True),
    ],
)
def test_whom_a_key_may_act_for(users, user, may):
    """One id, ids with a beginning, or all; an id is no pattern, and acting for nobody in particular needs no right."""
    rights = Rights(frozenset({"search"}), users)
    assert rights.covers(user) == may
    if not may:
        with pytest.raises(Forbidden):
            rights.act_for(user)


@pytest.mark.parametrize(
    ("scopes", "users", "per_minute"),
    [
        (["everything"], ["*"], None),
        ([], ["*"], None),
        (["search"], [], None),
        (["search"], [""], None),
        (["chat"], ["*"], 0),
    ],
)
def test_keys_that_mean_nothing_are_not_made(store, scopes, users, per_minute):
    """A typo in a scope is an error when the key is made, and not a key that opens nothing or everything."""
    with pytest.raises(InvalidInput):
        store.create("x", scopes, users, per_minute)
    assert store.list() == []


async def test_nothing_of_a_key_is_logged(store, clock, caplog):
    """At the most talkative level, a key's secret stays out of logs and messages."""
    caplog.set_level(logging.DEBUG)
    _, text = store.create("page", ["search"], ["*"], per_minute=1, expires=datetime.now(UTC) + timedelta(days=9999))
    keys = ring(store, clock)
    messages = []
    for given in (text, text, text[:-1] + "~"):
        try:
            await keys.admit(given)
        except (RateLimited, Unauthorized) as error:
            messages.append(str(error))
    assert len(messages) == 2
    assert text[21:-1] not in caplog.text + "".join(messages)


@pytest.mark.postgres
@pytest.mark.parametrize("opened", [1, 8])
async def test_postgresql_keeps_the_same_promises(postgres_server, clock, opened):  # noqa: F811
    """Replicas that start together make the tables once; keys and limits hold over all of them."""
    admin = postgres_server
    with psycopg.connect(f"{admin}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE keys_{opened}")
    url = f"{admin}/keys_{opened}"
    stores = [Watched(url) for _ in range(opened)]
    await asyncio.gather(*(asyncio.to_thread(store.list) for store in stores))
    key, text = stores[0].create("page", ["search"], ["a:*"], per_minute=40)
    rings = [ring(store, clock) for store in stores]
    counts = await asyncio.gather(*(admitted(one, text, 40) for one in rings))
    assert 40 - opened < sum(counts) <= 40
    stores[-1].revoke(key.id)
    clock.time += FRESH_S + 0.1
    for one in rings:
        with pytest.raises(Unauthorized):
            await one.admit(text)
