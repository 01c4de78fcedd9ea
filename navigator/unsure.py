"""Properties of one item that are asked for and that its picture does not tell: the model had better not guess.

A small model asked for the colour of a trim names some colour. Whether any read-out tells that colour, and how sure it
is of this item, is known beforehand (`navigator.sight`); where none does, the model is told that nothing is known.
"""

import re
from collections.abc import Callable, Collection, Sequence

from navigator.facts import stated
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon
from navigator.prompt import Shown
from navigator.sight import Sight
from navigator.which_ones import parts_named
from navigator.wish import speaks_of

_SURE = 0.5
"""Chance of the likeliest value from which on it is told."""

_HARDLY = 0.1
"""Chance below which an item has not a look."""

_WORD = re.compile(r"[^\W\d_]+")


def untold(question: str, intent: ShoppingIntent | None, shown: Sequence[Shown], lexicon: Lexicon | None) -> str | None:
    """The property of one item that a question asks for and nothing tells: "trim color"; None where something does, or
    no property is named.

    Args:
        question: a person's message, without what is mistyped.
        shown: what it is about.
    """
    if intent is None or intent.action != "ask" or len(shown) != 1:
        return None
    if lexicon is None or lexicon.sight is None or lexicon.heard is None:
        return None
    return _untold(question, shown[0], lexicon.sight, lexicon.heard)


def lacks(shown: Sequence[Shown], lexicon: Lexicon | None) -> Callable[[int, str], bool] | None:
    """Tells whether the item of a number surely has not a look, by its picture, though its text may say nothing of it;
    None where pictures tell nothing."""
    if lexicon is None or lexicon.sight is None:
        return None
    sight = lexicon.sight

    def surely_not(number: int, look: str) -> bool:
        entry = shown[number - 1]
        if not sight.looks_in(look) or speaks_of(entry.item, look):
            return False
        chances = sight.chance(look, [entry])
        return chances is not None and float(chances[0]) < _HARDLY

    return surely_not


def _untold(question: str, shown: Shown, sight: Sight, heard: Collection[str]) -> str | None:
    text = question.casefold().replace("colour", "color")
    words = {singular(word) for word in _WORD.findall(text)}
    item = shown.item
    parts = {singular(part) for part in parts_named(text, [item], heard, ())}
    known = {" ".join(map(singular, name.split())): name for name in sight.names}
    of_parts = [f"{part} color" for part in parts - {"color"} if "color" in words]
    asked = [name for name in (*of_parts, *known) if set(name.split()) <= words]
    if not asked:
        return None
    name = max(asked, key=lambda one: len(one.split()))
    by_catalogue = (name == "color" and item.colors) or (name == "material" and item.materials)
    if by_catalogue or name in _stated(shown) or name in ("kind", "style"):
        return None
    if name not in known:
        return name
    return None if sight.likeliest(known[name], shown)[1] >= _SURE else known[name]


def _stated(shown: Shown) -> set[str]:
    """Names of the attributes that the catalogue states, singular."""
    return {" ".join(map(singular, name.split())) for name in stated(shown.item)}
