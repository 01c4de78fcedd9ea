"""Figures in the pages of docs/: each is followed by a comment that says which result it is, and is written from it.

    24.8<!--=navigator::flops::2B 512x512 8 products::first_token_ratio::.1f-->

names docs/results/navigator.json, the section, the path in its figures and a format. `A over B` divides two results of
one format, `A over B less 1` says by which share A is larger. What has not been measured shows as a dash.
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS

MISSING = "–"

_FIGURE = re.compile(r"([^\s|(]+)<!--=(.+?)::([^:]+?)-->")


def refreshed(text: str) -> str:
    """A page with each marked figure as the results have it now. Raises KeyError for a mark that is none."""
    return _FIGURE.sub(lambda found: f"{_value(found[2], found[3])}<!--={found[2]}::{found[3]}-->", text)


def unmeasured(text: str) -> list[str]:
    """The marks of a page that no result stands behind."""
    return [found[2] for found in _FIGURE.finditer(text) if _value(found[2], found[3]) == MISSING]


def marked_pages() -> list[Path]:
    """The pages of docs/ that have such figures."""
    return [path for path in sorted(RESULTS.parent.glob("*.md")) if _FIGURE.search(path.read_text())]


def write_figures() -> list[Path]:
    """Bring the figures of all pages in step with the results."""
    pages = marked_pages()
    for path in pages:
        path.write_text(refreshed(path.read_text()))
    return pages


def _value(expression: str, form: str) -> str:
    expression, less, _ = expression.partition(" less 1")
    parts = [_result(path) for path in expression.split(" over ")]
    if any(part is None for part in parts):
        return MISSING
    numbers = [float(part) for part in parts if part is not None]
    value = numbers[0] if len(numbers) == 1 else numbers[0] / numbers[1]
    return format(value - 1 if less else value, form)


def _result(path: str) -> float | None:
    """A figure by FILE::SECTION::KEY::…; None where it has not been measured."""
    file, section, *keys = path.split("::")
    if not keys:
        raise KeyError(f"{path!r} names no figure; write FILE::SECTION::KEY::FORMAT")
    source = RESULTS / f"{file}.json"
    found: Any = json.loads(source.read_text()) if source.exists() else {}
    if section not in found:
        return None
    found = found[section]["figures"]
    try:
        for key in keys:
            found = found[int(key)] if isinstance(found, list) else found[key]
    except (LookupError, ValueError):
        return None
    return float(found)
