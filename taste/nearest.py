"""The best items for a vector without scoring all of them.

An inverted file (Jégou et al., "Product quantization for nearest neighbor search", TPAMI 2011, without its codes):
items are listed under the nearest of some thousand centroids, and only the lists that promise most are read. The
vectors themselves stay in the model's arrays.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq

from taste.names import mapped

Floats = NDArray[np.float32]

READ = 20_000
"""Items that are scored for one vector, at least; of ten million, one in 500."""

LISTS_AT_LEAST, LISTS_AT_MOST = 32, 32_768
_SAMPLE = 32
"""Items for each centroid that it is found from."""
_ROUNDS = 8
_ARRAYS = ("centroids", "bias", "indptr", "members")


@dataclass(frozen=True, eq=False)
class NearestIndex:
    """Which items lie about which centroid."""

    centroids: Floats  # [C, d], means of their items' vectors
    bias: Floats  # [C], means of their items' biases
    indptr: NDArray[np.int64]  # [C + 1]
    members: NDArray[np.int32]  # [N], rows, list by list

    def near(self, vector: Floats, temperature: float, read: int = READ) -> NDArray[np.int32]:
        """Rows of the lists that promise most for a vector [d]: at least `read` of them, or all there are."""
        promise = self.centroids @ vector / temperature + self.bias
        best = np.argsort(-promise, kind="stable")
        sizes = np.diff(self.indptr)[best]
        wanted = best[: int(np.searchsorted(np.cumsum(sizes), read)) + 1]
        return np.concatenate([self.members[self.indptr[n] : self.indptr[n + 1]] for n in wanted])

    def save(self, folder: Path) -> None:
        """Write one .npy per array, so that each can be mapped."""
        for name in _ARRAYS:
            np.save(folder / f"nearest-{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> "NearestIndex | None":
        """Map a saved index; None where there is none."""
        if not (folder / "nearest-centroids.npy").exists():
            return None
        return cls(*(mapped(folder / f"nearest-{name}.npy") for name in _ARRAYS))


def build_index(outputs: Floats, bias: Floats, *, seed: int = 0) -> NearestIndex:
    """List N ≥ 1 items [N, d] under 4 √N centroids."""
    items = len(outputs)
    lists = min(max(round(4 * items**0.5), LISTS_AT_LEAST), LISTS_AT_MOST, items)
    random = np.random.default_rng(seed)
    sample = outputs[np.sort(random.choice(items, min(items, lists * _SAMPLE), replace=False))]
    begin = sample[random.choice(len(sample), lists, replace=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a centroid that nothing is near keeps its place, and has no list
        centroids = kmeans2(sample, begin, iter=_ROUNDS, minit="matrix")[0]
    owners = np.concatenate([vq(outputs[n : n + 65_536], centroids)[0] for n in range(0, items, 65_536)])
    counts = np.bincount(owners, minlength=lists)
    members = np.argsort(owners, kind="stable").astype(np.int32)
    mean_bias = np.bincount(owners, bias, minlength=lists) / np.maximum(counts, 1)
    return NearestIndex(
        centroids.astype(np.float32),
        np.where(counts, mean_bias, -np.inf).astype(np.float32),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        members,
    )
