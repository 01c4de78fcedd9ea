"""What an agent can do in the shop: search, look closer at an item, compare items, know a person's taste."""

from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from catalog.errors import NotFound
from catalog.item import Item
from navigator.facts import facts
from navigator.intent import ShoppingIntent
from serve_app.assistant import Assistant
from serve_app.chat_schemas import ChatRequest
from serve_app.retriever import Thumbnail
from serve_app.schemas import ItemOut
from serve_app.shop import Shop
from serve_app.turn_search import Shopper

_TOLD = (
    "title",
    "category",
    "brand",
    "price",
    "currency",
    "colors",
    "materials",
    "styles",
    "attributes",
    "availability",
)
_INTERESTS = 12


class AgentTools:
    """The shop's tools over what the rest of the API uses. Raises what `problems` maps."""

    def __init__(self, shop: Shop, assistant: Assistant) -> None:
        self._shop = shop
        self._assistant = assistant

    async def search(self, intent: ShoppingIntent, person: str | None, limit: int) -> dict[str, Any]:
        """Items that meet an intent, and what gave way to find any."""
        found, relaxed, release = await self._assistant.look_up(intent, Shopper(person, 0.3), limit)
        items = [{"id": one.id, **_told(one), "description": one.description[:300], "why": one.reason} for one in found]
        return {"items": items, "relaxed": [asdict(one) for one in relaxed], "release": release}

    async def look_closer(self, item_id: str, question: str | None) -> tuple[dict[str, Any], Thumbnail | None]:
        """All that the catalogue says of an item, its picture, and the answer to a question about it."""
        item = (await self._shop.item(item_id)).item
        told: dict[str, Any] = {"id": item.id, **_told(item), "description": item.description, "url": item.url}
        if question:
            told["answer"] = await self._ask("ask", (item_id,), question)
        try:
            return told, await self._shop.thumbnail(item_id)
        except NotFound:
            return told, None

    async def compare(self, item_ids: tuple[str, ...], question: str | None) -> dict[str, Any]:
        """Items side by side: where they differ, what follows from their prices, and what the assistant makes of it."""
        items = [(await self._shop.item(one)).item for one in item_ids]
        rows = {
            name: {item.id: _plain(getattr(item, name)) for item in items}
            for name in _TOLD
            if len({str(getattr(item, name)) for item in items}) > 1
        }
        prices = facts([Item.model_construct(**{**dict(item), "image": None}) for item in items])
        answer = await self._ask("compare", item_ids, question or "Compare these.")
        return {"items": list(item_ids), "differences": rows, "facts": prices, "answer": answer}

    async def taste(self, person: str) -> dict[str, Any]:
        """A person's interests, the strongest first."""
        if self._shop.personal is None:
            return {"user_id": person, "interests": []}
        view = await self._shop.personal.taste(person)
        strongest = sorted(view.interests, key=lambda one: -one.importance)[:_INTERESTS]
        interests = [
            {"name": one.name, "importance": one.importance, "mark": one.mark, "items": [i.id for i in one.items[:5]]}
            for one in strongest
        ]
        return {"user_id": person, "events": view.events, "stage": view.journey.stage, "interests": interests}

    async def _ask(self, action: str, item_ids: tuple[str, ...], question: str) -> str | None:
        """What Navigator says about items; None where there is no Navigator."""
        if (await self._assistant.state()).version is None:
            return None
        intent = ShoppingIntent.model_validate({"action": action})
        turn = await self._assistant.open(ChatRequest(message=question, item_ids=item_ids, intent=intent), before=())
        answer: str | None = None
        async with aclosing(turn.events()) as events:
            async for name, data in events:
                if name == "done":
                    answer = data["answer"]
        return answer


def _told(item: ItemOut) -> dict[str, Any]:
    return {name: _plain(getattr(item, name)) for name in _TOLD}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
