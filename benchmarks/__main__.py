"""`make bench`: run the benchmarks one after another, then write the pages and plots from what they measured."""

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import sizing
from benchmarks.durations import expected, took
from benchmarks.figures import marked_pages, unmeasured, write_figures
from benchmarks.page import results_page
from benchmarks.plots import draw_all
from benchmarks.quick import CHECKS, run_quick
from benchmarks.quiet import wait_until_quiet
from benchmarks.registry import BENCHMARKS, command_of
from benchmarks.report import RESULTS, measured_at, measured_commit
from benchmarks.soak.shop import complete

DEMO = Path(".windowshop/demo")
"""The store that `make demo` makes; benchmarks of the assistant and of feeds read it."""


def main(
    only: Annotated[list[str] | None, typer.Option(help="Modules to run, by the beginning of their names.")] = None,
    quick: Annotated[
        bool, typer.Option(help="Small sizes, to see that each runs and no ratio has collapsed; writes nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option(help="Leave out what this commit has measured already: for a run that was cut off.")
    ] = False,
    page_only: Annotated[
        bool, typer.Option(help="Run nothing; write pages and plots from the results there are.")
    ] = False,
) -> None:
    """Measure, and write docs/results.md, its plots and the figures of the other pages.

    Each benchmark is also a command: `python -m benchmarks.NAME --help`.
    """
    known = list(CHECKS) if quick else [name for name, benchmark in BENCHMARKS.items() if not benchmark.alone]
    chosen = [name for name in known if not only or any(name.startswith(prefix) for prefix in only)]
    if not chosen:
        raise typer.BadParameter(f"no benchmark begins with {only}; there are {', '.join(known)}")
    if quick:
        if failed := run_quick(chosen):
            raise SystemExit("\n".join(failed))
        return
    try:
        failed = [] if page_only else _measure(chosen, measured_commit() if resume else None)
    except KeyboardInterrupt:
        typer.echo("stopped; `make bench ARGS=--resume` goes on from here", err=True)
        raise SystemExit(130) from None
    for page in write_pages():
        typer.echo(f"wrote {page}")
    for path in marked_pages():
        for mark in unmeasured(path.read_text()):
            typer.echo(f"{path}: {mark} has not been measured", err=True)
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def write_pages() -> list[Path]:
    """Write docs/results.md, the plots, the figures of the other pages, and the page of sizes."""
    plots = [RESULTS / file for file in draw_all()]
    page = RESULTS.parent / "results.md"
    page.write_text(results_page())
    return [*plots, page, *write_figures(), sizing.write_page()]


def commands_of(name: str, commit: str | None = None) -> dict[str, bool]:
    """What measures a benchmark: a command for each section or group of sections that has one, and whether it is timed.

    Args:
        commit: leave out sections that it measured; None for none.
    """
    commands: dict[str, bool] = {}
    for key, section in BENCHMARKS[name].sections.items():
        if not section.by_hand and not measured_at(name, key, commit):
            command = command_of(name, section)
            commands[command] = commands.get(command, False) or section.timed
    return commands


def _measure(names: list[str], commit: str | None) -> list[str]:
    """Run what measures these; returns the commands that failed.

    What takes no times comes first, a command for each core. The others follow one after another on a quiet machine.
    """
    _make_demo()
    commands = {command: timed for name in names for command, timed in commands_of(name, commit).items()}
    beside = [command for command, timed in commands.items() if not timed]
    alone = [command for command, timed in commands.items() if timed]
    typer.echo(f"== {len(commands)} commands; {len(beside)} of them take no times and run side by side")
    if duration := expected(commands, os.cpu_count() or 1):
        typer.echo(f"== {duration}")
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        good = dict(zip(beside, pool.map(partial(_run, threads=1), beside), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # what is running heard the same Ctrl-C; what waits must not begin
    for command in alone:
        wait_until_quiet()
        good[command] = _run(command)
    return [command for command in commands if not good[command]]


def _run(command: str, threads: int | None = None) -> bool:
    """Whether it succeeded. It computes on so many threads, on all cores by default."""
    typer.echo(f"== {command}")
    began = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)} if threads else None
    done = subprocess.run([sys.executable, *command.split()[1:]], env=environment, check=False).returncode == 0
    minutes = (time.monotonic() - began) / 60
    typer.echo(f"== {'done' if done else 'FAILED'} after {minutes:.1f} minutes: {command}")
    if done:
        took(command, minutes)
    return done


def _make_demo() -> None:
    """In a process of its own: a Ray that is started here would leave its settings in every benchmark's environment."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(complete, DEMO).result()


if __name__ == "__main__":
    typer.run(main)
