"""What is true of a whole catalogue, whoever holds some of its items: how far apart things lie, and the taste map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taste.graph import TasteGraph

Floats = NDArray[np.float32]

LANDMARKS = 14
"""Named regions of the taste map."""

_KINDS_OF_LANDMARKS = ("style", "category")
_SAMPLE, _PLANE_SAMPLE = 2_000, 20_000


@dataclass(frozen=True, eq=False)
class Survey:
    """Of N items.

    Attributes:
        items: N.
        typical_distance: mean cosine distance of two random items' outputs, in (0, 2]: what "unrelated" means here.
        middle: [d] mean of outputs.
        axes: [d, 2] the two principal axes of outputs: one map of taste for everybody.
        concept_sizes: items of each concept, the graph's hub cap at most.
        landmarks: (name, x, y) of the most frequent styles and kinds of thing, each in the middle of its items.
    """

    items: int
    typical_distance: float
    middle: Floats
    axes: Floats
    concept_sizes: NDArray[np.int64]
    landmarks: tuple[tuple[str, float, float], ...]

    def places(self, outputs: Floats) -> Floats:
        """Where output vectors [..., d] lie on the taste map: [..., 2], about [-1, 1]."""
        places: Floats = ((outputs - self.middle) @ self.axes).astype(np.float32)
        return places


def take_survey(outputs: Floats, graph: TasteGraph) -> Survey:
    """Look at all items [N, d] of a graph."""
    middle, axes = _plane(outputs[:: max(1, len(outputs) // _PLANE_SAMPLE)])
    distance = _typical_distance(outputs[:: max(1, len(outputs) // _SAMPLE)])
    sizes = np.diff(graph.links["concepts"].back.indptr)
    bare = Survey(len(outputs), distance, middle, axes, sizes, ())
    return Survey(len(outputs), distance, middle, axes, sizes, tuple(_landmarks(bare, outputs, graph)))


def _typical_distance(some: Floats) -> float:
    count = len(some)
    if count < 2:
        return 1.0
    together = float(np.square(some.sum(axis=0)).sum())  # Σ_ij cos(i, j), the diagonal being `count`
    return max(1e-3, 1.0 - (together - count) / (count * (count - 1)))


def _plane(some: Floats) -> tuple[Floats, Floats]:
    centre = some.mean(axis=0) if len(some) else np.zeros(some.shape[1], np.float32)
    outputs = some - centre
    _, vectors = np.linalg.eigh(outputs.T @ outputs)
    axes = vectors[:, ::-1][:, :2]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # eigenvectors come with any sign; fix it
    reach = np.abs(outputs @ axes).max() if len(outputs) else 1.0
    return centre, (axes * signs / max(reach, 1e-6)).astype(np.float32)


def _landmarks(survey: Survey, outputs: Floats, graph: TasteGraph) -> list[tuple[str, float, float]]:
    names: Sequence[str] = graph.names.get("concepts", [])
    back, counts = graph.links["concepts"].back, survey.concept_sizes
    found: list[tuple[str, float, float]] = []
    for node in np.argsort(-counts, kind="stable"):
        kind, _, name = names[node].partition(":") if node < len(names) else ("", "", "")
        common = counts[node] > survey.items / 2  # what everything is says nothing
        if kind in _KINDS_OF_LANDMARKS and counts[node] > 1 and not common:
            x, y = survey.places(outputs[back.neighbours(int(node))]).mean(axis=0)
            found.append((name, float(x), float(y)))
        if len(found) == LANDMARKS:
            break
    return found
