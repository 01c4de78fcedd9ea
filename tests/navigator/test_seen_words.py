"""Round, fluted, with drawers: no filter of the catalogue has such words, and still they count."""

from dataclasses import replace

import pytest

from navigator.carry import carry
from navigator.intent import ShoppingIntent
from navigator.mending import mend
from navigator.prompt import Exchange
from tests.navigator.small_shop import LEXICON, SOFAS

SEEN = replace(LEXICON, seen=("round", "drawers", "fluted", "style", "back", "oak", "legs"))
BEFORE = ShoppingIntent(action="search", categories=("side table",), query="fluted")
HISTORY = (Exchange("fluted side tables", BEFORE, SOFAS, "[1] fits."),)


@pytest.mark.parametrize(
    ("message", "query"),
    [
        ("with drawers, no deeper than 60 cm", "fluted drawers"),
        ("round would be great", "fluted round"),
        ("with drawers", "fluted drawers"),
        ("rounds", "fluted rounds"),
        ("in oak", "fluted"),
        ("go back to another style", "fluted"),
        ("not round", ""),
        ("no fluted ones", ""),
        ("forget fluted", ""),
        ("one that goes with my round sofa", ""),
        ("the last time I sat at such a round thing it was fine", ""),
    ],
)
def test_what_only_pictures_show_is_searched_for(message, query):
    """It is added to what was read, and stays when something else changes; nothing that is refused or owned is."""
    read = ShoppingIntent(action="refine", categories=("side table",), styles=("industrial",))
    assert carry(mend(read, message, HISTORY, SEEN), HISTORY).query == query


def test_another_kind_of_thing_begins_anew():
    """A rug need not be fluted because a table was; what was read of it is not said twice."""
    read = ShoppingIntent(action="search", categories=("rug",), query="round")
    assert mend(read, "a round rug", HISTORY, SEEN).query == "round"
