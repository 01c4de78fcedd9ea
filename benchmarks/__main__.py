"""`make bench`: run the benchmarks one after another, then write docs/results.md from what they measured."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.report import RESULTS

BENCHMARKS = {
    "precompute": "Precompute through Ray Data against a plain loop",
    "search_relevance": "Relevance of text search on Icecat's judgments",
    "search_index": "The vector index against exact search",
    "search_http": "Search over HTTP against an empty application and the query in process",
    "encoder": "The domain-tuned encoder",
    "taste": "The taste graph",
    "navigator": "Navigator",
    "chat": "The assistant, through HTTP",
}
"""Module in this package → title on the page of results."""


def main(
    only: Annotated[list[str] | None, typer.Option(help="Modules to run, by the beginning of their names.")] = None,
    page_only: Annotated[bool, typer.Option(help="Run nothing; write the page from the results there are.")] = False,
) -> None:
    """Measure and write docs/results.md. Each benchmark is also a command: `python -m benchmarks.NAME --help`."""
    chosen = [name for name in BENCHMARKS if not only or any(name.startswith(prefix) for prefix in only)]
    if not chosen:
        raise typer.BadParameter(f"no benchmark begins with {only}; there are {', '.join(BENCHMARKS)}")
    failed = [] if page_only else [name for name in chosen if _run(name) != 0]
    page = write_page()
    typer.echo(f"wrote {page}")
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def write_page() -> Path:
    """docs/results.md: every figure of docs/results/*.json, each with what it was measured on."""
    lines = ["# Results", "", "Made by `make bench`; the raw figures are in [results/](results/).", ""]
    for name, title in BENCHMARKS.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        sections: dict[str, dict[str, Any]] = json.loads(path.read_text())
        lines += [f"## {title}", "", f"`python -m benchmarks.{name}`", ""]
        for section, measured in sections.items():
            lines += _section(section, measured)
    page = RESULTS.parent / "results.md"
    page.write_text("\n".join(lines).rstrip() + "\n")
    return page


def _run(name: str) -> int:
    typer.echo(f"== {BENCHMARKS[name]}")
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode


def _section(name: str, measured: dict[str, Any]) -> list[str]:
    machine = measured["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    rows = [f"| {label} | {_text(value)} |" for label, value in _flat(measured["figures"])]
    heading = name.replace("_", " ")
    stamp = f"*{measured['measured'][:10]}, commit {measured['commit']}, {where}*"
    return [f"### {heading}", "", stamp, "", "| | |", "|---|---:|", *rows, ""]


def _flat(value: Any, label: str = "") -> list[tuple[str, Any]]:
    """Nested figures as (path, value) rows; lists of numbers stay together."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _flat(inner, f"{label} · {key}" if label else str(key))]
    if isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        return [row for i, inner in enumerate(value, 1) for row in _flat(inner, f"{label} · {i}")]
    return [(label, value)]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


if __name__ == "__main__":
    typer.run(main)
