"""What happens to every request around its route: it gets an id, its size is checked, and no exception gets away."""

import re
import secrets
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.problems import problem_response

REQUEST_ID = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Edge:
    """ASGI middleware: request ids, and 413 for bodies above a limit, declared or not.

    A caller's own request id is kept if it is short and plain, for it goes into logs.

    Args:
        app: what it stands around.
        max_body_bytes: the limit.
        adds_header: whether to put the id on the answer; Serve's proxy does that by itself.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, adds_header: bool = True) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._adds_header = adds_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _SAFE_ID.fullmatch(given) else secrets.token_hex(8)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        received = 0
        started = False

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise self._too_large()
            return message

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if self._adds_header:
                    MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_body_bytes:
            await problem_response(self._too_large(), request_id)(scope, receive, named)
            return
        try:
            await self._app(scope, limited, named)
        except Exception as error:
            if started:  # too late to say anything else
                raise
            await problem_response(error, request_id)(scope, receive, named)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"the request is larger than {self._max_body_bytes:,} bytes")
