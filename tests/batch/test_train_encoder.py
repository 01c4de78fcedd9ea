"""Training a joint head and putting it into service, on a store of 180 made-up items."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_store import BASE, EACH, KINDS, STYLES, KindTower, made_boards, made_features, make_store

from batch.encoder_data import board_rows, gather_items, read_boards, shared_boards
from batch.encoder_loop import TrainSettings, train
from batch.encoder_phrases import make_phrases, phrase_batches, phrases_of
from batch.encoder_pool import neighbour_batches
from batch.encoder_release import Options, install, put_into_service
from batch.train_encoder import Job, load_training_set, train_encoder
from batch.training_loop import schedule
from catalog.align import load_alignment
from catalog.compose import Composer, ComposerConfig, ComposerNetwork, load_composer
from catalog.encoder import Features
from catalog.errors import BadSource, InvalidInput, NotFound, Superseded
from catalog.item import Item
from catalog.joint import HeadConfig, JointHead, JointNetwork, load_head
from catalog.table import ItemTable, vector_columns, vectors_from_arrow

torch.set_num_threads(1)  # small matrices on busy machines: threads would wait for each other

SETTINGS = TrainSettings(
    min_steps=60,
    epochs=1,
    batch_size=64,
    warm_up=0,
    companion_share=0.3,
    input_dropout=0.2,
    image_rank=16,
    text_rank=16,
    sizes=(8, 16),
    validate_every=20,
    patience=9,
)


@pytest.fixture(scope="module")
def items():
    image, text = made_features()
    ids = [f"p{i}" for i in range(len(image))]
    return gather_items([(ids, Features(image, text))], set(), 10_000, 0)


@pytest.fixture(scope="module")
def boards(items):
    return board_rows(made_boards(), items.ids)


@pytest.fixture
def board_file(tmp_path) -> str:
    path = tmp_path / "boards.jsonl"
    path.write_text("".join(json.dumps({"id": str(i), "items": b}) + "\n" for i, b in enumerate(made_boards())))
    return str(path)


def style_share(vectors, ids) -> float:
    """Share of the nearest 10 that are of the item's own style: chance is 29 in 179."""
    style = np.array([int(i[1:]) // (KINDS * EACH) for i in ids])
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -9)
    nearest = np.argsort(-scores, axis=1)[:, :10]
    return float((style[nearest] == style[:, None]).mean())


def test_boards_teach_what_belongs_together(items, boards):
    """Kind is loud in the features and style faint; trained on boards of one style, neighbours share the style."""
    image, text = items.features(np.arange(len(items)))
    before = style_share(np.concatenate([image, text], 1) / 2**0.5, items.ids)
    trained = train(items, boards, SETTINGS)
    head = JointHead(trained.network, BASE)
    after = style_share(head.fuse(Features(image.numpy(), text.numpy())), items.ids)
    assert after > before + 0.2 and after > 0.6
    small = style_share(head.at(8).fuse(Features(image.numpy(), text.numpy())), items.ids)
    assert small > 0.55
    assert trained.validation.board_hit > 0.8


def test_short_queries_keep_finding_what_they_ask_for(items, boards):
    """Boards of one style pull kinds apart; phrases seen in training still find their kind, and boards still hold."""
    catalogue = [Item(id=i, title=f"Thing {i}", category=(f"kind {int(i[1:]) // EACH % KINDS}",)) for i in items.ids]
    tower = KindTower()
    asked = [f"kind {k}" for k in range(KINDS)]
    kinds = np.array([int(i[1:]) // EACH % KINDS for i in items.ids])
    image, text = items.features(np.arange(len(items)))
    words = Features(np.zeros((KINDS, image.shape[1]), np.float32), tower.encode_texts(asked))

    def found(phrase_weight: float) -> tuple[float, float]:
        phrases = make_phrases(catalogue, tower.encode_texts)
        quiet = {"image_text_weight": 0.0, "min_steps": 120, "held_out": 0.0}
        settings = replace(SETTINGS, phrase_weight=phrase_weight, neighbour_weight=1.0, companion_share=0.8, **quiet)
        head = JointHead(train(replace(items, phrases=phrases), boards, settings).network, BASE)
        vectors = head.fuse(Features(image.numpy(), text.numpy()))
        nearest = np.argsort(-head.fuse(words) @ vectors.T, axis=1)[:, :10]
        return float((kinds[nearest] == np.arange(KINDS)[:, None]).mean()), style_share(vectors, items.ids)

    (without, _), (recall, style) = found(0.0), found(1.0)
    assert recall > without + 0.25
    assert style > 0.8  # chance: 29 in 179


def test_phrases_are_what_people_type():
    """A kind alone and behind its look; an item without a kind has none, and a catalogue of such items teaches none."""
    sofa = Item(id="s", title="Otto", category=("Living", "Sofas"), colors=("Green",), materials=("velvet",))
    assert phrases_of(sofa) == {"sofas", "green sofas", "velvet sofas", "green velvet sofas"}
    bare = Item(id="b", title="Thing")
    assert make_phrases([bare], KindTower().encode_texts) is None
    made = make_phrases([sofa, bare, sofa], KindTower().encode_texts)
    assert len(made) == 6 and made.fits.sum() == 5 * 2 + 1
    many = make_phrases([sofa, bare] * 50, KindTower().encode_texts)
    batch = next(phrase_batches(many, 4, 20, np.random.default_rng(0), "cpu"))
    assert (batch.positives.sum(1) > 0).all() and len(batch.candidates) <= 20


def test_without_boards_words_find_pictures(items):
    """On pictures and words alone, the text-to-picture recall of held-out items rises far above chance."""
    trained = train(items, [], replace(SETTINGS, held_out=0.5, min_steps=150))
    assert trained.validation.board_hit is None
    assert trained.validation.text_to_picture > 0.5  # chance: 10 of 45


def test_the_same_seed_gives_the_same_head(items, boards):
    """Training is reproducible: same seed, same weights; another seed, others."""
    short = replace(SETTINGS, min_steps=5)
    one, two = (JointHead(train(items, boards, short).network, BASE).version for _ in range(2))
    assert one == two
    assert JointHead(train(items, boards, replace(short, seed=1)).network, BASE).version != one


def test_a_training_goes_on_from_its_last_validation(items, boards):
    """Resumed from a saved state, it takes the remaining steps only and keeps the best weights found before."""
    states = []
    train(items, boards, SETTINGS, lambda metrics, state: states.append((metrics, state.to_dict())))
    metrics, saved = states[1]
    seen = []
    train(items, boards, SETTINGS, lambda metrics, state: seen.append(metrics["step"]), resume=saved)
    assert metrics["step"] == 40 and seen == [60]
    assert saved["best"]["score"] > 0 and saved["best"]["weights"]


def test_it_stops_when_it_gets_no_better(items, boards):
    """With no patience and a rate at which nothing is learnt, the second validation ends it."""
    trained = train(items, boards, replace(SETTINGS, learning_rate=0.0, patience=1, min_steps=200))
    assert trained.stopped_early and trained.steps == 40


def test_large_catalogues_draw_candidates(items, boards):
    """With fewer candidates than items, each batch still has its queries, some of their neighbours, and no more."""
    shared = shared_boards(boards, len(items))
    batch = next(neighbour_batches(shared, 16, 64, np.random.default_rng(0), "cpu"))
    candidates = batch.candidates.numpy()
    assert len(candidates) <= 64 and (np.diff(candidates) > 0).all()
    assert np.isin(batch.queries.numpy(), candidates).all()
    assert (batch.positives.sum(1) > 0).all() and not batch.positives[batch.excluded].any()


def test_the_rate_rises_and_falls():
    """A short rise, then down to nothing."""
    assert schedule(0.0) < 0.05 and schedule(0.1) == 1.0 and schedule(1.0) < 1e-6


def test_items_on_boards_are_kept_first():
    """With room for few items, those on boards stay and the rest is a sample."""
    image, text = made_features()
    ids = [f"p{i}" for i in range(len(image))]
    halves = [(ids[s : s + 50], Features(image[s : s + 50], text[s : s + 50])) for s in range(0, 180, 50)]
    some = gather_items(halves, {"p3", "p170", "unknown"}, 23, 0)
    assert {"p3", "p170"} <= set(some.ids) and len(some) == 22
    row = some.ids.index("p170")
    np.testing.assert_allclose(some.image[row], image[170], atol=1e-3)
    with pytest.raises(NotFound, match="precompute"):
        gather_items([], set(), 10, 0)


def test_boards_are_read_and_bad_ones_named(tmp_path, board_file):
    """Unknown items and boards left with one item are passed over; a line that is no board is named with its number."""
    assert len(read_boards(board_file)) == 60
    assert [list(rows) for rows in board_rows([["a", "x", "b", "a"], ["a"], ["x"]], ["b", "a"])] == [[0, 1]]
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"items": ["a"]}\n{"things": []}\n')
    with pytest.raises(BadSource, match="line 2"):
        read_boards(str(bad))
    with pytest.raises(NotFound):
        read_boards(str(tmp_path / "none.jsonl"))


def test_the_job_switches_encoder_and_table_at_once(local_ray, tmp_path, board_file, monkeypatch):
    """One release has the new encoder, a table of its vectors for every item, and maps both ways; the old one stays.
    Boards are found where the job was started, though workers run elsewhere."""
    monkeypatch.chdir(Path(board_file).parent)
    store = make_store(str(tmp_path / "shop"))
    said: list[str] = []
    job = Job(store.uri, Path(board_file).name, SETTINGS, size=8, storage="float16", load=KindTower)
    made = train_encoder(job, said.append)

    assert store.current_id() == made.id and made.parent == "first"
    head = load_head(store.path(made.encoder.head), made.encoder.size, BASE)
    assert made.encoder.version == f"{BASE}+{head.version}"
    table = ItemTable.of(store, made)
    assert table.encoder_version == made.encoder.version and len(table) == 180
    (column,) = vector_columns(table.schema)
    rows = table.rows(["p7"], [column, "title", "thumbnail", "fingerprint"])
    image, text = made_features()
    expected = head.fuse(Features(image[7:8], text[7:8]))
    np.testing.assert_allclose(vectors_from_arrow(rows[column]), expected, atol=2e-3)
    assert rows.to_pylist()[0]["thumbnail"] == b"webp" and rows.to_pylist()[0]["fingerprint"] == "a7.b7.c7"
    assert len(ItemTable.of(store, store.get("first"))) == 180

    there, back = (load_alignment(store.path(ref.path)) for ref in made.alignments)
    assert (there.source, there.target) == (BASE, made.encoder.version) == (back.target, back.source)
    assert made.alignments[0].cosine > 0.7
    assert made.metrics["board_hit"] > 0.5
    lines = Path(store.path("models", "heads", f"{load_head(store.path(made.encoder.head)).version}.metrics.jsonl"))
    assert [json.loads(line)["step"] for line in lines.read_text().splitlines()] == [20, 40, 60]


def test_items_without_features_stop_the_switch(tmp_path):
    """No release is made with items that cannot be found: missing features end the job and nothing is promoted."""
    store = make_store(str(tmp_path / "shop"), cached=170)
    network = JointNetwork(HeadConfig(40, 32, 16, 16, sizes=(8, 16)))
    with pytest.raises(NotFound, match="10 of 180"):
        put_into_service(store, store.current(), JointHead(network, BASE), Options())
    assert store.current_id() == "first" and len(store.list()) == 1


def test_a_head_does_not_undo_what_went_live_while_it_was_trained(tmp_path):
    """Its release is written and waits; what was promoted meanwhile stays live."""
    store = make_store(str(tmp_path / "shop"))
    begun_from = store.current()
    store.write(begun_from.model_copy(update={"id": "meanwhile", "parent": "first"}))
    store.promote("meanwhile")
    network = JointNetwork(HeadConfig(40, 32, 16, 16, sizes=(8, 16)))
    image, text = made_features()
    network.fit_whitening(torch.from_numpy(image), torch.from_numpy(text))
    with pytest.raises(Superseded, match="meanwhile is live"):
        put_into_service(store, begun_from, JointHead(network, BASE), Options())
    assert store.current_id() == "meanwhile"
    assert len(store.list()) == 3


def test_a_head_of_before_is_installed_without_training(tmp_path):
    """The shipped weights go into service in one call: new vectors for every item, the composer beside them."""
    store = make_store(str(tmp_path / "shop"))
    head = JointHead(JointNetwork(HeadConfig(40, 32, 16, 16, sizes=(8, 16))), BASE)
    items = store.current()
    image, text = made_features()
    head.network.fit_whitening(torch.from_numpy(image), torch.from_numpy(text))
    head = JointHead(head.network, BASE)
    head.save(str(tmp_path / "head.safetensors"))
    version = f"{BASE}+{head.version}"
    Composer(ComposerNetwork(ComposerConfig(16, 32)), version).save(str(tmp_path / "composer.safetensors"))
    made = install(store, str(tmp_path / "head.safetensors"), str(tmp_path / "composer.safetensors"))
    assert made.parent == items.id and made.encoder.version == version and len(ItemTable.of(store, made)) == 180
    assert load_composer(store.path(made.encoder.composer), version)
    small = install(store, str(tmp_path / "head.safetensors"), None, Options(size=8, storage="int8"))
    assert small.encoder.version.endswith("-8d") and small.items.name != made.items.name


@pytest.mark.slow
def test_a_killed_job_goes_on(tmp_path, board_file):
    """Killed hard after its first validations, the same command ends the same training: no step is counted twice."""
    store = make_store(str(tmp_path / "shop"))
    command = [sys.executable, "-m", "batch.train_encoder", "--release", store.uri, "--boards", board_file]
    command += ["--phrase-weight", "0"]  # this store's base encoder is made up and cannot be loaded by name
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_AUTH_MODE": "disabled"}
    environment.pop("RAY_ADDRESS", None)
    root = Path(__file__).parents[2]
    first = subprocess.Popen(command, cwd=root, env=environment, start_new_session=True)
    work = Path(store.uri) / "work"
    deadline = time.monotonic() + 200
    try:
        while not list(work.glob("encoder-*/checkpoint_*")):
            assert first.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert store.current_id() == "first"
    subprocess.run(command, cwd=root, env=environment, check=True, timeout=300)
    made = store.current()
    assert made.parent == "first"
    lines = next((Path(store.uri) / "models" / "heads").glob("*.metrics.jsonl")).read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps)) and steps[0] == TrainSettings.validate_every
    assert json.loads(lines[1])["seconds"] > 0


def test_boards_of_another_catalogue_are_refused(tmp_path):
    """Boards with none of the items are a mistake, not a training without boards."""
    store = make_store(str(tmp_path / "shop"))
    path = tmp_path / "other.jsonl"
    path.write_text('{"items": ["q1", "q2"]}\n')
    with pytest.raises(InvalidInput, match="are these its ids"):
        load_training_set(Job(store.uri, str(path)), store.current())
    assert STYLES == 6
