"""The real thing: `serve run` with the laptop's configuration, over HTTP, with releases changing under load."""

import asyncio
import base64
import time
from collections import Counter

import httpx
import pytest

from tests.serve_app.serve_process import answers, serve_run
from tests.serve_app.tiny_shop import add_release, draw, made_items, png

PICTURE = {"data": base64.b64encode(png(draw("vase", "green"))).decode()}
MIXED = [
    {"text": "red lamp"},
    {"picture": PICTURE},
    {"text": "blue", "picture": PICTURE, "limit": 5},
    {"filters": {"colors": ["green"]}},
    {"text": "chair", "sort": "price_asc"},
]
DRAINED_WITHIN_S = 30
CUSTOMERS = 3
QUEUE = 8
"""Requests that may wait for the retriever: few enough for a crowd to overflow, and more than there are customers, for
Serve counts a request as waiting until a replica has accepted it, even where a place is free."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    add_release(folder, made_items(), "r1")
    return folder


@pytest.fixture(scope="module")
def address(store, tmp_path_factory):
    """Base URL of the application, with small limits and a quick eye on releases."""

    def change(config):
        application = config["applications"][0]
        application["args"] |= {"poll_s": 0.3, "searches_at_once": 100}  # it is the retriever that shall be full
        retriever = next(one for one in application["deployments"] if one["name"] == "Retriever")
        retriever.update(max_ongoing_requests=2, max_queued_requests=QUEUE)

    with serve_run(tmp_path_factory.mktemp("serve"), change, {"WINDOWSHOP_RELEASE": str(store)}) as serving:
        serving.wait_until(lambda url: answers(f"{url}/readyz"))
        yield serving.url


def failures(answers: list[httpx.Response]) -> list[str]:
    """What the answers said that were not 200."""
    return [f"{answer.status_code}: {answer.text}" for answer in answers if answer.status_code != 200]


@pytest.fixture
async def api(address):
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        yield client


async def test_searches_through_the_real_proxy(api):
    """Every kind of query, an item, its picture and the explanation come through Serve's own proxy."""
    for request in MIXED:
        answer = await api.post("/v1/search", json=request)
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"]
        assert "total;dur=" in answer.headers["server-timing"]
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert (await api.get("/v1/items/lamp-0/image")).headers["content-type"] == "image/webp"
    assert (await api.get("/v1/items/nope")).status_code == 404
    assert (await api.post("/v1/search", json={"picture": {"data": "!"}})).status_code == 422
    assert "Windowshop API" in (await api.get("/docs")).text


async def test_a_full_queue_is_a_503_with_retry_after(api):
    """A crowd gets its answers or is told at once when to come back; nobody hangs and nobody sees a stack trace."""
    answers = await asyncio.gather(*(api.post("/v1/search", json={"limit": 40}) for _ in range(80)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 503}, statuses
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:windowshop:problem:full"
    assert (await api.post("/v1/search", json={})).status_code == 200


async def test_clients_that_hang_up_hold_nothing(address, api):
    """Requests whose client is gone give their places back: soon every place of the queue is free for the next."""
    host, port = address.removeprefix("http://").split(":")
    body = b'{"limit": 40}'
    for _ in range(30):
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()
    deadline = time.monotonic() + DRAINED_WITHIN_S
    refused = ["not asked yet"]
    while refused and time.monotonic() < deadline:
        answers = await asyncio.gather(*(api.post("/v1/search", json={}) for _ in range(QUEUE)))
        refused = failures(answers)
    assert not refused


async def test_a_new_release_comes_in_under_load_without_a_failed_request(api, store):
    """While customers search, a release with other items is promoted, and then rolled back by another promotion.

    No request fails, every answer names one release and has items of no other, and a page that was begun on the old
    release goes on with the old.
    """
    begun = (await api.post("/v1/search", json={"text": "lamp", "limit": 3})).json()
    answers, stop = [], asyncio.Event()

    async def customer(number: int) -> None:
        turn = number
        while not stop.is_set():
            answers.append(await api.post("/v1/search", json=MIXED[turn % len(MIXED)]))
            turn += 1

    async def promote(prefix: str, release: str) -> None:
        await asyncio.to_thread(add_release, store, made_items(prefix=prefix), release)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not answers or answers[-1].json().get("release") != release):
            await asyncio.sleep(0.1)

    customers = [asyncio.create_task(customer(number)) for number in range(CUSTOMERS)]
    await asyncio.sleep(1)
    await promote("new-", "r2")
    await promote("third-", "r3")
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*customers)

    assert not failures(answers)
    prefixes = {"r1": "", "r2": "new-", "r3": "third-"}
    seen = Counter()
    for answer in answers:
        found = answer.json()
        seen[found["release"]] += 1
        prefix = prefixes[found["release"]]
        for item in found["items"]:
            assert item["id"].startswith(prefix)
            assert item["id"].removeprefix(prefix)[0:3] in ("lam", "cha", "tab", "vas")
    assert set(seen) == set(prefixes), seen
    onward = await api.post("/v1/search", json={"text": "lamp", "limit": 3, "cursor": begun["next_cursor"]})
    assert onward.json()["release"] == "r1"
    assert not {item["id"] for item in onward.json()["items"]} & {item["id"] for item in begun["items"]}
    assert (await api.post("/v1/search", json={"text": "lamp"})).json()["release"] == "r3"
