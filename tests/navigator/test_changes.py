"""Changes of a search, as people say them over several turns: taken back, a shade darker, stripes, what he likes."""

from dataclasses import replace

import pytest

from navigator.carry import carry
from navigator.families import with_shades
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.mending import mend
from navigator.plain_words import said
from navigator.prompt import Exchange
from tests.navigator.small_shop import LEXICON, SOFAS

TAUGHT = replace(LEXICON, seen=("striped", "drawer", "bookcase with doors", "low", "color"))
VELVET = ShoppingIntent(action="search", categories=("sofa",), materials=("velvet",))
DROPPED = ShoppingIntent(action="refine", categories=("sofa",))
GIFT = ShoppingIntent(action="search", query="gift", price_max=50)


def after(*intents: ShoppingIntent) -> tuple[Exchange, ...]:
    return tuple(Exchange("a message", intent, SOFAS, "[1] fits.") for intent in intents)


def test_what_was_taken_back_does_not_come_back():
    """Velvet was dropped; that a small model reads it out of an older turn again is no wish. Said again, it is one."""
    read = ShoppingIntent(action="refine", categories=("sofa",), colors=("sage",), materials=("velvet",))
    assert mend(read, "rather sage", after(VELVET, DROPPED), TAUGHT).materials == ()
    assert mend(read, "sage velvet after all", after(VELVET, DROPPED), TAUGHT).materials == ("velvet",)
    assert mend(read, "rather sage", after(VELVET), TAUGHT).materials == ("velvet",)


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ("a bit warmer in colour", "a bit warm colour"),
        ("in earthy tones", "in earthy"),
        ("light coloured", "light colour"),
        ("something darker", "something dark colour"),
        ("not so colourful", "neutral"),
        ("more colourful", "bright colour"),
        ("something for a boy's room, bright", "something for a boy's room, bright colour"),
        ("a bright room", "a bright room"),
        ("a lighter chair to carry", "a lighter chair to carry"),
        ("darker than this", "darker than this"),
        ("dark wood", "dark wood"),
    ],
)
def test_shades_are_named(message, plain):
    assert with_shades(message) == plain


def test_a_shade_takes_the_place_of_colours_that_nobody_said():
    """`Not so colourful` read as cobalt; whites, greys and blacks are neutral."""
    read = ShoppingIntent(action="refine", categories=("sofa",), colors=("cobalt",), exclude=("rug",))
    got = mend(read, "could it all be a little less colourful, please and thank you", after(DROPPED), TAUGHT)
    assert (got.colors, got.exclude) == (("neutral",), ())
    named = mend(
        ShoppingIntent(action="refine", colors=("grey", "neutral")), "neutral, grey maybe", after(DROPPED), TAUGHT
    )
    assert named.colors == ("grey",)
    assert set(TAUGHT.resolve("color", "neutral")) == {"black", "white", "grey"}


@pytest.mark.parametrize(
    ("message", "query"),
    [
        ("stripes?", "striped"),
        ("anything with doors", "doors"),
        ("no stripes", None),
        ("is it striped?", None),
        ("total", None),
        ("the second one striped", None),
        ("oak, striped", None),
    ],
)
def test_a_word_for_what_is_seen_changes_the_search(message, query):
    """Alone after a list it is no question about the list; refused, or asked about an item, it does not."""
    got = mend(ShoppingIntent(action="ask", item_refs=(1,)), message, after(VELVET), TAUGHT)
    assert (got.action == "refine" and got.query == query and got.materials == ("velvet",)) is (query is not None)


def test_what_somebody_likes_is_looked_for():
    """After `a gift for my dad` it is no small talk; after a search for sofas it is left as it was read."""
    read = ShoppingIntent(action="chat")
    got = mend(read, "he likes plants", after(GIFT), TAUGHT)
    assert (got.action, got.query, got.price_max) == ("refine", "plants", 50)
    assert mend(read, "he likes plants", after(VELVET), TAUGHT).action == "chat"


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("how much is delivery?", "chat"),
        ("can I send it back?", "chat"),
        ("do you offer a warranty?", "chat"),
        ("how much is the second one?", "ask"),
        ("do you have a delivery table, a side table I mean?", "ask"),
    ],
)
def test_what_the_team_knows_is_not_asked_of_an_item(message, action):
    assert mend(ShoppingIntent(action="ask", item_refs=(1,)), message, after(GIFT), LEXICON).action == action


def test_a_question_about_the_shops_own_things_looks_for_them():
    """Are your rugs handmade: whoever asks, about nothing on show, means to see them."""
    assert mend(ShoppingIntent(action="chat"), "are your rugs handmade?", (), LEXICON).action == "search"


def test_what_a_thing_is_to_have_is_no_thing():
    """A drawer is not looked for beside the table, and 150 each is no budget for both."""
    read = ShoppingIntent(action="complete", categories=("side table", "drawer"), budget_total=150)
    got = mend(read, "looking for side tables with a drawer, up to 150 each", (), TAUGHT)
    assert (got.action, got.categories, got.query) == ("search", ("side table",), "drawer")
    assert (got.price_max, got.budget_total) == (150, None)


def test_a_wall_one_is_one_of_the_same_kind():
    lexicon = Lexicon({**LEXICON.values, "category": ("floor lamps", "mirrors")}, groups=("wall",))
    lamps = ShoppingIntent(action="search", categories=("lamp",))
    got = mend(
        ShoppingIntent(action="refine", categories=("wall",)), "I'd rather have a wall one", after(lamps), lexicon
    )
    assert (got.categories, got.query) == (("lamp",), "wall")


def test_what_goes_with_the_cheaper_one_may_cost_more():
    read = ShoppingIntent(action="complete", categories=("rug",), item_refs=(1,), sort="price_low")
    assert mend(read, "the cheaper one, and what rug goes with it?", after(VELVET), LEXICON).sort == "relevance"
    assert mend(read, "a cheaper rug to go with the first", after(VELVET), LEXICON).sort == "price_low"


def test_a_price_that_nobody_named_is_no_limit():
    """`Sort by price high to low` read as at least 150; and neither low nor high is a word to rank by."""
    base = ShoppingIntent(action="search", categories=("rug",), price_max=150)
    read = ShoppingIntent(action="refine", query="low", price_min=150, price_max=150, sort="price_high")
    got = carry(mend(read, "sort by price high to low", after(base), TAUGHT), after(base))
    assert (got.price_min, got.price_max, got.sort, got.query) == (None, 150, "price_high", "")


def test_a_room_under_a_ceiling_leaves_no_words():
    read = ShoppingIntent(action="search", query="my ceiling is 2, high", categories=("side table",))
    got = mend(read, "my ceiling is 2.2 m high, need a side table", (), LEXICON)
    assert (got.query, [limit.most for limit in got.sizes]) == ("", [220])


@pytest.mark.parametrize("message", ["looking for a sofa", "I'm searching for sofas", "in need of a sofa"])
def test_what_is_looked_for_is_named(message):
    """Of `something for my sofa` it is there already."""
    assert said(message, LEXICON, 0).kinds in (("sofa",), ("sofas",))
    assert said("something for my sofa", LEXICON, 0).kinds == ()


@pytest.mark.parametrize("message", ["a sofa that isn't striped", "a sofa, not striped", "a sofa without stripes"])
def test_what_is_refused_of_what_is_seen_is_not_looked_for(message):
    """Read as words to rank by, it would come first."""
    got = mend(ShoppingIntent(action="search", query="striped", categories=("sofa",)), message, (), TAUGHT)
    assert got.query == "" and got.exclude in (("striped",), ("stripes",))


def test_none_of_these_shows_the_next_ones():
    for message in ("none of these", "hmm, I don't like any of them", "too boring"):
        assert mend(ShoppingIntent(action="chat"), message, after(VELVET), TAUGHT).page == 1
    assert mend(ShoppingIntent(action="refine"), "none of these in oak", after(VELVET), TAUGHT).page == 0


def test_another_colour_of_an_item_does_not_reject_it():
    got = mend(ShoppingIntent(action="ask"), "the 3rd one in a different colour?", after(VELVET), TAUGHT)
    assert (got.action, got.item_refs, got.rejected) == ("similar", (3,), ())


def test_a_matching_thing_goes_with_the_one_spoken_of():
    """After one sofa was asked about, it is what a rug is to match; after a list, or beside my curtains, it is not."""
    one = (*after(VELVET), Exchange("how high is the second?", ShoppingIntent(action="ask"), SOFAS[1:2], "[1] is low."))
    read = ShoppingIntent(action="search", categories=("rug",))
    got = mend(read, "is there a matching rug?", one, TAUGHT)
    assert (got.action, got.item_refs) == ("complete", (1,))
    assert mend(read, "is there a matching rug?", after(VELVET), TAUGHT).action == "search"
    assert mend(read, "a rug matching my curtains", one, TAUGHT).action == "search"


def test_a_look_that_a_message_says_nothing_like_is_none():
    """Velvet was never spoken of; a slip of it, a broader word for oak, and what was wished before, are something."""
    read = ShoppingIntent(action="refine", colors=("sage",), materials=("oak", "velvet"))
    got = mend(read, "something green in wood, with a nice feel to it for the living room", after(DROPPED), TAUGHT)
    assert (got.colors, got.materials) == (("sage",), ("oak", "wood"))
    kept = mend(read, "the vlevet looked nice to me, in whatever colour you have got", after(VELVET), TAUGHT)
    assert "velvet" in kept.materials and kept.colors == ()


def test_a_kind_that_only_the_answer_spoke_of_is_not_asked_for():
    """After something of everything, beginning with a rug, a small model looks for rugs."""
    vague = Exchange("what is there?", ShoppingIntent(action="search"), SOFAS, "I like [1], a grey rug in wool.")
    read = ShoppingIntent(action="search", categories=("rug",), query="for a boy's room")
    assert mend(read, "something for a boy's room", (vague,), TAUGHT).categories == ()
    assert mend(read, "a rug for a boy's room", (vague,), TAUGHT).categories == ("rug",)
