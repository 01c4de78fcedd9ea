"""How good a head is on what it has not seen: boards that were held out, and words of products that were held out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from batch.encoder_data import shared_boards
from batch.encoder_pool import Pool, Rows
from catalog.joint import JointNetwork

K = 10
_QUERIES_AT_A_TIME = 512
MAX_QUERIES = 4096


@dataclass(frozen=True)
class Validation:
    """Shares of queries that found what they should among their first ten, 0..1; None where nothing was held out.

    Attributes:
        board_hit: the companion query of an item finds another item of a held-out board that has both, in the whole
            catalogue.
        cold_board_hit: the same for items that no training board holds.
        text_to_picture: held-out words find their own picture among all held-out pictures.
    """

    board_hit: float | None
    cold_board_hit: float | None
    text_to_picture: float | None

    @property
    def score(self) -> float:
        """Mean of what could be measured; what early stopping goes by."""
        found = [value for value in (self.board_hit, self.text_to_picture) if value is not None]
        return float(np.mean(found)) if found else 0.0

    def metrics(self) -> dict[str, float]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@torch.no_grad()
def validate(
    network: JointNetwork, pool: Pool, trained_on: csr_matrix, held_boards: Sequence[Rows], held_items: Rows
) -> Validation:
    """Measure a network on held-out boards (rows of items) and held-out items (rows with words and picture)."""
    network.eval()
    board_hit = cold_hit = None
    if held_boards:
        vectors = torch.cat([network.mix(pool.fused(slice(s, s + 8192))) for s in range(0, len(pool), 8192)])
        wanted = shared_boards(held_boards, len(pool))
        queries = np.flatnonzero(np.diff(wanted.indptr))[:MAX_QUERIES]
        hits = board_hits(network.companions(vectors[queries]), vectors, queries, wanted)
        cold = np.diff(trained_on.indptr)[queries] == 0
        board_hit = float(hits.mean()) if len(hits) else None
        cold_hit = float(hits[cold].mean()) if cold.any() else None
    recall = None
    if len(held_items) > 2 * K:
        rows = torch.from_numpy(held_items).to(pool.image.device)
        recall = recall_at_k(network.mix(pool.words(rows)), network.mix(pool.pictures(rows)))
    return Validation(board_hit, cold_hit, recall)


def board_hits(queries: Tensor, catalogue: Tensor, rows: Rows, wanted: csr_matrix, k: int = K) -> NDArray[np.bool_]:
    """Whether each query has one of its wanted items among its k nearest in the catalogue, itself apart.

    Args:
        queries: float [q, D]; catalogue: float [n, D]; unit rows.
        rows: int64 [q], where the queries stand in the catalogue.
        wanted: sparse [n, n]; what belongs with each item of the catalogue.
    """
    hits = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), _QUERIES_AT_A_TIME):
        some = rows[start : start + _QUERIES_AT_A_TIME]
        scores = queries[start : start + len(some)] @ catalogue.T  # [b, n]
        scores[torch.arange(len(some)), torch.from_numpy(some)] = -torch.inf
        nearest = scores.topk(min(k, scores.shape[1] - 1), dim=1).indices.cpu().numpy()
        for i, row in enumerate(some):
            own = wanted.indices[wanted.indptr[row] : wanted.indptr[row + 1]]
            hits[start + i] = bool(np.isin(nearest[i], own).any())
    return hits


def recall_at_k(queries: Tensor, answers: Tensor, k: int = K) -> float:
    """Share of queries [q, D] whose own answer (the same row of [q, D]) is among their k nearest answers."""
    scores = queries @ answers.T
    own = scores.diagonal()[:, None]
    ahead = (scores >= own).sum(dim=1) - 1  # a tie counts against the query
    return float((ahead < k).float().mean())
