"""What the taste graph is measured by: `python -m benchmarks.taste [--only SECTION] [--quick]`.

Prints tables and writes docs/results/taste.json, a section at a time, each with the machine, versions and commit that
it was measured on. Sections whose data is not on this machine are skipped, saying so. Timings are given twice: by the
clock, and in processor time, because a shared machine's clock measures its other tenants too.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.report import write_results


class Section(StrEnum):
    PINTEREST = "pinterest20"
    GROWTH = "growth"
    ROOMS = "rooms"
    SHOPPERS = "shoppers"
    SPEED = "speed"


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    quick: Annotated[bool, typer.Option(help="A small part of each, to see that it runs; writes nothing.")] = False,
    validation: Annotated[bool, typer.Option(help="pinterest20 on its validation items; writes nothing.")] = False,
) -> None:
    """Measure the taste graph."""
    for section in only or list(Section):
        try:
            figures = _measure(section, quick, validation)
        except FileNotFoundError as error:
            Console().print(f"[yellow]{section.value} skipped:[/yellow] {error}")
            continue
        if not quick and not validation:
            path = write_results("taste", {section.value: figures})
            Console().print(f"{section.value} → {path}")


def _measure(section: Section, quick: bool, validation: bool) -> dict[str, Any]:
    if section is Section.PINTEREST:
        from benchmarks.taste_pinterest import compare

        return compare(validation, quick)
    from benchmarks import taste_pinterest, taste_rooms, taste_shoppers, taste_speed

    run: dict[Section, Callable[[bool], dict[str, Any]]] = {
        Section.GROWTH: taste_pinterest.grow,
        Section.ROOMS: taste_rooms.complete_the_room,
        Section.SHOPPERS: taste_shoppers.foretell,
        Section.SPEED: taste_speed.measure,
    }
    return run[section](quick)


if __name__ == "__main__":
    typer.run(main)
