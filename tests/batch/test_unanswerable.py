"""What nobody can tell counts as left open only where it is, and questions with an answer are asked beside it."""

import re
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest

from batch.unanswerable_suite import (
    OF_SEVERAL,
    OPEN,
    QUESTIONS,
    SIZES_OF_SEVERAL,
    cited_by,
    conclusion,
    open_questions,
    size_questions,
    told,
    told_questions,
    which_questions,
)
from batch.unsold_wishes import says_there_is_none, unsold_wishes
from navigator import answers, dialogue_unknowns, phrasing, presenting
from navigator.dialogue_state import State
from navigator.evaluation import says
from navigator.knowledge import Shelf, know, singular
from tests.navigator.navigator_world import make_shelf

SHELF = make_shelf()


def made_of(known, material: str):
    return know(replace(known.shown, item=known.item.model_copy(update={"materials": (material,), "styles": ()})))


@pytest.mark.parametrize("seed", range(10))
def test_the_answers_that_are_trained_are_judged_right(seed):
    """What training teaches to say of what nobody knows is taken as leaving open, and claims are not."""
    known = SHELF.known[seed]
    assert conclusion(answers.unknown()) == OPEN
    assert conclusion(answers.unknown_of_all()) == OPEN
    assert conclusion(answers.untold("legs")) == OPEN
    assert conclusion(answers.attribute(known, "legs")) is None
    assert conclusion(answers.yes_or_no(known, "legs", known.facts["legs"])) == "Yes"
    assert conclusion(answers.yes_or_no(known, "legs", "cabriole")) == "No"


@pytest.mark.parametrize(
    ("answer", "comes_to"),
    [
        ("Yes, [1] is oak.", "Yes"),
        ("No, [1] is gloss.", "No"),
        ("[1] is oak, yes.", "Yes"),
        ("[1] is oak, not elm.", "No"),
        ("[1] is oak.", None),
        ("Yes, [1] is oak, not elm.", None),
        ("No, I can't tell.", None),
        ("I can't tell that from what I have on [1].", OPEN),
        ("", None),
    ],
)
def test_answers_are_judged(answer, comes_to):
    assert conclusion(answer) == comes_to


@pytest.mark.parametrize("seed", range(8))
def test_what_is_not_sold_is_judged_as_training_says_it(seed):
    """Every wording that training teaches names what there is not; a mere offer, or the denial of another, does not."""
    shown = SHELF.known[seed : seed + 3]
    assert says_there_is_none(presenting.unsold("cheese grater", shown), "cheese grater")
    assert not says_there_is_none("Perhaps: [1] a cheese grater and [2] a bench.", "cheese grater")
    assert not says_there_is_none("There is no mop in this shop. Here is a cheese grater: [1].", "cheese grater")
    assert not says_there_is_none("[1] is oak, at $30.", "cheese grater")


def test_things_that_are_not_sold_are_new_to_the_model():
    """A model that was taught to deny kayaks proves nothing by denying them: others are asked for, each by its name."""
    taught = {singular(thing) for thing in phrasing.wordings("unsold")}
    for wish in unsold_wishes():
        assert singular(wish.thing) not in taught
        assert wish.thing in wish.user.casefold()


def test_half_of_what_can_be_told_is_so():
    """Yes is right about half of the time, and then the item's own text says so."""
    woods = ("oak", "ash", "elm", "teak")
    shelf = Shelf([made_of(known, woods[i % 4]) for i, known in enumerate(SHELF.known)])
    questions = told_questions(SimpleNamespace(test=shelf), Random(1))
    share = sum(question.right == "Yes" for question in questions) / len(questions)
    assert 0.3 < share < 0.7
    for question in questions:
        facts = told(question.shown[0])
        asked = [value for value in facts.values() if says(question.user, value)]
        assert bool(asked) == (question.right == "Yes"), question.user


def test_of_several_exactly_those_that_have_it_are_right():
    """The right answer comes from what the items are labelled with, not from what a prompt would tell."""
    woods = ("oak", "ash", "elm")
    shelf = [made_of(known, woods[i % 3]) for i, known in enumerate(SHELF.known)]
    questions = which_questions(shelf, Random(0))
    assert len(questions) > 50
    for question in questions:
        asked = next(wood for wood in woods if says(question.user, wood))
        cited = {int(number) for number in re.findall(r"\d+", question.right)}
        assert cited == {number for number, known in enumerate(question.shown, 1) if known.facts["material"] == asked}


@pytest.mark.parametrize(
    ("answer", "comes_to"),
    [
        ("oak: [4] and [2].", "[2] [4]"),
        ("[2] is the widest: 80 cm; [2] it is.", "[2]"),
        ("None of them is oak.", OPEN),
        ("", OPEN),
    ],
)
def test_answers_about_several_are_judged_by_what_they_cite(answer, comes_to):
    assert cited_by(answer) == comes_to


def test_the_widest_is_asked_where_sizes_are_known():
    """A chair without a width is not asked about; of the others the right answer is the widest by number."""
    assert size_questions(SHELF.known, Random(0)) == []

    def sized(known, width):
        item = known.item.model_copy(update={"attributes": {"width_cm": str(width)}})
        return replace(known, shown=replace(known.shown, item=item))

    wide = [sized(known, 40 + i % 7) for i, known in enumerate(SHELF.known)]
    questions = [question for question in size_questions(wide, Random(0)) if "widest" in question.user]
    assert questions
    for question in questions:
        width = [int(known.item.attributes["width_cm"]) for known in question.shown]
        assert question.right == " ".join(f"[{i}]" for i, one in enumerate(width, 1) if one == max(width))


def test_no_question_is_trained_on():
    """What the suite asks for is in none of the wordings that conversations to train on are made from."""
    asked = {question.user for question in open_questions(SHELF.known, Random(0))}
    state = State(SHELF, Random(0), shown=list(SHELF.known[:4]))
    trained = {dialogue_unknowns.of_one(state, SHELF.known[0], "it") for _ in range(3000)}
    trained |= {dialogue_unknowns.of_all(state) for _ in range(3000)}
    assert len(asked) == len(QUESTIONS.read_text().splitlines())
    assert not asked & trained
    assert len(trained) > 500
    several = {line for path in (OF_SEVERAL, SIZES_OF_SEVERAL) for line in path.read_text().splitlines()}
    wordings = {one for name in ("which", "which_has", "extreme_size") for one in phrasing.wordings(name)}
    assert several and not several & wordings


def test_what_the_catalogue_tells_is_not_unanswerable():
    """A shop whose data says that things are stackable does not teach to leave that open, nor a known colour."""
    item = SHELF.known[0].item.model_copy(update={"description": "A stackable chair."})
    known = know(replace(SHELF.known[0].shown, item=item))
    state = State(SHELF, Random(0), shown=[known])
    asked = [dialogue_unknowns.of_one(state, known, "it") for _ in range(2000)]
    assert not any("stackable" in one for one in asked)
    assert any("washable" in one for one in asked)
    words = {dialogue_unknowns.any_word(state, [known]) for _ in range(2000)}
    assert len(words) > 1500
    assert not words & {"green", "hairpin", "oak", "wooden", "legs"}
