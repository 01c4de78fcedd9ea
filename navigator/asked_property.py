"""The property of one item that a question asks for, and what its picture shows of it.

A small model that is asked for the colour of the bedding may say the colour of the bed, and of a trim some colour,
though nothing tells it. What read-outs see of a property (`navigator.sight`) can be compared and is told; where none
tells it, or none is sure, the model is told that nothing is known.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from navigator.facts import stated
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon
from navigator.prompt import Shown
from navigator.sight import Sight
from navigator.unheard import note
from navigator.which_ones import parts_named
from navigator.wish import speaks_of

_SURE = 0.5
"""Chance of the likeliest value from which on it is told."""

_HARDLY = 0.1
"""Chance below which an item has not a look."""

_OF_PARTS = ("color", "material")
_WHOLE = frozenset(["color", "upholstery", "cover", "covering", "body", "surface", "exterior", "outside", "picture"])
"""Words that are no part of a thing, but all that is seen of it."""

_MADE_OF = re.compile(r"\bmade (?:out )?(?:of|from)\b")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Asked:
    """A property that is asked for.

    Args:
        name: e.g. "trim color".
        value: what the picture shows; None if nothing tells.
    """

    name: str
    value: str | None

    @property
    def untold(self) -> str | None:
        """Its name, where nothing tells it."""
        return self.name if self.value is None else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the model is told."""
        return note((self.name,)) if self.value is None else (f"[1] {self.name} {self.value}",)


def asked_property(
    question: str, intent: ShoppingIntent | None, shown: Sequence[Shown], lexicon: Lexicon | None
) -> Asked | None:
    """The property of one item that a question asks for; None where the catalogue states it, or none is named.

    Args:
        question: a person's message, without what is mistyped.
        shown: what it is about.
    """
    if intent is None or intent.action != "ask" or len(shown) != 1:
        return None
    if lexicon is None or lexicon.sight is None or lexicon.heard is None:
        return None
    sight = lexicon.sight
    names = _named(question, shown[0], sight, lexicon.heard)
    if not names:
        return None
    name = min(names, key=lambda one: float(sight.absent(one, shown)[0]))  # a chair's seat, where a sofa has seats
    if name not in sight.names:
        return Asked(name, None)
    value, chance = sight.likeliest(name, shown[0])
    has = float(sight.absent(name, shown)[0]) < _SURE  # a vase has no legs to tell of
    return Asked(name, value if has and chance >= _SURE else None)


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


def _named(question: str, shown: Shown, sight: Sight, heard: Collection[str]) -> tuple[str, ...]:
    """The property that a question names and the catalogue does not state, as read-outs call it; several where they
    differ in number alone."""
    text = _MADE_OF.sub("material", question.casefold().replace("colour", "color"))
    words = {singular(word) for word in _WORD.findall(text)}
    parts = {singular(part) for part in parts_named(text, [shown.item], heard, ())}
    known: dict[str, list[str]] = {}
    for name in sight.names:
        if name not in ("kind", "style"):
            known.setdefault(_singular(name), []).append(name)
    of_parts = [f"{part} color" for part in parts - _WHOLE if "color" in words]
    asked = [name for name in (*of_parts, *known) if set(name.split()) <= words]
    if kinds := words.intersection(_OF_PARTS):  # of what is made, how it is shaped is no answer
        asked = [name for name in asked if name.split()[-1] in kinds]
    if not asked:
        return ()
    name = max(asked, key=lambda one: len(one.split()))
    of_whole = {"color": shown.item.colors, "material": shown.item.materials}
    if of_whole.get(name) or name in map(_singular, stated(shown.item)):
        return ()
    return tuple(known.get(name, [name]))


def _singular(name: str) -> str:
    return " ".join(map(singular, name.split()))
