"""What a token of the shipped Navigator costs on vLLM with GNU's OpenMP and with Intel's, in a process each.

A process has one or the other from the moment that torch is loaded, so nothing that loads it is imported up here.
"""

import asyncio
import itertools
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

ANSWERS = 10


def tokens() -> dict[str, dict[str, float]]:
    """Median milliseconds before and after: to the first token of an answer, and from one to the next."""
    found = []
    for intel in (False, True):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            found.append(process.submit(_measure, intel).result())
    (first_before, next_before), (first_after, next_after) = found
    costs = {
        "the first token of an answer, GNU's OpenMP → Intel's": (first_before, first_after),
        "a further token, GNU's OpenMP → Intel's": (next_before, next_after),
    }
    return {
        name: {"before_ms": before, "after_ms": after, "times": before / after}
        for name, (before, after) in costs.items()
    }


def _measure(intel: bool) -> tuple[float, float]:
    if not intel:
        import torch  # noqa: F401
    from navigator.openmp import load_intel_openmp  # noqa: F401

    return asyncio.run(answer_times())


async def answer_times(dtype: str = "auto") -> tuple[float, float]:
    """Median milliseconds to an answer's first token and from one to the next, in this process."""
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
