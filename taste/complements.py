"""Goes with: other kinds of things that people put together with an item."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from taste.model import Floats, TasteModel
from taste.walk import WalkSettings, walk

_LIKE = 8
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
    kin = [] if row is None else [(row, 1.0)]
    alone = row is None or not len(model.together.neighbours(row)[0])
    if alone:
        kin += _kin(model, item, content, kind)
    if not kin:
        return []
    rows, scores = _company(model, kin)
    answer: list[Complement] = []
    taken: dict[str, int] = {}
    like = model.items[kin[0 if row is None else 1][0]] if alone and len(kin) > (row is not None) else None
    for at in np.argsort(-scores, kind="stable"):
        if scores[at] <= 0 or len(answer) == count:
            break
        candidate = int(rows[at])
        its_kind = model.kinds[candidate]
        known_same = bool(kind) and its_kind == kind
        if known_same or candidate == row or model.items[candidate] in exclude or taken.get(its_kind, 0) >= per_kind:
            continue
        taken[its_kind] = taken.get(its_kind, 0) + 1
        answer.append(Complement(model.items[candidate], its_kind, float(scores[at]), like))
    return answer


def _company(model: TasteModel, kin: list[tuple[int, float]]) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Items found with some, and how strongly: by co-occurrence, and by walks over boards and people."""
    found: list[NDArray[np.integer]] = []
    strengths: list[NDArray[np.floating]] = []
    for row, weight in kin:
        near, strength = model.together.neighbours(row)
        visits = walk(model.graph, np.array([row]), settings=_BOARDS)
        found += [near, visits.items]
        strengths += [weight * np.log1p(strength), weight * np.log1p(visits.scores)]
    rows, where = np.unique(np.concatenate(found), return_inverse=True)
    sums: NDArray[np.float64] = np.bincount(where, np.concatenate(strengths), minlength=len(rows)).astype(np.float64)
    return rows, sums


def _kin(model: TasteModel, item: str, content: Floats | None, kind: str | None) -> list[tuple[int, float]]:
    """The nearest items of the same kind, as (row, weight)."""
    embedded = model.embed([item], None if content is None else content[None])
    if not embedded.known[0]:
        return []
    rows, _ = model.best(embedded.outputs[0], _LOOKED_AT, embedded.rows[embedded.rows >= 0])
    cosines = model.factors.outputs[rows] @ embedded.outputs[0]
    order = [n for n in np.argsort(-cosines, kind="stable") if cosines[n] > 0]
    alike = islice((n for n in order if not kind or model.kinds[int(rows[n])] == kind), _LIKE)
    return [(int(rows[n]), float(cosines[n])) for n in alike]
