"""Composed queries: a product or picture, and words that change it ("like this, but in green velvet").

Adding the two vectors asks for something that is half the one and half the other. The composer has learnt what words
replace and what they leave: a gate keeps the numbers of the reference that the words do not touch, and a residual moves
the others (Vo et al., "Composing Text and Image for Image Retrieval", CVPR 2019, arXiv 1812.07119, in vectors rather
than feature maps). What comes out is a vector of the joint space, to be compared with items as any other query.

`batch.train_encoder` trains composers, from pairs of items of one kind that differ in color or material.
"""

import copy
import hashlib
import json
from dataclasses import asdict, dataclass

import fsspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional

from catalog.encoder import Vectors
from catalog.errors import InvalidInput, NotFound, VersionMismatch


@dataclass(frozen=True)
class ComposerConfig:
    """The shape of a composer.

    Attributes:
        dim: of the joint space.
        text_dim: of the base encoder's text features.
        hidden: width of the layer that both inputs meet in.
    """

    dim: int
    text_dim: int
    hidden: int = 256


class ComposerNetwork(nn.Module):
    """(reference vector, text features of the change) → joint vector."""

    def __init__(self, config: ComposerConfig, dropout: float = 0.0) -> None:
        """
        Args:
            config: the shape.
            dropout: of the hidden layer, 0..1; in training only.
        """
        super().__init__()
        self.config = config
        self.meet = nn.Linear(config.dim + config.text_dim, config.hidden)
        self.gate = nn.Linear(config.hidden, config.dim)
        self.residual = nn.Linear(config.hidden, config.dim)
        self.dropout = nn.Dropout(dropout)
        nn.init.constant_(self.gate.bias, 2.0)  # it begins by keeping most of the reference

    def forward(self, reference: Tensor, words: Tensor) -> Tensor:
        """
        Args:
            reference: float [n, dim], unit rows: an item's vector, or that of a picture alone.
            words: float [n, text_dim], unit rows: base text features of the change.

        Returns:
            float [n, dim], unit rows: normalise(σ(gate) · reference + residual).
        """
        # Unit rows have numbers of about 1/√d; scaled up, the layer sees them at a spread of about 1.
        scaled = torch.cat([reference * reference.shape[1] ** 0.5, words * words.shape[1] ** 0.5], dim=1)
        hidden = self.dropout(functional.gelu(self.meet(scaled)))  # [n, hidden]
        kept = torch.sigmoid(self.gate(hidden)) * reference
        moved = self.residual(hidden) / reference.shape[1] ** 0.5
        return functional.normalize((kept + moved).float(), dim=-1)


class Composer:
    """A trained composer, ready to use. Belongs to one encoder version."""

    def __init__(self, network: ComposerNetwork, encoder_version: str) -> None:
        """
        Args:
            network: its weights.
            encoder_version: version of the encoder (base and head) whose vectors it reads and gives.
        """
        # What is used is what is stored: a composer answers the same before and after it was saved.
        self.network = copy.deepcopy(network).cpu().half().float().eval().requires_grad_(False)
        self.encoder_version = encoder_version
        digest = hashlib.sha256(encoder_version.encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + value.contiguous().numpy().tobytes())
        self.version = f"composer-{digest.hexdigest()[:10]}"

    @torch.inference_mode()
    def compose(self, references: Vectors, words: Vectors) -> Vectors:
        """What to search for, given references and changes.

        Args:
            references: float32 [n, dim], unit rows of the encoder's joint space: items, or pictures alone.
            words: float32 [n, text_dim], the base encoder's features of "in green velvet". A zero row changes nothing.

        Returns:
            float32 [n, dim], L2-normalised.

        Raises:
            InvalidInput: numbers of rows or dimensions do not fit.
        """
        config = self.network.config
        if references.shape != (len(words), config.dim) or words.shape[1:] != (config.text_dim,):
            raise InvalidInput(
                f"a composer reads n x {config.dim} references and n x {config.text_dim} words, "
                f"not {references.shape} and {words.shape}"
            )
        before, change = torch.from_numpy(references).float(), torch.from_numpy(words).float()
        said = change.abs().amax(dim=1, keepdim=True) > 0
        return torch.where(said, self.network(before, change), before).numpy()

    def save(self, uri: str) -> None:
        """Write the composer as one safetensors file, weights in float16, to a path or fsspec URI."""
        weights = {name: value.half().contiguous() for name, value in self.network.state_dict().items()}
        about = {"config": asdict(self.network.config), "encoder_version": self.encoder_version}
        with fsspec.open(uri, "wb", auto_mkdir=True) as file:
            file.write(save(weights, metadata={"composer": json.dumps(about)}))


def load_composer(uri: str, encoder_version: str | None = None) -> Composer:
    """Read a composer that `Composer.save` wrote.

    Args:
        uri: a path or fsspec URI.
        encoder_version: refuse a composer of another encoder.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is no composer.
        VersionMismatch: it belongs to another encoder.
    """
    try:
        with fsspec.open(uri, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise NotFound(f"there is no composer at {uri}") from error
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # the safetensors format
        about = json.loads(header["__metadata__"]["composer"])
        network = ComposerNetwork(ComposerConfig(**about["config"]))
        network.load_state_dict(load(data))
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InvalidInput(f"{uri} is no composer written by this version of Windowshop: {error}") from error
    if encoder_version is not None and about["encoder_version"] != encoder_version:
        raise VersionMismatch(f"the composer at {uri} is of {about['encoder_version']}, not of {encoder_version}")
    return Composer(network, about["encoder_version"])
