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


def test_what_is_replaced_is_looked_for():
    """Somebody who replaces a grey sofa wants a sofa, and need not want a grey one: a lighter one."""
    message = "I want to replace my old grey sofa, something lighter, industrial, max 1200"
    read = ShoppingIntent(action="search", colors=("grey",), styles=("industrial",), price_max=1200)
    intent = mend(read, message, (), LEXICON)
    assert (intent.categories, intent.colors, intent.styles) == (("sofa",), ("light colour",), ("industrial",))


@pytest.mark.parametrize(("kind", "query"), [("reading nook", "reading nook cozy"), ("kitchen knife", "")])
def test_a_place_is_no_thing_to_be_had(kind, query):
    """That there is no reading nook in this shop is not what somebody wants to hear who furnishes one."""
    intent = mend(ShoppingIntent(action="search", categories=(kind,)), f"a cozy {kind}", (), LEXICON)
    assert (intent.query, intent.categories) == (query, () if query else (kind,))
