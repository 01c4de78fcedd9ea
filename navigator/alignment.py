"""A warm start for the item projector: let its soft tokens begin as the words for what the item is.

A language model reads its own word embeddings best. So before it is asked to read anything, the projector is fitted by
regression to put, for each item, the embeddings of the words for its kind, colour, material and so on into its soft
tokens. That takes seconds where learning the same through the language model takes hours, and the best least-squares
guess of an embedding is the mean over what the vector leaves open: uncertainty comes out as a blend of words.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from navigator.knowledge import Known, phrase
from navigator.projector import Projector, fit_whitening

_HELD_OUT = 0.15
_FOCUS = (0.0, 0.5)
_RIDGE = (1e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True)
class Fit:
    """How well the soft tokens can be told from the vectors.

    Args:
        explained: share of the targets' variance explained on held-out items.
        focus: power of a component's deviation by which the hidden layer weighs it: 0 all alike, 1 as they are.
        ridge: of the output layer, as a share of the hidden layer's whole variance.
    """

    explained: float
    focus: float
    ridge: float


@torch.no_grad()
def align(
    projector: Projector,
    known: Sequence[Known],
    tokenizer: PreTrainedTokenizerBase,
    embeddings: nn.Embedding,
    *,
    seed: int = 0,
) -> Fit:
    """Fit the projector's whitening and its two layers, in place, in float32.

    The hidden layer is drawn at random, weighing the catalogue's main components more or less; the output layer is
    ridge regression (random features: Rahimi and Recht, 2007). Both knobs are chosen on held-out items, then all are
    used. A few seconds for a thousand items, and no steps to tune.

    Args:
        projector: of a Navigator; its `output_scale` becomes the spread of the token embeddings.
        known: items with their vectors and facts; at least a few dozen.
        tokenizer, embeddings: the language model's.
    """
    vectors = torch.from_numpy(np.stack([entry.shown.vectors for entry in known]))  # [N, V, D]
    fit_whitening(projector, vectors.flatten(0, 1))
    table = embeddings.weight.detach().float()
    projector.output_scale.fill_(float(table[:8192].std()))
    per_vector = projector.down.out_features // projector.hidden_size
    targets = _targets(known, vectors.shape[1] * per_vector, tokenizer, table) / projector.output_scale  # [N, K, H]
    targets = targets.reshape(len(known), vectors.shape[1], -1)  # [N, V, k * H]

    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
    held, train = order[: max(1, int(len(known) * _HELD_OUT))], order[max(1, int(len(known) * _HELD_OUT)) :]
    whitened = (vectors - projector.input_mean) @ projector.input_map  # [N, V, R]
    drawn = torch.randn(projector.up.weight.shape, generator=torch.Generator().manual_seed(seed))  # [W, R]
    shift = torch.randn(projector.up.bias.shape, generator=torch.Generator().manual_seed(seed + 1))  # [W]
    projector.place.zero_()
    deviation = projector.input_map.norm(dim=0).clamp_min(1e-9).reciprocal()  # [R]
    spread = float((targets[held] - targets[train].mean(0)).square().mean())
    best = Fit(float("-inf"), 0.0, 0.0)
    for focus in _FOCUS:
        _draw_hidden(projector, drawn, shift, deviation**focus)
        hidden = _hidden(projector, whitened)  # [N, V, W]
        for ridge in _RIDGE:
            _solve(projector, hidden[train], targets[train], ridge)
            error = float((projector.down(hidden[held]) - targets[held]).square().mean())
            best = max(best, Fit(1 - error / spread, focus, ridge), key=lambda fit: fit.explained)
    _draw_hidden(projector, drawn, shift, deviation**best.focus)
    _solve(projector, _hidden(projector, whitened), targets, best.ridge)
    return best


def _draw_hidden(projector: Projector, drawn: Tensor, shift: Tensor, weight: Tensor) -> None:
    """Random directions that look at each component as much as `weight` `[R]` says, with unit variance over all."""
    scale = weight / weight.square().sum().sqrt()
    projector.up.weight.copy_(drawn * scale)
    projector.up.bias.copy_(0.5 * shift)


def _hidden(projector: Projector, whitened: Tensor) -> Tensor:
    return nn.functional.gelu(projector.up(whitened) + projector.place)


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


def _targets(known: Sequence[Known], tokens: int, tokenizer: PreTrainedTokenizerBase, table: Tensor) -> Tensor:
    """Embeddings that the soft tokens should have: `[N, K, H]`.

    The kind comes first; facts follow by how many items have them, dealt out over the K tokens in turn.
    """
    frequency = Counter(name for entry in known for name in entry.facts)
    names = [name for name, _ in frequency.most_common()]
    slot = {name: (place + 1) % tokens for place, name in enumerate(names)}
    cache: dict[str, Tensor] = {}

    def words(text: str) -> Tensor:
        if text not in cache:
            ids = tokenizer.encode(f" {text}", add_special_tokens=False)
            cache[text] = table[ids].sum(0) / len(ids) ** 0.5
        return cache[text]

    targets = torch.zeros(len(known), tokens, table.shape[1])
    for row, entry in enumerate(known):
        said: list[list[Tensor]] = [[] for _ in range(tokens)]
        said[0].append(words(entry.kind))
        for name, value in entry.facts.items():
            said[slot[name]].append(words(phrase(name, value)))
        for place, embeddings in enumerate(said):
            if embeddings:
                targets[row, place] = torch.stack(embeddings).sum(0) / len(embeddings) ** 0.5
    return targets
