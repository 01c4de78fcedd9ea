"""The shipped Navigator's language model on llama.cpp: the same weights, prompts and cores as on vLLM."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.llama_writer import END, PROMPTS
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.processing import Prompt, expand

PRECISIONS = ("BF16", "F32", "Q8_0", "Q4_0")
"""Of weights, by gguf's names: those of a checkpoint, and what laptops are usually given."""
_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def compare(
    folder: Path, prompts: Sequence[Prompt], widths: Sequence[int], tokens: int, rounds: int
) -> dict[str, dict[str, Any]]:
    """By precision and turns at once: what `llama_writer` measured."""
    model: Any = NavigatorForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    found = {}
    with tempfile.TemporaryDirectory() as made:
        asked = Path(made) / "prompts.npz"
        arrays: dict[str, Any] = {END: np.array(model.config.eos_token_id), **_embedded(model, prompts)}
        np.savez(asked, **arrays)
        for precision in PRECISIONS:
            weights = write_gguf(model.language_model, Path(made) / f"{precision}.gguf", precision)
            command = [sys.executable, "-m", "benchmarks.llama_writer", str(weights), str(asked), *map(str, widths)]
            command += ["--tokens", str(tokens), "--rounds", str(rounds)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[precision] = json.loads(done.stdout.splitlines()[-1])
    return found


@torch.inference_mode()
def _embedded(model: Any, prompts: Sequence[Prompt]) -> dict[str, Any]:
    """Prompts as the language model reads them, `[T, H]` float32 each."""
    embedded = {}
    for number, prompt in enumerate(prompts):
        ids = torch.tensor([expand(prompt, model.config)])
        items = torch.from_numpy(np.stack([item.vectors for item in prompt.items])) if prompt.items else None
        embedded[f"{PROMPTS}{number}"] = model.embed(ids, items, None)[0].float().numpy()
    return embedded


def write_gguf(model: Any, path: Path, precision: str) -> Path:
    """Write a Llama of transformers as llama.cpp reads it, without a tokenizer.

    Args:
        model: `LlamaForCausalLM` with tied embeddings.
        precision: of its matrices; norms are float32.
    """
    import gguf

    kind, config = gguf.GGMLQuantizationType[precision], model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    for name, tensor in model.model.state_dict().items():
        values = tensor.float().numpy()
        if name.endswith("norm.weight"):
            writer.add_tensor(_renamed(name), values)
            continue
        for part, heads in (("q_proj", config.num_attention_heads), ("k_proj", config.num_key_value_heads)):
            if part in name:
                values = _interleaved(values, heads)
        writer.add_tensor(_renamed(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _renamed(name: str) -> str:
    if not name.startswith("layers."):
        return {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]
    _, layer, part = name.removesuffix(".weight").split(".", 2)
    return f"blk.{layer}.{_NAMES[part]}.weight"


def _interleaved(weights: Any, heads: int) -> Any:
    """llama.cpp turns neighbours by one angle; transformers turns the halves of a head: rows are put in its order."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
