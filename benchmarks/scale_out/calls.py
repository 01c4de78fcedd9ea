"""What a call costs: processor time of every process that takes part in it, by part."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
import psutil

from benchmarks.report import print_table
from benchmarks.search_http import TUNED, let_everybody_in, serving
from catalog.release import ReleaseStore
from catalog.table import ItemTable

CLIENTS = 4
PEOPLE = 50
PARTS = ("proxy", "Api", "QueryEncoder", "Retriever", "TasteScorer", "Navigator", "Ray")
_numbers = itertools.count()

Call = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def measure(store: ReleaseStore, seconds: float) -> dict[str, Any]:
    """Core-milliseconds of each kind of call, with Serve's own proxy and with the tuned one.

    Args:
        store: its live release has taste and a Navigator.
        seconds: how long each kind is asked, by `CLIENTS` customers who each ask again at once.
    """
    ids = _ids(store)
    figures: dict[str, Any] = {"items": len(ids)}
    for way, given in _WAYS.items():
        figures[way] = _one_way(store, ids, given, seconds)
        rows = [[kind, cost["per_s"], cost["core_ms"]] for kind, cost in figures[way].items()]
        print_table(f"calls, {way} proxy", ["call", "per s", "core-ms"], rows)
    return figures


_WAYS: dict[str, Mapping[str, str]] = {"default": {}, "tuned": TUNED}


def _one_way(store: ReleaseStore, ids: list[str], given: Mapping[str, str], seconds: float) -> dict[str, Any]:
    with serving(store.uri, dict(given), let_everybody_in) as url:
        return asyncio.run(_calls(url, ids, seconds))


async def _calls(url: str, ids: list[str], seconds: float) -> dict[str, Any]:
    kinds: dict[str, Call] = {
        "empty application": lambda client: client.post("/empty/"),
        "search": lambda client: client.post("/v1/search", json={"text": f"oak table {next(_numbers)}", "limit": 12}),
        "item": lambda client: client.get(f"/v1/items/{ids[next(_numbers) % len(ids)]}"),
        "feed": lambda client: client.get(f"/v1/feed?user_id=cost-{next(_numbers) % PEOPLE}&limit=12"),
        "event": lambda client: client.post("/v1/events", json={"events": [_event(ids)]}),
        "chat": lambda client: client.post("/v1/chat", json={"message": "a green sofa", "user_id": _person()}),
    }
    costs = {}
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        for _ in range(20):  # people have a past, which feeds and turns look at
            past = [_event(ids) for _ in range(PEOPLE)]
            (await client.post("/v1/events", json={"events": past})).raise_for_status()
        for name, call in kinds.items():
            await _ask(client, call, 1.0)
            before, memory_before = _processor_s(url), _memory_mib(url)
            began = time.perf_counter()
            count = await _ask(client, call, seconds)
            took = time.perf_counter() - began
            spent = _processor_s(url)
            by_part = {part: 1e3 * (spent[part] - before[part]) / count for part in PARTS}
            costs[name] = {
                "calls": count,
                "per_s": count / took,
                "core_ms": sum(by_part.values()),
                "grown_mib": _memory_mib(url) - memory_before,
                **{f"core_ms, {part}": ms for part, ms in by_part.items()},
            }
    return costs


async def _ask(client: httpx.AsyncClient, call: Call, seconds: float) -> int:
    """How many calls were answered; the last ones may end a little late."""
    until = time.perf_counter() + seconds

    async def customer() -> int:
        count = 0
        while time.perf_counter() < until:
            (await call(client)).raise_for_status()
            count += 1
        return count

    return sum(await asyncio.gather(*(customer() for _ in range(CLIENTS))))


def _processor_s(url: str) -> Counter[str]:
    """Processor seconds so far of the Ray behind an address, by part. HAProxy counts as proxy."""
    raylet = raylet_behind(url)
    spent: Counter[str] = Counter()
    for process in [raylet, *raylet.children(recursive=True)]:
        try:
            times = process.cpu_times()
            spent[_part(process.cmdline())] += times.user + times.system
        except psutil.Error:  # a worker that has just ended
            continue
    return spent


def _memory_mib(url: str) -> float:
    """Of the replicas behind an address, resident."""
    total = 0.0
    for process in raylet_behind(url).children():
        with suppress(psutil.Error):
            if "ServeReplica:windowshop:" in (process.cmdline() or [""])[0]:
                total += process.memory_info().rss / 2**20
    return total


def raylet_behind(url: str) -> psutil.Process:
    """The raylet on this machine whose proxy listens at an address: the parent of all that serves there."""
    port = int(url.rsplit(":", 1)[1])
    listening = {one.pid for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr.port == port}
    above = (parent for pid in listening if pid for parent in psutil.Process(pid).parents())
    return next(parent for parent in above if parent.name() == "raylet")


def _part(command: list[str]) -> str:
    title = command[0] if command else ""
    if "ProxyActor" in title or "haproxy" in title:
        return "proxy"
    if "ServeReplica:windowshop:" in title:
        return title.split("ServeReplica:windowshop:")[1].split("#")[0].split(".")[0]
    return "Api" if "ServeReplica:empty:" in title else "Ray"  # the empty application is an ingress and a hop


def _event(ids: list[str]) -> dict[str, Any]:
    number = next(_numbers)
    return {"id": f"cost-{number}", "user_id": _person(), "kind": "view", "item_id": ids[number * 7 % len(ids)]}


def _person() -> str:
    return f"cost-{next(_numbers) % PEOPLE}"


def _ids(store: ReleaseStore) -> list[str]:
    table = ItemTable.open(store.tables_uri, store.current().items.name)
    return [identity for batch in table.batches(["id"]) for identity in batch.column("id").to_pylist()]
