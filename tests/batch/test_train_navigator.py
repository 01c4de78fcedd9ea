"""The training job: from a release to a release with a Navigator, gated, on a laptop and on Ray Train."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from batch.convert import app as convert_app
from batch.navigator_data import load_catalogue, read_conversations, read_hidden, read_labels, vector_column
from batch.navigator_gate import Gate
from batch.navigator_judge import Verdict
from batch.navigator_release import install
from batch.train_navigator import Job, draw_curve, train_navigator
from catalog.encoder import Space
from catalog.errors import InvalidInput, Superseded, VersionMismatch
from catalog.item import Item
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable, item_rows
from navigator.learnt import load_learnt
from navigator.loading import load_config
from navigator.training import Recipe

VERSION = "tiny-v1+head"
GOOD = Verdict(Gate(0.9, 0.9, 0.9, 0.9, 0.01, 10, {}), None, ())
BAD = Verdict(Gate(0.2, 0.2, 0.2, 0.2, 0.5, 10, {}), GOOD.scores, ("on held-out items",))
"""Verdicts on models too small to answer anything."""


def opens(_: Path) -> Verdict:
    return GOOD


@pytest.fixture
def shop(tmp_path) -> ReleaseStore:
    return opened(tmp_path)


def opened(folder: Path, version: str = VERSION) -> ReleaseStore:
    """A release of 60 items whose vectors tell colour and legs, and labels beside it."""
    rng, numbers = Random(0), np.random.default_rng(0)
    directions = {word: numbers.standard_normal(16) for word in ("red", "green", "hairpin", "turned")}
    items, vectors, labels = [], [], []
    for i in range(60):
        color, legs = rng.choice(("red", "green")), rng.choice(("hairpin", "turned"))
        items.append(Item(id=f"i{i}", title=f"Chair {i}", category=("Chairs",), price=10.0 + i, currency="EUR"))
        vector = directions[color] + directions[legs]
        vectors.append(vector / np.linalg.norm(vector))
        labels.append({"id": f"i{i}", "visual": {"color": color, "legs": legs}, "hidden": ["legs"]})
    store = ReleaseStore(folder / "shop")
    space = Space("joint", 16, frozenset({"image", "text"}))
    table = ItemTable.open_or_create(store.tables_uri, "items", version, [space])
    rows = {"joint_vector": np.array(vectors, np.float32)}
    table.upsert(item_rows(items, rows, ["f"] * len(items), [None] * len(items)))
    release = Release(
        id="first",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version=version),
        items=TableRef(name="items", version=table.tag("release-first"), rows=len(table)),
    )
    store.write(release)
    store.promote("first")
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    return store


@pytest.fixture
def base(tmp_path) -> str:
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "navigator"))
    import navigator_tiny

    navigator_tiny.save_causal(tmp_path / "base")
    return str(tmp_path / "base")


def job(shop: ReleaseStore, base: str, tmp_path: Path, **options) -> Job:
    recipe = Recipe(steps=2, lora_rank=2, warmup=1)
    labels = str(tmp_path / "labels.jsonl")
    return Job(shop.uri, base, labels, recipe=recipe, projector_rank=8, work=str(tmp_path / "work"), **options)


def test_release_gets_a_navigator(shop, base, tmp_path):
    """One command takes a release to a release whose Navigator names the encoder that it was trained on, and the words
    that it was taught to name things by; the next training starts from it."""
    said: list[str] = []
    written = train_navigator(job(shop, base, tmp_path), said.append, opens)
    live = shop.current()
    assert live == written
    assert live.parent == "first"
    assert live.navigator.encoder_version == VERSION
    assert live.navigator.metrics["attribute"] == 0.9
    folder = Path(shop.path(*live.navigator.path.split("/")))
    assert load_config(folder).encoder_version == VERSION
    assert {"color", "legs", "hairpin", "chair"} <= {*load_config(folder).vocabulary}
    assert load_config(folder).told_which
    assert load_learnt(folder / "learnt").shape.item_dim == 16
    curves = list((tmp_path / "work").rglob("learning_curve.svg"))
    assert len(curves) == 1
    again = train_navigator(job(shop, base, tmp_path, seed=1), said.append, opens)
    assert again.parent == live.id


def test_a_saved_navigator_goes_into_service_without_training(shop, base, tmp_path):
    """What one training learnt serves again, but never on vectors of another encoder."""
    trained = train_navigator(job(shop, base, tmp_path), lambda _: None, opens)
    shop.promote("first")
    weights = Path(shop.path(*trained.navigator.path.split("/"))) / "learnt"
    installed = install(shop, weights)
    assert shop.current() == installed
    assert installed.navigator == trained.navigator
    other = installed.model_copy(update={"id": "other", "encoder": EncoderRef(base="packaged", version="another")})
    shop.write(other)
    shop.promote("other")
    with pytest.raises(VersionMismatch, match="another"):
        install(shop, weights)


def test_what_went_live_during_the_training_is_not_undone(shop, base, tmp_path):
    """The Navigator's release is written and waits."""
    shop.write(shop.current().model_copy(update={"id": "meanwhile", "parent": "first"}))

    def judge(checkpoint: Path) -> Verdict:
        shop.promote("meanwhile")
        return GOOD

    with pytest.raises(Superseded, match="meanwhile is live"):
        train_navigator(job(shop, base, tmp_path), lambda _: None, judge)
    assert shop.current_id() == "meanwhile"
    assert any(release.navigator for release in shop.list())


def test_gate_keeps_a_worse_one_out(shop, base, tmp_path):
    """A Navigator that is worse than the incumbent, whole and by half, never becomes part of a release."""
    first = train_navigator(job(shop, base, tmp_path), lambda _: None, opens)
    said: list[str] = []
    assert train_navigator(job(shop, base, tmp_path, seed=1), said.append, lambda _: BAD) is None
    assert shop.current() == first
    assert sum("gate stays shut" in line for line in said) == 2


def test_half_of_what_was_trained_is_tried(shop, base, tmp_path):
    """Where all of it is worse than the incumbent and half of it is not, half goes into service."""
    begun = train_navigator(job(shop, base, tmp_path), lambda _: None, opens)
    adapters = Path(shop.path(*begun.navigator.path.split("/"))) / "learnt"
    asked: list[str] = []

    def judge(checkpoint: Path) -> Verdict:
        asked.append(checkpoint.name)
        return GOOD if checkpoint.name.endswith("-0.5") else BAD

    options = {"fresh": True, "adapters": str(adapters), "seed": 1}
    written = train_navigator(job(shop, base, tmp_path, **options), lambda _: None, judge)
    assert asked == ["trained", "trained-0.5"]
    folder = next((tmp_path / "work").rglob("learnt-0.5")).parent
    whole, half = load_learnt(folder / "learnt"), load_learnt(folder / "learnt-0.5")
    assert half.about["share"] == 0.5
    before = load_learnt(adapters).tensors
    changed = [name for name in half.tensors if "lora_B" in name]
    assert changed
    for name in changed:
        middle = (before.get(name, torch.zeros_like(half.tensors[name])) + whole.tensors[name]) / 2
        torch.testing.assert_close(half.tensors[name], middle, rtol=1e-2, atol=1e-4)
    assert written.navigator.version == half.about["version"] != whole.about["version"]


def test_what_is_learnt_names_what_it_was_learnt_over(shop, base, tmp_path):
    """The first over the base, the next over the first: putting it into that gives the checkpoint that serves."""
    folders = []
    for seed in range(2):
        written = train_navigator(job(shop, base, tmp_path, seed=seed), lambda _: None, opens)
        folders.append(Path(shop.path(*written.navigator.path.split("/"))))
    over = [load_learnt(folder / "learnt").base for folder in folders]
    assert over == [base, str(folders[0])]
    out, weights = str(tmp_path / "again"), str(folders[1] / "learnt")
    made = CliRunner().invoke(convert_app, ["--base", over[1], "--out", out, "--weights", weights])
    assert made.exit_code == 0, made.output
    served, again = (
        {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}
        for folder in (folders[1], Path(out))
    )
    assert served
    assert served.keys() == again.keys()
    for name, tensor in served.items():
        torch.testing.assert_close(again[name], tensor, rtol=1e-2, atol=1e-3)
    wrong = CliRunner().invoke(convert_app, ["--base", base, "--out", str(tmp_path / "wrong"), "--weights", weights])
    assert wrong.exit_code != 0
    assert "learnt over" in wrong.output
    assert not (tmp_path / "wrong").exists()


def test_adapters_are_not_put_in_twice(shop, base, tmp_path):
    """They are refused on top of a Navigator that has them in it, and over another base than theirs."""
    first = train_navigator(job(shop, base, tmp_path), lambda _: None, opens)
    adapters = str(Path(shop.path(*first.navigator.path.split("/"))) / "learnt")
    with pytest.raises(InvalidInput, match="--fresh"):
        train_navigator(job(shop, base, tmp_path, adapters=adapters), lambda _: None, opens)
    with pytest.raises(InvalidInput, match="not over 'other'"):
        train_navigator(job(shop, "other", tmp_path, adapters=adapters, fresh=True), lambda _: None, opens)
    assert shop.current() == first


@pytest.mark.slow
def test_the_judge_asks_the_candidate_and_the_incumbent(shop, base, tmp_path):
    """With real engines: models that know nothing answer nothing right, so neither is worse than the other."""
    train_navigator(job(shop, base, tmp_path), lambda _: None, opens)
    said: list[str] = []
    written = train_navigator(job(shop, base, tmp_path, seed=1), said.append)
    asked = next(line for line in said if line.startswith("trained: "))
    assert asked.count("Gate(attribute=") == 2
    assert written is not None
    answers = written.navigator.metrics["answers"]
    assert answers > 10 and written.navigator.metrics["attribute"] <= 0.5


def test_other_catalogues_are_practised_on(shop, base, tmp_path):
    """Items of another catalogue are trained on beside the release's own, of which as many are held out as before;
    vectors of another encoder are refused, with what to do."""
    (tmp_path / "other").mkdir()
    other = opened(tmp_path / "other")
    labels = str(tmp_path / "other" / "labels.jsonl")
    said: list[str] = []
    train_navigator(job(shop, base, tmp_path), said.append, opens)
    practised = {"practice": (other.uri,), "practice_labels": (labels,), "fresh": True}
    written = train_navigator(job(shop, base, tmp_path, **practised), said.append, opens)
    assert written is not None
    told = [re.search(r"(\d+) items to train on, (\d+) held out", line) for line in said]
    alone, both = ((int(found[1]), int(found[2])) for found in told if found)
    assert sum(alone) == 60
    assert both == (alone[0] + 60, alone[1])
    (tmp_path / "strange").mkdir()
    strange = opened(tmp_path / "strange", "another-v2")
    refused = job(shop, base, tmp_path, practice=(strange.uri,), practice_labels=(labels,))
    with pytest.raises(InvalidInput, match=r"another-v2.*same encoder"):
        train_navigator(refused, said.append, opens)


def test_data_is_read_and_checked(shop, tmp_path):
    """Labels, what is hidden, and operators' conversations come from files; an unknown item is named."""
    labels = str(tmp_path / "labels.jsonl")
    catalogue = load_catalogue(shop, shop.current(), read_labels(labels), [["i1", "i2", "i3", "gone"]])
    assert len(catalogue.train.known) + len(catalogue.test.known) == 60
    assert catalogue.item_dim == 16
    assert {known.facts["legs"] for known in catalogue.train.known} == {"hairpin", "turned"}
    assert read_hidden(labels)["i0"] == ("legs",)
    own = tmp_path / "own.jsonl"
    exchange = {"user": "hi", "intent": {"action": "search", "query": "x"}, "items": ["i1"], "answer": "[1]"}
    own.write_text(json.dumps({"exchanges": [exchange]}))
    (dialogue,) = read_conversations(str(own), catalogue)
    assert dialogue.exchanges[0].shown[0].item.id == "i1"
    own.write_text(json.dumps({"exchanges": [{**exchange, "items": ["nope"]}]}))
    with pytest.raises(InvalidInput, match="nope"):
        read_conversations(str(own), catalogue)


def test_vector_column():
    """Details are read where there are any, else the joint vector, else the pictures'; words alone are refused."""
    assert vector_column(["image_vector", "text_vector", "detail"]) == "detail"
    assert vector_column(["text_vector", "image_vector"]) == "image_vector"
    assert vector_column(["joint_vector"]) == "joint_vector"
    with pytest.raises(InvalidInput, match="text_vector"):
        vector_column(["text_vector"])


def test_curve_is_a_picture(tmp_path):
    """The learning curve is drawn from the metrics alone."""
    rows = [{"tokens": n * 100, "loss": 5 / n} for n in range(1, 30)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)))
    draw_curve(tmp_path / "metrics.jsonl", tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().lstrip().startswith("<?xml")


@pytest.mark.slow
def test_on_ray_train(local_ray, shop, base, tmp_path):
    """Two workers train on conversations of their own, average gradients, and come to one result."""
    written = train_navigator(job(shop, base, tmp_path, workers=2), lambda _: None, opens)
    assert written is not None
    assert written.navigator.encoder_version == VERSION
