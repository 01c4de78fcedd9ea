"""cluster/local.yaml, really run: two hosts, from `ray up` to `ray down`, as docs/cluster.md tells an operator to.

What differs from a pair of machines: the hosts share this machine's Python environment instead of installing one each,
and replicas ask for a tenth of a CPU.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from catalog.demo.load import items_path
from serve_app.keys import KeyStore
from tests.cluster.database_server import binaries, running_database
from tests.cluster.hosts import NETWORK, SHARED, Host, running_hosts, ssh, why_not

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
STAMP = BIN.parent / ".windowshop"
REASON = (
    why_not(ROOT)
    or (None if STAMP.exists() else "hosts use the environment that `make setup` makes, and this is another")
    or (None if binaries() else "a cluster keeps events in PostgreSQL, which is not installed")
)
ITEMS = 24
STORE = f"{SHARED}/shop"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(REASON is not None, reason=REASON or "")]


class Operator:
    """Someone at a desk: a home with a key and a token, and the commands of docs/cluster.md."""

    def __init__(self, folder: Path, hosts: list[Host], shared: Path, database: str) -> None:
        self.folder, self.hosts, self.shared, self.database = folder, hosts, shared, database
        self.config = folder / "cluster.yaml"
        self.times: dict[str, float] = {}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "WINDOWSHOP_"))},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(folder),
            "RAY_TMPDIR": tempfile.mkdtemp(prefix="ws-", dir="/tmp"),
            "RAY_AUTH_MODE": "token",
            "RAY_UP_enable_autoscaler_v2": "0",
            "OMP_NUM_THREADS": "1",
        }

    def does(self, what: str, *command: str, seconds: float = 600) -> str:
        """Run a command in the repository; its output, or an error that shows it."""
        began = time.monotonic()
        log = self.folder / f"{what}.log"
        with log.open("wb") as file:
            done = subprocess.run(
                command, cwd=ROOT, env=self.environment, stdout=file, stderr=subprocess.STDOUT, timeout=seconds
            )
        self.took(what, began)
        assert done.returncode == 0, f"{' '.join(command)}\n{log.read_text()[-6000:]}"
        return log.read_text()

    def took(self, what: str, began: float) -> None:
        self.times[what] = round(time.monotonic() - began, 1)

    @contextmanager
    def dashboard(self) -> Iterator[str]:
        """`ray dashboard`: the head's dashboard, which jobs and applications are sent to, at a port of this desk."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = ["ray", "dashboard", "--port", str(port), "--no-config-cache", str(self.config)]
        with (self.folder / "dashboard.log").open("wb") as log:
            tunnel = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(tunnel.pid, 15)
            tunnel.wait(timeout=20)


def cluster_yaml(hosts: list[Host], key: Path, database: str) -> dict[str, Any]:
    """cluster/local.yaml with what it asks to be changed, and an object store that fits the hosts' shared memory."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "cluster" / "local.yaml").read_text())
    config["cluster_name"] = "two-hosts"
    config["provider"] |= {"head_ip": hosts[0].address, "worker_ips": [host.address for host in hosts[1:]]}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": str(key)}
    (setup,) = config["setup_commands"]
    script, *pairs = setup.split()
    changed = {"WINDOWSHOP_RELEASE": STORE, "WINDOWSHOP_DATABASE": database}
    pairs = [f"{name}={changed.get(name, value)}" for name, value in (pair.split("=", 1) for pair in pairs)]
    config["setup_commands"] = [f"WINDOWSHOP_VENV={BIN.parent} {script} {' '.join(pairs)} OMP_NUM_THREADS=1"]
    for commands in (config["head_start_ray_commands"], config["worker_start_ray_commands"]):
        commands[-1] += " --object-store-memory=300000000"
    return config


def serve_yaml() -> dict[str, Any]:
    """ray_config.yaml for machines with two cores."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "ray_config.yaml").read_text())
    for deployment in config["applications"][0]["deployments"]:
        deployment["ray_actor_options"]["num_cpus"] = 0.1
        deployment["autoscaling_config"]["max_replicas"] = deployment["autoscaling_config"]["min_replicas"]
    return config


def some_products(folder: Path) -> Path:
    """A few of the demo's products with their pictures."""
    folder.mkdir()
    rows = [json.loads(line) for line in items_path().read_text(encoding="utf-8").splitlines()[:ITEMS]]
    for row in rows:
        target = folder / row["image"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(items_path().parent / row["image"], target)
    source = folder / "items.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    return source


def stamp() -> str:
    """What cluster/setup.sh leaves in an environment that is up to date."""
    parts = ("requirements.lock", "pyproject.toml", "cluster/setup.sh")
    return hashlib.sha256(b"".join((ROOT / part).read_bytes() for part in parts)).hexdigest()


def until(condition: Callable[[], bool], seconds: float, what: str, found: Callable[[], object] = lambda: "") -> None:
    """Wait for a condition; `found` says what there is instead, should it not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took longer than {seconds:.0f} s: {found()}"
        time.sleep(0.5)


def finds(host: Host, key: str, timeout_s: float = 10) -> bool:
    """A search over HTTP at this host gives chairs."""
    address, headers = f"http://{host.address}:8000/v1/search", {"Authorization": f"Bearer {key}"}
    try:
        answer = httpx.post(address, json={"text": "dining chair"}, headers=headers, timeout=timeout_s)
        return answer.status_code == 200 and "chair" in answer.json()["items"][0]["title"]
    except httpx.HTTPError:
        return False


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    shared, desk = tmp_path / "shared", tmp_path / "desk"
    desk.mkdir()
    # Set-up on the hosts finds the shared environment up to date, and could not change it if it did not.
    (current := tmp_path / "stamp").write_text(stamp())
    with (
        running_hosts(2, shared, [BIN.parent], [(current, STAMP)]) as hosts,
        running_database(f"{NETWORK}.1", f"{NETWORK}.0/24") as database,
    ):
        operator = Operator(desk, hosts, shared, database)
        try:
            yield operator
        finally:
            shutil.rmtree(operator.environment["RAY_TMPDIR"], ignore_errors=True)


@pytest.mark.timeout(1800)
def test_from_ray_up_to_ray_down(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    """A catalogue is precomputed on two hosts and served from both; when one dies the other answers for it."""
    head, worker = operator.hosts
    some_products(operator.shared / "source")
    operator.config.write_text(yaml.safe_dump(cluster_yaml(operator.hosts, operator.shared / "key", operator.database)))
    token = operator.does("token", "ray", "get-auth-token", "--generate").split()[-1]

    began = time.monotonic()
    operator.does("ray up", "ray", "up", "--yes", "--no-config-cache", str(operator.config))
    with operator.dashboard() as dashboard:
        client = httpx.Client(base_url=dashboard, headers={"Authorization": f"Bearer {token}"}, timeout=10)

        def nodes() -> int:
            try:
                answer = client.get("/api/v0/nodes").json()
            except httpx.HTTPError:
                return 0
            return sum(node["state"] == "ALIVE" for node in answer["data"]["result"]["result"])

        def application() -> dict[str, Any]:
            found: dict[str, Any] = client.get("/api/serve/applications/").json()["applications"]
            return found.get("windowshop", {})

        def replicas() -> dict[str, int]:
            return {
                name: sum(replica["state"] == "RUNNING" for replica in one["replicas"])
                for name, one in application().get("deployments", {}).items()
            }

        until(lambda: nodes() == 2, 180, "the worker")
        operator.took("both nodes", began)

        arguments = ("--source", f"jsonl:{SHARED}/source/items.jsonl", "--release", STORE)
        submit = ("ray", "job", "submit", "--address", dashboard, "--working-dir", ".", "--")
        operator.does("precompute", *submit, "python", "-m", "batch.precompute", *arguments)

        served = operator.folder / "ray_config.yaml"
        served.write_text(yaml.safe_dump(serve_yaml()))
        began = time.monotonic()
        operator.does("serve deploy", "serve", "deploy", "--address", dashboard, str(served))
        key = KeyStore(operator.database).create("test", ["search"], ["*"])[1]
        until(lambda: finds(head, key) and finds(worker, key), 400, "the application", application)
        operator.took("first answers", began)
        wanted = {
            one["name"]: one["autoscaling_config"]["min_replicas"]
            for one in serve_yaml()["applications"][0]["deployments"]
        }
        until(lambda: replicas() == wanted, 120, "all replicas")

        worker.cut_off()
        began = time.monotonic()
        answers: list[tuple[float, bool]] = []
        while time.monotonic() - began < 60:
            answers.append((time.monotonic() - began, finds(head, key, timeout_s=5)))
            time.sleep(0.2)
        good = [at for at, ok in answers if ok]
        last_bad = max((at for at, ok in answers if not ok), default=0.0)
        operator.times["last failed search after the loss"] = round(last_bad, 1)
        assert good and last_bad < 45, answers
        until(lambda: nodes() == 1, 120, "noticing the loss")
        until(lambda: replicas() == wanted, 240, "replicas in place of the lost ones")
        operator.took("all replicas again", began)

    operator.does("ray down", "ray", "down", "--yes", str(operator.config))
    left = subprocess.run([*ssh(operator.shared, head.address), "pgrep -f raylet"], capture_output=True)
    assert left.returncode == 1, "Ray still runs on the head"
    with capsys.disabled():
        failed = sum(not ok for _, ok in answers)
        print(f"\nseconds: {operator.times}; searches after the loss: {len(answers)}, failed: {failed}")
