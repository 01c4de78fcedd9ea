"""Random walks with restart over the taste graph.

Pixie (Eksombatchai et al., "Pixie: A system for recommending 3+ billion items to 200+ million users in real-time",
WWW 2018): walk from the items a person acted on, over whatever joins items, and rank by how often walks came by.

The walk is compiled by numba: it is a chain of dependent random reads with a few instructions between, where numpy
would spend its time on temporaries and could not stop early. Compiling takes some seconds at the first call in a
process (`warm_up`); the compiled walk holds no lock, so threads walk side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from taste.graph import RELATIONS, Csr, Floats, Ints, Links, Relation, TasteGraph, make_links

_EMPTY = np.int64(-1)
_WALKERS = 64
"""That are stepped together: their reads do not depend on each other, so the processor overlaps them."""


@dataclass(frozen=True)
class WalkSettings:
    """How far and by which ways to walk.

    Attributes:
        steps: item visits at most, over all sources.
        restart: chance of going back to the source before each step, in (0, 1]: .5 stays near, .2 strays.
        via: how much each relation is preferred where an item has edges of several.
        enough: stop early once this many items of one source were visited `often` times (Pixie's n_p and n_v).
        often: see `enough`.
    """

    steps: int = 20_000
    restart: float = 0.4
    via: tuple[tuple[Relation, float], ...] = (("people", 1.0), ("boards", 1.0), ("concepts", 0.3))
    enough: int = 300
    often: int = 6


DEFAULT_WALK = WalkSettings()


@dataclass(frozen=True, eq=False)
class Visits:
    """What a walk saw, most visited first, sources left out."""

    items: Ints  # [n], rows of the graph
    scores: Floats  # [n], boosted counts, > 0
    sources: Ints  # [n], the position in `sources` of the walk that visited the item most
    steps: int  # visits actually made


@dataclass(frozen=True, eq=False)
class Sources:
    """The items that a walk starts at, with their own edges: these may be items that the graph does not hold.

    Attributes:
        rows: [S] rows of the graph, -1 for items of another shard.
        out: item → nodes by relation, S rows each.
    """

    rows: NDArray[np.int64]
    out: dict[Relation, Csr]

    def take(self, positions: Sequence[int]) -> "Sources":
        """Some of them."""
        at = np.asarray(positions, np.int64)
        return Sources(self.rows[at], {relation: csr.take(at) for relation, csr in self.out.items()})


def sources_of(graph: TasteGraph, rows: Sequence[int] | NDArray[np.integer]) -> Sources:
    """Items [S] of a graph as sources."""
    at: NDArray[np.int64] = np.asarray(rows).astype(np.int64)
    return Sources(at, {relation: links.out.take(at) for relation, links in graph.links.items()})


def walk(
    graph: TasteGraph,
    sources: NDArray[np.integer] | Sources,
    weights: NDArray[np.floating] | None = None,
    settings: WalkSettings = DEFAULT_WALK,
    *,
    seed: int = 0,
) -> Visits:
    """Walk from several items at once.

    Each source gets a share of the steps by its weight and its degree (Pixie, eq. 1-2): well-connected items need more
    steps to say as much. An item's score is (Σ_source √visits)², which prefers what several sources lead to over
    what one does (eq. 3).

    In a shard of a graph a step that would have led to another shard's item is made to one that is here, and not
    counted: visits are to the shard's items what they are in the whole graph, as far as the items that a longer walk
    passes are a fair sample of all.

    Args:
        sources: [S] item rows, or items of any shard.
        weights: [S] importance ≥ 0; equal by default.
        seed: the same seed gives the same walk.
    """
    # A copy in either case: what came from another process may not be written to, and would be compiled for anew.
    start = sources.take(range(len(sources.rows))) if isinstance(sources, Sources) else sources_of(graph, sources)
    importance = np.ones(len(start.rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    degrees = sum(np.diff(csr.indptr) for csr in start.out.values())
    budget = _share_steps(importance, np.asarray(degrees, dtype=np.float64), settings.steps)
    preferences = np.array([dict(settings.via).get(relation, 0.0) for relation in RELATIONS])
    if not budget.any() or not preferences.any():
        return Visits(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int32), 0)
    slots = 1 << int((budget + _WALKERS).sum() * 2).bit_length()  # each source's last round may go beyond its budget
    keys, counts = np.full(slots, _EMPTY), np.zeros(slots, np.int32)
    steps = _walk(
        *_columns([graph.links[relation].out for relation in RELATIONS]),
        *_columns([graph.links[relation].back for relation in RELATIONS]),
        tuple(graph.links[relation].back.share for relation in RELATIONS),
        *_columns([start.out[relation] for relation in RELATIONS]),
        preferences,
        start.rows,
        budget,
        settings.restart,
        settings.enough,
        settings.often,
        keys,
        counts,
        np.uint64(seed * 2 + 1),
    )
    return _boost(keys, counts, start.rows, steps)


def warm_up() -> None:
    """Compile the walk now, so that the first request does not wait for it."""
    links = make_links(np.zeros(1, int), np.zeros(1, int), np.ones(1, np.float32), 1, 1)
    frozen = Links(_read_only(links.out), _read_only(links.back))  # as arrays that are mapped from a file
    for each in (links, frozen):
        walk(TasteGraph(["a"], {}, dict.fromkeys(RELATIONS, each)), np.zeros(1, int), settings=WalkSettings(steps=1))


def _read_only(csr: Csr) -> Csr:
    copy = Csr(csr.indptr.copy(), csr.indices.copy(), csr.cumulative.copy(), csr.share.copy())
    for array in copy.__dict__.values():
        array.flags.writeable = False
    return copy


def _share_steps(importance: NDArray[np.float64], degrees: NDArray[np.float64], steps: int) -> NDArray[np.int64]:
    """Steps for each source; none for a source without edges."""
    if not len(degrees):
        return np.empty(0, np.int64)
    scale = degrees * (np.log(degrees.max() + 1.0) + 1.0 - np.log(np.maximum(degrees, 1.0)))
    share = importance * scale
    if share.sum() <= 0:
        return np.zeros(len(degrees), np.int64)
    return np.ceil(steps * share / share.sum()).astype(np.int64)


def _columns(relations: Sequence[Csr]) -> tuple[tuple[NDArray, ...], ...]:
    """Arrays as tuples over relations, which numba can index with a variable."""
    return (
        tuple(csr.indptr for csr in relations),
        tuple(csr.indices for csr in relations),
        tuple(csr.cumulative for csr in relations),
    )


def _boost(keys: NDArray[np.int64], counts: Ints, sources: NDArray[np.int64], steps: int) -> Visits:
    used = keys != _EMPTY
    pairs, visits = keys[used], counts[used]
    items, position = np.divmod(pairs, len(sources))
    fresh = ~np.isin(items, sources)
    items, position, visits = items[fresh], position[fresh], visits[fresh]
    order = np.lexsort((-visits, items))  # within an item the source that visited it most comes first
    items, position, visits = items[order], position[order], visits[order]
    unique, first = np.unique(items, return_index=True)
    scores = np.add.reduceat(np.sqrt(visits), first) ** 2 if len(unique) else np.empty(0)
    best = np.argsort(-scores, kind="stable")
    return Visits(
        unique[best].astype(np.int32), scores[best].astype(np.float32), position[first][best].astype(np.int32), steps
    )


@numba.njit(nogil=True, inline="always")
def _random(state: NDArray[np.uint64]) -> float:  # pragma: no cover
    """xorshift64* (Vigna, 2016), in [0, 1): numba's own generator is one per thread and cannot be seeded per walk."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return ((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(nogil=True, inline="always")
def _draw(indptr, indices, cumulative, row, uniform):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # pragma: no cover
    """A neighbour of `row`, by weight: binary search for the first edge whose cumulative share exceeds `uniform`."""
    low, high = indptr[row], indptr[row + 1] - 1
    while low < high:
        middle = (low + high) >> 1
        if cumulative[middle] > uniform:
            high = middle
        else:
            low = middle + 1
    return np.int64(indices[low])


@numba.njit(nogil=True, inline="always")
def _has_edges(indptr, source_indptr, item, source):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # pragma: no cover
    """Whether an item, or a source where `item` is -1, has edges of a relation."""
    if item < 0:
        return source_indptr[source + 1] > source_indptr[source]
    return indptr[item + 1] > indptr[item]


def _compiled(function: Callable[..., int]) -> Callable[..., int]:
    """Compiled when it is first called, and kept on disk for the processes that come after, where there is a place."""
    try:
        return numba.njit(function, nogil=True, cache=True)
    except RuntimeError:  # neither the sources' folder nor a home can be written to
        return numba.njit(function, nogil=True)


@_compiled
def _walk(  # type: ignore[no-untyped-def]  # noqa: ANN202  # pragma: no cover
    out_indptr,  # noqa: ANN001
    out_indices,  # noqa: ANN001
    out_cumulative,  # noqa: ANN001
    back_indptr,  # noqa: ANN001
    back_indices,  # noqa: ANN001
    back_cumulative,  # noqa: ANN001
    back_share,  # noqa: ANN001
    source_indptr,  # noqa: ANN001
    source_indices,  # noqa: ANN001
    source_cumulative,  # noqa: ANN001
    preferences,  # noqa: ANN001  [R]
    sources,  # noqa: ANN001  [S], -1 for those of another shard
    budget,  # noqa: ANN001  [S]
    restart,  # noqa: ANN001
    enough,  # noqa: ANN001
    often,  # noqa: ANN001
    keys,  # noqa: ANN001  [slots], open-addressing hash table of item * S + source
    counts,  # noqa: ANN001  [slots]
    seed,  # noqa: ANN001
):
    """Fill the table of visits; returns how many steps were made."""
    state = np.empty(1, np.uint64)
    state[0] = seed * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    mask = np.uint64(len(keys) - 1)
    relations = len(preferences)
    source_count = len(sources)
    at = np.empty(_WALKERS, np.int64)
    steps = 0
    for s in range(source_count):
        at[:] = -1  # at the source
        done = 0
        frequent = 0
        while done < budget[s] and frequent < enough:
            for w in range(_WALKERS):
                item = at[w]
                if _random(state) < restart:
                    item = -1
                total = 0.0
                for r in range(relations):
                    if _has_edges(out_indptr[r], source_indptr[r], item, s):
                        total += preferences[r]
                if total <= 0.0:
                    at[w] = -1
                    done += 1
                    continue
                pick = _random(state) * total
                chosen = -1
                for r in range(relations):
                    if _has_edges(out_indptr[r], source_indptr[r], item, s) and preferences[r] > 0.0:
                        chosen = r
                        pick -= preferences[r]
                        if pick < 0.0:
                            break
                uniform = _random(state)
                if item < 0:
                    node = _draw(source_indptr[chosen], source_indices[chosen], source_cumulative[chosen], s, uniform)
                else:
                    node = _draw(out_indptr[chosen], out_indices[chosen], out_cumulative[chosen], item, uniform)
                if back_indptr[chosen][node + 1] == back_indptr[chosen][node]:
                    at[w] = -1
                    done += 1
                    continue
                item = _draw(back_indptr[chosen], back_indices[chosen], back_cumulative[chosen], node, _random(state))
                at[w] = item
                done += 1
                if len(back_share[chosen]) > 0 and _random(state) >= back_share[chosen][node]:
                    continue
                key = item * source_count + s
                slot = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
                while keys[slot] != key and keys[slot] != -1:
                    slot = (slot + np.uint64(1)) & mask
                keys[slot] = key
                counts[slot] += 1
                if counts[slot] == often and item != sources[s]:
                    frequent += 1
        steps += done
    return steps
