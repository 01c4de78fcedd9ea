"""The routine does what it must and nothing else, goes on where it was cut off, and makes no worse release live."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_catalogue import TinyEncoder, heard, rows_of, write_catalogue
from tiny_store import make_store
from typer.testing import CliRunner

from batch.refresh.book import Book, Done
from batch.refresh.cli import app
from batch.refresh.follow import following
from batch.refresh.gate import misfits
from batch.refresh.inputs import SKETCH_SIZE, drift, sketch_of
from batch.refresh.isolated import isolated
from batch.refresh.plan import Choice, decide
from batch.refresh.routine import EXAMPLE, CatalogueSection, EncoderSection, Routine, read_routine
from batch.refresh.run import Refresher
from batch.refresh.steps import steps_of
from catalog.errors import InvalidInput, Superseded
from catalog.release import EncoderRef, ModelRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable

ITEMS = 24
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Shop:
    """A tiny shop with people who like every third thing, and a routine for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = rows_of(ITEMS)
        self.said: list[str] = []
        self.more: dict = {}  # sections besides
        self.write()
        likes = [(f"u{u}", f"p{i}", d) for u in range(9) for d, i in enumerate(range(u % 3, ITEMS, 3))]
        self.write_events("events.jsonl", likes)
        boards = [{"id": f"b{n}", "items": [f"p{i}" for i in range(n % 3, ITEMS, 3)]} for n in range(6)]
        (folder / "boards.jsonl").write_text("\n".join(map(json.dumps, boards)))

    def write(self) -> None:
        write_catalogue(self.folder, self.rows)

    def write_events(self, name: str, likes: list[tuple[str, str, int]]) -> None:
        self.events = self.folder / name
        times = {day: (NOW - timedelta(days=ITEMS / 3 - 1 - day)).isoformat() for _, _, day in likes}
        rows = [{"person": who, "item": item, "kind": "save", "time": times[day]} for who, item, day in likes]
        self.events.write_text("\n".join(map(json.dumps, rows)))

    @property
    def store(self) -> ReleaseStore:
        return ReleaseStore(self.folder / "shop")

    @property
    def encoded(self) -> list[str]:
        return heard(self.folder / "log")

    @property
    def routine(self) -> Routine:
        return Routine.model_validate(
            {
                "release": str(self.folder / "shop"),
                "catalogue": {"source": f"jsonl:{self.folder}/items.jsonl", "encoder": "tiny", "encoders": 1},
                "taste": {
                    "events": str(self.events),
                    "boards": f"{self.folder}/boards.jsonl",
                    "epochs": 2,
                    "dim": 8,
                },
                "gate": {"suites": ["boards", "taste"]},
                **self.more,
            }
        )

    def refresher(self, say=None, **choice) -> Refresher:
        self.said = []
        load = partial(TinyEncoder, str(self.folder / "log"))
        chosen = Choice(**{name: frozenset(names) for name, names in choice.items()})
        return Refresher(self.routine, chosen, say or self.said.append, load)

    def run(self, **choice):
        return self.refresher(**choice).run()


@pytest.fixture(scope="module")
def made(local_ray, tmp_path_factory) -> tuple[Shop, dict]:
    """A shop whose first run was cut off after the catalogue, and what was seen before and after it went on."""
    shop = Shop(tmp_path_factory.mktemp("made"))

    def dies(line: str) -> None:
        if line.startswith("taste:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.refresher(dies).run()
    seen = {
        "outcome": Book(shop.store.uri).run().outcome,
        "live": (shop.folder / "shop" / "current.json").exists(),
        "encoded": len(shop.encoded),
    }
    seen["run"] = shop.run()
    seen["said"] = shop.said
    shutil.copytree(shop.folder / "shop", shop.folder / "backup")
    return shop, seen


@pytest.fixture
def shop(made) -> Iterator[Shop]:
    """The made shop as it was; items are changed in shops of their own only."""
    shop, _ = made
    yield shop
    shutil.rmtree(shop.folder / "shop")
    shutil.copytree(shop.folder / "backup", shop.folder / "shop")
    shop.events = shop.folder / "events.jsonl"


def test_cut_off_between_steps_it_goes_on(made):
    """Killed after the catalogue, the next run encodes nothing again, and until its end nothing of it was live."""
    shop, seen = made
    assert (seen["outcome"], seen["live"], seen["encoded"]) == (None, False, ITEMS)
    assert seen["run"].outcome == "promoted"
    assert seen["said"][:2] == [
        "Going on with the run that was cut off",
        "catalogue: skipped, nothing that it depends on has changed",
    ]
    assert len(shop.encoded) == ITEMS
    live = shop.store.current()
    assert (live.items.rows, live.parent) == (ITEMS, None)
    assert live.taste is not None
    assert live.taste.encoder_version == live.encoder.version


def test_a_second_run_does_nothing(shop):
    """No job runs, no release is written, and each step says why."""
    releases = len(shop.store.list())
    assert shop.run().outcome == "nothing"
    assert [line for line in shop.said if "skipped" in line] == [
        "catalogue: skipped, nothing that it depends on has changed",
        "taste: skipped, nothing that it depends on has changed",
    ]
    assert (len(shop.encoded), len(shop.store.list())) == (ITEMS, releases)


@pytest.mark.slow
def test_a_changed_item_runs_only_what_it_must(local_ray, tmp_path):
    """That item alone is encoded, what depends on the items is done again, and rolling back goes to what was live."""
    shop = Shop(tmp_path)
    shop.run()
    live = shop.store.current()
    shop.rows[3]["title"] = "Another name"
    shop.write()
    would = {one.step: (one.runs, one.why) for one in shop.refresher().preview()}
    assert would["catalogue"] == (True, "source changed")
    assert not would["taste"][0]
    assert "unless catalogue" in would["taste"][1]
    assert would["promote"][0]
    assert len(shop.encoded) == ITEMS, "a preview does nothing"
    shop.run()
    now = shop.store.current()
    assert shop.encoded[ITEMS:] == ["Another name"]
    assert now.parent == live.id, "not a step of the routine, which never was live"
    assert now.taste.version != live.taste.version


def test_a_worse_release_is_not_promoted(shop):
    """What is live stays live, the reason is told, and the same inputs are not tried twice unless somebody asks."""
    live = shop.store.current()
    shop.write_events("more.jsonl", [("u1", "p3", 0), ("u2", "p4", 1), ("u1", "p6", 7), ("u2", "p7", 7)])
    run = replace(shop.refresher(again=["taste"]), compare=lambda *_: ["boards: companion, hit@10: -0.500"]).run()
    assert shop.said[0].startswith("catalogue: skipped")
    assert (run.outcome, run.why) == ("worse", ["boards: companion, hit@10: -0.500"])
    assert shop.store.current() == live
    releases = len(shop.store.list())
    shop.run()
    assert "was worse: boards" in shop.said[0]
    assert len(shop.store.list()) == releases
    assert not any(one.runs for one in shop.refresher().preview())
    assert any(one.runs for one in shop.refresher(again=["taste"]).preview())


def test_what_went_live_meanwhile_is_not_undone(shop):
    """A release that somebody promoted while the routine ran stays live, and the next run begins from it."""
    live = shop.store.current()
    shop.store.write(live.model_copy(update={"id": "by-hand", "parent": live.id}))
    ItemTable.of(shop.store, live).tag("release-by-hand", live.items.version)

    def meanwhile(*_) -> list[str]:
        shop.store.promote("by-hand")
        return []

    with pytest.raises(Superseded, match="by-hand is live"):
        replace(shop.refresher(again=["taste"]), compare=meanwhile).run()
    assert shop.store.current_id() == "by-hand"
    assert replace(shop.refresher(again=["taste"]), compare=lambda *_: []).run().outcome == "promoted"
    assert shop.store.current().parent == "by-hand"


def test_another_gate_looks_again(shop):
    """What was worse is measured anew by a changed gate, and goes live without one; nothing is made again."""
    live = shop.store.current()
    found = ["boards: companion, hit@10: -0.500"]

    def run(**choice):
        return replace(shop.refresher(**choice), compare=lambda *_: list(found)).run()

    try:
        assert run(again=["taste"]).outcome == "worse"
        assert run().outcome == "worse" and "was worse" in shop.said[0], "the same gate is not asked twice"
        candidate = ReleaseStore(f"{shop.store.uri}#candidate").current_id()
        shop.more = {"gate": {"suites": ["boards", "taste"], "tolerance": 0.9}}
        assert not any(one.runs for one in shop.refresher().preview()[:2])
        assert run().outcome == "worse" and "looking again" in shop.said[0]
        assert "was worse" in shop.refresher().preview()[0].why
        shop.more = {"gate": {"suites": ["boards"], "tolerance": 0.9}}
        found.clear()
        made = run()
        assert (made.outcome, made.candidate, made.why) == ("promoted", candidate, [])
        assert shop.store.current().parent == live.id

        found.append("boards: worse again")
        assert run(again=["taste"]).outcome == "worse"
        assert run(skip=["evaluate", "promote"]).outcome == "worse"
        made = run(skip=["evaluate"])
        assert (made.outcome, shop.store.current_id()) == ("promoted", made.candidate)
    finally:
        shop.more = {}


def test_the_gate_measures_both_releases(shop):
    """A shuffled taste is caught by boards, in the real suites with their real intervals."""
    good = shop.store.current()
    candidates = ReleaseStore(f"{shop.store.uri}#candidate")
    assert shop.run(skip=["promote"], again=["taste"]).outcome == "held"
    assert shop.store.current() == good
    bad = Path(candidates.path(candidates.current().taste.path))
    rng = np.random.default_rng(0)
    for name in ("outputs", "inputs"):
        np.save(bad / f"factors-{name}.npy", rng.normal(size=(ITEMS, 8)).astype(np.float32))
    np.save(bad / "together-indices.npy", rng.permutation(np.load(bad / "together-indices.npy")))
    for kept in (shop.folder / "shop" / "refresh").glob("measured-*.json"):
        kept.unlink()
    run = shop.run()
    assert shop.said[0] == "Going on from the candidate"
    assert run.outcome == "worse", "\n".join(shop.said)
    assert any(line.startswith("boards: ") and "(taste)" in line for line in run.why)
    assert shop.store.current() == good


def test_two_routines_do_not_meet(shop):
    """While one runs, a second on the same store is refused."""
    with Book(shop.store.uri).locked(), pytest.raises(InvalidInput, match="another refresh"):
        shop.run()


def test_heads_are_trained_again_after_enough_drift(tmp_path):
    """A few changed items get vectors of the head that is there; more than the share, and it learns anew."""
    store = make_store(str(tmp_path / "shop"))
    release = store.current()
    (tmp_path / "boards.jsonl").write_text('{"items": ["p1", "p2"]}\n')
    encoder = EncoderSection(boards=f"{tmp_path}/boards.jsonl", retrain_share=0.1)
    routine = Routine(release=store.uri, catalogue=CatalogueSection(source="jsonl:x"), encoder=encoder)
    step = next(one for one in steps_of(routine) if one.name == "encoder")
    done = Done(inputs=step.inputs(release), outcome="made", release="first", sketch=sketch_of(store, release))
    table = ItemTable.open(store.tables_uri, release.items.name)

    def change(items: int, part: int) -> Release:
        rows = table.rows([f"p{i}" for i in range(items)], table.schema.names)
        prints = [".".join("new" if place == part else "old" for place in range(3))] * items
        table.upsert(rows.set_column(rows.column_names.index("fingerprint"), "fingerprint", pa.array(prints)))
        table.tag("release-first")
        return release

    few = decide(step, done, change(5, part=0), store, Choice())
    assert (few.runs, few.why) == (False, "2.8% of the items are new or changed; not before 10%")
    many = decide(step, done, change(20, part=0), store, Choice())
    assert (many.runs, many.why) == (True, "11.1% of the items are new or changed since it was trained")
    (tmp_path / "boards.jsonl").write_text('{"items": ["p1", "p3"], "id": 1}\n')
    assert decide(step, done, release, store, Choice()).why == "boards changed"


@pytest.mark.slow
def test_a_navigator_is_trained_in_a_process_of_its_own(shop, tmp_path):
    """The whole step with a tiny language model: trained, measured, released; the next run leaves it as it is."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "navigator"))
    import navigator_tiny

    navigator_tiny.save_causal(tmp_path / "base")
    navigator = {"base": str(tmp_path / "base"), "steps": 2, "tokens_per_item": 2, "work": str(tmp_path / "work")}
    shop.more = {"navigator": navigator}
    try:
        assert shop.run().outcome == "promoted"
        live = shop.store.current()
        assert live.navigator.encoder_version == live.encoder.version
        assert "step 0" in " ".join(shop.said) or list((tmp_path / "work").rglob("metrics.jsonl"))
        assert shop.run().outcome == "nothing"
        assert "navigator: skipped, nothing that it depends on has changed" in shop.said
    finally:
        shop.more = {}


def test_drift_is_estimated_from_sketches():
    """Of large catalogues a thousand hashes tell how much changed, to a few points."""
    rng = np.random.default_rng(0)
    items = rng.integers(0, 2**63, 50_000, dtype=np.uint64)
    changed = np.concatenate([items[5_000:], rng.integers(0, 2**63, 5_000, dtype=np.uint64)])
    sketches = [[int(one) for one in np.unique(of)[:SKETCH_SIZE]] for of in (items, changed)]
    assert drift(sketches[0], sketches[0]) == 0
    assert drift(*sketches) == pytest.approx(0.1, abs=0.03)


def test_a_model_of_other_vectors_is_not_promoted():
    """A release whose taste or Navigator could not be served is caught before anything is measured."""
    live = Release(
        id="live",
        created=NOW,
        encoder=EncoderRef(base="tiny", version="v1"),
        items=TableRef(name="items", version=1, rows=1),
        taste=ModelRef(path="x", version="x", encoder_version="v1"),
    )
    bare = live.model_copy(update={"taste": None})
    stale = live.model_copy(update={"encoder": EncoderRef(base="tiny", version="v2")})
    assert misfits(live, live) == misfits(bare, live) == misfits(None, live) == []
    assert misfits(live, bare) == ["it has no taste model, and the live release has one"]
    assert misfits(live, stale) == ["its taste model reads vectors of v1, not of v2"]


def test_a_step_in_its_own_process(local_ray):
    """It is another process, what it says arrives, and its errors are raised here."""
    said: list[str] = []

    def work(say):
        say("working")
        return os.getpid()

    def fails(say):
        raise InvalidInput("no good")

    assert isolated(work, said.append) != os.getpid()
    assert said == ["working"]
    with pytest.raises(InvalidInput, match="no good"):
        isolated(fails, said.append)


def test_a_training_is_followed(tmp_path, monkeypatch):
    """Its last metrics are told while it runs, each once, and a file that is not whole is passed over."""
    monkeypatch.setattr("batch.refresh.follow.EVERY_S", 0.02)
    said: list[str] = []
    with following(str(tmp_path), "metrics.jsonl", lambda row: f"step {row['step']}", said.append):
        for text in ('{"step": 1}\n{"step": 2}\n', '{"step": 1}\n{"step": 2}\n{"st', '{"step": 3}\n'):
            (tmp_path / "metrics.jsonl").write_text(text)
            time.sleep(0.2)
    assert said == ["step 2", "step 3"]


def test_routines_are_read_strictly(tmp_path, monkeypatch):
    """The example is a routine; a misspelt key, a missing file and an unset variable are told in one line."""
    path = tmp_path / "shop.yaml"
    monkeypatch.setenv("WINDOWSHOP_DATABASE", "sqlite:////data/events.db")
    path.write_text(EXAMPLE)
    assert read_routine(path).taste.events == "sqlite:////data/events.db"
    path.write_text(EXAMPLE.replace("retrain_share", "retrain_chare"))
    with pytest.raises(InvalidInput, match=r"encoder.retrain_chare"):
        read_routine(path)
    monkeypatch.delenv("WINDOWSHOP_DATABASE")
    path.write_text(EXAMPLE)
    with pytest.raises(InvalidInput, match="not set"):
        read_routine(path)
    with pytest.raises(InvalidInput, match="--example"):
        read_routine(tmp_path / "none.yaml")
    monkeypatch.setenv("WINDOWSHOP_DATABASE", "sqlite:////data/events.db")
    path.write_text(EXAMPLE.replace("navigator:", "navigator:\n  practice: [other-shop/]"))
    with pytest.raises(InvalidInput, match="practice_labels"):
        read_routine(path)


def test_only_variables_in_braces_are_expanded(tmp_path, monkeypatch):
    """A dollar sign in an address or a password stays; what a variable holds is not looked through again."""
    monkeypatch.setenv("SECRET", "pa$$ ${NOT_ME}")
    monkeypatch.setenv("SHOP", "s3://bucket/shop")
    path = tmp_path / "shop.yaml"
    path.write_text(
        "release: $SHOP\n"
        "catalogue: {source: 'jsonl:a$b/$SHOP/$$/cost$', set: ['attributes.was=$5', 'brand=${SECRET}']}\n"
    )
    routine = read_routine(path)
    assert routine.release == "s3://bucket/shop"
    assert routine.catalogue.source == "jsonl:a$b/$SHOP/$$/cost$"
    assert routine.catalogue.set == ("attributes.was=$5", "brand=pa$$ ${NOT_ME}")
    path.write_text("release: shop/\ncatalogue: {source: 'jsonl:${NOWHERE}/items.jsonl'}\n")
    with pytest.raises(InvalidInput, match=r"'\$\{NOWHERE\}' names a variable that is not set"):
        read_routine(path)


def test_help_teaches(tmp_path):
    """A person who has only --help finds the example, the steps and a schedule."""
    runner = CliRunner()
    said = runner.invoke(app, ["--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for word in ("--example", "--dry-run", "--only", "--again", "navigator", "ray job submit"):
        assert word in said
    path = tmp_path / "shop.yaml"
    path.write_text(runner.invoke(app, ["--example"]).output.split("\ntaste:")[0])
    wrong = runner.invoke(app, [str(path), "--only", "tasty"])
    assert wrong.exit_code == 1
    assert "the steps are catalogue, encoder" in wrong.output
    (tmp_path / "items.jsonl").write_text('{"id": "a", "title": "b"}\n')
    path.write_text(f"release: {tmp_path}/shop\ncatalogue: {{source: 'jsonl:{tmp_path}/items.jsonl'}}\n")
    planned = runner.invoke(app, [str(path), "--dry-run"], env={"COLUMNS": "160"})
    assert planned.exit_code == 0
    assert "never done for this release" in planned.output
    assert not (tmp_path / "shop" / "refresh").exists()
