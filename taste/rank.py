"""Scoring candidates for a person, diversified, with reasons.

Candidates come as an Arrow table (columns `id`, and the model's vector columns for items newer than the model; a
`relevance` column where a query ranked them) from the item table or from `taste.explore.propose`, and leave as a list
in order of showing. In process, 500 candidates take a few milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from taste.diversify import diversify
from taste.explore import Path, Proposal, interest_name, path_of
from taste.model import Embedded, TasteModel, content_of
from taste.profile import CUT, Floats, Profile

ReasonKind = Literal["query", "intent", "interest", "frontier", "popular"]

TOGETHER = 0.8
"""Weight of co-occurrence beside the factors' score; chosen on validation items of pinterest20."""


@dataclass(frozen=True)
class RankSettings:
    """What kind of list is wanted.

    Attributes:
        count: items to return.
        adventurousness: in [0, 1]: 0 is more like this, 1 is what lies just beyond the person's interests.
        taste: in [0, 1], weight of taste against the `relevance` column, where there is one.
        diversity: weight of variety against relevance; by default it follows adventurousness and the journey's stage.
        skip_seen: leave out what the person has acted on, as a feed does and a search does not.
    """

    count: int = 20
    adventurousness: float = 0.3
    taste: float = 0.4
    diversity: float | None = None
    skip_seen: bool = False


@dataclass(frozen=True)
class Reason:
    """Why an item is shown, for a program and for a person."""

    kind: ReasonKind
    sentence: str
    interest: str | None = None
    because_of: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Ranked:
    """One item of the answer. `row` is its position in the candidates; `score` falls along the list only roughly, as
    diversification reorders it."""

    id: str
    row: int
    score: float
    reason: Reason


RANKED_SCHEMA = pa.schema(
    [("id", pa.string()), ("row", pa.int32()), ("score", pa.float32()), ("kind", pa.string()), ("reason", pa.string())]
)


def rank(
    candidates: pa.Table,
    model: TasteModel,
    profile: Profile | None = None,
    settings: RankSettings | None = None,
    *,
    proposals: Sequence[Proposal] = (),
) -> list[Ranked]:
    """Rank candidates for a person, or for anybody where `profile` is None.

    Args:
        proposals: from `propose`, if candidates came from there: their support and their paths.

    Raises:
        InvalidInput: vectors of a wrong width.
    """
    settings = settings or RankSettings()
    ids = candidates["id"].to_pylist()
    if not ids:
        return []
    content = content_of(candidates, model.columns) if set(model.columns) <= set(candidates.column_names) else None
    items = model.embed(ids, content)
    allowed = np.ones(len(ids), bool)
    if profile is not None:
        banned = profile.hidden | profile.seen if settings.skip_seen else profile.hidden
        allowed = np.fromiter((id_ not in banned for id_ in ids), bool, len(ids))
    scores = _standardised(taste_scores(items, model, profile), allowed)
    stage = profile.journey.stage if profile else "inspiration"
    adventure = settings.adventurousness * {"inspiration": 1.0, "comparing": 0.7, "ready_to_buy": 0.4}[stage]
    by_id = {proposal.item: proposal for proposal in proposals}
    distance = _distance(items, model, profile)
    if profile is not None and profile.active and adventure > 0:
        wanted = 0.2 + 0.6 * adventure  # how far from the nearest interest is just right, in random items' distances
        fit = np.exp(-np.square((distance - wanted) / 0.3))
        support = np.array([by_id[i].support if i in by_id and by_id[i].start else 0.0 for i in ids], np.float32)
        beyond = 3.0 * fit + support / max(float(support.max()), 1.0)
        scores = ((1 - adventure) * scores + adventure * beyond).astype(np.float32)
    if "relevance" in candidates.column_names:
        relevance = candidates["relevance"].to_numpy().astype(np.float32)
        scores = settings.taste * scores + (1 - settings.taste) * _standardised(relevance, allowed)
    scores = np.where(allowed, scores, -np.inf).astype(np.float32)
    variety = settings.diversity
    if variety is None:
        variety = (0.4 + 0.8 * settings.adventurousness) * {"inspiration": 1.0, "comparing": 0.6, "ready_to_buy": 0.4}[
            stage
        ]
    chosen = diversify(scores, items.outputs, min(settings.count, int(allowed.sum())), weight=variety)
    reasons = _reasons(items, chosen, ids, model, profile, by_id, "relevance" in candidates.column_names)
    return [Ranked(ids[n], int(n), float(scores[n]), r) for n, r in zip(chosen, reasons, strict=True)]


def ranked_table(ranked: Sequence[Ranked]) -> pa.Table:
    """The answer as Arrow, RANKED_SCHEMA, to travel between deployments."""
    rows = [
        {"id": r.id, "row": r.row, "score": r.score, "kind": r.reason.kind, "reason": r.reason.sentence} for r in ranked
    ]
    return pa.Table.from_pylist(rows, schema=RANKED_SCHEMA)


def taste_scores(
    items: Embedded, model: TasteModel, profile: Profile | None, *, company: Floats | None = None
) -> Floats:
    """How much a person would like each of n items, as logits [n], before variety and adventure come in.

    Args:
        company: [n] `Together.evidence` of the items, where it is known already.

    Half is what all their likes together say (factors and co-occurrence), half what the one interest says that the item
    is closest to; the current visit counts on top, and what resembles disliked items loses.
    """
    f = model.factors
    if profile is None or not (profile.interests or len(profile.disliked)):
        return items.bias.astype(np.float32)
    scores: Floats = f.score(profile.vector, items.outputs, items.bias)
    if len(profile.rows):
        found = model.together.evidence(profile.rows, profile.weights, items.rows) if company is None else company
        scores = (scores + TOGETHER * found).astype(np.float32)
    if profile.active:
        vectors = np.stack([interest.vector for interest in profile.active])
        shares = np.array([i.importance * (2.0 if i.mark == "pinned" else 1.0) for i in profile.active], np.float32)
        by_interest = f.score(vectors, items.outputs) + np.log(shares / shares.sum() + 1e-6)[:, None]  # [I, n]
        top = by_interest.max(axis=0)
        best = top + np.log(np.exp(by_interest - top).sum(axis=0)) + items.bias  # ten times as fast as logaddexp
        scores = (0.5 * scores + 0.5 * best).astype(np.float32)
    if profile.intent_items:
        urgency = {"inspiration": 0.3, "comparing": 0.6, "ready_to_buy": 0.6}[profile.journey.stage]
        scores = scores + urgency * f.score(profile.intent, items.outputs)
    if len(profile.disliked):
        near = 1.0 - CUT * model.survey.typical_distance  # a cosine at which two items would share an interest
        likeness = (items.outputs @ profile.disliked.T).max(axis=1)
        scores = scores - 0.5 / f.temperature * np.maximum(likeness - near, 0.0)
    return scores.astype(np.float32)


def _standardised(scores: Floats, among: NDArray[np.bool_]) -> Floats:
    """Mean 0 and spread 1 over the items that may be shown."""
    if not among.any():
        return np.zeros_like(scores)
    mean, spread = scores[among].mean(), scores[among].std()
    result: Floats = (scores - mean) / max(float(spread), 1e-6)
    return result


def _distance(items: Embedded, model: TasteModel, profile: Profile | None) -> Floats:
    """Distance [n] to the nearest interest, 1 being that of two random items."""
    if profile is None or not profile.active:
        return np.ones(len(items.rows), np.float32)
    centres = np.stack([interest.centre for interest in profile.active])
    result: Floats = (1.0 - (items.outputs @ centres.T).max(axis=1)) / model.survey.typical_distance
    return result


def _reasons(
    items: Embedded,
    chosen: NDArray[np.int64],
    ids: Sequence[str],
    model: TasteModel,
    profile: Profile | None,
    proposals: Mapping[str, Proposal],
    queried: bool,
) -> list[Reason]:
    if profile is None or not profile.active:
        kind: ReasonKind = "query" if queried else "popular"
        sentence = "Fits what you asked for" if queried else "Liked by many"
        return [Reason(kind, sentence)] * len(chosen)
    outputs = items.outputs[chosen]
    centres = np.stack([interest.centre for interest in profile.active])
    nearest = (outputs @ centres.T).argmax(axis=1)
    limit = 1.0 - CUT * model.survey.typical_distance
    likes = model.embed(profile.intent_items).outputs if profile.intent_items else np.zeros((0, outputs.shape[1]))
    now = (outputs @ likes.T).max(axis=1, initial=-1.0)
    reasons = []
    for n, row in enumerate(chosen):
        proposal = proposals.get(ids[row])
        interest = profile.active[nearest[n]]
        near = float(outputs[n] @ centres[nearest[n]]) >= limit
        path = path_of(model, proposal) if proposal and not near else None
        if path is not None:
            reasons.append(Reason("frontier", path.sentence, path.interest, path.item, path))
        elif now[n] >= limit:
            like = profile.intent_items[int((likes @ outputs[n]).argmax())]
            reasons.append(Reason("intent", "Like what you are looking at now", interest.id, like))
        elif near:
            like = _closest(model, interest.items, outputs[n])
            reasons.append(Reason("interest", f"Because you like {interest_name(interest)}", interest.id, like))
        elif queried:
            reasons.append(Reason("query", "Fits what you asked for"))
        else:
            sentence = f"A step on from {interest_name(interest)}"
            reasons.append(Reason("frontier", sentence, interest.id, interest.id))
    return reasons


def _closest(model: TasteModel, ids: Sequence[str], output: Floats) -> str:
    return ids[int((model.embed(ids[:20]).outputs @ output).argmax())]
