"""How fast turns are answered: vLLM over plain transformers, same weights, at several numbers of turns at once."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from navigator.engine import Engine, Sampling, open_engine
from navigator.processing import Prompt

TOKENS = 40
"""Written for every turn; answers are cut there, so that both sides write the same number."""


async def compare(
    folder: Path, prompts: Sequence[Prompt], concurrency: Sequence[int], rounds: int = 2
) -> dict[str, Any]:
    """Output tokens per second and time to first token, for each engine and number of turns at once."""
    results: dict[str, Any] = {}
    for kind in ("vllm", "transformers"):
        started = time.perf_counter()
        engine = open_engine(folder, kind, dtype="bfloat16")
        results[kind] = {"start_s": time.perf_counter() - started}
        await _batch(engine, prompts[:1])
        for width in concurrency:
            measured = []
            for number in range(rounds if kind == "vllm" else 1):
                chosen = [prompts[(number * width + i) % len(prompts)] for i in range(width)]
                measured.append(await _batch(engine, chosen))
            results[kind][str(width)] = {
                "output_tokens_per_s": statistics.fmean(tokens / seconds for tokens, seconds, _ in measured),
                "ttft_mean_s": statistics.fmean(first for _, _, firsts in measured for first in firsts),
                "ttft_max_s": max(first for _, _, firsts in measured for first in firsts),
                "turns": sum(len(firsts) for _, _, firsts in measured),
            }
        await engine.close()
    for width in concurrency:
        ours, plain = results["vllm"][str(width)], results["transformers"][str(width)]
        results[f"vllm_over_transformers_{width}"] = ours["output_tokens_per_s"] / plain["output_tokens_per_s"]
    return results


async def _batch(engine: Engine, prompts: Sequence[Prompt]) -> tuple[int, float, list[float]]:
    """(tokens written, seconds, seconds to the first token of each) of prompts answered at once."""
    started = time.perf_counter()

    async def one(prompt: Prompt) -> tuple[int, float]:
        written, first = 0, 0.0
        async for delta in engine.generate(prompt, Sampling(max_tokens=TOKENS)):
            first = first or time.perf_counter() - started
            written += len(delta.token_ids)
        return written, first

    answers = await asyncio.gather(*(one(prompt) for prompt in prompts))
    return sum(n for n, _ in answers), time.perf_counter() - started, [first for _, first in answers]
