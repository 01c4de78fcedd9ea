"""Answers cite only what was shown and name only amounts that the catalogue gave."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.item import Item
from navigator.facts import amounts, facts, money
from navigator.grounding import Grounding
from navigator.settled import settled_by

ITEMS = [
    Item(
        id="a",
        title="Oak chair",
        price=49,
        currency="USD",
        colors=("mustard", "navy"),
        materials=("oak",),
        attributes={"width_cm": "46"},
    ),
    Item(
        id="b",
        title="Rattan chair",
        price=1299.5,
        currency="USD",
        styles=("boho",),
        category=("Home", "Chairs"),
        attributes={"width_cm": "60"},
    ),
]


def run(pieces, given_text="", wished="a wooden one, oak or walnut", asked="", notes=(), count=1):
    grounding = Grounding(ITEMS, given_text, wished, asked, settled_by(notes), count)
    text = "".join([grounding.feed(piece) for piece in pieces]) + grounding.finish()
    return text, grounding


@pytest.mark.parametrize(
    ("said", "shown", "cited", "corrected"),
    [
        ("Take [1], or [2].", "Take [1], or [2].", [1, 2], 0),
        ("Take [3] or [1].", "Take or [1].", [1], 1),
        ("[1] is $49 and [2] $1,299.50.", "[1] is $49 and [2] $1,299.50.", [1, 2], 0),
        ("[1] is only $39.", "[1] is only $49.", [1], 1),
        ("It is $10.", "It is.", [], 1),
        ("[0] or [99]", " or", [], 2),
        ("a [bracket] and a $ sign", "a [bracket] and a $ sign", [], 0),
        ("[2] is the least expensive at $1,299.50.", "[1] is the least expensive at $49.", [1], 2),
        ("The dearest is [1], $49.", "The dearest is [2], $1,299.50.", [2], 2),
        ("[1] is the cheapest. [2] is $1,299.50.", "[1] is the cheapest. [2] is $1,299.50.", [1, 2], 0),
        ("[2] is the cheapest of the rattan ones.", "[2] is the cheapest of the rattan ones.", [2], 0),
        ("[1] is the most like it.", "[1] is the most like it.", [1], 0),
        ("[1] is the widest at $49.", "[2] is the widest at $1,299.50.", [2], 2),
        ("The narrowest is [1]: 46 cm.", "The narrowest is [1]: 46 cm.", [1], 0),
        ("The largest is [1], at $49.", "The largest is [2], at $1,299.50.", [2], 2),
        ("The tallest is [1].", "The tallest is [1].", [1], 0),
    ],
)
def test_corrections(said, shown, cited, corrected):
    """A citation of nothing goes; a wrong price becomes the price of the item cited last; both are counted."""
    text, grounding = run([said])
    assert (text.strip(), grounding.cited, grounding.corrected) == (shown.strip(), cited, corrected)


def test_amounts_that_were_given_pass():
    """Totals that were computed, and the budget that the person named, may be repeated."""
    text, grounding = run(["Together $1,348.50, under your $1500."], "together $1,348.50. I have $1,500")
    assert grounding.corrected == 0
    assert text == "Together $1,348.50, under your $1500."


def test_nothing_is_as_asked_where_nothing_was_asked():
    """Whoever only named a kind of thing did not ask for walnut; what is said of an item stays."""
    said = "[1] is what you asked for: walnut. [2] fits: oak and [1] fits in."
    assert run([said])[0] == run(list(said))[0] == said
    text, grounding = run([said], wished="")
    assert text == run(list(said), wished="")[0] == "[1]: walnut. [2]: oak and [1] fits in."
    assert grounding.corrected == 2


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[1] is what you asked for: sky blue, at $49.", "[1]: sky blue, at $49."),
        ("[1] is what you asked for: olive, at $49.", "[1] is what you asked for: olive, at $49."),
        ("[1] fits: sky blue and turned legs.", "[1]: sky blue and turned legs."),
        ("[1] fits: turned legs and moss. [2] fits.", "[1] fits: turned legs and moss. [2] fits."),
    ],
)
def test_another_colour_is_not_what_was_asked_for(said, shown):
    """Sky blue is not what somebody asked for who wants green, but olive is, however the text is cut."""
    for pieces in ([said], list(said)):
        assert run(pieces, wished="green sofa actually green")[0] == shown


@pytest.mark.parametrize(
    ("wished", "said", "shown"),
    [
        ("modern black lamp", "[1] is what you asked for: mustard and modern.", "[1]: mustard and modern."),
        ("modern black lamp", "[1] fits: onyx and modern.", "[1] fits: onyx and modern."),
        ("modern lamp", "[1] fits: mustard and modern.", "[1] fits: mustard and modern."),
        ("oak legs, black", "[1] fits: walnut and black.", "[1]: walnut and black."),
    ],
)
def test_no_part_of_what_fits_is_another(wished, said, shown):
    """That it is modern does not make mustard what somebody asked for who wants black."""
    for pieces in ([said], list(said)):
        assert run(pieces, wished=wished)[0] == shown


@pytest.mark.parametrize(
    ("said", "shown", "corrected"),
    [
        ("[1] costs $196.", "4 of [1] cost $196.", 1),
        ("[1] costs $49.", "[1] costs $49.", 0),
        ("All 4 together cost $196.", "All 4 together cost $196.", 0),
        ("[1] costs $196 less than [2].", "[1] costs $196 less than [2].", 0),
        ("[1] costs", "[1] costs", 0),
    ],
)
def test_what_four_cost_is_not_the_price_of_one(said, shown, corrected):
    """Of a question for four of them, the sum is said to be of four, however the text is cut."""
    for pieces in ([said], list(said)):
        text, grounding = run(pieces, given_text="all 4 together $196", count=4)
        assert (text, grounding.corrected) == (shown, corrected)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("I like [1], at $49. [2] is the cheapest at $60.", "I like [1], at $49."),
        ("I like [1], at $49. [1] is the cheapest at $49. Or [2]?", "I like [1], at $49. Or [2]?"),
        ("I like [2], at $1,299.50. [1] is the dearest at $49.", "I like [2], at $1,299.50."),
        (
            "I like [2], at $1,299.50. [2] is the cheapest at $49.",
            "I like [2], at $1,299.50. [1] is the cheapest at $49.",
        ),
        ("[2] is the cheapest at $60.", "[1] is the cheapest at $49."),
        ("I like [1]. [2] is the cheapest at $60.", "I like [1]. [1] is the cheapest at $49."),
        ("I like [1], at $49. [2] is the widest at $60.", "I like [1], at $49. [2] is the widest at $1,299.50."),
    ],
)
def test_what_was_presented_is_not_called_the_cheapest_right_after(said, shown):
    """Its price has just been told; that another is the cheapest is worth a sentence, however the text is cut."""
    for pieces in ([said], list(said)):
        assert run(pieces)[0] == shown


@pytest.mark.parametrize(("number", "corrected"), [(1, 0), (2, 1)])
def test_what_is_left_out_and_was_wrong_counts(number, corrected):
    """Left out because it was said already, it still was wrong of the other one."""
    assert run([f"I like [1], at $49. [{number}] is the cheapest at $49."])[1].corrected == corrected


@pytest.mark.parametrize(
    ("wished", "said", "shown"),
    [
        ("a wood one", "[1] fits: painted wood and round, at $49.", "[1] fits: oak and round, at $49."),
        ("a wood one", "[1] fits: painted wood, oak and round.", "[1] fits: oak and round."),
        ("a wood one", "[1] fits: wood and round.", "[1] fits: wood and round."),
        ("a brass one", "[1] fits: brass and round.", "[1]: oak and round."),
        ("round, in teal", "[1] is what you asked for: teal and round.", "[1] is what you asked for: teal and round."),
        ("a brass one", "[2] fits: brass and round.", "[2] fits: brass and round."),
        ("a wood one", "[9] fits: painted wood.", " fits: painted wood."),
        ("a gift in oak", "[1] fits: gift, at $49.", "[1] fits, at $49."),
        ("a gift in oak", "[1] fits: gift, oak and round.", "[1] fits: oak and round."),
        ("a gift in oak", "[1] is what you asked for: oak and gift.", "[1] is what you asked for: oak."),
    ],
)
def test_what_the_catalogue_states_is_said_of_what_fits(wished, said, shown):
    """Oak is not called painted wood, however the text is cut; a shade, and what nobody states, stays as seen."""
    for pieces in ([said], list(said)):
        assert run(pieces, wished=wished)[0] == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[1] is closest: navy, but oak, not oak, at $49.", "[1] is closest: navy, oak too, at $49."),
        ("[1] is closest: navy, but oak, not wood.", "[1] is closest: navy, oak too."),
        ("[1] is closest: navy, but teal, not oak.", "[1] is closest: navy, oak too."),
        ("[1] is closest: navy, but not oak, at $49.", "[1] is closest: navy, oak too, at $49."),
        ("[1] is closest: navy, but not walnut.", "[1] is closest: navy, but not walnut."),
        ("[2] is closest: navy, but teal, not oak.", "[2] is closest: navy, but teal, not oak."),
        ("[9] is closest: navy, but teal, not oak.", " is closest: navy, but teal, not oak."),
        ("[1] fits, but", "[1] fits, but"),
    ],
)
def test_what_it_has_instead_is_not_what_was_asked_for(said, shown):
    """`Brass, not brass` is what was asked for; so is what the catalogue says it is, whatever was seen instead."""
    for pieces in ([said], list(said)):
        assert run(pieces)[0] == shown


@pytest.mark.parametrize(
    ("note", "said", "shown"),
    [
        ("velvet: none", "velvet: [1] and [2].", "velvet: none of them."),
        ("velvet: none", "Velvet: [1]. More?", "Velvet: none of them. More?"),
        ("velvet: none", "velvet: none of them.", "velvet: none of them."),
        ("oak: [1] only", "oak: [1] and [2].", "oak: [1]."),
        ("oak: [1] only", "oak: none of them.", "oak: [1]."),
        ("navy: [1]", "navy: [2].", "navy: [1] and [2]."),
        ("navy: [1]", "navy: none of them.", "navy: [1]."),
        ("navy: [1] and [2] only", "navy: [1], and [2].", "navy: [1], and [2]."),
        ("oak: [1] only", "walnut: [1] and [2].", "walnut: [1] and [2]."),
        ("oak: [1] only", "oak: $49.", "oak: $49."),
        ("widest: [2], 60 cm", "widest: [1].", "widest: [1]."),
        ("nothing known of oak", "oak: [2].", "oak: [2]."),
        ("oak: none", "oak", "oak"),
    ],
)
def test_which_ones_are_so_is_what_the_catalogue_says(note, said, shown):
    """A list of what is velvet has all that the catalogue says are, and none that it says are not."""
    for pieces in ([said], list(said)):
        text, grounding = run(pieces, notes=(note,))
        assert text == shown
        assert grounding.corrected == (said != shown)


def test_a_price_is_that_of_its_item():
    """What stands after `at` is the price of the item cited before it, not of another on show."""
    for pieces in (
        ["[1] fits: oak, at $1,299.50. Or [2], at $49."],
        list("[1] fits: oak, at $1,299.50. Or [2], at $49."),
    ):
        text, grounding = run(pieces)
        assert text == "[1] fits: oak, at $49. Or [2], at $1,299.50."
        assert grounding.corrected == 2
    assert run(["I like [2]. Chairs here start at $49."])[0] == "I like [2]. Chairs here start at $49."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("I have none under $700; [1] comes closest, at $49.", "[1] comes closest, at $49."),
        ("I have none under $50, [1] is the closest.", "[1] is the closest."),
        ("No chair under $1,300, sorry. [2] is rattan.", "[2] is rattan."),
        ("There is nothing under $49.00: [1] costs $49.", "[1] costs $49."),
        ("I have none under $40; [1] comes closest.", "I have none under $40; [1] comes closest."),
        ("No chair under $48.99, sorry. [1] is oak.", "No chair under $48.99, sorry. [1] is oak."),
        ("I have none under €700; [1] is oak.", "I have none under €700; [1] is oak."),
        ("No, [1] has none under it.", "No, [1] has none under it."),
    ],
)
def test_what_costs_less_is_not_denied(said, shown):
    """`None under $700` is left out beside a chair for $49; a true one stays, and so does any other no."""
    limits = "under $700 $50 $1,300 $49 $40 $48.99 €700"
    assert run([said], limits)[0] == shown
    assert run(list(said), limits)[0] == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("No mustard ones, sorry. Have a look at [1]: at $49.", "Have a look at [1]: at $49."),
        ("I have none in blue; [1] comes closest, oak.", "[1] comes closest, oak."),
        ("Nothing here is wood. [1] is oak.", "[1] is oak."),
        ("No chairs here. [2] is rattan.", "[2] is rattan."),
        ("No teal or navy ones, sorry. [1] is oak.", "[1] is oak."),
        ("Nothing matches navy oak; [1] comes closest.", "[1] comes closest."),
        ("Nothing matches boho oak; [1] comes closest.", "Nothing matches boho oak; [1] comes closest."),
        ("No red ones, sorry. Have a look at [1]: oak.", "No red ones, sorry. Have a look at [1]: oak."),
        ("No hairpin legs here. [1] is oak.", "No hairpin legs here. [1] is oak."),
        ("No, it is oak. [1] is.", "No, it is oak. [1] is."),
        ("No mustard", "No mustard"),
    ],
)
def test_what_is_on_show_is_not_denied(said, shown):
    """`No mustard ones` is left out beside one that is mustard; what no item has, by the catalogue, stays denied."""
    for pieces in ([said], list(said)):
        text, grounding = run(pieces)
        assert text == shown
        assert grounding.corrected == (said != shown)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[1] is oak, not oak.", "[1] is oak, yes."),
        ("[1] is oak, not wood.", "[1] is oak, yes."),
        ("[2] is Oak, not wood, and costs $1,299.50.", "[2] is Oak, yes, and costs $1,299.50."),
        ("[1] has turned legs, not turned legs", "[1] has turned legs, yes"),
        ("[1] is navy, not oak.", "[1] is navy and oak, yes."),
        ("[1] is navy, not wood, and costs $49.", "[1] is navy and wood, yes, and costs $49."),
        ("[2] is navy, not oak.", "[2] is navy, not oak."),
        ("[1] is oak, not walnut.", "[1] is oak, not walnut."),
        ("[1] is oak, not ", "[1] is oak, not"),
        ("[1] is oak, nothing else.", "[1] is oak, nothing else."),
    ],
)
def test_nothing_is_denied_to_be_what_it_is(said, shown):
    """`Oak, not oak` and `oak, not wood` become a yes, however the text is cut, and so does `navy, not oak` of what the
    catalogue says is oak; what is truly another stays denied."""
    for pieces in ([said], list(said)):
        text, grounding = run(pieces)
        assert text == shown
        assert grounding.corrected == (said.strip() != shown)


@pytest.mark.parametrize(
    ("asked", "said", "shown"),
    [
        ("is it oak?", "[1] is oak, yes.", "[1] is oak, yes."),
        ("is it walnut?", "[1] is oak, yes.", "[1] is oak."),
        ("Is that one wooden", "[1] is oak, yes.", "[1] is oak, yes."),
        ("dark wood?", "[1] is walnut, yes.", "[1] is walnut, yes."),
        ("is it oak", "[1] is smoked oak, yes.", "[1] is smoked oak, yes."),
        ("is it by Fjellhus?", "[1] is oak, not oak.", "[1] is oak."),
        ("is it by Fjellhus?", "[1] is by Stillwater, yes.", "[1] is by Stillwater."),
        ("is it by Stillwater?", "[1] is by Stillwater, yes.", "[1] is by Stillwater, yes."),
        ("hairpin?", "[1] has hairpin legs, yes.", "[1] has hairpin legs, yes."),
        ("tapered legs?", "[1] has hairpin legs, yes.", "[1] has hairpin legs."),
        ("sky-blue?", "[2] is sky blue, yes.", "[2] is sky blue, yes."),
        ("a usb port?", "[1] is teal, yes, and [2] is $1,299.50.", "[1] is teal, and [2] is $1,299.50."),
    ],
)
def test_yes_is_said_to_what_was_asked(asked, said, shown):
    """Whoever asks for walnut is not told `oak, yes`; that it is oak stays, for the model saw it."""
    for pieces in ([said], list(said)):
        assert run(pieces, asked=asked)[0] == shown


_CLAIMS = [" is", " the ", "is the", " cheapest", " most", " expensive", " at", "The dearest is ", " widest"]
_CLAIMS += [
    " in",
    " mustard",
    " ones",
    " here",
    "Nothing here is ",
    "Nothing matches",
    "I have none",
    "No ",
    "No chair",
    " under",
    "$60",
    ", sorry. ",
    "; ",
    ": ",
    ". ",
    "s",
    "so",
]
_CLAIMS += [" is oak", ", yes", ", not", " oak", ", not wood", ", not walnut."]
_CLAIMS += [" fits:", " is what you", " asked for:", " fits", ", but", ", but oak", "oak:", " none", " of them", " and"]


@given(
    st.lists(
        st.sampled_from(["[1]", "[3]", " [2]", "$49", " $7", " ", "ok", "[", "]", "1", ".", "$", ",", *_CLAIMS]),
        max_size=12,
    ),
    st.sampled_from(["", "a walnut chair"]),
    st.sampled_from(["", "is it walnut?"]),
    st.sampled_from([(), ("oak: [2] only",), ("oak: none",)]),
)
def test_streaming_in_any_pieces_shows_the_same(pieces, wished, asked, notes):
    """However the engine cuts the text, the same is shown and counted."""
    whole, one = run(["".join(pieces)], wished=wished, asked=asked, notes=notes)
    parts, many = run(list("".join(pieces)), wished=wished, asked=asked, notes=notes)
    assert whole == parts
    assert (one.cited, one.corrected) == (many.cited, many.corrected)


def test_facts_are_computed():
    """Cheapest, dearest, difference and what a budget leaves come from arithmetic."""
    said = " ".join(facts(ITEMS, budget_total=1300))
    assert "cheapest [1] $49" in said
    assert "dearest [2] $1,299.50" in said
    assert "difference $1,250.50" in said
    assert "together $1,348.50, $48.50 over of $1,300" in said


def test_currencies_are_not_mixed():
    """Two currencies are not compared as if they were one."""
    assert facts([ITEMS[0], Item(id="c", title="c", price=5, currency="EUR")]) == []


def test_money_is_written_and_read_the_same():
    """What `money` writes, `amounts` finds."""
    for amount, currency in [(49, "USD"), (1299.5, "EUR"), (80, "CHF"), (0, "GBP"), (1234567, "JPY")]:
        assert amounts(f"it is {money(amount, currency)}.") == {money(amount, currency)}


@pytest.mark.parametrize(
    ("said", "shown", "corrected"),
    [
        ("A few ideas: [1] a bench and [2] a chair.", "A few ideas: [1] a bench and [2] a chair.", 0),
        ("A few ideas: [1] a dining table, [2] a armchair.", "A few ideas: [1] a bench, [2] a chair.", 2),
        ("[2], a lamp, goes well with it.", "[2], a chair, goes well with it.", 1),
        ("Together: [1] table lamp and [2] chair.", "Together: [1] bench and [2] chair.", 1),
        ("[1] a seat, [2] an wooden chair.", "[1] a seat, [2] an wooden chair.", 0),
        ("[3] a lamp.", " a lamp.", 1),
    ],
)
def test_a_thing_is_called_what_it_is(said, shown, corrected):
    """A bench is no dining table, whatever the model took it for; what no catalogue names is left as it is said."""
    bench = ITEMS[0].model_copy(update={"category": ("Home", "Benches")})
    kinds = {"bench", "chair", "dining table", "lamp", "table lamp", "armchair"}
    for pieces in ([said], list(said), re.split(r"(?= )", said)):
        grounding = Grounding((bench, ITEMS[1]), kinds=kinds)
        text = "".join([grounding.feed(piece) for piece in pieces]) + grounding.finish()
        assert (text, grounding.corrected) == (shown, corrected)


def test_a_kind_on_show_is_not_said_to_be_missing():
    """No desk in this shop, beside three desks: of a limit that gave way the model made something else."""
    text, grounding = run(["No chair in this shop, sorry. The nearest I have: [2] a chair."])
    assert (text, grounding.corrected) == ("The nearest I have: [2] a chair.", 1)


def test_what_is_sold_out_is_not_in_stock():
    """A small model copies the note without its `in`."""
    grounding = Grounding(ITEMS[:1])
    told = "".join(
        [*map(grounding.feed, ["Nothing here", " is", " stock. The", " closest is [1]."]), grounding.finish()]
    )
    assert told == "Nothing here is in stock. The closest is [1]."
