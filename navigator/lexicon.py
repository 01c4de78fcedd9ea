"""From the words that people and models use to the values that a catalogue has.

A `sofa` is found under `Sofas`, `green` under sage and emerald, `mid century` under `mid-century`, `brass lamp` under
all lamps, and a misspelt `armchiar` under armchairs. A word that nothing answers to is no condition: it stays in the
words that are searched for, rather than filtering everything away.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from navigator.families import taken_in
from navigator.knowledge import singular
from navigator.sight import Sight
from navigator.unheard import stems

Kind = Literal["category", "color", "material", "style", "brand"]
KINDS: tuple[Kind, ...] = ("category", "color", "material", "style", "brand")

CLOSE = 0.84
"""Least likeness of two spellings (difflib's ratio): one slip in a word of six letters."""

_SLIP = 6
"""Letters of a word that may be a slip of another; shorter ones are too often words of their own."""

NOT_ALONE = {("light",), ("dark",), ("natural",), ("stone",), ("country",)}
"""Words that mean a colour, material or style beside others only."""


_PARTS = {(word,) for word in ("frame", "holder", "base", "set", "cover", "stand", "top", "light", "paper")}
"""Last words of kinds that are parts of other things, too."""


@dataclass(frozen=True)
class Lexicon:
    """A catalogue's own values, as its filters know them.

    Args:
        values: by kind; of categories the narrowest, which say what a thing is.
        groups: categories above those, which are looked at only where no narrow one answers.
        seen: words by which the Navigator was taught to name what it sees; () where that is not known.
        told_which: whether it was taught to be told which of several items are so.
        sight: its read-outs of pictures; None where it has none.
    """

    values: Mapping[Kind, tuple[str, ...]]
    groups: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    told_which: bool = False
    sight: Sight | None = field(default=None, repr=False, compare=False)
    _plain: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for values in (*self.values.values(), self.groups):
            for value in values:
                self._plain[value] = plain(value)

    @cached_property
    def heard(self) -> frozenset[str] | None:
        """Stems of all that the catalogue's values and the Navigator's own words speak of; None without the latter."""
        if not self.seen:
            return None
        return stems((*(value for values in self.values.values() for value in values), *self.groups, *self.seen))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What things are called by the catalogue, singular: "dining chair"."""
        return frozenset(" ".join(self._plain[value]) for value in self.values.get("category", ()))

    def resolve(self, kind: Kind, word: str) -> tuple[str, ...]:
        """The values that a word means; () if none does."""
        asked = plain(word)
        if not asked:
            return ()
        values = self.values.get(kind, ())
        if found := self._within(kind, asked, values):
            return found
        if kind != "category":
            return self._close(asked, [values])
        # A nightstand is a side table before it is any table.
        for name in taken_in(kind, " ".join(asked)) or taken_in(kind, asked[-1]):
            if found := self.resolve(kind, name):
                return found
        for place in range(1, len(asked)):
            # Whatever a lamp is made of, it is a lamp.
            if any(self.knows(look, " ".join(asked[:place])) for look in ("color", "material", "style")):
                return self.resolve(kind, " ".join(asked[place:]))
        return self._within(kind, asked, self.groups) or self._close(asked, [values, self.groups])

    def kinds_of(self, word: str) -> dict[Kind, tuple[str, ...]]:
        """The values that a word means, of whatever kind."""
        return {kind: found for kind in KINDS if (found := self.resolve(kind, word))}

    def knows(self, kind: Kind, word: str) -> bool:
        """Whether a word is surely of this kind: a value itself, what everybody calls some of them, or a slip of one.

        A value's part is not enough: `light` may be a lamp, and `back` is not black.
        """
        asked = plain(word)
        pool = self.values.get(kind, ())
        if not asked or asked in NOT_ALONE:
            return False
        if any(self._plain[value] == asked for value in pool):
            return True
        if kind == "category" and len(asked) == 1:
            # What ends in chair is a chair; what ends in frame may be a picture's.
            ending = [v for v in (self._plain[value] for value in pool) if v[-1:] == asked or _compound(v, asked)]
            if ending and asked not in _PARTS:
                return True
        if taken_in(kind, " ".join(asked)):
            return bool(self.resolve(kind, word))
        return len(asked) == 1 and len(asked[0]) >= _SLIP and bool(self._close(asked, [pool]))

    def _within(self, kind: Kind, asked: tuple[str, ...], pool: Iterable[str]) -> tuple[str, ...]:
        """The values of one pool, by the closest way in which any answers."""
        shades = {plain(name) for name in taken_in(kind, " ".join(asked))} if kind != "category" else set()
        ways: list[Callable[[tuple[str, ...]], bool]] = [lambda value: value == asked]
        if shades:
            ways = [lambda value: value == asked or value in shades or value[-1:] == asked]
        if kind == "category":
            # A dining chair is a chair, and so is an armchair; a round dining table is a dining table.
            ways.append(lambda value: value[-len(asked) :] == asked or _compound(value, asked))
            ways.append(lambda value: asked[-len(value) :] == value)
        else:
            ways.append(lambda value: _within(asked, value))
            ways.append(lambda value: _within(value, asked))
        for way in ways:
            if found := tuple(value for value in pool if way(self._plain[value])):
                return found
        return ()

    def _close(self, asked: tuple[str, ...], pools: Iterable[Iterable[str]]) -> tuple[str, ...]:
        """Values spelt nearly so."""
        for pool in pools:
            spelt = {" ".join(self._plain[value]): value for value in pool}
            if found := difflib.get_close_matches(" ".join(asked), spelt, n=1, cutoff=CLOSE):
                return (spelt[found[0]],)
        return ()


def plain(text: str) -> tuple[str, ...]:
    """A value's words in lower case, the last one singular, without punctuation: ("dining", "chair")."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return (*words[:-1], singular(words[-1])) if words else ()


def says(text: str, phrase: str) -> bool:
    """Whether a text has all words of a phrase, in the singular or the plural."""
    words = {form for word in re.findall(r"[^\W_]+", text.casefold()) for form in (word, singular(word))}
    return set(plain(phrase)) <= words


def _compound(value: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    """Whether a value's last word is made with what is asked for: arm-chair, book-shelf."""
    return len(asked) == 1 and len(asked[0]) >= 4 and bool(value) and value[-1].endswith(asked[0])


def _within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Whether one phrase stands in the other, word for word."""
    size = len(inner)
    return 0 < size <= len(outer) and any(outer[i : i + size] == inner for i in range(len(outer) - size + 1))
