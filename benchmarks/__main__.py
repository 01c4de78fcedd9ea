"""`make bench`: run the benchmarks one after another, then write the pages and plots from what they measured."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.figures import write_figures
from benchmarks.page import results_page
from benchmarks.plots import draw_all
from benchmarks.quick import CHECKS, run_quick
from benchmarks.registry import BENCHMARKS
from benchmarks.report import RESULTS


def main(
    only: Annotated[list[str] | None, typer.Option(help="Modules to run, by the beginning of their names.")] = None,
    quick: Annotated[
        bool, typer.Option(help="Small sizes, to see that each runs and no ratio has collapsed; writes nothing.")
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
    failed = [] if page_only else [name for name in chosen if _run(name) != 0]
    for page in write_pages():
        typer.echo(f"wrote {page}")
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def write_pages() -> list[Path]:
    """Write docs/results.md, the plots, and the figures of the other pages."""
    plots = [RESULTS / file for file in draw_all()]
    page = RESULTS.parent / "results.md"
    page.write_text(results_page())
    return [*plots, page, *write_figures()]


def _run(name: str) -> int:
    typer.echo(f"== {BENCHMARKS[name].title}")
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode


if __name__ == "__main__":
    typer.run(main)
