"""Taking the vision encoder out leaves the language model as it was, and needs little memory."""

import json
import weakref
from pathlib import Path

import navigator_tiny as tiny
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig

from batch.convert import convert
from navigator import surgery
from navigator.errors import BadCheckpoint
from navigator.learnt import Shape
from navigator.modeling import NavigatorForConditionalGeneration


def hidden_states(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=ids, output_hidden_states=True).hidden_states[-1]


def load(folder: Path) -> NavigatorForConditionalGeneration:
    return NavigatorForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("make", [tiny.save_qwen3_vl, tiny.save_qwen3_vl_moe], ids=["dense", "mixture"])
def test_text_reads_the_same_to_the_bit(tmp_path, make, tied):
    """Protects the claim that Qwen3-VL on text, less its vision tower, is Qwen3: nothing may drift, not by a bit."""
    original = make(tmp_path / "base", tied=tied)
    convert(str(tmp_path / "base"), str(tmp_path / "out"), Shape(item_dim=32), shard_bytes=60_000)
    navigator = load(tmp_path / "out")
    ids = torch.randint(0, 600, (2, 37))
    assert torch.equal(hidden_states(original, ids), hidden_states(navigator, ids))
    with torch.no_grad():
        assert torch.equal(original(input_ids=ids).logits, navigator(input_ids=ids).logits[..., :640])
    assert navigator.config.text_config.tie_word_embeddings is tied
    assert not [name for name in navigator.state_dict() if "visual" in name]


def test_published_expert_layout_is_read_too(tmp_path):
    """Published A3B checkpoints store fused experts transposed; they must come out as the same experts."""
    original = tiny.save_qwen3_vl_moe(tmp_path / "base", tied=False)
    path = tmp_path / "base" / "model.safetensors"
    tensors = load_file(path)
    for name in [name for name in tensors if ".experts." in name]:
        tensors[name] = tensors[name].transpose(1, 2).contiguous()
    save_file(tensors, path, metadata={"format": "pt"})
    convert(str(tmp_path / "base"), str(tmp_path / "out"), Shape(item_dim=32))
    ids = torch.randint(0, 600, (1, 21))
    assert torch.equal(hidden_states(original, ids), hidden_states(load(tmp_path / "out"), ids))


def test_plain_language_model_gains_tokens_it_lacks(tmp_path):
    """A base with no room for placeholders gets new rows; the rows it had, and what it says on text, stay."""
    original = tiny.save_causal(tmp_path / "base")
    config = convert(str(tmp_path / "base"), str(tmp_path / "out"), Shape(item_dim=32))
    navigator = load(tmp_path / "out")
    ids = torch.randint(0, 400, (1, 21))
    assert torch.equal(hidden_states(original, ids), hidden_states(navigator, ids))
    assert config.text_config.vocab_size == original.config.vocab_size + 2
    assert {config.item_token_id, config.taste_token_id}.isdisjoint(range(original.config.vocab_size))


def test_memory_is_about_one_shard(tmp_path, monkeypatch):
    """A 235 GB checkpoint must pass through a machine that could never hold it: tensors die with their shard."""
    tiny.save_qwen3_vl(tmp_path / "base", tied=False)
    alive: dict[int, int] = {}
    peak = 0
    read = surgery._read

    def watched(part):
        nonlocal peak
        tensor = read(part)
        alive[id(tensor)] = tensor.nbytes
        weakref.finalize(tensor, alive.pop, id(tensor), None)
        peak = max(peak, sum(alive.values()))
        return tensor

    monkeypatch.setattr(surgery, "_read", watched)
    convert(str(tmp_path / "base"), str(tmp_path / "out"), Shape(item_dim=32), shard_bytes=200_000)
    whole = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())["metadata"]["total_size"]
    assert peak <= 200_000 < whole / 3


def test_shards_of_the_vision_tower_are_never_opened(tmp_path):
    """The tower's shards need not even be there: they are not downloaded, let alone read."""
    tiny.save_qwen3_vl(tmp_path / "base", tied=True)
    path = tmp_path / "base" / "model.safetensors"
    tensors = load_file(path)
    text = {name: tensor for name, tensor in tensors.items() if ".visual." not in name}
    save_file(text, tmp_path / "base" / "text.safetensors", metadata={"format": "pt"})
    weight_map = {name: "text.safetensors" if name in text else "vision.safetensors" for name in tensors}
    (tmp_path / "base" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    path.unlink()
    assert convert(str(tmp_path / "base"), str(tmp_path / "out"), Shape(item_dim=32)).text_config.model_type == "qwen3"


def test_unknown_vision_model_is_refused(tmp_path):
    """A model whose parts we do not know is refused by name instead of coming out wrong."""
    config = AutoConfig.for_model("llava")
    with pytest.raises(BadCheckpoint, match="llava"):
        surgery.text_config_of(config)


def test_folder_without_weights_is_refused(tmp_path):
    """An interrupted download says what is missing."""
    tiny.save_causal(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match=r"model\.safetensors"):
        convert(str(tmp_path), str(tmp_path / "out"))
