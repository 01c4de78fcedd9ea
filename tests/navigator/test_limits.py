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
