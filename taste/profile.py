"""Who a person is, as a shop may know: several interests, what they are after right now, what they dislike.

Computed from events at read time, in a few milliseconds, so that an event counts in the very next request on any
replica and a forgotten one is gone with it; nothing is kept between requests. Interests are clusters of recent items
(Pal et al., "PinnerSage: multi-modal user embedding framework for recommendations at Pinterest", KDD 2020): one
average of ceramics and running shoes would be nobody's taste.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from taste.events import TAKES_BACK, WEIGHTS, Event
from taste.journey import Journey, judge_journey
from taste.model import Embedded, TasteModel
from taste.store import Mark

Floats = NDArray[np.float32]
LifeCycle = Literal["new", "active", "fading"]

MAX_EVENTS = 500
"""Latest events that a profile reads."""
MAX_ITEMS = 200
"""Latest distinct items that are clustered."""
MAX_INTERESTS = 12
HALF_LIFE_DAYS = 14.0
"""An act counts half towards an interest's importance after this long."""
NEW_FOR = timedelta(days=3)
FADES_AFTER = timedelta(days=21)
VISIT_GAP = timedelta(minutes=30)
"""Without session ids, acts this close to the latest one belong to the same visit."""
CUT = 0.5
"""Clusters are joined while the mean distance of their items is below this share of two random items' distance."""
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True, eq=False)
class Interest:
    """One of a person's interests.

    Attributes:
        id: item id of the medoid, the item that stands for the interest; marks hang on it.
        items: ids, latest first.
        events: ids of the events that it comes from, latest first.
        importance: share of the person's interests, in [0, 1].
        concepts: what its items have in common more than other items do, most telling first: "style:Japandi".
        vector: [d] unit, comparable with items' outputs.
        centre: [d] mean of its items' outputs.
        position: x, y on the taste map, about [-1, 1].
    """

    id: str
    title: str
    items: tuple[str, ...]
    events: tuple[str, ...]
    importance: float
    life_cycle: LifeCycle
    mark: Mark | None
    concepts: tuple[str, ...]
    vector: Floats
    centre: Floats
    position: tuple[float, float]
    last: datetime


@dataclass(frozen=True, eq=False)
class Profile:
    """A person at one moment. Muted interests are listed and take no other part.

    Attributes:
        interests: most important first, pinned ones before all.
        vector: [d] unit, of all that counts; zeros for somebody unknown.
        intent: [d] unit, of the current visit; zeros outside one.
        rows, weights: the model's rows of liked items, and how much each counts.
        disliked: [h, d] outputs of hidden items and of muted interests' items.
        hidden: ids that must not be shown.
        seen: every id that the person acted on.
        bought: ids.
    """

    person: str
    interests: tuple[Interest, ...]
    vector: Floats
    intent: Floats
    intent_items: tuple[str, ...]
    rows: NDArray[np.int64]
    weights: Floats
    disliked: Floats
    hidden: frozenset[str]
    seen: frozenset[str]
    bought: frozenset[str]
    boards: tuple[str, ...]
    journey: Journey

    @property
    def active(self) -> tuple[Interest, ...]:
        """Interests that count: all but the muted."""
        return tuple(interest for interest in self.interests if interest.mark != "muted")


def build_profile(
    person: str,
    events: Sequence[Event],
    model: TasteModel,
    *,
    now: datetime,
    marks: Mapping[str, Mark] | None = None,
    content: Mapping[str, Floats] | None = None,
) -> Profile:
    """Compute a profile.

    Args:
        events: of this person, ordered by time, as `EventStore.of_person` gives them; the latest MAX_EVENTS count.
        marks: as `EventStore.marks` gives them.
        content: vectors [D] by item id, for items newer than the model; without them such items do not count.
    """
    events = list(events)[-MAX_EVENTS:]
    acts = _collect(events, now)
    hidden = frozenset(item for item, act in acts.items() if act.hidden)
    liked = [item for item, act in acts.items() if not act.hidden and act.weight > _NEGLIGIBLE][:MAX_ITEMS]
    wanted = _embed(model, [*liked, *sorted(hidden)], content)
    known = wanted.known[: len(liked)]
    positions = np.flatnonzero(known)
    ids = [liked[i] for i in positions]
    items = Embedded(
        wanted.rows[positions], wanted.inputs[positions], wanted.outputs[positions], wanted.bias[positions]
    )
    weights = np.array([acts[item].weight for item in ids], np.float32)
    interests, labels = _interests(ids, items, weights, acts, model, now, dict(marks or {}))
    muted = np.isin(labels, [n for n, interest in enumerate(interests) if interest.mark == "muted"])
    visit = _current_visit(events, now)
    in_visit = np.array([item in visit for item in ids], bool) & ~muted
    factors = model.factors
    trained = (items.rows >= 0) & ~muted
    disliked = np.concatenate([wanted.outputs[len(liked) :], items.outputs[muted]])
    pinned_first = sorted(interests, key=lambda i: (i.mark != "pinned", -i.importance))
    return Profile(
        person=person,
        interests=tuple(pinned_first),
        vector=factors.person(items.inputs[~muted], weights[~muted]),
        intent=factors.person(items.inputs[in_visit], weights[in_visit]),
        intent_items=tuple(item for item, now_ in zip(ids, in_visit, strict=True) if now_),
        rows=items.rows[trained],
        weights=weights[trained],
        disliked=disliked[np.abs(disliked).sum(axis=1) > 0],
        hidden=hidden,
        seen=frozenset(acts),
        bought=frozenset(event.item for event in events if event.kind == "buy" and event.item),
        boards=tuple(dict.fromkeys(e.board for e in reversed(events) if e.kind == "follow_board" and e.board)),
        journey=judge_journey(events, {item: int(n) for item, n in zip(ids, labels, strict=True)}, now),
    )


def profile_view(profile: Profile) -> dict[str, Any]:
    """The person's own view, as JSON: what is believed of them, and the events that each belief comes from."""
    return {
        "person": profile.person,
        "interests": [
            {
                "id": interest.id,
                "title": interest.title,
                "concepts": list(interest.concepts),
                "importance": round(interest.importance, 4),
                "life_cycle": interest.life_cycle,
                "mark": interest.mark,
                "items": list(interest.items),
                "events": list(interest.events),
                "last": interest.last.isoformat(),
                "position": [round(c, 4) for c in interest.position],
            }
            for interest in profile.interests
        ],
        "intent": list(profile.intent_items),
        "hidden": sorted(profile.hidden),
        "boards": list(profile.boards),
        "journey": {"stage": profile.journey.stage, "because": profile.journey.because},
    }


@dataclass
class _Act:
    """All that a person did with one item. `taken`: whether any of it takes an earlier hide back."""

    weight: float
    hidden: bool
    taken: bool
    first: datetime
    last: datetime
    events: list[str]


def _collect(events: Sequence[Event], now: datetime) -> dict[str, _Act]:
    """Acts by item, latest item first. A hide outweighs what came before it, and is taken back by a later save."""
    acts: dict[str, _Act] = {}
    # Only ratios matter, so age is counted from the latest event: who comes back after years still has tastes.
    latest = min(now, events[-1].time) if events else now
    for event in reversed(events):
        if event.item is None:
            continue
        age_days = max((latest - event.time) / timedelta(days=1), 0.0)
        weight = max(WEIGHTS[event.kind], 0.0) * 0.5 ** (age_days / HALF_LIFE_DAYS)
        act = acts.get(event.item)
        if act is None:
            taken = event.kind in TAKES_BACK
            acts[event.item] = _Act(weight, event.kind == "hide", taken, event.time, event.time, [event.id])
            continue
        act.weight += weight
        act.first = event.time
        act.events.append(event.id)
        act.taken = act.taken or event.kind in TAKES_BACK
        if event.kind == "hide" and not act.taken:
            act.hidden = True
    return acts


def _embed(model: TasteModel, ids: Sequence[str], content: Mapping[str, Floats] | None) -> Embedded:
    if not content:
        return model.embed(ids)
    width = model.factors.input_map.shape[0]
    vectors = np.stack([content.get(id_, np.zeros(width, np.float32)) for id_ in ids]) if ids else None
    return model.embed(ids, vectors)


def _interests(
    ids: Sequence[str],
    items: Embedded,
    weights: Floats,
    acts: Mapping[str, _Act],
    model: TasteModel,
    now: datetime,
    marks: dict[str, Mark],
) -> tuple[list[Interest], NDArray[np.int64]]:
    """Interests, and for each item the position of its own."""
    labels = _cluster(items.outputs, model.survey.typical_distance * CUT)
    count = int(labels.max(initial=-1)) + 1
    total = float(weights.sum()) or 1.0
    centres = [_unit(weights[labels == n] @ items.outputs[labels == n]) for n in range(count)]
    marked = _place_marks(marks, ids, labels, centres, model)
    interests = []
    for n in range(count):
        members = np.flatnonzero(labels == n)
        names = [ids[m] for m in members]
        medoid = _medoid(items.outputs[members], weights[members])
        dates = [acts[name].last for name in names]
        first = min(acts[name].first for name in names)
        row = int(items.rows[members[medoid]])
        interests.append(
            Interest(
                id=names[medoid],
                title=model.titles[row] if row >= 0 else names[medoid],
                items=tuple(names),
                events=tuple(event for name in names for event in acts[name].events),
                importance=float(weights[members].sum()) / total,
                life_cycle=_life_cycle(first, max(dates), now),
                mark=marked.get(n),
                concepts=common_concepts(model, items.rows[members]),
                vector=model.factors.person(items.inputs[members], weights[members]),
                centre=centres[n],
                position=_place(model, centres[n]),
                last=max(dates),
            )
        )
    return interests, labels


def _cluster(vectors: Floats, cut: float) -> NDArray[np.int64]:
    """Average linkage on cosine distance; labels 0, 1, ... in order of the latest item."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    distances = np.maximum(1.0 - vectors @ vectors.T, 0.0)
    tree = linkage(distances[np.triu_indices(len(vectors), 1)], "average")
    raw = fcluster(tree, cut, "distance")
    if raw.max() > MAX_INTERESTS:
        raw = fcluster(tree, MAX_INTERESTS, "maxclust")
    order = {label: n for n, label in enumerate(dict.fromkeys(raw.tolist()))}
    return np.array([order[label] for label in raw.tolist()])


def _place(model: TasteModel, output: Floats) -> tuple[float, float]:
    x, y = model.survey.places(output)
    return float(x), float(y)


def _medoid(vectors: Floats, weights: Floats) -> int:
    return int(np.argmax(vectors @ (weights @ vectors)))


def _life_cycle(first: datetime, last: datetime, now: datetime) -> LifeCycle:
    if now - last > FADES_AFTER:
        return "fading"
    return "new" if now - first <= NEW_FOR else "active"


def _place_marks(
    marks: dict[str, Mark], ids: Sequence[str], labels: NDArray[np.int64], centres: list[Floats], model: TasteModel
) -> dict[int, Mark]:
    """Which interest each mark belongs to now: the one that holds its item, or else the nearest if it is near."""
    placed: dict[int, Mark] = {}
    where = {item: int(label) for item, label in zip(ids, labels, strict=True)}
    for item, mark in marks.items():
        label = where.get(item)
        if label is None and centres and item in model.rows:
            cosines = np.stack(centres) @ model.factors.outputs[model.rows[item]]
            if 1.0 - cosines.max() < model.survey.typical_distance * CUT:
                label = int(cosines.argmax())
        if label is not None:
            placed[label] = mark
    return placed


def common_concepts(model: TasteModel, rows: NDArray[np.int64], limit: int = 3) -> tuple[str, ...]:
    """Concepts that a share of these items has which is large, and larger than in the catalogue."""
    rows = rows[rows >= 0]
    links, names, survey = model.graph.links["concepts"], model.graph.names.get("concepts", []), model.survey
    if not len(rows) or not len(names):
        return ()
    found = np.concatenate([links.out.neighbours(int(row)) for row in rows])
    nodes, counts = np.unique(found, return_counts=True)
    usual = survey.concept_sizes[nodes] / survey.items
    share = counts / len(rows)
    telling = share * np.log(np.maximum(share / np.maximum(usual, 1e-9), 1e-9))
    best = [n for n in np.argsort(-telling, kind="stable") if share[n] >= 0.5 and telling[n] > 0][:limit]
    return tuple(names[int(nodes[n])] for n in best)


def _current_visit(events: Sequence[Event], now: datetime) -> set[str]:
    """Items of the visit that is under way: the latest session, or an unbroken run of acts, if it is recent."""
    if not events or now - events[-1].time > VISIT_GAP:
        return set()
    latest = events[-1]
    items: set[str] = set()
    after = latest
    for event in reversed(events):
        same = event.visit == latest.visit if latest.visit else after.time - event.time <= VISIT_GAP
        if not same:
            break
        if event.item and event.kind != "hide":
            items.add(event.item)
        after = event
    return items


def _unit(vector: Floats) -> Floats:
    unit: Floats = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit
