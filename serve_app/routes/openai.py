"""`/v1/chat/completions` and `/v1/models`: the assistant for clients that speak OpenAI's API."""

import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from catalog.errors import InvalidInput, NotFound
from navigator.turn import TurnSettings
from serve_app.assistant import Assistant
from serve_app.assistant_turn import Turn
from serve_app.auth import Caller, guarded
from serve_app.event_stream import EventStream
from serve_app.openai_schemas import CompletionRequest, earlier_turns, last_message
from serve_app.problems import documented, problem_response
from serve_app.routes.feed import PRIVATE

MODEL = "navigator"
"""Name of the model: whichever Navigator the live release has."""


def openai_routes(assistant: Assistant) -> APIRouter:
    """Routes in the form of OpenAI's."""
    router = APIRouter(tags=["openai"], **guarded("chat"))

    @router.get("/v1/models", responses=documented(503), summary="Models, as OpenAI lists them")
    async def models() -> dict[str, Any]:
        """One model where the live release has a Navigator, else none."""
        state = await assistant.state()
        entry = {"id": MODEL, "object": "model", "created": 0, "owned_by": "windowshop", "version": state.version}
        return {"object": "list", "data": [entry] if state.version else []}

    @router.get("/v1/models/{model}", responses=documented(404, 503), summary="One model")
    async def model(model: str) -> dict[str, Any]:
        """The model of that name. 404 if there is none."""
        listed = (await models())["data"]
        if model != MODEL or not listed:
            raise NotFound(f"there is no model {model!r}; GET /v1/models lists what there is")
        entry: dict[str, Any] = listed[0]
        return entry

    @router.post(
        "/v1/chat/completions",
        response_class=Response,
        responses={200: {"description": "A completion, or chunks of one."}, **documented(404, 413, 422, 503)},
        summary="A chat completion, as OpenAI's clients ask for it",
    )
    async def completions(request: CompletionRequest, http: Request, rights: Caller) -> Response:
        """The last message is answered; `image_url` parts are pictures to look for. Nothing is kept: the messages are
        the memory. The answer's message has `items` and `intent` besides its text; sent back with the other messages,
        they let `the second one` mean what it meant.
        """
        if request.model != MODEL:
            raise NotFound(f"there is no model {request.model!r}; GET /v1/models lists what there is")
        try:
            asked = last_message(request)
        except ValidationError as error:
            raise InvalidInput("; ".join(entry["msg"] for entry in error.errors()[:3])) from error
        rights.act_for(asked.user_id)
        usual = TurnSettings()
        settings = replace(usual, answer=request.sampling(usual.answer))
        turn = await assistant.open(asked, earlier_turns(request.messages[:-1]), settings)
        head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": MODEL}
        if request.stream:
            with_usage = bool(request.stream_options and request.stream_options.include_usage)
            return EventStream(_chunks(turn, head, with_usage, getattr(http.state, "request_id", None)))
        return JSONResponse(await _completion(turn, head), headers=PRIVATE)

    return router


async def _completion(turn: Turn, head: dict[str, Any]) -> dict[str, Any]:
    """A whole completion."""
    told: dict[str, Any] = {}
    async with aclosing(turn.events()) as events:
        async for name, data in events:
            told[name] = data
    message = {
        "role": "assistant",
        "content": told["done"]["answer"],
        "refusal": None,
        "items": told["items"]["items"],
        "intent": told["intent"]["intent"],
    }
    choice = {"index": 0, "message": message, "finish_reason": turn.finish, "logprobs": None}
    about = {"relaxed": told["items"]["relaxed"], "total": told["items"]["total"], "citations": told["citations"]}
    return {
        **head,
        "object": "chat.completion",
        "choices": [choice],
        "usage": _usage(told["usage"]),
        "windowshop": {**about, "release": told["items"]["release"], "timings_ms": told["usage"]["timings_ms"]},
    }


async def _chunks(
    turn: Turn, head: dict[str, Any], with_usage: bool, request_id: str | None
) -> AsyncGenerator[bytes, None]:
    """A completion as it is written. The items come before the first word."""
    intent: dict[str, Any] = {}
    try:
        async with aclosing(turn.events()) as events:
            async for name, data in events:
                if name == "intent":
                    intent = data["intent"]
                elif name == "items":
                    yield _chunk(head, {"role": "assistant", "content": "", "items": data["items"], "intent": intent})
                elif name == "delta":
                    yield _chunk(head, {"content": data["text"]})
                elif name == "usage":
                    yield _chunk(head, {}, turn.finish)
                    if with_usage:
                        yield _data({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(data)})
        yield b"data: [DONE]\n\n"
    except Exception as error:
        problem = json.loads(bytes(problem_response(error, request_id).body))
        yield _data({"error": {"message": problem["detail"], "type": problem["type"], "code": problem["status"]}})


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _data({**head, "object": "chat.completion.chunk", "choices": [choice]})


def _data(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["prompt_tokens"] + usage["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": usage["cached_tokens"]},
    }
