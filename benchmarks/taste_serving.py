"""How soon an event is visible in the feed: `python -m benchmarks.taste_serving`.

The application with its laptop configuration over a release with a taste model, through Serve's proxy and a durable
SQLite file. One turn is a hide sent, its answer awaited, and the feed asked for; the clock stops when a feed has come
that leaves the hidden item out and is of the person's newest taste. The person's profile grows with every turn.
"""

import asyncio
import itertools
import os
import secrets
import tempfile
import time
from typing import Annotated, Any

import httpx
import numpy as np
import typer

from benchmarks.report import print_table, write_results
from benchmarks.search_http import let_everybody_in, serving
from catalog.release import ReleaseStore

TARGET_P99_MS = 100.0
TUNED = {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"}


def main(
    release: Annotated[str, typer.Option(help="A store whose live release has a taste model, such as the demo's.")] = (
        ".windowshop/demo"
    ),
    turns: Annotated[int, typer.Option(help="Events of one client.")] = 300,
    clients: Annotated[list[int] | None, typer.Option(help="Numbers of clients at once.")] = None,
) -> None:
    """Measure, print, and write docs/results/taste_serving.json."""
    store = ReleaseStore(release)
    live = store.current()
    if live.taste is None:
        raise typer.BadParameter(f"release {live.id} has no taste model; run `python -m batch.train_taste` first")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        own = {"WINDOWSHOP_DATABASE": f"sqlite:///{folder}/events.db"}  # not among the store's own events
        with serving(store.uri, {**TUNED, **own}, let_everybody_in) as url:
            figures = {f"clients_{n}": asyncio.run(_measure(url, n, turns)) for n in clients or (1, 4)}
    results = {"items": live.items.rows, "load_before": load, "target_p99_ms": TARGET_P99_MS, **figures}
    rows = [(name, f["p50_ms"], f["p99_ms"], f["event_p50_ms"], f["feed_p50_ms"]) for name, f in figures.items()]
    print_table("Event to feed, ms", ("", "p50", "p99", "of it the event, p50", "the feed, p50"), rows)
    write_results("taste_serving", {"event_to_feed": results})


async def _measure(url: str, clients: int, turns: int) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await asyncio.gather(*(take_turns(client, 10) for _ in range(clients)))  # connections and caches
        taken = await asyncio.gather(*(take_turns(client, turns) for _ in range(clients)))
    event, feed = np.array(list(itertools.chain(*taken))).T * 1e3  # [turns of all clients]
    total = event + feed
    p50, p99 = np.percentile(total, [50, 99])
    return {
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "event_p50_ms": float(np.median(event)),
        "event_p99_ms": float(np.percentile(event, 99)),
        "feed_p50_ms": float(np.median(feed)),
        "feed_p99_ms": float(np.percentile(feed, 99)),
        "turns": len(total),
        "holds": bool(p99 < TARGET_P99_MS),
    }


async def take_turns(client: httpx.AsyncClient, turns: int) -> list[tuple[float, float]]:
    """Seconds of (event, feed) for each turn of one new person; every second turn saves, the others hide."""
    person = f"bench-{secrets.token_hex(6)}"
    asked: dict[str, str | int] = {"user_id": person, "limit": 24}
    feed = (await client.get("/v1/feed", params=asked)).json()["items"]
    taken = []
    for turn in range(turns):
        item = feed[turn % len(feed)]["id"]
        kind = "save" if turn % 2 else "hide"
        event = {"id": secrets.token_hex(8), "user_id": person, "kind": kind, "item_id": item}
        began = time.perf_counter()
        (await client.post("/v1/events", json={"events": [event]})).raise_for_status()
        kept = time.perf_counter()
        answer = await client.get("/v1/feed", params=asked)
        ended = time.perf_counter()
        found = answer.raise_for_status().json()["items"]
        if item in [one["id"] for one in found]:
            raise RuntimeError(f"{item} was acted on and is in the next feed")
        taken.append((kept - began, ended - kept))
        feed = found or feed
    await client.delete(f"/v1/users/{person}/taste")
    return taken


if __name__ == "__main__":
    typer.run(main)
