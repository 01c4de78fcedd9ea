"""The assistant in a real cluster: streamed through Serve's proxy, stopped when the client hangs up."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import openai
import pytest
import yaml
from mcp import Client as MCPClient

from tests.serve_app.chat_api import Client
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_shop import add_release, made_items

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 240


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Base URL of the application with a Navigator, started as a person would."""
    store, folder = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("serve")
    add_navigator(store, add_release(store, made_items(), "r1"), "n1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    config["http_options"]["port"] = port
    config["applications"][0]["args"] |= {"release": str(store), "navigator": {"dtype": "float32"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    temporary = tempfile.mkdtemp(prefix="ws-", dir="/tmp")  # short, for the sockets in it
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "local",
        "RAY_TMPDIR": temporary,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "ray.serve.scripts", "run", str(folder / "config.yaml")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + UP_WITHIN_S
        while not _up(url):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"not up:\n{(folder / 'log').read_text()[-4000:]}")
            time.sleep(0.5)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(temporary, ignore_errors=True)


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
        deadline = time.monotonic() + 10
        kept: list = []
        while len(kept) < 30 and time.monotonic() < deadline:
            listed = await http.get("/v1/conversations", params={"user_id": "leaver"})
            kept = listed.json()["conversations"]
            await asyncio.sleep(0.1)
        assert len(kept) == 30
        turns = [(await http.get(f"/v1/conversations/{one['id']}")).json()["turns"][0] for one in kept]
        assert sum(turn["usage"] is None for turn in turns) >= 25  # a few may have been at their end
        assert (await Client(http).say("tell me all")).names[-1] == "done"
