"""What the assistant understood of a message, as chips that can be taken off."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ui.cards import price_text
from ui.filters import swatch

_LEADS = {
    "search": "Looking for",
    "refine": "Now looking for",
    "similar": "More like it",
    "compare": "Side by side",
    "complete": "What goes with it",
    "ask": "About",
}
_SORTS = {
    "price_low": "lowest price first",
    "price_high": "highest price first",
    "newest": "newest first",
    "smallest": "smallest first",
    "largest": "largest first",
}
_DIRECTIONS = {"width": "wide", "depth": "deep", "height": "high", "length": "long", "size": "at its largest"}
_LISTS = ("categories", "colors", "materials", "styles", "exclude", "item_refs", "rejected", "sizes")
_CONDITIONS = ("query", *_LISTS, "price_min", "price_max", "budget_total", "sort", "page")
_FREE = ("search", "refine")
"""Actions that mean nothing without a condition."""


def understood(intent: Mapping[str, Any], currency: str | None, guessed: bool = False) -> str:
    """The row of chips for an intent; empty for small talk.

    Each chip carries the intent without it, for the browser to send the turn again with.
    """
    lead = _LEADS.get(intent["action"], "")
    if not lead:
        return ""
    if guessed:
        lead = "Taken word for word"
    chips = "".join(_chip(*one, intent) for one in _conditions(intent, currency))
    if not chips and intent["action"] == "ask":
        lead = "About these"
    return f'<span class="ws-lead">{lead}</span>{chips}'


def without(intent: Mapping[str, Any], field: str, value: Any) -> dict[str, Any] | None:
    """The intent with one condition less, in its free words too; None if nothing would be left to look for."""
    left = {name: given for name, given in intent.items() if name not in (field, "page")}  # another list begins anew
    if field in _LISTS:
        kept = [one for one in intent[field] if one != value]
        if kept:
            left[field] = kept
        if left.get("query") and isinstance(value, str):
            left["query"] = _unsaid(left["query"], value)
    if not left.get("query"):
        left.pop("query", None)
    empty = not any(left.get(name) for name in _CONDITIONS)
    return None if empty and intent["action"] in _FREE else left


def _conditions(intent: Mapping[str, Any], currency: str | None) -> Iterator[tuple[str, Any, str]]:
    """Field, value and words of each condition, in the order in which one would say them."""
    if query := intent.get("query"):
        yield "query", query, f"“{query}”"
    for field in _LISTS:
        for value in intent.get(field, ()):
            other = {"exclude": f"not {value}", "rejected": f"not {value}", "item_refs": f"number {value}"}
            yield field, value, _size(value) if field == "sizes" else other.get(field, str(value))
    for field, words in (("price_min", "from {}"), ("price_max", "up to {}"), ("budget_total", "{} in total")):
        if intent.get(field) is not None:
            yield field, intent[field], words.format(price_text(float(intent[field]), currency))
    if (sort := intent.get("sort")) in _SORTS:
        yield "sort", sort, _SORTS[sort]
    if page := intent.get("page"):
        yield "page", page, f"page {page + 1}"


def _size(limit: Mapping[str, Any]) -> str:
    """A limit of size, e.g. "at most 80 cm wide"."""
    side = _DIRECTIONS.get(limit["side"], f"in {limit['side']}")
    least, most = limit.get("least"), limit.get("most")
    if least is not None and most is not None:
        return f"{least:g} to {most:g} cm {side}"
    return f"at most {most:g} cm {side}" if least is None else f"at least {least:g} cm {side}"


def _chip(field: str, value: Any, words: str, intent: Mapping[str, Any]) -> str:
    dot = swatch(str(value), unknown="") if field == "colors" else ""
    inside = f"{dot}<span>{escape(words)}</span>"
    about = f'data-field="{field}" data-value="{escape(str(value), quote=True)}"'
    left = without(intent, field, value)
    if left is None:
        return f'<span class="ws-chip ws-fixed" {about}>{inside}</span>'
    given = escape(json.dumps(left, ensure_ascii=False), quote=True)
    return (
        f'<button type="button" class="ws-chip" data-act="unsay" {about} data-intent="{given}"'
        f' aria-label="Remove {escape(words, quote=True)}">{inside}</button>'
    )


def _unsaid(query: str, value: str) -> str:
    """Free words without a value, together with the `not` before it; in singular or plural."""
    stem = re.escape(value.removesuffix("s"))
    found = re.compile(rf"\b(?:(?:but |and )?(?:not|no|without|in)\s+)?{stem}(?:e?s)?\b,?", re.IGNORECASE)
    return " ".join(found.sub(" ", query).split())
