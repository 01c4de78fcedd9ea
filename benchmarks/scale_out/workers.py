"""The same job, and the same customers, on one worker and on two.

The workers are hosts in namespaces of this machine, each with one core of its own; a third host is the head, which
computes nothing. Customers and head share the cores of the workers, for there are no others.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.report import print_table
from benchmarks.search_http import let_everybody_in
from catalog.demo.load import items_path
from tests.cluster.database_server import binaries, running_database
from tests.cluster.hosts import NETWORK, SHARED, Host, running_hosts, ssh, why_not

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
RAY_PORT, HTTP_PORT = 6379, 8000
CLIENTS = 8
UP_WITHIN_S = 240.0
SETTLED_S = 60.0


def measure(store: Path, seconds: float) -> dict[str, Any]:
    """Products a second of precompute, and searches a second, with one worker and with two.

    Precompute runs on one, then on two; searches on two, and then the second is taken away.

    Args:
        store: a release store that is searched; precompute writes stores of its own.
        seconds: how long searches last.

    Raises:
        RuntimeError: something that this needs is missing.
    """
    if reason := missing():
        raise RuntimeError(reason)
    with tempfile.TemporaryDirectory(prefix="ws-", dir="/var/tmp") as folder, ExitStack() as stack:
        shared = Path(folder) / "shared"
        hosts = stack.enter_context(running_hosts(3, shared))
        head, first, second = hosts
        shutil.copytree(store, shared / "shop")
        database = stack.enter_context(running_database(f"{NETWORK}.1", f"{NETWORK}.0/24"))
        for host in hosts:
            stack.callback(_on, shared, host, "ray stop --force", check=False)
        begin = f"--head --node-ip-address={head.address} --port={RAY_PORT} --num-cpus=0 {_STORE}"
        _on(shared, head, f"ray start {begin} {_APART}")
        _join(shared, head, first, core=0)
        one = _precompute(shared, head, 1)
        _join(shared, head, second, core=1)
        two = _precompute(shared, head, 2)
        urls = [f"http://{worker.address}:{HTTP_PORT}" for worker in (first, second)]
        _deploy(shared, head, urls, database)
        two |= asyncio.run(_customers(urls, seconds))
        _on(shared, second, "ray stop --force")
        _wait(urls[:1], SETTLED_S)
        one |= asyncio.run(_customers(urls[:1], seconds))
    times = {name: two[name] / one[name] for name in one}
    figures = {"1 worker": one, "2 workers": two, "times as much with two": times}
    print_table("workers", ["", *one], [[name, *values.values()] for name, values in figures.items()])
    return figures


def missing() -> str | None:
    """What keeps this machine from it; None if nothing does."""
    return why_not(ROOT) or (None if binaries() else "PostgreSQL is not installed")


def _join(shared: Path, head: Host, worker: Host, core: int) -> None:
    """A worker of one core, and of two CPUs to Ray: it prepares while it encodes."""
    join = f"--address={head.address}:{RAY_PORT} --node-ip-address={worker.address} --num-cpus=2 {_STORE}"
    _on(shared, worker, f"taskset -c {core} ray start {join} {_APART}")


_STORE = "--object-store-memory=300000000 --disable-usage-stats"
_APART = f"< /dev/null > {SHARED}/ray-$(hostname).log 2>&1"  # else SSH waits until all that it started has ended


def _precompute(shared: Path, head: Host, count: int) -> dict[str, float]:
    (shared / "made").mkdir(exist_ok=True)
    environment = {"RAY_ADDRESS": f"{head.address}:{RAY_PORT}", "TMPDIR": f"{SHARED}/made"}
    answer = _on(shared, head, f"python -m benchmarks.scale_out.job {items_path()} {count}", environment)
    figures: dict[str, float] = json.loads(answer.splitlines()[-1])
    return figures


def _deploy(shared: Path, head: Host, urls: list[str], database: str) -> None:
    """The laptop's shop without its assistant: a replica of each deployment on every worker, and never two."""
    config = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    config["proxy_location"] = "EveryNode"
    config["http_options"] |= {"host": "0.0.0.0", "port": HTTP_PORT}
    application = config["applications"][0]
    let_everybody_in(config)
    application["args"] |= {"release": f"{SHARED}/shop", "assistant": "off", "access": "anyone"}
    application["args"]["database"] = database
    for deployment in application["deployments"]:
        deployment["autoscaling_config"] |= {"min_replicas": len(urls), "max_replicas": len(urls)}
        deployment["max_replicas_per_node"] = 1
    (shared / "serve.yaml").write_text(yaml.safe_dump(config))
    environment = {"RAY_ADDRESS": f"{head.address}:{RAY_PORT}"}
    _on(shared, head, f"python -m benchmarks.scale_out.deploy {SHARED}/serve.yaml", environment)
    _wait(urls, UP_WITHIN_S)


async def _customers(urls: list[str], seconds: float) -> dict[str, float]:
    took: list[float] = []
    async with httpx.AsyncClient(timeout=60) as client:

        async def customer(number: int, until: float, counts: bool) -> None:
            while time.perf_counter() < until:
                began = time.perf_counter()
                body = {"text": f"oak table {number} {len(took)}", "limit": 12}
                (await client.post(f"{urls[number % len(urls)]}/v1/search", json=body)).raise_for_status()
                if counts:
                    took.append(time.perf_counter() - began)

        for length, counts in ((3.0, False), (seconds, True)):
            until = time.perf_counter() + length
            await asyncio.gather(*(customer(number, until, counts) for number in range(CLIENTS)))
    took.sort()
    return {"searches_per_s": len(took) / seconds, "search_p50_ms": 1e3 * took[len(took) // 2]}


def _wait(urls: list[str], seconds: float) -> None:
    """Until each has been ready ten times in a row: what has just died, or not yet come, shows in between."""
    deadline = time.monotonic() + seconds
    for url in urls:
        ready = 0
        while ready < 10:
            try:
                ready = ready + 1 if httpx.get(f"{url}/readyz", timeout=5).is_success else 0
            except httpx.HTTPError:
                ready = 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} is not ready within {seconds:.0f} s")
            time.sleep(0.5)


def _on(
    shared: Path, host: Host, command: str, environment: Mapping[str, str] | None = None, check: bool = True
) -> str:
    """Run a command of this environment on a host, in the repository; what it printed."""
    given = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "RAY_AUTH_MODE": "disabled",
        "RAY_worker_niceness": "0",
        **(environment or {}),
    }
    words = " ".join(f"{name}={value}" for name, value in given.items())
    done = subprocess.run(
        [*ssh(shared, host.address), f"cd {ROOT} && env {words} {command}"], capture_output=True, text=True, timeout=600
    )
    if check and done.returncode:
        raise RuntimeError(f"{command} on {host.name}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout
