"""How long the stages of one request took, for the `Server-Timing` header that browsers and logs understand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Milliseconds by stage, in the order in which they began; a stage that is entered twice adds up."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - began) * 1e3)

    def add(self, name: str, ms: float) -> None:
        """Count time that was measured elsewhere."""
        self._ms[name] = self._ms.get(name, 0.0) + ms

    def ms(self, name: str) -> float:
        """What a stage took so far; 0 if it was not entered."""
        return self._ms.get(name, 0.0)

    def all_ms(self) -> dict[str, float]:
        """Every stage that was entered, and the total until now, last."""
        return {**self._ms, "total": (time.perf_counter() - self._began) * 1e3}

    def header(self) -> str:
        """The value of `Server-Timing`, with the total last."""
        return ", ".join(f"{name};dur={ms:.1f}" for name, ms in self.all_ms().items())
