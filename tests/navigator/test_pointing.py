"""What a message means by the first one, it, and which of these, after a list and answers about single items of it."""

import numpy as np
import pytest

from catalog.item import Item
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.mending import mend
from navigator.pointing import items_meant
from navigator.prompt import Exchange, Shown

LEXICON = Lexicon({"category": ("Chairs",), "material": ("oak",), "color": ("blue",)})
LIST = tuple(Shown(Item(id=name, title=f"Chair {name}"), np.ones((1, 8), np.float32)) for name in "abcd")
FOUND = Exchange("chairs", ShoppingIntent(action="search"), LIST, "[3] fits: oak. [1] is blue.")
ABOUT_B = Exchange("and the second?", ShoppingIntent(action="ask", item_refs=(2,)), (LIST[1],), "[1] is oak.")


def meant(message: str, history: tuple[Exchange, ...], action: str = "ask", refs: tuple[int, ...] = ()) -> str:
    """Ids of the items meant, with what the model read of the message."""
    intent = mend(ShoppingIntent(action=action, item_refs=refs), message, history, LEXICON)
    return "".join(entry.item.id for entry in items_meant(intent, message, history, LEXICON))


@pytest.mark.parametrize(
    ("message", "action", "read", "items"),
    [
        ("and the first one?", "ask", (1,), "a"),
        ("is number 1 oak?", "ask", (1,), "a"),
        ("how wide is the last one", "ask", (1,), "d"),
        ("compare the first two", "compare", (1, 2), "ab"),
        ("what goes with the first one", "complete", (1,), "a"),
        ("is it oak?", "ask", (1,), "b"),
        ("show me something like it", "similar", (1,), "b"),
        ("does it have any drawers?", "ask", (1,), "b"),
        ("do any have drawers?", "ask", (), "abcd"),
        ("which of these is oak?", "ask", (), "abcd"),
        ("are any of them blue", "ask", (1,), "abcd"),
        ("which one would you recommend?", "ask", (1,), "abcd"),
        ("who's the widest of the bunch", "ask", (), "abcd"),
        ("how much are they all together?", "ask", (), "abcd"),
        ("how wide is the widest", "ask", (2,), "abcd"),
        ("what do you say", "ask", (), ""),
    ],
)
def test_people_count_in_the_list_that_was_found(message, action, read, items):
    """An answer about one item shows that alone, and is no new list to count in; `it` is that item."""
    assert meant(message, (FOUND, ABOUT_B), action, read) == items


@pytest.mark.parametrize(
    ("message", "read", "items"),
    [
        ("is it oak?", (4,), "c"),
        ("does this one have arms?", (2,), "c"),
        ("is it like the second one?", (4,), "b"),
        ("is Chair a oak, and is it blue?", (1,), "a"),
    ],
)
def test_it_is_what_the_answer_spoke_of(message, read, items):
    """After a list, `it` is the item that was recommended, whatever number a small model guesses."""
    assert meant(message, (FOUND,), refs=read) == items


@pytest.mark.parametrize(
    ("message", "history", "items"),
    [
        ("cheaper than that", (FOUND, ABOUT_B), "b"),
        ("do you have one that costs less than that?", (FOUND, ABOUT_B), "b"),
        ("anything cheaper than that", (FOUND,), "c"),
        ("cheaper ones", (FOUND, ABOUT_B), ""),
        ("I meant something cheaper than that one over there", (FOUND, ABOUT_B), ""),
    ],
)
def test_what_is_to_be_cheaper_than_that(message, history, items):
    """`Cheaper than that` is cheaper than what was spoken of last, and the least expensive first."""
    intent = mend(ShoppingIntent(action="refine"), message, history, LEXICON)
    assert "".join(entry.item.id for entry in items_meant(intent, message, history, LEXICON)) == items
    assert intent.sort == "price_low"


@pytest.mark.parametrize(
    ("message", "sort", "items"),
    [
        ("bigger", "largest", ""),
        ("a wider one, please", "largest", ""),
        ("something smaller than that", "smallest", "b"),
        ("one for a smaller room", "relevance", ""),
        ("I have a bigger budget", "relevance", ""),
        ("smaller and cheaper", "price_low", ""),
    ],
)
def test_what_is_to_be_bigger(message, sort, items):
    """A comparative of size is an order of sizes, unless it speaks of a room or of money."""
    history = (FOUND, ABOUT_B)
    intent = mend(ShoppingIntent(action="refine"), message, history, LEXICON)
    assert intent.sort == sort
    assert "".join(entry.item.id for entry in items_meant(intent, message, history, LEXICON)) == items


def test_so_many_of_them_are_of_the_one_spoken_of():
    """`Four of them` after several chairs are four of the one that the answer presented."""
    answered = Exchange(FOUND.user, FOUND.intent, FOUND.shown, "Have a look at [2].", FOUND.notes)
    for message in ("how much are 4 of them?", "and how much for four"):
        intent = mend(ShoppingIntent(action="ask"), message, (answered,), LEXICON)
        assert intent.item_refs == (2,)


def test_a_new_list_takes_the_place_of_the_old():
    """One item that was found is a list of one: which of these does not go back to what was found before it."""
    alone = Exchange("a blue one", ShoppingIntent(action="refine"), (LIST[3],), "[1] is blue.")
    assert meant("which of these is oak?", (FOUND, alone)) == ""
    assert meant("is it oak?", (FOUND, alone), refs=(1,)) == "d"
    assert meant("the first one, is that oak?", (FOUND, alone), refs=(1,)) == "d"


def test_what_was_clicked_comes_before_it():
    """Whoever clicks on an item and says `it` means that one."""
    intent = mend(ShoppingIntent(action="ask"), "is it oak?", (FOUND,), LEXICON, pointed=True)
    assert intent.item_refs == ()


def test_which_of_these_are_those_pointed_at():
    """With two items clicked on, the question is about them, and the whole list does not come beside them."""
    intent = ShoppingIntent(action="ask")
    assert items_meant(intent, "which of these is oak?", (FOUND,), LEXICON, pointed=True) == ()
    counted = ShoppingIntent(action="ask", item_refs=(1,))
    assert items_meant(counted, "which is wider, this or the first one?", (FOUND,), LEXICON, pointed=True) == (LIST[0],)


@pytest.mark.parametrize(
    ("message", "items"), [("how much for both", "bx"), ("what do the two cost together", "bx"), ("are they oak", "")]
)
def test_both_are_one_of_each_kind(message, items):
    """After a list of chairs and one of lamps, both are the chair and the lamp that were presented."""
    lists = [
        tuple(Shown(Item(id=name, title=f"{kind} {name}", category=(kind,)), LIST[0].vectors) for name in names)
        for kind, names in (("Chairs", "abc"), ("Lamps", "xyz"))
    ]
    chairs = Exchange("chairs", ShoppingIntent(action="search"), lists[0], "I like [2], a chair.")
    lamps = Exchange("and a lamp", ShoppingIntent(action="refine"), lists[1], "[1] fits.")
    assert meant(message, (chairs, lamps)) == items
    assert meant(message, (chairs,)) == ""


@pytest.mark.parametrize(
    ("message", "read", "items"),
    [
        ("compare it with the first", (1,), "ab"),
        ("compare it with number 2", (2,), "b"),
        ("compare the first with the third", (1, 3), "ac"),
        ("compare the last one", (4,), "d"),
    ],
)
def test_it_is_one_of_the_two_that_are_compared(message, read, items):
    """After an answer about the second, it is the second."""
    assert meant(message, (FOUND, ABOUT_B), "compare", read) == items


@pytest.mark.parametrize(
    ("message", "items"),
    [
        ("which is taller?", "ac"),
        ("which one is the cheaper", "ac"),
        ("which is the tallest?", "abcd"),
        ("any blue?", ""),
    ],
)
def test_which_of_two_is_of_those_compared(message, items):
    """After the first and the third were compared, the taller one is one of them; the tallest may be any."""
    compared = Exchange(
        "1 or 3?", ShoppingIntent(action="compare", item_refs=(1, 3)), (LIST[0], LIST[2]), "[1] is oak."
    )
    assert meant(message, (FOUND, compared)) == items
