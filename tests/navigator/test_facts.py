"""What a prompt tells of an item that somebody asks about."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.item import Item
from navigator.facts import details


def test_brand_sizes_and_attributes_are_told():
    """Whatever the catalogue says in a few words can be answered; long texts and internal names stay out."""
    attributes = {"width_cm": "46", "seat_height": "45 cm", "room": "kitchen, study", "care": "x" * 60}
    item = Item(id="a", title="Chair", brand="Fjellhus", attributes=attributes, availability="out_of_stock")
    said = details(item)
    assert said == "[1] brand Fjellhus, width 46 cm, seat height 45 cm, room kitchen or study, out of stock"


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=60), max_size=30))
def test_any_attributes_stay_lean(attributes):
    """A catalogue with fifty attributes, or with nonsense for names, does not fill the prompt."""
    item = Item(id="a", title="Chair", attributes=attributes)
    assert len(details(item)) < 9 * (12 + 2 * 60)
