"""`make soak`: start a shop, hurt it under load, overload it, and say whether it kept its promises."""

import asyncio
import secrets
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.quiet import wait_until_quiet
from benchmarks.report import write_results
from benchmarks.search_http import TUNED, serving, without_assistant
from benchmarks.soak.faults import Struck, every_fault, few_faults, strike_all
from benchmarks.soak.load import Customers
from benchmarks.soak.overload import overload
from benchmarks.soak.shop import NODES, REPLICAS, Shop, prepare_catalogue, running_shop
from benchmarks.soak.verdict import Memory, Verdict, judge, kept_events

SAMPLE_EVERY_S = 5.0
OVERLOAD_S = 10.0
FLOODED = {"overload": {}, "overload, tuned proxy": TUNED}

console = Console(highlight=False)


def main(
    minutes: Annotated[
        float, typer.Option(min=1, help="How long the load lasts at least; faults may take longer.")
    ] = 10,
    quick: Annotated[bool, typer.Option(help="One fault of each kind, a few minutes, no record.")] = False,
    store: Annotated[Path | None, typer.Option(help="A release store to copy; by default the demo is made.")] = None,
    faults: Annotated[bool, typer.Option(help="The part with faults.")] = True,
    flood: Annotated[bool, typer.Option(help="The part with too many customers.")] = True,
) -> None:
    """Soak a shop. Needs PostgreSQL; ends with status 1 where a promise was broken."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that everything started here is ended
    warnings.filterwarnings("ignore", message="lancedb fork support")  # what is forked here is another program at once
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ws-soak-") as folder:
        console.print("Preparing two releases")
        catalogue = prepare_catalogue(Path(folder) / "store", store)
        catalogue.store.promote(catalogue.releases[0])
        verdicts: dict[str, Verdict] = {}
        if faults:
            console.print(f"Starting {NODES} nodes, {sum(REPLICAS.values())} replicas")
            with running_shop(catalogue) as shop:
                _say(f"up after {time.monotonic() - began:.0f} s")
                verdicts["faults"] = asyncio.run(_soak(shop, 1 if quick else minutes, quick))
        if flood:
            for name, environment in FLOODED.items():
                console.print(f"Starting the shop of one laptop: {name}")
                with serving(catalogue.store.uri, environment, without_assistant) as url:
                    wait_until_quiet()
                    verdicts[name] = asyncio.run(overload(url, 5.0 if quick else OVERLOAD_S))
    results: dict[str, Any] = {}
    for name, verdict in verdicts.items():
        results[name] = verdict.figures | {"promises_broken": verdict.broken}
        console.print_json(data=results[name])
    if not quick:
        console.print(f"wrote {write_results('soak', results)}")
    broken = [promise for verdict in verdicts.values() for promise in verdict.broken]
    console.print("\n".join(f"[red]broken:[/] {promise}" for promise in broken) or "[green]every promise was kept[/]")
    raise typer.Exit(bool(broken))


async def _soak(shop: Shop, minutes: float, quick: bool) -> Verdict:
    run = secrets.token_hex(4)
    customers = Customers(shop.urls, shop.catalogue, run)
    memory = Memory()
    stop = asyncio.Event()
    began = time.monotonic()
    load = asyncio.create_task(customers.shop_until(stop))
    watch = asyncio.create_task(_watch(shop, memory, stop))
    await asyncio.sleep(5 if quick else 30)
    struck: list[Struck] = await strike_all(shop, few_faults() if quick else every_fault(), _say)
    await asyncio.sleep(max(15.0, 60 * minutes - (time.monotonic() - began)))
    stop.set()
    await asyncio.gather(load, watch)
    verdict = judge(customers.ledger, struck, kept_events(shop.database.url, run), memory)
    verdict.figures["minutes"] = round((time.monotonic() - began) / 60, 1)
    return verdict


async def _watch(shop: Shop, memory: Memory, stop: asyncio.Event) -> None:
    while not stop.is_set():
        memory.samples.append((time.monotonic(), await asyncio.to_thread(shop.memory_mib)))
        await asyncio.sleep(SAMPLE_EVERY_S)


def _say(what: str) -> None:
    console.print(f"{time.strftime('%H:%M:%S')} {what}")


if __name__ == "__main__":
    typer.run(main)
