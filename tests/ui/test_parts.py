"""The page's parts without a browser: escaping, prices, filters, and how it speaks with the API."""

import httpx
import pytest

from ui.cards import cards, notice, price_text
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.examples import ROOMS, example_messages
from ui.filters import example_queries, filter_form, to_filters
from ui.visual import Discovery, to_request

EVIL = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"
ITEM = {
    "id": EVIL,
    "title": EVIL,
    "description": EVIL,
    "category": (EVIL,),
    "brand": EVIL,
    "price": 1299.5,
    "currency": "EUR",
    "colors": (EVIL,),
    "materials": (EVIL,),
    "styles": (EVIL,),
    "attributes": {EVIL: EVIL},
    "availability": "out_of_stock",
    "url": "javascript:alert(1)",
    "image_url": "/v1/items/x/image",
    "reason": EVIL,
}


def shop(answer):
    return ShopClient("http://shop", transport=httpx.MockTransport(answer))


def test_no_word_of_the_catalogue_becomes_markup():
    """A title or an attribute with HTML in it is shown as it is written; a link that runs code is not made."""
    facets = {
        "items": 9,
        **{
            kind: [{"value": EVIL, "count": 3}, {"value": "b", "count": 2}]
            for kind in ("categories", "colors", "brands")
        },
        "price": {"min": 1, "max": 2, "currency": EVIL},
    }
    for html in (cards([ITEM]), filter_form(facets), notice(EVIL, EVIL)):
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "javascript:" not in html


@pytest.mark.parametrize(
    ("price", "currency", "shown"),
    [
        (1299.0, "EUR", "€1,299"),
        (9.5, "USD", "$9.50"),
        (499.0, "SEK", "499 SEK"),
        (3.0, None, "3"),
        (None, "EUR", ""),
        (0.0, "GBP", "£0"),
    ],
)
def test_prices(price, currency, shown):
    """Prices read as they do in a shop."""
    assert price_text(price, currency) == shown


def test_only_what_was_asked_is_sent():
    """Empty fields and nonsense in the filter panel do not reach the API."""
    assert to_request({"text": "  ", "like": [], "filters": {"price_min": "x"}, "sort": "best"}) == {"limit": 24}
    full = to_request({"text": " lamp ", "picture": "data:x", "region": {"x0": 0}, "sort": "price_asc", "cursor": "c"})
    assert full["picture"] == {"data": "data:x"}
    assert (full["text"], full["region"], full["sort"], full["cursor"]) == ("lamp", {"x0": 0}, "price_asc", "c")
    assert to_filters({"colors": ["red"], "price_max": "inf", "in_stock": True}) == {
        "colors": ["red"],
        "in_stock": True,
    }


def test_examples_are_things_that_the_catalogue_has():
    """What the page suggests to try is made of this catalogue's own words."""
    facets = {
        "items": 100,
        "categories": [{"value": "home", "count": 100}, {"value": "lamps", "count": 20}],
        "colors": [{"value": "green", "count": 9}],
    }
    assert example_queries(facets) == ["green lamps"]
    assert example_queries({}) == []


class Shelves:
    """Answers every search with one item of the kind that is asked for."""

    def search(self, body):
        kind = body["filters"]["categories"][0]
        return {
            "items": [
                {"id": kind, "category": [kind], "colors": ["red"], "price": 80, "currency": "EUR", "image_url": "/i"}
            ]
        }


def facets_of(*kinds):
    return {
        "items": 1000,
        "categories": [{"value": kind, "count": 9} for kind in kinds],
        "colors": [{"value": "red", "count": 9}],
        "materials": [{"value": "oak", "count": 9}],
        "styles": [{"value": "boho", "count": 9}],
    }


def test_a_room_is_suggested_where_the_shop_can_furnish_one():
    """Whoever sells beds, side tables, lamps and rugs may be asked for a bedroom; a shop of mugs is not."""
    room = example_messages(Shelves(), facets_of(*ROOMS["bedroom"]))[-1]
    assert room == {"message": "A whole bedroom, boho, under €350", "item": "bed frames"}
    mugs = example_messages(Shelves(), facets_of("mugs", "bowls", "vases", "plates"))
    assert [one["message"] for one in mugs][-1] == "Show me plates, the cheaper ones first"
    assert len(mugs) == 4


def test_a_moment_of_overload_is_waited_out():
    """One 503 with a short Retry-After is not shown to the shopper."""
    answers = iter([httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(200, json={"items": []})])
    assert shop(lambda _: next(answers)).search({}) == {"items": []}


def test_what_the_client_raises():
    """A refusal carries the API's own words; anything else is an API that is not there."""
    refusal = httpx.Response(422, json={"detail": "limit: too large"})
    with pytest.raises(ApiProblem, match="limit: too large"):
        shop(lambda _: refusal).search({})
    with pytest.raises(ApiUnavailable):
        shop(lambda _: httpx.Response(503)).search({})

    def broken(_):
        raise httpx.ConnectError("refused")

    with pytest.raises(ApiUnavailable):
        shop(broken).facets()


@pytest.mark.parametrize(
    ("status", "words"), [(413, "too large"), (410, "has changed"), (404, "gone"), (422, "did not work")]
)
def test_refusals_are_put_kindly(status, words):
    """Each refusal becomes a sentence and a way on."""
    answer = Discovery(shop(lambda _: httpx.Response(status, json={"detail": EVIL}))).find({"text": "x"})
    assert words in answer["notice"]
    assert "data-act" in answer["notice"]
    assert "<script" not in answer["notice"]
