"""Items, their pictures, facets, the release, and the pages that explain the API."""

import re
from pathlib import Path

from serve_app.docs_page import docs_page
from tests.serve_app.tiny_shop import made_items

ITEMS = {item.id: item for item in made_items()}


async def test_an_item_is_shown_as_the_catalogue_has_it(api):
    """Every field, quotes and umlauts included, comes back as it went in."""
    shown = (await api.get("/v1/items/lamp-0")).json()["item"]
    kept = ITEMS["lamp-0"].model_dump(mode="json", exclude={"image"})
    assert {key: shown[key] for key in kept} == kept


async def test_an_items_picture_is_cached_by_its_etag(api):
    """A browser that has the picture is told so in a few bytes."""
    first = await api.get("/v1/items/lamp-0/image")
    assert first.headers["content-type"] == "image/webp"
    assert first.content[8:12] == b"WEBP"
    assert "max-age" in first.headers["cache-control"]
    again = await api.get("/v1/items/lamp-0/image", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_facets_count_the_live_release(api):
    """The filter panel shows what there is, and how much of it."""
    facets = (await api.get("/v1/facets")).json()
    assert facets["items"] == 40
    assert {entry["value"]: entry["count"] for entry in facets["colors"]} == dict.fromkeys(
        ("red", "blue", "green", "yellow", "black"), 8
    )
    assert facets["price"] == {"min": 10.0, "max": 400.0, "currency": "EUR"}
    assert facets["in_stock"] == 36


async def test_health(api):
    """Probes see a live process, and which release it can answer from."""
    assert (await api.get("/healthz")).json()["status"] == "ok"
    assert (await api.get("/readyz")).json()["release"] == "r1"
    assert (await api.get("/v1/release")).json()["items"] == 40


async def test_the_docs_page_needs_nothing_from_elsewhere(api):
    """A stranger without internet reads every operation, with an example to send."""
    page = (await api.get("/docs")).text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    document = (await api.get("/openapi.json")).json()
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    assert "oak armchair with soft cushions" in page
    assert "<script>alert" not in docs_page({**document, "info": {"title": "<script>alert", "description": ""}})


async def test_every_operation_and_field_is_described(api):
    """The OpenAPI document explains itself: no operation without words, no request field without a description."""
    document = (await api.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"] and operation["description"], path
            assert operation["tags"], path
    schemas = document["components"]["schemas"]
    for shape in ("SearchRequest", "Picture", "Region", "FoundItem", "SearchResponse", "Problem"):
        for name, field in schemas[shape]["properties"].items():
            assert field.get("description") or "$ref" in field, f"{shape}.{name}"
    assert len(schemas["SearchRequest"]["examples"]) >= 3


async def test_the_guide_names_every_operation(api):
    """docs/api.md does not fall behind the API."""
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for path in (await api.get("/openapi.json")).json()["paths"]:
        assert path.replace("{item_id}", "{id}") in guide, path
