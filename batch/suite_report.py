"""What a quality suite found, in one form for all of them: tables for people, JSON for machines, samples to compare."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table

from batch.paired import Difference, difference

LESS_IS_BETTER = ("invented", "corrected", "wrong")


class Suite(StrEnum):
    """What can be measured."""

    retrieval = "retrieval"
    boards = "boards"
    attributes = "attributes"
    looks = "looks"
    intents = "intents"
    conversation = "conversation"
    unanswerable = "unanswerable"
    taste = "taste"
    exploration = "exploration"


NEEDS_NAVIGATOR = frozenset({Suite.attributes, Suite.looks, Suite.intents, Suite.conversation, Suite.unanswerable})


@dataclass(frozen=True)
class Report:
    """One suite on one release.

    Args:
        samples: by measure, a value for each unit that was asked; a measure is the mean of its samples.
        scores: by row and column, what the table shows.
        failures: what went wrong, for developers.
        missed: which aims are missed.
    """

    suite: str
    release: str
    scores: Mapping[str, Mapping[str, float | int]]
    samples: Mapping[str, Mapping[str, float]]
    failures: tuple[Mapping[str, Any], ...] = ()
    missed: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The whole of it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def finite(found: Any) -> Any:
    """What is to be written as JSON, with null for what is no number: a mean of nothing, an interval without end."""
    if isinstance(found, Mapping):
        return {name: finite(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [finite(value) for value in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found


def compare(new: Report, old: Report) -> dict[str, Difference]:
    """Measure by measure, what is new less what is old."""
    return {name: difference(new.samples[name], old.samples[name]) for name in new.samples if name in old.samples}


def got_worse(differences: Mapping[str, Difference], tolerance: float) -> list[str]:
    """Measures that are worse by more than the tolerance, and surely so."""
    worse = []
    for name, found in differences.items():
        sign = -1 if name.startswith(LESS_IS_BETTER) else 1
        better = sign * found.mean
        if better < -tolerance and found.sure:
            worse.append(f"{name}: {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})")
    return worse


def print_report(report: Report, console: Console) -> None:
    """A table of the scores, a row for each, and the aims that are missed."""
    rows = list(report.scores.items())
    names = list(dict.fromkeys(name for _, row in rows for name in row if not name.endswith(" n")))
    table = Table(title=f"{report.suite}: release {report.release}")
    table.add_column("")
    if len(names) > len(rows):  # what is long goes down the page
        for title, _ in rows:
            table.add_column(title, justify="right")
        for name in names:
            table.add_row(name, *(_cell(row, name) for _, row in rows))
    else:
        for name in names:
            table.add_column(name, justify="right")
        for title, row in rows:
            table.add_row(title, *(_cell(row, name) for name in names))
    console.print(table)
    for line in report.missed:
        console.print(f"missed: {line}", highlight=False)


def print_comparison(
    suite: str, names: tuple[str, str], differences: Mapping[str, Difference], console: Console
) -> None:
    """A table of differences with their intervals."""
    table = Table(title=f"{suite}: {names[0]} less {names[1]}")
    for name in ("measure", "difference", "95 % interval", "units"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for measure, found in differences.items():
        sure = " *" if found.sure else ""
        table.add_row(measure, f"{found.mean:+.3f}{sure}", f"{found.low:+.3f} to {found.high:+.3f}", str(found.units))
    console.print(table)


def _cell(row: Mapping[str, float | int], name: str) -> str:
    if name not in row:
        return ""
    count = row.get(f"{name} n")
    value = row[name]
    if math.isnan(value):
        return "-"
    said = str(value) if isinstance(value, int) else f"{value:.3f}"
    return said if count is None else f"{said} ({count})"
