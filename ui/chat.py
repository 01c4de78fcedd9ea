"""The Chat page: a conversation with the shop's assistant, and the shortlist that comes out of it.

The browser keeps which conversation is open and whose shortlist it is. A turn streams from `/turns` of the page's own
server; everything else is a function here that keeps nothing but the examples of the release that is live.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import gradio as gr

from ui import acts
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.examples import example_messages
from ui.person import script, shopper_options
from ui.turns import kept_turn, sorry

CONVERSATIONS = 40


def chat_page(shop: ShopClient, chat: "Chat", shoppers: Sequence[tuple[str, str]] = ()) -> gr.HTML:
    """The component; to be called inside `gr.Blocks`.

    Args:
        shoppers: (id, name) of made-up shoppers to look at the shop as.
    """
    assets = files("ui") / "assets"

    def start(_: object = None) -> dict[str, Any]:
        return chat.start()

    def conversations(ask: dict[str, Any]) -> list[dict[str, Any]] | None:
        return chat.conversations(ask)

    def resume(ask: dict[str, Any]) -> dict[str, Any]:
        return chat.resume(ask)

    def delete(ask: dict[str, Any]) -> bool:
        return chat.delete(ask)

    def look_up(ask: dict[str, Any]) -> dict[str, Any]:
        return chat.look_up(ask)

    def act(event: dict[str, Any]) -> bool:
        return acts.record(shop, event)

    def forget(ask: dict[str, Any]) -> bool:
        return chat.forget(ask)

    def goes_with(ask: dict[str, Any]) -> str:
        return acts.goes_with(shop, ask)

    return gr.HTML(
        html_template=(assets / "chat.html").read_text().replace("<!-- shoppers -->", shopper_options(shoppers)),
        js_on_load=script("upload.js", "answer.js", "shelf.js", "shortlist.js", "chat.js"),
        apply_default_css=False,
        server_functions=[start, conversations, resume, delete, look_up, act, forget, goes_with],
        elem_id="ws-chat",
    )


class Chat:
    """Answers the page's calls out of the shop's API."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop
        self._examples: tuple[str, list[dict[str, str]]] = ("", [])
        self._currency: str | None = None

    def start(self) -> dict[str, Any]:
        """Messages to begin with, of the release that is live; none while the shop cannot be reached."""
        try:
            facets = self._shop.facets()
            self._currency = (facets.get("price") or {}).get("currency")
            if self._examples[0] != facets["release"]:
                self._examples = (facets["release"], example_messages(self._shop, facets))
        except (ApiUnavailable, ApiProblem):
            return {"examples": [], "items": 0}
        return {"examples": self._examples[1], "items": facets["items"]}

    def currency(self) -> str | None:
        """Of the catalogue's prices, as a person means it who says just a number."""
        if self._currency is None:
            self.start()
        return self._currency

    def conversations(self, ask: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """A person's conversations, latest first; None while they cannot be had."""
        try:
            return self._shop.conversations(str(ask["user"]), CONVERSATIONS)
        except (ApiUnavailable, ApiProblem):
            return None

    def resume(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The turns of a conversation, or `sorry`. Another person's conversation is not shown.

        Args:
            ask: id and user.
        """
        try:
            found = self._shop.conversation(str(ask["id"]))
        except (ApiUnavailable, ApiProblem) as error:
            return {"sorry": sorry(error)}
        if found.get("user_id") not in (None, ask["user"]):
            return {"sorry": sorry(ApiProblem(404, "not yours"))}
        titles = {item["id"]: item["title"] for turn in found["turns"] for item in turn["items"]}
        return {"turns": [kept_turn(turn, self.currency(), titles) for turn in found["turns"]]}

    def delete(self, ask: Mapping[str, Any]) -> bool:
        """Delete a conversation; returns whether it is gone."""
        try:
            self._shop.forget_conversation(str(ask["id"]))
        except ApiProblem as problem:
            return problem.status == 404
        except ApiUnavailable:
            return False
        return True

    def look_up(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The items of a shortlist as they are for sale now; None for what is gone, nothing for what is unknown."""
        found: dict[str, Any] = {}
        for id_ in map(str, ask["items"]):
            try:
                item = self._shop.item(id_)
                found[id_] = {name: item[name] for name in ("id", "title", "price", "currency")}
            except ApiProblem as problem:
                if problem.status == 404:
                    found[id_] = None
            except ApiUnavailable:
                break
        return found

    def forget(self, ask: Mapping[str, Any]) -> bool:
        """Take back one event, such as a save; returns whether it is gone."""
        try:
            self._shop.forget(str(ask["user"]), "event", str(ask["id"]))
        except (ApiUnavailable, ApiProblem):
            return False
        return True
