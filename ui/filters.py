"""The filter panel: an HTML form made from the catalogue's facets, and what its answers mean to the API."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

SHOWN = 10
"""Values of a facet that stand open; the rest fold away."""

MOST = 60
"""Values of a facet that are offered at all; rarer ones are found by words."""

FACETS = {"categories": "Category", "colors": "Colour", "materials": "Material", "styles": "Style", "brands": "Brand"}

# Colour words that a browser cannot paint by their own name.
_PAINT = {
    "natural": "#d9c7a7",
    "sand": "#d2b588",
    "taupe": "#9c8876",
    "sage": "#9baa84",
    "cobalt": "#2a58b5",
    "sky blue": "#9cc3de",
    "mint": "#a6dbc0",
    "forest green": "#21482f",
    "emerald": "#1c8c5c",
    "burgundy": "#6b1a2e",
    "blush": "#e8bdb4",
    "raspberry": "#bb3a6d",
    "lilac": "#b7a5d4",
    "caramel": "#b57e45",
    "chestnut": "#7a4a2b",
    "espresso": "#3e291d",
    "gold": "#cba258",
    "oak": "#c9a877",
    "walnut": "#6b4a33",
    "birch": "#e3d0ad",
    "charcoal": "#3b3d40",
    "cream": "#f3ead7",
    "mustard": "#d0a02f",
    "terracotta": "#c2694a",
    "brass": "#b5933f",
    "copper": "#b87333",
    "navy blue": "#1f2a4d",
    "off white": "#f6f2e8",
    "stainless steel": "#b8bcc0",
    "multicolour": "conic-gradient(#c55,#cc5,#5c5,#55c,#c55)",
    "multi": "conic-gradient(#c55,#cc5,#5c5,#55c,#c55)",
}
_NAMED = re.compile(
    r"\b(aqua|beige|black|blue|bronze|brown|crimson|cyan|gold|gray|green|grey|indigo|ivory|khaki|lavender|lime|magenta"
    r"|maroon|navy|olive|orange|orchid|peach|pink|plum|purple|red|salmon|silver|tan|teal|tomato|turquoise|violet|wheat"
    r"|white|yellow)\b"
)
_BETTER = {"bronze": "#8c6a3f", "peach": "#f5c9a9", "brown": "#6f4e37", "tan": "#c8a97e"}


def filter_form(facets: Mapping[str, Any]) -> str:
    """The panel's HTML for the answer of `/v1/facets`."""
    # What everything has narrows nothing.
    telling = {kind: [one for one in facets.get(kind, ()) if one["count"] < facets["items"]] for kind in FACETS}
    groups = "".join(_group(kind, label, telling[kind]) for kind, label in FACETS.items())
    return f"{_price_group(facets.get('price'))}{groups}{_stock_group(facets)}"


def example_queries(facets: Mapping[str, Any], n: int = 4) -> list[str]:
    """Things to try that this catalogue has: its frequent colours with its frequent kinds of thing."""
    items = max(1, facets.get("items", 0))
    # A category that nearly everything belongs to says nothing.
    kinds = [entry["value"] for entry in facets.get("categories", ()) if entry["count"] < 0.5 * items]
    colors = [entry["value"] for entry in facets.get("colors", ()) if len(entry["value"]) < 16] or [""]
    return [f"{colors[i % len(colors)]} {kind}".strip() for i, kind in enumerate(kinds[:n])]


def to_filters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The panel's answers as the API's `filters`; empty ones are left out."""
    filters: dict[str, Any] = {kind: list(given[kind]) for kind in FACETS if given.get(kind)}
    for bound in ("price_min", "price_max"):
        value = _number(given.get(bound))
        if value is not None:
            filters[bound] = value
    if given.get("in_stock"):
        filters["in_stock"] = True
    return filters


def spoken(kind: str, filters: Mapping[str, Any]) -> str:
    """One filter in words, for a hint about which to drop."""
    if kind == "price":
        return "the price limit"
    if kind == "in_stock":
        return "“in stock only”"
    return f"{FACETS[kind].lower()} “{', '.join(filters[kind])}”"


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _group(kind: str, label: str, values: Sequence[Mapping[str, Any]]) -> str:
    if len(values) < 2:
        return ""
    boxes = [_box(kind, entry) for entry in values[:MOST]]
    more = (
        f"<details><summary>{len(boxes) - SHOWN} more</summary>{''.join(boxes[SHOWN:])}</details>"
        if boxes[SHOWN:]
        else ""
    )
    return f'<fieldset class="ws-{kind}"><legend>{label}</legend>{"".join(boxes[:SHOWN])}{more}</fieldset>'


def _box(kind: str, entry: Mapping[str, Any]) -> str:
    value = str(entry["value"])
    dot = swatch(value) if kind == "colors" else ""
    return (
        f'<label class="ws-check"><input type="checkbox" name="{kind}" value="{escape(value, quote=True)}">'
        f"{dot}<span>{escape(value.capitalize())}</span><small>{int(entry['count']):,}</small></label>"
    )


def swatch(word: str, unknown: str = '<i class="ws-swatch ws-unknown"></i>') -> str:
    """A dot of the colour that a word names, or what stands for a word that names none."""
    paint = _PAINT.get(word)
    if paint is None:
        named = _NAMED.findall(word)
        paint = _BETTER.get(named[-1], named[-1]) if named else None
    return f'<i class="ws-swatch" style="background:{paint}"></i>' if paint else unknown


def _price_group(price: Mapping[str, Any] | None) -> str:
    if not price or price["min"] == price["max"]:
        return ""
    low, high = math.floor(price["min"]), math.ceil(price["max"])
    currency = f" <small>{escape(price['currency'])}</small>" if price.get("currency") else ""
    box = 'type="number" inputmode="decimal" min="0"'
    return (
        f'<fieldset class="ws-prices"><legend>Price{currency}</legend>'
        f'<label><span class="ws-sr">Lowest price</span><input name="price_min" {box}'
        f' placeholder="{low}"></label><span aria-hidden="true">–</span>'
        f'<label><span class="ws-sr">Highest price</span><input name="price_max" {box}'
        f' placeholder="{high}"></label></fieldset>'
    )


def _stock_group(facets: Mapping[str, Any]) -> str:
    if facets.get("in_stock") in (None, facets.get("items")):
        return ""
    return (
        '<fieldset><legend class="ws-sr">Availability</legend><label class="ws-check">'
        '<input type="checkbox" name="in_stock" value="true"><span>In stock only</span></label></fieldset>'
    )
