"""What a message sounds like and is not: a light is a lamp, less pattern is no lower price, a cart no basket."""

import pytest

from tests.navigator.test_plain_words import read


@pytest.mark.parametrize(
    ("message", "read_as", "action", "categories", "colors"),
    [
        ("I want a light for my desk", {"categories": ("sofa",), "colors": ("light",)}, "search", ("lamp",), ()),
        (
            "I'd like an armchair",
            {"categories": ("armchair",), "colors": ("green",)},
            "search",
            ("armchair",),
            ("green",),
        ),
        ("with an armchair", {"categories": ("armchair",)}, "refine", ("armchair",), ("green",)),
        ("one bright and light", {"categories": ("sofa",), "colors": ("light",)}, "refine", ("sofa",), ("light",)),
    ],
)
def test_another_kind_of_thing_is_another_search_and_a_light_is_a_lamp(message, read_as, action, categories, colors):
    """After sofas, what is said of the lamp is about no sofa."""
    intent = read(message, action="refine", **read_as)
    assert (intent.action, intent.categories, intent.colors) == (action, categories, colors)


@pytest.mark.parametrize(
    ("message", "sort"),
    [
        ("less pattern", "relevance"),
        ("something less flashy", "relevance"),
        ("less expensive", "price_low"),
        ("a bit less please", "price_low"),
        ("can you do less?", "price_low"),
    ],
)
def test_less_of_a_look_is_no_order_of_prices(message, sort):
    assert read(message, action="refine", categories=("sofa",), sort="price_low").sort == sort


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("add the first to my cart", "chat"),
        ("put number two in the cart please", "chat"),
        ("I want to buy this one", "chat"),
        ("can I order it here?", "chat"),
        ("add a basket to it", "complete"),
        ("I want to buy the first one in oak", "complete"),
        ("check out the first one", "complete"),
    ],
)
def test_what_is_to_be_bought_is_no_search(message, action):
    """The shop's own pages take orders; things that go with what somebody would buy are no answer."""
    assert read(message, action="complete", item_refs=(1,)).action == action


@pytest.mark.parametrize(
    ("message", "sort"),
    [
        ("I want it really small", "smallest"),
        ("a tiny one", "smallest"),
        ("something very tall", "largest"),
        ("for a really small flat", "relevance"),
        ("a small one", "smallest"),
        ("tall ones", "largest"),
        ("the small velvet one", "relevance"),
        ("too big", "smallest"),
        ("it's way too small for us", "largest"),
        ("not too big", "relevance"),
    ],
)
def test_very_small_is_the_smallest_first(message, sort):
    assert read(message, action="refine", categories=("sofa",)).sort == sort


@pytest.mark.parametrize(
    ("message", "exclude", "styles", "materials"),
    [
        ("too industrial", ("industrial",), (), ()),
        ("that's a bit too industrial for me", ("industrial",), (), ()),
        ("not too industrial please", ("industrial",), (), ()),
        ("industrial, too", (), ("industrial",), ()),
        ("too much velvet", ("velvet",), (), ()),
    ],
)
def test_too_much_of_a_look_is_none_of_it(message, exclude, styles, materials):
    """Whatever it was taken for: a model reads a style that is named as one that is wished for."""
    intent = read(message, action="refine", categories=("sofa",), styles=("industrial",))
    assert (intent.exclude, intent.styles, intent.materials) == (exclude, styles, materials)


def test_an_amount_of_an_answer_is_nothing_to_look_for():
    intent = read("maybe a lamp?", action="refine", categories=("lamp",), query="reading, at €259")
    assert intent.query == "reading"


@pytest.mark.parametrize(
    ("message", "most"),
    [
        ("under $1,299.99", 1299.99),
        ("under 1.299,00 euros", 1299.0),
        ("under 1,200", 1200.0),
        ("under 19.90", 19.9),
        ("under 20,000,000 won", 10_000_000.0),
    ],
)
def test_amounts_are_read_with_thousands_and_cents(message, most):
    assert read(message, action="refine", categories=("sofa",)).price_max == most
    assert read("I need it by 12.11.2026, compare 1,2,3", action="refine").price_max in (None, 900)
