"""Navigator on plain transformers: the same answers, without vLLM's batching, where vLLM has no build.

Answers that are asked for at the same time take turns, one token each.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer, DynamicCache

from catalog.precision import MEMORY_BOUND, named_dtype
from navigator.constrained import JsonGuide
from navigator.engine import Delta, Finish, Sampling
from navigator.errors import EngineFailed, PromptTooLong
from navigator.loading import load_config
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.processing import NavigatorProcessor, Prompt, check_prompt, expand
from navigator.sight import open_sight

T = TypeVar("T")


class TransformersEngine:
    """A Navigator run by transformers in this process.

    Args:
        folder: a Navigator checkpoint.
        dtype: name of a torch dtype; auto is bfloat16, or float32 on a CPU that is much faster at it.
        device: of torch; the best there is unless told otherwise.

    Raises:
        BadCheckpoint: the folder is no Navigator.
    """

    def __init__(self, folder: str | Path, *, dtype: str = "auto", device: str | None = None) -> None:
        self.config = load_config(folder)
        self.processor = NavigatorProcessor(AutoTokenizer.from_pretrained(folder), self.config)
        self.sight = open_sight(folder, self.config)
        self.device = device or _best_device()
        self.max_model_len = int(self.config.text_config.max_position_embeddings)
        named = named_dtype(dtype, torch.device(self.device).type, MEMORY_BOUND)
        model: Any = NavigatorForConditionalGeneration.from_pretrained(folder, dtype=named)
        self._model = model.to(self.device).eval()
        self._closed = False
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="navigator")

    async def generate(self, prompt: Prompt, sampling: Sampling | None = None) -> AsyncGenerator[Delta, None]:
        """See `Engine.generate`."""
        sampling = sampling or Sampling()
        check_prompt(prompt, self.config)
        length = prompt.length(self.config)
        if length >= self.max_model_len:
            raise PromptTooLong(f"the prompt has {length} tokens; this engine reads {self.max_model_len - 1}")
        answer = await self._work(self._start, prompt, sampling)
        limit = min(sampling.max_tokens, self.max_model_len - length)
        finish: Finish | None = None
        while finish is None:
            token = await self._work(self._step, answer)
            if token in answer.ends:
                finish = "stop"
            elif len(answer.tokens) >= limit:
                finish = "length"
            text = answer.new_text(self.processor, last=finish is not None)
            yield Delta(text, (token,), finish, length if finish else 0)

    async def check(self) -> None:
        if self._closed:
            raise EngineFailed("the engine was closed; open a new one")

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._worker.shutdown)

    async def _work(self, call: Callable[..., T], *arguments: Any) -> T:
        """Done in the thread that computes, one token at a time."""
        await self.check()
        return await asyncio.get_running_loop().run_in_executor(self._worker, call, *arguments)

    @torch.inference_mode()
    def _start(self, prompt: Prompt, sampling: Sampling) -> "_Answer":
        ids = torch.tensor([expand(prompt, self.config)], device=self.device)  # [1, T]
        items = taste = None
        if prompt.items:
            items = torch.from_numpy(np.stack([item.vectors for item in prompt.items])).to(self.device)  # [N, V, D]
        if len(prompt.taste):
            taste = torch.from_numpy(np.ascontiguousarray(prompt.taste)).to(self.device)  # [M, Dt]
        guide = None
        if sampling.json_schema is not None:
            guide = JsonGuide(self.processor.tokenizer, sampling.json_schema, self.config.text_config.vocab_size)
        return _Answer(
            pending=self._model.embed(ids, items, taste),
            sampling=sampling,
            guide=guide,
            generator=torch.Generator().manual_seed(sampling.seed) if sampling.seed is not None else None,
            ends=_ends(self.config),
        )

    @torch.inference_mode()
    def _step(self, answer: "_Answer") -> int:
        """One forward pass and one token."""
        output = self._model.language_model(
            inputs_embeds=answer.pending, past_key_values=answer.cache, use_cache=True, logits_to_keep=1
        )
        logits = output.logits[0, -1].float().cpu()  # [vocabulary]
        if answer.guide is not None:
            answer.guide.mask(logits)
        token = _draw(logits, answer.sampling, answer.generator)
        if answer.guide is not None:
            answer.guide.accept(token)
        answer.tokens.append(token)
        next_id = torch.tensor([[token]], device=self.device)
        answer.pending = self._model.get_input_embeddings()(next_id)  # [1, 1, H]
        return token


@dataclass
class _Answer:
    """An answer while it is being written."""

    pending: Tensor  # [1, T, H]: embeddings that the model has not read yet
    sampling: Sampling
    guide: JsonGuide | None
    generator: torch.Generator | None
    ends: frozenset[int]
    cache: DynamicCache = field(default_factory=DynamicCache)
    tokens: list[int] = field(default_factory=list)
    shown: int = 0

    def new_text(self, processor: NavigatorProcessor, *, last: bool) -> str:
        """Text that was not given out yet; a half-received character waits for its other half."""
        text = processor.decode(self.tokens)
        if text.endswith("\ufffd") and not last:
            return ""
        new = text[self.shown :]
        self.shown = len(text)
        return new


def _draw(logits: Tensor, sampling: Sampling, generator: torch.Generator | None) -> int:
    if sampling.temperature == 0:
        return int(logits.argmax())
    probabilities, order = torch.softmax(logits / sampling.temperature, -1).sort(descending=True)
    # The first token is always kept: the share is counted before each token, not after it.
    probabilities[probabilities.cumsum(-1) - probabilities >= sampling.top_p] = 0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])


def _ends(config: Any) -> frozenset[int]:
    ends = config.eos_token_id
    return frozenset(ends if isinstance(ends, list) else [ends])


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
