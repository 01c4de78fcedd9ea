"""Mistyped words of the shop are put right; what could mean something else is left alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navigator.lexicon import Lexicon
from navigator.spelling import respelt

LEXICON = Lexicon(
    {
        "category": ("Sofas", "Armchairs", "Side tables", "Table lamps", "Vases", "Mugs"),
        "color": ("black", "green", "navy", "mustard", "red"),
        "material": ("velvet", "walnut", "brass", "oak"),
        "style": ("mid-century", "scandinavian"),
    }
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gren sofa udner 900", "green sofa under 900"),
        ("an armchiar in blakc pls", "an armchair in black pls"),
        ("navvy mgus", "navy mugs"),
        ("the frist lmap", "the first lamp"),
        ("scandinvian, wallnut!", "scandinavian, walnut!"),
        ("rde or oka, no wod", "red or oak, no wood"),
        ("hw much is teh 2nd, wat gos wiht it", "how much is the 2nd, what goes with it"),
        ("sidetable or tabelamps", "side table or table lamps"),
        ("a mug w/ handle n a vase", "a mug with handle and a vase"),
        ("anythin under 5oo", "anything under 500"),
        ("vases 4 grey sofa, mugs 4 my mum", "vases for grey sofa, mugs for my mum"),
    ],
)
def test_slips_are_put_right(typed, meant):
    """Letters dropped, doubled, swapped and hit beside."""
    assert respelt(typed, LEXICON) == meant


@pytest.mark.parametrize(
    "message",
    [
        "something for the back of the hall",
        "is there a base for it, and what does the glass base weigh?",
        "my brass lamp has a flight of sofas behind it",
        "Where are you? could you show me more [2]",
        "bag, red, 250, [1] and no. 12",
        "a Kivik one like my sister's",
        "need 4 chairs, 4 of them black",
        "what about the Lite series by Wit & Co, in b/w",
        "a short trip, a shirt and a bad lap",
    ],
)
def test_english_is_left_alone(message):
    """Words that are words, short ones, names and numbers stay, however near they are to one of the shop's."""
    assert respelt(message, LEXICON) == message


def test_english_is_left_alone_in_any_shop():
    """Beside whatever a catalogue's words are, an English word is no slip of them; a brand's own word is known."""
    shirts = Lexicon({"category": ("Shirts", "Socks", "Caps"), "brand": ("Blakc & Sons",)})
    assert respelt("short ones, no skirt, rocks, cape or blakc", shirts) == "short ones, no skirt, rocks, cape or blakc"


def test_two_meanings_are_no_meaning():
    """Where a slip could be of two words that are both the shop's, nothing is changed."""
    both = Lexicon({"color": ("mint", "mink")})
    assert respelt("in minx", both) == "in minx"


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from([*"nw4", "[2]", "teh", "5oo", "lmap", "—", "wodden"])).map(" ".join)
)
def test_anything_can_be_typed(message):
    """Whatever is typed comes out as text, and numbers of items on show stay what they are."""
    meant = respelt(message, LEXICON)
    assert re.findall(r"\[\d+\]", meant) == re.findall(r"\[\d+\]", message)
    assert respelt(meant, LEXICON) == respelt(respelt(meant, LEXICON), LEXICON)
