"""A tiny Navigator learns to read vectors, survives a kill, and comes out of its own files the same."""

from dataclasses import replace
from pathlib import Path
from random import Random

import navigator_tiny as tiny
import numpy as np
import pytest
import torch
from navigator_world import make_shelf
from safetensors.torch import load_file
from transformers import AutoTokenizer

from batch.convert import convert
from batch.navigator_data import is_held_out, split
from batch.navigator_gate import Gate, gold_cases, got_behind
from batch.navigator_loop import Run, run
from navigator.alignment import align
from navigator.errors import BadCheckpoint
from navigator.evaluation import accuracy, attribute_questions, by_item, choice_questions, score_intents
from navigator.intent import ShoppingIntent
from navigator.learnt import Learnt, Shape, blended, load_learnt
from navigator.modeling import NavigatorForConditionalGeneration, item_projector
from navigator.training import Recipe

SHELF = make_shelf(240)


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    tiny.save_causal(folder / "base")
    convert(str(folder / "base"), str(folder / "nav"), Shape(item_dim=32, tokens_per_item=2, projector_dim=64))
    return folder / "nav"


def job(start: Path, folder: Path, steps: int) -> Run:
    recipe = Recipe(steps=steps, lora_rank=4, learning_rate=5e-3, warmup=3, save_every=4)
    return Run(str(start), "tiny", str(folder), recipe, row_tokens=1200, dtype="float32")


def test_alignment_reads_vectors(start):
    """Stage 1 must tell unseen items apart by their vectors, in seconds."""
    model = NavigatorForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    projector = item_projector(model.config)
    projector.reset_parameters()
    fit = align(projector, SHELF.known, AutoTokenizer.from_pretrained(start), model.get_input_embeddings())
    assert fit.read > 0.8


def test_an_alignment_is_kept_whole_or_not_at_all(start, tmp_path, monkeypatch):
    """Stopped in the middle of saving it, a run aligns again; and no worker reads what another has half written."""
    catalogue = split(list(SHELF.known), [], "e1")

    def killed(_tensors, path) -> None:
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("safetensors.torch.save_file", killed)
        with pytest.raises(KeyboardInterrupt):
            run(job(start, tmp_path, 0), catalogue, [])
    run(job(start, tmp_path, 0), catalogue, [])
    assert load_file(tmp_path / "aligned.safetensors")


def test_training_learns_and_goes_on_after_a_kill(start, tmp_path):
    """The loss falls, and a run stopped half-way ends where an unbroken one does."""
    catalogue = split(list(SHELF.known), [], "e1")
    losses: list[float] = []
    whole = run(job(start, tmp_path / "whole", 12), catalogue, [], report=lambda p: losses.append(p.loss))
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])

    class Killed(Exception):
        pass

    def stop(progress) -> None:
        if progress.step == 6:
            raise Killed

    with pytest.raises(Killed):
        run(job(start, tmp_path / "broken", 12), catalogue, [], report=stop)
    again = run(job(start, tmp_path / "broken", 12), catalogue, [])
    assert whole.tensors.keys() == again.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert torch.allclose(tensor, again.tensors[name], atol=2e-3), name


def test_what_was_learnt_is_put_back(start, tmp_path):
    """Adapters merged into the base write the same as the model that was trained."""
    catalogue = split(list(SHELF.known), [], "e1")
    learnt = run(job(start, tmp_path / "run", 3), catalogue, [])
    learnt.save(tmp_path / "learnt")
    back = load_learnt(tmp_path / "learnt")
    assert back.encoder_version == "e1"
    config = convert(str(start), str(tmp_path / "merged"), learnt=back)
    assert config.encoder_version == "e1"
    assert {name for name, _ in config.read_out} == {"kind", "color", "legs"}
    merged = NavigatorForConditionalGeneration.from_pretrained(tmp_path / "merged", dtype=torch.float32).eval()
    base = NavigatorForConditionalGeneration.from_pretrained(start, dtype=torch.float32).eval()
    layer = "language_model.model.layers.0.self_attn.q_proj"
    change = learnt.tensors[f"{layer}.lora_B.weight"] @ learnt.tensors[f"{layer}.lora_A.weight"] * 8
    difference = merged.state_dict()[f"{layer}.weight"] - base.state_dict()[f"{layer}.weight"]
    assert torch.allclose(difference, change, atol=1e-3)
    vectors = torch.from_numpy(np.stack([known.shown.vectors for known in SHELF.known[:20]]))
    aligned = load_file(tmp_path / "run" / "aligned.safetensors")
    projector = item_projector(base.config)
    projector.load_state_dict({n.removeprefix("item_projector."): t for n, t in aligned.items() if "item_" in n})
    assert torch.allclose(merged.item_projector(vectors), projector(vectors), atol=1e-2)


def test_nothing_idle_is_saved(start, tmp_path):
    """What is all zero, and ranks that no read-out uses, take no room; a training can begin with the rest."""
    catalogue = split(list(SHELF.known), [], "e1")
    first = run(job(start, tmp_path / "first", 2), catalogue, [])
    first.save(tmp_path / "learnt")
    saved = load_file(tmp_path / "learnt" / "navigator.safetensors")
    assert all(tensor.any() for tensor in saved.values())
    rank = first.shape.projector_rank
    assert saved["item_projector.properties"].shape == (rank,)
    assert (saved["item_projector.properties"] >= 0).all()
    again = run(replace(job(start, tmp_path / "second", 0), adapters=str(tmp_path / "learnt")), catalogue, [])
    for name, tensor in again.tensors.items():
        if "lora_" in name:
            assert torch.allclose(tensor, first.tensors[name], atol=1e-3), name


def test_cut_off_weights_are_refused(tmp_path):
    """A half-downloaded file is named, not loaded."""
    with pytest.raises(BadCheckpoint, match="navigator"):
        load_learnt(tmp_path)


def test_items_are_held_out_for_good():
    """An item that is held out once is held out in every run: about 15 of 100, by id."""
    held = [is_held_out(f"sku-{i}") for i in range(4000)]
    assert 0.12 < sum(held) / len(held) < 0.18
    assert held == [is_held_out(f"sku-{i}") for i in range(4000)]


def scored(right: int, made_up: int = 0) -> Gate:
    """Of 100 questions the first `right` are answered rightly; in the first `made_up` answers something is invented."""
    samples = {
        "choice": {str(i): float(i < right) for i in range(100)},
        "invented": {str(i): float(i < made_up) for i in range(100)},
    }
    return Gate(0.9, right / 100, 0.9, 0.9, made_up / 100, 100, samples)


def test_gate():
    """A Navigator that is surely worse does not pass and is told in what; a better or equal one does, the first one
    always, and one that was unlucky in a few questions."""
    good = scored(80)
    assert got_behind(good, None) == []
    assert got_behind(good, good) == []
    assert got_behind(scored(90), good) == []
    assert got_behind(scored(77), good) == []
    assert got_behind(scored(68), good)[0].startswith("choice: -0.120")
    assert got_behind(scored(80, made_up=10), good)[0].startswith("invented: +0.100")


def test_scores():
    """Slots count each value once; a wrong number and a missing colour both cost; unreadable counts as nothing."""
    want = ShoppingIntent(action="search", colors=("Red",), price_max=100)
    got = ShoppingIntent(action="search", colors=("red",), price_max=90)
    score = score_intents([(want, got), (want, None)])
    assert (score.action, score.precision, score.recall) == (0.5, 0.5, 0.25)


def test_questions_have_one_right_answer():
    """Of 8 candidates exactly one has the property that is asked for, and no text on show tells which."""
    hidden = {known.item.id: ("legs",) for known in SHELF.known}
    for question in choice_questions(SHELF, hidden, 10, Random(0)):
        owner = question.shown[int(question.right.strip("[]")) - 1]
        assert [k.facts["legs"] for k in question.shown].count(owner.facts["legs"]) == 1
    asked = attribute_questions(SHELF, hidden, Random(0))
    assert len(asked) == len(SHELF.known)
    assert accuracy(asked, [f"It has {question.right} legs." for question in asked]) == 1.0
    assert accuracy(asked, ["I don't know."] * len(asked)) == 0.0


def test_questions_about_one_item_are_one_draw():
    """Twenty wrong answers about one mirror are one mirror: no Navigator is surely worse for it."""
    hidden = {known.item.id: ("legs",) for known in SHELF.known}
    questions = choice_questions(SHELF, hidden, 200, Random(0))
    odd = questions[0].about
    assert questions[0].shown[int(questions[0].right[1]) - 1].item.id == odd
    found = by_item(questions, [float(question.about != odd) for question in questions])
    assert found[odd] == 0.0
    assert set(found) == {question.about for question in questions}
    assert sum(found.values()) == len(found) - 1
    asked = attribute_questions(SHELF, hidden, Random(0))
    assert by_item(asked, [1.0] * len(asked)).keys() == hidden.keys()


def test_gold_messages_are_readable():
    """Every hand-written case is a valid intent and points only at items that are on show."""
    cases = gold_cases(SHELF)
    assert len(cases) > 30
    for case in cases:
        on_show = len(case.history[-1].shown) if case.history else 0
        assert all(ref <= on_show for ref in case.want.item_refs)


def test_a_share_of_what_was_learnt_is_that_share_of_the_change():
    """Half of new adapters changes a layer half as much; between two trainings, each factor is in the middle."""
    down, up, other = torch.randn(2, 6), torch.randn(4, 2), torch.randn(4, 2)
    names = ("layer.lora_A.weight", "layer.lora_B.weight")
    learnt = Learnt("base", Shape(), "v1", 2, 2, {**dict(zip(names, (down, up), strict=True)), "projector.x": up})
    weight = torch.zeros(4, 6)
    half = blended(None, learnt, 0.5)
    torch.testing.assert_close(half.merged("layer.weight", weight), learnt.merged("layer.weight", weight) / 2)
    middle = blended({names[0]: down, names[1]: other}, learnt, 0.5).tensors
    torch.testing.assert_close(middle[names[1]], (up + other) / 2)
    torch.testing.assert_close(middle[names[0]], down)
    torch.testing.assert_close(middle["projector.x"], up)
    gone = blended({"old.lora_B.weight": other}, learnt, 0.5).tensors
    torch.testing.assert_close(gone["old.lora_B.weight"], other / 2)
