"""How large a thing may be: said in a message, kept over turns, met by what is shown, told where nothing meets it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.item import Item
from navigator.carry import carry
from navigator.finding import Means, choose, find
from navigator.intent import ShoppingIntent, SizeLimit
from navigator.mending import mend
from navigator.plain_words import said
from navigator.prompt import Exchange, Shown
from navigator.size_limits import fits, size_limits, told_limit
from tests.navigator.small_shop import LEXICON, SOFAS
from tests.navigator.test_finding import LEXICON as SHELVED
from tests.navigator.test_finding import Shelves, thing


@pytest.mark.parametrize(
    ("message", "limits"),
    [
        ("a desk for a small room, max width 100 cm", ["under 100 cm wide"]),
        ("no wider than 80cm", ["under 80 cm wide"]),
        ("it isn't to be wider than that", []),
        ("it mustn't be wider than 2 m", ["under 200 cm wide"]),
        ("taller than 180cm but not deeper than 40 cm", ["over 180 cm high", "under 40 cm deep"]),
        ("at least 2 m long", ["over 200 cm long"]),
        ("up to 1.2 m wide please", ["under 120 cm wide"]),
        ("a shelf 120 cm wide", ["about 120 cm wide"]),
        ("between 80 and 100 cm wide", ["80 to 100 cm wide"]),
        ("height under 75 cm", ["under 75 cm high"]),
        ("a mirror of 60 cm diameter", ["about 60 cm in diameter"]),
        ("for a 90 cm gap", ["under 90 cm wide"]),
        ("the niche is only 40 cm deep", ["under 40 cm deep"]),
        ("a 60-inch wide desk", ["137 to 168 cm wide"]),
        ("no more than 100 wide", ["under 100 cm wide"]),
        ("my living room is 20 m2", []),
        ("a living room of 20 square metres", []),
        ("under 200, high back", []),
        ("how wide is it?", []),
        ("a table for 6 people", []),
        ("120 cm", ["about 120 cm at its largest"]),
        ("a mirror, round, 80 cm", ["about 80 cm at its largest"]),
        ("a 120 cm desk in oak", ["about 120 cm at its largest"]),
        ("with a 45 cm seat height", []),
        ("a bench 120 cm wide under 200", ["about 120 cm wide"]),
        ("a rug 160x230 in green tones", ["about 230 cm long", "about 160 cm across"]),
        ("rug, 1.6 m x 2.3 m", ["about 230 cm long", "about 160 cm across"]),
        ("60 by 120 by 75 cm", ["about 120 cm long", "about 60 cm across", "about 75 cm high"]),
        ("5 x 7 ft", ["192 to 235 cm long", "137 to 168 cm across"]),
        ("2 x 40 cm candles", []),
        ("4x chairs, 2x3", []),
        ("no wider than 90 in oak", ["under 90 cm wide"]),
        ("width 80 cm, height 90 cm max", ["about 80 cm wide", "under 90 cm high"]),
        ("a sofa under 2 metres", ["under 200 cm at its largest"]),
        ("under 48 inches", ["under 121.9 cm at its largest"]),
        ("a stool 24-26 inches", ["61 to 66 cm at its largest"]),
        ("smaller than 1 m", ["under 100 cm at its largest"]),
        ("under 20 inches from the wall", []),
        ("under 500 and 120 cm wide", ["about 120 cm wide"]),
        ("a bench for 6 and 200 cm long", ["about 200 cm long"]),
        ("from 80 to 100 cm wide", ["80 to 100 cm wide"]),
        ("price no higher than 300", []),
        ("lower than 200 euros", []),
        ("no higher than 75", ["under 75 cm high"]),
        ("a bookcase 6 ft 6 in tall", ["about 198 cm high"]),
        ("6'6\" tall", ["about 198 cm high"]),
        ("1,200 mm wide", ["about 120 cm wide"]),
        ("a 10x14 rug", ["384 to 469 cm long", "274 to 335 cm across"]),
        ("a cushion, 18 x 18", []),
        ("I'm 190 cm tall, so a large chair", []),
        ("my son is only 90 cm tall", []),
        ("my desk is 120 cm wide, I need a lamp", []),
        ("a rug for my 160x200 bed", []),
        ("for my 180 cm wide bed", []),
        ("for my 90 cm wide gap", ["under 90 cm wide"]),
        ("my ceiling is 2.5 m high", ["under 250 cm high"]),
        ("it must be 80 cm wide for my bed", ["about 80 cm wide"]),
    ],
)
def test_sizes_are_limits_where_a_side_or_a_space_is_named(message, limits):
    assert [told_limit(limit) for limit in said(message, LEXICON, 0).sizes] == limits


def test_a_size_is_no_price_and_no_order():
    """80 cm is not 80 euros, and what may be no wider is not to be the widest."""
    plainly = said("a desk under 300 and not wider than 80", LEXICON, 0)
    assert (plainly.price_max, plainly.sort, plainly.amounts) == (300, None, (300,))


@given(st.text(max_size=60), st.sampled_from(["max width ", "no taller than ", "", "at least "]), st.floats(0, 1e6))
def test_whatever_is_typed_sets_a_limit_or_none(text, before, number):
    """Wild messages are read without an error, and what is left of them sets no further limit."""
    limits, rest = size_limits(f"{text} {before}{number:g} cm {text}".casefold())
    assert all(limit.least is not None or limit.most is not None for limit in limits)
    assert size_limits(rest)[0] == () or len(limits) == 4


def test_what_the_model_made_of_a_size_is_put_right():
    """Neither a limit of price, nor something that must not be, nor words to rank by come out of it."""
    read = ShoppingIntent(
        action="search", categories=("rug",), query="rug no wider than 80 cm", price_max=80, exclude=("wider than 80",)
    )
    intent = mend(read, "a rug no wider than 80 cm", (), LEXICON)
    assert (intent.price_max, intent.exclude, intent.query) == (None, (), "rug")
    assert intent.sizes == (SizeLimit(side="width", most=80),)
    assert "sizes" not in intent.written()
    assert ShoppingIntent.model_validate_json(intent.compact()) == intent  # as conversations keep it


def test_a_size_that_was_read_as_a_price_is_none():
    """160 x 230 are no euros, at neither end."""
    read = ShoppingIntent(action="search", categories=("rug",), price_min=160, price_max=230)
    intent = mend(read, "rug 160x230 in green tones", (), LEXICON)
    assert (intent.price_min, intent.price_max) == (None, None)
    read = ShoppingIntent(action="search", categories=("dining table",), budget_total=180)
    assert mend(read, "a dining table 180 x 90", (), LEXICON).budget_total is None


def test_a_bigger_one_than_about_that_size_may_be_bigger():
    """`160 x 230`, and then `bigger`: from there on; what has to fit somewhere still has to."""
    about, fitting = SizeLimit(side="length", least=207, most=253), SizeLimit(side="width", most=180)
    base = ShoppingIntent(action="search", categories=("rug",), sizes=(about, fitting))
    history = (Exchange("a rug", base, (), "[1]"),)
    bigger = carry(mend(ShoppingIntent(action="refine"), "a bigger one", history, LEXICON), history)
    assert bigger.sizes == (SizeLimit(side="length", least=207), fitting)


def test_a_limit_stays_until_another_is_set():
    """What fits a wall fits it in oak; a lamp beside it may be of any size."""
    first = ShoppingIntent(action="search", categories=("rug",), sizes=(SizeLimit(side="width", most=80),))
    history = (Exchange("a rug", first),)
    changed = carry(ShoppingIntent(action="refine", colors=("grey",)), history)
    assert changed.sizes == first.sizes
    wider = (SizeLimit(side="width", most=120), SizeLimit(side="depth", most=60))
    assert carry(ShoppingIntent(action="refine", sizes=wider), history).sizes == wider
    assert carry(ShoppingIntent(action="refine", categories=("lamp",)), history).sizes == ()
    longer = (SizeLimit(side="length", most=120),)
    assert carry(ShoppingIntent(action="refine", sizes=longer), history).sizes == longer


@pytest.mark.parametrize(
    ("attributes", "limit", "fitting"),
    [
        ({"width_cm": "80"}, SizeLimit(side="width", most=80), True),
        ({"width_mm": "810"}, SizeLimit(side="width", most=80), False),
        ({"width": "1.2 m"}, SizeLimit(side="width", least=110, most=130), True),
        ({"width_cm": "140", "depth_cm": "200"}, SizeLimit(side="length", least=190), True),
        ({"width_cm": "60"}, SizeLimit(side="diameter", most=50), False),
        ({"width_cm": "230", "depth_cm": "160"}, SizeLimit(side="breadth", most=170), True),
        ({"width_cm": "160", "depth_cm": "230"}, SizeLimit(side="breadth", least=170), False),
        ({"width_cm": "60", "height_cm": "150"}, SizeLimit(side="size", most=100), False),
        ({"width_cm": "60", "height_cm": "90"}, SizeLimit(side="size", most=100), True),
        ({}, SizeLimit(side="width", most=80), False),
        ({"width": "wide"}, SizeLimit(side="width", most=80), False),
    ],
)
def test_only_what_is_known_to_fit_fits(attributes, limit, fitting):
    """A rug's length is its longer side, a round thing's diameter its width."""
    assert fits((limit,), Item(id="a", title="a", attributes=attributes)) is fitting


RUGS = tuple(
    thing(name, "Rugs", 100, attributes={"width_cm": width})
    for name, width in zip("abc", ("170", "70", "120"), strict=True)
)


@pytest.mark.parametrize(
    ("limit", "ids", "told"),
    [
        (SizeLimit(side="width", most=130), "bc", []),
        (SizeLimit(side="width", most=60), "bca", ["nothing under 60 cm wide: shown the next in size"]),
        (SizeLimit(side="width", least=200), "acb", ["nothing over 200 cm wide: shown the next in size"]),
        (SizeLimit(side="width", least=90, most=110), "cba", ["nothing about 100 cm wide: shown the next in size"]),
    ],
)
def test_what_is_shown_is_within_the_limit_or_next_to_it(limit, ids, told):
    async def shown() -> tuple[Shown, ...]:
        shelves = Shelves(RUGS)
        means = Means(shelves.look, shelves.goes_with, shelves.order)
        intent = ShoppingIntent(action="search", categories=("rug",), sizes=(limit,))
        findings = await find(intent, (), SHELVED, means)
        final = await choose(findings, intent, means, 8)
        assert [relaxed.text for relaxed in final.relaxed] == told
        return final.shown

    assert "".join(entry.item.id for entry in asyncio.run(shown())) == ids


@pytest.mark.parametrize(
    ("message", "limit", "price_max"),
    [
        ("hmm, 180 would do, too", SizeLimit(side="length", least=180), None),
        ("what about 150?", SizeLimit(side="length", least=150), None),
        ("under 180 euros", SizeLimit(side="length", least=200), 180),
        ("what about 1500?", SizeLimit(side="length", least=200), 1500),
        ("in oak", SizeLimit(side="length", least=200), None),
    ],
)
def test_a_bare_number_after_a_size_is_another_size(message, limit, price_max):
    """Unless it is money, or ten times as much."""
    base = ShoppingIntent(action="search", categories=("rug",), sizes=(SizeLimit(side="length", least=200),))
    history = (Exchange("a rug at least 2 m long", base, SOFAS, "[1]"),)
    read = ShoppingIntent(action="refine", categories=("rug",), price_max=price_max or 180)
    got = carry(mend(read, message, history, LEXICON), history)
    assert (got.sizes, got.price_max) == ((limit,), price_max)
