"""The page's own key to the API, from its setting into every request."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ui import app
from ui.client import ApiProblem, ShopClient

KEY = "wsk_0123456789abcdef_" + "s" * 43


def seen_by(requests):
    """A transport that notes what comes and answers as a shop that requires keys."""

    def answer(request):
        requests.append(request)
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return httpx.Response(200, json={"items": []})
        return httpx.Response(401, json={"detail": "send an API key", "type": "urn:windowshop:problem:unauthorized"})

    return httpx.MockTransport(answer)


def test_every_request_carries_the_key():
    """Plain ones and streamed ones alike."""
    requests = []
    shop = ShopClient("http://shop", key=KEY, transport=seen_by(requests), stream=seen_by(requests))
    assert shop.search({"text": "lamp"}) == {"items": []}

    async def chat():
        assert [event async for event in shop.chat({"message": "hello"})] == []
        await shop.close()

    with ThreadPoolExecutor(1) as thread:  # the browser of other tests keeps a loop running in this one
        thread.submit(asyncio.run, chat()).result()
    assert [one.headers["authorization"] for one in requests] == [f"Bearer {KEY}"] * 2


def test_without_a_key_the_shopper_is_told():
    """The shop's own words, and nothing is sent in place of a key."""
    requests = []
    shop = ShopClient("http://shop", transport=seen_by(requests))
    with pytest.raises(ApiProblem, match="send an API key") as error:
        shop.search({"text": "lamp"})
    assert error.value.status == 401
    assert "authorization" not in requests[0].headers


def test_the_setting_reaches_the_page(monkeypatch):
    """WINDOWSHOP_API_KEY is what the page calls with."""
    pages = []
    monkeypatch.setenv("WINDOWSHOP_API_KEY", KEY)
    monkeypatch.setattr(app.uvicorn, "run", lambda page, **_: pages.append(page))
    monkeypatch.setattr(app, "create_page", lambda shop, shoppers: shop)
    app.main(api="http://shop")
    assert pages[0]._http.headers["authorization"] == f"Bearer {KEY}"
