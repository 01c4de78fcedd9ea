"""The demo's made-up shoppers: what a profile that streams is worth, and what adventurousness costs and brings.

Their events follow a stated model of taste (catalog/demo/shoppers.py) that this room does not read.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.report import print_table
from catalog.item import Item, embedding_text, parse_item
from taste.evaluate import LIKES
from taste.events import Event
from taste.explore import propose
from taste.factors import FactorSettings
from taste.graph import board_edges, concept_edges, event_edges, sum_edges
from taste.model import TasteModel, train_model
from taste.profile import Profile, build_profile
from taste.rank import RankSettings, rank, taste_scores
from taste.store import EVENT_SCHEMA

Floats = NDArray[np.float32]

CACHE = Path(".cache") / "benchmarks" / "demo.npy"
TEST_DAYS = 21
SETTINGS = FactorSettings(dim=64, epochs=30, batch=32)
ADVENTURE = (0.0, 0.25, 0.5, 0.75, 1.0)
SHOWN = 20
MEETING = timedelta(minutes=30)


def foretell(quick: bool) -> dict[str, Any]:
    """Next likes within the last three weeks, from a model trained on what came before."""
    from catalog.demo import load

    items, table = _catalogue(load.items_path())
    histories = shoppers_histories()
    begin = first_test_day(histories)
    model = _train(table, histories, load.boards(), begin)
    content = dict(zip(table["id"].to_pylist(), _matrix(table), strict=True))
    people = list(histories)[:: 10 if quick else 1]
    streaming = _next_likes(model, {p: histories[p] for p in people}, content, begin)
    adventure = _adventure(model, table, {p: histories[p] for p in people}, begin)
    print_table(
        f"next like among {len(items)} items, {streaming['likes']} likes of {len(people)} shoppers",
        ["profile", "hit@10", "± (standard error)"],
        [[name, *row.values()] for name, row in streaming["profiles"].items()],
    )
    print_table(
        f"lists of {SHOWN} at {len(ADVENTURE)} settings",
        ["adventurousness", "hit@20 later", "interests covered", "diversity", "distance", "categories", "told paths"],
        [[name, *row.values()] for name, row in adventure.items()],
    )
    return {"settings": vars(SETTINGS), "next_like": streaming, "adventurousness": adventure}


def demo_model(histories: dict[str, list[Event]], until: datetime) -> TasteModel:
    """A model of the demo's catalogue and boards, and of what its shoppers did before a day."""
    from catalog.demo import load

    return _train(_catalogue(load.items_path())[1], histories, load.boards(), until)


def shoppers_histories() -> dict[str, list[Event]]:
    """Every shopper's events, in the order of time."""
    from catalog.demo import load

    histories: dict[str, list[Event]] = {}
    for row in load.events():
        event = Event.model_validate(
            {"id": row.event_id, "person": row.user_id, "kind": row.kind, "item": row.item_id, "time": row.at}
        )
        histories.setdefault(event.person, []).append(event)
    return histories


def first_test_day(histories: dict[str, list[Event]]) -> datetime:
    """From here on nothing is trained on."""
    latest = max(events[-1].time for events in histories.values())
    return (latest - timedelta(days=TEST_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)


def _next_likes(
    model: TasteModel, histories: dict[str, list[Event]], content: dict[str, Floats], begin: datetime
) -> dict[str, Any]:
    """For every like of an item not met before: is it among the first ten of the catalogue, less what was met?"""
    everything = model.embed(model.items)
    looks = np.stack([content[item] for item in model.items])
    hits: dict[str, list[float]] = {"streaming": [], "refreshed nightly": [], "one average vector": []}
    for history in histories.values():
        for event, before in _first_likes(history, begin):
            midnight = event.time.replace(hour=0, minute=0, second=0, microsecond=0)
            nightly = [e for e in before if e.time < midnight]
            liked = [e.item for e in before if e.item and e.kind in LIKES]
            if not nightly or not liked:
                continue
            met = [model.rows[e.item] for e in before if e.item and e.item in model.rows]
            now = build_profile(event.person, before, model, now=event.time)
            then = build_profile(event.person, nightly, model, now=midnight)
            average = np.mean([content[item] for item in liked], axis=0)
            for name, scores in (
                ("streaming", taste_scores(everything, model, now)),
                ("refreshed nightly", taste_scores(everything, model, then)),
                ("one average vector", looks @ average),
            ):
                scores = scores.copy()
                scores[met] = -np.inf
                better = (scores > scores[model.rows[str(event.item)]]).sum()
                hits[name].append(float(better < 10))
    likes = len(hits["streaming"])
    profiles = {
        name: {"hit@10": float(np.mean(h)), "error": float(np.std(h) / np.sqrt(max(likes, 1)))}
        for name, h in hits.items()
    }
    return {"likes": likes, "profiles": profiles}


def _first_likes(history: list[Event], begin: datetime) -> Iterator[tuple[Event, list[Event]]]:
    """Likes from `begin` on of items that the person had not met before, with what they had done until they met it."""
    met: dict[str, datetime] = {}
    for n, event in enumerate(history):
        if event.item is None:
            continue
        first = met.setdefault(event.item, event.time)
        liked = event.kind in LIKES and event.time >= begin
        # The glance that led to the click is part of the same meeting: it may not help to foretell it.
        if liked and event.time - first <= MEETING:
            yield event, [e for e in history[:n] if e.item != event.item]
            met[event.item] = datetime.min.replace(tzinfo=event.time.tzinfo)


def _adventure(
    model: TasteModel, table: pa.Table, histories: dict[str, list[Event]], begin: datetime
) -> dict[str, dict[str, float]]:
    profiles: list[tuple[Profile, set[str]]] = []
    for person, history in histories.items():
        profile = build_profile(person, [e for e in history if e.time < begin], model, now=begin)
        later = {e.item for e in history if e.time >= begin and e.kind in LIKES and e.item}
        if profile.interests and later - profile.seen:
            profiles.append((profile, later - profile.seen))
    figures = {}
    for setting in ADVENTURE:
        rows = [_list_figures(model, table, profile, later, setting) for profile, later in profiles]
        names = ("hit@20 later", "interests covered", "diversity", "distance", "categories", "told paths")
        figures[str(setting)] = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    return figures


def _list_figures(
    model: TasteModel, table: pa.Table, profile: Profile, later: set[str], setting: float
) -> tuple[float, ...]:
    proposals = propose(model, profile, count=200, adventurousness=setting)
    rows = table.take([model.rows[proposal.item] for proposal in proposals])
    shown = rank(
        rows, model, profile, RankSettings(SHOWN, adventurousness=setting, skip_seen=True), proposals=proposals
    )
    outputs = model.embed([r.id for r in shown]).outputs
    cosines = outputs @ np.stack([interest.centre for interest in profile.active]).T
    pairs = outputs @ outputs.T
    n = len(shown)
    return (
        float(any(r.id in later for r in shown)),
        len(set(cosines.argmax(axis=1).tolist())) / len(profile.active),
        float(1 - (pairs.sum() - n) / (n * (n - 1))),
        float((1 - cosines.max(axis=1)).mean() / model.survey.typical_distance),
        float(len({model.kinds[model.rows[r.id]] for r in shown})),
        float(np.mean([r.reason.path is not None for r in shown])),
    )


def _train(table: pa.Table, histories: dict[str, list[Event]], boards: Any, until: datetime) -> TasteModel:
    rows = [e.model_dump(exclude={"id"}) for history in histories.values() for e in history if e.time < until]
    members = [{"board": board.id, "item": item} for board in boards for item in board.items]
    parts = [
        event_edges(pa.Table.from_pylist(rows, schema=EVENT_SCHEMA), until),
        board_edges(pa.Table.from_pylist(members)),
        concept_edges(table),
    ]
    edges = sum_edges(pa.concat_tables(parts))
    return train_model(table, edges, encoder_version="packaged", columns=["v"], settings=SETTINGS)


def _catalogue(path: Path) -> tuple[list[Item], pa.Table]:
    """The demo's items, and their table with the packaged encoder's vectors, made once and cached."""
    items = [parse_item(json.loads(line)) for line in path.read_text().splitlines()]
    if not CACHE.exists():
        from PIL import Image

        from catalog.encoder import load_base_encoder

        encoder = load_base_encoder()
        texts = [embedding_text(item) for item in items]
        words = [encoder.encode_texts(texts[n : n + 64]) for n in range(0, len(texts), 64)]
        pictures = []
        for n in range(0, len(items), 32):
            opened = [Image.open(path.parent / str(item.image)) for item in items[n : n + 32]]
            pictures.append(encoder.encode_pixels(np.stack([encoder.preprocess(image) for image in opened])))
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        both = np.concatenate([np.concatenate(pictures), np.concatenate(words)], axis=1) / np.sqrt(2)
        np.save(CACHE, both.astype(np.float32))
    vectors = np.load(CACHE)
    table = pa.table(
        {
            "id": [item.id for item in items],
            "title": [item.title for item in items],
            "category": [list(item.category) for item in items],
            "styles": [list(item.styles) for item in items],
            "colors": [list(item.colors) for item in items],
            "materials": [list(item.materials) for item in items],
            "brand": [item.brand for item in items],
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        }
    )
    return items, table


def _matrix(table: pa.Table) -> Floats:
    column = table["v"].combine_chunks()
    matrix: Floats = column.flatten().to_numpy().reshape(len(column), -1)
    return matrix
