import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the made-up shop of tests/taste

from batch.event_files import address_of, latest_event, open_events, read_events, survey_events
from batch.train_taste import load_incumbent, load_model, read_boards, shards_in, train
from catalog.errors import InvalidInput, NotFound, Superseded
from catalog.release import EncoderRef, ModelRef, Release, ReleaseStore, TableRef
from taste.events import Event
from taste.factors import FactorSettings
from taste.model import TasteModel, train_model
from taste.profile import build_profile
from taste.rank import rank
from taste.shards import load_common, load_shard, shards_of
from taste.store import EVENT_SCHEMA, EventStore
from tests.taste.world import ENCODER, NOW, SETTINGS, act, item_id, make_world


@pytest.fixture(scope="module")
def world():
    return make_world()


@pytest.fixture
def shop(world, tmp_path):
    """A release store with a live release of the made-up shop, its events as Parquet and its boards as JSON lines."""
    store = ReleaseStore(tmp_path / "shop")
    rows = world.items
    for name in ("colors", "materials"):
        rows = rows.append_column(name, pa.array([[]] * rows.num_rows, pa.list_(pa.string())))
    rows = rows.append_column("brand", pa.nulls(rows.num_rows, pa.string()))
    table = lancedb.connect(store.tables_uri).create_table("items", rows)
    release = Release(
        id="first",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="tiny", version=ENCODER),
        items=TableRef(name="items", version=table.version, rows=rows.num_rows),
    )
    table.tags.create(release.tag, table.version)
    store.write(release)
    store.promote(release.id)
    pyarrow.parquet.write_table(world.events, tmp_path / "events.parquet")
    boards = world.boards.group_by("board").aggregate([("item", "list")]).to_pylist()
    lines = (json.dumps({"id": b["board"], "items": b["item_list"]}) for b in boards)
    (tmp_path / "boards.jsonl").write_text("\n".join(lines))
    return store


def run(shop, tmp_path, **options):
    files = {"events": str(tmp_path / "events.parquet"), "boards": str(tmp_path / "boards.jsonl")}
    return train(shop.uri, **{**files, "settings": SETTINGS, **options})


def test_a_release_gets_a_model_that_serves(local_ray, shop, world, tmp_path):
    """The whole way: from a release and events to a new live release whose model ranks by taste."""
    report = run(shop, tmp_path)
    live = shop.current()
    assert live == report.release and live.parent == "first" and live.taste is not None
    assert live.taste.metrics["hit_at_10"] > 0.08 and live.taste.metrics["judged_people"] > 5
    lancedb.connect(shop.tables_uri).open_table("items").checkout(live.tag)
    model = TasteModel.load(shop.path(live.taste.path), encoder_version=live.encoder.version)
    profile = build_profile("ana", [act(n, item_id("Boho", "Rugs", n)) for n in range(3)], model, now=NOW)
    assert sum("Boho" in r.id for r in rank(world.items, model, profile)) >= 10


def test_what_went_live_meanwhile_stays(local_ray, shop, tmp_path, monkeypatch):
    """A new catalogue that goes live while taste is trained must not be undone by yesterday's with better taste."""

    def meanwhile(*arguments, **options):
        other = shop.get("first").model_copy(update={"id": "meanwhile"})
        shop.write(other)
        shop.promote(other.id)
        return train_model(*arguments, **options)

    monkeypatch.setattr("batch.train_taste.train_model", meanwhile)
    with pytest.raises(Superseded):
        run(shop, tmp_path)
    assert shop.current_id() == "meanwhile" and len(shop.list()) == 3


def test_the_gate_keeps_a_better_incumbent(local_ray, shop, tmp_path):
    """A model that foretells worse than the live one is not released, unless somebody insists."""
    good = run(shop, tmp_path)
    astray = FactorSettings(dim=24, epochs=2, batch=64, learning_rate=50.0, map_rate=1.0)
    worse = run(shop, tmp_path, settings=astray, fresh=True)
    assert worse.release is None
    assert worse.metrics["hit_at_10"] < worse.metrics["incumbent_hit_at_10"]
    assert shop.current() == good.release
    insisted = run(shop, tmp_path, settings=astray, fresh=True, force=True, promote=False)
    assert insisted.release is not None and shop.current() == good.release


def test_a_model_trained_on_other_vectors_is_not_gone_on_from(local_ray, shop, tmp_path):
    """After a new encoder the incumbent's factors mean nothing: training starts anew instead of failing or mixing."""
    first = run(shop, tmp_path).release
    other = first.model_copy(
        update={
            "id": "other",
            "taste": ModelRef(path=first.taste.path, version="x", encoder_version="old"),
            "encoder": EncoderRef(base="tiny", version="new-encoder"),
        }
    )
    lancedb.connect(shop.tables_uri).open_table("items").tags.create(other.tag, other.items.version)
    shop.write(other)
    shop.promote("other")
    report = run(shop, tmp_path)
    assert "incumbent_hit_at_10" not in report.metrics
    assert report.release.taste.encoder_version == "new-encoder"


@pytest.mark.slow
def test_a_model_of_an_older_format_is_trained_anew(local_ray, shop, tmp_path):
    """After an upgrade the live model may be unreadable; the next training, or `make demo`, replaces it."""
    first = run(shop, tmp_path).release
    about = Path(shop.path(first.taste.path), "taste.json")
    about.write_text(json.dumps({**json.loads(about.read_text()), "format": 1}))
    assert load_incumbent(shop, shop.current()) is None
    again = run(shop, tmp_path)
    assert "incumbent_hit_at_10" not in again.metrics
    assert load_incumbent(shop, again.release) is not None


@pytest.mark.slow
def test_a_split_model_stays_split(local_ray, shop, tmp_path):
    """Shards are made when they are asked for, and by every later training, until somebody asks for none."""
    first = run(shop, tmp_path, split=3).release
    assert shards_in(shop, first) == 3
    common = load_common(Path(shop.path(shards_of(first.taste.path)), "common"), encoder_version=ENCODER)
    held = [load_shard(Path(shop.path(shards_of(first.taste.path)), f"{n:04}"), common.model) for n in range(3)]
    assert sum(len(shard.model.items) for shard in held) == common.model.survey.items == first.items.rows
    assert shards_in(shop, run(shop, tmp_path, force=True).release) == 3
    assert shards_in(shop, run(shop, tmp_path, force=True, split=0).release) == 0


def test_events_come_from_a_database_or_from_files(local_ray, shop, world, tmp_path):
    """The live database, JSON lines and Parquet give the same edges, hence the same outcome."""
    rows = world.events.to_pylist()
    store = EventStore(f"sqlite:///{tmp_path / 'events.db'}")
    store.add([Event(id=str(n), **row) for n, row in enumerate(rows)])
    store.close()
    lines = (json.dumps({k: v for k, v in {**r, "time": r["time"].isoformat()}.items() if v}) for r in rows)
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    hits = {
        where: run(shop, tmp_path, events=where, fresh=True, promote=False).metrics["hit_at_10"]
        for where in (
            f"sqlite:///{tmp_path / 'events.db'}",
            str(tmp_path / "events.jsonl"),
            str(tmp_path / "*.parquet"),
        )
    }
    assert max(hits.values()) - min(hits.values()) < 0.03


def test_workers_need_no_file_of_this_machine(local_ray, shop, world, tmp_path, monkeypatch):
    """Events of a database reach the workers of other nodes, whose disks are others; so do those of JSON lines."""

    def elsewhere(paths, **_):
        raise AssertionError(f"another node has no {paths}")

    store = EventStore(f"sqlite:///{tmp_path / 'events.db'}")
    store.add([Event(id=str(n), **row) for n, row in enumerate(world.events.to_pylist())])
    store.close()
    monkeypatch.setattr("ray.data.read_parquet", elsewhere)
    report = run(shop, tmp_path, events=f"sqlite:///{tmp_path / 'events.db'}", judged=7, split=0)
    assert report.metrics["people"] == 150 and report.metrics["judged_people"] == 7


@pytest.mark.parametrize("unit", ["ns", "ms"])
def test_parquet_of_other_writers_is_read_as_what_it_means(world, tmp_path, unit):
    """Pandas writes nanoseconds, others milliseconds, and not everybody has visits: neither is a day in 1970."""
    times = world.events["time"].cast(pa.timestamp(unit, "UTC"), safe=False)
    told = world.events.drop_columns(["time", "visit"]).append_column("time", times)
    pyarrow.parquet.write_table(told, tmp_path / "other.parquet")
    read = read_events(str(tmp_path / "other.parquet"))
    assert read.schema.equals(EVENT_SCHEMA) and read.num_rows == world.events.num_rows
    newest = max(world.events["time"].to_pylist())
    assert abs(latest_event(read["time"]) - newest).total_seconds() < 0.01


def test_what_parquet_lacks_is_named(local_ray, world, tmp_path):
    """Parquet is read by workers as it lies: what is wrong with it is said before anything is learnt from it."""
    for name, value in (("kind", "purchase"), ("kind", None), ("person", None)):
        rows = [*world.events.slice(0, 3).to_pylist(), {**world.events.slice(0, 1).to_pylist()[0], name: value}]
        loose = pa.schema([field.with_nullable(True) for field in EVENT_SCHEMA])
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=loose), tmp_path / "odd.parquet")
        where = str(tmp_path / "odd.parquet")
        with pytest.raises(InvalidInput, match=f"{value or f'no {name}'}.*{name if value is None else 'buy'}"):
            survey_events(open_events(where), where)


def test_a_clock_that_is_ahead_does_not_move_the_last_day(local_ray, shop, world, tmp_path):
    """Of events of long ago and one of 2099, the held-out day is the last of those that have been."""
    ahead = pa.Table.from_pylist(
        [{**world.events.slice(0, 1).to_pylist()[0], "time": datetime(2099, 1, 1, tzinfo=UTC)}], schema=EVENT_SCHEMA
    )
    both = pa.concat_tables([world.events, ahead])
    assert latest_event(both["time"]) == max(world.events["time"].to_pylist())
    assert latest_event(ahead["time"]) is None
    pyarrow.parquet.write_table(both, tmp_path / "events.parquet")
    assert run(shop, tmp_path, split=0).metrics["judged_people"] > 5


def test_a_databases_password_is_not_told(tmp_path):
    """What is wrong with an address is printed, and logged, by jobs."""
    assert "secret" not in address_of("postgresql://shop:secret@db/shop")
    assert address_of(str(tmp_path / "events.jsonl")) == str(tmp_path / "events.jsonl")


def test_loading_a_model_from_afar_leaves_nothing_behind(world, tmp_path, monkeypatch):
    """Each night's job and each evaluation loads models; a copy left by each would fill the disk in the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    world.model.save(tmp_path / "model")
    store = ReleaseStore(f"memory://{tmp_path.name}")
    fsspec.filesystem("memory").put(f"{tmp_path / 'model'}/", f"/{tmp_path.name}/models/one", recursive=True)
    ref = ModelRef(path="models/one", version="one", encoder_version=ENCODER)
    model = load_model(store, ref, encoder_version=ENCODER)
    assert not list((tmp_path / "scratch").iterdir())
    assert np.array_equal(model.factors.outputs, world.model.factors.outputs)
    assert list(model.titles) == list(world.model.titles) and model.graph.edges == world.model.graph.edges
    with pytest.raises(NotFound, match="models/none"):
        load_model(store, ref.model_copy(update={"path": "models/none"}), encoder_version=ENCODER)


def test_a_mistyped_database_does_not_undo_what_was_learnt(local_ray, shop, tmp_path):
    """A database that is empty, or was only made because its name was mistyped, has nothing to teach."""
    run(shop, tmp_path)
    live = shop.current().id
    with pytest.raises(InvalidInput, match="is the address right"):
        run(shop, tmp_path, events=f"sqlite:///{tmp_path / 'evnts.db'}")
    assert shop.current().id == live


def test_a_new_shop_has_content_alone(local_ray, shop):
    """Without events and boards there is a model all the same, and it says so by having no hit rate."""
    report = train(shop.uri, settings=FactorSettings(dim=8, epochs=1))
    assert report.release is not None and "hit_at_10" not in report.metrics


def test_what_cannot_be_read_is_named(local_ray, shop, tmp_path):
    with pytest.raises(InvalidInput, match=r"nowhere\.parquet"):
        run(shop, tmp_path, events=str(tmp_path / "nowhere.parquet"))
    good = {"person": "ana", "kind": "save", "item": "i1", "time": "2026-01-01T00:00:00Z"}
    for broken, says in (
        ('{"user_id": "ana", "kind": "save", "time": "2026-01-01"}', "no person, but user_id"),
        (json.dumps({**good, "time": "yesterday"}), "yesterday"),
        (json.dumps({**good, "time": 1_767_225_600}), "ISO 8601"),
        (json.dumps({**good, "person": None}), "person"),
        (json.dumps({**good, "kind": "purchase"}), "purchase.*buy"),
        ("{", "JSON"),
    ):
        (tmp_path / "events.jsonl").write_text(broken)
        with pytest.raises(InvalidInput, match=rf"(?s)events\.jsonl.*{says}"):
            read_events(str(tmp_path / "events.jsonl"))
    (tmp_path / "bad.jsonl").write_text('{"name": "loft"}')
    with pytest.raises(InvalidInput, match="items"):
        read_boards(str(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.jsonl").write_text('{"id": "loft", "items": ["a"]}\n{"items": ["a"]}')
    with pytest.raises(InvalidInput, match="no id"):
        read_boards(str(tmp_path / "bad.jsonl"))
    with pytest.raises(NotFound):
        train(str(tmp_path / "empty"))
