"""Navigator on vLLM: continuous batching, prefix caching, constrained decoding, on GPU or CPU."""

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from catalog.errors import MissingDependency
from catalog.precision import MEMORY_BOUND, named_dtype
from navigator.engine import Delta, Sampling
from navigator.engine_thread import ThreadedEngine
from navigator.errors import BadPrompt, EngineFailed, PromptTooLong
from navigator.loading import load_config
from navigator.processing import NavigatorProcessor, Prompt, cache_key, check_prompt
from navigator.sight import open_sight


class VLLMEngine:
    """A Navigator served by vLLM's `AsyncLLM`.

    Args:
        folder: a Navigator checkpoint.
        dtype: auto is bfloat16, or float32 on a CPU that is much faster at it; float32 where outputs must not depend on
            batching.
        max_model_len: tokens of prompt and answer together.
        max_num_seqs: answers written at the same time; more wait in line.
        max_items: items in one prompt.
        tensor_parallel_size: GPUs that share the model.
        quantization: a scheme of vLLM's, e.g. "fp8"; None for the checkpoint's own precision.
        gpu_memory_utilization: share of a GPU's memory, 0 to 1.
        cpu_cache_gib: memory for the key-value cache where there is no GPU.
        enforce_eager: skip compilation: starts at once, a little slower after; on where there is no GPU.
        in_process: run the engine in a thread of this process: it starts in seconds. On where there is no GPU; on a
            GPU vLLM's own processes keep the event loop free.
        options: any further field of vLLM's `AsyncEngineArgs`.

    Raises:
        MissingDependency: vLLM is not installed.
        BadCheckpoint: the folder is no Navigator.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        dtype: str = "auto",
        max_model_len: int = 4096,
        max_num_seqs: int = 16,
        max_items: int = 64,
        tensor_parallel_size: int = 1,
        quantization: str | None = None,
        gpu_memory_utilization: float = 0.9,
        cpu_cache_gib: int = 1,
        enforce_eager: bool | None = None,
        in_process: bool | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        on_gpu = torch.cuda.is_available()
        named = named_dtype(dtype, "cuda" if on_gpu else "cpu", MEMORY_BOUND)
        # vLLM reads both from the environment alone.
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(cpu_cache_gib))
        in_process = not on_gpu if in_process is None else in_process
        if in_process:
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        try:
            from vllm import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise MissingDependency("vLLM is not installed: pip install 'windowshop[cpu]' or [gpu]") from error
        self.config = load_config(folder)
        self.processor = NavigatorProcessor(AutoTokenizer.from_pretrained(folder), self.config)
        self.sight = open_sight(folder, self.config)
        self.max_model_len = max_model_len
        arguments: dict[str, Any] = {
            "model": str(folder),
            "dtype": str(named).removeprefix("torch."),
            "max_model_len": max_model_len,
            "max_num_seqs": max_num_seqs,
            "limit_mm_per_prompt": {"image": max_items, "taste": max_items},
            "tensor_parallel_size": tensor_parallel_size,
            "quantization": quantization,
            "gpu_memory_utilization": gpu_memory_utilization,
            "enforce_eager": not on_gpu if enforce_eager is None else enforce_eager,
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            # Indentation would be half of the tokens of an intent.
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
            # Prefixes are cached by whole blocks; 128 tokens, vLLM's choice on a CPU, is longer than many a turn.
            "block_size": None if on_gpu else 32,
            **(options or {}),
        }
        self._writing: set[str] = set()
        engine_args = AsyncEngineArgs(**arguments)
        with hidden_modules("llvmlite"):
            self._engine: Any = ThreadedEngine(engine_args) if in_process else AsyncLLM.from_engine_args(engine_args)
        # In one process vLLM refuses to change the number of threads, and says so at every step.
        logging.getLogger("vllm.v1.worker.cpu_worker").setLevel(logging.ERROR)

    async def generate(self, prompt: Prompt, sampling: Sampling | None = None) -> AsyncGenerator[Delta, None]:
        """See `Engine.generate`."""
        from vllm.exceptions import VLLMValidationError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        sampling = sampling or Sampling()
        check_prompt(prompt, self.config)
        length = prompt.length(self.config)
        if length >= self.max_model_len:
            raise PromptTooLong(f"the prompt has {length} tokens; this engine reads {self.max_model_len - 1}")
        request_id = uuid.uuid4().hex
        outputs = self._engine.generate(_vllm_prompt(prompt), _vllm_sampling(sampling), request_id)
        self._writing.add(request_id)
        try:
            async with aclosing(outputs):
                async for output in outputs:
                    answer = output.outputs[0]
                    finish = {"stop": "stop", "length": "length"}.get(answer.finish_reason or "")
                    if answer.finish_reason and finish is None:
                        raise EngineFailed(f"the engine ended an answer with {answer.finish_reason!r}")
                    yield Delta(
                        text=answer.text,
                        token_ids=tuple(answer.token_ids),
                        finish=finish,  # type: ignore[arg-type]
                        prompt_tokens=length if finish else 0,
                        cached_tokens=(output.num_cached_tokens or 0) if finish else 0,
                    )
        except VLLMValidationError as error:
            raise BadPrompt(str(error)) from error
        except (EngineDeadError, EngineGenerateError) as error:
            raise EngineFailed(f"vLLM: {error}") from error
        finally:
            self._writing.discard(request_id)

    async def check(self) -> None:
        from vllm.v1.engine.exceptions import EngineDeadError

        try:
            await self._engine.check_health()
        except EngineDeadError as error:
            raise EngineFailed(f"vLLM: {error}") from error

    async def close(self) -> None:
        if isinstance(self._engine, ThreadedEngine):
            await asyncio.to_thread(self._engine.shutdown)
            return
        # vLLM's own shutdown leaves readers waiting for ever.
        await self._engine.abort(list(self._writing))
        self._engine.shutdown()


@contextmanager
def hidden_modules(package: str) -> Iterator[None]:
    """Keep a package out of sight while vLLM starts.

    On a CPU, vLLM 0.32 looks through the `__dict__` of every attribute of every loaded module. Where numba is loaded,
    llvmlite's library handle answers that with a C function, and vLLM fails.
    """
    hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}
    for name in hidden:
        del sys.modules[name]
    try:
        yield
    finally:
        sys.modules.update(hidden)


def _vllm_prompt(prompt: Prompt) -> Any:
    request: dict[str, Any] = {"prompt_token_ids": list(prompt.token_ids)}
    data: dict[str, torch.Tensor] = {}
    uuids: dict[str, list[str | None]] = {}
    if prompt.items:
        data["image"] = torch.from_numpy(np.stack([item.vectors for item in prompt.items]))  # [N, V, D]
        uuids["image"] = [cache_key(item, prompt.encoder_version) for item in prompt.items]
    if len(prompt.taste):
        data["taste"] = torch.from_numpy(np.ascontiguousarray(prompt.taste))  # [M, Dt]
    if data:
        request |= {"multi_modal_data": data, "multi_modal_uuids": uuids}
    return request


def _vllm_sampling(sampling: Sampling) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    structured = None
    if sampling.json_schema is not None:
        structured = StructuredOutputsParams(json=dict(sampling.json_schema))
    return SamplingParams(
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed,
        structured_outputs=structured,
        output_kind=RequestOutputKind.DELTA,
    )
