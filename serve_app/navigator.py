"""The deployment that reads and writes: the live release's Navigator behind a streaming handle.

A caller sends messages, not token ids: they are laid out here, beside the tokenizer of the checkpoint that reads them,
so that a release swap cannot part the two. What is written comes back some tens of milliseconds at a time.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from catalog.errors import VersionMismatch
from catalog.release import Release, ReleaseStore
from navigator.engine import Delta, Sampling
from navigator.errors import EngineFailed
from serve_app import metrics
from serve_app.draft import Draft, NavigatorState
from serve_app.errors import NoNavigator, NoRelease
from serve_app.live import Live
from serve_app.logs import join_serve_log_with_vllm
from serve_app.navigator_shelf import EngineSettings, NavigatorShelf, open_navigator_shelf
from serve_app.sight_pieces import in_pieces

EVERY_S = 0.03
"""Pieces of an answer are sent this far apart: a hop between processes costs as much as a small model's token."""

logger = logging.getLogger(__name__)


class Navigator:
    """Holds the engine of the live release.

    Args:
        release_uri: the release store.
        enabled: False never loads a model; whoever asks is told that there is none.
        settings: how engines are opened.
    """

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self,
        release_uri: str,
        *,
        enabled: bool = True,
        settings: EngineSettings | None = None,
        poll_s: float = 3.0,
    ) -> None:
        join_serve_log_with_vllm()
        self._enabled = enabled
        self._settings = settings or EngineSettings()
        self._broken: str | None = None
        self._store = ReleaseStore(release_uri)
        self._closing: set[asyncio.Task[None]] = set()
        self._live: Live[NavigatorShelf] = Live(self._store, self._open, poll_s, keep=1, close=self._close)
        await self._live.start()

    async def state(self) -> NavigatorState:
        """What is served here. Raises NoRelease."""
        shelf = self._live.current
        release, navigator = shelf.release, shelf.navigator
        if navigator is None or navigator.engine is None:
            why = shelf.why or "the Navigator is being replaced"
            return NavigatorState(release.id, release.encoder.version, None, why=why)
        config = navigator.engine.config
        return NavigatorState(
            release.id,
            release.encoder.version,
            navigator.ref.version,
            config.vectors_per_item,
            config.taste_dim,
            vocabulary=tuple(config.vocabulary),
            told_which=config.told_which,
        )

    async def sight(self, version: str) -> AsyncGenerator[bytes, None]:
        """Read-outs of a Navigator, see `sight_pieces`. Raises VersionMismatch if another one is served here."""
        navigator = self._live.current.navigator
        if navigator is None or navigator.engine is None or navigator.ref.version != version:
            raise VersionMismatch(f"Navigator {version} is not served here now; ask again in a moment")
        for piece in in_pieces(navigator.engine.sight):
            yield piece

    async def generate(self, draft: Draft, sampling: Sampling) -> AsyncGenerator[Delta, None]:
        """Write an answer; closing or cancelling takes it out of the engine.

        Raises:
            NoNavigator, NoRelease: there is none here.
            WrongEncoder, BadPrompt: the messages do not fit it.
            EngineFailed: the engine died; the replica is replaced.
        """
        shelf = self._live.current
        navigator = shelf.navigator
        if navigator is None:
            raise NoNavigator(shelf.why)
        engine = navigator.engine
        if engine is None:
            raise VersionMismatch("a new Navigator is being loaded in the place of the old one; ask again in a moment")
        navigator.writing += 1
        read = cached = written = 0
        try:
            prompt = engine.processor.encode(draft.messages, encoder_version=draft.encoder_version)
            async with aclosing(spaced(engine.generate(prompt, sampling), EVERY_S)) as deltas:
                async for delta in deltas:
                    read, cached = delta.prompt_tokens, delta.cached_tokens
                    written += len(delta.token_ids)
                    yield delta
        except EngineFailed as error:
            self._broken = str(error)
            raise
        finally:
            navigator.writing -= 1
            metrics.tokens(read, cached, written)

    async def writing(self) -> int:
        """Answers that are being written at this moment."""
        with suppress(NoRelease):
            navigator = self._live.current.navigator
            return navigator.writing if navigator else 0
        return 0

    async def check_health(self) -> None:
        """Called by Serve: a replica whose engine has died is replaced."""
        if self._broken:
            raise EngineFailed(self._broken)
        with suppress(NoRelease):
            navigator = self._live.current.navigator
            if navigator is not None and navigator.engine is not None:
                await navigator.engine.check()  # one that died while nobody asked

    async def _open(self, release: Release) -> NavigatorShelf:
        if not self._enabled:
            return NavigatorShelf(release, why="the assistant is turned off in the application's args")
        return await open_navigator_shelf(self._store, release, self._live.held, self._settings)

    async def _close(self, shelf: NavigatorShelf) -> None:
        """Close an engine that no open release uses any more, once it has written its last answer."""
        navigator = shelf.navigator
        if navigator is None or any(held.navigator is navigator for held in self._live.held):
            return
        task = asyncio.create_task(navigator.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def spaced(deltas: AsyncGenerator[Delta, None], every_s: float) -> AsyncGenerator[Delta, None]:
    """Pass pieces on, those within `every_s` seconds as one; the first one goes at once."""
    loop = asyncio.get_running_loop()
    waiting: list[Delta] = []
    arrived = asyncio.Event()
    ended = False

    async def read() -> None:
        nonlocal ended
        try:
            async with aclosing(deltas):
                async for delta in deltas:
                    waiting.append(delta)
                    arrived.set()
        finally:
            ended = True
            arrived.set()

    reader = asyncio.create_task(read())
    try:
        while True:
            await arrived.wait()
            arrived.clear()
            taken = list(waiting)
            waiting.clear()
            if taken:
                sent = loop.time()
                yield _joined(taken)
                if not ended:
                    await asyncio.sleep(max(0.0, every_s - (loop.time() - sent)))
            if ended and not waiting:
                break
        await reader  # raises what ended it
    finally:
        if not reader.done():
            reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader


def _joined(deltas: Sequence[Delta]) -> Delta:
    last = deltas[-1]
    return Delta(
        text="".join(delta.text for delta in deltas),
        token_ids=tuple(token for delta in deltas for token in delta.token_ids),
        finish=last.finish,
        prompt_tokens=last.prompt_tokens,
        cached_tokens=last.cached_tokens,
    )
