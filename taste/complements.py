"""Goes with: other kinds of things that people put together with an item."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from taste.model import Floats, TasteModel
from taste.walk import Sources, WalkSettings, sources_of, walk

KIN = 8
"""Items whose company counts for one that has none of its own."""

_LOOKED_AT = 5_000
"""Nearest items among which kin of the same category is looked for."""
_BOARDS = WalkSettings(steps=5_000, restart=0.7, via=(("boards", 1.0), ("people", 0.3)), enough=10**9)


@dataclass(frozen=True)
class Complement:
    """An item that goes with another. `like` names the item whose company it keeps, where the asked one is too new."""

    item: str
    kind: str
    score: float
    like: str | None = None


def complements(
    model: TasteModel,
    item: str,
    content: Floats | None = None,
    *,
    kind: str | None = None,
    count: int = 12,
    per_kind: int = 2,
    exclude: frozenset[str] = frozenset(),
) -> list[Complement]:
    """Items of other categories that share boards, carts and people with this one; never more of the same.

    Args:
        content: [D], the item's own vector, for an item newer than the model: then the company of its nearest kin of
            the same category counts.
        kind: the item's narrowest category, where the model does not know the item.
        per_kind: at most so many of one category, so that a sofa gets a lamp and a rug, not six lamps.

    Returns:
        Best first; empty where nothing is known to go with it.
    """
    row = model.rows.get(item)
    kind = model.kinds[row] if row is not None else kind
    company = NOBODY if row is None else find_company(model, sources_of(model.graph, [row]), [row], [1.0])
    like = None
    if not len(company.rows):
        embedded = model.embed([item], None if content is None else content[None])
        kin = find_kin(model, embedded.outputs[0], kind, item) if embedded.known[0] else NOBODY
        if not len(kin.rows):
            return []
        like = model.items[int(kin.rows[0])]
        company = find_company(model, sources_of(model.graph, kin.rows), kin.rows, kin.scores)
    return among(model, item, kind, company, like=like, count=count, per_kind=per_kind, exclude=exclude)


@dataclass(frozen=True, eq=False)
class Scored:
    """Rows of a model or a shard, best first."""

    rows: NDArray[np.int64]
    scores: Floats


NOBODY = Scored(np.empty(0, np.int64), np.empty(0, np.float32))


def find_kin(model: TasteModel, output: Floats, kind: str | None, item: str) -> Scored:
    """The nearest items of the same kind to an output vector [d] of an item, itself left out, and their cosines."""
    own = model.rows.find([item])
    rows, _ = model.best(output, _LOOKED_AT, own[own >= 0])
    cosines = model.factors.outputs[rows] @ output
    order = (n for n in np.argsort(-cosines, kind="stable") if cosines[n] > 0)
    alike = list(islice((n for n in order if not kind or model.kinds[int(rows[n])] == kind), KIN))
    return Scored(rows[alike], cosines[alike])


def find_company(
    model: TasteModel, sources: Sources, in_whole: Sequence[int] | NDArray[np.int64], weights: Sequence[float] | Floats
) -> Scored:
    """Items that are found with some, by co-occurrence, and by walks over boards and people.

    Args:
        in_whole: [S] the sources' rows in the whole model.
        weights: [S].
    """
    found: list[NDArray[np.integer]] = [NOBODY.rows]
    strengths: list[Floats] = [NOBODY.scores]
    for n, (row, weight) in enumerate(zip(in_whole, weights, strict=True)):
        near, strength = model.together.neighbours(int(row))
        visits = walk(model.graph, sources.take([n]), settings=_BOARDS)
        found += [near, visits.items]
        strengths += [weight * np.log1p(strength), weight * np.log1p(visits.scores)]
    rows, where = np.unique(np.concatenate(found), return_inverse=True)
    sums = np.bincount(where, np.concatenate(strengths), minlength=len(rows)).astype(np.float32)
    order = np.argsort(-sums, kind="stable")
    order = order[sums[order] > 0]
    return Scored(rows[order].astype(np.int64), sums[order])


def among(
    model: TasteModel,
    item: str,
    kind: str | None,
    company: Scored,
    *,
    like: str | None,
    count: int,
    per_kind: int = 2,
    exclude: frozenset[str] = frozenset(),
) -> list[Complement]:
    """Those of an item's company that are something else."""
    answer: list[Complement] = []
    taken: dict[str, int] = {}
    for row, score in zip(company.rows.tolist(), company.scores.tolist(), strict=True):
        if len(answer) == count:
            break
        its_kind, id_ = model.kinds[row], model.items[row]
        known_same = bool(kind) and its_kind == kind
        if known_same or id_ == item or id_ in exclude or taken.get(its_kind, 0) >= per_kind:
            continue
        taken[its_kind] = taken.get(its_kind, 0) + 1
        answer.append(Complement(id_, its_kind, score, like))
    return answer
