"""The whole shop on one machine: Ray, the application and the page, started together and stopped together."""

import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx
import yaml

from catalog.errors import InvalidInput, WindowshopError
from serve_app.access import Access

ROOT = Path(__file__).parents[1]
LAPTOP_CONFIG = ROOT / "serve_app" / "laptop.yaml"
READY_S = 180.0
KEY_VARIABLE = "WINDOWSHOP_API_KEY"
"""The page's own key, where the API requires one."""


class StartFailed(WindowshopError):
    """A part of the shop did not come up; the message names its log."""

    code = "start_failed"


@dataclass(frozen=True)
class Addresses:
    """Where a running shop is found; the page is None where it has no key."""

    api: str
    page: str | None


def check_port(host: str, port: int, option: str) -> None:
    """Raise InvalidInput if something else listens on the port, or nothing can listen on the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InvalidInput(f"port {port} on {host} is taken; choose another with {option}") from error
            if error.errno == errno.EACCES:
                raise InvalidInput(f"port {port} is not for everybody; choose one above 1023 with {option}") from error
            said = f"cannot listen on {host}: {error.strerror}; give an address of this machine with --host"
            raise InvalidInput(said) from error


def http_url(host: str, port: int) -> str:
    """How what listens on an address is reached from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def check_disk(folder: Path, needed_mib: int) -> None:
    """Raise InvalidInput if the disk that holds `folder` is nearly full."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // 2**20
    if free < needed_mib:
        raise InvalidInput(f"{needed_mib} MiB of free disk are needed in {folder}, {free} MiB are left")


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt, so that whichever way it is asked to stop, the process cleans up.

    The first one is answered at once, because ending Ray takes a while.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        os.write(1, b"\nStopping everything; this takes some seconds.\n")
        raise KeyboardInterrupt

    before = {name: signal.signal(name, interrupt) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def errors_to(log: Path) -> Iterator[None]:
    """Send what is written to standard error, by Ray's own processes too, to a file; a terminal stays readable."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)


@contextmanager
def local_ray() -> Iterator[None]:
    """A Ray of this process's own, gone when the block ends.

    Its temporary folder is short, because the paths of its sockets must stay under 108 bytes.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_SERVE_THROUGHPUT_OPTIMIZED", "1")
    # No load balancer stands before it that would want half a minute to hear that a replica is going.
    os.environ.setdefault("RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S", "0.5")
    # Ray's workers are niced and ended when idle, which starves them where others compute too.
    os.environ.setdefault("RAY_worker_niceness", "0")
    # Loopback only: a token would be made for the whole account and outlive this run.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray
    from ray import serve

    from batch.ray_session import quiet_forks

    quiet_forks()
    folder = tempfile.mkdtemp(prefix="ws-", dir="/tmp" if Path("/tmp").is_dir() else None)
    asked_to_stop = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            num_cpus=max(2, os.cpu_count() or 2),
            _temp_dir=folder,
        )
        # Ray has put its own in its place, which ends the process wherever it is.
        signal.signal(signal.SIGTERM, asked_to_stop)
        yield
    finally:
        with _uninterrupted():
            serve.shutdown()
            ray.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_shop(
    release: str,
    access: Access,
    host: str,
    api_port: int,
    page_port: int,
    say: Callable[[str], None],
    log: Path,
    shoppers: Sequence[str] = (),
) -> Iterator[Addresses]:
    """Serve a release on this machine, and the page beside it, until the block ends. Needs a running Ray.

    Args:
        access: who may call the API. With `keys` the page is started only if it has one.
        log: where standard error goes, to be named if something does not start.
        shoppers: ID=NAME of made-up shoppers that the page offers to look at the shop as.

    Raises:
        StartFailed: the application or the page did not answer in time.
    """
    api, page_address = http_url(host, api_port), http_url(host, page_port)
    with ExitStack() as stack:
        say("Starting the application")
        _deploy(release, access, host, api_port)
        _wait_for(f"{api}/readyz", "the application", log, lambda: True)
        if access == "keys" and not os.environ.get(KEY_VARIABLE):
            yield Addresses(api, None)
            return
        say("Starting the page")
        page = stack.enter_context(_page(api, host, page_port, shoppers))
        _wait_for(page_address, "the page", log, lambda: page.poll() is None)
        yield Addresses(api, page_address)


def _deploy(release: str, access: Access, host: str, port: int) -> None:
    """What `serve run serve_app/laptop.yaml` does, inside this process, for this release, access and port."""
    from ray.serve._private import api
    from ray.serve.schema import ServeDeploySchema

    config = ServeDeploySchema.model_validate(yaml.safe_load(LAPTOP_CONFIG.read_text()))
    config.http_options.host, config.http_options.port = host, port
    for application in config.applications:
        application.args |= {"release": release, "access": access}
    client = api.serve_start(http_options=config.http_options.model_dump(), proxy_location=config.proxy_location)
    client.deploy_apps(config, _blocking=False)
    _wait_deployed([application.name for application in config.applications])


def _wait_deployed(names: Sequence[str]) -> None:
    from ray import serve
    from ray.serve.schema import ApplicationStatus

    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        applications = serve.status().applications
        found = [applications[name] for name in names if name in applications]
        for application in found:
            if application.status == ApplicationStatus.DEPLOY_FAILED:
                raise StartFailed(f"the application did not start: {application.message}")
        if len(found) == len(names) and all(one.status == ApplicationStatus.RUNNING for one in found):
            return
        time.sleep(0.2)
    raise StartFailed(f"the application did not start within {READY_S:.0f} s")


@contextmanager
def _page(api: str, host: str, port: int, shoppers: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "ui.app", "--api", api, "--host", host, "--port", str(port)]
    command += [part for shopper in shoppers for part in ("--shopper", shopper)]
    # A session of its own: Ctrl-C in the terminal reaches this process only, which then stops the page in order.
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        with _uninterrupted():
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, what: str, log: Path, alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    running = True
    while time.monotonic() < deadline and (running := alive()):
        try:
            if httpx.get(address, timeout=5, follow_redirects=True).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    failed = f"did not answer at {address} within {READY_S:.0f} s" if running else "ended while it started"
    raise StartFailed(f"{what} {failed}; its log is {log}")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back further Ctrl-C while things are being stopped."""
    before = {name: signal.signal(name, signal.SIG_IGN) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
