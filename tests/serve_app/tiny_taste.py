"""A release with a taste model: people and rooms keep to a colour each, so that taste can be told from likeness."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import lancedb
import pyarrow as pa

from catalog.item import Item
from catalog.release import ModelRef, Release, ReleaseStore
from catalog.table import vector_columns
from taste.factors import FactorSettings
from taste.graph import board_edges, concept_edges, event_edges, sum_edges
from taste.model import TasteModel, train_model
from taste.shards import save_shards, shards_of
from taste.store import EVENT_SCHEMA
from tests.serve_app.tiny_shop import COLORS, add_release, made_items

N = 120
SETTINGS = FactorSettings(dim=16, epochs=6, batch=64)
ITEMS = {item.id: item for item in made_items(N)}


def of_color(color: str, shape: str = "") -> list[str]:
    """Ids of things of one colour, and of one shape if one is given."""
    return [id_ for id_, item in ITEMS.items() if item.colors == (color,) and id_.startswith(shape)]


def add_taste(folder: str | Path, release: Release, release_id: str, *, encoder_version: str | None = None) -> Release:
    """Train a model on a release and promote a new one that has it.

    Args:
        folder: the release store.
        release: what to train on.
        release_id: of the new release.
        encoder_version: pretend that the model was trained on this encoder's vectors.
    """
    store = ReleaseStore(folder)
    table = lancedb.connect(store.tables_uri).open_table(release.items.name)
    columns = vector_columns(table.schema)
    rows = table.search().select(["id", "title", "category", "colors", "styles", *columns]).limit(None).to_arrow()
    version = encoder_version or release.encoder.version
    model = train_model(rows, _edges(rows), encoder_version=version, columns=columns, settings=SETTINGS)
    path = f"models/taste/{release_id}"
    model.save(Path(store.path(path)))
    ref = ModelRef(path=path, version=release_id, encoder_version=version)
    new = release.model_copy(update={"id": release_id, "created": datetime.now(UTC), "taste": ref})
    table.tags.create(new.tag, new.items.version)
    store.write(new)
    return store.promote(new.id)


def add_tasteful_release(folder: str | Path, release_id: str = "t1", items: list[Item] | None = None) -> Release:
    """A store's first release, of N items, and the one with taste on top of it."""
    if release_id == "t1" and items is None:  # what most tests begin with is trained once, and copied
        shutil.copytree(_trained_once(), folder, dirs_exist_ok=True)
        return ReleaseStore(folder).current()
    return add_taste(folder, add_release(folder, items or made_items(N), f"{release_id}-bare"), release_id)


@cache
def _trained_once() -> str:
    folder = tempfile.mkdtemp(prefix="tasteful-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    add_taste(folder, add_release(folder, made_items(N), "t1-bare"), "t1")
    return folder


def split(folder: str | Path, shards: int) -> None:
    """Put the live release's model into shards as well."""
    taste = ReleaseStore(folder).current().taste
    assert taste is not None
    save_shards(load(folder), Path(ReleaseStore(folder).path(shards_of(taste.path))), shards)


def load(folder: str | Path) -> TasteModel:
    """The live release's model."""
    store = ReleaseStore(folder)
    release = store.current()
    assert release.taste is not None
    return TasteModel.load(store.path(release.taste.path))


def _edges(rows: pa.Table) -> pa.Table:
    rng = random.Random(0)
    by_color: dict[str, list[str]] = {color: [] for color in COLORS}
    for row in rows.select(["id", "colors"]).to_pylist():
        by_color[row["colors"][0]].append(row["id"])
    now = datetime.now(UTC)
    events = [
        {"person": f"p{person}", "kind": "save", "item": item, "board": None, "time": now - timedelta(days=1)}
        for person in range(80)
        for item in rng.sample(by_color[list(COLORS)[person % 5]], 6)
    ]
    boards = [
        {"board": f"room-{number}", "item": item}
        for number in range(40)
        for item in rng.sample(by_color[list(COLORS)[number % 5]], 6)
    ]
    made = [{**event, "visit": None} for event in events]
    parts = [
        event_edges(pa.Table.from_pylist(made, schema=EVENT_SCHEMA), now),
        board_edges(pa.Table.from_pylist(boards)),
        concept_edges(rows),
    ]
    return sum_edges(pa.concat_tables(parts))
