"""How long each command of `make bench` took when it last ran, so that a run can say how long it will take."""

import csv
from collections.abc import Mapping

from filelock import FileLock

from benchmarks import report

_FILE = "minutes.csv"


def took(command: str, minutes: float) -> None:
    """Keep how long a command took, in docs/results/minutes.csv."""
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    with FileLock(report.RESULTS / f".{_FILE}.lock"):
        rows = sorted({**_minutes(), command: round(minutes, 1)}.items())
        with (report.RESULTS / _FILE).open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("command", "minutes"), *rows])


def expected(commands: Mapping[str, bool], beside: int) -> str:
    """How long commands take by their last runs, as a person would say it; "" where too few of them have run.

    Args:
        commands: whether each is timed, and so runs alone.
        beside: how many of the others run side by side.
    """
    known = _minutes()
    lasting = [(known[command], timed) for command, timed in commands.items() if command in known]
    if len(lasting) * 2 < len(commands):
        return ""
    minutes = sum(minutes if timed else minutes / beside for minutes, timed in lasting)
    amount = f"{minutes / 60:.1f} hours" if minutes >= 90 else f"{minutes:.0f} minutes"
    rest = len(commands) - len(lasting)
    return f"about {amount} by their last runs" + (f", and {rest} that never ran here" if rest else "")


def _minutes() -> dict[str, float]:
    path = report.RESULTS / _FILE
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {row["command"]: float(row["minutes"]) for row in csv.DictReader(file)}
