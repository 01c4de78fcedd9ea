"""vLLM and transformers write the same, refuse the same, and stop when nobody listens."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator

import llvmlite.binding  # noqa: F401  # numba's, which walks load: vLLM must start beside it
import navigator_tiny as tiny
import numpy as np
import pytest
import torch

from batch.convert import convert
from navigator.engine import Delta, Engine, Sampling, generate_text, open_engine
from navigator.errors import (
    BadCheckpoint,
    BadPrompt,
    NotFinite,
    PromptTooLong,
    WrongDimension,
    WrongEncoder,
    WrongItemCount,
)
from navigator.intent import ShoppingIntent, intent_schema
from navigator.learnt import Shape
from navigator.message import ItemSlot, Message, TasteSlot
from navigator.processing import Prompt

needs_vllm = pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "green"]}, "count": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["color", "count"],
    "additionalProperties": False,
}
NO_TASTE = np.zeros((0, 32), np.float32)


def make_prompts(engine: Engine, count: int, seed: int = 0) -> list[Prompt]:
    """Prompts with 0 to 12 items, some with taste, of very different lengths."""
    rng = np.random.default_rng(seed)
    prompts = []
    for i in range(count):
        parts: list = ["show me " + "a walnut chair " * (i % 5)]
        if i % 3 == 0:
            parts.append(TasteSlot(rng.standard_normal((1 + i % 4, 32)).astype(np.float32)))
        for j in range((0, 1, 3, 12, 2, 5, 8)[i % 7]):
            parts += [ItemSlot(f"{i}-{j}", rng.standard_normal(32).astype(np.float32)), f" [{j}] price {j}.99\n"]
        messages = [Message.of("system", "answer briefly"), Message("user", tuple(parts))]
        prompts.append(engine.processor.encode(messages, encoder_version="e1"))
    return prompts


async def tokens(engine: Engine, prompt: Prompt, length: int = 24) -> tuple[int, ...]:
    deltas: list[Delta] = [delta async for delta in engine.generate(prompt, Sampling(max_tokens=length))]
    assert deltas[-1].finish in {"stop", "length"}
    return sum((delta.token_ids for delta in deltas), ())


@pytest.fixture(scope="module", params=[1, 4], ids=["K1", "K4"])
def checkpoint(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"k{request.param}")
    tiny.save_causal(folder / "base")
    convert(
        str(folder / "base"), str(folder / "out"), Shape(item_dim=32, tokens_per_item=request.param, projector_dim=48)
    )
    config = json.loads((folder / "out" / "config.json").read_text())
    (folder / "out" / "config.json").write_text(json.dumps({**config, "encoder_version": "e1"}))
    return folder / "out"


@pytest.fixture(scope="module")
def plain(checkpoint) -> Engine:
    return open_engine(checkpoint, "transformers", dtype="float32")


@pytest.fixture(scope="module")
def vllm(checkpoint) -> AsyncIterator[Engine]:
    # 48 tokens a step cut the longer prompts into pieces, in the middle of an item's soft tokens too.
    options = {"max_num_batched_tokens": 48, "max_num_seqs": 8}
    engine = open_engine(checkpoint, "vllm", dtype="float32", max_model_len=512, max_num_seqs=8, options=options)
    yield engine
    asyncio.run(engine.close())


@needs_vllm
async def test_same_tokens_on_both(vllm, plain):
    """Training and serving run different code over the same weights: greedy answers must be equal token by token,
    alone, batched, in chunked prefill, from the prefix cache, for every number of items."""
    prompts = make_prompts(plain, 28)
    expected = [await tokens(plain, prompt) for prompt in prompts]
    together = await asyncio.gather(*(tokens(vllm, prompt) for prompt in prompts))
    assert list(together) == expected
    again = [await tokens(vllm, prompt) for prompt in prompts[:6]]
    assert again == expected[:6]
    assert len(set(expected)) > 20


@needs_vllm
async def test_vectors_are_read_not_only_counted(vllm):
    """The same item with another vector, and the same vectors in another order, give other answers: no stale cache."""
    messages = lambda *vectors: [Message.of("user", *(ItemSlot("same", vector) for vector in vectors), "which?")]  # noqa: E731
    rng = np.random.default_rng(3)
    one, two = rng.standard_normal((2, 32)).astype(np.float32)
    encode = vllm.processor.encode
    answers = {
        await tokens(vllm, encode(messages(*order), encoder_version="e1"))
        for order in ((one, two), (two, one), (one, one), (two, two))
    }
    assert len(answers) == 4


@needs_vllm
async def test_cancelling_takes_the_request_out(vllm):
    """A closed connection must free the engine at once, not after its last token."""
    prompt = make_prompts(vllm, 1)[0]

    async def read() -> None:
        async for _ in vllm.generate(prompt, Sampling(max_tokens=400)):
            await asyncio.sleep(0.01)

    task = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    assert vllm._engine.unfinished() == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(100):
        if vllm._engine.unfinished() == 0:
            break
        await asyncio.sleep(0.01)
    assert vllm._engine.unfinished() == 0


@needs_vllm
async def test_prefix_is_cached(vllm):
    """The shared prompt is computed once: a repeated prompt is found in the cache, soft tokens included."""
    messages = [
        Message.of("system", "a chair " * 40),
        Message.of("user", ItemSlot("x", np.ones(32, np.float32)), "and?"),
    ]
    prompt = vllm.processor.encode(messages, encoder_version="e1")
    cached = []
    for _ in range(2):
        deltas = [delta async for delta in vllm.generate(prompt, Sampling(max_tokens=2))]
        cached.append(deltas[-1].cached_tokens)
        assert deltas[-1].prompt_tokens == prompt.length(vllm.config)
    assert cached[1] > 60


@pytest.mark.parametrize("which", [pytest.param("vllm", marks=needs_vllm), "plain"])
async def test_json_stays_in_its_schema(checkpoint, which, request):
    """A random model cannot leave the schema, and writes it without white space."""
    engine = request.getfixturevalue(which)
    for prompt in make_prompts(engine, 3):
        answer = json.loads(await generate_text(engine, prompt, Sampling(max_tokens=60, json_schema=SCHEMA)))
        assert set(answer) == {"color", "count"}
    text = await generate_text(
        engine, make_prompts(engine, 2)[1], Sampling(max_tokens=400, json_schema=intent_schema())
    )
    if text.endswith("}"):
        ShoppingIntent.model_validate_json(text)
    assert text.startswith('{"action":"')


@pytest.mark.parametrize("which", [pytest.param("vllm", marks=needs_vllm), "plain"])
async def test_bad_prompts_are_typed_errors(checkpoint, which, request):
    """Wrong count, wrong dimension, NaN, typed placeholder, other encoder, too long: an error each, never text."""
    engine: Engine = request.getfixturevalue(which)
    placeholder, good = engine.config.item_token_id, ItemSlot("a", np.ones((1, 32), np.float32))
    cases = {
        WrongItemCount: [
            Prompt((5, placeholder, placeholder), (good,), NO_TASTE, "e1"),
            Prompt((5, placeholder), (), NO_TASTE, "e1"),
        ],
        WrongDimension: [Prompt((placeholder,), (ItemSlot("a", np.ones((1, 31), np.float32)),), NO_TASTE, "e1")],
        NotFinite: [Prompt((placeholder,), (ItemSlot("a", np.full((1, 32), np.nan, np.float32)),), NO_TASTE, "e1")],
        WrongEncoder: [Prompt((placeholder,), (good,), NO_TASTE, "e2")],
        PromptTooLong: [Prompt((5,) * 5000, (), NO_TASTE, "e1")],
    }
    for error, prompts in cases.items():
        for prompt in prompts:
            with pytest.raises(error):
                await generate_text(engine, prompt)


@needs_vllm
async def test_the_plugin_checks_for_itself(vllm):
    """Prompts that reach vLLM by its own server, past our engine, meet the same checks."""
    from vllm.exceptions import VLLMValidationError

    from navigator.engine_vllm import _vllm_sampling

    placeholder = vllm.config.item_token_id
    for data in (
        {"image": torch.ones(1, 32)},
        {"image": torch.ones(2, 31)},
        {"image": torch.full((2, 32), np.nan)},
    ):
        raw = {"prompt_token_ids": [5, placeholder, placeholder], "multi_modal_data": data}
        with pytest.raises((VLLMValidationError, BadPrompt)):
            async for _ in vllm._engine.generate(raw, _vllm_sampling(Sampling(max_tokens=2)), "raw"):
                pass


async def test_text_arrives_whole(plain):
    """Pieces of text, put together, are the decoded answer, also where a character takes several tokens."""
    prompt = make_prompts(plain, 1)[0]
    deltas = [delta async for delta in plain.generate(prompt, Sampling(max_tokens=40, temperature=1.5, seed=7))]
    ids = sum((delta.token_ids for delta in deltas), ())
    assert "".join(delta.text for delta in deltas) == plain.processor.decode(ids)


def test_other_models_folder_is_refused(tmp_path):
    """A language model that was never converted says what to do."""
    tiny.save_causal(tmp_path / "base")
    with pytest.raises(BadCheckpoint, match="convert"):
        open_engine(tmp_path / "base", "transformers")
    with pytest.raises(BadCheckpoint, match=r"config\.json"):
        open_engine(tmp_path / "nowhere", "transformers")
