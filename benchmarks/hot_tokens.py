"""What a token of the shipped Navigator costs on vLLM with GNU's OpenMP and with Intel's: a process for each.

A process has one or the other from the moment that torch is loaded, so nothing that loads it is imported up here:
`python -m benchmarks.hot_tokens gnu`.
"""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from typing import Any, Literal

import typer

ANSWERS = 10


def main(openmp: Literal["gnu", "intel"]) -> None:
    """Print median milliseconds: to the first token of an answer, and from one to the next."""
    if openmp == "gnu":
        import torch  # noqa: F401  # and with it GNU's, before Intel's can be loaded
    print(json.dumps(asyncio.run(answer_times())))


def tokens() -> dict[str, dict[str, float]]:
    """Median milliseconds before and after: to the first token of an answer, and from one to the next."""
    (first_before, next_before), (first_after, next_after) = _measured("gnu"), _measured("intel")
    costs = {
        "the first token of an answer, GNU's OpenMP → Intel's": (first_before, first_after),
        "a further token, GNU's OpenMP → Intel's": (next_before, next_after),
    }
    return {
        name: {"before_ms": before, "after_ms": after, "times": before / after}
        for name, (before, after) in costs.items()
    }


def _measured(openmp: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.hot_tokens", openmp]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, further = json.loads(done.stdout.splitlines()[-1])
    return first, further


async def answer_times(dtype: str = "auto") -> tuple[float, float]:
    """Median milliseconds to an answer's first token and from one to the next, in this process."""
    import navigator  # noqa: F401  # first of all, for its OpenMP

    # isort: split
    from benchmarks.navigator_engine import answer_prompts
    from navigator.assemble import assemble
    from navigator.engine import Sampling, open_engine

    folder = assemble()
    engine: Any = open_engine(folder, "vllm", dtype=dtype)
    firsts: list[float] = []
    nexts: list[float] = []
    for prompt in answer_prompts(folder)[: ANSWERS + 1]:
        times = [time.perf_counter()]
        async for _ in engine.generate(prompt, Sampling(max_tokens=40)):
            times.append(time.perf_counter())
        between = [1000 * (after - before) for before, after in itertools.pairwise(times)]
        firsts += between[:1]
        nexts += between[1:]
    await engine.close()
    return statistics.median(firsts[1:]), statistics.median(nexts)


if __name__ == "__main__":
    typer.run(main)
