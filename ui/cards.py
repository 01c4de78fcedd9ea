"""Product cards and what surrounds them, as HTML. Every word of the catalogue is escaped here."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
_STOCK = {"out_of_stock": "Sold out", "preorder": "Pre-order", "discontinued": "No longer made"}


Part = Callable[[Mapping[str, Any]], str]
"""Gives HTML for an item."""


def cards(items: Sequence[Mapping[str, Any]], extra: Part = lambda _: "", links: Part = lambda _: "") -> str:
    """A run of cards, ready to be put into the grid.

    Args:
        extra: what a card has besides.
        links: what stands beside "More like this".
    """
    return "".join(_card(item, extra(item), links(item)) for item in items)


def price_text(price: float | None, currency: str | None) -> str:
    """A price as shops write it: whole amounts without cents, a known symbol before, another code behind."""
    if price is None:
        return ""
    amount = f"{price:,.0f}" if float(price).is_integer() else f"{price:,.2f}"
    symbol = _SYMBOLS.get(currency or "")
    return f"{symbol}{amount}" if symbol else f"{amount} {currency or ''}".strip()


def notice(title: str, words: str, actions: str = "", *, alert: bool = False) -> str:
    """What stands in place of results. `title` and `words` are escaped, `actions` is HTML."""
    role = "alert" if alert else "status"
    return f'<div class="ws-notice" role="{role}"><h2>{escape(title)}</h2><p>{escape(words)}</p>{actions}</div>'


def picture_address(item_id: str) -> str:
    """Where the page's own server passes an item's picture on."""
    return f"pictures/{quote(item_id, safe='')}"


def facts(item: Mapping[str, Any]) -> dict[str, str]:
    """What the catalogue says of an item, by the names that people read; only what is known."""
    said = {
        "Category": " › ".join(item.get("category", ())),
        "Colour": ", ".join(item.get("colors", ())),
        "Material": ", ".join(item.get("materials", ())),
        "Style": ", ".join(item.get("styles", ())),
        **{_label(str(name)): str(value) for name, value in item.get("attributes", {}).items()},
    }
    return {name: value for name, value in said.items() if value}


def _label(name: str) -> str:
    """An attribute's name as people write it: `seat_width_cm` is the seat width (cm)."""
    words = name.removesuffix("_cm").replace("_", " ") + (" (cm)" if name.endswith("_cm") else "")
    return words[:1].upper() + words[1:]


def _card(item: Mapping[str, Any], extra: str, links: str) -> str:
    title, item_id = escape(item["title"]), escape(item["id"], quote=True)
    brand = f'<p class="ws-brand">{escape(item["brand"])}</p>' if item.get("brand") else ""
    why = f'<p class="ws-why">{escape(item["reason"][:1].upper() + item["reason"][1:])}</p>' if item["reason"] else ""
    return (
        f'<article class="ws-card" data-id="{item_id}" data-title="{escape(item["title"], quote=True)}"{_data(item)}>'
        f'<button type="button" class="ws-tile" data-act="open" aria-label="Look closer at {title}">'
        f"{_picture(item)}</button>"
        f'<div class="ws-words">{brand}<h3>{title}</h3>{_price(item)}{why}</div>'
        '<p class="ws-links"><button type="button" class="ws-like" data-act="like">More like this'
        f'<span class="ws-sr">: {title}</span></button>{links}</p>'
        f"{extra}<template>{_closer(item)}</template></article>"
    )


def _data(item: Mapping[str, Any]) -> str:
    """What the browser adds up."""
    if item.get("price") is None:
        return ""
    return f' data-price="{float(item["price"])}" data-currency="{escape(item.get("currency") or "", quote=True)}"'


def _picture(item: Mapping[str, Any]) -> str:
    if not item.get("image_url"):
        return f'<span class="ws-initial" aria-hidden="true">{escape(item["title"][:1].upper())}</span>'
    look = ", ".join([item["title"], *item.get("colors", ())[:2], *item.get("materials", ())[:1]])
    return (
        f'<img src="{picture_address(item["id"])}" alt="{escape(look, quote=True)}" loading="lazy" decoding="async"'
        ' width="384" height="384">'
    )


def _price(item: Mapping[str, Any]) -> str:
    price = escape(price_text(item.get("price"), item.get("currency")))
    stock = _STOCK.get(item["availability"], "")
    stock = f' <span class="ws-stock">{stock}</span>' if stock else ""
    return f'<p class="ws-price">{price}{stock}</p>' if price or stock else ""


def _closer(item: Mapping[str, Any]) -> str:
    """What the dialog shows of one item."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(item).items())
    url = item.get("url") or ""
    link = (
        f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener noreferrer">Product page</a>'
        if url.startswith(("https://", "http://"))
        else ""
    )
    brand = f'<p class="ws-brand">{escape(item["brand"])}</p>' if item.get("brand") else ""
    return (
        f'<div class="ws-closer"><div class="ws-tile">{_picture(item)}</div><div>{brand}'
        f'<h2 id="ws-closer-title">{escape(item["title"])}</h2>{_price(item)}<p>{escape(item["description"])}</p>'
        f'<dl>{rows}</dl><p class="ws-actions"><button type="button" class="ws-primary" data-act="like">'
        f"More like this</button>{link}</p></div></div>"
    )
