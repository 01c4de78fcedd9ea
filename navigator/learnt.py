"""What training adds to a base model: adapters and projectors, a few megabytes, apart from the base's gigabytes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from navigator.errors import BadCheckpoint

_WEIGHTS = "navigator.safetensors"
_ABOUT = "navigator.json"


@dataclass(frozen=True)
class Shape:
    """What the projectors of a Navigator look like; see `NavigatorConfig` for each field."""

    item_dim: int = 256
    vectors_per_item: int = 1
    tokens_per_item: int = 4
    taste_dim: int | None = None
    projector_rank: int | None = None
    projector_dim: int = 1024


@dataclass(frozen=True)
class Learnt:
    """Trained tensors and what they belong to.

    Args:
        base: the model that they were trained over, e.g. `packaged:smollm2-135m`.
        shape: of the projectors.
        encoder_version: of the vectors that they were trained on.
        lora_rank, lora_alpha: of the adapters.
        tensors: by name: `*.lora_A.weight` `[r, in]`, `*.lora_B.weight` `[out, r]`, and the projectors'.
        about: how they were made and what they reached, for people.
    """

    base: str
    shape: Shape
    encoder_version: str
    lora_rank: int
    lora_alpha: int
    tensors: dict[str, Tensor] = field(repr=False)
    about: dict[str, Any] = field(default_factory=dict)

    def projectors(self) -> dict[str, Tensor]:
        """The projectors' tensors, by their names in a checkpoint."""
        return {name: tensor for name, tensor in self.tensors.items() if "projector." in name}

    def merged(self, name: str, tensor: Tensor) -> Tensor:
        """A layer's weight `[out, in]` with its adapter added; the tensor itself where there is no adapter."""
        layer = name.removesuffix(".weight")
        down, up = self.tensors.get(f"{layer}.lora_A.weight"), self.tensors.get(f"{layer}.lora_B.weight")
        if down is None or up is None:
            return tensor
        change = (up.float() @ down.float()) * (self.lora_alpha / self.lora_rank)
        return (tensor.float() + change).to(tensor.dtype)

    def save(self, folder: Path) -> None:
        """Write `navigator.safetensors` (float16, without what is all zero) and `navigator.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "base": self.base,
            "shape": asdict(self.shape),
            "encoder_version": self.encoder_version,
            "lora_rank": self.lora_rank,
            "lora_alpha": self.lora_alpha,
            "about": self.about,
        }
        kept = {name: tensor.half().contiguous() for name, tensor in self.tensors.items() if tensor.any()}
        save_file(kept, folder / _WEIGHTS)
        (folder / _ABOUT).write_text(json.dumps(about, indent=1) + "\n")


def blended(begun: Mapping[str, Tensor] | None, trained: Learnt, share: float) -> Learnt:
    """Adapters between those that a training began with and those that it ended with; projectors as it left them.

    Weights half-way often know most of what was learnt and have forgotten less (Wortsman et al., 2022, "Robust
    fine-tuning of zero-shot models"); here the adapters' factors are averaged, which begin alike.

    Args:
        begun: tensors by name that the training began with; None where its adapters were new and changed nothing.
        trained: what it ended with.
        share: of the trained, 0 to 1.
    """

    before = {name: tensor for name, tensor in (begun or {}).items() if "lora_" in name}
    # What was all zero was not saved.
    tensors = {name: torch.zeros_like(tensor) for name, tensor in before.items()} | trained.tensors
    for name, tensor in tensors.items():
        if "lora_B" in name or name in before:
            start = before.get(name, torch.zeros_like(tensor))
            tensors[name] = torch.lerp(start.float(), tensor.float(), share)
    return replace(trained, tensors=tensors, about={**trained.about, "share": share})


def without_idle_ranks(tensors: dict[str, Tensor], shape: Shape) -> tuple[dict[str, Tensor], Shape]:
    """The same projectors without the ranks that no read-out of theirs uses, which come last."""
    used = {name: int((tensors[f"{name}.properties"] >= 0).sum()) for name in ("item_projector", "taste_projector")}
    if not all(used.values()):
        return tensors, shape  # a whitening, which uses them all
    rank = max(used.values())
    ranked = {"input_map": 1, "words.weight": 1, "up.weight": 1, "properties": 0, "score_bias": 0}
    cut = dict(tensors)
    for name in used:
        for part, axis in ranked.items():
            tensor = tensors[f"{name}.{part}"]
            cut[f"{name}.{part}"] = tensor.narrow(axis, 0, min(rank, tensor.shape[axis])).contiguous()
    return cut, replace(shape, projector_rank=rank)


def load_learnt(folder: Path) -> Learnt:
    """Read what `Learnt.save` wrote.

    Raises:
        BadCheckpoint: a file is missing, or was cut off.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text())
        tensors = load_file(folder / _WEIGHTS)
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{folder} holds no trained Navigator: {error}") from error
    except Exception as error:
        raise BadCheckpoint(f"{folder / _WEIGHTS} cannot be read: {error}") from error
    about["shape"] = Shape(**about["shape"])
    return Learnt(tensors={name: tensor.to(torch.float32) for name, tensor in tensors.items()}, **about)
