"""More customers than a shop can serve: those let in must be served about as fast as ever, the rest sent away.

It is the shop of one small machine, as serve_app/laptop.yaml has it: there the limits must hold, for nothing is added.

First one customer after another, for the unloaded latency; then as many as keep it busy, for its capacity; then calls
that come four times as fast as that, whether earlier ones were answered or not; then again one after another.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import numpy as np

from benchmarks.soak.verdict import Verdict

TIMES_CAPACITY = 4
MAX_SLOWER = 2.0
AT_ONCE_MS = 250.0
RECOVERS_WITHIN_S = 10.0
BUSY = 6
REFUSED_WAITS_S = 0.1
_numbers = itertools.count()

Answer = tuple[int, float, str | None]
"""Status (0: none came), milliseconds, Retry-After."""


async def overload(url: str, seconds: float) -> Verdict:
    """Measure and judge. Needs a shop that nobody else uses meanwhile."""
    verdict = Verdict()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        await _one_by_one(client, url, 3)
        alone = [ms for status, ms, _ in await _one_by_one(client, url, seconds) if status == 200]
        capacity = await _capacity(client, url, seconds)
        rate = TIMES_CAPACITY * capacity
        calls = await _at_rate(client, url, rate, seconds)
        recovered = await _recovery(client, url, float(np.percentile(alone, 99)))  # while the last of them are served
        flood = await asyncio.gather(*calls)
    admitted = [ms for status, ms, _ in flood if status == 200]
    refused = [(ms, retry) for status, ms, retry in flood if status == 503]
    others = Counter(status for status, _, _ in flood if status not in (200, 503))
    before, during = _p(alone, 99), _p(admitted, 99)
    verdict.figures = {
        "unloaded_p50_ms": _p(alone, 50),
        "unloaded_p99_ms": before,
        "capacity_per_s": round(capacity, 1),
        "offered_per_s": round(len(flood) / seconds, 1),
        "admitted": len(admitted),
        "admitted_p50_ms": _p(admitted, 50),
        "admitted_p99_ms": during,
        "refused": len(refused),
        "refused_p50_ms": _p([ms for ms, _ in refused], 50),
        "refused_p99_ms": _p([ms for ms, _ in refused], 99),
        "other_answers": {str(status): count for status, count in others.items()},
        "recovered_after_s": recovered,
    }
    verdict.must(during <= MAX_SLOWER * before, f"admitted p99 {during} ms, unloaded {before} ms")
    verdict.must(all(retry for _, retry in refused), "a 503 without Retry-After")
    verdict.must(_p([ms for ms, _ in refused], 50) <= AT_ONCE_MS, "refusals do not come at once")
    verdict.must(not others, f"other answers than 200 and 503: {dict(others)}")
    verdict.must(recovered is not None and recovered <= RECOVERS_WITHIN_S, f"recovered after {recovered} s")
    return verdict


async def _one_by_one(client: httpx.AsyncClient, url: str, seconds: float) -> list[Answer]:
    until = time.monotonic() + seconds
    answers = []
    while time.monotonic() < until:
        answers.append(await _search(client, url))
        if answers[-1][0] != 200:
            await asyncio.sleep(REFUSED_WAITS_S)
    return answers


async def _capacity(client: httpx.AsyncClient, url: str, seconds: float) -> float:
    """Answers a second that a few busy customers get, who wait a moment where they are refused."""
    crowd = await asyncio.gather(*(_one_by_one(client, url, seconds) for _ in range(BUSY)))
    return sum(status == 200 for answers in crowd for status, _, _ in answers) / seconds


async def _at_rate(client: httpx.AsyncClient, url: str, per_s: float, seconds: float) -> list[asyncio.Task[Answer]]:
    """Calls that begin on time, however many are under way."""
    return [asyncio.create_task(_search(client, url)) async for _ in _ticks(per_s, seconds)]


async def _ticks(per_s: float, seconds: float) -> AsyncIterator[None]:
    began = time.monotonic()
    for number in range(int(per_s * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
        yield


async def _recovery(client: httpx.AsyncClient, url: str, usual_ms: float) -> float | None:
    """Seconds from the last call of the flood until ten in a row are answered as fast as before it; None if never."""
    began = time.monotonic()
    well, since = 0, began
    while time.monotonic() - began < 3 * RECOVERS_WITHIN_S:
        status, ms, _ = await _search(client, url)
        if status == 200 and ms <= MAX_SLOWER * usual_ms:
            well += 1
        else:
            well, since = 0, time.monotonic()
        if well == 10:
            return round(since - began, 2)
    return None


async def _search(client: httpx.AsyncClient, url: str) -> Answer:
    number = next(_numbers)
    body: dict[str, Any] = {"text": f"oak table {number}", "limit": 12}  # never the same, so never remembered
    began = time.perf_counter()
    try:
        answer = await client.post(f"{url}/v1/search", json=body)
    except httpx.TransportError:
        return 0, (time.perf_counter() - began) * 1e3, None
    return answer.status_code, (time.perf_counter() - began) * 1e3, answer.headers.get("retry-after")


def _p(values: Sequence[float], q: float) -> float:
    return round(float(np.percentile(values, q)), 1) if values else 0.0
