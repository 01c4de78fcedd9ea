"""The assistant in a real cluster: streamed through Serve's proxy, stopped when the client hangs up.

And what an operator finds of it afterwards: measured, and logged.
"""

import asyncio
import base64
import json
import re
import time

import httpx
import openai
import pytest
import yaml
from mcp import Client as MCPClient

from serve_app.metrics import MEASURES
from tests.serve_app.chat_api import Client
from tests.serve_app.serve_process import ROOT, serve_run
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_shop import add_release, draw, made_items, png


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """The application with a Navigator, logging and measuring as on a cluster."""
    store = tmp_path_factory.mktemp("store")
    add_navigator(store, add_release(store, made_items(), "r1"), "n1")

    def change(config):
        config["logging_config"] = yaml.safe_load((ROOT / "ray_config.yaml").read_text())["logging_config"]
        config["applications"][0]["args"] |= {"release": str(store), "navigator": {"dtype": "float32"}}

    environment = {"RAY_metrics_report_interval_ms": "1000", "VLLM_LOGGING_LEVEL": "ERROR"}
    with serve_run(tmp_path_factory.mktemp("serve"), change, environment) as serving:
        serving.wait_until(_up)
        yield serving


@pytest.fixture(scope="module")
def address(serving):
    return serving.url


@pytest.fixture(scope="module")
def ray_folder(serving):
    return serving.ray_folder


def _up(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/v1/release", timeout=5).json().get("assistant"))
    except (httpx.HTTPError, ValueError):
        return False


async def test_turns_through_the_real_proxy(address):
    """Events come one by one, the items before the words; four people at once are all answered."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        intent = {"action": "search", "query": "lamp", "categories": ["lamp"]}
        at = {}
        async with http.stream("POST", "/v1/chat", json={"message": "lamps", "intent": intent}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    at.setdefault(line.removeprefix("event: "), time.monotonic())
        assert list(at)[:3] == ["intent", "items", "delta"]
        assert at["done"] > at["items"]
        said = await asyncio.gather(*(Client(http).say(f"a red lamp {i}") for i in range(4)))
        assert {one.names[-1] for one in said} == {"done"}
        problem = await http.post("/v1/chat", json={"message": "hi", "conversation_id": "nobody-knows"})
        assert problem.status_code == 404


async def test_other_clients_come_through_too(address):
    """OpenAI's client streams, and an agent finds its tools, behind Serve's own proxy."""
    async with openai.AsyncOpenAI(api_key="none", base_url=f"{address}/v1") as client:
        messages = [{"role": "user", "content": "a red lamp"}]
        stream = await client.chat.completions.create(model="navigator", messages=messages, stream=True)
        chunks = [chunk async for chunk in stream]
        assert chunks[0].choices[0].delta.items
        assert chunks[-1].choices[0].finish_reason
    async with MCPClient(f"{address}/mcp") as agent:
        found = await agent.call_tool("search", {"categories": ["lamp"], "price_max": 200})
        assert found.structured_content["items"]


async def test_hanging_up_stops_turns(address):
    """Thirty clients that leave after the first word: their turns end there, and the next client is answered."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        whole = (await Client(http).say("tell me all"))["usage"]["output_tokens"]
        assert whole > 50  # long enough to be left in the middle

        async def leave() -> None:
            body = {"message": "tell me all", "user_id": "leaver"}
            async with http.stream("POST", "/v1/chat", json=body) as answer:
                async for line in answer.aiter_lines():
                    if line == "event: delta":
                        return

        for _ in range(6):
            await asyncio.gather(*(leave() for _ in range(5)))
        deadline = time.monotonic() + 60  # a busy machine keeps the last of them late
        kept: list = []
        while len(kept) < 30 and time.monotonic() < deadline:
            listed = await http.get("/v1/conversations", params={"user_id": "leaver"})
            kept = listed.json()["conversations"]
            await asyncio.sleep(0.1)
        assert len(kept) == 30
        turns = [(await http.get(f"/v1/conversations/{one['id']}")).json()["turns"][0] for one in kept]
        # Where nothing stopped, all would have got to their end; on a busy machine many do before they are left.
        assert sum(turn["usage"] is None for turn in turns) >= 8
        assert (await Client(http).say("tell me all")).names[-1] == "done"


PICTURE = {"data": base64.b64encode(png(draw("vase", "green"))).decode()}


async def test_what_happens_is_measured_on_rays_own_endpoint(address, ray_folder):
    """A Prometheus that reads the addresses that Ray writes down finds our metrics, with what was just done."""
    event = {"id": "once", "user_id": "ana", "kind": "save", "item_id": "lamp-0"}
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        for _ in range(2):
            await http.post("/v1/events", json={"events": [event]})
        await http.post("/v1/search", json={"text": "vase", "picture": PICTURE})
        await http.get("/v1/items/nope")
        await Client(http).say("a red lamp")
        # A counter is there from its first count: this Navigator need not cite anything, and no shard is missing.
        silent = ("windowshop_citations", "windowshop_taste_shards_missing")
        wanted = {one.exported for one in MEASURES.values()} - {MEASURES[name].exported for name in silent}
        found: dict[str, float] = {}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not all(any(name in line for line in found) for name in wanted):
            await asyncio.sleep(0.5)
            found = await _scraped(http, ray_folder)
    assert not [name for name in wanted if not any(name in line for line in found)]
    assert _sum(found, "ray_windowshop_events_total", 'result="accepted"') == 1
    assert _sum(found, "ray_windowshop_events_total", 'result="duplicate"') == 1
    assert _sum(found, "ray_windowshop_pictures_encoded_total", 'deployment="QueryEncoder"') == 1
    assert _sum(found, "ray_windowshop_problems_total", 'kind="not_found"', 'status="404"') >= 1
    assert _sum(found, "ray_windowshop_stage_ms_count", 'request="search"', 'stage="total"') == 1
    assert _sum(found, "ray_windowshop_stage_ms_count", 'request="turn"', 'stage="first_text"') >= 1
    assert _sum(found, "ray_windowshop_tokens_total", 'direction="output"', 'deployment="Navigator"') > 0
    for deployment in ("QueryEncoder", "Retriever", "TasteScorer", "Navigator"):
        serving = _sum(found, "ray_windowshop_release_info", 'release="n1"', f'deployment="{deployment}"')
        assert serving == 1, deployment


async def _scraped(http, ray_folder):
    """{series: value} of every endpoint that Ray names."""
    found = {}
    for listed in ray_folder.rglob("prom_metrics_service_discovery.json"):
        for entry in json.loads(listed.read_text()):
            for target in entry["targets"]:
                text = (await http.get(f"http://{target}/metrics")).text
                lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
                found |= {series: float(value) for series, value in lines}
    return found


def _sum(found, name, *labels):
    return sum(v for k, v in found.items() if k.startswith(name + "{") and all(label in k for label in labels))


async def test_a_request_is_followed_through_the_logs_by_its_id(address, ray_folder):
    """One id in the answer, in the problem document and in the JSON line of every deployment that had a part in it."""
    async with httpx.AsyncClient(base_url=address, timeout=60, headers={"X-Request-ID": "follow-me-1"}) as http:
        request = {"text": "lamp to follow", "user_id": "ana"}
        assert (await http.post("/v1/search", json=request)).headers["x-request-id"] == "follow-me-1"
        problem = await http.get("/v1/items/nope")
        assert problem.json()["instance"] == "urn:request:follow-me-1"
    lines = [
        json.loads(line)
        for log in ray_folder.rglob("logs/serve/replica_*.log")
        for line in log.read_text().splitlines()
        if line.startswith("{")
    ]
    followed = {line["deployment"] for line in lines if line.get("request_id") == "follow-me-1"}
    assert {re.sub(".*[_#]", "", name) for name in followed} == {"Api", "QueryEncoder", "Retriever", "TasteScorer"}
    own = [line for line in lines if line["message"] == "release n1 is live here"]
    told = {re.sub(".*[_#]", "", line["deployment"]) for line in own}
    assert told >= {"QueryEncoder", "Retriever", "TasteScorer", "Navigator"}
