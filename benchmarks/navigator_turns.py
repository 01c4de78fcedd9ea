"""Seconds of a whole chat turn, writing included, one turn at a time and sixteen at once.

What is read before the first token (pictures encoded on request, or vectors) is measured by `navigator_latency`, one
turn at a time: it is arithmetic that keeps every core busy, so that sixteen turns at once take sixteen times as long.
Writing is not: a step reads all weights, for one turn or for sixteen. It is measured here, on vLLM, after prompts as
long as each way makes them; the intent is read and written in the same way. Prompts are in the prefix cache before the
clock runs.
"""

import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.navigator_latency import (
    ANSWER_OUTPUT,
    CARD_TOKENS,
    FACTS_TOKENS,
    INTENT_OUTPUT,
    LANGUAGE,
    REQUEST_TOKENS,
    SIZES,
    SYSTEM_TOKENS,
    VISION,
    K,
    LanguageShape,
    picture_tokens,
)
from navigator.engine_vllm import hidden_modules

PRODUCTS = 8
READY = "precomputed"
CACHE_TOKENS = 120_000
"""Of all prompts at once, at most: 14 GB at the 2B shape. What is longer is left out."""
_BLOCK = 32  # tokens of a block of the cache
_FREE = 1.1  # room in the cache beyond the longest prompts


@dataclass(frozen=True)
class Writer:
    """A language model of a published shape with random weights, on vLLM."""

    engine: Any
    numbers: Random
    vocabulary: int

    def seconds(self, prompt: int, tokens: int, turns: int, repeats: int) -> float:
        """Seconds to write so many tokens after prompts that were read before, for so many turns at once; the least."""
        prompts = [self._prompt(prompt) for _ in range(turns)]
        self._write(prompts, 1)
        return min(self._write(prompts, tokens) for _ in range(repeats))

    def reading_seconds(self, cached: int, fresh: int, repeats: int) -> float:
        """Seconds to read `fresh` tokens after `cached` ones and write one, a turn at a time; the least."""
        before = self._prompt(cached)
        self._write([before + self._prompt(fresh)], 1)
        return min(self._write([before + self._prompt(fresh)], 1) for _ in range(repeats))

    def _prompt(self, tokens: int) -> list[int]:
        return [self.numbers.randrange(self.vocabulary) for _ in range(tokens)]

    def _write(self, prompts: Sequence[list[int]], tokens: int) -> float:
        from vllm import SamplingParams

        sampling = SamplingParams(temperature=0.0, max_tokens=tokens, ignore_eos=True, detokenize=False)
        began = time.perf_counter()
        self.engine.generate([{"prompt_token_ids": prompt} for prompt in prompts], sampling, use_tqdm=False)
        return time.perf_counter() - began


def measure(
    size: str,
    reading_s: dict[str, float],
    batches: Sequence[int],
    repeats: int,
    say: Callable[[str], None],
    shape: LanguageShape | None = None,
) -> dict[str, Any]:
    """Seconds of a turn that shows eight products, by way and turns at once, and the share that vectors leave of it.

    Prompts that together are longer than `CACHE_TOKENS` are left out.

    Args:
        size: of the model.
        reading_s: by way, "precomputed" and pictures of `SIZES`: seconds to the answer's first token.
        batches: turns at once.
        shape: another one than the size's own, for tests.
    """
    language = shape or LANGUAGE[size]
    prompts = {way: SYSTEM_TOKENS + REQUEST_TOKENS + FACTS_TOKENS + PRODUCTS * _card(size, way) for way in reading_s}
    tokens = {(way, batch): batch * (prompts[way] + ANSWER_OUTPUT) for way in reading_s for batch in batches}
    room = max(count for count in tokens.values() if count <= CACHE_TOKENS)
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(_engine(Path(folder), language, max(batches), room), Random(0), language.vocabulary)
        results: dict[str, Any] = {}
        intent_read = writer.reading_seconds(SYSTEM_TOKENS, REQUEST_TOKENS, repeats)
        for batch in batches:
            intent = intent_read + _each(writer, SYSTEM_TOKENS + REQUEST_TOKENS, INTENT_OUTPUT, batch, repeats)
            for way, read in reading_s.items():
                if tokens[way, batch] > CACHE_TOKENS:
                    continue
                wrote = _each(writer, prompts[way], ANSWER_OUTPUT, batch, repeats)
                row = {"intent_s": intent, "read_s": read, "write_s": wrote, "turn_s": intent + read + wrote}
                row["share_left"] = results.get(_key(READY, batch), row)["turn_s"] / row["turn_s"]
                row["core_hours_per_1000_turns"] = row["turn_s"] * (os.cpu_count() or 1) / 3.6
                results[_key(way, batch)] = row
                say(f"{_key(way, batch)}: {row['turn_s']:.2f} s a turn, {row['share_left']:.1%} left by vectors")
        del writer
        gc.collect()
    return results


def _key(way: str, batch: int) -> str:
    return f"{way}, {batch} at once"


def _each(writer: Writer, prompt: int, tokens: int, batch: int, repeats: int) -> float:
    """Seconds of writing that fall to one of the turns at once."""
    return writer.seconds(prompt, tokens, batch, repeats) / batch


def _card(size: str, way: str) -> int:
    return CARD_TOKENS + (K if way == READY else picture_tokens(*SIZES[way], VISION[size])[1])


def _engine(folder: Path, shape: LanguageShape, turns: int, tokens: int) -> Any:
    """vLLM with random weights of a shape, and a cache of so many tokens."""
    cache_bytes = _FREE * tokens * 2 * 2 * shape.layers * shape.kv_heads * shape.head_dim  # keys and values, bfloat16
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(int(cache_bytes / 2**30) + 1)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    from vllm import LLM

    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "max_position_embeddings": 32_768,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    with hidden_modules("llvmlite"):
        return LLM(
            model=str(folder),
            load_format="dummy",
            skip_tokenizer_init=True,
            dtype="bfloat16",
            max_model_len=8_192,
            max_num_seqs=turns,
            enable_prefix_caching=True,
            block_size=_BLOCK,
            enforce_eager=True,
            disable_log_stats=True,
        )
