"""Who may do what over HTTP: API keys at the door, scopes at each route, and people that a key may act for.

The door is closed by default: without a key nothing is answered but `OPEN`. Every route names its scope with `guarded`,
and whatever concerns a person asks `Rights` for that person. Where no keys are required, everybody may do everything,
and the same checks pass.
"""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from catalog.errors import WindowshopError
from serve_app.errors import Unauthorized
from serve_app.key_ring import KeyRing
from serve_app.keys import UNLIMITED, Rights, Scope
from serve_app.problems import documented, problem_response
from serve_app.taste_schemas import UserId

OPEN = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
"""Paths that need no key: probes have none, and how the API is used is no secret."""


class KeyGate:
    """ASGI middleware: finds out whose key a request carries, before anything of its body is read.

    Args:
        app: what it stands around.
        ring: checks keys; None where none are required.
    """

    def __init__(self, app: ASGIApp, ring: KeyRing | None) -> None:
        self._app = app
        self._ring = ring

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":  # there are no others; one that is added and asks for a `Caller` finds none
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        try:
            state["rights"] = await self._rights(scope)
        except WindowshopError as error:
            await problem_response(error, state.get("request_id"))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _rights(self, scope: AsgiScope) -> Rights | None:
        if self._ring is None:
            return UNLIMITED
        if scope["path"].removeprefix(scope.get("root_path", "")) in OPEN:
            return None
        kind, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Unauthorized("send an API key in the header `Authorization: Bearer wsk_...`")
        return (await self._ring.admit(text.strip())).rights


async def rights_of(request: Request) -> Rights:
    """What the caller of a request may do. Raises Unauthorized."""
    rights: Rights | None = getattr(request.state, "rights", None)
    if rights is None:  # a route that no gate stands before, or one of `OPEN` that should not be
        raise Unauthorized("send an API key in the header `Authorization: Bearer wsk_...`")
    return rights


Caller = Annotated[Rights, Depends(rights_of)]
"""A route's parameter: what its caller may do."""

_bearer = HTTPBearer(
    scheme_name="api_key", auto_error=False, description="An API key, where the shop requires one: `wsk_ID_SECRET`."
)


def guarded(scope: Scope) -> dict[str, Any]:
    """What a router is made with to ask for a scope at each of its routes: `APIRouter(**guarded("search"))`."""
    return {"dependencies": needs(scope), "responses": documented(401, 403, 429)}


def needs(scope: Scope | None) -> list[Any]:
    """The `dependencies` of a route that asks for a scope, or with None for any key."""

    async def check(rights: Caller, _: Annotated[object, Security(_bearer)]) -> None:
        if scope is not None:
            rights.need(scope)

    return [Depends(check)]


async def acts_for_user(user_id: UserId, rights: Caller) -> None:
    """A dependency of routes whose path names a person. Raises Forbidden."""
    rights.act_for(user_id)
