"""A full ingress says so at once, to those who find it full and to nobody else."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from serve_app.crowd import Crowd
from serve_app.edge import Edge

PLACES = 2
FREE = ("/v1/chat", "/readyz", "/v1/items/lamp/image", "/v1/events")
PATHS = ("/v1/search", "/v1/feed", "/v1/items/lamp/similar", *FREE)


@pytest.fixture
async def shop():
    """(client, the event that all who are inside wait for, a queue that tells of each who came in)."""
    leave, arrivals = asyncio.Event(), asyncio.Queue()

    async def visit(request):
        await arrivals.put(request.url.path)
        await leave.wait()
        if request.query_params.get("faints"):
            raise RuntimeError("inside")
        return PlainTextResponse("served")

    routes = [Route(path, visit, methods=["GET", "POST"]) for path in PATHS]
    app = Edge(Crowd(Starlette(routes=routes), PLACES), 1000)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://shop"
    ) as client:
        yield client, leave, arrivals


async def entered(client, arrivals, path, count=1):
    calls = [asyncio.create_task(client.get(path)) for _ in range(count)]
    for _ in calls:
        await asyncio.wait_for(arrivals.get(), 5)
    return calls


async def test_whoever_finds_all_places_taken_is_told_when_to_come_back(shop):
    """A 503 with Retry-After that names the request, while the others are still being served."""
    client, leave, arrivals = shop
    inside = await entered(client, arrivals, "/v1/search", PLACES)
    refused = await client.get("/v1/search", headers={"X-Request-ID": "me"})
    assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
    assert refused.json()["type"].endswith(":full") and refused.json()["instance"] == "urn:request:me"
    leave.set()
    assert [call.status_code for call in await asyncio.gather(*inside)] == [200, 200]


async def test_what_computes_little_needs_no_place(shop):
    """Chat has limits of its own, a page shows its pictures, and a full shop is not a dead one."""
    client, leave, arrivals = shop
    inside = await entered(client, arrivals, "/v1/feed") + await entered(client, arrivals, "/v1/items/lamp/similar")
    for path in FREE:
        inside += await entered(client, arrivals, path, PLACES)
    assert (await client.get("/v1/search")).status_code == 503
    leave.set()
    assert {call.status_code for call in await asyncio.gather(*inside)} == {200}


async def test_a_place_is_free_again_whatever_became_of_its_request(shop):
    """Requests that fail and clients that hang up give theirs back."""
    client, leave, arrivals = shop
    failing = await entered(client, arrivals, "/v1/search?faints=1")
    hanging_up = await entered(client, arrivals, "/v1/search")
    hanging_up[0].cancel()
    leave.set()
    assert (await failing[0]).status_code == 500
    await asyncio.gather(*hanging_up, return_exceptions=True)
    leave.clear()
    inside = await entered(client, arrivals, "/v1/search", PLACES)
    assert (await client.get("/v1/search")).status_code == 503
    leave.set()
    await asyncio.gather(*inside)
