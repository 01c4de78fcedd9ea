"""What a shop's own export may look like, and what an item is then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import BadItem
from catalog.item import Item, embedding_text, parse_item


@pytest.mark.parametrize(
    ("given_price", "price"),
    [
        ("$1,299.00", 1299.0),
        ("1299", 1299.0),
        ("12,50", 12.5),
        (0, 0.0),
        ("", None),
        (None, None),
        ("€ 9.99", 9.99),
        ("1.299,00 €", 1299.0),
        ("1,299", 1299.0),
        ("12,5", 12.5),
        ("EUR 12", 12.0),
        ("1.234.567,00", 1234567.0),
        ("12.50€", 12.5),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("1 299,90", 1299.9),
        ("49,-", 49.0),
    ],
)
def test_prices_come_in_many_forms(given_price, price):
    """A price is read as people write it, and an empty one is no price."""
    assert parse_item({"id": "1", "title": "x", "price": given_price}).price == price


def test_lists_and_paths_are_split():
    """Exports join lists and category paths with separators; they come out as lists."""
    item = parse_item(
        {"id": 7, "title": "x", "category": "Home > Chairs", "colors": "oak|black", "materials": ["a", ""]}
    )
    assert item.id == "7"
    assert item.category == ("Home", "Chairs")
    assert item.colors == ("oak", "black")
    assert item.materials == ("a",)


@pytest.mark.parametrize(("word", "stock"), [("InStock", True), ("https://schema.org/OutOfStock", False), (True, True)])
def test_availability_in_shops_words(word, stock):
    """schema.org addresses, shops' words and booleans all say whether it can be bought."""
    assert parse_item({"id": "1", "title": "x", "availability": word}).in_stock is stock


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"title": "x"}, "missing_id"),
        ({"id": "  ", "title": "x"}, "missing_id"),
        ({"id": "1", "title": ""}, "missing_title"),
        ({"id": "1", "title": "x", "price": "cheap"}, "invalid_field"),
        ({"id": "1", "title": "x", "price": -1}, "invalid_field"),
        ({"id": "1", "title": "x", "currency": "dollars"}, "invalid_field"),
        ({"id": "a\x00b", "title": "x"}, "invalid_field"),
    ],
)
def test_bad_rows_say_why(row, code):
    """A row that is no item is refused with a stable code and the field's name."""
    with pytest.raises(BadItem) as caught:
        parse_item(row)
    assert caught.value.code == code


@given(
    st.dictionaries(
        st.sampled_from([*Item.model_fields, "unknown"]),
        st.none()
        | st.text()
        | st.integers()
        | st.floats()
        | st.booleans()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_any_row_is_an_item_or_a_bad_item(row):
    """Whatever a row holds, reading it gives an item or a typed error, never another exception."""
    try:
        item = parse_item(row)
    except BadItem:
        return
    assert item.id and item.title and isinstance(embedding_text(item), str)
