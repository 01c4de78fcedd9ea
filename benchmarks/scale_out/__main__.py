"""`python -m benchmarks.scale_out [--only rows|calls|workers|zero]`: measure and write docs/results/scale_out.json."""

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.report import write_results
from benchmarks.scale_out import calls, rows, workers, zero
from benchmarks.soak.shop import complete
from catalog.release import ReleaseStore


class Section(StrEnum):
    ROWS = "rows"
    CALLS = "calls"
    WORKERS = "workers"
    ZERO = "zero"


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    store: Annotated[Path, typer.Option(help="A release store to copy; what it lacks of the demo is made.")] = Path(
        ".windowshop/demo"
    ),
    seconds: Annotated[float, typer.Option(help="How long each figure is measured.")] = 6.0,
) -> None:
    """Measure on a copy of a store with taste and a Navigator."""
    with tempfile.TemporaryDirectory(prefix="ws-scale-") as folder:
        copy = Path(folder) / "store"
        if store.exists():
            shutil.copytree(store, copy)
            for left in copy.glob("events.db*"):
                left.unlink()
        complete(copy)
        for section in only or list(Section):
            if section is Section.WORKERS and (reason := workers.missing()):
                typer.echo(f"workers: {reason}")
                continue
            figures = _measure(section, copy, seconds)
            typer.echo(f"wrote {write_results('scale_out', {section.value: figures})}")


def _measure(section: Section, store: Path, seconds: float) -> dict[str, Any]:
    match section:
        case Section.ROWS:
            return rows.measure(ReleaseStore(store))
        case Section.CALLS:
            return calls.measure(ReleaseStore(store), seconds)
        case Section.WORKERS:
            return workers.measure(store, seconds)
        case Section.ZERO:
            return zero.measure(ReleaseStore(store))


if __name__ == "__main__":
    typer.run(main)
