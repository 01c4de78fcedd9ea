"""The benchmark of ways to read items asks what has one right answer, and counts an answer as right only if it is."""

from dataclasses import replace
from random import Random

import navigator_tiny as tiny
import pytest
import torch
from navigator_world import make_shelf
from transformers import AutoTokenizer

from batch.convert import convert
from benchmarks.navigator_reading import Asked, Reader, Way, hidden_questions, make_drills, one_row
from navigator.knowledge import phrase
from navigator.learnt import Shape
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.processing import NavigatorProcessor
from navigator.training import Recipe, train

KNOWN = list(make_shelf().known)


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Reader:
    folder = tmp_path_factory.mktemp("navigator")
    tiny.save_causal(folder / "base")
    convert(str(folder / "base"), str(folder / "start"), Shape(KNOWN[0].shown.vectors.shape[-1], tokens_per_item=2))
    model = NavigatorForConditionalGeneration.from_pretrained(folder / "start")
    return Reader(model, NavigatorProcessor(AutoTokenizer.from_pretrained(folder / "start"), model.config), Way(2))


def test_questions_have_one_right_answer():
    """What is asked is hidden, and of eight items the one that is looked for alone has the value."""
    hidden = {known.item.id: ("legs",) for known in KNOWN[::2]}
    attributes, choices = hidden_questions(KNOWN, hidden, ["legs", "color"], Random(0))
    assert {asked.questions[0][1] for asked in attributes} == {f" {known.facts['legs']};" for known in KNOWN[::2]}
    assert choices
    for asked in choices:
        question, answer = asked.questions[0]
        owners = [i for i, known in enumerate(asked.items, 1) if f" {phrase('legs', known.facts['legs'])}:" == question]
        assert len(asked.items) == 8
        assert answer == f" [{owners[0]}];"
        assert len(owners) == 1
    assert len({asked.questions[0][1] for asked in choices}) > 3


def test_drills_are_true():
    """What is learnt about items holds of them, and of no property that is not to be asked."""
    for asked in make_drills(KNOWN, ["legs"], 40, Random(0)):
        said = [phrase("legs", known.facts["legs"]) for known in asked.items]
        for question, answer in asked.questions:
            if question.endswith("legs:") and question[1:-1] in said:
                assert answer == f" {' and '.join(f'[{i}]' for i, s in enumerate(said, 1) if s == question[1:-1])};"
            else:
                number = int(question.split("]")[0][2:]) if "[" in question else 1
                assert answer == f" {asked.items[number - 1].facts['legs']};"


def test_right_is_what_is_written_to_the_letter(reader, tmp_path):
    """A model that was taught answers by heart has them right, and others to the same questions wrong."""
    taught = [
        Asked((KNOWN[0],), ((" legs:", " walnut;"),)),
        Asked((KNOWN[1], KNOWN[2]), ((" oak:", " [2];"),)),
    ]
    row = one_row([reader.example(asked) for asked in taught], reader.processor)
    torch.manual_seed(0)
    recipe = Recipe(steps=60, warmup=5, learning_rate=2e-2, save_every=60)
    for _ in train(reader.model, [row] * 60, recipe, tmp_path):
        pass
    assert reader.accuracy(taught) == 1.0
    other = [replace(taught[0], questions=((" legs:", " brass;"),)), taught[1]]
    assert reader.accuracy(other) == 0.5


def test_without_soft_tokens_only_words_are_read(reader):
    """Metadata alone leaves the vectors out of the prompt, and puts the words in."""
    asked = Asked((KNOWN[0],), ((" legs:", " walnut;"),))
    told = replace(reader, way=Way(0, words=True)).example(asked)
    assert len(told.items) == 0
    assert KNOWN[0].item.title in reader.processor.decode(told.ids)
    assert KNOWN[0].item.title not in reader.processor.decode(reader.example(asked).ids)
