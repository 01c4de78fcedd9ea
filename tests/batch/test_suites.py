"""The suites that any shop can run: boards, taste and exploration, on made-up shops whose answers are known."""

from datetime import UTC, datetime
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
import pytest
from fsspec.core import url_to_fs
from tiny_store import EACH, KINDS, STYLES, make_store
from typer.testing import CliRunner

from batch.boards_suite import boards, read_boards
from batch.evaluate import Options, app, suites_for
from batch.local_search import open_taste
from batch.suite_report import Suite, compare, got_worse
from batch.taste_suite import ADVENTUROUSNESS, exploration, read_people, taste
from catalog.errors import InvalidInput, NotFound
from catalog.release import EncoderRef, ModelRef, Release, ReleaseStore, TableRef
from taste.complements import complements
from tests.taste.world import ENCODER, make_world


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def world():
    return make_world()


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory) -> ReleaseStore:
    """The made-up shop of tests/taste with two releases: `good` has its model, `spoiled` one that knows nobody."""
    store = ReleaseStore(tmp_path_factory.mktemp("shop"))
    rows = world.items
    for name in ("colors", "materials"):
        rows = rows.append_column(name, pa.array([[]] * rows.num_rows, pa.list_(pa.string())))
    rows = rows.append_column("brand", pa.nulls(rows.num_rows, pa.string()))
    table = lancedb.connect(store.tables_uri).create_table("items", rows)
    for name in ("good", "spoiled"):
        folder = Path(store.path("models", name))
        world.model.save(folder)
        release = Release(
            id=name,
            created=datetime.now(UTC),
            encoder=EncoderRef(base="tiny", version=ENCODER),
            items=TableRef(name="items", version=table.version, rows=rows.num_rows),
            taste=ModelRef(path=f"models/{name}", version=name, encoder_version=ENCODER),
        )
        table.tags.create(release.tag, table.version)
        store.write(release)
    order = np.random.default_rng(0).permutation(len(world.model.items))
    for array in ("outputs", "inputs"):
        path = folder / f"factors-{array}.npy"
        np.save(path, np.load(path)[order])
    path = folder / "together-indices.npy"
    np.save(path, order[np.load(path)].astype(np.int32))
    store.promote("good")
    return store


def test_boards_of_what_looks_alike_are_found_by_vectors(tmp_path):
    """Kind is loud in the vectors and style faint: boards of one kind are found, boards of anything are not."""
    store = make_store(str(tmp_path / "shop"))
    rng = np.random.default_rng(0)
    kind = np.arange(STYLES * KINDS * EACH) // EACH % KINDS
    alike = [(f"k{n}", [f"p{i}" for i in rng.choice(np.flatnonzero(kind == n % KINDS), 8)]) for n in range(10)]
    mixed = [(f"m{n}", [f"p{i}" for i in rng.choice(len(kind), 8)]) for n in range(10)]
    found = [boards(store, store.current(), some, quiet).scores for some in (alike, mixed)]
    measures = [f"{name} (vectors)" for name in ("companion, hit@10", "the rest of it, recall@10")]
    assert list(found[0]) == measures, "without a taste model there is nothing else to ask"
    for measure, (much, little) in zip(measures, ((0.75, 0.6), (0.25, 0.2)), strict=True):
        assert found[0][measure]["share"] > much
        assert found[1][measure]["share"] < little
    with pytest.raises(InvalidInput, match="are these its ids"):
        boards(store, store.current(), [("x", ["q1", "q2", "q3", "q4"])], quiet)


def test_a_taste_model_that_was_spoiled_is_caught(shop, world):
    """The suites tell a model that knows its people from one that does not, surely, and never the other way round."""
    good, spoiled = shop.get("good"), shop.get("spoiled")
    rows = world.boards.group_by("board").aggregate([("item", "list")]).to_pylist()
    known = [(row["board"], row["item_list"]) for row in rows]
    asked = {
        "boards": [boards(shop, release, known, quiet) for release in (good, spoiled)],
        "taste": [taste(shop, release, world.events, quiet, days=3) for release in (good, spoiled)],
    }
    for name, (better, worse) in asked.items():
        assert got_worse(compare(better, worse), 0.02) == []
        assert got_worse(compare(worse, better), 0.02), name
    scores = asked["taste"][0].scores
    assert scores["taste"]["nDCG@10"] > scores["most popular"]["nDCG@10"]
    assert scores["taste"]["people"] > 20


def test_taste_is_opened_wherever_a_store_lies(shop, world):
    """A turn of an evaluation on an object store knows what goes with what, as in an application."""
    remote = ReleaseStore("memory://taste-elsewhere")
    fs, root = url_to_fs(remote.uri)
    fs.put(f"{shop.uri}/models/", f"{root}/models/", recursive=True)
    release = shop.get("good")
    here, there = open_taste(shop, release), open_taste(remote, release)
    assert here is not None and there is not None
    asked = world.model.items[0]
    assert [one.item for one in complements(there, asked, count=5)] == [
        one.item for one in complements(here, asked, count=5)
    ]
    assert open_taste(remote, release.model_copy(update={"taste": None})) is None


def test_adventurous_feeds_go_further(shop, world):
    """With adventurousness, feeds cover more interests and lie further off; each is of the same people."""
    report = exploration(shop, shop.get("good"), world.events, quiet)
    timid, _, bold = (report.scores[f"adventurousness {setting:g}"] for setting in ADVENTUROUSNESS)
    assert bold["distance"] > timid["distance"]
    assert bold["told paths"] > timid["told paths"]
    assert {len(of) for name, of in report.samples.items() if name.startswith("told")} == {timid["people"]}
    assert not any(name.startswith("distance") for name in report.samples), "further off is not better"


def test_a_shops_own_data_is_asked_for(shop, tmp_path):
    """The demo's boards and shoppers stand in for no other shop; what is missing or broken is named."""
    for suite, option in (("boards", "--boards"), ("taste", "--events")):
        ran = CliRunner().invoke(app, ["--release", shop.uri, "--suite", suite])
        assert option in ran.output
    bare = shop.get("good").model_copy(update={"taste": None})
    with pytest.raises(NotFound, match="train_taste"):
        taste(shop, bare, read_people(None), quiet)
    good = shop.get("good")
    assert suites_for(shop, [good], Options()) == [Suite.retrieval]
    assert suites_for(shop, [good, bare], Options(boards="b", events="e")) == [Suite.retrieval, Suite.boards]
    assert Suite.exploration in suites_for(shop, [good], Options(events="e"))
    (tmp_path / "bad.jsonl").write_text('{"items": ["a"]}\n{"name": 1}\n')
    with pytest.raises(InvalidInput, match="line 2"):
        read_boards(str(tmp_path / "bad.jsonl"))


def test_the_demos_shoppers_are_events():
    """They come in the form that an event database gives."""
    events = read_people(None)
    assert events.num_rows > 10_000
    assert set(events["kind"].to_pylist()) >= {"view", "save"}
