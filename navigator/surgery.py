"""Turn a vision-language checkpoint, or any causal language model's, into a Navigator, one tensor at a time.

Without its vision tower and with text positions only, Qwen3-VL's language model is `Qwen3ForCausalLM`
(`Qwen3MoeForCausalLM` for the A3B sizes): its three rotary sections all count the same positions. So its weights are
renamed, not changed. Tensors are read from memory-mapped shards and written as soon as an output shard is full;
shards that hold only the vision tower are never opened.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoConfig, PreTrainedConfig

from navigator.config import MODEL_TYPE
from navigator.errors import BadCheckpoint

DEFAULT_SHARD_BYTES = 2 * 1024**3
PREFIX = "language_model."

_VISION_TO_TEXT = {"qwen3_vl": "qwen3", "qwen3_vl_moe": "qwen3_moe"}
_ARCHITECTURES = {"qwen3": "Qwen3ForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM"}
_LEFT_OUT = {
    "qwen3_vl": ("model.visual.",),
    "qwen3_vl_moe": ("model.visual.",),
    MODEL_TYPE: ("item_projector.", "taste_projector."),
}
_NOTHING: tuple[str, ...] = ()
_MROPE_KEYS = ("mrope_section", "mrope_interleaved")


@dataclass(frozen=True)
class Part:
    """One tensor of the output: where it is read from and what becomes of it on the way."""

    name: str
    shard: Path
    source: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    read: Callable[[Any, str], Tensor] = field(repr=False, compare=False)

    @property
    def bytes(self) -> int:
        return torch.Size(self.shape).numel() * self.dtype.itemsize


def text_config_of(base: PreTrainedConfig) -> PreTrainedConfig:
    """The configuration of a base's language model on its own.

    Raises:
        BadCheckpoint: a model with parts that Navigator does not know how to remove.
    """
    if base.model_type == MODEL_TYPE:
        return base.text_config
    if base.model_type not in _VISION_TO_TEXT:
        if hasattr(base, "vision_config") or hasattr(base, "text_config"):
            known = ", ".join(_VISION_TO_TEXT)
            raise BadCheckpoint(f"cannot take the vision encoder out of a {base.model_type!r}; known: {known}")
        return base
    source = base.text_config
    model_type = _VISION_TO_TEXT[base.model_type]
    values = source.to_dict()
    values.update(model_type=model_type, architectures=[_ARCHITECTURES[model_type]])
    rope = dict(source.rope_parameters or {})
    values["rope_parameters"] = {name: value for name, value in rope.items() if name not in _MROPE_KEYS}
    values["tie_word_embeddings"] = bool(base.tie_word_embeddings)
    if model_type == "qwen3_moe":
        values["num_experts"] = source.num_experts
        values["norm_topk_prob"] = True  # Qwen3-VL's router always normalises
    return AutoConfig.for_model(**values)


def plan(folder: Path, base: PreTrainedConfig, text: PreTrainedConfig) -> list[Part]:
    """Every tensor that the Navigator's language model takes from `folder`, from the shards' headers alone.

    Raises:
        BadCheckpoint: no safetensors, or a tensor of an unknown name.
    """
    parts: list[Part] = []
    vision = base.model_type in _VISION_TO_TEXT
    for shard, names in _shards(folder):
        names = [name for name in names if not name.startswith(_LEFT_OUT.get(base.model_type, _NOTHING))]
        if not names:
            continue
        with safe_open(shard, "pt") as tensors:
            for name in names:
                if name == "lm_head.weight" and text.tie_word_embeddings:
                    continue
                shape = tuple(tensors.get_slice(name).get_shape())
                dtype = tensors.get_slice(name)[:0].dtype if shape else tensors.get_tensor(name).dtype
                parts += _parts(shard, name, shape, dtype, vision, text)
    if not any(part.name.endswith("embed_tokens.weight") for part in parts):
        raise BadCheckpoint(f"{folder} has no token embeddings; is it a causal language model's folder?")
    return parts


def write(
    parts: Sequence[Part],
    extra: dict[str, Tensor],
    out: Callable[[str, Path], None],
    scratch: Path,
    *,
    shard_bytes: int = DEFAULT_SHARD_BYTES,
    transform: Callable[[str, Tensor], Tensor] = lambda _, tensor: tensor,
) -> None:
    """Write the parts and the projectors' own tensors as sharded safetensors with an index.

    Args:
        parts: from `plan`.
        extra: tensors that no base has (the projectors'), written as the last shard.
        out: is handed each file's name and where it lies; has it stored before it returns.
        scratch: a folder for one shard at a time.
        shard_bytes: largest shard; memory needed is about this much.
        transform: is handed every tensor by its new name, e.g. to add rows for new tokens.
    """
    shards = [*_cut(parts, shard_bytes), None]
    weight_map: dict[str, str] = {}
    total = 0
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = dict(extra) if shard is None else {part.name: transform(part.name, _read(part)) for part in shard}
        save_file(tensors, scratch / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, file)
        total += sum(tensor.nbytes for tensor in tensors.values())
        del tensors
        out(file, scratch / file)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    path = scratch / "model.safetensors.index.json"
    path.write_text(json.dumps(index, indent=1))
    out(path.name, path)


def read_tensors(folder: Path, names: Collection[str]) -> dict[str, Tensor]:
    """Tensors of a checkpoint by their names.

    Raises:
        BadCheckpoint: one is not there.
    """
    found: dict[str, Tensor] = {}
    for shard, own in _shards(folder):
        with safe_open(shard, "pt") as tensors:
            found |= {name: tensors.get_tensor(name) for name in own if name in names}
    if missing := sorted(set(names) - found.keys()):
        raise BadCheckpoint(f"{folder} has no {', '.join(missing)}; make it again with batch.convert")
    return found


def embedding_spread(parts: Sequence[Part], rows: int = 8192) -> float:
    """Standard deviation of the first token embeddings: the scale at which a language model reads its input."""
    part = next(part for part in parts if part.name.endswith("embed_tokens.weight"))
    with safe_open(part.shard, "pt") as tensors:
        return float(tensors.get_slice(part.source)[:rows].float().std())


def _shards(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        by_shard: dict[str, list[str]] = {}
        for name, shard in json.loads(index.read_text())["weight_map"].items():
            by_shard.setdefault(shard, []).append(name)
        for shard in sorted(by_shard):
            yield folder / shard, by_shard[shard]
        return
    single = folder / "model.safetensors"
    if not single.exists():
        raise BadCheckpoint(f"{folder} has neither model.safetensors.index.json nor model.safetensors")
    with safe_open(single, "pt") as tensors:
        yield single, list(tensors.keys())


def _parts(
    shard: Path, name: str, shape: tuple[int, ...], dtype: torch.dtype, vision: bool, text: PreTrainedConfig
) -> list[Part]:
    """What one tensor of the base becomes: itself under another name, or one tensor for each expert."""
    if not vision:
        return [Part(PREFIX + name.removeprefix(PREFIX), shard, name, shape, dtype, _whole)]
    if name == "lm_head.weight":
        return [Part(PREFIX + name, shard, name, shape, dtype, _whole)]
    if not name.startswith("model.language_model."):
        raise BadCheckpoint(f"{shard.name} has a tensor {name!r} that no Qwen3-VL has")
    target = PREFIX + name.replace("model.language_model.", "model.", 1)
    if not target.endswith((".experts.gate_up_proj", ".experts.down_proj")):
        return [Part(target, shard, name, shape, dtype, _whole)]
    return _expert_parts(shard, name, target, shape, dtype, text)


def _expert_parts(
    shard: Path, name: str, target: str, shape: tuple[int, ...], dtype: torch.dtype, text: PreTrainedConfig
) -> list[Part]:
    """One fused tensor `[E, ...]` as the separate experts that Qwen3-MoE checkpoints have.

    Published checkpoints hold `[E, H, 2I]` and `[E, I, H]`, which a linear layer reads transposed; some tools save
    `[E, 2I, H]` and `[E, H, I]`.
    """
    hidden, inner = text.hidden_size, text.moe_intermediate_size
    experts, layer = shape[0], target.rsplit(".", 1)[0]
    parts: list[Part] = []
    if target.endswith("gate_up_proj"):
        transposed = shape[1:] == (hidden, 2 * inner)
        for expert in range(experts):
            for half, projection in enumerate(("gate_proj", "up_proj")):
                read = _expert(expert, slice(half * inner, (half + 1) * inner), transposed)
                parts.append(Part(f"{layer}.{expert}.{projection}.weight", shard, name, (inner, hidden), dtype, read))
        return parts
    transposed = shape[1:] == (inner, hidden)
    for expert in range(experts):
        read = _expert(expert, slice(0, hidden), transposed)
        parts.append(Part(f"{layer}.{expert}.down_proj.weight", shard, name, (hidden, inner), dtype, read))
    return parts


def _whole(tensors: Any, name: str) -> Tensor:
    return tensors.get_tensor(name)


def _expert(expert: int, rows: slice, transposed: bool) -> Callable[[Any, str], Tensor]:
    """Read rows of one expert's matrix without reading the others."""

    def read(tensors: Any, name: str) -> Tensor:
        fused = tensors.get_slice(name)
        if transposed:
            return fused[expert : expert + 1, :, rows.start : rows.stop][0].T.contiguous()
        return fused[expert : expert + 1, rows.start : rows.stop, :][0].contiguous()

    return read


def _read(part: Part) -> Tensor:
    with safe_open(part.shard, "pt") as tensors:
        return part.read(tensors, part.source)


def _cut(parts: Sequence[Part], shard_bytes: int) -> list[list[Part]]:
    """Parts in order, in groups of at most `shard_bytes` (a larger tensor stands alone)."""
    groups: list[list[Part]] = []
    size = shard_bytes + 1
    for part in parts:
        if size + part.bytes > shard_bytes:
            groups.append([])
            size = 0
        groups[-1].append(part)
        size += part.bytes
    return groups
