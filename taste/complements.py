"""Goes with: other kinds of things that people put together with an item."""

from dataclasses import dataclass

import numpy as np

from taste.model import Floats, TasteModel
from taste.walk import WalkSettings, walk

_LIKE = 8
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
    scores = np.zeros(len(model.items), np.float32)
    kin = [] if row is None else [(row, 1.0)]
    alone = row is None or not len(model.together.neighbours(row)[0])
    if alone:
        kin += _kin(model, item, content, kind)
    for relative, weight in kin:
        near, strength = model.together.neighbours(relative)
        scores[near] += weight * np.log1p(strength)
        visits = walk(model.graph, np.array([relative]), settings=_BOARDS)
        scores[visits.items] += weight * np.log1p(visits.scores)
    answer: list[Complement] = []
    taken: dict[str, int] = {}
    like = model.items[kin[0 if row is None else 1][0]] if alone and len(kin) > (row is not None) else None
    for candidate in np.argsort(-scores, kind="stable"):
        if scores[candidate] <= 0 or len(answer) == count:
            break
        its_kind = model.kinds[candidate]
        known_same = bool(kind) and its_kind == kind
        if known_same or candidate == row or model.items[candidate] in exclude or taken.get(its_kind, 0) >= per_kind:
            continue
        taken[its_kind] = taken.get(its_kind, 0) + 1
        answer.append(Complement(model.items[candidate], its_kind, float(scores[candidate]), like))
    return answer


def _kin(model: TasteModel, item: str, content: Floats | None, kind: str | None) -> list[tuple[int, float]]:
    """The nearest items of the same kind, as (row, weight)."""
    embedded = model.embed([item], None if content is None else content[None])
    if not embedded.known[0]:
        return []
    cosines = model.factors.outputs @ embedded.outputs[0]
    if kind:
        cosines = np.where(np.array([k == kind for k in model.kinds]), cosines, -1.0)
    if embedded.rows[0] >= 0:
        cosines[embedded.rows[0]] = -1.0
    best = np.argsort(-cosines, kind="stable")[:_LIKE]
    return [(int(row), float(cosines[row])) for row in best if cosines[row] > 0]
