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


def _detail(answer: httpx.Response) -> str:
    """The explanation in a problem document, or the bare status if it is none."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the shop answered {answer.status_code}"
