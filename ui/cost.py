"""What a turn cost: a line that always stands, and the particulars behind it."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STAGES = (
    ("intent", "reading the message"),
    ("encode", "encoding what is looked for"),
    ("find", "finding"),
    ("score", "ordering"),
)


def cost(usage: Mapping[str, Any]) -> str:
    """The panel for a turn's `usage` event; empty without its timings."""
    times = {name: float(value) for name, value in (usage.get("timings_ms") or {}).items() if value is not None}
    total = times.get("total")
    if total is None:
        return ""
    first_item, first_text = times.get("first_item"), times.get("first_text")
    # From the moment the items stand, the rest is the language model's.
    answering = max(0.0, total - (first_item if first_item is not None else times.get("intent", 0.0)))
    brief = [f"{what} after {_seconds(time)}" for what, time in (("pieces", first_item), ("words", first_text)) if time]
    pictures = int(usage.get("pictures_encoded", 0))
    brief.append(f"{pictures} {'picture' if pictures == 1 else 'pictures'} encoded")
    rows = {
        "Time to first item": _seconds(first_item) if first_item else "no items in this turn",
        "Time to first word": _seconds(first_text) if first_text else "",
        "The whole turn": _seconds(total),
        "Model time": _seconds(times.get("intent", 0.0) + answering),
        "Tokens": _tokens(usage),
        "Pictures encoded": "1, the one that you sent" if pictures == 1 else str(pictures),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items() if value)
    stages = [*((words, times.get(name, 0.0)) for name, words in _STAGES), ("writing the answer", answering)]
    return (
        f'<summary><span class="ws-sr">What this turn cost: </span>{escape(" · ".join(brief).capitalize())}</summary>'
        f'<div class="ws-spent">{_bar(stages)}<dl>{listed}</dl></div>'
    )


def _bar(stages: list[tuple[str, float]]) -> str:
    """The stages as parts of one line, each as long as it took, with their names below."""
    parts = [(n, words, ms) for n, (words, ms) in enumerate(stages) if ms > 0]
    line = "".join(f'<i class="ws-stage-{n}" style="flex-grow:{ms:.1f}"></i>' for n, _, ms in parts)
    names = "".join(f'<li class="ws-stage-{n}">{words} <b>{_seconds(ms)}</b></li>' for n, words, ms in parts)
    return f'<div class="ws-stages" aria-hidden="true">{line}</div><ul class="ws-stage-names">{names}</ul>'


def _tokens(usage: Mapping[str, Any]) -> str:
    read, cached, written = (int(usage.get(f"{kind}_tokens", 0)) for kind in ("prompt", "cached", "output"))
    known = f", {cached:,} of them known already" if cached else ""
    return f"{read:,} read{known}; {written:,} written"


def _seconds(ms: float | None) -> str:
    if ms is None:
        return ""
    return f"{ms:.0f} ms" if ms < 100 else f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.0f} s"
