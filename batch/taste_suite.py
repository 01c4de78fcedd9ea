"""The taste and exploration suites: what people did next, and what feeds hold at several settings of adventurousness.

Both ask a release's taste model about its last days of events. A model that `batch.train_taste` made has not seen the
last day of the events that it was given.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch.event_files import address_of, latest_event, read_events
from batch.suite_report import Report
from batch.train_taste import load_model, read_items
from catalog.demo import load as demo
from catalog.errors import InvalidInput, NotFound
from catalog.release import Release, ReleaseStore
from taste.evaluate import (
    MOST_JUDGED,
    by_person,
    foretell,
    latest_of_each,
    likes_since,
    sample_people,
    to_be_judged,
    to_events,
)
from taste.explore import propose
from taste.model import TasteModel
from taste.profile import MAX_EVENTS, Profile, build_profile
from taste.rank import RankSettings, rank
from taste.store import EVENT_SCHEMA

ADVENTUROUSNESS = (0.0, 0.5, 1.0)
SHOWN = 20
MOST_FEEDS = 200
"""People whose feeds are looked at, at most; the same ones for every release."""

_MORE_IS_BETTER = ("hit@20", "interests covered", "told paths")
"""Of these a release may not have less; how far and how varied a feed is, is told and not judged."""

Say = Callable[[int, int], None]


def taste(store: ReleaseStore, release: Release, events: pa.Table, say: Say, days: float = 1.0) -> Report:
    """New likes of the last days, foretold from what came before: a person counts once.

    Raises:
        NotFound: the release has no taste model.
        InvalidInput: nobody liked anything new on the last days.
    """
    model, day = _model(store, release), _beginning(events, days)
    popular = np.asarray(model.factors.bias, np.float32)
    people = sample_people(likes_since(events, day)["person"].to_pylist(), MOST_JUDGED)
    events = to_be_judged(events, day, people)
    mine = list(foretell(model, events, day))
    if not mine:
        raise InvalidInput(f"nobody liked anything new since {day:%Y-%m-%d %H:%M}; are these this shop's events?")
    say(1, 2)
    theirs = list(foretell(model, events, day, everybody_alike=popular))
    say(2, 2)
    samples = {
        "hit@10": {one.person: one.hit for one in mine},
        "nDCG@10": {one.person: one.ndcg for one in mine},
    }
    scores: dict[str, dict[str, float | int]] = {
        name: {
            "hit@10": float(np.mean([one.hit for one in people])),
            "nDCG@10": float(np.mean([one.ndcg for one in people])),
            "people": len(people),
        }
        for name, people in (("taste", mine), ("most popular", theirs))
    }
    return Report("taste", release.id, scores, samples, notes={"since": day.isoformat()})


def exploration(store: ReleaseStore, release: Release, events: pa.Table, say: Say, days: float = 1.0) -> Report:
    """Feeds of twenty from events before the last days: what they cover, how far they go, what they can say of it.

    Raises:
        NotFound: the release has no taste model.
        InvalidInput: nobody has interests.
    """
    model, day = _model(store, release), _beginning(events, days)
    table, _ = read_items(store, release)
    people = list(islice(_profiles(model, events, day), MOST_FEEDS))
    if not people:
        raise InvalidInput(f"nobody has interests from before {day:%Y-%m-%d %H:%M}")
    found: dict[tuple[str, float], dict[str, float]] = {}
    for done, (profile, later) in enumerate(people, 1):
        for setting in ADVENTUROUSNESS:
            for name, value in _feed(model, table, profile, later, setting).items():
                found.setdefault((name, setting), {})[profile.person] = value
        say(done, len(people))
    scores: dict[str, dict[str, float | int]] = {}
    for (name, setting), values in found.items():
        row = scores.setdefault(f"adventurousness {setting:g}", {"people": len(people)})
        row[name] = float(np.mean(list(values.values())))
    samples = {f"{name} (adventurousness {at:g})": of for (name, at), of in found.items() if name in _MORE_IS_BETTER}
    return Report("exploration", release.id, scores, samples, notes={"since": day.isoformat()})


def read_people(where: str | None) -> pa.Table:
    """All events at a database's URL, file or glob; of the demo's made-up shoppers for None."""
    if where is None:
        rows = [{"person": one.user_id, "kind": one.kind, "item": one.item_id, "time": one.at} for one in demo.events()]
        return pa.Table.from_pylist(rows, schema=EVENT_SCHEMA)
    events = read_events(where)
    if not events.num_rows:
        raise InvalidInput(f"there are no events in {address_of(where)}")
    return events


def _model(store: ReleaseStore, release: Release) -> TasteModel:
    if release.taste is None:
        raise NotFound(f"release {release.id} has no taste model; train one: batch.train_taste")
    return load_model(store, release.taste, encoder_version=release.encoder.version)


def _beginning(events: pa.Table, days: float) -> datetime:
    return (latest_event(events["time"]) or datetime.now(UTC)) - timedelta(days=days)


def _profiles(model: TasteModel, events: pa.Table, day: datetime) -> Iterator[tuple[Profile, set[str]]]:
    """Everybody with interests, by id, and what new things they liked from `day` on."""
    early = events.filter(pc.less(events["time"], pa.scalar(day, events["time"].type)))
    likes = likes_since(events, day)
    liked: dict[str, set[str]] = {}
    for person, item in zip(likes["person"].to_pylist(), likes["item"].to_pylist(), strict=True):
        liked.setdefault(person, set()).add(item)
    for person, rows in by_person(latest_of_each(early, MAX_EVENTS)):
        profile = build_profile(person, to_events(rows), model, now=day)
        if profile.active:
            yield profile, liked.get(person, set()) - profile.seen


def _feed(model: TasteModel, table: pa.Table, profile: Profile, later: set[str], setting: float) -> dict[str, float]:
    proposals = propose(model, profile, count=200, adventurousness=setting)
    wanted = pa.array([proposal.item for proposal in proposals], pa.string())
    rows = table.filter(pc.is_in(table["id"], wanted))
    settings = RankSettings(SHOWN, adventurousness=setting, skip_seen=True)
    shown = rank(rows, model, profile, settings, proposals=proposals)
    outputs = model.embed([one.id for one in shown]).outputs
    cosines = outputs @ np.stack([interest.centre for interest in profile.active]).T
    pairs, n = outputs @ outputs.T, len(shown)
    found = {
        "interests covered": len(set(cosines.argmax(axis=1).tolist())) / len(profile.active),
        "diversity": float(1 - (pairs.sum() - n) / max(n * (n - 1), 1)),
        "distance": float((1 - cosines.max(axis=1)).mean() / model.survey.typical_distance),
        "told paths": float(np.mean([one.reason.path is not None for one in shown])),
    }
    return {**found, "hit@20": float(any(one.id in later for one in shown))} if later else found
