"""Alignment maps: from the vectors of one encoder version to those of another.

A new encoder means new vectors, and what was trained on the old ones (the taste model, Navigator's projector, people's
profiles) is trained again only later. Until then a linear map, learnt on items that have both vectors, stands between:
old → new carries stored profiles over; new → old lets an old model read new items. The map is ridge regression in
closed form, in the spirit of backward-compatible training (Shen et al., CVPR 2020, arXiv 2003.11942) and of aligned
word spaces (Mikolov et al., arXiv 1309.4168), and says how much is lost on items that it has not seen.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import fsspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from catalog.encoder import Vectors, normalise
from catalog.errors import InvalidInput, NotFound

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Strengths of regularisation that are tried, relative to the mean variance of a source coordinate."""

HELD_OUT_EVERY = 10
"""Every tenth item measures the map and does not make it."""

MAX_HELD_OUT = 4096
NEIGHBOURS = 10


@dataclass(frozen=True)
class AlignmentQuality:
    """What a map loses, on held-out items.

    Attributes:
        cosine: mean cosine of mapped to true vectors, -1..1.
        neighbours: share of an item's 10 nearest held-out items that are still among its 10 nearest when its own
            vector is the mapped one, 0..1.
        fitted: items that the map was fitted on.
        held_out: items that it was measured on.
    """

    cosine: float
    neighbours: float
    fitted: int
    held_out: int


@dataclass(frozen=True)
class Alignment:
    """A linear map between the vector spaces of two encoder versions."""

    source: str
    """Encoder version of the vectors that go in."""
    target: str
    """Encoder version whose vectors come out."""
    weight: Vectors  # [ds, dt]
    bias: Vectors  # [dt]
    quality: AlignmentQuality

    def apply(self, vectors: Vectors) -> Vectors:
        """float32 [n, ds] of the source version → float32 [n, dt], L2-normalised; zero rows stay zero.

        Raises:
            InvalidInput: the vectors do not have ds numbers.
        """
        if vectors.shape[-1] != self.weight.shape[0]:
            raise InvalidInput(f"the alignment reads {self.weight.shape[0]} numbers, not {vectors.shape[-1]}")
        known = np.abs(vectors).max(axis=-1, keepdims=True) > 0
        return normalise((vectors @ self.weight + self.bias) * known)

    def save(self, uri: str) -> None:
        """Write the map as one safetensors file to a path or fsspec URI."""
        about = {"source": self.source, "target": self.target, "quality": asdict(self.quality)}
        with fsspec.open(uri, "wb", auto_mkdir=True) as file:
            file.write(save({"weight": self.weight, "bias": self.bias}, metadata={"alignment": json.dumps(about)}))


def fit_alignment(source: str, target: str, pairs: Iterable[tuple[Vectors, Vectors]]) -> Alignment:
    """Learn the map from vectors of version `source` to those of version `target`.

    Args:
        source, target: encoder versions.
        pairs: batches (float32 [n, ds], float32 [n, dt]) of the same items in both versions. Read once; memory is
            (ds + dt)² and some thousand held-out rows, however many items there are. An item without a vector in
            either version (a zero row) is passed over.

    Raises:
        InvalidInput: fewer than 20 items have both vectors.
    """
    moments: _Moments | None = None
    held: list[tuple[Vectors, Vectors]] = []
    seen = held_rows = 0
    for before, after in pairs:
        both = (np.abs(before).max(axis=1) > 0) & (np.abs(after).max(axis=1) > 0)
        before, after = before[both], after[both]
        measures = (np.arange(seen, seen + len(before)) % HELD_OUT_EVERY == 0) & (held_rows < MAX_HELD_OUT)
        seen += len(before)
        held.append((before[measures], after[measures]))
        held_rows += int(measures.sum())
        moments = moments or _Moments.empty(before.shape[1], after.shape[1])
        moments.add(before[~measures], after[~measures])
    if moments is None or seen < 2 * HELD_OUT_EVERY:
        raise InvalidInput(f"an alignment needs at least {2 * HELD_OUT_EVERY} items with both vectors, not {seen}")
    before, after = (np.concatenate([pair[i] for pair in held]) for i in (0, 1))
    fits = [_ridge(moments, strength) for strength in RIDGES]
    cosines = [float((normalise(before @ weight + bias) * after).sum(axis=1).mean()) for weight, bias in fits]
    best = int(np.argmax(cosines))
    weight, bias = fits[best]
    overlap = neighbour_overlap(normalise(before @ weight + bias), after)
    quality = AlignmentQuality(cosines[best], overlap, int(moments.count), len(before))
    return Alignment(source, target, weight, bias, quality)


def load_alignment(uri: str) -> Alignment:
    """Read a map that `Alignment.save` wrote. Raises NotFound, or InvalidInput if the file is no alignment."""
    try:
        with fsspec.open(uri, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise NotFound(f"there is no alignment at {uri}") from error
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # the safetensors format
        about = json.loads(header["__metadata__"]["alignment"])
        weights = load(data)
        quality = AlignmentQuality(**about["quality"])
        return Alignment(about["source"], about["target"], weights["weight"], weights["bias"], quality)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{uri} is no alignment written by this version of Windowshop: {error}") from error


def neighbour_overlap(mapped: Vectors, true: Vectors, k: int = NEIGHBOURS) -> float:
    """Share of each true vector's k nearest (by cosine, itself apart) that its mapped vector has too, 0..1."""
    k = min(k, len(true) - 1)
    if k < 1:
        return 1.0
    wanted, found = _nearest(true, true, k), _nearest(mapped, true, k)
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(wanted, found, strict=True)]))


def _nearest(queries: Vectors, items: Vectors, k: int) -> NDArray[np.intp]:
    scores = queries @ items.T
    np.fill_diagonal(scores, -np.inf)
    return np.argpartition(-scores, k - 1, axis=1)[:, :k]


@dataclass
class _Moments:
    """Sums over items that determine the regression."""

    count: float
    sum_s: NDArray[np.float64]  # [ds]
    sum_t: NDArray[np.float64]  # [dt]
    cross_ss: NDArray[np.float64]  # [ds, ds]
    cross_st: NDArray[np.float64]  # [ds, dt]

    @classmethod
    def empty(cls, ds: int, dt: int) -> "_Moments":
        return cls(0.0, np.zeros(ds), np.zeros(dt), np.zeros((ds, ds)), np.zeros((ds, dt)))

    def add(self, source: Vectors, target: Vectors) -> None:
        self.count += len(source)
        self.sum_s += source.sum(axis=0)
        self.sum_t += target.sum(axis=0)
        self.cross_ss += source.T @ source
        self.cross_st += source.T @ target


def _ridge(moments: _Moments, strength: float) -> tuple[Vectors, Vectors]:
    """W = (Cₛₛ + λI)⁻¹ Cₛₜ on centred moments, λ relative to the mean variance; bias from the means."""
    mean_s, mean_t = moments.sum_s / moments.count, moments.sum_t / moments.count
    covariance = moments.cross_ss / moments.count - np.outer(mean_s, mean_s)
    shared = moments.cross_st / moments.count - np.outer(mean_s, mean_t)
    ridge = strength * max(np.trace(covariance) / len(covariance), 1e-12)
    weight = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), shared)
    return weight.astype(np.float32), (mean_t - mean_s @ weight).astype(np.float32)
