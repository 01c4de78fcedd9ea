"""The deployment that knows people: keeps their events, and chooses and scores items by what those say.

Profiles are computed from the database at each request and kept nowhere, so an event counts in the very next request
on any replica, and a forgotten one is gone from it. What is held is the taste model of each open release, mapped into
memory, or the way to those who hold its shards. Database and arithmetic run in threads; the event loop only waits.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import ray
from ray.serve.handle import DeploymentHandle

from catalog.errors import InvalidInput, NotFound
from catalog.release import Release, ReleaseStore
from serve_app import metrics
from serve_app.database import DATABASE_VARIABLE, is_sqlite, make_room
from serve_app.live import Live
from serve_app.logs import join_serve_log
from serve_app.personal_cursor import HASH_BYTES, as_numbers, not_shown
from serve_app.taste_choice import Asked, Chosen
from serve_app.taste_schemas import TasteResponse
from serve_app.taste_shelf import TasteShelf, open_shelf
from serve_app.taste_view import own_view
from taste.complements import NOBODY, Complement, among
from taste.events import TAKES_BACK, Event
from taste.excerpt import Working
from taste.explore import proposals
from taste.model import TasteModel, content_of
from taste.nominate import choose, want
from taste.profile import MAX_EVENTS, Floats, Interest, Profile, build_profile
from taste.rank import Ranked, RankSettings, Reason, rank
from taste.store import EventStore, Mark, Receipt
from taste.walk import warm_up

P = ParamSpec("P")
T = TypeVar("T")

PROPOSALS = 160
"""Candidates of a feed's page, some seven for each item shown; telling how each is joined to the person costs time."""

SEARCH_DIVERSITY = 0.15
"""A search is asked for one thing: its results may resemble each other more than a feed's."""

UNKNOWN_ITEMS = 50
"""Items newer than the model, of which at most so many of a person's latest are looked up."""

MAX_EVENTS_READ = 5_000
"""A profile is made of a person's latest few hundred events; what they hid or saw before that still counts as such."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Known:
    """A person at one moment, as a release's model sees them.

    Attributes:
        shelf: None where no release is live.
        events: as they are in the database.
        working: a model that has the person's items; None without a model, and so is the profile.
    """

    shelf: TasteShelf | None
    events: list[Event]
    working: Working | None = None
    profile: Profile | None = None


class TasteScorer:
    """Answers for any person, from the live release or from the one that a request is pinned to.

    Args:
        release_uri: the release store.
        database: URL of the event database. An SQLite file serves the replicas of one machine only.
        shards: deployments that hold taste models that are split, `TasteShard0` first; none: this holds them whole.
    """

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, release_uri: str, database: str, shards: Sequence[DeploymentHandle] = (), *, poll_s: float = 3.0
    ) -> None:
        join_serve_log()
        _check_reach(database)
        self._releases = ReleaseStore(release_uri)
        self._database = database
        self._shards = shards
        self._store: EventStore | None = None
        self._opening = asyncio.Lock()
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="taste")
        self._live: Live[TasteShelf] = Live(self._releases, self._open, poll_s)
        await self._thread(warm_up)
        await self._live.start()

    async def check_health(self) -> None:
        """Called by Serve: a thread must be free within the health check's time limit."""
        await self._thread(int)

    # Events

    async def record(self, events: list[Event]) -> Receipt:
        """Keep events; answers once they are durable. Raises StoreUnavailable, StoreBusy."""
        receipt = await (await self._events()).add_async(events)
        metrics.events(receipt.added, receipt.duplicates, receipt.forgotten)
        return receipt

    async def reach(self) -> None:
        """Raises StoreUnavailable if the database does not answer."""
        store = await self._events()
        await store.call(store.reach)

    async def forget(self, person: str, event_id: str | None = None) -> int:
        """Forget one event of a person, or everything. Returns how many events."""
        store = await self._events()
        if event_id is None:
            return await store.call(store.forget_person, person)
        return await store.call(store.forget_event, person, event_id)

    async def forget_interest(self, asked: Asked, interest_id: str) -> int:
        """Forget every event of an interest. Raises NotFound if the person has no such interest."""
        interest = _find((await self._know(asked)).profile, interest_id)
        store = await self._events()
        await self._unmark(asked, interest)
        return await store.call(store.forget_items, asked.person or "", interest.items)

    async def mark(self, asked: Asked, interest_id: str, mark: Mark | None) -> TasteResponse:
        """Mute or pin an interest, or take its mark away. Raises NotFound if the person has no such interest."""
        interest = _find((await self._know(asked)).profile, interest_id)
        await self._unmark(asked, interest)
        if mark is not None:
            store = await self._events()
            await store.call(store.mark, asked.person or "", interest.id, mark)
        return await self.view(asked)

    # Choosing

    async def feed(self, asked: Asked) -> Chosen:
        """Items for a home feed: the person's interests, what lies beyond them, and what many like."""
        known = await self._know(asked)
        if known.shelf is None or known.shelf.taste is None or known.working is None or known.profile is None:
            return Chosen(release=None, hidden=hidden_items(known.events))
        taste, profile, model = known.shelf.taste, known.profile, known.working.model
        wanted, owners = want(
            model,
            profile,
            count=PROPOSALS,
            adventurousness=asked.adventurousness,
            exclude=frozenset(_items(known.events)),
            shown=(as_numbers(asked.shown), 8 * HASH_BYTES),
            seed=asked.seed,
        )
        nominations = await taste.nominate(wanted)
        picks = choose(nominations, wanted)
        ids, working = await taste.picked(known.working, picks, profile.rows)
        there = [(pick, id_) for pick, id_ in zip(picks, ids, strict=True) if id_ is not None]
        proposed = proposals([pick for pick, _ in there], [id_ for _, id_ in there], wanted, owners)
        candidates = pa.table({"id": pa.array([proposal.item for proposal in proposed], pa.string())})
        settings = RankSettings(asked.count, asked.adventurousness, skip_seen=True)
        ranked = await self._thread(rank, candidates, working.model, profile, settings, proposals=proposed)
        return _chosen(known, tuple(ranked))

    async def rescore(self, asked: Asked, candidates: pa.Table, *, queried: bool, reorder: bool) -> Chosen:
        """Order the candidates of a search by taste; `row` of a pick is its position among them.

        Args:
            candidates: `id`, `score`, and the vector columns.
            queried: whether `score` says how well each fits a query.
            reorder: False leaves the order as it is and takes out what is hidden.
        """
        known = await self._know(asked)
        ids, hidden = candidates["id"].to_pylist(), hidden_items(known.events)
        fresh = np.array([row for row in np.flatnonzero(not_shown(ids, asked.shown)) if ids[row] not in hidden], int)
        profile, taste = known.profile, known.shelf.taste if known.shelf else None
        if not reorder or not len(fresh) or taste is None or known.working is None or not (profile and profile.active):
            picks = tuple(Ranked(ids[row], int(row), 0.0, _AS_FOUND) for row in fresh[: asked.count])
            return Chosen(release=None, picks=picks, unknown=_unknown(known), hidden=hidden)
        rows = candidates.take(pa.array(fresh))
        if queried:
            rows = rows.append_column("relevance", rows["score"])
        weight = RankSettings.taste if asked.taste is None else asked.taste
        settings = RankSettings(asked.count, asked.adventurousness, weight, diversity=SEARCH_DIVERSITY)
        working = await taste.about(rows["id"].to_pylist(), known.working, profile.rows)
        ranked = await self._thread(rank, rows, working.model, profile, settings)
        return _chosen(known, tuple(replace(pick, row=int(fresh[pick.row])) for pick in ranked))

    async def goes_with(self, asked: Asked, item: str, kind: str | None) -> tuple[list[Complement], bool]:
        """What goes with an item, and whether the live model has to be told about it first (`asked.content`)."""
        shelf = await self._shelf(asked.release)
        if shelf is None or shelf.taste is None:
            return [], False
        taste = shelf.taste
        model = (working := await taste.about([item])).model
        hidden = hidden_items(await self._events_of(asked.person))
        content = _content(asked.content, model).get(item)
        row = model.rows.get(item)
        company, place, like = NOBODY, working, None
        if row is not None:
            kind = model.kinds[row]
            company, place = await taste.company(working, np.array([row]), np.ones(1, np.float32))
        if not len(company.rows):
            embedded = model.embed([item], None if content is None else content[None])
            if embedded.known[0]:
                kin, place = await taste.kin(embedded.outputs[0], kind, item)
                if len(kin.rows):
                    like = place.model.items[int(kin.rows[0])]
                    company, place = await taste.company(place, kin.rows, kin.scores)
        found = among(place.model, item, kind, company, like=like, count=asked.count, exclude=hidden)
        return found, row is None and content is None

    async def view(self, asked: Asked) -> TasteResponse:
        """A person's own view."""
        known = await self._know(asked)
        hidden = hidden_items(known.events)
        release = known.shelf.release.id if known.shelf and known.working else None
        model = known.working.model if known.working else None
        events = known.events[-MAX_EVENTS:]
        return await self._thread(own_view, asked.person or "", events, hidden, known.profile, model, release)

    async def unknown(self, asked: Asked) -> tuple[str, ...]:
        """Items of a person that the model does not know."""
        return _unknown(await self._know(asked))

    # Knowing a person

    async def _know(self, asked: Asked) -> Known:
        """The release's shelf, the person's events as they are this moment, and the profile that they make."""
        shelf = await self._shelf(asked.release)
        events, marks = await self._read(asked.person)
        if shelf is None or shelf.taste is None:
            return Known(shelf, events)
        working = await shelf.taste.about(list(dict.fromkeys([*_items(events[-MAX_EVENTS:]), *marks])))
        build = partial(
            build_profile,
            asked.person or "",
            events,
            working.model,
            now=datetime.now(UTC),
            marks=marks,
            content=_content(asked.content, working.model),
        )
        return Known(shelf, events, working, await self._thread(build))

    async def _read(self, person: str | None) -> tuple[list[Event], dict[str, Mark]]:
        """A person's events and marks, as they are in the database this moment."""
        if person is None:
            return [], {}
        store = await self._events()
        return await store.call(lambda: (store.of_person(person, limit=MAX_EVENTS_READ), store.marks(person)))

    async def _events_of(self, person: str | None) -> list[Event]:
        return (await self._read(person))[0]

    async def _shelf(self, release: str | None) -> TasteShelf | None:
        if release is not None:
            return await self._live.get(release)
        return self._live.current if self._live.id is not None else None

    async def _unmark(self, asked: Asked, interest: Interest) -> None:
        """Take away every mark that lands on an interest: those of its items, and those that it is the nearest to."""
        store = await self._events()
        person = asked.person or ""
        known = await self._know(asked)
        for item, mark in (await store.call(store.marks, person)).items():
            mine = item in interest.items
            if not mine and known.working is not None:
                build = partial(build_profile, person, known.events, known.working.model, now=datetime.now(UTC))
                alone = await self._thread(partial(build, marks={item: mark}))
                mine = any(one.id == interest.id and one.mark for one in alone.interests)
            if mine:
                await store.call(store.mark, person, item, None)

    async def _events(self) -> EventStore:
        """The store, opened by the first who needs it: a database that is down must not keep the shop from starting."""
        if self._store is None:
            async with self._opening:
                if self._store is None:
                    make_room(self._database)
                    self._store = await self._thread(EventStore, self._database)
        return self._store

    async def _open(self, release: Release) -> TasteShelf:
        shelf = await self._thread(open_shelf, self._releases, release, self._live.held, self._shards)
        if shelf.taste is not None:
            await shelf.taste.ready()
        return shelf

    async def _thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))


_AS_FOUND = Reason("query", "")


def hidden_items(events: Sequence[Event]) -> frozenset[str]:
    """What a person hid, and did not save, put into the cart or buy since."""
    hidden: set[str] = set()
    for event in events:
        if event.item is None:
            continue
        if event.kind == "hide":
            hidden.add(event.item)
        elif event.kind in TAKES_BACK:
            hidden.discard(event.item)
    return frozenset(hidden)


def _chosen(known: Known, picks: tuple[Ranked, ...]) -> Chosen:
    assert known.shelf is not None and known.profile is not None
    return Chosen(
        release=known.shelf.release.id,
        picks=picks,
        unknown=_unknown(known),
        personal=bool(known.profile.active),
        stage=known.profile.journey.stage,
        hidden=hidden_items(known.events),
    )


def _items(events: Sequence[Event]) -> list[str]:
    return [event.item for event in events if event.item is not None]


def _unknown(known: Known) -> tuple[str, ...]:
    """Items of the latest events that the model does not know."""
    if known.working is None:
        return ()
    distinct = list(dict.fromkeys(_items(known.events[-MAX_EVENTS:])))
    rows = known.working.model.rows.find(distinct)
    return tuple(item for item, row in zip(distinct, rows, strict=True) if row < 0)[-UNKNOWN_ITEMS:]


def _content(rows: pa.Table | None, model: TasteModel) -> dict[str, Floats]:
    if rows is None or not rows.num_rows:
        return {}
    return dict(zip(rows["id"].to_pylist(), content_of(rows, model.columns), strict=True))


def _find(profile: Profile | None, interest_id: str) -> Interest:
    """The interest of that id, or that has taken that item in since the id was given out."""
    interests = profile.interests if profile else ()
    for interest in interests:
        if interest.id == interest_id:
            return interest
    for interest in interests:
        if interest_id in interest.items:
            return interest
    raise NotFound(f"there is no interest {interest_id!r} of this person")


def _check_reach(database: str) -> None:
    """Raise InvalidInput if replicas on several machines would each have an SQLite file of their own."""
    if not is_sqlite(database) or not ray.is_initialized():
        return
    machines = sum(bool(node["Alive"]) for node in ray.nodes())
    if machines > 1:
        raise InvalidInput(
            f"an SQLite file serves one machine, and this cluster has {machines}: set {DATABASE_VARIABLE}, or "
            "`database` in the application's args, to postgresql://USER@HOST/NAME"
        )
