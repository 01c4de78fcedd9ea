"""What is presented first, why, and what besides: answers that a model learns are as helpful as they are true."""

import numpy as np
import pytest

from catalog.item import Item
from navigator import presenting
from navigator.knowledge import Known
from navigator.prompt import Shown


def known(title: str, price: float | None, kind: str = "chair", **facts: str) -> Known:
    """An item whose card says its material; its colour only the picture tells."""
    materials = (facts["material"],) if "material" in facts else ()
    item = Item(id=title, title=title, price=price, currency="EUR", materials=materials, category=(kind,))
    return Known(Shown(item, np.zeros((1, 4), np.float32)), kind, facts)


OAK = known("a", 90, color="sage", material="oak")
WALNUT = known("b", 120, color="black", material="walnut")
TEAK = known("c", 40, color="sage", material="teak")


@pytest.mark.parametrize(
    ("shown", "wants", "said"),
    [
        ([WALNUT, OAK], {"color": "sage"}, "Take a look at [2]: sage, at €90. There is also [1], walnut, at €120."),
        (
            [OAK, WALNUT, TEAK],
            {"color": "sage", "material": "oak"},
            "[1] is what you asked for: sage and oak, at €90. [3] is the cheapest at €40.",
        ),
        ([WALNUT], {"color": "sage", "material": "walnut"}, "[1] is closest: walnut, but black, not sage, at €120."),
        ([WALNUT], {"color": "sage"}, "Nothing matches sage. The closest is [1], a chair in walnut, at €120."),
        ([OAK], {}, "I like [1], a chair in oak, at €90."),
        ([], {"color": "sage"}, "I found nothing that fits."),
    ],
)
def test_the_best_comes_first_with_its_reason_and_its_price(shown, wants, said):
    """Whoever reads one sentence knows which one, why, and for how much; a second one offers another."""
    assert presenting.found(shown, wants) == said


def test_who_said_little_is_asked_for_what_narrows_it_down():
    """Where prices differ most the price is asked for, otherwise the look."""
    assert presenting.found([OAK, WALNUT], {}, asks=True).endswith("What do you like: colours, materials?")
    assert presenting.found([OAK, WALNUT, TEAK], {}, asks=True).endswith("Roughly how much would you spend?")


def test_what_cannot_be_had_is_said_before_what_can():
    """A limit, a look or a kind that nothing meets is told first, in the words it was asked for in."""
    assert presenting.over_limit([OAK], {}, 50) == "No chair under €50, sorry. [1] comes closest, at €90."
    assert presenting.over_limit([OAK], {"material": "oak"}, 50).endswith("[1] is oak and costs €90.")
    assert presenting.relaxed([WALNUT], {}, "wicker").startswith("Nothing here is wicker. The closest is [1]: a chair")
    rug, mug = known("d", None, "rug"), known("e", 9, "mug")
    assert presenting.unsold("kayak", [rug, rug, mug]).endswith("The nearest I have: [1] a rug and [3] a mug.")


def test_a_recommendation_has_a_reason_and_names_the_cheaper_one():
    """Who asks which to take learns why, and whether another costs less."""
    said, number = presenting.picked([TEAK, OAK, WALNUT], {"material": "walnut"})
    assert (said, number) == ("I'd take [3]: walnut, at €120. [1] is the cheapest at €40.", 3)


def test_things_without_a_price_are_presented_without_one():
    """No price is made up, and none is the cheapest where not all have one."""
    assert presenting.found([known("f", None, material="oak"), OAK], {"material": "oak"}) == (
        "Take a look at [1]: oak. There is also [2], a chair, at €90."
    )
