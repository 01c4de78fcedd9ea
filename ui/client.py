"""The page's only way to the shop: its HTTP API."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import quote

import httpx

from ui.sse import read_events

MAX_PATIENCE_S = 2.0
"""The longest `Retry-After` that is waited for before the shopper is told."""


MAX_SILENCE_S = 60.0
"""How long a chat may be silent before it counts as lost: a busy machine takes its time for the first word."""


class ApiUnavailable(Exception):
    """The API cannot be reached, or has no place or no release just now."""


class ApiProblem(Exception):
    """The API refused a request; the message is its own explanation, `kind` the last word of the problem's type."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind


class ShopClient:
    """Calls the API. Safe to use from many threads.

    Args:
        api: base URL, such as http://127.0.0.1:8000.
        timeout_s: for one request.
        key: an API key, where the shop requires one.
        transport: in place of the network.
        stream: in place of the network, for the answers that are streamed.
    """

    def __init__(
        self,
        api: str,
        timeout_s: float = 20.0,
        key: str | None = None,
        transport: httpx.BaseTransport | None = None,
        stream: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        base = api.rstrip("/")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=base, headers=headers, timeout=timeout_s, transport=transport, trust_env=False
        )
        self._stream = httpx.AsyncClient(
            base_url=base, headers=headers, timeout=MAX_SILENCE_S, transport=stream, trust_env=False
        )
        self._assistant = False

    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """One page of results. Raises ApiUnavailable or ApiProblem."""
        return self._json("POST", "/v1/search", json=request)

    def facets(self) -> dict[str, Any]:
        """What can be filtered by. Raises ApiUnavailable or ApiProblem."""
        return self._json("GET", "/v1/facets")

    def feed(self, user: str, adventurousness: float, limit: int, cursor: str | None = None) -> dict[str, Any]:
        """One page of a person's feed. Raises ApiUnavailable or ApiProblem."""
        asked = {"user_id": user, "adventurousness": adventurousness, "limit": limit}
        return self._json("GET", "/v1/feed", params={**asked, "cursor": cursor} if cursor else asked)

    def record(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """Record what a person did; answers once it is kept. Raises ApiUnavailable or ApiProblem."""
        return self._json("POST", "/v1/events", json={"events": events})

    def complements(self, item_id: str, user: str) -> dict[str, Any]:
        """What goes with an item. Raises ApiUnavailable or ApiProblem."""
        path = f"/v1/items/{quote(item_id, safe='')}/complements"
        return self._json("GET", path, params={"user_id": user, "limit": 6})

    def taste(self, user: str) -> dict[str, Any]:
        """A person's own view. Raises ApiUnavailable or ApiProblem."""
        return self._json("GET", _taste_of(user))

    def mark_interest(self, user: str, interest: str, mark: str | None) -> dict[str, Any]:
        """Mute or pin an interest, or neither. Raises ApiUnavailable or ApiProblem."""
        return self._json("PATCH", f"{_taste_of(user)}/interests/{quote(interest, safe='')}", json={"mark": mark})

    def forget(self, user: str, what: str, id_: str = "") -> dict[str, Any]:
        """Forget an `interest`, an `event` or `everything`. Raises ApiUnavailable or ApiProblem."""
        part = "" if what == "everything" else f"/{what}s/{quote(id_, safe='')}"
        return self._json("DELETE", _taste_of(user) + part)

    def item(self, item_id: str) -> dict[str, Any]:
        """One item as it is for sale now. Raises ApiUnavailable or ApiProblem."""
        found: dict[str, Any] = self._json("GET", f"/v1/items/{quote(item_id, safe='')}")["item"]
        return found

    def assistant(self) -> bool:
        """Whether there is an assistant to chat with; what was known last while the API cannot be reached."""
        with suppress(ApiUnavailable, ApiProblem):
            self._assistant = bool(self._json("GET", "/v1/release").get("assistant"))
        return self._assistant

    async def chat(self, request: dict[str, Any]) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """One turn of a conversation: name and data of each event as it comes. Closing it ends the work behind it.

        Raises ApiUnavailable or ApiProblem, before the first event or when the stream breaks off.
        """
        for attempt in (1, 2):
            try:
                async with self._stream.stream("POST", "/v1/chat", json=request) as answer:
                    if answer.is_success:
                        async with aclosing(read_events(answer.aiter_text())) as events:
                            async for name, data in events:
                                yield name, json.loads(data)
                        return
                    await answer.aread()
            except (httpx.HTTPError, ValueError) as error:
                raise ApiUnavailable(f"the shop cannot be reached: {error or type(error).__name__}") from error
            if answer.status_code not in (429, 503):
                raise ApiProblem(answer.status_code, _detail(answer), _kind(answer))
            if attempt == 1 and (wait := _patience(answer)) is not None:
                await asyncio.sleep(wait)
        raise ApiUnavailable(_detail(answer))

    def conversations(self, user: str, limit: int) -> list[dict[str, Any]]:
        """A person's conversations, without their turns. Raises ApiUnavailable or ApiProblem."""
        found: list[dict[str, Any]] = self._json("GET", "/v1/conversations", params={"user_id": user, "limit": limit})[
            "conversations"
        ]
        return found

    def conversation(self, id_: str) -> dict[str, Any]:
        """One conversation with all its turns. Raises ApiUnavailable or ApiProblem."""
        return self._json("GET", f"/v1/conversations/{quote(id_, safe='')}")

    def forget_conversation(self, id_: str) -> None:
        """Delete a conversation. Raises ApiUnavailable or ApiProblem."""
        self._json("DELETE", f"/v1/conversations/{quote(id_, safe='')}")

    def picture(self, item_id: str, etag: str | None = None) -> httpx.Response:
        """An item's small picture as the API answers it: 200, 304 or 404. Raises ApiUnavailable."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._send("GET", f"/v1/items/{quote(item_id, safe='')}/image", headers=headers)

    async def close(self) -> None:
        """Close the connections."""
        self._http.close()
        await self._stream.aclose()

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._send(method, path, **options)
        if answer.is_success:
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found
        raise ApiProblem(answer.status_code, _detail(answer), _kind(answer))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send once, and once more if the API asks for a moment's patience."""
        for attempt in (1, 2):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.HTTPError as error:
                raise ApiUnavailable(f"the shop cannot be reached: {error or type(error).__name__}") from error
            if answer.status_code not in (429, 503):
                return answer
            if attempt == 1 and (wait := _patience(answer)) is not None:
                time.sleep(wait)
        raise ApiUnavailable(_detail(answer))


def _patience(answer: httpx.Response) -> int | None:
    """Seconds that the API asks to be left alone, if that is short enough to wait for."""
    wait = answer.headers.get("retry-after", "")
    return int(wait) if wait.isdecimal() and int(wait) <= MAX_PATIENCE_S else None


def _taste_of(user: str) -> str:
    return f"/v1/users/{quote(user, safe='')}/taste"


def _detail(answer: httpx.Response) -> str:
    """The explanation in a problem document, or the bare status if it is none."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the shop answered {answer.status_code}"


def _kind(answer: httpx.Response) -> str:
    """`not_found` of `urn:windowshop:problem:not_found`; empty if the answer is no problem document."""
    try:
        return str(answer.json()["type"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return ""
