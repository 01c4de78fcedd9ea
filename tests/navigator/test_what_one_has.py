"""What somebody has already is no wish: a coffee table for a velvet sofa need not be of velvet."""

import pytest

from navigator.intent import ShoppingIntent
from navigator.mending import mend
from navigator.plain_words import said
from tests.navigator.small_shop import LEXICON


@pytest.mark.parametrize(
    ("message", "colors", "materials"),
    [
        ("I have a black velvet sofa. what table would go with it?", (), ()),
        ("a table for my black velvet sofa", (), ()),
        ("we've got a velvet sofa and want a velvet table", ("black",), ("velvet",)),
        ("a black velvet table for my sofa", ("black",), ("velvet",)),
        ("do you have a table in velvet? my sofa is black", ("black",), ("velvet",)),
        ("show me your black velvet tables", ("black",), ("velvet",)),
    ],
)
def test_its_looks_are_not_asked_for(message, colors, materials):
    """Looks that stand before what one has are that thing's, unless they are said again; what else was read stays."""
    read = ShoppingIntent(action="search", categories=("table",), colors=("black",), materials=("velvet",))
    intent = mend(read, message, (), LEXICON)
    assert (intent.colors, intent.materials) == (colors, materials)


def test_how_a_thing_that_one_has_is_told():
    """`Your sofas` are the shop's."""
    assert said("an oak lamp for our grey velvet sofa", LEXICON, 0).had == ("grey velvet",)
    assert said("your grey velvet sofa", LEXICON, 0).had == ()
