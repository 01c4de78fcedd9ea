"""A small model of some items, put together from those who hold them.

Whoever wants to know a person, or to rank candidates, needs of a large model only the rows of the items in question,
and what holds for the whole catalogue. An excerpt is such rows, cut out where they are kept; joined, excerpts are a
`TasteModel` like any other, and profiles and ranking come out of it as they would out of the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taste.graph import RELATIONS, Csr, Links, Relation, TasteGraph
from taste.model import Floats, TasteModel
from taste.names import Rows
from taste.together import Together


@dataclass(frozen=True, eq=False)
class Joined:
    """What joins m pairs of items: of each pair's first item the row in the whole model, of its second the position in
    an excerpt, and how strongly they are found together."""

    sources: NDArray[np.int64]  # [m]
    items: NDArray[np.int64]  # [m]
    weights: Floats  # [m]


@dataclass(frozen=True, eq=False)
class Excerpt:
    """n items of a shard.

    Attributes:
        rows: [n] in the whole model.
        out: the items' own edges; nodes are those of the whole graph.
        joined: what these items have to do with others that were named when it was made.
    """

    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    kinds: tuple[str, ...]
    titles: tuple[str, ...]
    inputs: Floats  # [n, d]
    outputs: Floats  # [n, d]
    bias: Floats  # [n]
    out: dict[Relation, Csr]
    joined: Joined


def cut_out(
    model: TasteModel, rows: NDArray[np.integer], in_whole: NDArray[np.int64], beside: NDArray[np.int64]
) -> Excerpt:
    """An excerpt of a shard.

    Args:
        model: the shard.
        rows: [n] distinct, the shard's own.
        in_whole: the whole model's row of each item of the shard.
        beside: rows in the whole model of items, whose company among these is wanted.
    """
    rows = np.sort(np.asarray(rows, np.int64))
    f = model.factors
    joined = _NOTHING
    if len(rows) and len(beside):
        one, other, weights = model.together.between(beside, rows)
        joined = Joined(beside[one], other, weights)
    return Excerpt(
        rows=in_whole[rows],
        ids=tuple(model.items[row] for row in rows),
        kinds=tuple(model.kinds[row] for row in rows),
        titles=tuple(model.titles[row] for row in rows),
        inputs=f.inputs[rows],
        outputs=f.outputs[rows],
        bias=f.bias[rows],
        out={relation: links.out.take(rows) for relation, links in model.graph.links.items()},
        joined=joined,
    )


@dataclass(frozen=True, eq=False)
class Working:
    """A model to work with.

    Attributes:
        in_whole: row of each of its items in the whole model; None where it is the whole.
        excerpts: what it was joined from.
    """

    model: TasteModel
    in_whole: NDArray[np.int64] | None = None
    excerpts: tuple[Excerpt, ...] = ()

    def whole_rows(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Rows of this model as the whole one has them."""
        return np.asarray(rows, np.int64) if self.in_whole is None else self.in_whole[rows]


def join(common: TasteModel, excerpts: Sequence[Excerpt]) -> Working:
    """Put excerpts together; an item that is in several counts once, where it is first.

    Args:
        common: the model without its items, as `taste.shards.load_common` gives it.
    """
    if not excerpts:
        return Working(common, np.empty(0, np.int64))
    excerpts = tuple(excerpts)
    everything = np.concatenate([excerpt.rows for excerpt in excerpts])
    _, kept = np.unique(everything, return_index=True)
    kept = np.sort(kept)
    in_whole = everything[kept]
    ids = _kept([excerpt.ids for excerpt in excerpts], kept)
    factors = replace(
        common.factors,
        inputs=np.concatenate([excerpt.inputs for excerpt in excerpts])[kept],
        outputs=np.concatenate([excerpt.outputs for excerpt in excerpts])[kept],
        bias=np.concatenate([excerpt.bias for excerpt in excerpts])[kept],
    )
    nowhere = common.graph.links
    links = {
        relation: Links(_stacked([excerpt.out[relation] for excerpt in excerpts]).take(kept), nowhere[relation].back)
        for relation in RELATIONS
    }
    model = replace(
        common,
        items=ids,
        kinds=_kept([excerpt.kinds for excerpt in excerpts], kept),
        titles=_kept([excerpt.titles for excerpt in excerpts], kept),
        factors=factors,
        together=_together(excerpts, in_whole),
        graph=TasteGraph(ids, common.graph.names, links),
        rows=Rows.of(ids),
    )
    return Working(model, in_whole, excerpts)


_NOTHING = Joined(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def _kept(parts: Sequence[Sequence[str]], kept: NDArray[np.int64]) -> list[str]:
    flat = [text for part in parts for text in part]
    return [flat[n] for n in kept]


def _stacked(parts: Sequence[Csr]) -> Csr:
    ends = np.cumsum([0, *(part.edges for part in parts)])
    indptr = [part.indptr[:-1] + end for part, end in zip(parts, ends, strict=False)]
    return Csr(
        np.concatenate([*indptr, ends[-1:]]).astype(np.int64),
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.cumulative for part in parts]),
    )


def _together(excerpts: Sequence[Excerpt], in_whole: NDArray[np.int64]) -> Together:
    order = np.argsort(in_whole, kind="stable")

    def row(wide: NDArray[np.int64]) -> NDArray[np.int64]:
        return order[np.searchsorted(in_whole, wide, sorter=order)]

    joined = [excerpt.joined for excerpt in excerpts]
    sources = row(np.concatenate([part.sources for part in joined]))
    items = row(np.concatenate([excerpt.rows[excerpt.joined.items] for excerpt in excerpts]))
    weights = np.concatenate([part.weights for part in joined])
    strongest = np.lexsort((-weights, sources))
    indptr = np.searchsorted(sources[strongest], np.arange(len(in_whole) + 1)).astype(np.int64)
    return Together(indptr, items[strongest].astype(np.int32), weights[strongest])
