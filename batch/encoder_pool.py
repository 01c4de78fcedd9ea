"""The training items as a network reads them: whitened once, each half apart, and drawn in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from batch.encoder_data import TrainingItems
from catalog.joint import JointNetwork

Rows = NDArray[np.int64]

_WHITENED_AT_A_TIME = 8192


@dataclass(frozen=True)
class Pool:
    """n items, whitened, on the training device.

    Attributes:
        image, text: float [n, Ri], [n, Rt]; zero where an item has no picture or no words.
        complete: rows with both, from which pictures and words are matched.
        twins: int64 [n]; items of one number have the same words, which are no wrong answer for each other.
        phrases: float [p, Ri + Rt]; what may be asked for, words alone; p is 0 where nothing was made up.
    """

    image: Tensor
    text: Tensor
    complete: Rows
    twins: Tensor
    phrases: Tensor

    def __len__(self) -> int:
        return len(self.image)

    def fused(self, rows: Tensor | slice) -> Tensor:
        """Both halves of some rows. float [b, Ri + Rt]"""
        return torch.cat([self.image[rows], self.text[rows]], dim=1)

    def pictures(self, rows: Tensor | slice) -> Tensor:
        """Some rows without their words. float [b, Ri + Rt]"""
        return torch.cat([self.image[rows], torch.zeros_like(self.text[rows])], dim=1)

    def words(self, rows: Tensor | slice) -> Tensor:
        """Some rows without their pictures. float [b, Ri + Rt]"""
        return torch.cat([torch.zeros_like(self.image[rows]), self.text[rows]], dim=1)


@torch.no_grad()
def make_pool(items: TrainingItems, network: JointNetwork, device: str) -> Pool:
    """Whiten all items with the network's basis, which must have been fitted."""
    rank = network.config.image_rank
    image = torch.empty(len(items), rank, device=device)
    text = torch.empty(len(items), network.config.text_rank, device=device)
    for start in range(0, len(items), _WHITENED_AT_A_TIME):
        rows = np.arange(start, min(start + _WHITENED_AT_A_TIME, len(items)))
        white = network.whiten(*(half.to(device) for half in items.features(rows)))
        image[start : start + len(rows)], text[start : start + len(rows)] = white[:, :rank], white[:, rank:]
    has_both = (np.abs(items.image).max(axis=1) > 0) & (np.abs(items.text).max(axis=1) > 0)
    numbers: dict[bytes, int] = {}
    twins = [numbers.setdefault(row.tobytes(), len(numbers)) for row in items.text]
    numbered = torch.tensor(twins, dtype=torch.int64, device=device)
    return Pool(image, text, np.flatnonzero(has_both), numbered, _phrases(items, network, device))


def _phrases(items: TrainingItems, network: JointNetwork, device: str) -> Tensor:
    config = network.config
    if items.phrases is None:
        return torch.zeros(0, config.image_rank + config.text_rank, device=device)
    words = torch.from_numpy(items.phrases.text.astype(np.float32)).to(device)
    return network.whiten(torch.zeros(len(words), config.image_dim, device=device), words)


@dataclass(frozen=True)
class NeighbourBatch:
    """Queries and the candidates among which they must find their own.

    Attributes:
        queries: int64 [B] rows of the pool.
        candidates: int64 [C] rows of the pool.
        positives: float [B, C]: boards that query and candidate share.
        excluded: bool [B, C]: the query itself.
    """

    queries: Tensor
    candidates: Tensor
    positives: Tensor
    excluded: Tensor


def neighbour_batches(
    shared: csr_matrix, size: int, candidates: int, rng: np.random.Generator, device: str
) -> Iterator[NeighbourBatch]:
    """Endless batches of items on boards. If the catalogue has more than `candidates` items, each batch draws its own:
    some of every query's neighbours, and random others; who shares a board with a query is never a wrong answer for it.
    """
    n = shared.shape[0]
    on_boards = np.flatnonzero(np.diff(shared.indptr))
    while True:
        order = rng.permutation(on_boards)
        for start in range(0, len(order), size):
            queries = order[start : start + size]
            chosen = np.arange(n) if n <= candidates else _draw_candidates(shared, queries, candidates, rng)
            positives = shared[queries][:, chosen].toarray()
            yield NeighbourBatch(
                torch.from_numpy(queries).to(device),
                torch.from_numpy(chosen).to(device),
                torch.from_numpy(positives).to(device),
                torch.from_numpy(queries[:, None] == chosen[None, :]).to(device),
            )


def row_batches(rows: Rows, size: int, rng: np.random.Generator, device: str) -> Iterator[Tensor]:
    """Endless batches of rows, int64 [<= size], each row once per pass."""
    while True:
        order = rng.permutation(rows)
        for start in range(0, len(order), size):
            yield torch.from_numpy(order[start : start + size]).to(device)


def _draw_candidates(shared: csr_matrix, queries: Rows, count: int, rng: np.random.Generator) -> Rows:
    each = max(1, count // (2 * len(queries)))
    near = [shared.indices[shared.indptr[q] : shared.indptr[q + 1]] for q in queries]
    some = [rng.choice(found, each, replace=False) if len(found) > each else found for found in near]
    others = rng.integers(shared.shape[0], size=count)
    chosen = np.unique(np.concatenate([*some, queries]))
    return np.unique(np.concatenate([chosen, others[: max(0, count - len(chosen))]])).astype(np.int64)
