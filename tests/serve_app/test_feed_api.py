"""Events in, feeds out: up to the second, without repeats, with reasons, and nobody's business but one's own."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from ray import serve

from serve_app.taste_choice import Chosen
from serve_app.taste_shard import TasteShard
from taste.rank import Ranked, Reason
from tests.serve_app.personal_api import client, deploy
from tests.serve_app.tiny_taste import ITEMS, add_tasteful_release, load, of_color, split


@pytest.fixture(scope="module", params=[0, 2], ids=["whole", "in shards"])
def shards(request):
    """Everything holds for a taste model that the scorer maps, and for one that other deployments share."""
    return request.param


@pytest.fixture(scope="module")
def store(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasteful")
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


def colors(items):
    return [item["colors"][0] for item in items]


async def test_an_event_shapes_the_very_next_feed(api):
    """The promise of the whole system: what is saved now counts in the next request, and is not proposed again."""
    before = await api.feed("ana", adventurousness=0)
    assert not before["personal"] and {item["reason_kind"] for item in before["items"]} == {"popular"}
    saved = of_color("green")[:6]
    assert await api.act("ana", saved) == {"added": 6, "duplicates": 0, "forgotten": 0}
    after = await api.feed("ana", adventurousness=0, limit=10)
    assert after["personal"] and after["release"] == "t1"
    assert colors(after["items"]).count("green") >= 6 > colors(before["items"][:10]).count("green")
    assert not {item["id"] for item in after["items"]} & set(saved)
    assert all(item["reason"] for item in after["items"])
    assert after["items"][0]["because_of"] in saved


async def test_the_same_event_twice_counts_once(api):
    """A client that lost the answer sends the batch again; so may two at once."""
    event = {"id": "e1", "user_id": "ben", "kind": "save", "item_id": "lamp-0", "time": "2026-01-05T10:00:00Z"}
    answers = await asyncio.gather(*(api.record([event, event]) for _ in range(4)))
    assert sum(answer["added"] for answer in answers) == 1
    assert sum(answer["duplicates"] for answer in answers) == 7
    assert (await api.taste("ben"))["events"] == 1


async def test_pages_never_repeat_an_item(api):
    """To the end of the catalogue, with the person saving and hiding in between: every item at most once."""
    await api.act("cleo", of_color("blue")[:4])
    shown, cursor, pages = [], None, 0
    while True:
        page = await api.feed("cleo", limit=9, **({"cursor": cursor} if cursor else {}))
        shown += [item["id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        if cursor is None:
            break
        await api.act("cleo", [page["items"][0]["id"]], kind="save" if pages % 2 else "hide")
    assert len(shown) == len(set(shown)) > 80 and pages > 8
    assert all(ITEMS[id_].availability == "in_stock" for id_ in shown)


async def test_a_page_of_things_that_are_gone_is_not_the_last(people):
    """Where all that was chosen, and all that was chosen to spare, is sold out, there is more to choose from."""
    gone = [id_ for id_, item in ITEMS.items() if item.availability == "out_of_stock"][:9]
    assert len(gone) == 9

    class OnlyGone:
        async def feed(self, asked):
            reason = Reason("popular", "Many like it")
            return Chosen("t1", tuple(Ranked(id_, 0, 1.0, reason) for id_ in gone[: asked.count]))

    encoder, retriever, _ = people
    scorer = serve.run(serve.deployment(OnlyGone).bind(), name="only-gone", _local_testing_mode=True)
    async with client((encoder, retriever, scorer)) as api:
        page = await api.feed("zoe", limit=1)
    assert page["items"] == [] and page["next_cursor"] is not None


async def test_strangers_get_a_varied_choice(api):
    """Somebody new, and somebody without a name, see several colours and kinds of what many like."""
    for person in (None, "nobody-yet"):
        page = await api.feed(person, limit=12)
        assert len(page["items"]) == 12 and not page["personal"]
        assert len(set(colors(page["items"]))) >= 4
        assert len({item["id"].split("-")[0] for item in page["items"]}) == 4


async def test_adventurousness_leads_away_and_says_how(api):
    """At 1 the feed leaves the kind of thing that was saved more than at 0, and what lies beyond tells its path."""
    await api.act("dora", of_color("red", "chair"))
    near = await api.feed("dora", adventurousness=0, limit=20)
    far = await api.feed("dora", adventurousness=1, limit=20)
    chairs = [sum(item["id"].startswith("chair") for item in page["items"]) for page in (near, far)]
    assert chairs[1] < chairs[0]
    paths = [item["path"] for item in far["items"] if item["path"]]
    assert paths and all(path["sentence"] for path in paths)
    assert all(path["through"] is None for path in paths if path["via"] == "board")


async def test_hidden_items_never_come_back(api):
    """Not in the feed, not in any search, not among complements, not after hundreds of later events."""
    hidden = of_color("yellow", "vase")
    await api.act("eve", of_color("yellow", "lamp")[:2])
    await api.act("eve", hidden, kind="hide", time=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    for _ in range(6):
        await api.act("eve", of_color("yellow", "table") * 20, kind="view")
    cursor, shown = None, set()
    for _ in range(3):
        page = await api.feed("eve", limit=40, **({"cursor": cursor} if cursor else {}))
        shown |= {item["id"] for item in page["items"]}
        cursor = page["next_cursor"]
        if not cursor:
            break
    for sort in ("relevance", "price_asc"):
        page = await api.search(text="yellow vase", user_id="eve", limit=60, sort=sort)
        shown |= {item["id"] for item in page["items"]}
    answer = await api.http.get("/v1/items/lamp-8/complements", params={"user_id": "eve", "limit": 24})
    shown |= {item["id"] for item in answer.json()["items"]}
    assert shown and not shown & set(hidden)
    assert set((await api.taste("eve"))["hidden"]) == set(hidden)
    await api.act("eve", hidden[:1], kind="save")
    assert hidden[0] not in (await api.taste("eve"))["hidden"]


async def test_a_search_is_ordered_by_taste(api):
    """Among lamps, those of the person's colour rise, with the reason shown; strangers and price orders are as ever."""
    await api.act(
        "finn", of_color("green", "chair")[:2] + of_color("green", "table")[:3] + of_color("green", "lamp")[:2]
    )
    plain = await api.search(text="lamp", limit=10)
    mine = await api.search(text="lamp", limit=10, user_id="finn")
    assert sum(item["id"].startswith("lamp") for item in mine["items"]) >= 8
    assert colors(mine["items"][:6]).count("green") > colors(plain["items"][:6]).count("green")
    assert any("like" in item["reason"].lower() for item in mine["items"])
    strange = await api.search(text="lamp", limit=10, user_id="a-stranger")
    assert [item["id"] for item in strange["items"]] == [item["id"] for item in plain["items"]]
    cheap = await api.search(text="lamp", limit=10, user_id="finn", sort="price_asc")
    prices = [item["price"] for item in cheap["items"] if item["price"] is not None]
    assert prices == sorted(prices)


async def test_pages_of_a_personal_search_never_repeat(api):
    """Also while the person acts between them; and every result is reached."""
    await api.act("gus", of_color("black")[:3])
    shown, cursor = [], None
    for turn in range(20):
        request = {"text": "lamp", "user_id": "gus", "limit": 20, **({"cursor": cursor} if cursor else {})}
        page = await api.search(**request)
        shown += [item["id"] for item in page["items"]]
        await api.act("gus", [shown[-1]], kind="save" if turn % 2 else "view")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(shown) == len(set(shown)) == len(ITEMS)


async def test_nobodys_events_change_anothers_feed(api):
    """Between two trainings a person's answers depend on their own events alone."""
    await api.act("hana", of_color("red")[:4])
    before = [await api.feed("hana"), await api.taste("hana"), await api.search(text="lamp", user_id="hana")]
    for other in ("hana2", "Hana", "ivo"):
        await api.act(other, of_color("blue")[:10], kind="buy")
        await api.act(other, of_color("red")[4:], kind="hide")
    await api.forget("hana2")
    after = [await api.feed("hana"), await api.taste("hana"), await api.search(text="lamp", user_id="hana")]
    assert before == after


async def test_goes_with(api):
    """Other kinds of thing that are chosen together: by colour here, and never more of the same kind."""
    found = (await api.http.get("/v1/items/lamp-0/complements", params={"limit": 6})).json()
    assert found["items"] and all(not item["id"].startswith("lamp") for item in found["items"])
    assert colors(found["items"]).count(ITEMS["lamp-0"].colors[0]) >= 4
    assert ITEMS["lamp-0"].title in found["items"][0]["reason"]
    assert (await api.http.get("/v1/items/no-lamp/complements")).status_code == 404


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"id": "x", "user_id": "u", "kind": "like", "item_id": "a"}, "kind"),
        ({"id": "x", "user_id": "u", "kind": "save"}, "item_id"),
        ({"id": "x", "user_id": "u", "kind": "follow_board", "item_id": "a"}, "board_id"),
        ({"id": "", "user_id": "u", "kind": "save", "item_id": "a"}, "id"),
        ({"id": "x", "user_id": "u\0", "kind": "save", "item_id": "a"}, "user_id"),
        ({"id": "x", "user_id": "u", "kind": "save", "item_id": "a", "time": "2026-01-05T10:00:00"}, "time"),
        ({"id": "x", "user_id": "u", "kind": "save", "item_id": "a", "time": "2999-01-05T10:00:00Z"}, "future"),
        ({"id": "x", "user_id": "u", "kind": "save", "item_id": "a", "weight": 9}, "weight"),
    ],
)
async def test_an_event_that_cannot_be_is_refused(api, event, words):
    """One wrong event refuses its batch, with the field named, and nothing of it is kept."""
    good = {"id": "good", "user_id": "u", "kind": "save", "item_id": "lamp-0"}
    answer = await api.http.post("/v1/events", json={"events": [good, event]})
    assert answer.status_code == 422 and words in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.taste("u"))["events"] == 0


async def test_other_peoples_and_damaged_cursors_are_refused(api):
    """A cursor continues the list that it came from."""
    await api.act("jo", of_color("red")[:3])
    cursor = (await api.feed("jo"))["next_cursor"]
    for params in ({"cursor": cursor}, {"user_id": "jo", "cursor": cursor[:-2]}, {"user_id": "jo", "cursor": "?"}):
        answer = await api.http.get("/v1/feed", params=params)
        assert answer.status_code == 422 and "bad_cursor" in answer.json()["type"]
    assert (await api.http.get("/v1/feed", params={"adventurousness": 2})).status_code == 422
    assert (await api.http.get("/v1/feed", params={"limit": 0})).status_code == 422


async def test_an_item_newer_than_the_model_counts_at_once(store, tmp_path):
    """The catalogue grew since the model was trained: what a person saves of the new still shapes their feed."""
    from catalog.release import ReleaseStore
    from tests.serve_app.tiny_shop import add_release, made_items

    old = add_tasteful_release(tmp_path)
    fresh = add_release(tmp_path, [*made_items(120), *made_items(40, prefix="new-")], "grown")
    stores = ReleaseStore(tmp_path)
    both = fresh.model_copy(update={"id": "t2", "taste": old.taste})
    import lancedb

    lancedb.connect(stores.tables_uri).open_table("items").tags.create(both.tag, both.items.version)
    stores.write(both)
    stores.promote("t2")
    handles = deploy(str(tmp_path), f"sqlite:///{tmp_path / 'events.db'}")
    async with client(handles) as api:
        green = [item.id for item in made_items(40, prefix="new-") if item.colors == ("green",)]
        await api.act("kim", green[:4])
        assert not set(green) & set(load(tmp_path).items)
        page = await api.feed("kim", adventurousness=0, limit=10)
        assert page["personal"]
        assert (await api.taste("kim"))["interests"][0]["items"]
        assert (await api.search(text="lamp", user_id="kim", limit=5))["items"]
        assert (await api.http.get(f"/v1/items/{green[0]}/complements")).json()["items"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
async def test_a_date_that_is_none_in_utc_is_refused(api, time):
    """Some clients' "no date" is midnight of the first day, east of Greenwich: the field is named, not a 500."""
    event = {"id": "e", "user_id": "max", "kind": "save", "item_id": "lamp-0", "time": time}
    answer = await api.http.post("/v1/events", json={"events": [event]})
    assert answer.status_code == 422
    assert "time" in answer.text
