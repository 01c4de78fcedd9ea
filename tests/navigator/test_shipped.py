"""The weights that come with Windowshop are whole, small, and make a Navigator that reads and answers."""

import asyncio
import random
from dataclasses import replace
from importlib.util import find_spec

import psutil
import pytest

from catalog.packaged import PackagedEncoder
from navigator import engine_thread
from navigator.assemble import SHIPPED, assemble
from navigator.engine import Sampling, generate_text, open_engine
from navigator.intent import intent_schema, parse_intent
from navigator.learnt import load_learnt
from navigator.prompt import intent_messages


def test_weights_are_whole_and_small():
    """They name their base, read the vectors that the demo has, and fit into 30 MB."""
    learnt = load_learnt(SHIPPED)
    assert learnt.base == "packaged:smollm2-135m"
    assert learnt.encoder_version == PackagedEncoder.version
    assert any("lora_A" in name for name in learnt.tensors)
    assert any(name.startswith("item_projector.") for name in learnt.tensors)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 30_000_000


@pytest.mark.slow
async def test_assembled_once_and_reads_an_intent(tmp_path):
    """Set-up makes a checkpoint, a second set-up finds it, and it reads a plain wish."""
    folder = assemble(tmp_path / "navigator")
    stamp = (folder / "config.json").stat().st_mtime_ns
    assert assemble(tmp_path / "navigator") == folder
    assert (folder / "config.json").stat().st_mtime_ns == stamp
    engine = open_engine(folder, "transformers")
    prompt = engine.processor.encode(intent_messages((), "a navy sofa under 900"))
    text = await generate_text(engine, prompt, Sampling(max_tokens=100, json_schema=intent_schema()))
    intent = parse_intent(text, shown=0)
    await engine.close()
    assert intent is not None
    assert "sofa" in intent.categories
    assert intent.price_max == 900


@pytest.mark.slow
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
async def test_memory_grows_with_lengths_of_prompts_and_not_with_prompts(tmp_path, monkeypatch):
    """vLLM keeps products prepared for each length that it met, up to 128; what a prompt needed is given back."""
    monkeypatch.setattr(engine_thread, "TRIM_S", 1.0)
    engine = open_engine(assemble(tmp_path / "navigator"), "vllm")
    numbers = random.Random(0)
    plain = engine.processor.encode(intent_messages((), "a navy sofa under 900"))

    async def read(prompts: int) -> int:
        for _ in range(prompts):
            words = tuple(numbers.randrange(1000, 40_000) for _ in range(600))
            await generate_text(engine, replace(plain, token_ids=plain.token_ids + words), Sampling(max_tokens=2))
        await asyncio.sleep(2.5)
        return psutil.Process().memory_info().rss

    before = await read(10)
    after = await read(40)
    await engine.close()
    assert after - before < 10 * 2**20
