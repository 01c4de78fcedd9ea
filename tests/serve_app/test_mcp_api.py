"""An agent shops with the protocol's own client, over HTTP."""

import asyncio
import json
import logging
import socket
import threading

import httpx
import pytest
import uvicorn
from mcp import Client

from tests.serve_app.chat_api import Handles
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_taste import add_tasteful_release, of_color


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    logging.getLogger("vllm").setLevel(logging.WARNING)
    folder = tmp_path_factory.mktemp("store")
    add_navigator(folder, add_tasteful_release(folder), "n1")
    handles = Handles(str(folder), f"sqlite:///{folder}/events.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(handles.application(), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def test_the_tools_explain_themselves(address):
    """An agent learns what there is to do, with typed arguments, all of it reading only."""
    async with Client(f"{address}/mcp") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"search", "look_closer", "compare", "taste"}
    assert tools["search"].input_schema["properties"]["price_max"]
    assert all(tool.annotations.read_only_hint for tool in tools.values())


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_there_is_no_session_to_listen_to(address, method):
    """A stream on which nothing can come would hold one of the shop's places."""
    async with httpx.AsyncClient(timeout=5) as http:
        answer = await http.request(method, f"{address}/mcp", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_agent_shops(address):
    """From a search under conditions to a closer look with the picture, and a comparison."""
    async with Client(f"{address}/mcp") as client:
        asked = {"query": "lamp", "categories": ["lamp"], "colors": ["red"], "price_max": 600, "exclude": ["oak"]}
        found = (await client.call_tool("search", asked)).structured_content
        assert found["items"]
        for item in found["items"]:
            assert item["colors"] == ["red"]
            assert item["price"] <= 600
            assert "oak" not in item["materials"]
        first, second = (item["id"] for item in found["items"][:2])
        closer = (await client.call_tool("look_closer", {"item_id": first, "question": "what color is it?"})).content
        told = json.loads(closer[0].text)
        assert told["id"] == first
        assert isinstance(told["answer"], str)
        assert closer[1].mime_type == "image/webp"
        compared = (await client.call_tool("compare", {"item_ids": [first, second]})).structured_content
        assert set(compared["differences"]["price"]) == {first, second}
        assert any("cheapest" in fact for fact in compared["facts"])


async def test_what_gives_way_is_told_to_the_agent(address):
    """An impossible price, or size, is given up, and said."""
    async with Client(f"{address}/mcp") as client:
        found = (await client.call_tool("search", {"categories": ["lamp"], "price_max": 1})).structured_content
        assert [one["field"] for one in found["relaxed"]] == ["price_max"]
        wide = {"categories": ["lamp"], "sizes": [{"side": "width", "least": 5_000}]}
        found = (await client.call_tool("search", wide)).structured_content
    assert [one["field"] for one in found["relaxed"]] == ["sizes"]


async def test_taste_is_told(address):
    """What a person saved shows as an interest."""
    saved = [
        {"id": f"m-{i}", "user_id": "verde", "kind": "save", "item_id": item}
        for i, item in enumerate(of_color("green")[:6])
    ]
    async with httpx.AsyncClient(base_url=address) as http:
        assert (await http.post("/v1/events", json={"events": saved})).status_code == 200
    async with Client(f"{address}/mcp") as client:
        taste = (await client.call_tool("taste", {"user_id": "verde"})).structured_content
    assert taste["events"] == 6
    assert taste["interests"]


async def test_mistakes_are_told_in_words(address):
    """An unknown item and an impossible argument come back as errors that an agent can act on."""
    async with Client(f"{address}/mcp") as client:
        unknown = await client.call_tool("look_closer", {"item_id": "nope"})
        wrong = await client.call_tool("compare", {"item_ids": ["lamp-0"]})
    assert unknown.is_error
    assert "there is no item 'nope'" in unknown.content[0].text
    assert wrong.is_error


async def test_pages_of_other_origins_are_refused(address):
    """A page on another site cannot make a visitor's browser call the tools; many agents at once can."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream", "Origin": "https://elsewhere.example"}
    async with httpx.AsyncClient(base_url=address) as http:
        assert (await http.post("/mcp", json=body, headers=headers)).status_code == 403

    async def shop() -> int:
        async with Client(f"{address}/mcp") as client:
            return len((await client.call_tool("search", {"query": "vase"})).structured_content["items"])

    assert await asyncio.gather(*(shop() for _ in range(4))) == [8] * 4
