"""Visual discovery: what the page asks of the shop, and the component that shows it.

The browser keeps what is being asked (words, picture, region, items, filters, order) and calls two functions here,
which keep nothing: `start` once, `find` for every page of results. Both return HTML that is escaped already.
"""

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

import gradio as gr

from ui.cards import cards, notice
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.filters import example_queries, filter_form, spoken, to_filters
from ui.person import script

PAGE = 24
_SORTS = ("relevance", "price_asc", "price_desc")


def visual_search(shop: ShopClient) -> gr.HTML:
    """The component; to be called inside `gr.Blocks`."""
    assets = files("ui") / "assets"
    discovery = Discovery(shop)

    def start(_: object = None) -> dict[str, Any]:
        return discovery.start()

    def find(ask: dict[str, Any]) -> dict[str, Any]:
        return discovery.find(ask)

    return gr.HTML(
        html_template=(assets / "visual.html").read_text(),
        js_on_load=script("upload.js", "visual.js"),
        apply_default_css=False,
        server_functions=[start, find],
        elem_id="ws-visual",
    )


class Discovery:
    """Answers the page's calls out of the shop's API."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop

    def start(self) -> dict[str, Any]:
        """The filter panel and queries to try; both empty while the shop cannot be reached."""
        try:
            facets = self._shop.facets()
        except (ApiUnavailable, ApiProblem):
            return {"filters": "", "examples": [], "items": 0}
        return {"filters": filter_form(facets), "examples": example_queries(facets), "items": facets["items"]}

    def find(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """One page of results as cards.

        Args:
            ask: text, picture (a data: URI), region, like (item ids), user, filters, sort and cursor; all optional.

        Returns:
            cards (HTML), count, cursor of the next page or None, and `notice` (HTML) when there is nothing to show.
        """
        request = to_request(ask)
        try:
            found = self._shop.search(request)
        except ApiUnavailable:
            return _nothing(
                notice(
                    "The shop is not answering",
                    "It may be starting, or very busy. Nothing is lost; try again in a moment.",
                    '<button type="button" class="ws-primary" data-act="again">Try again</button>',
                    alert=True,
                )
            )
        except ApiProblem as problem:
            return _nothing(self._refused(problem))
        items = found["items"]
        if not items and not request.get("cursor"):
            return _nothing(self._no_match(request))
        return {"cards": cards(items), "count": len(items), "cursor": found["next_cursor"], "notice": ""}

    def _refused(self, problem: ApiProblem) -> str:
        fresh = '<button type="button" class="ws-primary" data-act="fresh">Start over</button>'
        if problem.status == 413:
            return notice("That picture is too large", f"{problem}. Try a smaller one.", fresh, alert=True)
        if problem.status == 410:
            again = '<button type="button" class="ws-primary" data-act="again">Search again</button>'
            return notice("The catalogue has changed", "It was renewed while you were looking.", again, alert=True)
        if problem.status == 404:
            return notice("That piece is gone", "It is no longer in the catalogue.", fresh, alert=True)
        return notice("That did not work", str(problem), fresh, alert=True)

    def _no_match(self, request: Mapping[str, Any]) -> str:
        """Nothing fits: says which single condition would have to go for there to be something."""
        filters = request.get("filters", {})
        kinds = dict.fromkeys("price" if kind.startswith("price") else kind for kind in filters)
        helpful = [kind for kind in kinds if self._finds_something(request, without=kind)]
        buttons = "".join(
            f'<button type="button" class="ws-primary" data-act="drop" data-kind="{kind}">'
            f"Without {escape(spoken(kind, filters))}</button>"
            for kind in helpful
        )
        if not buttons and kinds:
            buttons = (
                '<button type="button" class="ws-primary" data-act="drop" data-kind="all">Without any filter</button>'
            )
        words = (
            "No piece meets all of your conditions. There are some if one of them goes:"
            if helpful
            else ("No piece meets your conditions." if kinds else "There is nothing like that here. Try other words.")
        )
        return notice("Nothing quite fits", words, f'<p class="ws-actions">{buttons}</p>')

    def _finds_something(self, request: Mapping[str, Any], without: str) -> bool:
        kept = {
            kind: value
            for kind, value in request["filters"].items()
            if not (kind == without or (without == "price" and kind.startswith("price")))
        }
        try:
            return bool(self._shop.search({**request, "filters": kept, "limit": 1})["items"])
        except (ApiProblem, ApiUnavailable):
            return False


def to_request(ask: Mapping[str, Any]) -> dict[str, Any]:
    """The browser's ask as a request of the API; what is empty is left out."""
    request: dict[str, Any] = {"limit": PAGE}
    if text := str(ask.get("text") or "").strip():
        request["text"] = text
    if ask.get("picture"):
        request["picture"] = {"data": ask["picture"]}
        if ask.get("region"):
            request["region"] = ask["region"]
    if ask.get("like"):
        request["item_ids"] = ask["like"]
    if filters := to_filters(ask.get("filters") or {}):
        request["filters"] = filters
    if ask.get("user"):
        request["user_id"] = str(ask["user"])
    if ask.get("sort") in _SORTS:
        request["sort"] = ask["sort"]
    if ask.get("cursor"):
        request["cursor"] = ask["cursor"]
    return request


def _nothing(why: str) -> dict[str, Any]:
    return {"cards": "", "count": 0, "cursor": None, "notice": why}
