"""The page's only way to the shop: its HTTP API."""

import time
from typing import Any
from urllib.parse import quote

import httpx

MAX_PATIENCE_S = 2.0
"""The longest `Retry-After` that is waited for before the shopper is told."""


class ApiUnavailable(Exception):
    """The API cannot be reached, or has no place or no release just now."""


class ApiProblem(Exception):
    """The API refused a request; the message is its own explanation."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class ShopClient:
    """Calls the API. Safe to use from many threads.

    Args:
        api: base URL, such as http://127.0.0.1:8000.
        timeout_s: for one request.
        transport: in place of the network.
    """

    def __init__(self, api: str, timeout_s: float = 20.0, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(base_url=api.rstrip("/"), timeout=timeout_s, transport=transport, trust_env=False)

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

    def picture(self, item_id: str, etag: str | None = None) -> httpx.Response:
        """An item's small picture as the API answers it: 200, 304 or 404. Raises ApiUnavailable."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._send("GET", f"/v1/items/{quote(item_id, safe='')}/image", headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._send(method, path, **options)
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        raise ApiProblem(answer.status_code, _detail(answer))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send once, and once more if the API asks for a moment's patience."""
        for attempt in (1, 2):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.HTTPError as error:
                raise ApiUnavailable(f"the shop cannot be reached: {error or type(error).__name__}") from error
            if answer.status_code not in (429, 503):
                return answer
            wait = answer.headers.get("retry-after", "")
            if attempt == 1 and wait.isdecimal() and int(wait) <= MAX_PATIENCE_S:
                time.sleep(int(wait))
        raise ApiUnavailable(_detail(answer))


def _taste_of(user: str) -> str:
    return f"/v1/users/{quote(user, safe='')}/taste"


def _detail(answer: httpx.Response) -> str:
    """The explanation in a problem document, or the bare status if it is none."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the shop answered {answer.status_code}"
