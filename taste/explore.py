"""What to show beyond what is asked for: more of a person's interests, and what lies just outside them.

The frontier of an interest is what walks from its items reach although it is nothing like them: joined by a board, a
person or a concept, not by looks. Items are drawn from it in proportion to how often walks came by, so that the feed
differs from day to day; walks stray farther the more adventurous the person feels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taste.graph import shared_nodes
from taste.model import TasteModel, largest
from taste.profile import CUT, Floats, Interest, Profile, common_concepts
from taste.walk import Visits, WalkSettings, walk

Source = Literal["interest", "intent", "frontier", "popular"]

_WALK_STEPS = 8_000
_SOURCES = 24


@dataclass(frozen=True)
class Path:
    """How an item outside a person's interests is joined to one of them.

    Attributes:
        interest: id of the interest that it starts from, and `name` what to call it.
        item: id of the interest's item that the walk started at.
        via: how the two are joined: a board's id, a concept, or people who like both.
        toward: what the person would discover: "Japandi beds".
    """

    interest: str
    name: str
    item: str
    via: Literal["board", "concept", "people"]
    through: str | None
    toward: str
    sentence: str


@dataclass(frozen=True)
class Proposal:
    """An item worth considering for a person.

    Attributes:
        support: the log of visits, or a score.
        start: of an item beyond the person's interests, the interest and the row of the item that its walk started at;
            `path_of` tells the path, which takes longer than finding it and is wanted for few.
    """

    item: str
    source: Source
    support: float
    start: tuple[Interest, int] | None = None


def propose(
    model: TasteModel,
    profile: Profile,
    *,
    count: int = 300,
    adventurousness: float = 0.3,
    exclude: frozenset[str] = frozenset(),
    seed: int = 0,
) -> list[Proposal]:
    """Candidates for a person's feed, hidden and excluded items left out.

    The caller fetches these ids from the item table and hands the rows to `taste.rank.rank`, with the proposals.

    Args:
        adventurousness: in [0, 1]; the share that comes from beyond the person's interests grows with it.
        exclude: ids shown on earlier pages, or no longer in stock.
        seed: another seed draws other items from the frontier; the date makes a feed new each day.
    """
    banned = model.rows.find(list(exclude | profile.hidden | profile.bought))
    banned = banned[banned >= 0]
    found: dict[int, Proposal] = {}
    interests = profile.active
    if interests:
        outside = round(count * (0.1 + 0.6 * adventurousness))
        for proposal in _frontier(model, profile, banned, outside, adventurousness, seed):
            found[model.rows[proposal.item]] = proposal
        inside = count - len(found)
        shares = np.array([interest.importance for interest in interests])
        shares = np.sqrt(shares) / np.sqrt(shares).sum()  # small interests deserve more than their share of clicks
        if profile.intent_items:
            _add(model, found, banned, profile.intent, round(0.3 * inside), "intent")
        for interest, share in zip(interests, shares, strict=True):
            _add(model, found, banned, interest.vector, int(np.ceil(share * inside)), "interest")
    missing = count - len(found)
    if missing > 0:
        popular = model.popular[~np.isin(model.popular, [*banned, *found])]
        noise = np.random.default_rng(seed).gumbel(0, 0.3, len(popular)).astype(np.float32)
        for row in popular[largest(model.factors.bias[popular] + noise, missing)].tolist():
            found[row] = Proposal(model.items[row], "popular", 0.0)
    return list(found.values())[:count]


def interest_name(interest: Interest) -> str:
    """What to call an interest in a sentence: "Japandi sofas", or the title of the item that stands for it."""
    return concepts_name(interest.concepts) or interest.title


def concepts_name(concepts: Sequence[str]) -> str:
    """ "style:Japandi", "category:Sofas" → "Japandi sofas"; a look comes before what it is the look of."""
    by_kind: dict[str, str] = {}
    for concept in concepts:
        kind, _, value = concept.partition(":")
        by_kind.setdefault(kind, value)
    look = by_kind.get("style") or by_kind.get("color") or by_kind.get("material") or by_kind.get("brand") or ""
    category = by_kind.get("category", "")
    if look and not category[1:2].isupper():  # inside a sentence: "Japandi sofas", yet "oak TV benches"
        category = category[:1].lower() + category[1:]
    return f"{look} {category}".strip()


def _add(
    model: TasteModel,
    found: dict[int, Proposal],
    banned: NDArray[np.int64],
    vector: Floats,
    count: int,
    source: Source,
) -> None:
    """The best items for one vector that are not there yet."""
    if count <= 0:
        return
    rows, scores = model.best(vector, count, np.array([*banned, *found], np.int64))
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        found[row] = Proposal(model.items[row], source, score)


def _frontier(
    model: TasteModel, profile: Profile, banned: NDArray[np.int64], count: int, adventurousness: float, seed: int
) -> list[Proposal]:
    interests = profile.active
    sources: list[int] = []
    owners: list[Interest] = []
    for interest in interests:
        rows = [row for row in model.rows.find(interest.items).tolist() if row >= 0]
        rows = rows[: max(2, round(_SOURCES * interest.importance))]
        sources += rows
        owners += [interest] * len(rows)
    if not sources or count <= 0:
        return []
    weights = np.array([owner.importance for owner in owners])
    visits = walk(
        model.graph,
        np.array(sources),
        weights,
        WalkSettings(steps=_WALK_STEPS, restart=0.5 - 0.35 * adventurousness, enough=10**9),
        seed=seed,
    )
    outside = _distance(model, interests, visits.items) > CUT * 0.5
    kept = np.flatnonzero(outside & ~np.isin(visits.items, banned))
    # Sampling without replacement in proportion to visits: the largest of log-weight plus Gumbel noise.
    noise = np.random.default_rng(seed).gumbel(size=len(kept)).astype(np.float32)
    drawn = kept[largest(np.log(visits.scores[kept]) + noise, count)]
    return [_proposal(model, visits, int(n), sources, owners) for n in drawn]


def _distance(model: TasteModel, interests: Sequence[Interest], rows: NDArray[np.integer]) -> Floats:
    """Cosine distance to the nearest interest, in units of two random items' distance."""
    centres = np.stack([interest.centre for interest in interests])
    cosines = model.factors.outputs[rows] @ centres.T
    result: Floats = (1.0 - cosines.max(axis=1)) / model.typical_distance
    return result


def _proposal(model: TasteModel, visits: Visits, n: int, sources: list[int], owners: list[Interest]) -> Proposal:
    at = int(visits.sources[n])
    support = float(np.log1p(visits.scores[n]))
    return Proposal(model.items[int(visits.items[n])], "frontier", support, (owners[at], sources[at]))


def path_of(model: TasteModel, proposal: Proposal) -> Path | None:
    """Say how a proposed item is joined to the interest that it was reached from; None where it is part of one."""
    if proposal.start is None:
        return None
    interest, start = proposal.start
    target = model.rows[proposal.item]
    name = interest_name(interest)
    toward = concepts_name(_own_concepts(model, target, interest)) or model.titles[target]
    board = next(iter(shared_nodes(model.graph.links["boards"].out, start, target)), None)
    concept = next(iter(shared_nodes(model.graph.links["concepts"].out, start, target)), None)
    item = model.items[start]
    if board is not None:
        sentence = f"Because your taste for {name} meets {toward} on a board"
        return Path(interest.id, name, item, "board", model.graph.names["boards"][board], toward, sentence)
    if concept is not None:
        through = model.graph.names["concepts"][concept]
        sentence = f"Because {name} and {toward} share {through.partition(':')[2]}"
        return Path(interest.id, name, item, "concept", through, toward, sentence)
    sentence = f"Because people who like {name} also like {toward}"
    return Path(interest.id, name, item, "people", None, toward, sentence)


def _own_concepts(model: TasteModel, row: int, interest: Interest) -> list[str]:
    """An item's concepts that the interest does not have, the rarest of each kind."""
    return [c for c in common_concepts(model, np.array([row]), limit=8) if c not in interest.concepts]
