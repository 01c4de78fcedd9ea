"""How many searches an ingress replica works on at once: those that get in are answered about as fast as ever.

A queue makes everybody wait and nobody faster, so there is none here: whoever finds all places taken is told so before
any work is done for them. Only what computes takes a place: pictures of items, events and health cost little, and an
answer of the assistant streams for seconds, on Navigator replicas that have limits of their own.
"""

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from serve_app.errors import Full
from serve_app.problems import problem_response

_COMPUTE = ("/v1/search", "/v1/feed")
_COMPUTE_OF_AN_ITEM = ("/similar", "/complements")


class Crowd:
    """ASGI middleware: 503 with Retry-After for searches and feeds that find all places taken.

    Args:
        app: what it stands before.
        places: of them under way at the same time.
    """

    def __init__(self, app: ASGIApp, places: int) -> None:
        self._app = app
        self._free = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not _computes(scope["path"]):
            await self._app(scope, receive, send)
            return
        if not self._free:
            state: dict[str, Any] = scope.get("state", {})
            refused = problem_response(Full("all places are taken"), state.get("request_id"))
            await refused(scope, receive, send)
            return
        self._free -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free += 1


def _computes(path: str) -> bool:
    return path.startswith(_COMPUTE) or (path.startswith("/v1/items/") and path.endswith(_COMPUTE_OF_AN_ITEM))
