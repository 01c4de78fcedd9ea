"""`python -m batch.refresh`: the command line of the routine."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from transformers.utils.logging import disable_progress_bar

from batch.command import ends_plainly
from batch.precompute.flow import quiet_context
from batch.ray_session import connect
from batch.refresh.plan import Choice, Decision
from batch.refresh.routine import EXAMPLE, read_routine
from batch.refresh.run import Refresher
from batch.refresh.steps import NAMES
from catalog.errors import InvalidInput

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)

EXIT_WORSE = 3


def _example(wanted: bool) -> None:
    if wanted:
        typer.echo(EXAMPLE, nl=False)
        raise typer.Exit


@app.command()
def main(
    routine: Annotated[Path, typer.Argument(help="The routine: a YAML file, see `--example`.", show_default=False)],
    dry_run: Annotated[bool, typer.Option(help="Tell what would run and why; start and change nothing.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this step; may be repeated.", metavar="STEP")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Not this step; may be repeated.", metavar="STEP")] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(help="This step even if nothing that it depends on has changed.", metavar="STEP"),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", callback=_example, is_eager=True, help="Print a routine to begin with.")
    ] = False,
) -> None:
    """Take a catalogue and what people did with it to a live release: the same command every night.

    Steps, in order: **catalogue** (precompute), **encoder** (its head), **taste**, **navigator**, **evaluate**,
    **promote**. Each is skipped if nothing that it depends on has changed. What is live stays live until the new
    release has been measured against it; worse is not promoted, and exits with status 3. Killed half-way? The same
    command goes on.

        python -m batch.refresh --example > shop.yaml

        python -m batch.refresh shop.yaml --dry-run

        python -m batch.refresh shop.yaml

        python -m batch.refresh shop.yaml --skip promote      # make and measure it, and leave the old one live

        python -m batch.refresh shop.yaml --again navigator   # train it although nothing has changed

    On a cluster, every night at three (crontab; `cluster/refresh-cronjob.yaml` is the same for Kubernetes):

        0 3 * * * ray job submit --working-dir . -- python -m batch.refresh shop.yaml
    """
    told = Console(soft_wrap=True, highlight=False)
    with ends_plainly():
        choice = Choice(_known(only), _known(skip), _known(again))
        refresher = Refresher(read_routine(routine), choice, lambda line: told.print(escape(line)))
        if dry_run:
            show(refresher.preview(), told)
            return
        connect()
        quiet_context()  # what Ray Data and transformers tell of themselves would bury what the steps say
        disable_progress_bar()
        run = refresher.run()
    if run.outcome == "worse":
        raise typer.Exit(EXIT_WORSE)


def show(decisions: list[Decision], console: Console) -> None:
    """A table of what would run, and why."""
    table = Table(box=None, pad_edge=False, header_style="")
    for column in ("step", "would", "because"):
        table.add_column(column)
    for one in decisions:
        table.add_row(one.step, "run" if one.runs else "be skipped", one.why)
    console.print(table)


def _known(names: list[str] | None) -> frozenset[str]:
    for name in names or ():
        if name not in NAMES:
            raise InvalidInput(f"there is no step {name!r}; the steps are {', '.join(NAMES)}")
    return frozenset(names or ())
