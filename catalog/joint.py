"""The trained head: picture and word features of a base encoder, fused into one vector of one joint space.

Three kinds of input meet in the same space: items with picture and words, queries in words alone, and pictures alone.
A missing half is simply the average picture or the average text, for features are centred on the catalogue's mean
before they are mixed. The vector is a Matryoshka (Kusupati et al., NeurIPS 2022, arXiv 2205.13147): its first 64 or 128
numbers, scaled to unit length again, are a smaller vector of the same space.

`batch.train_encoder` trains heads; this file is what a replica needs to use one.
"""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional

from catalog.encoder import Features, Vectors
from catalog.errors import InvalidInput, NotFound, VersionMismatch

WEIGHTS = Path(__file__).parent / "weights"
"""Heads and composers that come with Windowshop: `demo-head.safetensors`, `demo-composer.safetensors`."""

SIZES = (64, 128, 256)
"""The Matryoshka sizes that heads are trained at."""

_FUSED_AT_A_TIME = 4096


@dataclass(frozen=True)
class HeadConfig:
    """The shape of a head.

    Attributes:
        image_dim, text_dim: of the base encoder's features.
        image_rank, text_rank: directions that are kept of them, those in which the catalogue varies most. Keeping few
            keeps a small catalogue from being learnt by heart.
        hidden: width of the non-linear path; 0 leaves it out, which suits small catalogues.
        sizes: Matryoshka sizes, rising; the last is the full vector.
    """

    image_dim: int
    text_dim: int
    image_rank: int = 320
    text_rank: int = 320
    hidden: int = 0
    sizes: tuple[int, ...] = SIZES

    @property
    def dim(self) -> int:
        return self.sizes[-1]


class JointNetwork(nn.Module):
    """Features → joint vector: whiten each half, then a linear map (and, if asked, a two-layer one), then unit length.

    A linear map of few directions keeps the geometry of the base features, which know much about pictures and words in
    general, and leaves little room to learn a small catalogue by heart. The whitening is computed once
    (`fit_whitening`) and not trained.
    """

    image_mean: Tensor
    image_basis: Tensor
    text_mean: Tensor
    text_basis: Tensor

    def __init__(self, config: HeadConfig, dropout: float = 0.0, input_dropout: float = 0.0) -> None:
        """
        Args:
            config: the shape.
            dropout: of the hidden layer, in 0..1; in training only.
            input_dropout: of the whitened features, in 0..1; in training only.
        """
        super().__init__()
        width = config.image_rank + config.text_rank
        self.config = config
        self.register_buffer("image_mean", torch.zeros(config.image_dim))
        self.register_buffer("image_basis", torch.zeros(config.image_dim, config.image_rank))
        self.register_buffer("text_mean", torch.zeros(config.text_dim))
        self.register_buffer("text_basis", torch.zeros(config.text_dim, config.text_rank))
        self.linear = nn.Linear(width, config.dim, bias=False)
        self.inner = nn.Linear(width, config.hidden) if config.hidden else None
        self.outer = nn.Linear(config.hidden, config.dim) if config.hidden else None
        self.companion = nn.Linear(config.dim, config.dim, bias=False)
        nn.init.eye_(self.companion.weight)
        self.input_dropout = nn.Dropout(input_dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """
        Args:
            image: float [n, Di]; a zero row is a missing picture.
            text: float [n, Dt]; a zero row is missing words.

        Returns:
            float [n, dim], unit rows; zero where both are missing.
        """
        return self.mix(self.whiten(image, text))

    def whiten(self, image: Tensor, text: Tensor) -> Tensor:
        """Centre and rotate both halves; missing ones become zero, which is the mean. → float [n, Ri + Rt]"""
        has_image = image.abs().amax(-1, keepdim=True) > 0  # [n, 1]
        has_text = text.abs().amax(-1, keepdim=True) > 0
        halves = (
            ((image - self.image_mean) @ self.image_basis) * has_image,
            ((text - self.text_mean) @ self.text_basis) * has_text,
        )
        return torch.cat(halves, dim=-1)

    def mix(self, white: Tensor) -> Tensor:
        """Whitened features float [n, Ri + Rt] → float [n, dim], unit rows; a zero row stays zero."""
        dropped = self.input_dropout(white)
        joint = self.linear(dropped)
        if self.inner is not None and self.outer is not None:
            joint = joint + self.outer(self.dropout(functional.gelu(self.inner(dropped))))
        known = white.abs().amax(-1, keepdim=True) > 0  # biases must not make a vector out of nothing
        return functional.normalize(joint.float(), dim=-1) * known

    def companions(self, vectors: Tensor) -> Tensor:
        """Unit vectors of items → unit vectors to search for what goes with them. float [n, size] both, at any size."""
        size = vectors.shape[1]
        return functional.normalize((vectors @ self.companion.weight[:size, :size].T).float(), dim=-1)

    @torch.no_grad()
    def fit_whitening(self, image: Tensor, text: Tensor) -> None:
        """Set means and bases from features float [n, Di], [n, Dt]; missing (zero) rows do not count.

        Each basis is the features' leading principal directions, all scaled by one number so that the mean variance
        of the kept coordinates is 1: the halves become comparable, and within a half strong directions stay strong.
        """
        for half, features in (("image", image), ("text", text)):
            known = features[features.abs().amax(-1) > 0]
            basis = getattr(self, f"{half}_basis")
            if len(known) < 2:
                continue
            mean = known.mean(0)
            spread, directions = torch.linalg.eigh(torch.cov((known - mean).T))  # rising
            rank = basis.shape[1]
            kept = directions[:, -rank:].flip(-1)
            scale = spread[-rank:].clamp(min=0).mean().sqrt().clamp(min=1e-6)
            getattr(self, f"{half}_mean").copy_(mean)
            basis.copy_(kept / scale)


class JointHead:
    """A trained head, ready to use (the `Head` of `catalog.encoder`). Not changed after it is made."""

    def __init__(
        self, network: JointNetwork, base_version: str, size: int | None = None, notes: Mapping[str, Any] | None = None
    ) -> None:
        """
        Args:
            network: its weights.
            base_version: the base encoder's version whose features it was trained on.
            size: one of the Matryoshka sizes; by default the full one.
            notes: how it was made, kept with the weights; JSON.

        Raises:
            InvalidInput: it was not trained at that size.
        """
        config = network.config
        if size is not None and size not in config.sizes:
            raise InvalidInput(f"this head has sizes {', '.join(map(str, config.sizes))}, not {size}")
        # What is used is what is stored: a head answers the same before and after it was saved.
        self.network = copy.deepcopy(network).cpu().half().float().eval().requires_grad_(False)
        self.base_version = base_version
        self.dim = size or config.dim
        self.notes = dict(notes or {})

        self.version = self._named_by_weights()

    def at(self, size: int) -> "JointHead":
        """The same head, giving vectors of a smaller Matryoshka size. Raises InvalidInput for other sizes."""
        return JointHead(self.network, self.base_version, size, self.notes)

    @torch.inference_mode()
    def fuse(self, features: Features) -> Vectors:
        """Features of n items or queries, either half zero where missing → float32 [n, dim], L2-normalised.

        Raises:
            InvalidInput: the features do not have the dimensions that the head was trained on.
        """
        config = self.network.config
        found = (features.image.shape[1], features.text.shape[1])
        if found != (config.image_dim, config.text_dim):
            raise InvalidInput(
                f"the head reads features of {config.image_dim} + {config.text_dim} numbers, not {found}"
            )
        out = np.empty((len(features.image), self.dim), dtype=np.float32)
        for start in range(0, len(out), _FUSED_AT_A_TIME):
            rows = slice(start, start + _FUSED_AT_A_TIME)
            joint = self.network(_tensor(features.image[rows]), _tensor(features.text[rows]))  # [b, full]
            out[rows] = self._shorten(joint)
        return out

    @torch.inference_mode()
    def companions(self, vectors: Vectors) -> Vectors:
        """What to search for, to find what goes with items rather than what is like them.

        Args:
            vectors: float32 [n, dim] of items, as `fuse` gives them and the table has them.

        Returns:
            float32 [n, dim], L2-normalised, to be compared with item vectors.

        Raises:
            InvalidInput: vectors of another size.
        """
        if vectors.shape[1] != self.dim:
            raise InvalidInput(f"this head's vectors have {self.dim} numbers, not {vectors.shape[1]}")
        return self.network.companions(_tensor(vectors)).numpy()

    def save(self, uri: str) -> None:
        """Write the head as one safetensors file, weights in float16, to a path or fsspec URI."""
        with fsspec.open(uri, "wb", auto_mkdir=True) as file:
            file.write(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The file that `save` writes."""
        weights = {name: value.half().contiguous() for name, value in self.network.state_dict().items()}
        about = {"config": asdict(self.network.config), "base_version": self.base_version, "notes": self.notes}
        return save(weights, metadata={"joint_head": json.dumps(about)})

    def _named_by_weights(self) -> str:
        """Two heads of one version give the same vectors."""
        digest = hashlib.sha256(self.base_version.encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + value.contiguous().numpy().tobytes())
        full = f"joint-{digest.hexdigest()[:10]}"
        return full if self.dim == self.network.config.dim else f"{full}-{self.dim}d"

    def _shorten(self, joint: Tensor) -> Vectors:
        if self.dim < joint.shape[1]:
            joint = functional.normalize(joint[:, : self.dim], dim=-1)
        return joint.numpy()


def load_head(uri: str, size: int | None = None, base_version: str | None = None) -> JointHead:
    """Read a head that `JointHead.save` wrote.

    Args:
        uri: a path or fsspec URI.
        size: a Matryoshka size; by default the full one.
        base_version: refuse a head that was trained on another base encoder.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is no head, or has no such size.
        VersionMismatch: it was trained on another base encoder.
    """
    try:
        with fsspec.open(uri, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise NotFound(f"there is no head at {uri}") from error
    head = head_from_bytes(data, size)
    if base_version is not None and head.base_version != base_version:
        raise VersionMismatch(f"the head at {uri} was trained on {head.base_version}, not on {base_version}")
    return head


def head_from_bytes(data: bytes, size: int | None = None) -> JointHead:
    """Read a head from the bytes of its file. Raises InvalidInput if they are none, or it has no such size."""
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # the safetensors format
        about = json.loads(header["__metadata__"]["joint_head"])
        config = HeadConfig(**{**about["config"], "sizes": tuple(about["config"]["sizes"])})
        network = JointNetwork(config)
        network.load_state_dict(load(data))
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InvalidInput(f"this is no head written by this version of Windowshop: {error}") from error
    return JointHead(network, about["base_version"], size, about["notes"])


def _tensor(values: Vectors) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
