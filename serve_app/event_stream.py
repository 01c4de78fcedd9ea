"""Server-sent events: an answer that is sent while it is being made, and stops being made when nobody listens."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

HEARTBEAT_S = 5.0
"""Silence after which a comment is sent, so that no proxy takes the connection for dead."""

HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: Any) -> bytes:
    """One event, its data as JSON on one line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()


class EventStream(Response):
    """Sends what a generator yields. When the client goes, the generator is closed at once.

    Args:
        chunks: whole events, encoded.
    """

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncGenerator[bytes, None], heartbeat_s: float = HEARTBEAT_S) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._chunks = chunks
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with aclosing(self._chunks):
            coming = asyncio.ensure_future(anext(self._chunks, None))
            # A generator that has begun cleans up, however early the client goes; one that never began does not.
            await asyncio.sleep(0)
            sending = asyncio.create_task(self._send(send, coming))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (leaving, sending, coming):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def _send(self, send: Send, coming: "asyncio.Future[bytes | None]") -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while True:
                done, _ = await asyncio.wait((coming,), timeout=self._heartbeat_s)
                chunk = coming.result() if done else b": still here\n\n"
                if chunk is None:
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if done:
                    coming = asyncio.ensure_future(anext(self._chunks, None))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if not coming.done():
                coming.cancel()
                with suppress(asyncio.CancelledError):
                    await coming


async def _left(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
