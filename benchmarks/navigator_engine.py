"""How fast turns are answered: vLLM over transformers and llama.cpp, same weights, several turns at once."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.navigator_llama import compare as compare_llama
from catalog.item import Item
from navigator.dialogues import dialogues
from navigator.engine import Engine, Sampling, open_engine
from navigator.intent import ShoppingIntent
from navigator.knowledge import Shelf, know
from navigator.processing import Prompt
from navigator.prompt import Shown, answer_messages

TOKENS = 40
"""Written for every turn; answers are cut there, so that both sides write the same number."""


async def compare(
    folder: Path, prompts: Sequence[Prompt], concurrency: Sequence[int], rounds: int = 2
) -> dict[str, Any]:
    """Output tokens per second and time to first token, for each engine and number of turns at once.

    llama.cpp has a row for each precision of its weights, with the share of answers that are vLLM's, token by token.
    """
    results: dict[str, Any] = {}
    ours: list[list[int]] = []
    for kind in ("vllm", "transformers"):
        started = time.perf_counter()
        engine = open_engine(folder, kind)
        results[kind] = {"start_s": time.perf_counter() - started}
        await _batch(engine, prompts[:1])
        for width in concurrency:
            measured = []
            for number in range(rounds if kind == "vllm" else 1):
                chosen = [prompts[(number * width + i) % len(prompts)] for i in range(width)]
                measured.append(await _batch(engine, chosen))
            results[kind][str(width)] = {
                "output_tokens_per_s": statistics.fmean(sum(map(len, tokens)) / took for tokens, took, _ in measured),
                "ttft_mean_s": statistics.fmean(first for _, _, firsts in measured for first in firsts),
                "ttft_max_s": max(first for _, _, firsts in measured for first in firsts),
                "turns": sum(len(firsts) for _, _, firsts in measured),
            }
            if kind == "vllm":
                ours = measured[0][0]
        await engine.close()
    for precision, rows in compare_llama(folder, prompts, concurrency, TOKENS, rounds).items():
        answers = [row.pop("answers") for row in rows.values()][-1]
        same = statistics.fmean(answer == our for answer, our in zip(answers, ours, strict=True))
        results[f"llama.cpp, {precision}"] = {**rows, "answers_as_vllm": same}
    for peer in [kind for kind in results if kind != "vllm"]:
        for width in concurrency:
            here, there = results["vllm"][str(width)], results[peer][str(width)]
            results[f"vllm_over_{peer}_{width}"] = here["output_tokens_per_s"] / there["output_tokens_per_s"]
    return results


async def _batch(engine: Engine, prompts: Sequence[Prompt]) -> tuple[list[list[int]], float, list[float]]:
    """(tokens of each answer, seconds, seconds to the first token of each) of prompts answered at once."""
    started = time.perf_counter()

    async def one(prompt: Prompt) -> tuple[list[int], float]:
        written: list[int] = []
        first = 0.0
        async for delta in engine.generate(prompt, Sampling(max_tokens=TOKENS)):
            first = first or time.perf_counter() - started
            written += delta.token_ids
        return written, first

    answers = await asyncio.gather(*(one(prompt) for prompt in prompts))
    return [tokens for tokens, _ in answers], time.perf_counter() - started, [first for _, first in answers]


def answer_prompts(folder: Path) -> list[Prompt]:
    """Answers about 4 made-up items, as a turn asks for them; what the vectors hold does not change the time."""
    engine: Engine = open_engine(folder, "transformers")
    config, encode = engine.config, engine.processor.encode
    numbers = np.random.default_rng(0)
    known = []
    for i in range(64):
        vector = numbers.standard_normal((config.vectors_per_item, config.item_dim)).astype(np.float32)
        item = Item(id=str(i), title=f"Model {i} chair", category=("Chairs",), price=20.0 + i, colors=("walnut",))
        known.append(know(Shown(item, vector)))
    shelf = Shelf(known)
    prompts = []
    for number, dialogue in enumerate(dialogues(shelf, Random(0), 32)):
        shown = tuple(entry.shown for entry in known[number : number + 4])
        intent = ShoppingIntent(action="search", query="chair", categories=("chair",))
        messages = answer_messages((), dialogue.exchanges[0].user, intent, shown)
        prompts.append(encode(messages, encoder_version=config.encoder_version))
    return prompts
