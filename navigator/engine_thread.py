"""vLLM inside this process: one thread that steps the engine, so that it starts in seconds and needs no second process.

vLLM's `AsyncLLM` always puts the engine into processes of its own, which is right for a GPU and takes up to a minute to
start on two cores. This gives its synchronous engine the same face: an async iterator of outputs for each request.
"""

import asyncio
import ctypes
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from navigator.errors import EngineFailed

_IDLE_S = 0.5

TRIM_S = 30.0
"""Between two times that freed memory goes back to the system; some 10 ms each."""


class ThreadedEngine:
    """Steps vLLM's `LLMEngine` in a thread of its own while there are requests.

    Args:
        engine_args: vLLM's `AsyncEngineArgs`.
    """

    def __init__(self, engine_args: Any) -> None:
        self._engine: Any = None
        # Done by the engine's thread between two steps: a lock that it held while stepping would hardly ever be free.
        self._orders: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._readers: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Any]]] = {}
        self._closing = False
        self._failure: BaseException | None = None
        # Between looking whether the thread still runs and handing it an order, it must not end.
        self._door = threading.Lock()
        self._loaded = threading.Event()
        self._thread = threading.Thread(
            target=self._load_and_run, args=(engine_args,), name="navigator-vllm", daemon=True
        )
        self._thread.start()
        self._loaded.wait()
        if self._failure is not None:
            raise self._failure

    async def generate(self, prompt: Any, sampling: Any, request_id: str) -> AsyncGenerator[Any, None]:
        """Outputs of one request as they come; leaving the iteration takes the request out of the engine.

        Raises:
            EngineFailed: the engine has stopped, or stops before the last output.
        """
        queue: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        adding = self._order(lambda: self._add(prompt, sampling, request_id, loop, queue))
        finished, internal_id = False, None
        try:
            internal_id = await asyncio.wrap_future(adding)
            while not finished:
                output = await queue.get()
                if isinstance(output, EngineFailed):
                    raise output
                finished = output.finished
                yield output
        finally:
            self._readers.pop(request_id, None)
            if not finished and self._failure is None and not adding.cancel():
                with suppress(EngineFailed):  # an engine that has stopped holds no request
                    await asyncio.shield(asyncio.wrap_future(self._order(lambda: self._abort(internal_id, adding))))

    def unfinished(self) -> int:
        """Requests that are being answered or wait."""
        return int(self._order(lambda: self._engine.get_num_unfinished_requests()).result())

    async def check_health(self) -> None:
        """Raise EngineFailed if the engine has stopped."""
        if self._failure is not None:
            raise self._stopped()

    def shutdown(self) -> None:
        """Stop the thread and free the model; whoever still waits for an answer gets EngineFailed."""
        self._closing = True
        with suppress(EngineFailed):
            self._order(lambda: None)  # wakes the thread
        self._thread.join()
        self._engine.engine_core.shutdown()

    def _order(self, action: Callable[[], Any]) -> "Future[Any]":
        """Have something done by the engine's thread.

        Raises:
            EngineFailed: it has stopped.
        """
        done: Future[Any] = Future()
        with self._door:
            if self._failure is not None:
                raise self._stopped()
            self._orders.put((action, done))
        return done

    def _stopped(self) -> EngineFailed:
        failed = EngineFailed(f"vLLM stopped: {self._failure}")
        failed.__cause__ = self._failure
        return failed

    def _add(
        self, prompt: Any, sampling: Any, request_id: str, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[Any]
    ) -> str:
        self._readers[request_id] = (loop, queue)
        try:
            return str(self._engine.add_request(request_id, prompt, sampling))
        except BaseException:
            self._readers.pop(request_id, None)
            raise

    def _abort(self, internal_id: str | None, adding: "Future[str]") -> None:
        """Take a request out; one whose reader left while it was being added has its id by now."""
        if internal_id is None and adding.exception() is None:
            internal_id = adding.result()
        if internal_id is not None:
            self._engine.abort_request([internal_id], internal=True)

    def _load_and_run(self, engine_args: Any) -> None:
        # vLLM's kernels insist on one number of OpenMP threads from loading on, and each thread has its own setting.
        try:
            from vllm.v1.engine.llm_engine import LLMEngine

            self._engine = LLMEngine.from_engine_args(engine_args, enable_multiprocessing=False)
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._loaded.set()
        try:
            self._run()
            self._end(EngineFailed("it was closed"))
        except BaseException as error:  # whatever ends the thread, nobody may go on waiting for it
            self._end(error)

    def _run(self) -> None:
        trimmed = time.monotonic()
        while not self._closing:
            busy = self._engine.has_unfinished_requests()
            if time.monotonic() - trimmed > TRIM_S:
                trim_memory()
                trimmed = time.monotonic()
            self._follow_orders(wait=not busy)
            for output in self._engine.step() if busy else []:
                reader = self._readers.get(output.request_id)
                if reader is not None:
                    _hand_over(*reader, output)

    def _follow_orders(self, wait: bool) -> None:
        """Do all that was ordered; with nothing else to do, wait a while for the first order."""
        while True:
            try:
                action, done = self._orders.get(timeout=_IDLE_S) if wait else self._orders.get_nowait()
            except Empty:
                return
            wait = False
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(action())
            except BaseException as error:
                done.set_exception(error)

    def _end(self, failure: BaseException) -> None:
        """Tell whoever waits, and whoever comes, that nothing is answered any more."""
        with self._door:
            self._failure = failure
        for reader in list(self._readers.values()):
            _hand_over(*reader, self._stopped())
        with suppress(Empty):
            while True:
                _, done = self._orders.get_nowait()
                if done.set_running_or_notify_cancel():
                    done.set_exception(self._stopped())


def trim_memory() -> bool:
    """Give freed memory back to the system, where the C library keeps it: prompts of all lengths leave it in pieces.

    Returns whether any was given back.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return bool(trim is not None and trim(0))


def _hand_over(loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[Any], output: Any) -> None:
    try:
        loop.call_soon_threadsafe(queue.put_nowait, output)
    except RuntimeError:
        # The reader's loop has been closed: nobody waits for this any more.
        return
