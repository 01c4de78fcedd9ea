"""docs/results.md: the figures of docs/results/*.json in tables, each with the command and line that measured it."""

import json
from typing import Any

from benchmarks.plots import PLOTS
from benchmarks.registry import BENCHMARKS, Benchmark, Section, command_of, line_of
from benchmarks.report import RESULTS

INTRODUCTION = """\
# Results

Made by `make bench`; the raw figures are in [results/](results/), each with the machine, versions and commit that
measured it. `make bench ONLY=search` measures one, `make bench ARGS=--resume` goes on with a run that was cut off, and
`python -m benchmarks --page-only` writes this page anew. What the figures say of the claims made for such systems:
[claims](claims.md).

Everything ran on shared machines without a GPU, some of it while other work kept the cores busy (*load* is the average
of running processes in the last minute): compare figures of one table, not of two.
"""


def results_page() -> str:
    """The page as Markdown."""
    lines = [INTRODUCTION]
    for name, benchmark in BENCHMARKS.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            lines += [f"## {benchmark.title}", "", f"`{command_of(name, None)}`: not measured yet.", ""]
            continue
        lines += [f"## {benchmark.title}", ""]
        found: dict[str, dict[str, Any]] = json.loads(path.read_text())
        order = [
            *(one for one in benchmark.sections if one in found),
            *(one for one in found if one not in benchmark.sections),
        ]
        for section in order:
            lines += _section(name, benchmark, section, found[section])
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, benchmark: Benchmark, section: str, measured: dict[str, Any]) -> list[str]:
    known = benchmark.sections.get(section)
    lines = [f"### {section.replace('_', ' ')}", ""]
    if known and known.says:
        lines += [known.says, ""]
    for plot in PLOTS:
        if (plot.benchmark, plot.section) == (name, section) and (RESULTS / plot.file).exists():
            lines += [f"![{plot.title}](results/{plot.file})", ""]
    for table in tables_of(measured["figures"]):
        lines += [*table, ""]
    return [*lines, _source(name, known, section, measured), ""]


def _source(name: str, known: Section | None, section: str, measured: dict[str, Any]) -> str:
    machine = measured["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    load = f", load {measured['load']:g}" if "load" in measured else ""
    stamp = f"{measured['measured'][:10]}, commit {measured['commit']}, {where}{load}"
    raw = f"`{section}` of [{name}.json](results/{name}.json)"
    if known is None:
        return f"*{stamp}; {raw}. Measured by an earlier version; no present command writes it.*"
    file, line = line_of(known.measured_by)
    code = f"[benchmarks/{file}](../benchmarks/{file}#L{line})"
    return f"*`{command_of(name, known)}`, {code}; {stamp}; {raw}*"


def tables_of(figures: Any) -> list[list[str]]:
    """Figures as Markdown tables: rows with columns in common side by side, the rest one below the other."""
    if _is_rows(figures):
        return [_rows(figures)]
    if not isinstance(figures, dict):
        return [_long("", figures)]
    if _is_grid(figures):
        return [_wide("", figures)]
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict) and not _is_rows(value)}
    tables = [_long("", plain)] if plain else []
    for name, value in figures.items():
        if name in plain:
            continue
        tables += [_rows(value)] if _is_rows(value) else _named(name, value)
    return tables


def _named(title: str, figures: dict[str, Any]) -> list[list[str]]:
    """Rows with columns in common as one table, and what stands beside them as another."""
    nested = {name: value for name, value in figures.items() if isinstance(value, dict)}
    if not _is_grid(nested):
        return [_long(title, figures)]
    beside = {name: value for name, value in figures.items() if name not in nested}
    return [_wide(title, nested), *([_long(f"{title}, beside these", beside)] if beside else [])]


def _long(title: str, figures: Any) -> list[str]:
    rows = [f"| {label} | {_text(value)} |" for label, value in _flat(figures)]
    return [f"| {_heading(title)} | |", "|---|---:|", *rows]


def _wide(title: str, grid: dict[str, dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(column for row in grid.values() for column in row))
    head = " | ".join(_heading(column) for column in columns)
    rows = [
        f"| {_heading(name)} | " + " | ".join(_text(row[column]) if column in row else "" for column in columns) + " |"
        for name, row in grid.items()
    ]
    return [f"| {_heading(title)} | {head} |", "|---|" + "---:|" * len(columns), *rows]


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as they are, named by their first column."""
    by = next(iter(rows[0]))
    return _wide(by, {_text(row[by]): {name: value for name, value in row.items() if name != by} for row in rows})


def _is_flat(value: dict[str, Any]) -> bool:
    return bool(value) and not any(isinstance(inner, dict | list) for inner in value.values())


def _is_grid(value: Any) -> bool:
    """Several rows, most of whose columns the first has too."""
    if not isinstance(value, dict) or len(value) < 2:
        return False
    rows = list(value.values())
    if not all(isinstance(row, dict) and _is_flat(row) for row in rows):
        return False
    return all(len(row.keys() & rows[0].keys()) * 2 > len(row) for row in rows)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and _is_flat(one) for one in value)


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _flat(value: Any, label: str = "") -> list[tuple[str, Any]]:
    """Nested figures as (path, value) rows; lists of numbers stay together."""
    if isinstance(value, dict):
        joined = ((f"{label} · {key}" if label else str(key), inner) for key, inner in value.items())
        return [row for name, inner in joined for row in _flat(inner, name)]
    if isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        return [row for i, inner in enumerate(value, 1) for row in _flat(inner, f"{label} · {i}")]
    return [(_heading(label), value)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
