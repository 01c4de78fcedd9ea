"""Search over HTTP against an empty application: `python -m benchmarks.search_http`.

In one run, behind one proxy: an empty ingress → deployment app, the search application with its laptop configuration,
and the same LanceDB query made in this process. The queries' vectors are remembered by the ingress before anything is
timed, so the encoder's time stands apart. The claim: at p50 with one client, search takes no more than the empty app
plus 1.2 times the query in process. It is put to the test in two ways. In turn: one call to the empty app, one search,
one query in process, and again, so that all three find the processors' caches as a query leaves them. In blocks of two
seconds of one kind: there the empty app, asked over and over, answers in half the time. All of it with Serve's
defaults and with the proxy tuned.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import psutil
import typer
import yaml

from benchmarks.quiet import wait_until_quiet
from benchmarks.report import print_table, write_results
from catalog.encoder import Encoder, load_base_encoder, normalise
from catalog.item import Item
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.search import ItemSearch, query_probes
from catalog.table import ItemTable, item_rows

ROOT = Path(__file__).parents[1]
CLIENTS = (1, 8, 32)
QUERIES = [
    f"{color} {kind}" for color in ("red", "blue", "oak", "black") for kind in ("chair", "lamp", "sofa", "table")
]
TUNED = {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"}
ALLOWED_FACTOR = 1.2
UP_WITHIN_S = 240


def main(
    release: Annotated[str, typer.Option(help="Release store to search; by default one is made.")] = "",
    rows: Annotated[int, typer.Option(help="Items of the made catalogue.")] = 10_000,
    seconds: Annotated[float, typer.Option(help="How long each figure is measured.")] = 8.0,
) -> None:
    """Measure, print, and write docs/results/search_http.json."""
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        store = ReleaseStore(release or folder)
        if not release:
            make_release(store, rows)
        results = {
            "items": store.current().items.rows,
            "load_before": os.getloadavg()[0],
            "default": measure(store, {}, seconds),
            "tuned": measure(store, TUNED, seconds),
        }
    _print(results)
    write_results("search_http", {"http": results})


def measure(store: ReleaseStore, environment: dict[str, str], seconds: float) -> dict[str, Any]:
    """All figures of one way to run Serve."""
    with serving(store.uri, environment, let_everybody_in) as url:
        return asyncio.run(_measure(store, url, seconds))


def without_assistant(config: dict[str, Any]) -> None:
    """Where only searches are measured, its engine would take memory and time to start."""
    config["applications"][0]["args"]["assistant"] = "off"


def let_everybody_in(config: dict[str, Any]) -> None:
    """Where it is asked how long a crowd waits, nobody is refused."""
    config["applications"][0]["args"]["searches_at_once"] = 1000


async def _measure(store: ReleaseStore, url: str, seconds: float) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=max(CLIENTS), max_keepalive_connections=max(CLIENTS))
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def empty(_: int) -> None:
            (await client.post("/empty/")).raise_for_status()

        async def search(turn: int) -> None:
            answer = await client.post("/v1/search", json={"text": QUERIES[turn % len(QUERIES)]})
            answer.raise_for_status()
            if "encode;dur" in answer.headers["server-timing"]:
                raise RuntimeError("a query was encoded while the clock ran")

        for query in QUERIES:  # from here on the ingress remembers their vectors
            (await client.post("/v1/search", json={"text": query})).raise_for_status()
        in_process = await _in_process(store)
        figures: dict[str, Any] = await _in_turn(
            {"empty_in_turn": empty, "search_in_turn": search, "in_process_in_turn": in_process}, seconds
        )
        # Taken in turns, so that what else happens on the machine falls on all of them.
        for clients in CLIENTS:
            empties, searches, locals_ = [], [], []
            for _ in range(4):
                empties.append(await _load(empty, clients, seconds / 4))
                searches.append(await _load(search, clients, seconds / 4))
                if clients == 1:
                    locals_.append(await _load(in_process, 1, seconds / 4))
            figures[f"empty_{clients}"] = _summary(empties)
            figures[f"search_{clients}"] = _summary(searches)
            if locals_:
                figures["in_process"] = _summary(locals_)
    return {
        **figures,
        **_verdict("in turn", figures["empty_in_turn"], figures["search_in_turn"], figures["in_process_in_turn"]),
        **_verdict("in blocks", figures["empty_1"], figures["search_1"], figures["in_process"]),
    }


def _verdict(way: str, empty: dict[str, float], search: dict[str, float], local: dict[str, float]) -> dict[str, Any]:
    allowed = empty["p50_ms"] + ALLOWED_FACTOR * local["p50_ms"]
    return {f"allowed_p50_ms {way}": allowed, f"holds {way}": search["p50_ms"] <= allowed}


async def _in_process(store: ReleaseStore) -> Callable[[int], Awaitable[None]]:
    """The same query that the retriever makes, on the same table, in this process."""
    release = store.current()
    table = await ItemSearch.open(store.tables_uri, release.items.name, tag=release.tag)
    encoder = Encoder(load_base_encoder(release.encoder.base))
    encoded = encoder.encode_queries(QUERIES, [None] * len(QUERIES))
    probes = [query_probes(text, vectors, has_picture=False) for text, vectors in zip(QUERIES, encoded, strict=True)]

    async def find(turn: int) -> None:
        await table.find(probes[turn % len(probes)], limit=24, with_vectors=False)

    for turn in range(len(probes)):
        await find(turn)
    return find


async def _in_turn(calls: dict[str, Callable[[int], Awaitable[None]]], seconds: float) -> dict[str, dict[str, float]]:
    """Each call's figures where they are made one after the other, one client, for as long as blocks of them take."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    began = time.perf_counter()
    turn = 0
    while time.perf_counter() - began < seconds * len(calls):
        for name, call in calls.items():
            start = time.perf_counter()
            await call(turn)
            took[name].append((time.perf_counter() - start) * 1e3)
        turn += 1
    return {name: _summary([(times, sum(times) / 1e3)]) for name, times in took.items()}


async def _load(call: Callable[[int], Awaitable[None]], clients: int, seconds: float) -> tuple[list[float], float]:
    """(milliseconds of each call, seconds it took in all) of so many clients that each ask again at once."""
    took: list[float] = []
    began = time.perf_counter()

    async def client(turn: int) -> None:
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await call(turn)
            took.append((time.perf_counter() - start) * 1e3)
            turn += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    return took, time.perf_counter() - began


def _summary(rounds: list[tuple[list[float], float]]) -> dict[str, float]:
    took = sorted(ms for calls, _ in rounds for ms in calls)
    spent = sum(seconds for _, seconds in rounds)
    return {
        "p50_ms": statistics.median(took),
        "p99_ms": took[min(len(took) - 1, int(0.99 * len(took)))],
        "per_s": len(took) / spent,
        "calls": len(took),
    }


@contextmanager
def serving(
    release_uri: str, environment: dict[str, str], change: Callable[[dict[str, Any]], None] = lambda config: None
) -> Iterator[str]:
    """Base URL of the search application, with the empty one beside it at /empty, under `serve run`.

    `change` has a hand in the laptop's configuration before it is served.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    config["http_options"]["port"] = port
    config["applications"].append(
        {"name": "empty", "route_prefix": "/empty", "import_path": "benchmarks.empty_app:build", "args": {}}
    )
    change(config)
    temporary = tempfile.mkdtemp(prefix="ws-", dir="/tmp")  # short, for the sockets in it
    given = {
        **os.environ,
        **environment,
        "WINDOWSHOP_RELEASE": release_uri,
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "local",  # a Ray of its own, whatever else runs on this machine
        "RAY_TMPDIR": temporary,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # else its replicas give way to everything else on the machine
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that what is started here is ended
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        path, log = Path(folder) / "config.yaml", Path(folder) / "log"
        path.write_text(yaml.safe_dump(config))
        with log.open("w") as out:
            command = [sys.executable, "-m", "ray.serve.scripts", "run", str(path)]
            process = subprocess.Popen(
                command, cwd=ROOT, env=given, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            wait_until_quiet()  # a Navigator is opened after everything else answers
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            end_what_is_left(temporary)
            shutil.rmtree(temporary, ignore_errors=True)


def end_what_is_left(temporary: str) -> None:
    """Kill what was started with this folder as Ray's own: a HAProxy that is reloading outlives its actor."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("RAY_TMPDIR") == temporary:
                process.kill()


def _wait(process: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).is_success and httpx.post(f"{url}/empty/", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"the application did not come up:\n{log.read_text()[-4000:]}")


def make_release(store: ReleaseStore, rows: int) -> None:
    """A catalogue of made items with vectors of no meaning, as large as asked."""
    rng = np.random.default_rng(1)
    encoder = Encoder(load_base_encoder("packaged"))
    table = ItemTable.open_or_create(store.tables_uri, "items", encoder.version, encoder.spaces)
    words = sorted({word for query in QUERIES for word in query.split()} | {"wide", "soft", "tall", "small", "round"})
    for start in range(0, rows, 2000):
        numbers = range(start, min(rows, start + 2000))
        items = [
            Item(
                id=f"item-{i}",
                title=" ".join(rng.choice(words, 4)).title(),
                description=" ".join(rng.choice(words, 20)),
                category=("Home", str(rng.choice(words))),
                colors=("red",),
                price=float(i % 900),
                currency="EUR",
                image=f"{i}.webp",
            )
            for i in numbers
        ]
        vectors = {
            space.column: normalise(rng.standard_normal((len(items), space.dim)).astype(np.float32))
            for space in encoder.spaces
        }
        table.upsert(item_rows(items, vectors, [item.id for item in items], [secrets.token_bytes(8_000)] * len(items)))
    table.index()
    release = Release(
        id="made",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version=encoder.version),
        items=TableRef(name="items", version=table.tag("release-made"), rows=rows),
    )
    store.write(release)
    store.promote(release.id)


def _print(results: dict[str, Any]) -> None:
    for way in ("default", "tuned"):
        figures = results[way]
        rows = [
            [name, values["p50_ms"], values["p99_ms"], values["per_s"]]
            for name, values in figures.items()
            if isinstance(values, dict)
        ]
        print_table(f"{way}: {results['items']:,} items", ["what_clients", "p50 ms", "p99 ms", "per s"], rows)
        for way, search in (("in turn", "search_in_turn"), ("in blocks", "search_1")):
            verdict = "holds" if figures[f"holds {way}"] else "DOES NOT HOLD"
            typer.echo(
                f"{way}: search {figures[search]['p50_ms']:.1f} ms ≤ empty + {ALLOWED_FACTOR} × in process = "
                f"{figures[f'allowed_p50_ms {way}']:.1f} ms: {verdict}"
            )
        typer.echo()


if __name__ == "__main__":
    typer.run(main)
