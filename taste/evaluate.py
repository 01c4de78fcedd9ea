"""How well models foretell what people do next: the gate of a release, and the benchmark's measure.

Models that are compared are asked the same: about the same people, the same likes of theirs, and the same items to
rank. A model meets items that are newer than it is by their content, as it would in the shop.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taste.events import WEIGHTS, Event
from taste.model import Embedded, TasteModel, content_of, largest
from taste.names import Rows, Strings, id_hashes
from taste.profile import MAX_EVENTS, Profile, build_profile
from taste.rank import taste_scores
from taste.store import EVENT_SCHEMA

Floats = NDArray[np.float32]

LIKES = tuple(kind for kind, weight in WEIGHTS.items() if weight >= WEIGHTS["click"] and kind != "follow_board")
"""What counts as having liked what was shown."""

MOST_JUDGED = 20_000
"""People that models are compared on, at most: with a tenth of them hit, the share is known to a fiftieth of itself."""

_BLOCK = 65_536
"""Items that are scored at a time: a person with twelve interests is then worth some megabytes, in any catalogue."""


@dataclass(frozen=True)
class NextDay:
    """Outcome over people who liked something new on the held-out day."""

    hit: float
    """Share of people with at least one of their new likes among the first k of the whole catalogue."""
    ndcg: float
    people: int

    @classmethod
    def of(cls, people: Sequence["Foretold"]) -> "NextDay":
        """The mean over people; zeros where there are none."""
        if not people:
            return cls(0.0, 0.0, 0)
        hits, gains = [one.hit for one in people], [one.ndcg for one in people]
        return cls(float(np.mean(hits)), float(np.mean(gains)), len(people))


@dataclass(frozen=True)
class Foretold:
    """How well one person's held-out likes were foretold."""

    person: str
    hit: float
    """1 if at least one of their new likes is among the first k of the whole catalogue, else 0."""
    ndcg: float


@dataclass(frozen=True, eq=False)
class Contender:
    """A model before a catalogue of N items, which need not be those that it was trained on.

    Attributes:
        items: [N] as the model sees them.
        content: vectors [D] by id, of items that the model was not trained on.
        everybody_alike: [N] scores to rank by in place of a person's taste, such as popularity.
    """

    model: TasteModel
    items: Embedded
    content: dict[str, Floats]
    everybody_alike: Floats | None = None

    @classmethod
    def of(cls, model: TasteModel, catalogue: pa.Table | None = None) -> "Contender":
        """A model before a catalogue, by default its own.

        Args:
            catalogue: columns `id` and the model's vector columns; without those, new items are not known.
        """
        model = _compact(model)
        ids = model.items if catalogue is None else catalogue["id"].to_pylist()
        rows = model.rows.find(ids)
        f = model.factors
        if len(rows) == len(model.items) and np.array_equal(rows, np.arange(len(rows))):
            return cls(model, Embedded(rows, f.inputs, f.outputs, f.bias), {})  # nothing of a large model is copied
        new, embedded = np.flatnonzero(rows < 0), model.embed(ids)
        if catalogue is None or not len(new) or not set(model.columns) <= set(catalogue.column_names):
            return cls(model, embedded, {})
        vectors = content_of(catalogue.take(new), model.columns)
        if vectors.shape[1] != f.input_map.shape[0]:  # of another width it says nothing to this model
            return cls(model, embedded, {})
        embedded.inputs[new], embedded.outputs[new] = f.from_content(vectors)
        return cls(model, embedded, {ids[row]: vector for row, vector in zip(new.tolist(), vectors, strict=True)})

    def first(self, profile: Profile, k: int, banned: NDArray[np.int64]) -> NDArray[np.int64]:
        """The k items of the catalogue that a person would like best, best first, without those at `banned`."""
        together = self.model.together
        company = together.evidence(profile.rows, profile.weights) if len(profile.rows) else None  # of the model's rows
        best, scores = np.empty(0, np.int64), np.empty(0, np.float32)
        for begin in range(0, len(self.items.rows), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            found = self._scores(profile, part, company)
            here = banned[(banned >= begin) & (banned < begin + _BLOCK)]
            found[here - begin] = -np.inf
            top = largest(found, k)
            best, scores = np.concatenate([best, top + begin]), np.concatenate([scores, found[top]])
        return best[largest(scores, k)]

    def _scores(self, profile: Profile, part: slice, company: Floats | None) -> Floats:
        if self.everybody_alike is not None:
            return self.everybody_alike[part].copy()
        items = self.items
        some = Embedded(items.rows[part], items.inputs[part], items.outputs[part], items.bias[part])
        found = None if company is None else np.where(some.rows >= 0, company[some.rows], np.float32(0))
        return taste_scores(some, self.model, profile, company=found).copy()


def foretell(
    model: TasteModel, events: pa.Table, day: datetime, *, k: int = 10, everybody_alike: Floats | None = None
) -> Iterator[Foretold]:
    """Rank a model's items for everybody from events before `day`, and see what they liked from then on.

    Args:
        events: as `EventStore.scan` gives them, in any order; those at or after `day` are the held-out ones.
        everybody_alike: [N] scores of the model's items to rank by in place of the person's taste, such as popularity.

    Items that a person had acted on before are neither ranked nor counted. People who are new that day, or all of whose
    new likes the catalogue has lost, are left out.
    """
    contender = replace(Contender.of(model), everybody_alike=everybody_alike)
    return (one for (one,) in compare([contender], contender.model.rows, events, day, k=k))


def compare(
    contenders: Sequence[Contender], catalogue: Rows, events: pa.Table, day: datetime, *, k: int = 10
) -> Iterator[tuple[Foretold, ...]]:
    """`foretell`, of several models before one catalogue: each person's outcome with each of them.

    Somebody whose history one of the models makes nothing of is shown what is popular there, as in the shop; who is
    unknown to all of them is left out.
    """
    for person, history, later in _people(events, day):
        profiles = [build_profile(person, history, c.model, now=day, content=c.content) for c in contenders]
        seen = profiles[0].seen
        rows = catalogue.find(sorted(later - seen))
        wanted = set(rows[rows >= 0].tolist())
        if not wanted or not any(profile.interests for profile in profiles):
            continue
        banned = catalogue.find(sorted(seen))
        banned = banned[banned >= 0]
        yield tuple(
            _outcome(person, contender.first(profile, k, banned), wanted)
            for contender, profile in zip(contenders, profiles, strict=True)
        )


def likes_since(events: pa.Table, day: datetime) -> pa.Table:
    """The rows of events that are likes of that day or later."""
    late = events.filter(pc.greater_equal(events["time"], pa.scalar(day, events["time"].type)))
    return late.filter(pc.and_(pc.is_in(late["kind"], value_set=pa.array(LIKES)), pc.is_valid(late["item"])))


def to_be_judged(events: pa.Table, day: datetime, people: Sequence[str]) -> pa.Table:
    """What `compare` needs of these people's events: likes since `day`, and the latest MAX_EVENTS acts before."""
    theirs = events.filter(pc.is_in(events["person"], value_set=pa.array(people, pa.string())))
    early = theirs.filter(pc.less(theirs["time"], pa.scalar(day, theirs["time"].type)))
    return pa.concat_tables([latest_of_each(early, MAX_EVENTS), likes_since(theirs, day)])


def sample_people(people: Iterable[str], most: int) -> list[str]:
    """At most so many of some people, by the hash of their ids: the same ones on every machine and in every order."""
    distinct = sorted(set(people))
    chosen = np.argsort(id_hashes(distinct), kind="stable")[:most] if len(distinct) > most else range(len(distinct))
    return sorted(distinct[n] for n in chosen)


def latest_of_each(events: pa.Table, most: int) -> pa.Table:
    """The latest `most` events of each person, ordered by person and time: of a crawler's millions no more."""
    ordered = events.sort_by([("person", "ascending"), ("time", "ascending")])
    if not ordered.num_rows:
        return ordered
    ends = pc.run_end_encode(ordered["person"].combine_chunks()).run_ends.to_numpy()
    end = np.repeat(ends, np.diff(ends, prepend=0))
    return ordered.filter(pa.array(end - np.arange(len(end)) <= most))


def to_events(rows: pa.Table) -> list[Event]:
    """Rows of one person, in Arrow as `scan` gives them, as events ordered by time; ids are their positions."""
    ordered = rows.sort_by("time").to_pylist()
    return [Event.model_construct(id=str(n), **row) for n, row in enumerate(ordered)]


def by_person(events: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Everybody's rows of events, people in order of their ids."""
    ordered = events.select(EVENT_SCHEMA.names).sort_by("person")
    runs = pc.run_end_encode(ordered["person"].combine_chunks()) if ordered.num_rows else None
    begin = 0
    for person, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True) if runs else ():
        yield person, ordered.slice(begin, end - begin)
        begin = end


def _outcome(person: str, first: NDArray[np.int64], wanted: set[int]) -> Foretold:
    found = np.array([row in wanted for row in first.tolist()], bool)
    discounts = 1 / np.log2(np.arange(len(first)) + 2)
    ndcg = float(discounts[found].sum() / discounts[: len(wanted)].sum()) if len(first) else 0.0
    return Foretold(person, float(found.any()), ndcg)


def _people(events: pa.Table, day: datetime) -> Iterator[tuple[str, list[Event], set[str]]]:
    """For everyone with likes on or after `day`: their latest events before it, and the items of those likes."""
    likes = likes_since(events, day)
    wanted: dict[str, set[str]] = {}
    for person, item in zip(likes["person"].to_pylist(), likes["item"].to_pylist(), strict=True):
        wanted.setdefault(person, set()).add(item)
    early = events.filter(pc.less(events["time"], pa.scalar(day, events["time"].type)))
    early = early.filter(pc.is_in(early["person"], value_set=pa.array(list(wanted), pa.string())))
    for person, rows in by_person(latest_of_each(early, MAX_EVENTS)):
        yield person, to_events(rows), wanted[person]


def _compact(model: TasteModel) -> TasteModel:
    """The same model, to be sent to other processes: names as Arrow has them, and what it knows of the whole."""
    items = _packed(model.items)
    names = {relation: _packed(texts) for relation, texts in model.graph.names.items()}
    return replace(
        model,
        items=items,
        kinds=_packed(model.kinds),
        titles=_packed(model.titles),
        graph=replace(model.graph, items=items, names=names),
        rows=Rows(items, model.rows.hashes, model.rows.order),
        surveyed=model.survey,
    )


def _packed(texts: Sequence[str]) -> Sequence[str]:
    return texts if isinstance(texts, Strings) else Strings(pa.array(texts, pa.large_string()))
