"""Items of which vectors and facts say other values than they did, to train on."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from navigator_world import COLORS, LEGS, make_shelf

from navigator.alterations import Alterations, alterations_of
from navigator.knowledge import Known, Shelf
from navigator.projector import Projector
from navigator.readouts import Readouts, fit_readouts

SHELF = make_shelf(200)


@pytest.fixture(scope="module")
def readouts() -> Readouts:
    vectors = torch.from_numpy(np.stack([known.shown.vectors[0] for known in SHELF.known]))
    found = fit_readouts(vectors, [known.facts for known in SHELF.known], 32)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def projector(readouts) -> Projector:
    projector = Projector(32, 32, 8, 16)
    count = len(readouts.values)
    projector.input_mean.copy_(readouts.mean)
    projector.input_map.zero_()[:, :count].copy_(readouts.map)
    projector.score_bias[:count] = readouts.bias
    return projector


@pytest.fixture(scope="module")
def alterations(readouts, projector) -> Alterations:
    found = alterations_of(projector, readouts.values)
    assert found is not None
    return found


def scores_of(readouts: Readouts, shelf: Shelf) -> torch.Tensor:
    return readouts.scores(torch.from_numpy(np.stack([known.shown.vectors[0] for known in shelf.known])))


def said_in(known: Known, text: str) -> Known:
    return replace(known, shown=replace(known.shown, item=known.item.model_copy(update={"title": text})))


def test_read_outs_hear_the_new_value_as_surely_as_the_old(readouts, alterations):
    """The two values' scores are traded, and what is said of everything else stays what it was."""
    new = alterations.altered(SHELF, Random(1))
    before, after = scores_of(readouts, SHELF), scores_of(readouts, new)
    changed = 0
    for row, (old, now) in enumerate(zip(SHELF.known, new.known, strict=True)):
        want = before[row].clone()
        for name, value in now.facts.items():
            if value != old.facts[name]:
                was, becomes = (readouts.values.index((name, of.facts[name])) for of in (old, now))
                want[[was, becomes]] = before[row, [becomes, was]]
                changed += 1
        assert torch.allclose(after[row], want, atol=0.05)
    assert changed > 100


def test_values_become_as_common_as_each_other(alterations):
    """That is what they are for: a value that one in thirty had is then had by one in four."""
    rare = [known for known in SHELF.known if known.facts["color"] == "red"][:5]
    shelf = Shelf([*rare, *(known for known in SHELF.known if known.facts["color"] != "red")])
    new = [known.facts["color"] for known in alterations.altered(shelf, Random(0), share=1).known]
    assert all(new.count(color) > 0.15 * len(new) for color in COLORS)


def test_what_a_text_says_stays_true(alterations):
    """An item that comes with its text is not made to contradict it; one that comes without may say anything."""
    shelf = Shelf([said_in(known, f"Chair with {known.facts['legs']} legs") for known in SHELF.known])
    told = alterations.altered(shelf, Random(0), share=1)
    assert [known.facts["legs"] for known in told.known] == [known.facts["legs"] for known in shelf.known]
    bare = alterations.altered(shelf, Random(0), worded=False, share=1)
    assert all(one.facts["legs"] != was.facts["legs"] for one, was in zip(bare.known, shelf.known, strict=True))
    assert {known.facts["legs"] for known in bare.known} == set(LEGS)


def test_the_same_seed_alters_the_same(alterations):
    """A training that was killed goes on with the very same items; with no share at all they are the catalogue's."""
    one, two = (alterations.altered(SHELF, Random(7)) for _ in range(2))
    for first, second in zip(one.known, two.known, strict=True):
        assert first.facts == second.facts
        assert np.array_equal(first.shown.vectors, second.shown.vectors)
    none = alterations.altered(SHELF, Random(7), share=0)
    assert [known.facts for known in none.known] == [known.facts for known in SHELF.known]


def test_of_many_items_some_are_altered(alterations):
    """A catalogue of hundreds of thousands is not copied every few examples: a few others are altered each time."""
    one, two = (alterations.altered(SHELF, Random(seed), share=1, most=20) for seed in (0, 1))
    changed = [
        {row for row, (now, was) in enumerate(zip(new.known, SHELF.known, strict=True)) if now is not was}
        for new in (one, two)
    ]
    assert [len(rows) for rows in changed] == [20, 20]
    assert changed[0] != changed[1]
    assert one.boards == SHELF.boards


def test_only_one_vector_of_read_outs_can_be_altered(projector, readouts):
    """A projector without read-outs, or of several vectors an item, has nothing to trade."""
    assert alterations_of(projector, ()) is None
    assert alterations_of(Projector(32, 32, 8, 16, vectors=4), readouts.values) is None
