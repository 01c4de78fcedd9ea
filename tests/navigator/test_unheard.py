"""What a question asks for and nothing here speaks of is found, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.item import Item
from navigator import phrasing
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.notes import notes_of
from navigator.unheard import note, stems, unheard

CHAIR = Item(id="a", title="Marlow dining chair, oak", materials=("oak",), attributes={"width_cm": "46"}, price=90)
WORDS = ("legs", "hairpin", "color", "gray", "mustard", "back", "striped", "dining chair")
HEARD = stems(WORDS)


@pytest.mark.parametrize(
    ("question", "beyond"),
    [
        ("is it waterproof?", ("waterproof",)),
        ("Can I put it in the DISHWASHER", ("dishwasher",)),
        ("is it eco-friendly?", ("eco-friendly",)),
        ("does it rust?", ("rust",)),
        ("would any of these stain or rust", ("stain",)),
        ("will the second one rust?", ("rust",)),
        ("does it have a USB port", ("usb", "port")),
        ("what's the maker's guarantee", ("maker", "guarantee")),
        ("would it survive rain, snow, hail or sleet", ("survive", "rain", "hail")),
    ],
)
def test_what_nothing_speaks_of_is_named(question, beyond):
    """The model is told exactly what it cannot know, in the person's words, a few of them."""
    assert unheard(question, HEARD, [CHAIR]) == beyond


@pytest.mark.parametrize(
    "question",
    [
        "does it have hairpin legs?",
        "is it striped, or does it have a stripe?",
        "is that a wooden one?",
        "is the Marlow oak?",
        "how wide is it, and is it in stock",
        "which of these is mustard",
        "does it come in rust?",
        "is that one rust",
        "how much does it cost",
        "what colour are its grey legs, and which colours has the back?",
        "which is best for me?",
        "so what do you think of it",
        "",
    ],
)
def test_what_can_be_told_is_not(question):
    """What the vocabulary, the item's own card, its sizes or a broader word speak of can be answered."""
    assert unheard(question, HEARD, [CHAIR]) == ()


@given(st.text(max_size=200))
def test_any_message_is_read(message):
    """Words of the message itself, each once, and few: a prompt stays lean whatever is written."""
    found = unheard(message, HEARD, [CHAIR])
    assert len(found) == len(set(found)) <= 3
    assert all(word in message.casefold() for word in found)
    assert not any(stems([word]) <= HEARD for word in found)


def test_every_way_of_asking_for_what_is_known_is_heard():
    """The wordings that training asks by are none of what nobody knows."""
    for kind in (
        "what",
        "is",
        "has",
        "which",
        "which_has",
        "price",
        "stock",
        "cheapest",
        "how_width",
        "compare",
        "more",
        "how_large",
    ):
        for wording in phrasing.wordings(kind):
            said = wording.format(ref="it", refs="the first and it", x="mustard", name="color")
            assert unheard(said, HEARD, [CHAIR]) == (), said


@pytest.mark.parametrize("kind", ["openers", "closers"])
def test_words_around_a_question_ask_for_nothing(kind):
    """Whether they come before or behind it, it is a question that can be answered."""
    for words in phrasing.wordings(kind):
        said = f"{words}who makes it" if kind == "openers" else f"who makes it{words}"
        assert unheard(said, HEARD, [CHAIR]) == (), said
    assert unheard("ok cool. and is it waterproof, do you know?", HEARD, [CHAIR]) == ("waterproof",)


def test_only_questions_and_only_a_known_vocabulary_make_a_note():
    """A Navigator whose vocabulary is not known was not trained with such notes, and a search needs none."""
    shown, question = (), "is it waterproof?"
    lexicon = Lexicon({}, seen=WORDS)
    ask, search = ShoppingIntent(action="ask"), ShoppingIntent(action="search")
    assert notes_of(question, ask, shown, ("gave way",), lexicon) == ("gave way", *note(["waterproof"]))
    assert notes_of(question, search, shown, ("gave way",), lexicon) == ("gave way",)
    assert notes_of(question, ask, shown, (), Lexicon({})) == notes_of(question, ask, shown, (), None) == ()


def test_what_only_one_item_is_told_of_is_beyond_several():
    """Sizes and attributes stand beside an item that is asked about, and beside a list they do not."""
    table = CHAIR.model_copy(update={"id": "b", "attributes": {"finish": "lacquered"}})
    assert unheard("is it lacquered?", HEARD, [table]) == ()
    assert unheard("is any lacquered?", HEARD, [table, CHAIR]) == ("lacquered",)
