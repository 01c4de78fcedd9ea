"""What a shopper's taste is worth in a turn of the assistant.

The demo's made-up shoppers, each at the moment before the last piece that they saved: they ask for its kind, or for
something for its room, and the turn runs twice over the same deployments, for them and for somebody unknown. A hit is
the piece among the first ten shown. What they did in their last three weeks the taste model was not trained on; what
they did before that moment the profile knows, less the meeting in which they saved the piece.

The turn is the application's own, from the intent on: search, scoring, choice; in this process, without its Navigator,
whose words change nothing of what is shown.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from ray import serve

from batch.train_taste import read_boards, read_items
from benchmarks.report import print_table
from benchmarks.taste_shoppers import MEETING, first_test_day, shoppers_histories
from catalog.demo.load import DATA, items_path
from catalog.encoder import load_encoder
from catalog.item import Item, parse_item
from catalog.release import ModelRef, ReleaseStore
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from serve_app.assistant import DEFAULT_ADVENTUROUSNESS, Assistant
from serve_app.conversations import ConversationStore
from serve_app.pictures import PictureReader
from serve_app.query import EncodedQuery, Query
from serve_app.query_encoder import encode_together
from serve_app.retriever import Retriever
from serve_app.taste_scorer import TasteScorer
from serve_app.turn_search import Shopper
from taste.events import Event
from taste.graph import board_edges, concept_edges, event_edges, sum_edges
from taste.model import train_model
from taste.store import EVENT_SCHEMA, EventStore

SHOWN = 10
TARGET = 0.30
"""Relative gain in hits that is aimed for."""


@dataclass(frozen=True)
class Moment:
    """A shopper just before a save: what they had done, moved in time so that it ends now, and what they save next."""

    person: str
    before: tuple[Event, ...]
    saved: str


def measure(origin: Path, quick: bool) -> dict[str, Any]:
    """Hits of turns with and without a profile; the store at `origin` is only read. Quick: every tenth shopper."""
    with tempfile.TemporaryDirectory(prefix="ws-") as folder:
        figures = _measure(origin, Path(folder), every=10 if quick else 1)
    shown = ("unknown", "known", "difference_error", "relative_gain")
    rows = [[name, *(turn[key] for key in shown)] for name, turn in figures["turns"].items()]
    columns = ["asked for", f"hit@{SHOWN}, unknown", "known", "± of the difference", "relative gain"]
    print_table(f"the next save of {figures['shoppers']} shoppers", columns, rows)
    return figures


def _measure(origin: Path, folder: Path, every: int) -> dict[str, Any]:
    store = ReleaseStore(_copied(origin, folder / "store"))
    histories = shoppers_histories()
    begin = first_test_day(histories)
    _learn_taste(store, histories, begin)
    moments = [moment for person in list(histories)[::every] if (moment := _last_save(histories[person], begin))]
    database = f"sqlite:///{folder / 'events.db'}"
    events = EventStore(database)
    for moment in moments:
        events.add(moment.before)
    events.close()
    return asyncio.run(_turns(store, database, moments))


async def _turns(store: ReleaseStore, database: str, moments: Sequence[Moment]) -> dict[str, Any]:
    encoder, retriever = _local(_Encoding, store.uri), _local(Retriever, store.uri)
    scorer = _local(TasteScorer, store.uri, database)
    conversations = ConversationStore(f"{database}.conversations")
    nobody: Any = None  # a turn without words needs no Navigator
    assistant = Assistant(nobody, encoder, retriever, scorer, PictureReader(), conversations)
    items = demo_items()
    figures: dict[str, Any] = {}
    for name in ("kind", "room"):
        hits = []
        for moment in moments:
            intent = _intent(name, items[moment.saved])
            found = []
            for person in (None, moment.person):
                shopper = Shopper(person, DEFAULT_ADVENTUROUSNESS)
                shown, _, _ = await assistant.look_up(intent, shopper, SHOWN)
                found.append(moment.saved in [item.id for item in shown])
            hits.append((found[0], found[1]))
        figures[name] = _gain(np.array(hits, float))
    return {"shoppers": len(moments), "adventurousness": DEFAULT_ADVENTUROUSNESS, "target": TARGET, "turns": figures}


class _Encoding:
    """The application's encoder as a deployment without its batches, which form in a replica of Serve only."""

    def __init__(self, uri: str) -> None:
        store = ReleaseStore(uri)
        self._encoder = load_encoder(store, store.current().encoder)

    async def encode(self, query: Query) -> EncodedQuery:
        return encode_together([(self._encoder, query)])[0]


def _gain(hits: NDArray[np.float64]) -> dict[str, float]:
    """Of hits [n, 2], unknown and known: their means, the standard error of the difference, the gain."""
    unknown, known = hits.mean(axis=0)
    difference = hits[:, 1] - hits[:, 0]
    return {
        "unknown": float(unknown),
        "known": float(known),
        "difference_error": float(difference.std(ddof=1) / np.sqrt(len(difference))),
        "relative_gain": float(known / unknown - 1),
    }


def _intent(name: str, item: Item) -> ShoppingIntent:
    """`Show me some armchairs`, or `something for the living room`, as they are read."""
    if name == "kind":
        return ShoppingIntent(action="search", categories=(singular(item.category[-1].casefold()),))
    return ShoppingIntent(action="search", query=f"something for the {item.attributes['room'].split(',')[0]}")


def _last_save(history: list[Event], begin: datetime) -> Moment | None:
    """A shopper's last save since `begin` of something new to them; None without one, or without anything before."""
    met: dict[str, datetime] = {}
    last: tuple[int, Event] | None = None
    for n, event in enumerate(history):
        # The glance that led to the save is part of the same meeting: it may not help to foretell it.
        new = event.time - met.setdefault(str(event.item), event.time) <= MEETING
        if new and event.kind == "save" and event.time >= begin:
            last = n, event
    before = [e for e in history[: last[0]] if e.item != last[1].item] if last else []
    if last is None or not before:
        return None
    moved = datetime.now(UTC) - last[1].time
    known = tuple(e.model_copy(update={"time": e.time + moved}) for e in before)
    return Moment(last[1].person, known, str(last[1].item))


def _learn_taste(store: ReleaseStore, histories: dict[str, list[Event]], until: datetime) -> None:
    """Put a taste model into the live release that has seen nothing of what came after."""
    release = store.current()
    items, columns = read_items(store, release)
    rows = [e.model_dump(exclude={"id"}) for history in histories.values() for e in history if e.time < until]
    edges = sum_edges(
        pa.concat_tables(
            [
                event_edges(pa.Table.from_pylist(rows, schema=EVENT_SCHEMA), until),
                board_edges(read_boards(str(DATA / "boards.jsonl"))),
                concept_edges(items),
            ]
        )
    )
    model = train_model(items, edges, encoder_version=release.encoder.version, columns=columns)
    model.save(Path(store.path("models/taste/until")))
    taste = ModelRef(path="models/taste/until", version="until", encoder_version=model.encoder_version)
    # The copy is this benchmark's own: its release is written anew under its name, which the table's tag has too.
    shutil.rmtree(store.path("releases", release.id))
    store.write(release.model_copy(update={"taste": taste, "navigator": None, "alignments": ()}))


def _copied(origin: Path, target: Path) -> Path:
    return shutil.copytree(origin, target, ignore=shutil.ignore_patterns("navigator", "taste", "work", "*.db*"))


def _local(deployment: Any, *arguments: Any) -> Any:
    """A deployment in this process."""
    application = serve.deployment()(deployment).bind(*arguments)
    return serve.run(application, name=deployment.__name__, _local_testing_mode=True)


def demo_items() -> dict[str, Item]:
    """The demo's items by id."""
    items = (parse_item(json.loads(line)) for line in items_path().read_text(encoding="utf-8").splitlines())
    return {item.id: item for item in items}
