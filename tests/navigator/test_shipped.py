"""The weights that come with Windowshop are whole, small, and make a Navigator that reads and answers."""

import pytest

from catalog.packaged import PackagedEncoder
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
