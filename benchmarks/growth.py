"""How time and memory grow with catalogue and people: `python -m benchmarks.growth [--only items|people|feeds]`.

Every size runs in a process of its own, so that its peak of memory is its own. Sizes that were measured before stay in
docs/results/growth.json, so that a large one can be added by itself: `--only items --size 3000000`.
"""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from enum import StrEnum
from typing import Annotated, Any

import typer

from benchmarks import growth_feed, growth_items, growth_people
from benchmarks.memory import peak_mb
from benchmarks.report import RESULTS, print_table, write_results

Row = dict[str, float]


class Section(StrEnum):
    ITEMS = "items"
    PEOPLE = "people"
    FEEDS = "feeds"


MEASURES: dict[Section, tuple[Callable[[int], Row], tuple[int, ...]]] = {
    Section.ITEMS: (growth_items.measure, (1_000, 10_000, 30_000, 100_000, 1_000_000)),
    Section.PEOPLE: (growth_people.measure, (1_000, 10_000, 100_000)),
    Section.FEEDS: (growth_feed.measure, (20_000, 100_000, 200_000, 1_000_000)),
}


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    size: Annotated[list[int] | None, typer.Option(help="Sizes, in place of the usual ones.")] = None,
) -> None:
    """Measure, print, and write docs/results/growth.json."""
    for section in only or list(Section):
        rows = run(section, tuple(size) if size else MEASURES[section][1])
        write_results("growth", {section.value: merged(_before(section), rows)})


def run(section: Section, sizes: tuple[int, ...]) -> list[Row]:
    """Measure sizes one after the other and print them."""
    rows = []
    for size in sizes:
        rows.append(in_a_process(MEASURES[section][0], size))
        print(json.dumps(rows[-1]), flush=True)
    by, *measures = rows[0]
    columns = [by, *(f"{row[by]:,.0f}" for row in rows)]
    print_table(f"growth of {section}", columns, [[name, *(row[name] for row in rows)] for name in measures])
    return rows


def in_a_process(measure: Callable[[int], Row], size: int) -> Row:
    """What `measure` says, and the highest resident memory that its process came to, in MB."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, measure, size).result()


def merged(before: list[Row], now: list[Row]) -> list[Row]:
    """Rows by size, those measured now in place of earlier ones."""
    key = next(iter(now[0]))
    by_size = {row[key]: row for row in (*before, *now)}
    return [by_size[size] for size in sorted(by_size)]


def _measured(measure: Callable[[int], Row], size: int) -> Row:
    found = measure(size)
    return {**found, "peak_mb": peak_mb()}


def _before(section: Section) -> list[Row]:
    path = RESULTS / "growth.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    rows: list[Row] = found.get(section.value, {}).get("figures", [])
    return rows


if __name__ == "__main__":
    typer.run(main)
