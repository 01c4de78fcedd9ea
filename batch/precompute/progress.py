"""What a person sees while a job runs: bars in a terminal, plain lines in a log."""

import sys
import threading
import time
from collections import Counter
from typing import Any

import ray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

LINE_EVERY_S = 15.0


class Tally:
    """Counts rows as tasks report them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, **counts: int) -> None:
        self.counts.update(counts)

    def read(self) -> dict[str, int]:
        return dict(self.counts)


class Progress:
    """Shows how far a job is. Use as a context manager; `tally` is what tasks report to."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.tally: Any = None
        self._bars: Bars | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Progress":
        self.tally = ray.remote(Tally).options(num_cpus=0).remote()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)
        if self._bars:
            self._bars.stop()

    def say(self, message: str) -> None:
        """One line about what begins now."""
        self.console.print(message, highlight=False)

    def staged(self, rows: int) -> None:
        """Called as rows of the source are staged."""
        self.say(f"Read {rows:,} rows of the source")

    def begin(self, total: int, done: int = 0) -> None:
        """The rows are counted and work on them begins, after `done` of them."""
        if self.tally is None or self._thread:
            return
        if self.console.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self.console,
            )
            self._bars.start()
        self._thread = threading.Thread(target=self._watch, args=(total, done), daemon=True)
        self._thread.start()

    def _watch(self, total: int, done: int) -> None:
        bar = self._bars.add_task("Items", total=total, completed=done, detail="") if self._bars else None
        began = last_line = time.monotonic()
        shown = ""
        while not self._stop.wait(1.0):
            try:
                counts = ray.get(self.tally.read.remote(), timeout=10)
            except Exception:  # the cluster is going down, or busy: progress is never worth a failure
                continue
            detail, ahead = describe(counts, total - done, time.monotonic() - began)
            passed = counts.get("encoded", 0) + counts.get("kept", 0) + counts.get("rejected", 0)
            if self._bars is not None and bar is not None:
                self._bars.update(bar, completed=done + passed, detail=detail)
            elif time.monotonic() - last_line >= LINE_EVERY_S and detail != shown:
                self.say(f"{done + passed:,} of {total:,} items: {detail}{ahead}")
                last_line, shown = time.monotonic(), detail


def describe(counts: dict[str, int], total: int, seconds: float) -> tuple[str, str]:
    """Words for how far it is, and for how long it will take."""
    encoded, kept, rejected = (counts.get(name, 0) for name in ("encoded", "kept", "rejected"))
    passed = encoded + kept + rejected
    rate = encoded / seconds if seconds else 0.0
    detail = f"{encoded:,} encoded ({rate:.1f}/s), {kept:,} known, {rejected:,} rejected"
    left = (total - passed) * seconds / passed if passed else 0
    return detail, f"; about {left / 60:.0f} min left" if left >= 60 else ""


def silent() -> Progress:
    """Progress that shows nothing."""
    return Progress(Console(quiet=True))


def for_terminal(console: Console | None = None) -> Progress:
    """Bars on a terminal, plain lines in a log; on standard error unless a console is given."""
    return Progress(console or Console(stderr=True, width=None if sys.stderr.isatty() else 200))
