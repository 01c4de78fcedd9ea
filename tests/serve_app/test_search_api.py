"""Searching over HTTP: what is found, why, in which pages, and that nothing typed can do harm."""

import base64
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve_app.cursor import Cursor
from tests.serve_app.tiny_shop import draw, made_items, png

ITEMS = {item.id: item for item in made_items()}


def picture(shape, color, **options):
    return {"data": base64.b64encode(png(draw(shape, color, **options))).decode()}


async def search(api, **request):
    answer = await api.post("/v1/search", json=request)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_words_find_and_say_why(api):
    """The title's own words come first, and the shopper is told that they matched."""
    found = await search(api, text="green vase", limit=5)
    assert found["release"] == "r1"
    assert {item["title"] for item in found["items"][:2]} == {"Green vase Uno", "Green vase Duo"}
    first = found["items"][0]
    assert first["why"][0]["by"] in ("words", "meaning")
    assert "matches your words" in first["reason"]
    assert first["image_url"] == f"/v1/items/{first['id']}/image"
    assert "image_vector" not in json.dumps(found)


async def test_a_picture_finds_what_looks_like_it(api):
    """A fresh drawing of a yellow chair finds the yellow chairs."""
    found = await search(api, picture=picture("chair", "yellow", size=(300, 200)), limit=4)
    assert {item["id"].split("-")[0] for item in found["items"][:2]} == {"chair"}
    assert found["items"][0]["reason"] == "looks like your picture"


async def test_words_bend_a_picture(api):
    """Picture and words together find what has both: the shape of one, the colour of the other."""
    found = await search(api, picture=picture("lamp", "red"), text="blue", limit=3)
    assert any(item["title"].startswith("Blue lamp") for item in found["items"])


async def test_a_region_looks_at_that_part_only(api):
    """A vase beside a table: the half with the vase finds vases, the half with the table finds tables."""
    scene = draw("vase", "red", (240, 240))
    wide = scene.resize((480, 240))
    wide.paste(scene, (0, 0))
    wide.paste(draw("table", "black", (240, 240)), (240, 0))
    data = {"data": base64.b64encode(png(wide)).decode()}
    left = await search(api, picture=data, region={"x1": 0.5}, limit=2)
    right = await search(api, picture=data, region={"x0": 0.5}, limit=2)
    assert {item["id"].split("-")[0] for item in left["items"]} == {"vase"}
    assert {item["id"].split("-")[0] for item in right["items"]} == {"table"}


async def test_more_like_these(api):
    """Items like an item are of its kind, it is not among them itself, and unknown ids are named."""
    found = await search(api, item_ids=["lamp-0", "nowhere"], limit=3)
    assert all(item["id"].startswith("lamp-") for item in found["items"])
    assert "lamp-0" not in [item["id"] for item in found["items"]]
    assert found["missing_item_ids"] == ["nowhere"]
    assert found["items"][0]["reason"] == "like what you picked"
    same = (await api.get("/v1/items/lamp-0/similar", params={"limit": 3})).json()
    assert same["items"][0]["id"] == (await search(api, item_ids=["lamp-0"], limit=3))["items"][0]["id"]


async def test_an_upload_is_the_same_search(api):
    """A form with a file finds what the same picture in base64 finds."""
    drawn = png(draw("table", "green"))
    answer = await api.post(
        "/v1/search/picture", files={"picture": ("t.png", drawn)}, data={"query": '{"limit": 5, "region": {"x1": 0.9}}'}
    )
    data = base64.b64encode(drawn).decode()
    assert answer.json()["items"] == (await search(api, picture={"data": data}, limit=5, region={"x1": 0.9}))["items"]


async def test_filters_hold_for_every_item(api):
    """All kinds of filter at once, whatever the ranking would rather show."""
    filters = {"colors": ["RED", "blue"], "categories": ["lamps"], "price_min": 20, "in_stock": True}
    found = await search(api, text="yellow vase", filters=filters)
    assert found["items"]
    for item in found["items"]:
        assert set(item["colors"]) & {"red", "blue"}
        assert "Lamps" in item["category"]
        assert item["price"] >= 20
        assert item["availability"] == "in_stock"


@pytest.mark.parametrize("sort", ["relevance", "price_asc", "price_desc"])
@pytest.mark.parametrize("asked", [{}, {"text": "lamp"}, {"item_ids": ["vase-7"]}])
async def test_paging_shows_everything_once(api, sort, asked):
    """Following the cursors shows each item exactly once, in the order of the whole."""
    whole = [item["id"] for item in (await search(api, limit=100, sort=sort, **asked))["items"]]
    paged, cursor = [], None
    for _ in range(20):
        page = await search(api, limit=7, sort=sort, cursor=cursor, **asked)
        paged += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert paged == whole
    assert set(paged) == set(ITEMS) - set(asked.get("item_ids", ()))


async def test_a_picture_is_encoded_once(api):
    """The second page of a search by picture neither decodes nor encodes it again."""
    request = {"picture": picture("vase", "black", size=(222, 222)), "limit": 3}
    first = await api.post("/v1/search", json=request)
    assert "encode;dur=" in first.headers["server-timing"]
    second = await api.post("/v1/search", json={**request, "cursor": first.json()["next_cursor"]})
    assert "encode;dur=" not in second.headers["server-timing"]
    assert re.search(r"find;dur=[\d.]+.*total;dur=[\d.]+", second.headers["server-timing"])
    assert not {i["id"] for i in first.json()["items"]} & {i["id"] for i in second.json()["items"]}


CURSOR = Cursor(24, "r1", "0" * 24).encode()


@pytest.mark.parametrize(
    ("cursor", "status", "kind"),
    [
        ("nonsense", 422, "bad_cursor"),
        ("é€", 422, "bad_cursor"),
        (CURSOR[:-3] + "abc", 422, "bad_cursor"),
        (CURSOR, 422, "bad_cursor"),  # of another query
    ],
)
async def test_a_tampered_cursor_is_refused(api, cursor, status, kind):
    """A cursor that was damaged, made up, or taken from another query is no way in."""
    answer = await api.post("/v1/search", json={"text": "lamp", "cursor": cursor})
    assert answer.status_code == status
    assert answer.json()["type"].endswith(kind)


async def test_a_cursor_of_a_release_that_is_gone_says_so(api):
    """A shopper who comes back after the release was deleted is told to search again."""
    issued = Cursor.decode((await search(api, text="lamp", limit=2))["next_cursor"])
    stale = Cursor(issued.offset, "r-long-gone", issued.query).encode()
    answer = await api.post("/v1/search", json={"text": "lamp", "cursor": stale, "limit": 2})
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:windowshop:problem:release_gone")


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["'", '"', "\\", "%", "_", "\x00", "*", "~", "(((", "/*", "]", "🪑", "\u202e", "NULL", "true"]),
    st.sampled_from(["') OR 1=1 --", "red') OR ('a'='a", "; DROP TABLE items", "a AND b OR NOT c", "red\nblue"]),
    st.sampled_from(["title:red", "red^9", "[red TO blue]", "${7*7}", "{{7*7}}"]),
)
FIELDS = ["categories", "brands", "colors", "materials", "styles", "attributes", "exclude", "exclude_ids"]


@pytest.mark.parametrize("field", FIELDS)
@given(word=HOSTILE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_filter_value_matches_more_than_it_says(api, field, word):
    """No string in any filter field breaks the query or widens it: an unknown value finds nothing, or leaves all."""
    values = {"attributes": {"attributes": {"room": [word]}}, "exclude": {"exclude": {"colors": [word]}}}
    filters = values.get(field, {field: [word]})
    answer = await api.post("/v1/search", json={"filters": filters, "limit": 100})
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert not word.strip() or not word.isprintable() or len(word) > 200
        return
    known = {value.casefold() for item in ITEMS.values() for value in (*item.category, *item.colors, *item.materials)}
    known |= {value.casefold() for item in ITEMS.values() for value in (*item.styles, item.brand, item.id)}
    if word.strip().casefold() not in known:
        assert len(answer.json()["items"]) == (len(ITEMS) if field.startswith("exclude") else 0)


@given(text=HOSTILE)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_words_break_a_search(api, text):
    """Whatever is typed is words to look for, never a query language."""
    answer = await api.post("/v1/search", json={"text": text, "limit": 3, "filters": {"colors": ["red"]}})
    assert answer.status_code == 200, answer.text
    assert all(item["colors"] == ["red"] for item in answer.json()["items"])


@given(item_id=HOSTILE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_id_breaks_anything(api, item_id):
    """An id is compared, and nothing else."""
    answer = await api.post("/v1/search", json={"item_ids": [item_id]})
    assert answer.status_code in (404, 422), answer.text
