"""`windowshop demo` from beginning to end, as `make demo` runs it."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import psutil
import pytest

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("moment", "asked"),
    [("while it encodes", signal.SIGINT), ("when it is open", signal.SIGINT), ("when it is open", signal.SIGTERM)],
)
def test_asked_to_stop_it_stops_all_that_was_started(tmp_path, moment, asked):
    """Whenever Ctrl-C comes, no process and no listening port is left, Ray's included; and when open, it answers.
    SIGTERM, as a service's supervisor sends it, does the same."""
    api, page = free_port(), free_port()
    arguments = ["demo", "--data", str(tmp_path), "--api-port", str(api), "--page-port", str(page)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cluster.cli", *arguments], env=environment, start_new_session=True
    )
    try:
        if moment == "when it is open":
            wait_for(lambda: answers(f"http://127.0.0.1:{page}"), process, seconds=420)
            found = httpx.post(f"http://127.0.0.1:{api}/v1/search", json={"text": "armchair"}, timeout=30).json()
            assert found["items"] and "chair" in str(found["items"][0]).lower()
        else:
            wait_for(lambda: any("EncodeActor" in name for name in names(process)), process, seconds=240)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 5
        process.send_signal(asked)
        assert process.wait(timeout=25) == 130  # about 7 s; Serve alone once took half a minute
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not [member for member in alive if member.status() != psutil.STATUS_ZOMBIE]
        for port in (api, page):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(condition, process, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the shop ended by itself"
        assert time.monotonic() < deadline, "the shop took too long"
        time.sleep(1)


def answers(address) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def names(process) -> list[str]:
    found = []
    for member in psutil.Process(process.pid).children(recursive=True):
        try:
            found.append(" ".join(member.cmdline()))
        except psutil.Error:
            continue
    return found
