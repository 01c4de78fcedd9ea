"""The Discover page: a feed that follows what the shopper does, and the taste that it follows, to see and to steer.

As on the search page, the browser keeps the state and calls functions here that keep nothing. A shopper is a made-up
one that the page was started with, or a visitor whose random id stays in the browser.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

import gradio as gr

from ui import acts
from ui.cards import cards, notice, picture_address
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.person import script, shopper_options
from ui.tastemap import taste_map

PAGE = 24
_DID = {
    "view": "Viewed",
    "click": "Looked closer at",
    "save": "Saved",
    "cart": "Put into the cart",
    "buy": "Bought",
    "hide": "Hidden",
    "follow_board": "Followed",
}
_STAGES = {
    "inspiration": "For you, while you look around",
    "comparing": "For you, while you compare",
    "ready_to_buy": "For you, before you decide",
}
SHOWN_ITEMS = 12
"""Items of an interest whose events are listed."""


def discover_page(shop: ShopClient, shoppers: Sequence[tuple[str, str]] = ()) -> gr.HTML:
    """The component; to be called inside `gr.Blocks`.

    Args:
        shoppers: (id, name) of made-up shoppers to look at the shop as.
    """
    assets = files("ui") / "assets"
    discover = Discover(shop)

    def feed(ask: dict[str, Any]) -> dict[str, Any]:
        return discover.feed(ask)

    def act(event: dict[str, Any]) -> bool:
        return acts.record(shop, event)

    def taste(ask: dict[str, Any]) -> dict[str, Any]:
        return discover.taste(ask)

    def steer(ask: dict[str, Any]) -> dict[str, Any]:
        return discover.steer(ask)

    def goes_with(ask: dict[str, Any]) -> str:
        return acts.goes_with(shop, ask)

    return gr.HTML(
        html_template=(assets / "discover.html").read_text().replace("<!-- shoppers -->", shopper_options(shoppers)),
        js_on_load=script("shelf.js", "discover.js"),
        apply_default_css=False,
        server_functions=[feed, act, taste, steer, goes_with],
        elem_id="ws-discover",
    )


class Discover:
    """Answers the page's calls out of the shop's API."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop

    def feed(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """One page of the feed as cards.

        Args:
            ask: user, adventurousness and cursor.

        Returns:
            cards (HTML), count, cursor of the next page or None, stage, and `notice` (HTML) in place of nothing.
        """
        try:
            found = self._shop.feed(str(ask["user"]), float(ask["adventurousness"]), PAGE, ask.get("cursor"))
        except ApiUnavailable:
            return _nothing("The shop is not answering", "It may be starting, or very busy. Try again in a moment.")
        except ApiProblem as problem:
            return _nothing("The feed has to start over", str(problem))
        items = found["items"]
        if not items and not ask.get("cursor"):
            return _nothing("You have seen it all", "Nothing is left to show that you have not acted on already.")
        stage = _STAGES.get(found["stage"], "") if found["personal"] else "A bit of everything, for a start"
        shown = cards(items, acts.save_and_hide)
        return {"cards": shown, "count": len(items), "cursor": found["next_cursor"], "stage": stage, "notice": ""}

    def taste(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The map (SVG) and the interests (HTML) of a shopper; both empty while they cannot be had."""
        try:
            return _own_view(self._shop.taste(str(ask["user"])))
        except (ApiUnavailable, ApiProblem):
            return {"map": "", "interests": "", "events": 0}

    def steer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """Mute, pin or unmark an interest, or forget one, an event, or everything; answers the view afterwards.

        Args:
            ask: user, and `what`: pinned, muted, unmark, interest, event or everything, with `id` where it needs one.
        """
        user, what, id_ = str(ask["user"]), ask["what"], str(ask.get("id") or "")
        try:
            if what in ("pinned", "muted", "unmark"):
                self._shop.mark_interest(user, id_, None if what == "unmark" else what)
            else:
                self._shop.forget(user, what, id_)
        except (ApiUnavailable, ApiProblem) as error:
            return {"failed": str(error)}
        return self.taste(ask)


def _own_view(taste: Mapping[str, Any]) -> dict[str, Any]:
    interests = taste["interests"]
    listed = "".join(_interest(interest) for interest in interests)
    hidden = len(taste["hidden"])
    more = f"<p>{hidden} hidden {'piece' if hidden == 1 else 'pieces'} stay out of sight.</p>" if hidden else ""
    everything = (
        '<button type="button" class="ws-quiet" data-act="everything">Forget everything</button>'
        if taste["events"]
        else "<p>Save a few pieces that you like, hide some that you do not: your taste takes shape here, and you "
        "can steer it.</p>"
    )
    rows = f'<ul class="ws-interests">{listed}</ul>' if listed else ""
    return {"map": taste_map(taste), "interests": f"{rows}{more}{everything}", "events": taste["events"]}


def _interest(interest: Mapping[str, Any]) -> str:
    id_, name, mark = escape(interest["id"], quote=True), escape(interest["name"]), interest["mark"]
    pieces = len(interest["items"])
    about = f"{100 * interest['importance']:.0f}% · {pieces} {'piece' if pieces == 1 else 'pieces'}"
    about += {"new": " · new", "fading": " · fading"}.get(interest["life_cycle"], "")
    about += {"pinned": " · pinned", "muted": " · muted"}.get(mark or "", "")

    def button(what: str, words: str, pressed: bool | None = None) -> str:
        state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
        return (
            f'<button type="button" data-act="steer" data-what="{what}"{state}>{words}'
            f'<span class="ws-sr">: {name}</span></button>'
        )

    pin = button("unmark", "Unpin", True) if mark == "pinned" else button("pinned", "Pin", False)
    mute = button("unmark", "Unmute", True) if mark == "muted" else button("muted", "Mute", False)
    events = "".join(_item_events(item) for item in interest["items"][:SHOWN_ITEMS])
    state = f" ws-{mark}" if mark else ""
    return (
        f'<li class="ws-own{state}" data-id="{id_}"><img src="{picture_address(interest["id"])}" alt="" width="48"'
        f' height="48"><div><b>{name}</b><small>{about}</small><p>{pin}{mute}{button("interest", "Forget")}</p>'
        f'<details><summary>Where it comes from</summary><ul class="ws-events">{events}</ul></details></div></li>'
    )


def _item_events(item: Mapping[str, Any]) -> str:
    """One line for each thing that the shopper did with an item, each to be forgotten on its own."""
    return "".join(
        f'<li data-id="{escape(event["id"], quote=True)}"><img src="{picture_address(item["id"])}" alt="" width="28"'
        f' height="28"><span>{_DID[event["kind"]]}, {datetime.fromisoformat(event["time"]):%-d %b}</span>'
        f'<button type="button" data-act="steer" data-what="event" aria-label="Forget this">×</button></li>'
        for event in item["events"]
    )


def _nothing(title: str, words: str) -> dict[str, Any]:
    again = '<button type="button" class="ws-primary" data-act="again">Try again</button>'
    shown = notice(title, words, again, alert=True)
    return {"cards": "", "count": 0, "cursor": None, "stage": "", "notice": shown}
