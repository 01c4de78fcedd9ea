"""One way to run a Navigator, whatever runs it: hand it a prompt, receive text as it is written.

`open_engine` takes vLLM where it is installed and transformers where it is not; both answer alike.
"""

import importlib.util
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # who only says how an answer is drawn starts without torch
    from navigator.config import NavigatorConfig
    from navigator.processing import NavigatorProcessor, Prompt
    from navigator.sight import Sight

Finish = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn.

    Args:
        max_tokens: longest answer, in tokens.
        temperature: 0 takes the likeliest token every time.
        top_p: share of probability that is drawn from, 0 < top_p <= 1.
        seed: makes a draw repeatable.
        json_schema: the answer is JSON of this schema, without white space between its parts.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    json_schema: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Delta:
    """A piece of an answer.

    Args:
        text: what is new; may be empty while a character is still incomplete.
        token_ids: the new tokens.
        finish: set on the last piece: the model stopped, or ran into `max_tokens` or the end of its context.
        prompt_tokens: length of the prompt, soft tokens included; set on the last piece.
        cached_tokens: of those, how many were found in the prefix cache; set on the last piece.
    """

    text: str
    token_ids: tuple[int, ...] = ()
    finish: Finish | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0


class Engine(Protocol):
    """A loaded Navigator. Safe to use from many tasks of one event loop at once."""

    config: "NavigatorConfig"
    processor: "NavigatorProcessor"
    sight: "Sight | None"

    def generate(self, prompt: "Prompt", sampling: Sampling | None = None) -> AsyncGenerator[Delta, None]:
        """Write an answer; closing the iterator, or cancelling its task, stops the work.

        Raises:
            WrongItemCount, WrongDimension, NotFinite, WrongEncoder, PromptTooLong: before any work is done.
            EngineFailed: the engine died or was closed; open a new one.
        """
        ...

    async def check(self) -> None:
        """Raise EngineFailed if the engine has died or was closed: it answers nothing any more."""
        ...

    async def close(self) -> None:
        """Give back memory and processes. What is being written, and whoever asks from now on, gets EngineFailed."""
        ...


Kind = Literal["auto", "vllm", "transformers"]


def open_engine(folder: str | Path, kind: Kind = "auto", **options: Any) -> Engine:
    """Load a Navigator checkpoint.

    Args:
        folder: a local checkpoint, as `batch.convert` or `navigator.assemble` writes it.
        kind: `auto` takes vLLM where it is installed, transformers elsewhere (macOS).
        options: see `VLLMEngine` and `TransformersEngine`; `auto` on transformers ignores those of vLLM.

    Raises:
        BadCheckpoint: the folder is no Navigator.
        MissingDependency: `kind` asks for vLLM and it is not installed.
    """
    if kind == "auto":
        kind = "vllm" if importlib.util.find_spec("vllm") else "transformers"
        if kind == "transformers":
            options = {name: value for name, value in options.items() if name in {"dtype", "device"}}
    if kind == "vllm":
        from navigator.engine_vllm import VLLMEngine

        return VLLMEngine(folder, **options)
    from navigator.engine_transformers import TransformersEngine

    return TransformersEngine(folder, **options)


async def generate_text(engine: Engine, prompt: "Prompt", sampling: Sampling | None = None) -> str:
    """A whole answer at once."""
    return "".join([delta.text async for delta in engine.generate(prompt, sampling)])
