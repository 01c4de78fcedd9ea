"""bfloat16 and float32 on this processor, and on one that lacks some of its instructions: `-m benchmarks.precision`.

oneDNN, which computes torch's and vLLM's products on a CPU, is kept from instructions in a process of its own.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from unittest.mock import patch

import typer

import navigator  # noqa: F401  # before anything loads torch: on the OpenMP that Navigator is served on

# isort: split
import numpy as np
import torch

from benchmarks.hot_tokens import answer_times
from benchmarks.report import print_table, write_results
from catalog.packaged import PackagedEncoder
from catalog.precision import MEMORY_BOUND, fast_dtype

INSTRUCTIONS = {"all": "", "AVX-512 without bfloat16": "AVX512_CORE", "AVX2": "AVX2"}
"""What oneDNN may use, by what it calls it."""
PICTURES = 8


def main() -> None:
    """Measure, print, and write docs/results/precision.json."""
    write_results("precision", {"instructions": measure()})


def measure(names: tuple[str, ...] = tuple(INSTRUCTIONS)) -> dict[str, Any]:
    """Milliseconds of both precisions by instructions and by what is computed, and which is chosen for it."""
    figures = {}
    for name in names:
        kept = {"ONEDNN_MAX_CPU_ISA": INSTRUCTIONS[name]} if INSTRUCTIONS[name] else {}
        with patch.dict(os.environ, kept), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            figures[name] = process.submit(_both).result()
    columns = ["bfloat16_ms", "float32_ms", "times", "chosen"]
    rows = [
        [name, what, *(costs[column] for column in columns)]
        for name, found in figures.items()
        for what, costs in found.items()
    ]
    print_table("bfloat16 and float32", ["instructions", "what", *columns], rows)
    return figures


def _both() -> dict[str, dict[str, Any]]:
    """In a process that may use only some instructions."""
    encoder: Any = PackagedEncoder()
    pixels = np.random.default_rng(0).integers(0, 255, (PICTURES, 224, 224, 3), np.uint8)
    towers: dict[str, tuple[str, Callable[[], Any]]] = {
        "a query's words": ("_read_in", lambda: encoder.encode_texts(["a green velvet sofa for a small living room"])),
        "a picture": ("_seen_in", lambda: encoder.encode_pixels(pixels[:1])),
        f"{PICTURES} pictures": ("_seen_in", lambda: encoder.encode_pixels(pixels)),
    }
    found = {}
    for what, (tower, act) in towers.items():
        times: list[float] = []
        for dtype in (torch.bfloat16, torch.float32):
            with patch.object(encoder, tower, dtype):
                times.append(_median_ms(act))
        found[what] = _costs(times, getattr(encoder, tower))
    answers = [asyncio.run(answer_times(name)) for name in ("bfloat16", "float32")]
    chosen = fast_dtype("cpu", MEMORY_BOUND)
    for place, what in enumerate(("the first token of an answer", "a further token")):
        found[what] = _costs([medians[place] for medians in answers], chosen)
    return found


def _median_ms(act: Callable[[], Any], calls: int = 9) -> float:
    act()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _costs(times: Sequence[float], chosen: torch.dtype) -> dict[str, Any]:
    half, full = times
    return {
        "bfloat16_ms": half,
        "float32_ms": full,
        "times": half / full,
        "chosen": str(chosen).removeprefix("torch."),
    }


if __name__ == "__main__":
    typer.run(main)
