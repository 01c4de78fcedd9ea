"""`/v1/chat` and the conversations that come of it."""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from serve_app.assistant import Assistant
from serve_app.assistant_turn import Turn
from serve_app.auth import Caller, guarded
from serve_app.chat_schemas import (
    ChatRequest,
    ConversationEntry,
    ConversationId,
    ConversationOut,
    ConversationsResponse,
    TurnOut,
)
from serve_app.conversations import Conversation, no_conversation
from serve_app.event_stream import EventStream, event
from serve_app.keys import Rights
from serve_app.problems import documented, problem_response
from serve_app.routes.feed import PRIVATE
from serve_app.taste_schemas import UserId

_Id = Annotated[ConversationId, Path(description="As the first event of a turn names it.")]


def chat_routes(assistant: Assistant) -> APIRouter:
    """Routes of the assistant."""
    router = APIRouter(tags=["chat"], **guarded("chat"))

    @router.post(
        "/v1/chat",
        response_class=Response,
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "intent, items, delta…, citations, usage, done"},
            **documented(404, 413, 422, 503),
        },
        summary="Say something to the assistant",
    )
    async def chat(request: ChatRequest, http: Request, rights: Caller) -> Response:
        """One turn, as server-sent events: how the message was read, the items found, the answer as it is written,
        which items it cites, what it took, and the end. What goes wrong on the way is an `error` event with a problem
        document. Hanging up stops the work.
        """
        rights.act_for(request.user_id)
        turn = await assistant.open(request)
        return EventStream(_events(turn, getattr(http.state, "request_id", None)))

    @router.get(
        "/v1/conversations",
        response_model=ConversationsResponse,
        responses=documented(422, 503),
        summary="A person's conversations",
    )
    async def conversations(
        rights: Caller,
        user_id: Annotated[UserId, Query(description="Whose.")],
        limit: Annotated[int, Query(ge=1, le=200, description="The latest so many.")] = 50,
    ) -> Response:
        """The latest first."""
        rights.act_for(user_id)
        found = ConversationsResponse(
            conversations=tuple(
                ConversationEntry(
                    id=one.id,
                    title=one.title,
                    created=one.created.isoformat(),
                    updated=one.updated.isoformat(),
                    turns=one.turns,
                )
                for one in await assistant.store.of_person(user_id, limit)
            )
        )
        return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)

    @router.get(
        "/v1/conversations/{conversation_id}",
        response_model=ConversationOut,
        responses=documented(404, 422, 503),
        summary="A whole conversation",
    )
    async def conversation(conversation_id: _Id, rights: Caller) -> Response:
        """Every turn with the items as they were shown. Whoever may act for its person may read it; one of nobody's
        may be read by whoever has its id, which cannot be guessed.
        """
        found = await _permitted(assistant, conversation_id, rights)
        pictures = await assistant.store.pictures(conversation_id)
        return Response(json.dumps(_conversation(found, pictures)), media_type="application/json", headers=PRIVATE)

    @router.delete(
        "/v1/conversations/{conversation_id}",
        status_code=204,
        responses=documented(404, 422, 503),
        summary="Delete a conversation",
    )
    async def delete(conversation_id: _Id, rights: Caller) -> Response:
        """Deletes it for good."""
        await _permitted(assistant, conversation_id, rights)
        await assistant.store.delete(conversation_id)
        return Response(status_code=204)

    return router


async def _permitted(assistant: Assistant, conversation_id: str, rights: Rights) -> Conversation:
    """A conversation that the caller may see. Raises NotFound, for somebody else's as for one that never was."""
    found = await assistant.store.load(conversation_id)
    if not rights.covers(found.person):
        raise no_conversation(conversation_id)
    return found


async def _events(turn: Turn, request_id: str | None) -> AsyncGenerator[bytes, None]:
    """A turn's events as they are sent; an error ends them as an event of its own."""
    try:
        async with aclosing(turn.events()) as events:
            async for name, data in events:
                yield event(name, data)
    except Exception as error:
        yield event("error", json.loads(bytes(problem_response(error, request_id).body)))


def _conversation(found: Conversation, pictures: Mapping[int, bytes]) -> dict[str, object]:
    turns = [
        TurnOut.model_construct(turn=turn.number, picture=_as_uri(pictures.get(turn.number)), **turn.body)
        for turn in found.turns
    ]
    return {
        "id": found.id,
        "title": found.title,
        "user_id": found.person,
        "created": found.created.isoformat(),
        "turns": [dict(turn) for turn in turns],
    }


def _as_uri(jpeg: bytes | None) -> str | None:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else None
