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

_HELD_OUT = 0.1
_PATIENCE = 15


@dataclass(frozen=True)
class Fit:
    """How well the soft tokens can be told from the vectors: share of their variance explained on held-out items."""

    explained: float
    epochs: int


def align(
    projector: Projector,
    known: Sequence[Known],
    tokenizer: PreTrainedTokenizerBase,
    embeddings: nn.Embedding,
    *,
    max_epochs: int = 300,
    noise: float = 0.3,
    seed: int = 0,
) -> Fit:
    """Fit the projector's whitening and its two layers, in place, in float32.

    Args:
        projector: of a Navigator; its `output_scale` becomes the spread of the token embeddings.
        known: items with their vectors and facts; at least a few dozen.
        tokenizer, embeddings: the language model's.
        noise: standard deviation that is added to whitened inputs while fitting, against learning items by heart.
    """
    vectors = torch.from_numpy(np.stack([entry.shown.vectors for entry in known]))  # [N, V, D]
    fit_whitening(projector, vectors.flatten(0, 1))
    table = embeddings.weight.detach().float()
    projector.output_scale.fill_(float(table[:8192].std()))
    tokens = vectors.shape[1] * projector.down.out_features // projector.hidden_size
    targets = _targets(known, tokens, tokenizer, table) / projector.output_scale  # [N, K, H]

    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(known), generator=generator)
    held, train = order[: max(1, int(len(known) * _HELD_OUT))], order[max(1, int(len(known) * _HELD_OUT)) :]
    whitened = (vectors - projector.input_mean) @ projector.input_map  # [N, V, R]
    # Most of a picture's variance is in its first components, most of the noise in its last ones.
    optimizer = torch.optim.AdamW(
        [projector.up.weight, projector.up.bias, projector.place, *projector.down.parameters()],
        lr=1e-3,
        weight_decay=0.05,
    )
    best, best_state, waited, epochs = float("inf"), _state(projector), 0, 0
    while epochs < max_epochs:
        epochs += 1
        for batch in train[torch.randperm(len(train), generator=generator)].split(64):
            inputs = whitened[batch] + noise * torch.randn(whitened[batch].shape, generator=generator)
            loss = nn.functional.mse_loss(_tokens(projector, inputs), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            error = float(nn.functional.mse_loss(_tokens(projector, whitened[held]), targets[held]))
        if error < best - 1e-5:
            best, best_state, waited = error, _state(projector), 0
        else:
            waited += 1
            if waited >= _PATIENCE:
                break
    projector.load_state_dict(best_state)
    spread = float((targets[held] - targets[train].mean(0)).square().mean())
    return Fit(explained=1 - best / spread, epochs=epochs)


def _tokens(projector: Projector, whitened: Tensor) -> Tensor:
    hidden = nn.functional.gelu(projector.up(whitened) + projector.place)  # [n, V, W]
    return projector.down(hidden).reshape(len(whitened), -1, projector.hidden_size)  # [n, K, H]


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


def _state(projector: Projector) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in projector.state_dict().items()}
