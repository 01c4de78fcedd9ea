"""How soon the assistant answers, where the time goes, and what taste is worth to it: `python -m benchmarks.chat`.

The application with its laptop configuration over a release with a Navigator, through Serve's proxy. Conversations of
four turns about kinds of things and colours that the release has, one and four at once; each turn is read to its end
before the next is sent. Times are taken at the client; stages are those that the `usage` event tells.
"""

import asyncio
import itertools
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Annotated, Any

import httpx
import numpy as np
import typer

from benchmarks import chat_personal
from benchmarks.report import print_table, write_results
from benchmarks.search_http import serving
from catalog.release import ReleaseStore

TARGETS_S = {"first_item": 1.0, "first_word": 3.0}
_OPENINGS = ("i need a {color} {kind}", "any {kind}s under {price}?", "looking for a {kind}, something {color}")
_FOLLOWING = ("cheaper ones please", "what color is the second one?", "something like the first one", "not {color}")


@dataclass(frozen=True)
class Turn:
    """Seconds from sending a message, and what `usage` said."""

    first_item: float
    first_word: float
    total: float
    usage: dict[str, Any]


class Section(StrEnum):
    TURNS = "turns"
    PERSONAL = "personal"


def main(
    release: Annotated[str, typer.Option(help="A store whose live release has a Navigator, such as the demo's.")] = (
        ".windowshop/demo"
    ),
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    conversations: Annotated[int, typer.Option(help="Conversations for each number of clients.")] = 12,
    clients: Annotated[list[int] | None, typer.Option(help="Numbers of conversations at once.")] = None,
    quick: Annotated[bool, typer.Option(help="A small part of each, to see that it runs; writes nothing.")] = False,
) -> None:
    """Measure, print, and write docs/results/chat.json."""
    for section in only or list(Section):
        if section is Section.TURNS:
            figures = measure(release, 2 if quick else conversations, clients or (1, 4))
        else:
            figures = chat_personal.measure(Path(release), quick)
        if not quick:
            write_results("chat", {section.value: figures})


def measure(release: str, conversations: int, clients: Sequence[int]) -> dict[str, Any]:
    """Times of turns, with so many conversations at once."""
    store = ReleaseStore(release)
    live = store.current()
    if live.navigator is None:
        raise typer.BadParameter(f"release {live.id} has no Navigator; run `python -m batch.train_navigator` first")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        own = {"WINDOWSHOP_DATABASE": f"sqlite:///{folder}/events.db"}  # not among the store's own conversations
        with serving(store.uri, own) as url:
            figures = {f"clients_{n}": asyncio.run(_measure(url, n, conversations)) for n in clients}
    rows = [
        (
            name,
            *(f[key] for key in ("first_item_p50_s", "first_item_p95_s", "first_word_p50_s", "first_word_p95_s")),
            f["tokens_per_s"],
        )
        for name, f in figures.items()
    ]
    columns = ("", "first card p50, s", "p95", "first word p50, s", "p95", "tokens/s")
    print_table("A turn of the assistant", columns, rows)
    return {"items": live.items.rows, "load_before": load, "targets_s": TARGETS_S, **figures}


async def _measure(url: str, clients: int, conversations: int) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=300) as client:
        facets = (await client.get("/v1/facets")).raise_for_status().json()
        await _until_ready(client)
        await _conversation(client, facets, 10_000)  # connections, caches, the grammar of intents
        began = time.perf_counter()
        queue = iter(range(conversations))

        async def one_after_another() -> list[Turn]:
            taken: list[Turn] = []
            for number in queue:
                taken += await _conversation(client, facets, number)
            return taken

        turns = list(itertools.chain(*await asyncio.gather(*(one_after_another() for _ in range(clients)))))
        elapsed = time.perf_counter() - began
    return {"turns": len(turns), "tokens_per_s": _tokens(turns) / elapsed, **_times(turns), "stages_ms": _stages(turns)}


async def _until_ready(client: httpx.AsyncClient) -> None:
    """The Navigator is loaded after everything else is up."""
    deadline = time.monotonic() + 240  # a busy machine takes its time over a language model
    while time.monotonic() < deadline:
        if (await client.get("/v1/release")).raise_for_status().json().get("assistant"):
            return
        await asyncio.sleep(1)
    raise RuntimeError("the assistant did not come up")


async def _conversation(client: httpx.AsyncClient, facets: dict[str, Any], number: int) -> list[Turn]:
    rng = Random(number)
    words = {name: [one["value"] for one in facets[name]][:12] for name in ("colors", "categories")}
    said = {"color": rng.choice(words["colors"]), "kind": rng.choice(words["categories"]).lower().rstrip("s")}
    messages = [rng.choice(_OPENINGS), *rng.sample(_FOLLOWING, 3)]
    conversation, turns = None, []
    for message in messages:
        body = {"message": message.format(**said, price=rng.choice((80, 200, 600))), "conversation_id": conversation}
        turn, conversation = await _turn(client, body)
        turns.append(turn)
    return turns


async def _turn(client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[Turn, str]:
    began = time.perf_counter()
    at: dict[str, float] = {}
    told: dict[str, Any] = {}
    async with client.stream("POST", "/v1/chat", json=body) as answer:
        answer.raise_for_status()
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                at.setdefault(name, time.perf_counter() - began)
                told[name] = json.loads(line.removeprefix("data: "))
    if "error" in told:
        raise RuntimeError(told["error"])
    total = time.perf_counter() - began
    return Turn(at["items"], at.get("delta", total), total, told["usage"]), told["intent"]["conversation_id"]


def _times(turns: list[Turn]) -> dict[str, float]:
    figures = {}
    for name in ("first_item", "first_word", "total"):
        taken = [getattr(turn, name) for turn in turns]
        figures[f"{name}_p50_s"], figures[f"{name}_p95_s"] = (float(x) for x in np.percentile(taken, [50, 95]))
    return figures


def _tokens(turns: list[Turn]) -> int:
    return sum(turn.usage["output_tokens"] for turn in turns)


def _stages(turns: list[Turn]) -> dict[str, float]:
    """Medians of the times that turns told, in milliseconds."""
    names = turns[0].usage["timings_ms"]
    return {name: float(np.median([turn.usage["timings_ms"].get(name) or 0.0 for turn in turns])) for name in names}


if __name__ == "__main__":
    typer.run(main)
