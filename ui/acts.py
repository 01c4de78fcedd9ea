"""What a shopper does to an item on any page: the buttons for it, and how it is recorded."""

from collections.abc import Mapping
from html import escape
from typing import Any

from ui.cards import picture_address
from ui.client import ApiProblem, ApiUnavailable, ShopClient

_HEART = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20S4 15 4 9.2A4.2 4.2 0 0 1 12 7a4.2 4.2 0 0 1 8 2.2C20 15 12 20 12 20z"/></svg>'  # noqa: E501
_CROSS = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg>'


def save_and_hide(item: Mapping[str, Any]) -> str:
    """The two buttons on an item's picture."""
    title = escape(item["title"])
    return (
        '<div class="ws-acts"><button type="button" class="ws-act ws-save" data-act="save" aria-pressed="false"'
        f' aria-label="Save {title}" title="Save">{_HEART}</button>'
        '<button type="button" class="ws-act ws-hide" data-act="hide"'
        f' aria-label="Hide {title}" title="Not for me">{_CROSS}</button></div>'
    )


def record(shop: ShopClient, event: Mapping[str, Any]) -> bool:
    """Record one event; returns whether it is kept."""
    wanted = {name: event[name] for name in ("id", "user_id", "kind", "item_id", "visit")}
    try:
        shop.record([wanted])
    except (ApiUnavailable, ApiProblem):
        return False
    return True


def goes_with(shop: ShopClient, ask: Mapping[str, Any]) -> str:
    """What goes with an item, as a strip of small pictures; empty where nothing is known to.

    Args:
        ask: item and user.
    """
    try:
        found = shop.complements(str(ask["item"]), str(ask["user"]))
    except (ApiUnavailable, ApiProblem):
        return ""
    pictures = "".join(
        f'<li><img src="{picture_address(item["id"])}" alt="" width="96" height="96" loading="lazy">'
        f"<span>{escape(item['title'])}</span></li>"
        for item in found["items"]
        if item["image_url"]
    )
    return f'<h3>Goes with</h3><ul class="ws-strip">{pictures}</ul>' if pictures else ""
