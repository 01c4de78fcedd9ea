"""The promise of `add`: what was acknowledged is there, exactly once, whatever happens to the process."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from taste.events import Event
from taste.store import EventStore

ROOT = Path(__file__).parents[2]


def _kill_under_load(url: str, run: int, rng: random.Random) -> tuple[list[dict], set[str]]:
    """Start a process, flood it, kill it with -9 at a random moment. Returns what was sent and what it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.taste.ingest_process", url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    sent: list[dict] = []
    window = threading.Semaphore(64)  # batches under way at once, as so many clients would have

    def flood() -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            for batch in range(1_000_000):
                window.acquire()
                events = [
                    {
                        "id": f"{run}-{batch}-{n}",
                        "person": f"p{rng.randrange(50)}",
                        "kind": "view",
                        "item": f"i{n}",
                        "time": "2026-11-23T10:00:00Z",
                    }
                    for n in range(rng.randrange(1, 20))
                ]
                sent.extend(events)
                process.stdin.write(json.dumps(events) + "\n")
                process.stdin.flush()

    flooder = threading.Thread(target=flood)
    flooder.start()
    acknowledged: set[str] = set()
    deadline = time.monotonic() + rng.uniform(0.2, 0.9)
    killer = threading.Timer(deadline - time.monotonic(), lambda: os.kill(process.pid, signal.SIGKILL))
    killer.start()
    for line in process.stdout:
        if line.endswith("\n"):  # the last one may be torn
            acknowledged.update(json.loads(line))
            window.release()
    window.release(1_000)
    assert process.wait() == -signal.SIGKILL
    flooder.join()
    return sent, acknowledged


def _stored_ids(store: EventStore) -> list[str]:
    return [event.id for n in range(50) for event in store.of_person(f"p{n}", limit=10**9)]


def _check(url: str, kills: int) -> None:
    rng = random.Random(7)
    sent: list[dict] = []
    acknowledged: set[str] = set()
    for run in range(kills):
        more_sent, more_acknowledged = _kill_under_load(url, run, rng)
        sent += more_sent
        acknowledged |= more_acknowledged
    assert len(acknowledged) > 50 * kills, "the load was no load"
    store = EventStore(url)
    ids = _stored_ids(store)
    assert len(ids) == len(set(ids)) == store.count()
    assert acknowledged <= set(ids)
    # What clients do next: send again all that was not acknowledged, and some that was.
    again = [Event.model_validate(row) for row in sent if row["id"] not in acknowledged or rng.random() < 0.1]
    for start in range(0, len(again), 1_000):
        store.add(again[start : start + 1_000])
    assert sorted(_stored_ids(store)) == sorted(row["id"] for row in sent)
    store.close()


def test_three_kills_lose_nothing(store_url):
    _check(store_url, kills=3)


@pytest.mark.slow
def test_twenty_kills_lose_nothing(store_url):
    _check(store_url, kills=20)
