"""What happens to a shop under load, one thing after another, and how long it takes until it is whole again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.soak.shop import APPLICATION, Shop

DISK_FULL_S = 5.0
CALM_S = 3.0
"""Between the recovery from one fault and the next."""

WHOLE_WITHIN_S = 150.0


@dataclass(frozen=True)
class Fault:
    """One way to hurt a shop.

    Args:
        kind: what sort of thing is hurt.
        what: which one.
        strike: does it.
        carries: whether what is killed has customers' connections in it; their answers go down with it.
    """

    kind: str
    what: str
    strike: Callable[[Shop], object]
    carries: bool = False


@dataclass(frozen=True)
class Struck:
    """A fault as it happened. Times are `time.monotonic()`."""

    fault: Fault
    at: float
    whole_after_s: float | None
    """Until every part was there again and both proxies were ready; None if that took longer than WHOLE_WITHIN_S."""


def every_fault() -> tuple[Fault, ...]:
    """The faults of one round, the kinds mixed."""
    return (
        _replica("Retriever"),
        Fault("database connections", "all cut", lambda shop: shop.database.cut_connections()),
        _replica("Api", carries=True),
        Fault("release", "the next one promoted", lambda shop: shop.promote(shop.catalogue.releases[1])),
        Fault("controller", "killed", lambda shop: shop.kill("ray::ServeController")),
        _replica("TasteScorer"),
        Fault("proxy", "the head's", lambda shop: shop.kill("ray::ProxyActor", on="head"), carries=True),
        Fault("disk", f"the database's, full for {DISK_FULL_S:g} s", _fill_disk),
        Fault("node", "a worker lost, another joins", _lose_node, carries=True),
        _replica("QueryEncoder"),
        Fault("database", "server killed", lambda shop: shop.database.kill()),
        Fault("release", "rolled back", lambda shop: shop.promote(shop.catalogue.releases[0])),
        _replica("Navigator", carries=True),
        Fault("proxy", "a worker's", lambda shop: shop.kill("ray::ProxyActor", on="worker"), carries=True),
        Fault("controller and replica", "controller and a Retriever", _controller_and_replica),
        Fault("database connections", "all cut", lambda shop: shop.database.cut_connections()),
    )


def few_faults() -> tuple[Fault, ...]:
    """One of each kind, for a quick look."""
    first: dict[str, Fault] = {}
    for fault in every_fault():
        first.setdefault(fault.kind, fault)
    return tuple(first.values())


async def strike_all(shop: Shop, faults: Sequence[Fault], say: Callable[[str], None]) -> list[Struck]:
    """One fault after another, each on a shop that is whole."""
    struck = []
    for fault in faults:
        if fault.kind == "disk" and not shop.database.small_disk:
            say("disk: not filled, for this account cannot mount a small one")
            continue
        await asyncio.sleep(CALM_S)
        at = time.monotonic()
        await asyncio.to_thread(fault.strike, shop)
        whole = await _whole(shop, at)
        struck.append(Struck(fault, at, whole))
        say(f"{fault.kind}: {fault.what}: " + ("NOT whole again" if whole is None else f"whole after {whole:.1f} s"))
    return struck


async def _whole(shop: Shop, since: float) -> float | None:
    await asyncio.sleep(0.5)  # what has just been killed may still be listed
    while time.monotonic() - since < WHOLE_WITHIN_S:
        if await asyncio.to_thread(shop.whole):
            return time.monotonic() - since
        await asyncio.sleep(0.3)
    return None


def _replica(deployment: str, carries: bool = False) -> Fault:
    return Fault(
        "replica", deployment, lambda shop: shop.kill(f"ray::ServeReplica:{APPLICATION}:{deployment}"), carries
    )


def _fill_disk(shop: Shop) -> None:
    shop.database.fill_disk()
    try:
        time.sleep(DISK_FULL_S)
    finally:
        shop.database.empty_disk()


def _lose_node(shop: Shop) -> None:
    shop.lose_node()
    shop.add_node()


def _controller_and_replica(shop: Shop) -> None:
    shop.kill("ray::ServeController")
    shop.kill(f"ray::ServeReplica:{APPLICATION}:Retriever")
