"""Group commit: many callers hand in small batches, one thread writes them together.

A durable commit costs a disk flush however little it holds. While one is under way the next callers' batches pile up
and go into the following one together, so throughput grows with load and nobody waits longer than two commits.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from catalog.errors import WindowshopError

B = TypeVar("B", bound=Sequence[object])
R = TypeVar("R")


class StoreBusy(WindowshopError):
    """More is waiting to be written than `max_waiting`; come back in a moment."""

    code = "store_busy"


class GroupWriter(Generic[B, R]):
    """Calls `write` with all batches that wait, from one thread, and gives each caller its own result.

    Args:
        write: takes batches and returns one result for each, in order, once they are durable. It must be idempotent:
            where a group fails, each of its batches is tried once more on its own, so that one batch the database
            refuses cannot fail its neighbours, and a connection lost between two groups is not noticed.
        hopeless: whether an error says that no other batch would fare better. Where one that is tried on its own fails
            so, the rest of its group fails with it: each might wait ten seconds for a database that does not answer,
            and those who come after for all of them.
        max_group: rows that one transaction may hold.
        max_waiting: rows that may wait; beyond it `submit` raises StoreBusy rather than fill the memory.
    """

    def __init__(
        self,
        write: Callable[[Sequence[B]], Sequence[R]],
        *,
        hopeless: Callable[[Exception], bool] = lambda _: False,
        max_group: int = 5_000,
        max_waiting: int = 100_000,
    ) -> None:
        self._write = write
        self._hopeless = hopeless
        self._max_group = max_group
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[B, Future[R]]] = deque()
        self._waiting_rows = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="taste-writer", daemon=True)
        self._thread.start()

    def submit(self, batch: B) -> "Future[R]":
        """Hand in one batch. The future resolves only when it is durable, or has failed."""
        future: Future[R] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the store is closed")
            # An empty queue takes any batch, or one larger than the bound could never be written.
            if self._waiting and self._waiting_rows + len(batch) > self._max_waiting:
                raise StoreBusy(f"{self._waiting_rows} events wait to be written already; retry shortly")
            self._waiting.append((batch, future))
            self._waiting_rows += len(batch)
            self._changed.notify()
        return future

    def close(self) -> None:
        """Write what waits, then stop. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            if group:
                self._finish(group)

    def _next_group(self) -> list[tuple[B, "Future[R]"]] | None:
        """What waits, up to `max_group` rows; None when the writer is closed and all is written."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            group: list[tuple[B, Future[R]]] = []
            rows = 0
            while self._waiting and (not group or rows + len(self._waiting[0][0]) <= self._max_group):
                batch, future = self._waiting.popleft()
                rows += len(batch)
                self._waiting_rows -= len(batch)
                # A caller that gave up before its batch was taken has it dropped; later it is too late to cancel.
                if future.set_running_or_notify_cancel():
                    group.append((batch, future))
            return group

    def _finish(self, group: list[tuple[B, "Future[R]"]]) -> None:
        try:
            results = self._write([batch for batch, _ in group])
        except Exception:
            self._finish_singly(group)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _finish_singly(self, group: list[tuple[B, "Future[R]"]]) -> None:
        given_up: Exception | None = None
        for batch, future in group:
            if given_up is not None:
                future.set_exception(given_up)
                continue
            try:
                future.set_result(self._write([batch])[0])
            except Exception as error:
                future.set_exception(error)
                given_up = error if self._hopeless(error) else None
