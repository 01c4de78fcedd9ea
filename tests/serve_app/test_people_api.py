"""A person's own view: what is believed, where it comes from, and that what is taken back is gone from every answer."""

import asyncio
import shutil

import pytest

from catalog.errors import InvalidInput
from catalog.release import ReleaseStore
from serve_app.app import AppArgs, build
from serve_app.database import events_url
from serve_app.personal_cursor import PersonalCursor, item_hashes, not_shown
from serve_app.taste_shard import TasteShard
from tests.serve_app.personal_api import client, deploy
from tests.serve_app.tiny_taste import add_taste, add_tasteful_release, of_color, split


@pytest.fixture(scope="module", params=[0, 2], ids=["whole", "in shards"])
def shards(request):
    """Everything holds for a taste model that the scorer maps, and for one that other deployments share."""
    return request.param


@pytest.fixture(scope="module")
def store(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    add_tasteful_release(folder)
    if shards:
        split(folder, 3)
    return folder


@pytest.fixture(scope="module")
def people(store, shards):
    return deploy(str(store), f"sqlite:///{store / 'events.db'}", [TasteShard] * shards)


@pytest.fixture
async def api(people):
    async with client(people) as opened:
        yield opened


async def two_interests(api, person):
    """A person with saved chairs and vases; returns their interests by the kind of thing."""
    await api.act(person, of_color("red", "chair") + of_color("blue", "vase"))
    view = await api.taste(person)
    return {interest["id"].split("-")[0]: interest for interest in view["interests"]}


async def feed_kinds(api, person):
    page = await api.feed(person, adventurousness=0, limit=20)
    return [item["id"].split("-")[0] for item in page["items"]]


async def test_interests_come_with_their_events(api):
    """Every event is shown once, under what it led to; the map has places for interests, items and regions."""
    interests = await two_interests(api, "ana")
    assert set(interests) == {"chair", "vase"}
    view = await api.taste("ana")
    events = [e["id"] for i in view["interests"] for item in i["items"] for e in item["events"]]
    assert len(events) == len(set(events)) == view["events"] and not view["others"]
    assert sum(interest["importance"] for interest in view["interests"]) == pytest.approx(1, abs=0.01)
    places = [i["position"] for i in view["interests"]] + [mark["position"] for mark in view["landmarks"]]
    assert all(abs(place[axis]) <= 1.5 for place in places for axis in "xy")
    assert {"modern", "classic"} <= {mark["name"] for mark in view["landmarks"]}
    assert view["release"] == "t1" and view["journey"]["stage"]


async def test_a_muted_interest_shapes_nothing(api):
    """Muting chairs takes them out of the feed, unmuting brings them back, and a second pin replaces a first."""
    interests = await two_interests(api, "ben")
    assert "chair" in await feed_kinds(api, "ben")
    view = await api.mark("ben", interests["chair"]["id"], "muted")
    assert {i["id"].split("-")[0]: i["mark"] for i in view["interests"]} == {"chair": "muted", "vase": None}
    assert (await feed_kinds(api, "ben")).count("chair") <= 2
    view = await api.mark("ben", interests["chair"]["id"], "pinned")
    assert view["interests"][0]["mark"] == "pinned" and view["interests"][0]["id"].startswith("chair")
    view = await api.mark("ben", interests["chair"]["id"], None)
    assert {interest["mark"] for interest in view["interests"]} == {None}
    assert "chair" in await feed_kinds(api, "ben")


async def test_a_forgotten_interest_is_gone(api):
    """From the view, from the feed and from search; a late retry of its events does not bring it back."""
    interests = await two_interests(api, "cleo")
    gone = interests["chair"]
    late = [
        {"id": e["id"], "user_id": "cleo", "kind": "save", "item_id": item["id"], "time": e["time"]}
        for item in gone["items"]
        for e in item["events"]
    ]
    assert await api.forget("cleo", f"/interests/{gone['id']}") == len(late)
    assert await api.record(late) == {"added": 0, "duplicates": 0, "forgotten": len(late)}
    view = await api.taste("cleo")
    assert [interest["id"].split("-")[0] for interest in view["interests"]] == ["vase"]
    page = await api.feed("cleo", adventurousness=0, limit=30)
    assert not {item["because_of"] for item in page["items"]} & {item["id"] for item in gone["items"]}
    answer = await api.http.delete(f"/v1/users/cleo/taste/interests/{gone['id']}")
    assert answer.status_code == 404


async def test_a_forgotten_event_is_gone(api):
    """One event of many: the others stay, and to forget it twice is no error."""
    interests = await two_interests(api, "dora")
    item = interests["vase"]["items"][0]
    event = item["events"][0]["id"]
    before = (await api.taste("dora"))["events"]
    assert await api.forget("dora", f"/events/{event}") == 1
    view = await api.taste("dora")
    assert view["events"] == before - 1
    assert item["id"] not in [one["id"] for interest in view["interests"] for one in interest["items"]]
    assert await api.forget("dora", f"/events/{event}") == 0


async def test_forgetting_everything_makes_a_stranger(api):
    """Feed, search and view are those of somebody unknown; marks are gone too, and a new life can begin."""
    interests = await two_interests(api, "eve")
    await api.mark("eve", interests["chair"]["id"], "muted")
    await api.act("eve", of_color("black", "lamp"), kind="hide")
    assert await api.forget("eve") > 10
    view = await api.taste("eve")
    assert (view["events"], view["interests"], view["hidden"], view["others"]) == (0, [], [], [])
    assert not (await api.feed("eve"))["personal"]
    strange, mine = [await api.search(text="lamp", user_id=user) for user in ("nobody", "eve")]
    assert strange["items"] == mine["items"]
    await api.act("eve", of_color("red", "chair"))
    assert [interest["mark"] for interest in (await api.taste("eve"))["interests"]] == [None]


async def test_ids_may_hold_anything(api):
    """Slashes, spaces and other scripts in the ids of people and events are no trouble."""
    person = "team/ana müller"
    event = {"id": "a/b c", "user_id": person, "kind": "save", "item_id": "lamp-0"}
    await api.record([event])
    path = "/v1/users/team%2Fana%20m%C3%BCller/taste"
    assert (await api.http.get(path)).json()["events"] == 1
    assert (await api.http.delete(f"{path}/events/a%2Fb%20c")).json() == {"forgotten": 1}
    assert (await api.http.get(path)).json()["events"] == 0


async def test_without_a_model_the_shop_goes_on(store, tmp_path):
    """No taste model, or one of another encoder: a feed from the catalogue in pages, hides kept, no error."""
    for other_encoder in (False, True):
        folder = tmp_path / str(other_encoder)
        shutil.copytree(store, folder)
        bare = ReleaseStore(folder).promote("t1-bare")
        assert bare.taste is None
        if other_encoder:
            add_taste(folder, bare, "odd", encoder_version="another-encoder")
        async with client(deploy(str(folder), f"sqlite:///{folder / 'events.db'}")) as api:
            await api.act("finn", ["lamp-0"], kind="hide")
            first = await api.feed("finn", limit=10)
            second = await api.feed("finn", limit=10, cursor=first["next_cursor"])
            ids = [item["id"] for page in (first, second) for item in page["items"]]
            assert len(ids) == len(set(ids)) > 15 and "lamp-0" not in ids
            assert {item["reason_kind"] for item in first["items"]} == {"catalogue"}
            found = await api.search(text="lamp", user_id="finn", limit=40)
            assert found["items"] and "lamp-0" not in [item["id"] for item in found["items"]]
            view = await api.taste("finn")
            assert view["hidden"] == ["lamp-0"] and view["release"] is None and len(view["others"]) == 1
            assert (await api.http.get("/v1/items/lamp-4/complements")).json()["items"] == []


async def test_a_new_model_is_taken_up_without_a_restart(store, tmp_path):
    """A release with taste is promoted over one without: the next feeds are personal."""
    folder = tmp_path / "grow"
    shutil.copytree(store, folder)
    ReleaseStore(folder).promote("t1-bare")
    async with client(deploy(str(folder), f"sqlite:///{folder / 'events.db'}")) as api:
        await api.act("gus", of_color("red", "chair"))
        assert not (await api.feed("gus"))["personal"]
        ReleaseStore(folder).promote("t1")
        for _ in range(100):
            page = await api.feed("gus")
            if page["personal"]:
                break
            await asyncio.sleep(0.1)
        assert page["personal"]


async def test_a_database_that_is_down_is_a_503(store):
    """The shop starts and searches without it; what needs it says when to come back, and no address is shown."""
    async with client(deploy(str(store), "postgresql://nobody:secret@127.0.0.1:9/none")) as api:
        assert (await api.search(text="lamp"))["items"]
        event = {"id": "x", "user_id": "u", "kind": "save", "item_id": "lamp-0"}
        for answer in (
            await api.http.post("/v1/events", json={"events": [event]}),
            await api.http.get("/v1/feed", params={"user_id": "u"}),
        ):
            assert answer.status_code == 503 and answer.headers["retry-after"]
            assert answer.json()["type"].endswith("store_unavailable") and "secret" not in answer.text
        assert (await api.feed())["items"]


def test_where_events_are_kept(tmp_path, monkeypatch):
    """A local store has its own file; an object store has none, which is said with its remedy before a start."""
    assert events_url("", ReleaseStore(tmp_path)) == f"sqlite:///{tmp_path}/events.db"
    assert events_url("postgresql://db/shop", ReleaseStore("memory://shop")) == "postgresql://db/shop"
    monkeypatch.delenv("WINDOWSHOP_DATABASE", raising=False)
    with pytest.raises(InvalidInput, match="WINDOWSHOP_DATABASE"):
        build(AppArgs(release="memory://shop"))
    monkeypatch.setenv("WINDOWSHOP_DATABASE", "postgresql://db/shop")
    build(AppArgs(release="memory://shop"))


def test_a_long_cursor_stays_short():
    """The deepest feed's cursor fits into any address line, and finds again what was shown."""
    ids = [f"item-{number}" for number in range(2_000)]
    cursor = PersonalCursor("feed\nana", seed=7, shown=item_hashes(ids[:600])).encode()
    assert len(cursor) < 2_600
    again = PersonalCursor.decode(cursor, "feed\nana")
    assert again.seed == 7
    fresh = not_shown(ids, again.shown)
    assert not fresh[:600].any() and fresh[600:].mean() > 0.999
