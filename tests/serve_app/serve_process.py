"""`serve run` of the laptop's configuration as a person would start it, on a port and a Ray of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 240
_GONE_WITHIN_S = 60


@dataclass(frozen=True)
class Serving:
    """A running `serve run`: its base URL, its log, and the folder where its Ray writes."""

    process: subprocess.Popen
    url: str
    log: Path
    ray_folder: Path

    def wait_until(self, ready: Callable[[str], bool]) -> None:
        """Wait for what `ready` says of the base URL; fail with the log if it does not come."""
        deadline = time.monotonic() + UP_WITHIN_S
        while not ready(self.url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"not up:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.5)


@contextmanager
def serve_run(
    folder: Path, change: Callable[[dict[str, Any]], object], environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Start it, and stop it as Ctrl-C does.

    Args:
        folder: for the configuration and the log.
        change: is given the configuration, to change it in place.
        environment: more of it.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    config["http_options"]["port"] = port
    change(config)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    ray_folder = tempfile.mkdtemp(prefix="ws-", dir="/tmp")  # short, for the sockets in it
    around = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "local",  # a Ray of its own, whatever else runs on this machine
        "RAY_TMPDIR": ray_folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        **(environment or {}),
    }
    command = [sys.executable, "-m", "ray.serve.scripts", "run", str(folder / "config.yaml")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=around,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Tests that a shell runs in the background do not hear Ctrl-C, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield Serving(process, f"http://127.0.0.1:{port}", folder / "log", Path(ray_folder))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(ray_folder, ignore_errors=True)


def answers(url: str) -> bool:
    """Whether an address answers with 200."""
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
