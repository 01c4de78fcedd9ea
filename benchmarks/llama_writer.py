"""How fast llama.cpp writes: `python -m benchmarks.llama_writer MODEL PROMPTS WIDTH...` prints JSON.

A process of its own, which loads neither torch nor vLLM and with them another OpenMP. Prompts are embeddings, so that
soft tokens are read as they are everywhere else.
"""

import ctypes
import json
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.peers import install

PROMPTS, END = "prompt", "end"
"""Arrays of the file of prompts: `prompt0` … `[T, H]` float32, and the token that ends an answer."""


def main(model: Path, prompts: Path, widths: list[int], tokens: int = 40, rounds: int = 2) -> None:
    """Print tokens a second, seconds to the first token, and what was written, by turns at once."""
    install("llama_cpp", "diskcache")
    with np.load(prompts) as found:
        read = [found[f"{PROMPTS}{i}"] for i in range(len(found.files) - 1)]
        end = int(found[END])
    print(json.dumps({str(width): measure(model, read, end, width, tokens, rounds) for width in widths}))


def measure(
    model: Path, prompts: Sequence[NDArray[np.float32]], end: int, width: int, tokens: int, rounds: int
) -> dict[str, Any]:
    """Figures of so many answers at once, after one that warms up, and the tokens of the first round."""
    longest = max(map(len, prompts)) + tokens
    writer = Writer(model, width, longest)
    writer.write(prompts[:1], end, tokens)
    measured = []
    for number in range(rounds):
        chosen = [prompts[(number * width + i) % len(prompts)] for i in range(width)]
        began = time.perf_counter()
        answers, firsts = writer.write(chosen, end, tokens)
        measured.append((answers, firsts, time.perf_counter() - began))
    return {
        "output_tokens_per_s": statistics.fmean(sum(map(len, answers)) / took for answers, _, took in measured),
        "ttft_mean_s": statistics.fmean(first for _, firsts, _ in measured for first in firsts),
        "ttft_max_s": max(first for _, firsts, _ in measured for first in firsts),
        "turns": width * rounds,
        "answers": measured[0][0],
    }


class Writer:
    """A model loaded by llama.cpp, with room for some answers at once.

    Prompts are read one after another, each by as many tokens at once as it has; then every step writes a token of
    each answer.
    """

    def __init__(self, model: Path, width: int, longest: int) -> None:
        import llama_cpp

        self._lib: Any = llama_cpp
        self._lib.llama_backend_init()
        self._lib.llama_log_set(_silent, None)
        loading = self._lib.llama_model_default_params()
        self._model = self._lib.llama_model_load_from_file(str(model).encode(), loading)
        if not self._model:
            raise RuntimeError(f"llama.cpp cannot load {model}")
        context = self._lib.llama_context_default_params()
        context.n_ctx = width * (longest + 256 - longest % 256)  # llama.cpp pads an answer's room to 256
        context.n_seq_max = width
        context.n_batch = context.n_ubatch = max(longest, width)
        context.n_threads = context.n_threads_batch = os.cpu_count() or 1
        self._context = self._lib.llama_init_from_model(self._model, context)
        if not self._context:
            raise RuntimeError("llama.cpp has no room for the answers")
        self._vocabulary = self._lib.llama_vocab_n_tokens(self._lib.llama_model_get_vocab(self._model))

    def write(
        self, prompts: Sequence[NDArray[np.float32]], end: int, tokens: int
    ) -> tuple[list[list[int]], list[float]]:
        """Greedy answers, and seconds to the first token of each."""
        self._lib.llama_memory_clear(self._lib.llama_get_memory(self._context), True)
        began = time.perf_counter()
        answers: list[list[int]] = []
        firsts = []
        for sequence, prompt in enumerate(prompts):
            answers.append([self._read(sequence, prompt)])
            firsts.append(time.perf_counter() - began)
        for step in range(tokens - 1):
            going = [i for i, answer in enumerate(answers) if answer[-1] != end]
            if not going:
                break
            places = [len(prompts[i]) + step for i in going]
            for i, token in zip(going, self._next(going, [answers[i][-1] for i in going], places), strict=True):
                answers[i].append(token)
        return answers, firsts

    def _read(self, sequence: int, prompt: NDArray[np.float32]) -> int:
        length, dim = prompt.shape
        batch = self._lib.llama_batch_init(length, dim, 1)
        prompt = np.ascontiguousarray(prompt)
        ctypes.memmove(batch.embd, prompt.ctypes.data, prompt.nbytes)
        last = [position == length - 1 for position in range(length)]
        return self._decode(batch, [sequence] * length, range(length), last)[0]

    def _next(self, sequences: Sequence[int], tokens: Sequence[int], places: Sequence[int]) -> list[int]:
        batch = self._lib.llama_batch_init(len(sequences), 0, 1)
        for i, token in enumerate(tokens):
            batch.token[i] = token
        return self._decode(batch, sequences, places, [True] * len(sequences))

    def _decode(self, batch: Any, sequences: Sequence[int], places: Sequence[int], asked: Sequence[bool]) -> list[int]:
        """The likeliest tokens after those that are asked for."""
        batch.n_tokens = len(sequences)
        for i, (sequence, place, wanted) in enumerate(zip(sequences, places, asked, strict=True)):
            batch.pos[i], batch.n_seq_id[i], batch.logits[i] = place, 1, wanted
            batch.seq_id[i][0] = sequence
        try:
            if failed := self._lib.llama_decode(self._context, batch):
                raise RuntimeError(f"llama.cpp cannot go on: llama_decode returned {failed}")
            return [self._likeliest(i) for i, wanted in enumerate(asked) if wanted]
        finally:
            self._lib.llama_batch_free(batch)

    def _likeliest(self, place: int) -> int:
        logits = self._lib.llama_get_logits_ith(self._context, place)
        return int(np.ctypeslib.as_array(logits, (self._vocabulary,)).argmax())


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def _silent(level: int, text: bytes, data: Any) -> None:
    """Where llama.cpp's log goes."""


if __name__ == "__main__":
    typer.run(main)
