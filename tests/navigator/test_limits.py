"""What a message plainly says of money: a limit, a range, a sum for all, or an amount alone."""

import pytest

from navigator.plain_words import said
from tests.navigator.small_shop import LEXICON


@pytest.mark.parametrize(
    ("message", "low", "high", "total"),
    [
        ("nothing over 1,200", None, 1200, None),
        ("under €300 in total", None, None, 300),
        ("sofa and rug, 1500 altogether", None, None, 1500),
        ("200 tops", None, 200, None),
        ("from 30 to 50", 30, 50, None),
        ("at least 400", 400, None, None),
        ("not more than 19.90 each", None, 19.9, None),
        ("vase 30-50", 30, 50, None),
        ("a table for 10-12 people, 120-140 cm", None, None, None),
        ("under 120 cm wide", None, None, None),
        ("a table for 6", None, None, None),
        ("she turns 60", None, None, None),
        ("not less than 500", 500, None, None),
        ("nothing under 500", 500, None, None),
        ("no less than 200 and no more than 300", 200, 300, None),
        ("200 or more", 200, None, None),
        ("price no higher than 300", None, 300, None),
        ("lower than 200 euros", None, 200, None),
        ("under 1 000 euros", None, 1000, None),
        ("under 500 and 120 cm wide", None, 500, None),
        ("under 15 kg and below 100", None, 100, None),
        ("sofa and rug each under 200", None, 200, None),
        ("both under 500", None, None, 500),
        ("both comfy and stylish, under 300", None, 300, None),
        ("chairs all in oak under 100", None, 100, None),
    ],
)
def test_limits_are_limits(message, low, high, total):
    plainly = said(message, LEXICON, 0)
    assert (plainly.price_min, plainly.price_max, plainly.budget) == (low, high, total)


@pytest.mark.parametrize(
    ("message", "high"),
    [
        ("what about 1500?", 1500),
        ("how about 2", None),
        ("what about 90 cm", None),
        ("hmm too much. around 200?", 200),
        ("maybe about 1,500 euros then", 1500),
        ("around 200 cm", None),
        ("a table for about 10 people", None),
    ],
)
def test_a_bare_amount_is_another_limit(message, high):
    """Asked whether it may be so much, not whether the second one would do."""
    assert said(message, LEXICON, 5).price_max == high


@pytest.mark.parametrize(
    "message",
    [
        "seats up to 6",
        "for 10-12 guests",
        "up to 300 lbs",
        "at least 20 kg",
        "at least 6 drawers",
        "at least 4 please",
        "how about 12 chairs",
        "under 2 metres",
        "stool 24-26 inches",
        "6 in total",
        "a 60w bulb",
        "100 % wool",
    ],
)
def test_numbers_that_count_or_measure_are_no_prices(message):
    plainly = said(message, LEXICON, 0)
    assert not plainly.limits and not plainly.amounts
