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
    name = _named(question, shown[0], lexicon.sight, lexicon.heard)
    if name is None or name not in lexicon.sight.names:
        return Asked(name, None) if name is not None else None
    value, chance = lexicon.sight.likeliest(name, shown[0])
    has = float(lexicon.sight.absent(name, shown)[0]) < _SURE  # a vase has no legs to tell of
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


def _named(question: str, shown: Shown, sight: Sight, heard: Collection[str]) -> str | None:
    """The property that a question names and the catalogue does not state, as read-outs call it."""
    text = _MADE_OF.sub("material", question.casefold().replace("colour", "color"))
    words = {singular(word) for word in _WORD.findall(text)}
    parts = {singular(part) for part in parts_named(text, [shown.item], heard, ())}
    known = {" ".join(map(singular, name.split())): name for name in sight.names if name not in ("kind", "style")}
    of_parts = [f"{part} color" for part in parts - _WHOLE if "color" in words]
    asked = [name for name in (*of_parts, *known) if set(name.split()) <= words]
    if kinds := words.intersection(_OF_PARTS):  # of what is made, how it is shaped is no answer
        asked = [name for name in asked if name.split()[-1] in kinds]
    if not asked:
        return None
    name = max(asked, key=lambda one: len(one.split()))
    of_whole = {"color": shown.item.colors, "material": shown.item.materials}
    return None if of_whole.get(name) or name in _stated(shown) else known.get(name, name)


def _stated(shown: Shown) -> set[str]:
    """Names of the attributes that the catalogue states, singular."""
    return {" ".join(map(singular, name.split())) for name in stated(shown.item)}
