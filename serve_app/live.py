"""What a replica keeps open of the release store: the live release, and those before it that may still be asked for.

A replica looks at the store's pointer every few seconds. When it has moved, the new release is loaded beside the old
one, and only then becomes the one that new requests get. Requests under way and page cursors keep the one they began
with. A release that cannot be loaded changes nothing but a log line, and is tried again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from catalog.errors import NotFound, WindowshopError
from catalog.release import Release, ReleaseStore
from serve_app import metrics
from serve_app.errors import NoRelease, ReleaseGone

T = TypeVar("T")
Load = Callable[[Release], Awaitable[T]]

KEEP = 3
"""Releases held open: the live one and the two before it."""

MAX_WAIT_S = 60.0
"""Longest time between two looks at a pointer that cannot be followed."""

logger = logging.getLogger(__name__)


class Live(Generic[T]):
    """Follows a release store and holds `T`, made from each release by `load`.

    Args:
        store: where releases are.
        load: makes what a replica needs of one release; must not block the event loop.
        poll_s: seconds between two looks at the pointer.
        keep: releases held open, the live one included.
        close: is told of each one that is dropped.
    """

    def __init__(
        self,
        store: ReleaseStore,
        load: Load[T],
        poll_s: float = 3.0,
        *,
        keep: int = KEEP,
        close: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._load = load
        self._poll_s = poll_s
        self._keep = keep
        self._close = close
        self._open: dict[str, T] = {}  # oldest use first; the live one is never dropped
        self._live: str | None = None
        self._release: Release | None = None
        self._opening = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the live release, if there is one, and begin to follow the pointer."""
        try:
            await self.refresh()
        except NoRelease as error:
            logger.warning("%s; waiting for one", error)
        self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """End following."""
        if self._task:
            self._task.cancel()

    @property
    def id(self) -> str | None:
        """Id of the live release as loaded here."""
        return self._live

    @property
    def current(self) -> T:
        """What was made of the live release. Raises NoRelease."""
        if self._live is None:
            raise NoRelease("no release is live yet; make one with `python -m batch.precompute`")
        return self._open[self._live]

    @property
    def held(self) -> list[T]:
        """All that is open, the live one first, then the others from the latest used to the earliest."""
        others = [value for name, value in reversed(self._open.items()) if name != self._live]
        return [self.current, *others] if self._live else others

    async def get(self, release_id: str) -> T:
        """What was made of one release, opening it if need be. Raises ReleaseGone."""
        if release_id not in self._open:
            try:
                release = await asyncio.to_thread(self._store.get, release_id)
                await self._ensure(release)
            except NotFound as error:
                raise ReleaseGone(
                    f"release {release_id!r} is no longer here; search again without the cursor"
                ) from error
        value = self._open.pop(release_id)
        self._open[release_id] = value
        return value

    async def refresh(self) -> bool:
        """Look at the pointer once; returns whether it had moved. Raises NoRelease if it points nowhere."""
        if self._release is not None:
            metrics.serving(self._release)
        try:
            pointed = await asyncio.to_thread(self._store.current_id)
            if pointed == self._live:
                return False
            release = await asyncio.to_thread(self._store.get, pointed)
        except NotFound as error:
            raise NoRelease(str(error)) from error
        await self._ensure(release)
        self._live, self._release = release.id, release
        metrics.serving(release)
        await self._drop()
        logger.info("release %s is live here", release.id)
        return True

    async def _ensure(self, release: Release) -> None:
        async with self._opening:
            if release.id in self._open:
                return
            self._open[release.id] = await self._load(release)
            await self._drop(release.id)

    async def _drop(self, needed: str | None = None) -> None:
        """Let go of the longest unused releases above those kept, but not of the live one or one that is needed."""
        while len(self._open) > self._keep:
            name = next((name for name in self._open if name not in (self._live, needed)), None)
            if name is None:
                return
            dropped = self._open.pop(name)
            if self._close:
                await self._close(dropped)

    async def _follow(self) -> None:
        wait_s = self._poll_s
        while True:
            await asyncio.sleep(wait_s)
            try:
                await self.refresh()
                wait_s = self._poll_s
            except Exception as error:  # whatever a store's client raises, a replica that stops following is worse
                if isinstance(error, RuntimeError) and "shutdown" in str(error):
                    return  # the process is ending, and its thread pools have already gone
                expected = isinstance(error, (WindowshopError, OSError))
                logger.warning("the release pointer could not be followed: %s", error, exc_info=not expected)
                wait_s = min(2 * wait_s, max(self._poll_s, MAX_WAIT_S))
