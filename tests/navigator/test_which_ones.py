"""Of a question about several items the model is told which of them are so, as far as the catalogue tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.item import Item
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.notes import copies_asked, notes_of, notes_on
from navigator.prompt import Shown
from navigator.unheard import stems
from navigator.which_ones import which_ones

CHAIRS = (
    Item(
        id="a",
        price=120,
        currency="USD",
        title="Kelby armchair, grid velvet",
        category=("Furniture", "Armchairs"),
        brand="Alder & Ash",
        colors=("sage", "black"),
        materials=("velvet", "steel"),
        styles=("boho",),
        attributes={"width_cm": "80", "height_cm": "90", "legs": "hairpin"},
    ),
    Item(
        id="b",
        price=90,
        currency="USD",
        availability="out_of_stock",
        title="Solby striped armchair with wide arms",
        category=("Furniture", "Armchairs"),
        brand="Corin",
        colors=("black",),
        materials=("oak",),
        attributes={"width_cm": "70", "height_cm": "95", "legs": "tapered", "shape": "round"},
    ),
    Item(
        id="c",
        price=180,
        currency="USD",
        title="Rundo armchair",
        category=("Furniture", "Armchairs"),
        brand="Corin",
        colors=("teal",),
        materials=("leather",),
        styles=("boho",),
        attributes={"width_cm": "70", "height_cm": "95", "rooms": "study, kitchen"},
    ),
)
HEARD = stems(("legs", "hairpin", "arms", "striped", "lid", "sage", "round"))


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("which one is striped?", "striped: [2]"),
        ("which of these is black", "black: [2]"),
        ("are any of them green?", "green: [1] and [3]"),
        ("which are wooden?", "wooden: [2] only"),
        ("which is steel", "steel: [1] only"),
        ("are any in wool?", "wool: none"),
        ("which ones are boho", "boho: [1] and [3]"),
        ("I like hairpin legs, which has those?", "hairpin legs: [1]"),
        ("is one of them round", "round: [2]"),
        ("which is a round shape", "round shape: [2]"),
        ("anything by alder & ash here?", "Alder & Ash: [1] only"),
        ("which Corin ones are teal", "Corin: [2] and [3] only"),
        ("black oak ones?", "black oak: [2]"),
        ("boho leather ones", "boho leather: [3]"),
        ("which armchair is velvet?", "velvet: [1] only"),
        ("which is the widest", "widest: [1], 80 cm"),
        ("which one is taller?", "tallest: [2] and [3], 95 cm"),
        ("what's the biggest armchair here", "largest: [1], 80 cm wide and 90 cm high"),
        ("how much are they all together?", "all 3 together $390"),
        ("and what's the total cost", "all 3 together $390"),
        ("are they all in stock?", "in stock: [1] and [3] only"),
        ("but which one is velvet?", "velvet: [1] only"),
        ("are any of them available in oak", "oak: [2] only"),
    ],
)
def test_what_the_catalogue_tells_is_told(question, told):
    """A model of this size overlooks cards; what is on them, and in attributes that it is not shown, is computed."""
    assert notes_on(question, CHAIRS, HEARD)[0] == told


@pytest.mark.parametrize(
    "question",
    [
        "which has black legs",
        "the one with the black metal legs?",
        "which of them has a black lid",
        "which has black zippers",
        "which is not black?",
        "which isn't oak?",
        "any colour but black?",
        "which of all these costs the least?",
        "which armchair would you take?",
        "which has the lowest price?",
        "which has the shortest legs",
        "which one lasts longest?",
        "which takes the longest to build",
        "which of these do you have together with a sofa?",
        "the highest quality one?",
        "which one?",
        "",
    ],
)
def test_what_it_does_not_tell_is_left_to_the_model(question):
    """The black of black legs is not the chair's, the lowest price no height, and refusals are not turned round."""
    notes = notes_on(question, CHAIRS, HEARD)
    assert all(note.startswith("nothing known of") for note in notes)


def test_a_thing_that_is_so_in_part_counts_where_none_is_so_as_a_whole():
    """A lamp with a brass foot is no brass lamp, until there is nothing else that is brass."""
    steel = CHAIRS[1].model_copy(update={"materials": ("steel",)})
    assert notes_on("which is steel", CHAIRS, HEARD) == ("steel: [1] only",)
    assert notes_on("which is steel", (CHAIRS[0], steel), HEARD) == ("steel: [2] only",)


def test_where_the_catalogue_may_be_silent_the_model_has_to_look():
    """`Only` and `none` are said where nothing else can be so. Of colours a catalogue leaves out some that pictures
    show, even the main one: what it calls black may have nothing but black legs.
    """
    silent = CHAIRS[2].model_copy(update={"materials": ()})
    assert notes_on("which is leather", CHAIRS, HEARD) == ("leather: [3] only",)
    assert notes_on("which is oak", (*CHAIRS[:2], silent), HEARD) == ("oak: [2]",)
    assert notes_on("which is wool", (*CHAIRS[:2], silent), HEARD) == ()
    assert notes_on("which is pink", CHAIRS, HEARD) == ()


def test_sizes_are_compared_where_all_are_known_in_one_unit():
    """Of a thing without a width nobody can say that it is not the widest."""
    unknown = CHAIRS[2].model_copy(update={"attributes": {}})
    inches = CHAIRS[2].model_copy(update={"attributes": {"width_in": "90"}})
    for other in (unknown, inches):
        assert notes_on("which is the widest?", (*CHAIRS[:2], other), HEARD) == ("nothing known of widest",)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("how much are four of them?", "all 4 together €200"),
        ("and 12 pieces, what would that cost?", "all 12 together €600"),
        ("how much for six?", "all 6 together €300"),
        ("the price times 3?", "all 3 together €150"),
        ("how much is one of these?", None),
        ("how much is number 2?", None),
        ("is there a table for 6?", None),
    ],
)
def test_so_many_of_one_are_multiplied(question, told):
    """Chairs are bought by the four; a small model is not left to multiply."""
    chair = Item(id="c", title="Chair", price=50.0, currency="EUR")
    assert (told in notes_on(question, [chair], HEARD)) if told else not copies_asked(question)
    assert "all 4 together €200" not in notes_on(question, [chair, chair], HEARD)


def test_where_all_are_alike_all_are_cited():
    """Two chairs of one width are not unknown: both are the widest."""
    assert notes_on("which is the widest?", CHAIRS[1:], HEARD) == ("widest: [1] and [2], 70 cm",)


def test_a_thick_rug_is_not_the_largest():
    """What lies flat is as large as its two long sides say."""
    thick, wide = (
        {"width_cm": w, "depth_cm": d, "height_cm": h} for w, d, h in (("170", "240", "4"), ("200", "300", "1"))
    )
    rugs = [Item(id=str(i), title="Rug", attributes=sizes) for i, sizes in enumerate((thick, wide))]
    assert notes_on("which is the largest?", rugs, HEARD) == ("largest: [2], 200 cm wide, 300 cm deep and 1 cm high",)


def test_only_questions_about_several_are_told_so():
    """A search for something striped, and a question about one item, have nothing to choose among."""
    lexicon = Lexicon({}, seen=("legs", "hairpin", "striped"), told_which=True)
    shown = [Shown(item, None) for item in CHAIRS]  # type: ignore[arg-type]
    asks, searches = ShoppingIntent(action="ask"), ShoppingIntent(action="search")
    assert notes_of("which is striped?", asks, shown, (), lexicon) == ("striped: [2]",)
    assert notes_of("which is striped?", searches, shown, ("no wool",), lexicon) == ("no wool",)
    assert notes_of("is it striped?", asks, shown[1:2], (), lexicon) == ()


def test_a_navigator_that_was_not_trained_so_is_not_told():
    """One from an earlier training reads such a note as the beginning of a list, and goes on with it."""
    shown = [Shown(item, None) for item in CHAIRS]  # type: ignore[arg-type]
    earlier, asks = Lexicon({}, seen=("legs", "hairpin", "striped")), ShoppingIntent(action="ask")
    assert notes_of("which is striped?", asks, shown, (), earlier) == ()
    assert notes_of("which is striped and waterproof?", asks, shown, (), earlier) == ("nothing known of waterproof",)


@given(st.text(max_size=80), st.integers(0, 3))
def test_any_question_can_be_asked(question, count):
    """Whatever people type, notes cite items on show alone."""
    for told in which_ones(question, CHAIRS[:count]):
        assert all(1 <= number <= count for number in told.numbers)
    notes_on(question, CHAIRS[:count], HEARD)
