"""Who may call a real Serve: not opened by accident to other machines, and closed by keys that work."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from serve_app.keys import KeyStore
from tests.serve_app.tiny_shop import add_release, made_items

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    add_release(folder, made_items(), "r1")
    return folder


@contextmanager
def serve_run(store, folder, host, deployments=(), **args):
    """`serve run` of the laptop's configuration on another address, with more deployments configured; gives its
    process, its port and its log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    config["http_options"] |= {"host": host, "port": port}
    config["applications"][0]["args"] |= {"release": str(store), **args}
    config["applications"][0]["deployments"] += deployments
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    temporary = tempfile.mkdtemp(prefix="ws-", dir="/tmp")  # short, for the sockets in it
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_ADDRESS": "local",
        "RAY_TMPDIR": temporary,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
    }
    command = [sys.executable, "-m", "ray.serve.scripts", "run", str(folder / "config.yaml")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process, port, folder / "log"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        shutil.rmtree(temporary, ignore_errors=True)


def test_loopback_means_loopback(store, tmp_path):
    """Without keys, on an address that others reach, the application does not start, and says what to do."""
    with serve_run(store, tmp_path, "0.0.0.0") as (_, port, log):
        deadline = time.monotonic() + 240
        while "windowshop keys create" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1)
        assert not _answers(f"http://127.0.0.1:{port}/v1/facets")
    assert "access: anyone" in log.read_text()


def test_keys_open_it_for_others(store, tmp_path):
    """With keys it serves on every address, to those who have one."""
    database = f"sqlite:///{tmp_path}/events.db"
    text = KeyStore(database).create("x", ["search"], ["*"])[1]
    with serve_run(store, tmp_path, "0.0.0.0", access="keys", database=database) as (process, port, log):
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 240
        while not _answers(f"{url}/healthz"):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1)
        refused = httpx.post(f"{url}/v1/search", json={"text": "lamp"})
        assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")
        headers = {"Authorization": f"Bearer {text}"}
        found = httpx.post(f"{url}/v1/search", json={"text": "lamp"}, headers=headers, timeout=30)
        assert found.status_code == 200 and found.json()["items"]
        assert httpx.get(f"{url}/v1/users/ana/taste", headers=headers).status_code == 403
    assert text[21:] not in log.read_text()


def _answers(address):
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
