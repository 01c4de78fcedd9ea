"""How well a model foretells what people do next: the gate of a release, and the benchmark's measure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taste.events import WEIGHTS, Event
from taste.model import TasteModel
from taste.profile import build_profile
from taste.rank import taste_scores

Floats = NDArray[np.float32]

LIKES = tuple(kind for kind, weight in WEIGHTS.items() if weight >= WEIGHTS["click"] and kind != "follow_board")
"""What counts as having liked what was shown."""


@dataclass(frozen=True)
class NextDay:
    """Outcome over people who liked something new on the held-out day."""

    hit: float
    """Share of people with at least one of their new likes among the first k of the whole catalogue."""
    ndcg: float
    people: int


@dataclass(frozen=True)
class Foretold:
    """How well one person's held-out likes were foretold."""

    person: str
    hit: float
    """1 if at least one of their new likes is among the first k of the whole catalogue, else 0."""
    ndcg: float


def next_day(model: TasteModel, events: pa.Table, day: datetime, *, k: int = 10) -> NextDay:
    """Rank the catalogue for everybody from events before `day`, and see what they liked from then on.

    Args:
        events: as `EventStore.scan` gives them, in any order; those at or after `day` are the held-out ones.

    Items that a person had acted on before are neither ranked nor counted. People who are new that day, or all of whose
    new likes the catalogue has lost, are left out.
    """
    people = list(foretell(model, events, day, k=k))
    if not people:
        return NextDay(0.0, 0.0, 0)
    hits, gains = [one.hit for one in people], [one.ndcg for one in people]
    return NextDay(float(np.mean(hits)), float(np.mean(gains)), len(people))


def foretell(
    model: TasteModel, events: pa.Table, day: datetime, *, k: int = 10, everybody_alike: Floats | None = None
) -> Iterator[Foretold]:
    """`next_day`, person by person.

    Args:
        everybody_alike: [N] scores of the model's items to rank by in place of the person's taste, such as popularity.
    """
    everything = model.embed(model.items)
    for person, history, later in _people(events, day):
        profile = build_profile(person, history, model, now=day)
        wanted = {model.rows[item] for item in later if item in model.rows and item not in profile.seen}
        if not wanted or not profile.interests:
            continue
        scores = taste_scores(everything, model, profile) if everybody_alike is None else everybody_alike.copy()
        scores[[model.rows[item] for item in profile.seen if item in model.rows]] = -np.inf
        top = np.argpartition(-scores, k)[:k] if len(scores) > k else np.arange(len(scores))
        top = top[np.argsort(-scores[top], kind="stable")]
        found = np.array([row in wanted for row in top.tolist()])
        discounts = 1 / np.log2(np.arange(len(top)) + 2)
        ndcg = float(discounts[found].sum() / discounts[: len(wanted)].sum())
        yield Foretold(person, float(found.any()), ndcg)


def to_events(rows: pa.Table) -> list[Event]:
    """Rows of one person, in Arrow as `scan` gives them, as events ordered by time; ids are their positions."""
    ordered = rows.sort_by("time").to_pylist()
    return [Event.model_construct(id=str(n), **row) for n, row in enumerate(ordered)]


def _people(events: pa.Table, day: datetime) -> Iterator[tuple[str, list[Event], set[str]]]:
    """For everyone with likes on or after `day`: their events before it, and the items of those likes."""
    late = events.filter(pc.greater_equal(events["time"], pa.scalar(day, events["time"].type)))
    likes = late.filter(pc.is_in(late["kind"], value_set=pa.array(LIKES)))
    wanted: dict[str, set[str]] = {}
    for person, item in zip(likes["person"].to_pylist(), likes["item"].to_pylist(), strict=True):
        wanted.setdefault(person, set()).add(item)
    early = events.filter(pc.less(events["time"], pa.scalar(day, events["time"].type)))
    early = early.filter(pc.is_in(early["person"], value_set=pa.array(list(wanted), pa.string()))).sort_by("person")
    people = early["person"].combine_chunks()
    runs = pc.run_end_encode(people) if len(people) else None
    begin = 0
    for person, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True) if runs else ():
        yield person, to_events(early.slice(begin, end - begin)), wanted[person]
        begin = end
