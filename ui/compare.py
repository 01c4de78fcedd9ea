"""Items side by side, as a table: a row for each property, marked where the items differ."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ui.cards import facts, price_text

ROWS = 10
MOST = 4
"""Items that fit beside each other."""


def comparison(items: Sequence[Mapping[str, Any]]) -> str:
    """The table of up to four items, in their order; empty for fewer than two."""
    shown = items[:MOST]
    if len(shown) < 2:
        return ""
    said = [{"Price": price_text(item.get("price"), item.get("currency")), **facts(item)} for item in shown]
    # What most of them have comes first: a row with one entry compares nothing.
    names = list(dict.fromkeys(name for one in said for name in one))
    told = sorted((name for name in names if _known(said, name) > 1), key=lambda name: -_known(said, name))[:ROWS]
    head = "".join(f'<th scope="col"><b>{n}</b> {escape(item["title"])}</th>' for n, item in enumerate(shown, 1))
    rows = "".join(_row(name, [one.get(name, "") for one in said]) for name in told)
    return (
        '<div class="ws-compared" tabindex="0" role="group" aria-label="Comparison"><table><thead><tr>'
        f"<td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _known(said: Sequence[Mapping[str, str]], name: str) -> int:
    return sum(bool(one.get(name)) for one in said)


def _row(name: str, values: Sequence[str]) -> str:
    differs = ' class="ws-differs"' if len(set(values)) > 1 else ""
    cells = "".join(f"<td>{escape(value) or '–'}</td>" for value in values)
    return f'<tr{differs}><th scope="row">{escape(name)}</th>{cells}</tr>'
