"""Candidates for a feed, from a model or from each of its shards, and the choice among them.

`want` says what is looked for, `nominate` finds it among the items that a model holds, and `choose` picks from what one
model or several found: a feed of a sharded model is chosen from the nominations of all shards. Beyond a person's
interests items are drawn, not ranked: Gumbel noise is added to the logarithm of how often walks came by, and the
largest sums win, which is sampling without replacement in proportion to visits (Kool et al., "Stochastic beams and
where to find them", ICML 2019), and comes out alike however many shards share the items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taste.graph import Csr, Relation
from taste.model import Floats, TasteModel, largest
from taste.profile import CUT, Interest, Profile
from taste.walk import Sources, WalkSettings, sources_of, walk

Source = Literal["interest", "intent", "frontier", "popular"]
Rows = NDArray[np.int64]

_WALK_STEPS = 8_000
_SOURCES = 24


@dataclass(frozen=True, eq=False)
class Wanted:
    """Candidates for one person.

    Attributes:
        count: how many there should be.
        outside: how many of them from beyond the person's interests.
        vectors: [V, d] of which the best items are wanted; `for_` says what each is and its share of `inside`.
        starts: [S] ids of the items that walks start at, `out` their edges, `weights` [S] what they weigh.
        centres: [I, d] of the person's interests.
        restart: of walks.
        banned: ids that are not wanted.
        shown: nor items whose ids' hashes begin with these, of `shown_bits` bits.
        seed: draws other items.
    """

    count: int
    outside: int
    vectors: Floats
    for_: tuple[tuple[Source, float], ...]
    starts: tuple[str, ...]
    out: dict[Relation, Csr]
    weights: NDArray[np.float64]
    centres: Floats
    restart: float
    banned: tuple[str, ...]
    shown: NDArray[np.unsignedinteger]
    shown_bits: int
    seed: int


@dataclass(frozen=True, eq=False)
class Found:
    """Rows of a model, with what they are chosen by: the largest first."""

    rows: Rows
    keys: Floats


@dataclass(frozen=True, eq=False)
class Nominations:
    """What a model or a shard has to offer.

    Attributes:
        frontier: items beyond the interests; `support` the log of visits, `starts` where the walks came from.
        best: for each wanted vector.
        popular: for anybody; none where there is enough for the person.
    """

    frontier: Found
    support: Floats
    starts: Rows
    best: tuple[Found, ...]
    popular: Found

    @classmethod
    def none(cls, vectors: int) -> "Nominations":
        """Of somebody who has nothing to offer."""
        return cls(_NOTHING, _NOTHING.keys, _NOTHING.rows, (_NOTHING,) * vectors, _NOTHING)


_NOTHING = Found(np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(frozen=True)
class Pick:
    """A chosen item: its row in that shard. `start` is a position in `Wanted.starts`."""

    shard: int
    row: int
    source: Source
    support: float
    start: int | None = None


NOT_SHOWN: tuple[NDArray[np.unsignedinteger], int] = (np.empty(0, np.uint64), 64)


def want(
    model: TasteModel,
    profile: Profile,
    *,
    count: int,
    adventurousness: float,
    exclude: frozenset[str] = frozenset(),
    shown: tuple[NDArray[np.unsignedinteger], int] = NOT_SHOWN,
    seed: int = 0,
) -> tuple[Wanted, tuple[Interest, ...]]:
    """What to look for, and the interest that each start belongs to.

    Args:
        model: one that holds the person's items.
        shown: prefixes of hashes, and their bits.
    """
    interests = profile.active
    vectors = [interest.vector for interest in interests]
    shares = np.sqrt([interest.importance for interest in interests])  # small ones deserve more than their clicks
    for_: list[tuple[Source, float]] = [("interest", float(share / shares.sum())) for share in shares]
    if interests and profile.intent_items:
        vectors, for_ = [profile.intent, *vectors], [("intent", 0.3), *for_]
    starts: list[int] = []
    owners: list[Interest] = []
    for interest in interests:
        rows = [row for row in model.rows.find(interest.items).tolist() if row >= 0]
        rows = rows[: max(2, round(_SOURCES * interest.importance))]
        starts += rows
        owners += [interest] * len(rows)
    dim = model.factors.dim
    wanted = Wanted(
        count=count,
        outside=round(count * (0.1 + 0.6 * adventurousness)) if starts else 0,
        vectors=np.stack(vectors) if vectors else np.empty((0, dim), np.float32),
        for_=tuple(for_),
        starts=tuple(model.items[row] for row in starts),
        out=sources_of(model.graph, np.array(starts, np.int64)).out,
        weights=np.array([owner.importance for owner in owners]),
        centres=np.stack([interest.centre for interest in interests]) if interests else np.empty((0, dim), np.float32),
        restart=0.5 - 0.35 * adventurousness,
        banned=tuple(exclude | profile.hidden | profile.bought),
        shown=shown[0],
        shown_bits=shown[1],
        seed=seed,
    )
    return wanted, tuple(owners)


def nominate(model: TasteModel, wanted: Wanted) -> Nominations:
    """Look for candidates among a model's or a shard's items."""
    banned = model.rows.find(wanted.banned)
    banned = np.concatenate([banned[banned >= 0], model.rows.beginning(wanted.shown, wanted.shown_bits)])
    best = tuple(Found(*model.best(vector, wanted.count, banned)) for vector in wanted.vectors)
    enough = any(len(found.rows) == wanted.count for found in best)
    frontier, support, starts = _frontier(model, wanted, banned)
    return Nominations(frontier, support, starts, best, _NOTHING if enough else _popular(model, wanted, banned))


def choose(nominations: Sequence[Nominations], wanted: Wanted) -> list[Pick]:
    """Pick `wanted.count` candidates, or all there are."""
    picks: dict[tuple[int, int], Pick] = {}
    for shard, n in _merged([one.frontier for one in nominations])[: wanted.outside]:
        one = nominations[shard]
        row = int(one.frontier.rows[n])
        picks[shard, row] = Pick(shard, row, "frontier", float(one.support[n]), int(one.starts[n]))
    inside = wanted.count - len(picks)
    for v, (source, share) in enumerate(wanted.for_):
        quota = round(share * inside) if source == "intent" else int(np.ceil(share * inside))
        _add(picks, [one.best[v] for one in nominations], quota, source)
    _add(picks, [one.popular for one in nominations], wanted.count - len(picks), "popular")
    return list(picks.values())[: wanted.count]


def _add(picks: dict[tuple[int, int], Pick], found: Sequence[Found], count: int, source: Source) -> None:
    """The best that are not there yet."""
    for shard, n in _merged(found):
        if count <= 0:
            return
        row = int(found[shard].rows[n])
        if (shard, row) not in picks:
            picks[shard, row] = Pick(shard, row, source, 0.0 if source == "popular" else float(found[shard].keys[n]))
            count -= 1


def _merged(found: Sequence[Found]) -> list[tuple[int, int]]:
    """(shard, position in what it found), largest key first."""
    keys = np.concatenate([one.keys for one in found])
    shards = np.repeat(np.arange(len(found)), [len(one.keys) for one in found])
    places = np.concatenate([np.arange(len(one.keys)) for one in found])
    order = np.argsort(-keys, kind="stable")
    return list(zip(shards[order].tolist(), places[order].tolist(), strict=True))


def _popular(model: TasteModel, wanted: Wanted, banned: NDArray[np.integer]) -> Found:
    """What many like, a little shuffled."""
    rows = model.popular[~np.isin(model.popular, banned)]
    noise = np.random.default_rng(_seed(model, wanted)).gumbel(0, 0.3, len(rows)).astype(np.float32)
    liked = model.factors.bias[rows] + noise
    first = largest(liked, wanted.count)
    return Found(rows[first], liked[first])


def _seed(model: TasteModel, wanted: Wanted) -> int:
    """The seed of a model's draws: another one for each shard, or their draws would rise and fall together."""
    return wanted.seed ^ int(model.rows.hashes[0] >> 33) if len(model.items) else wanted.seed


def _frontier(model: TasteModel, wanted: Wanted, banned: NDArray[np.integer]) -> tuple[Found, Floats, Rows]:
    """What walks reach although it is nothing like the interests that they start from."""
    if not wanted.outside:
        return _NOTHING, _NOTHING.keys, _NOTHING.rows
    visits = walk(
        model.graph,
        Sources(model.rows.find(wanted.starts), wanted.out),
        wanted.weights,
        WalkSettings(steps=_WALK_STEPS, restart=wanted.restart, enough=10**9),
        seed=_seed(model, wanted),
    )
    cosines = model.factors.outputs[visits.items] @ wanted.centres.T
    outside = (1.0 - cosines.max(axis=1)) / model.survey.typical_distance > CUT * 0.5
    kept = np.flatnonzero(outside & ~np.isin(visits.items, banned))
    noise = np.random.default_rng(_seed(model, wanted)).gumbel(size=len(kept)).astype(np.float32)
    keys = np.log(visits.scores[kept]) + noise
    drawn = largest(keys, wanted.outside)
    rows = kept[drawn]
    support: Floats = np.log1p(visits.scores[rows])
    return Found(visits.items[rows].astype(np.int64), keys[drawn]), support, visits.sources[rows].astype(np.int64)
