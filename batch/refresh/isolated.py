"""A step in a process of its own on the cluster, for language models leave memory behind and want GPUs.

The process ends with the step. It dies with the routine too, so that a routine that is started again never meets it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import ray

from batch.ray_session import cpus

T = TypeVar("T")

Say = Callable[[str], None]


class Told:
    """Lines that a step has said and nobody has read yet."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    def take(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines


def isolated(function: Callable[[Say], T], say: Say, gpus: float = 0) -> T:
    """Call `function(say)` in a new process on a node with so many GPUs free, and pass on what it says.

    Args:
        function: travels by pickle, and so does what it returns.

    Raises:
        What the function raised, as Ray wraps it.
    """
    told: Any = ray.remote(Told).options(num_cpus=0).remote()
    # Ray gives a task without CPUs a single thread; on CPUs a language model needs them all.
    threads = {} if gpus else {"env_vars": {"OMP_NUM_THREADS": str(cpus())}}
    options: dict[str, Any] = {"num_cpus": 0, "num_gpus": gpus, "max_calls": 1, "max_retries": 0}
    task: Any = ray.remote(**options, runtime_env=threads)(_call)
    running = task.remote(function, told)
    while True:
        ready, _ = ray.wait([running], timeout=1.0)
        for line in ray.get(told.take.remote()):
            say(line)
        if ready:
            result: T = ray.get(running)
            return result


def _call(function: Callable[[Say], T], told: Any) -> T:
    return function(lambda line: ray.get(told.add.remote(line)))
