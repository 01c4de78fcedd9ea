"""A replica's memory of API keys: who sent a request, and whether it is one too many, mostly without the database.

A key is read again when what is remembered of it is older than a few seconds, so that is how long a revoked one still
opens. Where the database does not answer, what is remembered serves on for a minute, and then nobody is let in.

Limits hold over all replicas: each takes a twentieth of a key's minute out of the database at a time and spends that by
itself. So there are never more requests in a minute of the clock than the limit, and a key may be refused up to a
twentieth per further replica early. Around the turn of a minute twice the limit may come close together.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from serve_app.errors import RateLimited, Unauthorized
from serve_app.keys import ApiKey, KeyStore, split_key
from taste.database import StoreUnavailable

T = TypeVar("T")

FRESH_S = 3.0
"""For so long a key is not read again."""

STALE_S = 60.0
"""For so long a key is still good where the database does not answer."""

PATIENCE_S = 1.0
"""How long a request whose key is remembered waits for the database."""

MAX_STRANGERS = 200
"""Unknown ids that are looked up per second: made-up keys must not keep the database busy. Beyond, a good key that is
not remembered here has to wait too, so this is far above what happens by mistake."""

_REMEMBERED = 10_000
_SHARES = 20


@dataclass
class _Entry:
    key: ApiKey
    read: float


@dataclass
class _Allowance:
    """What a replica still has of a key's minute."""

    minute: int
    left: int = 0
    own: int = 0
    """Taken here in this minute."""
    is_spent: bool = False
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeyRing:
    """Checks keys for one replica.

    Args:
        store: where keys are kept.
        fresh_s: for so long a key is not read again.
        now: the time, in seconds since 1970.
    """

    def __init__(self, store: KeyStore, *, fresh_s: float = FRESH_S, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._now = now
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="keys")
        self._entries: OrderedDict[str, _Entry] = OrderedDict()  # the longest unused first
        self._reading: dict[str, asyncio.Task[ApiKey | None]] = {}
        self._unreachable_until = 0.0
        self._allowances: dict[str, _Allowance] = {}
        self._strangers = (0, 0)  # (second, ids looked up in it)

    async def admit(self, text: str) -> ApiKey:
        """The key that a text is, one request of its limit spent.

        Raises:
            Unauthorized: it is no key, unknown, revoked or expired.
            RateLimited: its limit is reached, or too many unknown keys are being tried.
            StoreUnavailable: the database does not answer, and nothing recent is known of the key.
        """
        parts = split_key(text)
        key = await self._known(parts[0]) if parts else None
        if parts is None or key is None or not key.opens_with(parts[1], datetime.fromtimestamp(self._now(), UTC)):
            raise Unauthorized("the API key is not valid: it is unknown, revoked or expired", invalid=True)
        if key.per_minute is not None:
            await self._spend(key, key.per_minute)
        return key

    async def _known(self, id_: str) -> ApiKey | None:
        now = self._now()
        entry = self._entries.get(id_)
        if entry is not None:
            self._entries.move_to_end(id_)
            if now - entry.read < self._fresh_s:
                return entry.key
            stale = now - entry.read < STALE_S
            if stale and now < self._unreachable_until:
                return entry.key
        else:
            stale = False
        reading = self._reading.get(id_)
        is_counted = reading is None and entry is None
        if is_counted:
            self._count_stranger(now)
        if reading is None:
            reading = self._reading[id_] = asyncio.create_task(self._read(id_))
            reading.add_done_callback(_heard)
        try:
            key = await asyncio.wait_for(asyncio.shield(reading), PATIENCE_S if stale else None)
        except (TimeoutError, StoreUnavailable):
            self._unreachable_until = self._now() + self._fresh_s
            if entry is not None and stale:
                return entry.key
            raise
        if is_counted and key is not None:  # no stranger after all
            self._strangers = (self._strangers[0], self._strangers[1] - 1)
        return key

    async def _read(self, id_: str) -> ApiKey | None:
        try:
            began = self._now()
            key = await self._run(self._store.find, id_)
        except Exception:
            self._unreachable_until = self._now() + self._fresh_s
            raise
        finally:
            del self._reading[id_]
        self._unreachable_until = 0.0
        self._entries.pop(id_, None)
        if key is not None:
            self._entries[id_] = _Entry(key, began)
            if len(self._entries) > _REMEMBERED:
                self._allowances.pop(self._entries.popitem(last=False)[0], None)
        return key

    def _count_stranger(self, now: float) -> None:
        second, count = self._strangers
        count = count + 1 if second == int(now) else 1
        self._strangers = (int(now), count)
        if count > MAX_STRANGERS:
            raise RateLimited("too many keys that are not known here; try again in a moment", 1)

    async def _spend(self, key: ApiKey, limit: int) -> None:
        now = self._now()
        minute = int(now // 60)
        allowance = self._allowances.get(key.id)
        if allowance is None or allowance.minute != minute:
            allowance = self._allowances[key.id] = _Allowance(minute)
        async with allowance.taking:
            if not allowance.left and not allowance.is_spent:
                await self._take(key.id, limit, allowance)
            if allowance.left:
                allowance.left -= 1
                return
        wait_s = max(1, 60 - int(now % 60))
        raise RateLimited(f"this key may make {limit:,} requests per minute; come back in {wait_s} s", wait_s)

    async def _take(self, id_: str, limit: int, allowance: _Allowance) -> None:
        """Take a share of a minute; the last of it one by one."""
        for share in dict.fromkeys((-(-limit // _SHARES), 1)):
            try:
                fits = await self._run(self._store.spend, id_, allowance.minute, share, limit)
            except StoreUnavailable:  # the key was let in from memory: then this replica counts for itself
                fits = allowance.own + share <= limit
            if fits:
                allowance.left, allowance.own = share, allowance.own + share
                return
        allowance.is_spent = True

    async def _run(self, method: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(method, *arguments))


def _heard(task: "asyncio.Task[ApiKey | None]") -> None:
    """Nobody may be waiting any more for a read that failed late, and asyncio would complain of it."""
    if not task.cancelled():
        task.exception()
