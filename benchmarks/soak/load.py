"""Customers: they search, look, read their feed, talk to the assistant, and leave events; every call is written down.

They behave as a load balancer and a well-made client do together. A connection that breaks before an answer has begun
is tried on the other proxy; a 503 is obeyed: the same again after `Retry-After`. A call fails when that has not helped
within `PATIENCE_S`, when any other status comes, or when an answer breaks off after it began.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.soak.shop import Catalogue

PATIENCE_S = 45.0
PEOPLE = 20
WORDS = ("sofa", "floor lamp", "oak table", "green armchair", "rug", "mirror", "vase", "linen cushion", "desk", "shelf")
SAID = ("a green velvet sofa", "lamps under 150", "something like that in oak", "a rug for a bright living room")


@dataclass
class Call:
    """One request, from the first attempt to the end of its answer. Times are `time.monotonic()`."""

    kind: str
    began: float
    ended: float = 0.0
    lost: int = 0
    """Attempts whose connection broke before an answer began."""
    refused: int = 0
    """Attempts that were answered by 503."""
    failure: str = ""
    """Why it failed; "" if it did not."""
    release: str = ""
    wrong: str = ""
    """What in the answer is not of the release that it names."""

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.ended - self.began) * 1e3


@dataclass
class Ledger:
    """What the customers did and were told."""

    calls: list[Call] = field(default_factory=list)
    sent: set[tuple[str, str]] = field(default_factory=set)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    """(person, event id) of events whose batch was answered by 200."""
    said_added: int = 0
    """Events that answers called new."""


class Customers:
    """A mixed load of a bounded rate.

    Args:
        urls: of the proxies.
        catalogue: what answers are held against.
        run: names this run's people and events.
    """

    def __init__(self, urls: Sequence[str], catalogue: Catalogue, run: str) -> None:
        self.ledger = Ledger()
        self._urls = list(urls)
        self._catalogue = catalogue
        self._run = run
        self._items = list(next(iter(catalogue.prices.values())))
        self._random = random.Random(run)
        self._events = 0
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=40)
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(PATIENCE_S, connect=3), limits=limits)

    async def shop_until(self, stop: asyncio.Event) -> None:
        """About nine calls a second, as long as they are answered in time."""
        everyone = [(self._search, 1.0)] * 3 + [(self._feed, 1.0), (self._item, 1.0), (self._chat, 4.0)]
        everyone += [(self._record, 0.5)] * 2
        async with self._client, asyncio.TaskGroup() as crowd:
            for visit, every_s in everyone:
                crowd.create_task(self._repeat(visit, every_s, stop))

    async def _repeat(self, visit: Callable[[], Awaitable[None]], every_s: float, stop: asyncio.Event) -> None:
        await asyncio.sleep(self._random.random() * every_s)
        while not stop.is_set():
            began = time.monotonic()
            await visit()
            await asyncio.sleep(max(0.05, every_s - (time.monotonic() - began)))

    async def _search(self) -> None:
        body: dict[str, Any] = {"text": f"{self._random.choice(WORDS)} {self._random.randrange(1000)}", "limit": 12}
        if self._random.random() < 0.3:
            body["user_id"] = self._person()
        if answer := await self._ask("search", "POST", "/v1/search", body):
            self._check(answer[0], answer[1]["release"], answer[1]["items"])

    async def _feed(self) -> None:
        if answer := await self._ask("feed", "GET", f"/v1/feed?user_id={self._person()}&limit=12"):
            self._check(answer[0], answer[1]["release"], answer[1]["items"])

    async def _item(self) -> None:
        if answer := await self._ask("item", "GET", f"/v1/items/{self._random.choice(self._items)}"):
            self._check(answer[0], answer[1]["release"], [answer[1]["item"]])

    async def _record(self) -> None:
        batch = [self._event() for _ in range(self._random.randrange(1, 5))]
        names = {(event["user_id"], event["id"]) for event in batch}
        self.ledger.sent |= names
        twice = 2 if self._random.random() < 0.1 else 1  # some clients send everything again
        for _ in range(twice):
            if answer := await self._ask("events", "POST", "/v1/events", {"events": batch}):
                self.ledger.acknowledged |= names
                self.ledger.said_added += answer[1]["added"]

    async def _chat(self) -> None:
        call = Call("chat", time.monotonic())
        body = {"message": self._random.choice(SAID), "user_id": self._person()}
        told: Counter[str] = Counter()
        async for name, data in self._stream(call, "/v1/chat", body):
            told[name] += 1
            if name == "items":
                self._check(call, data["release"], data["items"])
            elif name == "error":
                call.failure = f"error event: {data['type']}: {data['detail']}"
        if not call.failure and not told["done"]:
            call.failure = "the stream ended without `done`"
        self._write(call)

    async def _ask(self, kind: str, method: str, path: str, body: Any = None) -> tuple[Call, dict[str, Any]] | None:
        """The call and its answer, or None if it failed."""
        call = Call(kind, time.monotonic())
        found: dict[str, Any] | None = None
        while not self._over(call):
            try:
                answer = await self._client.request(method, self._url(call) + path, json=body)
            except httpx.TransportError:
                await self._another(call)
                continue
            if answer.status_code == 503:
                await self._refused(call, answer)
            elif answer.status_code == 200:
                found = answer.json()
                break
            else:
                call.failure = f"{answer.status_code}: {answer.text[:200]}"
                break
        self._write(call)
        return None if found is None else (call, found)

    async def _stream(self, call: Call, path: str, body: Any) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """The events of an answer; what goes wrong is in the call."""
        while not self._over(call):
            begun = False
            try:
                async with self._client.stream("POST", self._url(call) + path, json=body) as answer:
                    if answer.status_code == 503:
                        await self._refused(call, answer)
                        continue
                    if answer.status_code != 200:
                        call.failure = f"{answer.status_code}: {(await answer.aread()).decode()[:200]}"
                        return
                    name = ""
                    async for line in answer.aiter_lines():
                        if line.startswith("event: "):
                            name = line.removeprefix("event: ")
                        elif line.startswith("data: "):
                            begun = True
                            yield name, json.loads(line.removeprefix("data: "))
                    return
            except httpx.TransportError as error:
                if begun:
                    call.failure = f"the stream broke off: {error!r}"
                    return
                await self._another(call)

    def _over(self, call: Call) -> bool:
        if time.monotonic() - call.began > PATIENCE_S:
            call.failure = f"no answer within {PATIENCE_S:.0f} s, after {call.lost} lost and {call.refused} refused"
        return bool(call.failure)

    async def _another(self, call: Call) -> None:
        call.lost += 1
        await asyncio.sleep(0.05 if call.lost < 3 else 0.5)

    async def _refused(self, call: Call, answer: httpx.Response) -> None:
        call.refused += 1
        wait = answer.headers.get("retry-after")
        if wait is None:
            call.failure = "503 without Retry-After"
        await asyncio.sleep(float(wait or 0))

    def _url(self, call: Call) -> str:
        """By turns, and another one after each that was lost."""
        return self._urls[(len(self.ledger.calls) + call.lost) % len(self._urls)]

    def _write(self, call: Call) -> None:
        call.ended = time.monotonic()
        self.ledger.calls.append(call)

    def _check(self, call: Call, release: str, items: Sequence[dict[str, Any]]) -> None:
        """Every item must have the price that it has in the release that the answer names."""
        call.release = release
        prices = self._catalogue.prices.get(release)
        if prices is None:
            call.wrong = f"there is no release {release!r}"
            return
        for item in items:
            if item["price"] != prices.get(item["id"]):
                call.wrong = f"{item['id']} at {item['price']} in {release}, where it is {prices.get(item['id'])}"

    def _event(self) -> dict[str, Any]:
        self._events += 1
        kind = self._random.choice(("view", "view", "save", "cart"))
        return {
            "id": f"{self._run}-{self._events}",
            "user_id": self._person(),
            "kind": kind,
            "item_id": self._random.choice(self._items),
        }

    def _person(self) -> str:
        return f"soak-{self._run}-{self._random.randrange(PEOPLE)}"
