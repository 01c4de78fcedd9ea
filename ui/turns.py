"""One turn of a conversation as the browser gets it: the API's events with their HTML made, live or as they were kept.

Every word of the catalogue and of the model is escaped here, or sent as text that the browser sets as text.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from html import escape
from typing import Any

from starlette.concurrency import run_in_threadpool

from ui.acts import save_and_hide
from ui.cards import cards, price_text
from ui.client import ApiProblem, ApiUnavailable, ShopClient
from ui.compare import MOST, comparison
from ui.cost import cost
from ui.intent import understood
from ui.sse import write_event

SETTLED_S = 1.5
"""How long a stopped turn may take until it is kept."""

Event = tuple[str, dict[str, Any]]


async def stream_turn(
    shop: ShopClient, request: dict[str, Any], currency: str | None, replaces: int | None = None
) -> AsyncGenerator[str]:
    """The turn as server-sent events; what goes wrong is an event too, so that the browser has one way to listen.

    Args:
        replaces: number of the turn that this one is put in the place of, if that got into the conversation.
    """
    action = "search"
    try:
        if replaces and await _is_last(shop, request.get("conversation_id"), replaces):
            request = {**request, "edit": True}
        async with aclosing(shop.chat(request)) as events:
            async for name, data in events:
                if name == "intent":
                    action = data["intent"]["action"]
                yield write_event(*shown(name, data, action, currency))
    except (ApiUnavailable, ApiProblem) as error:
        yield write_event("error", sorry(error))


def kept_turn(turn: Mapping[str, Any], currency: str | None, titles: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A turn of a conversation that was kept: what was sent with it, and the events that it was told with.

    Args:
        titles: of items, by id, for those that were pointed at.
    """
    intent = turn.get("intent") or {"action": "chat"}
    action = intent["action"]
    events: Iterator[Event] = iter(
        (
            ("intent", {"turn": turn["turn"], "intent": intent, "guessed": False}),
            ("items", {"items": turn["items"], "relaxed": turn.get("relaxed") or (), "total": turn.get("total")}),
            ("delta", {"text": turn.get("answer") or ""}),
            ("citations", _citations(turn.get("citations"))),
            *((("usage", turn["usage"]),) if turn.get("usage") else ()),
        )
    )
    return {
        "message": turn["message"],
        "picture": turn.get("picture"),
        "lost_picture": bool(turn.get("has_picture")) and not turn.get("picture"),
        "pointed": [{"id": id_, "title": (titles or {}).get(id_, "")} for id_ in turn.get("item_ids") or ()],
        "events": [shown(name, data, action, currency) for name, data in events],
    }


def shown(name: str, data: Mapping[str, Any], action: str, currency: str | None) -> Event:
    """One event of the API as the browser gets it."""
    if name == "intent":
        chips = understood(data["intent"], currency, bool(data.get("guessed")))
        return name, {**{key: data[key] for key in ("conversation_id", "turn") if key in data}, "chips": chips}
    if name == "items":
        return name, _items(data, action)
    if name == "usage":
        return name, {"cost": cost(data)}
    if name == "error":
        kind = str(data.get("type", "")).rpartition(":")[2]
        return name, sorry(ApiProblem(int(data.get("status", 500)), str(data.get("detail", "")), kind))
    return name, dict(data)


def sorry(error: ApiUnavailable | ApiProblem) -> dict[str, Any]:
    """What went wrong, in a sentence for the shopper, and whether to try the same again may help."""
    if isinstance(error, ApiUnavailable) or error.status in (429, 503, 504):
        words = "The shop is busy or just starting. Nothing is lost; try again in a moment."
        return {"words": words, "again": True}
    if error.kind == "no_navigator":
        return {"words": "The assistant is away just now. The search is open.", "again": True}
    if error.status == 413:
        return {"words": "That picture is too large. Try a smaller one.", "again": False}
    if error.status in (404, 410):
        words = "This conversation or one of its pieces is no longer here. A new conversation will do."
        return {"words": words, "again": False, "fresh": True}
    if error.status >= 500:
        return {"words": "Something went wrong on our side. Try again in a moment.", "again": True}
    return {"words": f"That did not work: {error}.", "again": False}


async def _is_last(shop: ShopClient, conversation: str | None, turn: int) -> bool:
    """Whether a turn stands at the conversation's end. One that was just stopped takes a moment to be kept."""
    deadline = time.monotonic() + SETTLED_S
    while conversation:
        try:
            turns = (await run_in_threadpool(shop.conversation, conversation))["turns"]
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            turns = []
        if turns and turns[-1]["turn"] >= turn:
            return bool(turns[-1]["turn"] == turn)  # what was said since stays
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.05)
    return False


def _items(data: Mapping[str, Any], action: str) -> dict[str, Any]:
    items: Sequence[Mapping[str, Any]] = data["items"]
    numbers = {item["id"]: n for n, item in enumerate(items, 1)}

    def extra(item: Mapping[str, Any]) -> str:
        return f'<span class="ws-number" aria-hidden="true">{numbers[item["id"]]}</span>{save_and_hide(item)}'

    total = data.get("total")
    compared = comparison(items) if action == "compare" and len(items) <= MOST else ""
    return {
        "cards": cards([{**item, "reason": item.get("reason") or ""} for item in items], extra, _links),
        "count": len(items),
        "compared": compared,
        # "Number 2" of the last list is number 1 here: its chip says its name.
        "named": [item["title"] for item in items] if action in ("ask", "compare") else [],
        "relaxed": list(data.get("relaxed") or ()),
        "total": f"Together {price_text(total['amount'], total.get('currency'))}" if total else "",
    }


def _links(item: Mapping[str, Any]) -> str:
    name = f'<span class="ws-sr">: {escape(item["title"])}</span></button>'
    return (
        f'<button type="button" class="ws-like" data-act="with">Goes with{name}'
        f'<button type="button" class="ws-like ws-pick" data-act="pick-item" aria-pressed="false">Compare{name}'
    )


def _citations(kept: Any) -> dict[str, Any]:
    return dict(kept) if isinstance(kept, Mapping) else {"items": list(kept or ()), "corrected": 0}
