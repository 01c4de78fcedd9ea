"""What is found together: for each item, the items that the same people and boards have, normalised.

The neighbours' weights are RP3beta's (Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for
interactive applications", TiiS 2017) in a symmetric dress: the chance of a step item → set → item, over powers of both
items' popularity. Factors generalise and this memorises; each is right about other pairs, so scores use both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]

FROM_POWER, TO_POWER = 0.5, 0.6
"""Powers of popularity that a co-occurrence is divided by: of the item a person has, and of the one they might want."""

SMOOTHING = 0.3
"""Added to a co-occurrence (in units of the mean over all pairs) before its logarithm is taken."""


NEIGHBOURS = 500
"""That an item keeps at most; an item that few acted on has fewer."""


@dataclass(frozen=True, eq=False)
class Together:
    """The strongest neighbours of each of N items, as compressed rows."""

    indptr: NDArray[np.int64]  # [N + 1]
    indices: NDArray[np.int32]  # [E]
    weights: Floats  # [E], 1 is what a random pair of items has on average

    def neighbours(self, row: int) -> tuple[NDArray[np.int32], Floats]:
        """Items found with one item, strongest first, and how strongly."""
        part = slice(self.indptr[row], self.indptr[row + 1])
        return self.indices[part], self.weights[part]

    def evidence(self, rows: NDArray[np.integer], weights: Floats, of: NDArray[np.integer] | None = None) -> Floats:
        """How strongly items are found with a weighted set.

        Args:
            rows: [n], the set's; weights: [n], ≥ 0.
            of: [m] rows that are asked about, -1 for items that are none of these; None for all N.

        Returns:
            Logarithms, [m] or [N]; 0 where nothing is known.
        """
        total = float(weights.sum())
        if of is None:
            at, near, strengths = self._rows(rows)
            shares = (weights / max(total, 1e-30))[at]
            found = np.bincount(near, strengths * shares, minlength=len(self.indptr) - 1).astype(np.float32)
            return _logarithm(found)
        asked, place = np.unique(of, return_inverse=True)
        sums = np.zeros(len(asked), np.float32)
        if total > 0 and len(asked):
            one, other, strengths = self.between(rows, asked)
            shares = (weights / total)[one]
            sums = np.bincount(other, strengths * shares, minlength=len(asked)).astype(np.float32)
        return _logarithm(sums[place])

    def between(
        self, rows: NDArray[np.integer], asked: NDArray[np.integer]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """What joins some items with others, where anything does.

        Args:
            rows: [n], those whose neighbours are looked at.
            asked: [m] ascending, m ≥ 1, those that are looked for among them.

        Returns:
            Positions in `rows`, positions in `asked`, and how strongly.
        """
        one, near, strengths = self._rows(rows)
        at = np.minimum(np.searchsorted(asked, near), len(asked) - 1)
        hit = np.flatnonzero(asked[at] == near)
        return one[hit], at[hit], strengths[hit]

    def _rows(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
        """All neighbours of some items: positions in `rows`, the neighbours, and how strongly they are joined."""
        starts = self.indptr[rows]
        lengths = self.indptr[np.asarray(rows) + 1] - starts
        flat = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
        return np.repeat(np.arange(len(rows)), lengths), self.indices[flat], self.weights[flat]

    def matrix(self) -> sparse.csr_matrix:
        """The same as scipy's [N, N]."""
        size = len(self.indptr) - 1
        return sparse.csr_matrix((self.weights, self.indices, self.indptr), (size, size))


def _logarithm(found: Floats) -> Floats:
    result: Floats = np.log(found + SMOOTHING) - np.float32(np.log(SMOOTHING))
    return result


def count_together(sets: sparse.csr_matrix, *, keep: int = NEIGHBOURS, block: int = 1_024) -> Together:
    """Count co-occurrences over sets.

    Args:
        sets: [S, N] weights > 0, a row for each person and board; a set's influence does not grow with its size.
        keep: neighbours that each item keeps.
        block: items counted at a time; memory is block * N in the worst case.
    """
    items = sets.shape[1]
    sizes = np.maximum(np.asarray(sets.sum(axis=1)).ravel(), 1e-9)
    popularity = np.maximum(np.asarray(sets.sum(axis=0)).ravel(), 1e-9)
    shares = (sparse.diags(1 / sizes) @ sets).tocsr()
    columns = sets.tocsc()
    scale = sparse.diags(popularity**-TO_POWER)
    lengths, indices, weights = [], [], []
    total = 0.0
    for begin in range(0, items, block):
        part = columns[:, begin : begin + block].T.tocsr() @ shares @ scale  # [block, N]
        part = (sparse.diags(popularity[begin : begin + block] ** -FROM_POWER) @ part).tocsr()
        for row in range(part.shape[0]):
            where = slice(part.indptr[row], part.indptr[row + 1])
            found, strength = part.indices[where], part.data[where].astype(np.float32)
            strength[found == begin + row] = 0
            total += float(strength.sum())
            best = np.argsort(-strength, kind="stable")[:keep]
            best = best[strength[best] > 0]
            lengths.append(len(best))
            indices.append(found[best].astype(np.int32))
            weights.append(strength[best])
    mean = total / max(items * items, 1) or 1.0
    return Together(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate(indices) if indices else np.empty(0, np.int32),
        (np.concatenate(weights) / mean).astype(np.float32) if weights else np.empty(0, np.float32),
    )
