"""A warm start for the item projector: let its soft tokens begin as the words for what the item is.

A language model reads its own word embeddings best. So before it is asked to read anything, the projector is fitted by
regression to put, for each item, the embeddings of the words for its kind, colour, material and so on into its soft
tokens. That takes a minute where learning the same through the language model takes hours, and uncertainty comes out as
a blend of words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from navigator.knowledge import Known
from navigator.projector import Projector, fit_whitening
from navigator.readouts import Readouts, cross_fitted, fit_readouts
from navigator.soft_words import KIND, SoftWords

_HELD_OUT = 0.15
_RIDGE = (1e-4, 1e-3, 1e-2)
_SHARPNESS = 4.0
"""What read-outs' scores are multiplied by. With 2 they are as sure as they are right; but a small language model reads
a blend of words worse than the one that is most likely, and chooses among items better where they speak plainly."""


@dataclass(frozen=True)
class Fit:
    """How well the soft tokens can be told from the vectors.

    Args:
        explained: share of the targets' variance explained on held-out items.
        read: share of held-out items' facts whose word is the nearest, among its property's, to their soft token.
        sharpness: what the read-outs' scores are multiplied by.
        values: pairs of property and value that read-outs score, in their order; empty where there are none.
    """

    explained: float
    read: float
    sharpness: float
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Heard:
    """Read-outs of a catalogue, and the scores `[N, R]` of its items by read-outs that did not know them."""

    readouts: Readouts
    unseen: Tensor


@torch.no_grad()
def align(
    projector: Projector,
    known: Sequence[Known],
    tokenizer: PreTrainedTokenizerBase,
    embeddings: nn.Embedding,
    *,
    heard: Heard | None = None,
    seed: int = 0,
) -> Fit:
    """Fit the projector in place, in float32, so that its soft tokens are words for what the items are.

    With one vector an item, read-outs of the properties (`navigator.readouts`) weigh the words. Otherwise the input
    transform becomes principal components, the hidden layer random directions, and the output layer ridge regression
    onto the words (random features: Rahimi and Recht, 2007), its penalty chosen on held-out items. A minute or two for
    a thousand items.

    Args:
        projector: of a Navigator; its `output_scale` becomes the spread of the token embeddings.
        known: items with their vectors and facts; at least a few dozen.
        tokenizer, embeddings: the language model's.
        heard: what `hear` gave for these items and this rank, to hear them once for several projectors.
    """
    vectors = torch.from_numpy(np.stack([entry.shown.vectors for entry in known])).float()  # [N, V, D]
    table = embeddings.weight.detach().float()
    projector.output_scale.fill_(float(table[:8192].std()))
    projector.place.zero_()
    tokens = vectors.shape[1] * projector.down.out_features // projector.hidden_size
    heard = heard or hear(known, projector.input_map.shape[1])
    names = heard.readouts.names if heard is not None else None
    words = SoftWords(known, tokens, tokenizer, table / projector.output_scale, names)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
    count = max(1, int(len(known) * _HELD_OUT))
    if heard is not None:
        return _speak(projector, words, heard)
    return _regress(projector, words, vectors, order[:count], order[count:], seed)


def hear(known: Sequence[Known], rank: int) -> Heard | None:
    """Fit read-outs of the items' properties, `rank` at most; None for items of several vectors, or without facts."""
    vectors = torch.from_numpy(np.stack([entry.shown.vectors for entry in known])).float()  # [N, V, D]
    facts = [{KIND: entry.kind, **entry.facts} for entry in known]
    readouts = fit_readouts(vectors[:, 0], facts, rank) if vectors.shape[1] == 1 else None
    return Heard(readouts, cross_fitted(readouts, vectors[:, 0], facts)) if readouts else None


def _speak(projector: Projector, words: SoftWords, heard: Heard) -> Fit:
    """Let read-outs weigh words."""
    readouts, unseen = heard.readouts, heard.unseen
    count = len(readouts.values)
    names = list(readouts.names)
    projector.input_mean.copy_(readouts.mean)
    projector.properties.fill_(-1)
    projector.properties[:count] = torch.tensor([float(names.index(name)) for name, _ in readouts.values])
    spoken = torch.stack([words.spoken(name, value) for name, value in readouts.values])  # [R', K * H]
    projector.words.weight.zero_()
    projector.words.weight[:, :count] = spoken.T
    projector.down.weight.zero_()
    projector.down.bias.zero_()
    targets = words.targets().flatten(1)  # [N, K * H]
    spread = float((targets - targets.mean(0)).square().mean())
    scores = torch.zeros(len(unseen), 1, projector.input_map.shape[1])
    projector.score_bias.zero_()
    scores[:, 0, :count] = unseen * _SHARPNESS
    told = projector.words(projector._said(scores))[:, 0]  # [N, K * H]
    projector.input_map.zero_()
    projector.input_map[:, :count].copy_(readouts.map * _SHARPNESS)
    projector.score_bias[:count] = readouts.bias * _SHARPNESS
    explained = 1 - float((told - targets).square().mean()) / spread
    return Fit(explained, words.read(told, range(len(told))), _SHARPNESS, readouts.values)


def _regress(projector: Projector, words: SoftWords, vectors: Tensor, held: Tensor, train: Tensor, seed: int) -> Fit:
    """Principal components, random features, ridge regression onto the words."""
    fit_whitening(projector, vectors.flatten(0, 1))
    targets = words.targets().reshape(*vectors.shape[:2], -1)  # [N, V, k * H]
    whitened = (vectors - projector.input_mean) @ projector.input_map  # [N, V, R]
    generator = torch.Generator().manual_seed(seed)
    projector.up.weight.copy_(
        torch.randn(projector.up.weight.shape, generator=generator) / projector.up.in_features**0.5
    )
    projector.up.bias.copy_(0.5 * torch.randn(projector.up.bias.shape, generator=generator))
    hidden = nn.functional.gelu(projector.up(whitened) + projector.place)  # [N, V, W]
    spread = float((targets[held] - targets[train].mean(0)).square().mean())
    best, penalty = Fit(float("-inf"), 0.0, 1.0), _RIDGE[0]
    for ridge in _RIDGE:
        _solve(projector, hidden[train], targets[train], ridge)
        told = projector.down(hidden[held])  # [n, V, k * H]
        explained = 1 - float((told - targets[held]).square().mean()) / spread
        if explained > best.explained:
            best, penalty = Fit(explained, words.read(told, held.tolist()), 1.0), ridge
    _solve(projector, hidden, targets, penalty)
    return best


def _solve(projector: Projector, hidden: Tensor, targets: Tensor, ridge: float) -> None:
    """Ridge regression of targets `[N, V, k * H]` on hidden `[N, V, W]` into the output layer."""
    x, y = hidden.flatten(0, 1).double(), targets.flatten(0, 1).double()
    x_mean, y_mean = x.mean(0), y.mean(0)
    x, y = x - x_mean, y - y_mean
    gram = x.T @ x  # [W, W]
    gram += ridge * gram.trace() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, x.T @ y)  # [W, k * H]
    projector.down.weight.copy_(weight.T)
    projector.down.bias.copy_(y_mean - x_mean @ weight)
