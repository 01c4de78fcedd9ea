"""Drills ask what vectors tell, and what is learnt of them is true."""

import re
from random import Random

import navigator_tiny as tiny
import pytest
from navigator_world import COLORS, LEGS, make_shelf

from navigator import phrasing
from navigator.checkpoint import with_tokens
from navigator.config import NavigatorConfig
from navigator.drills import drill
from navigator.knowledge import legible, phrase
from navigator.processing import NavigatorProcessor
from navigator.slips import misspelt

SHELF = make_shelf()


@pytest.fixture(scope="module")
def processor(tmp_path_factory) -> NavigatorProcessor:
    tokenizer = with_tokens(tiny.save_tokenizer(tmp_path_factory.mktemp("tokenizer")))
    added = tokenizer.get_added_vocab()
    config = NavigatorConfig(item_dim=32, item_token_id=added["<|item|>"], taste_token_id=added["<|taste|>"])
    return NavigatorProcessor(tokenizer, config)


def test_drills_are_true(processor):
    """Each value is the item's, each list of numbers names those that have it and no other; only that is learnt."""
    asked = 0
    for seed in range(60):
        example = drill(processor, SHELF, ["color", "legs"], Random(seed), "e1")
        by_vector = {known.shown.vectors.tobytes(): known for known in SHELF.known}
        items = [by_vector[vectors.tobytes()] for vectors in example.items]
        text = processor.decode(example.ids).rsplit("assistant\n", 1)[1]
        for part in text.rstrip(" ;").split(";"):
            question, answer = (side.strip() for side in part.split(":"))
            numbered = re.match(r"\[(\d+)\] (.*)", question)
            if numbered or len(items) == 1:
                number, name = (int(numbered[1]), numbered[2]) if numbered else (1, question)
                assert items[number - 1].facts[name] == answer
            else:
                owners = [i for i, k in enumerate(items, 1) if question in (phrase(n, v) for n, v in k.facts.items())]
                assert [int(n) for n in re.findall(r"\d+", answer)] == owners
            asked += 1
        learnt = processor.decode(example.ids[example.learn])
        assert ":" not in learnt
        assert learnt.count(";") == text.count(";")
    assert asked > 300


def test_only_what_can_be_known_is_told():
    """Of a shelf's facts, those stay that vectors tell or the text says; of the others it is known that they exist."""
    shelf = legible(SHELF, ["color"])
    for before, after in zip(SHELF.known, shelf.known, strict=True):
        assert after.facts["color"] == before.facts["color"]
        assert "legs" not in after.facts
        assert "legs" in after.untold
        assert after.facts["material"] == "oak"  # metadata says so
    assert {known.facts["color"] for known in shelf.known} == set(COLORS)
    assert {known.facts["legs"] for known in SHELF.known} == set(LEGS)


def test_slips_spare_numbers():
    """A mistyped message still has its numbers and references, and is hardly longer or shorter."""
    text = "a walnut dining table under 250, or [2] but in green"
    slipped = [misspelt(Random(seed), text) for seed in range(200)]
    assert sum(one != text for one in slipped) > 180
    for one in slipped:
        assert re.findall(r"\d+|\[\d\]", one) == re.findall(r"\d+|\[\d\]", text)
        assert abs(len(one) - len(text)) <= 4


@pytest.mark.parametrize(("number", "words"), [(20, {"twenty"}), (100, {"a hundred"}), (2000, {"two thousand"})])
def test_numbers_in_words(number, words):
    """Round sums are said as people say them."""
    assert {phrasing.in_words(Random(seed), number) for seed in range(20)} == words


def test_numbers_in_words_have_several_forms():
    assert {phrasing.in_words(Random(seed), 250) for seed in range(40)} == {
        "two fifty",
        "two hundred fifty",
        "two hundred and fifty",
    }
    assert {phrasing.in_words(Random(seed), 1500) for seed in range(40)} >= {"fifteen hundred"}
