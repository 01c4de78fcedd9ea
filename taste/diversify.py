"""Sliding spectrum decomposition: a list in which each item adds something that its neighbours lack.

Huang et al., "Sliding spectrum decomposition for diversified recommendation", KDD 2021: choose greedily by relevance
plus the volume that an item's vector adds to those of the last few chosen. A person sees a window, not the whole list,
so a theme may come back once it is out of sight; and unlike a determinant over the list, cost grows with its length.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def diversify(relevance: Floats, vectors: Floats, count: int, *, weight: float, window: int = 8) -> NDArray[np.int64]:
    """Choose and order `count` of n candidates.

    Args:
        relevance: [n], of about unit spread.
        vectors: [n, d]; rows of unit length count alike.
        weight: of the added volume against relevance; 0 orders by relevance alone.
        window: how many neighbours an item should differ from.

    Returns:
        Positions of the chosen, in order of showing: min(count, n) of them.
    """
    count = min(count, len(relevance))
    if weight <= 0 or count <= 1:
        return np.argsort(-relevance, kind="stable")[:count]
    rest = vectors.astype(np.float32, copy=True)  # [n, d], less what the window's items span
    available = relevance.astype(np.float64, copy=True)
    removed: deque[tuple[Floats, Floats]] = deque()  # direction [d] and every candidate's share of it [n]
    chosen: list[int] = []
    for _ in range(count):
        added = np.sqrt(np.einsum("nd,nd->n", rest, rest))
        best = int(np.argmax(available + weight * added))
        chosen.append(best)
        available[best] = -np.inf
        if len(removed) == window - 1:
            direction, shares = removed.popleft()
            rest += shares[:, None] * direction
        length = float(np.linalg.norm(rest[best]))
        direction = rest[best] / max(length, 1e-6)
        shares = rest @ direction
        rest -= shares[:, None] * direction
        removed.append((direction, shares))
    return np.array(chosen, np.int64)
