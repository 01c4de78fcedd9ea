"""The shop that is soaked: three Ray nodes on this machine, two replicas of nearly everything, two releases.

Processes are found by the names that Ray gives them, below the nodes that were started here: nothing else on the
machine is touched.
"""

import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from benchmarks.soak.database import Database, running_database
from catalog.release import Release, ReleaseStore, TableRef, new_release_id
from catalog.table import ItemTable

ROOT = Path(__file__).parents[2]
REPLICAS = {"Api": 2, "QueryEncoder": 2, "Retriever": 2, "TasteScorer": 2, "Navigator": 1}
APPLICATION = "windowshop"
POLL_S = 1.0
NODES = 3
READY_S = 240.0

Prices = dict[str, float | None]


@dataclass(frozen=True)
class Catalogue:
    """Two releases that differ in the price of every item, so that each answer shows which one it is from."""

    store: ReleaseStore
    releases: tuple[str, str]
    prices: dict[str, Prices]


class Shop:
    """What runs, for those who use it, hurt it, and watch it."""

    def __init__(self, catalogue: Catalogue, database: Database, cluster: Any, ports: tuple[int, int]) -> None:
        self.catalogue = catalogue
        self.database = database
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in ports)
        self._cluster = cluster

    def processes(self, title: str) -> list[psutil.Process]:
        """Processes of this cluster whose name begins so, such as `ray::ServeReplica:windowshop:Api`."""
        found = []
        for node in self._nodes():
            for raylet in _raylets(node):
                with suppress(psutil.Error):
                    for process in psutil.Process(raylet).children():
                        if _name(process).startswith(title):
                            found.append(process)
        return found

    def replicas(self, deployment: str) -> list[psutil.Process]:
        """The living replicas of a deployment."""
        return self.processes(f"ray::ServeReplica:{APPLICATION}:{deployment}")

    def kill(self, title: str, *, on: str = "any") -> None:
        """End one such process without warning. `on`: any node, the head, or a worker."""
        heads = _raylets(self._cluster.head_node)
        for process in self.processes(title):
            if on == "any" or (process.ppid() in heads) == (on == "head"):
                process.send_signal(signal.SIGKILL)
                return
        raise LookupError(f"nothing called {title} runs on {on}")

    def lose_node(self) -> None:
        """End a whole worker node, the one with the most replicas, without warning."""
        node = max(self._cluster.worker_nodes, key=self._weight)
        self._cluster.remove_node(node, allow_graceful=False)

    def add_node(self) -> None:
        """A new worker node joins."""
        self._cluster.add_node(**_node())

    def promote(self, release: str) -> None:
        """Make a release the live one."""
        self.catalogue.store.promote(release)

    def whole(self) -> bool:
        """Whether every part is there and answers."""
        try:
            return (
                len(self._cluster.worker_nodes) == NODES - 1
                and all(len(self.replicas(name)) == count for name, count in REPLICAS.items())
                and self._has_its_proxies()
                and _all_running()
                and self._serves(self.catalogue.store.current_id())
            )
        except Exception:  # whatever does not answer is not whole
            return False

    def memory_mib(self) -> dict[int, tuple[str, float]]:
        """Resident memory of every replica, the proxies and the controller: {pid: (name, MiB)}."""
        found = {}
        for process in self.processes("ray::"):
            with suppress(psutil.Error):
                name = _name(process).removeprefix("ray::").split(".")[0].split("#")[0]
                if name.startswith(("ServeReplica", "ProxyActor", "ServeController")):
                    found[process.pid] = (
                        name.removeprefix("ServeReplica:windowshop:"),
                        process.memory_info().rss / 2**20,
                    )
        return found

    def _serves(self, release: str) -> bool:
        for url in self.urls:
            answer = httpx.get(f"{url}/readyz", timeout=5)
            if answer.status_code != 200 or answer.json()["release"] != release or not answer.json()["assistant"]:
                return False
        return True

    def _has_its_proxies(self) -> bool:
        """Whether the head and every node with replicas has one. Those of workers share a port on this machine."""
        having = {process.ppid() for process in self.processes("ray::ProxyActor")}
        needing = {process.ppid() for process in self.processes("ray::ServeReplica")}
        return needing | _raylets(self._cluster.head_node) <= having

    def _nodes(self) -> list[Any]:
        return [self._cluster.head_node, *self._cluster.worker_nodes]

    def _weight(self, node: Any) -> int:
        raylets = _raylets(node)
        return sum(process.ppid() in raylets for process in self.processes("ray::ServeReplica"))


@contextmanager
def running_shop(catalogue: Catalogue) -> Iterator[Shop]:
    """Start everything; the block ends it."""
    temporary = tempfile.mkdtemp(prefix="ws-", dir="/tmp")  # short, for the sockets in it
    (Path(temporary) / "ray").mkdir()  # Ray writes there before it makes it
    ports = (_free_port(), _free_port())
    os.environ |= {
        "RAY_AUTH_MODE": "disabled",  # loopback only
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": temporary,
        "RAY_worker_niceness": "0",
        "RAY_SERVE_WORKER_PROXY_HTTP_PORT": str(ports[1]),
        "PYTHONPATH": str(ROOT),
    }
    import ray
    from ray import serve
    from ray.cluster_utils import Cluster

    with running_database(_free_port()) as database:
        # The end of this block shuts it down. Its own handlers would let nodes join from the main thread only.
        cluster = Cluster(initialize_head=True, head_node_args=_node(), shutdown_at_exit=False)
        try:
            for _ in range(NODES - 1):
                cluster.add_node(**_node())
            ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
            _deploy(catalogue.store.uri, database.url, ports[0])
            shop = Shop(catalogue, database, cluster, ports)
            _wait(shop)
            yield shop
        finally:
            with suppress(Exception):
                serve.shutdown()
            ray.shutdown()
            cluster.shutdown()
            shutil.rmtree(temporary, ignore_errors=True)


def prepare_catalogue(folder: Path, release_store: Path | None) -> Catalogue:
    """A store of the soak's own with two releases, from a copy of a store that has a Navigator or from the demo."""
    if release_store is not None:
        shutil.copytree(release_store, folder, dirs_exist_ok=True)
        for left in folder.glob("events.db*"):
            left.unlink()
    # What making a demo leaves in the environment (another proxy, for one) must not reach the shop.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(complete, folder).result()
    store = ReleaseStore(folder)
    first = store.current()
    table = ItemTable.open(store.tables_uri, first.items.name)
    before = _prices(table)
    table.update_items([item.model_copy(update={"price": _dearer(item.price)}) for item in _items(table)])
    table.index()
    second_id = new_release_id()
    reference = TableRef(name=first.items.name, version=table.tag(f"release-{second_id}"), rows=first.items.rows)
    second: Release = first.model_copy(update={"id": second_id, "parent": first.id, "items": reference})
    store.write(second)
    return Catalogue(store, (first.id, second.id), {first.id: before, second.id: _prices(table)})


def complete(folder: Path) -> None:
    """What the demo has and the store has not: items, Navigator, taste."""
    from rich.console import Console

    from cluster.demo import install_demo_navigator, prepare_demo
    from cluster.demo_taste import learn_demo_taste
    from cluster.local import local_ray
    from navigator.assemble import SHIPPED
    from navigator.learnt import load_learnt

    live = None
    with suppress(Exception):
        live = ReleaseStore(folder).current()
    shipped = load_learnt(SHIPPED).about["version"]  # a store of before the last pull has an older one
    if live is not None and live.navigator is not None and live.navigator.version == shipped and live.taste is not None:
        return
    console = Console()
    with local_ray():
        if live is None:
            prepare_demo(folder, console)
        install_demo_navigator(folder, console)
        learn_demo_taste(folder, "", console.print)


def _items(table: ItemTable) -> list[Any]:
    from catalog.table import ITEM_COLUMNS, item_from_row

    return [item_from_row(row) for batch in table.batches(list(ITEM_COLUMNS)) for row in batch.to_pylist()]


def _prices(table: ItemTable) -> Prices:
    return {row["id"]: row["price"] for batch in table.batches(["id", "price"]) for row in batch.to_pylist()}


def _dearer(price: float | None) -> float | None:
    return None if price is None else price + 1.0


def _deploy(release: str, database: str, port: int) -> None:
    """The laptop's configuration with more replicas, on all nodes, and a quicker eye on what dies."""
    from ray.serve._private import api
    from ray.serve.schema import ServeDeploySchema

    raw = yaml.safe_load((ROOT / "serve_app" / "laptop.yaml").read_text())
    raw["proxy_location"] = "EveryNode"
    application = raw["applications"][0]
    application["args"] |= {"release": release, "database": database, "poll_s": POLL_S}
    for deployment in application["deployments"]:
        count = REPLICAS[deployment["name"]]
        deployment["autoscaling_config"] |= {"min_replicas": count, "max_replicas": count}
        deployment["health_check_period_s"] = 2
    config = ServeDeploySchema.model_validate(raw)
    config.http_options.port = port
    client = api.serve_start(http_options=config.http_options.model_dump(), proxy_location=config.proxy_location)
    client.deploy_apps(config, _blocking=False)


def _all_running() -> bool:
    from ray import serve

    application = serve.status().applications[APPLICATION]
    states = {name: dict(one.replica_states) for name, one in application.deployments.items()}
    return application.status == "RUNNING" and all(states[name] == {"RUNNING": n} for name, n in REPLICAS.items())


def _wait(shop: Shop) -> None:
    deadline = time.monotonic() + READY_S
    while not shop.whole():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the shop was not up within {READY_S:.0f} s")
        time.sleep(1)


def _node() -> dict[str, Any]:
    return {"num_cpus": 1, "object_store_memory": 200 * 2**20, "include_dashboard": False}


def _raylets(node: Any) -> set[int]:
    """Process ids: one, or none of a node that is gone."""
    return {one.process.pid for one in node.all_processes.get("raylet", [])}


def _name(process: psutil.Process) -> str:
    command = process.cmdline()
    return command[0] if command else ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
