"""What a conversation remembers of a turn, and how the next one takes it up again, on whichever replica it runs."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.notes import notes_of
from navigator.pointing import FINDS
from navigator.prompt import MAX_EXCHANGES, Exchange, Shown
from navigator.spelling import respelt
from serve_app.chat_schemas import ChatRequest, CitationsOut
from serve_app.conversations import KeptTurn
from serve_app.query import EncodedQuery
from serve_app.turn_search import TurnSearch

FORGOTTEN_AT_ONCE = 3
"""Turns."""


class Told:
    """What came of a turn so far."""

    def __init__(self) -> None:
        self.intent: ShoppingIntent | None = None
        self.items: list[dict[str, Any]] = []
        self.relaxed: list[dict[str, Any]] = []
        self.total: dict[str, Any] | None = None
        self.answer = ""
        self.citations: dict[str, Any] = CitationsOut().model_dump(mode="json")
        self.usage: dict[str, Any] | None = None
        self.finish = "stop"


def remembered(turns: Sequence[KeptTurn]) -> tuple[KeptTurn, ...]:
    """The latest turns, as many as a prompt repeats, or a few less; before them the last one that found something.

    Of a list that was found people ask one thing after another: it is not forgotten over these.
    """
    recent = _latest(turns, MAX_EXCHANGES)
    begun = len(turns) - len(recent)
    if any(map(_found, recent)) or not any(map(_found, turns[:begun])):
        return recent
    place = max(place for place, turn in enumerate(turns[:begun]) if _found(turn))
    return (turns[place], *_latest(turns[place + 1 :], MAX_EXCHANGES - 1))


def _latest(turns: Sequence[KeptTurn], most: int) -> tuple[KeptTurn, ...]:
    """So many turns, or a few less.

    The oldest go several at a time: where one goes with every turn, each prompt begins differently from the one before
    it, and an engine's prefix cache holds nothing of a long conversation.
    """
    excess = max(0, len(turns) - most)
    return tuple(turns[-(-excess // FORGOTTEN_AT_ONCE) * FORGOTTEN_AT_ONCE :])


def _found(turn: KeptTurn) -> bool:
    """Whether it put a list on show."""
    intent = turn.body.get("intent") or {}
    return intent.get("action") in FINDS and bool(turn.body["items"])


def body_of(request: ChatRequest, told: Told) -> dict[str, Any]:
    """A turn as it is kept: what the API shows of it, but for the picture."""
    return {
        "message": request.message,
        "item_ids": list(request.item_ids),
        "has_picture": request.picture is not None,
        "intent": json.loads(told.intent.compact()) if told.intent else None,
        "items": told.items,
        "relaxed": told.relaxed,
        "total": told.total,
        "answer": told.answer,
        "citations": told.citations,
        "usage": told.usage,
    }


async def exchange(turn: KeptTurn, search: TurnSearch, lexicon: Lexicon) -> Exchange:
    """A kept turn as a prompt repeats it. Items are numbered, so they end where one is gone from the release."""
    shown: list[Shown] = []
    for item in turn.body["items"]:
        found = await search.items([item["id"]])
        if not found:
            break
        shown += found
    message, relaxed = turn.body["message"], [one["text"] for one in turn.body["relaxed"]]
    intent = ShoppingIntent.model_validate(turn.body["intent"]) if turn.body["intent"] else None
    notes = notes_of(respelt(message, lexicon), intent, shown, relaxed, lexicon)
    return Exchange(message, intent, tuple(shown), turn.body["answer"], notes)


def packed(encoded: EncodedQuery) -> bytes:
    """The vectors of a picture, as they are kept."""
    vectors = {
        name: [base64.b64encode(np.asarray(one, np.float32).tobytes()).decode() for one in found]
        for name, found in encoded.vectors.items()
    }
    return json.dumps({"version": encoded.version, "vectors": vectors}).encode()


def unpacked(kept: bytes) -> EncodedQuery:
    """What `packed` packed."""
    data = json.loads(kept)
    vectors = {
        name: [np.frombuffer(base64.b64decode(one), np.float32) for one in found]
        for name, found in data["vectors"].items()
    }
    return EncodedQuery(data["version"], vectors)
