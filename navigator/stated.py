"""What an answer says an item is made of, where the catalogue states another material."""

import re

from catalog.item import Item
from navigator.families import LOOKS, is_also, names_a_kind
from navigator.wish import speaks_of

_JOINTS = re.compile(r"(,\s*| and )")


def as_stated(looks: str, item: Item) -> str:
    """A list of looks, such as ` painted wood and round`, with what the catalogue states in place of what it denies.

    A shade is a matter of opinion, and of what the picture alone shows nothing is stated.
    """
    body = looks.strip().removesuffix(",")
    pieces, told = _JOINTS.split(body), dict[str, str]()
    for joint, look in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        right = _stated(look.casefold(), item) or look
        if right.casefold() not in told and names_a_kind(look):  # `gift` tells nothing of an item
            told[right.casefold()] = (joint if told else " ") + right
    return "".join(told.values()) + ("," if looks.endswith(",") else "")


def _stated(look: str, item: Item) -> str | None:
    """The material that the catalogue states of an item in place of another; None where it denies nothing."""
    if look not in LOOKS["material"] or look in LOOKS["color"] or not item.materials or speaks_of(item, look):
        return None
    values = [value.casefold() for value in item.materials]
    return None if any(is_also(value, look) for value in values) else values[0]
