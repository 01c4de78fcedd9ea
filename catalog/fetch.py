"""Read a picture's bytes from a path, an fsspec URI or the web, with limits and patience."""

import functools
import random
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from catalog import public_web
from catalog.errors import BadSource, Fetch
from catalog.sources.files import filesystem

USER_AGENT = "windowshop/0.1"
MAX_REDIRECTS = 5
RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
_MAX_WAIT_S = 30.0


@dataclass(frozen=True)
class FetchLimits:
    """How much and how long.

    Attributes:
        max_bytes: refuse larger files, by their declared length or once that much has come.
        timeout_s: for connecting, and for each silence.
        total_s: for one whole attempt, so that a server that drips cannot hold a worker.
        retries: further attempts after an answer of 429 or 5xx, a time-out or a lost connection.
        backoff_s: wait before the first retry; doubles each time, with jitter. A server's Retry-After counts instead.
    """

    max_bytes: int = 25_000_000
    timeout_s: float = 10.0
    total_s: float = 30.0
    retries: int = 3
    backoff_s: float = 0.5


def fetch(address: str, limits: FetchLimits = FetchLimits(), *, public_only: bool = False) -> bytes:
    """Read the bytes at an address. Safe to call from many threads.

    Args:
        address: a path, an fsspec URI, or an http(s) URL.
        limits: sizes and times.
        public_only: only http(s), and only to addresses on the public internet, also after redirects; names are
            resolved once and the connection goes to the address that was checked. For addresses that strangers give.

    Raises:
        Fetch: code `not_found`, `forbidden`, `timeout`, `unavailable`, `unreachable`, `too_large`, `bad_address` or
            `http_error`.
    """
    scheme = address.partition("://")[0].lower() if "://" in address else ""
    if scheme in ("http", "https"):
        return _fetch_web(address, limits, public_only)
    if public_only:
        raise Fetch("bad_address", f"{address[:200]!r} is not an http or https URL")
    return _fetch_file(address, limits.max_bytes)


def is_web(address: str) -> bool:
    """Whether reading an address waits for a network (so that it pays to read several at once)."""
    return "://" in address and not address.startswith(("file://", "local://", "memory://"))


def _fetch_file(address: str, max_bytes: int) -> bytes:
    try:
        fs, path = filesystem(address)
        if "file" in fs.protocol and not stat.S_ISREG(Path(path).stat().st_mode):
            raise Fetch("not_found", f"{address}: not a regular file")
        with fs.open(path, "rb") as file:
            data: bytes = file.read(max_bytes + 1)
    except BadSource as error:
        raise Fetch("bad_address", str(error)) from error
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise Fetch("not_found", f"{address}: no such file") from error
    except PermissionError as error:
        raise Fetch("forbidden", f"{address}: {error.strerror or error}") from error
    except TimeoutError as error:
        raise Fetch("timeout", f"{address}: {error}") from error
    except Fetch:
        raise
    except (OSError, ValueError) as error:
        raise Fetch("unreachable", f"{address}: {error}") from error
    if len(data) > max_bytes:
        raise Fetch("too_large", f"{address}: more than {max_bytes:,} bytes")
    return data


def _fetch_web(url: str, limits: FetchLimits, public_only: bool) -> bytes:
    for attempt in range(limits.retries + 1):
        try:
            return _follow(url, limits, public_only)
        except _RetryLaterError as error:
            if attempt == limits.retries:
                raise error.reason from error
            backoff = limits.backoff_s * 2**attempt * random.uniform(0.75, 1.25)
            time.sleep(min(_MAX_WAIT_S, backoff if error.wait_s is None else error.wait_s))
    raise AssertionError("unreachable: the last attempt returns or raises")


def _follow(url: str, limits: FetchLimits, public_only: bool) -> bytes:
    """One attempt, redirects included; each hop is checked like the first."""
    deadline = time.monotonic() + limits.total_s
    for _ in range(MAX_REDIRECTS + 1):
        answer = _get(url, limits, public_only, deadline)
        if isinstance(answer, bytes):
            return answer
        url = answer
    raise Fetch("http_error", f"{url}: more than {MAX_REDIRECTS} redirects")


def _get(url: str, limits: FetchLimits, public_only: bool, deadline: float) -> bytes | str:
    """Request one URL; return its body, or the URL that it redirects to."""
    try:
        target = httpx.URL(url)
        if target.scheme not in ("http", "https") or not target.host:
            raise Fetch("bad_address", f"{url[:200]!r} is not an http or https URL")
        request = public_web.pinned_request(target) if public_only else httpx.Request("GET", target)
        request.headers["User-Agent"] = USER_AGENT
        request.headers["Accept"] = "image/*,*/*;q=0.5"
        request.extensions = {**request.extensions, "timeout": httpx.Timeout(limits.timeout_s).as_dict()}
        response = _client(public_only).send(request, stream=True)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Fetch("bad_address", f"{url[:200]!r} is not a URL: {error}") from error
    except httpx.TimeoutException as error:
        raise _RetryLaterError(Fetch("timeout", f"{url}: no answer within {limits.timeout_s:g} s")) from error
    except httpx.HTTPError as error:
        raise _RetryLaterError(Fetch("unreachable", f"{url}: {error or type(error).__name__}")) from error
    try:
        if response.has_redirect_location:  # of another 3xx nothing leads on
            return str(target.join(response.headers["location"]))
        _check_status(url, response)
        return _body(url, response, limits, deadline)
    except httpx.InvalidURL as error:
        raise Fetch("bad_address", f"{url}: redirects to what is no URL") from error
    finally:
        response.close()


def _check_status(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status in RETRY_STATUS:
        wait = response.headers.get("retry-after", "")
        raise _RetryLaterError(
            Fetch("unavailable", f"{url}: the server answers {status}"), float(wait) if wait.isdecimal() else None
        )
    if status in (404, 410):
        raise Fetch("not_found", f"{url}: the server answers {status}")
    if status in (401, 403):
        raise Fetch("forbidden", f"{url}: the server answers {status}")
    if status != 200:
        raise Fetch("http_error", f"{url}: the server answers {status}")


def _body(url: str, response: httpx.Response, limits: FetchLimits, deadline: float) -> bytes:
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_bytes:
        raise Fetch("too_large", f"{url}: {int(declared):,} bytes; the limit is {limits.max_bytes:,}")
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limits.max_bytes:
                raise Fetch("too_large", f"{url}: more than {limits.max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise _RetryLaterError(Fetch("timeout", f"{url}: not complete within {limits.total_s:g} s"))
    except httpx.TimeoutException as error:
        raise _RetryLaterError(Fetch("timeout", f"{url}: silent for {limits.timeout_s:g} s")) from error
    except httpx.HTTPError as error:
        raise _RetryLaterError(Fetch("unreachable", f"{url}: {error or type(error).__name__}")) from error
    return bytes(body)


@functools.cache
def _client(public_only: bool) -> httpx.Client:
    """One pool of connections per process. No proxy for public_only: it would resolve names out of our sight."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0 if public_only else 32)
    return httpx.Client(limits=limits, follow_redirects=False, trust_env=not public_only)


class _RetryLaterError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, reason: Fetch, wait_s: float | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.wait_s = wait_s
