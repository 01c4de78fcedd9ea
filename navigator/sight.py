"""What pictures show, as the Navigator's own read-outs tell it: how likely an item has a look that is asked for.

The same scores weigh the words of an item's soft tokens (`navigator.projector`). A small language model that reads
eight items at once mixes up some of what these say, and a search by words finds what titles say; the scores themselves
can be compared among items. They are linear in the stored vector, so that looking at forty items is one small product
of matrices.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from navigator.families import FAMILIES, KINDS, SAME, taken_in
from navigator.knowledge import phrase, singular
from navigator.message import Floats
from navigator.prompt import Shown
from navigator.unheard import stems

if TYPE_CHECKING:  # who only asks what is seen starts without torch
    from navigator.config import NavigatorConfig

_AS_SURE_AS_RIGHT = 0.5
"""What scores are multiplied by: alignment sharpens them fourfold, and twofold they would be as sure as they are right
(`navigator.alignment`)."""

_BROAD = ("color", "material")
"""Properties whose broad words take in narrow ones: green takes in sage."""

_STATED = frozenset(["color", "material", "style"])
"""Properties that a catalogue has filters for."""

_UNSEEN = frozenset(["kind", "style"])
"""Read-outs that no look is asked for by: what a thing is its card says."""

_FOR_ANY = frozenset(["pattern", "finish"])
"""Properties that any thing could have."""

_PRESENT = 0.5
"""Chance of having no such part below which an item has one."""

_LONGEST = 3
"""Words of a look: scalloped edge, short spout."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Sight:
    """Read-outs of one Navigator.

    Args:
        values: R pairs of property and value that they score, those of a property side by side; "" stands for having
            no such property.
        mean: `[D]`; map: `[D, R]`; bias: `[R]`, float32: scores are `(vectors - mean) @ map + bias`.
    """

    values: tuple[tuple[str, str], ...]
    mean: Floats
    map: Floats
    bias: Floats

    def chance(self, said: str, shown: Sequence[Shown]) -> Floats | None:
        """How likely each item has a look, e.g. "striped" or "brass legs": `[N]`, 0 to 1; None if no read-out tells.

        Args:
            shown: items with one vector each.
        """
        columns = self._columns(said)
        if not columns or not shown:
            return None
        scores = self._scores(shown)
        shares = np.stack([self._share(scores, name, own) for name, own in columns.items()])
        return np.asarray(shares.max(axis=0), np.float32)

    def chance_of(self, name: str, values: Iterable[str], shown: Sequence[Shown]) -> Floats:
        """How likely each item has one of some values of a property, in any case: `[N]`, 0 where none is read out."""
        wanted = {value.casefold() for value in values}
        columns = [at for at, (of, value) in enumerate(self.values) if of == name and value.casefold() in wanted]
        if not columns or not shown:
            return np.zeros(len(shown), np.float32)
        return self._share(self._scores(shown), name, columns)

    def absent(self, name: str, shown: Sequence[Shown]) -> Floats:
        """How likely each item has no such property at all: `[N]`, 0 where all have one."""
        return self.chance_of(name, [""], shown)

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that are read out."""
        return tuple(dict.fromkeys(name for name, _ in self.values))

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of things whose colour or material is read out: legs, shade."""
        of = (name.rpartition(" ") for name in self.names)
        return tuple(dict.fromkeys(part for part, _, what in of if what in _BROAD and part not in ("", "second")))

    def properties(self, said: str) -> frozenset[str]:
        """The properties of which a look is a value: legs color, of black legs."""
        return frozenset(self._columns(said))

    def likeliest(self, name: str, shown: Shown) -> tuple[str, float]:
        """An item's likeliest value of a property, and how likely it is among all that it could have."""
        columns = [column for column, (of, value) in enumerate(self.values) if of == name and value]
        scores = self._scores([shown])[0, columns]
        weights = np.exp(scores - scores.max())
        best = int(weights.argmax())
        return self.values[columns[best]][1], float(weights[best] / weights.sum())

    def applies(self, look: str, shown: Sequence[Shown]) -> bool:
        """Whether any item has the part that a look is of: drawers are nothing that lamps could have. A pattern any
        may."""
        names = self._columns(look).keys()
        if not shown or names & _FOR_ANY:
            return bool(names)
        return any(float(self.absent(name, shown).min()) < _PRESENT for name in names)

    def looks_in(self, text: str) -> tuple[str, ...]:
        """The looks that a text names and no filter has, the longest that begins at each word: "hairpin legs"."""
        words, place, found = _WORD.findall(text.casefold()), 0, []
        while place < len(words):
            size = next((size for size in range(_LONGEST, 0, -1) if self._is_look(words[place : place + size])), 0)
            if size:
                found.append(" ".join(words[place : place + size]))
            place += size or 1
        return tuple(dict.fromkeys(found))

    def _is_look(self, words: Sequence[str]) -> bool:
        return bool(self._columns(" ".join(words)).keys() - _STATED)

    @cached_property
    def _kinds(self) -> frozenset[str]:
        """Words of what things are called: a table is no look of a lamp."""
        own = (value for name, value in self.values if name == "kind")
        return frozenset(singular(word) for kind in (*own, *KINDS, *KINDS.values()) for word in kind.split())

    @cached_property
    def _by_phrase(self) -> Mapping[str, tuple[int, ...]]:
        """Read-outs by what their values are called: `hairpin legs`, and `hairpin` where nothing else is so called."""
        phrases: dict[str, tuple[int, ...]] = {}
        alone: dict[str, tuple[int, ...]] = {}
        for column, (name, value) in enumerate(self.values):
            if not value or name in _UNSEEN:
                continue
            for spelt in dict.fromkeys((_plain(phrase(name, value)), _plain(f"{value} {name}"))):
                phrases[spelt] = (*phrases.get(spelt, ()), column)
            if name.split()[-1] not in _BROAD:
                for spelt in {_plain(value), *_plurals(value), *_parts_of(value, name)}:
                    alone[spelt] = (*alone.get(spelt, ()), column)
        told = {**alone, **phrases}
        if tops := [spelt for spelt in phrases if self._of(phrases[spelt]) == {"top"}]:  # a round table
            for bare in (spelt.removesuffix(" top") for spelt in tops):
                told[bare] = tuple(dict.fromkeys((*told.get(bare, ()), *phrases[f"{bare} top"])))
        return told

    @cached_property
    def _by_stem(self) -> Mapping[frozenset[str], tuple[int, ...]]:
        return {stems([spelt]): columns for spelt, columns in self._by_phrase.items() if " " not in spelt}

    def _of(self, columns: Iterable[int]) -> set[str]:
        return {self.values[column][0] for column in columns}

    def _columns(self, said: str) -> dict[str, list[int]]:
        """By property, the read-outs of the values that a look means: its very words, or what a broader word takes
        in."""
        asked = _plain(said)
        columns = () if asked in self._kinds else self._by_phrase.get(asked, ()) or self._taken_in(asked)
        if not columns and " " not in asked and asked not in self._kinds and (stem := stems([asked])):
            columns = self._by_stem.get(stem, ())  # fringes, of what is fringed
        by_name: dict[str, list[int]] = {}
        for column in columns:
            by_name.setdefault(self.values[column][0], []).append(column)
        return by_name

    def _taken_in(self, asked: str) -> list[int]:
        """Read-outs of what a broad word takes in: green of the whole, wooden of the legs."""
        look, _, part = asked.rpartition(" ")
        of_whole, of_part = _narrow(asked), _narrow(look)
        if not (of_whole or of_part):
            return []
        found = []
        for column, (name, value) in enumerate(self.values):
            of, _, what = name.rpartition(" ")
            if what in _BROAD and value.casefold() in (of_part if singular(of) == part else () if of else of_whole):
                found.append(column)
        return found

    def _scores(self, shown: Sequence[Shown]) -> Floats:
        vectors = np.stack([entry.vectors[0] for entry in shown]).astype(np.float32)  # [N, D]
        return np.asarray(((vectors - self.mean) @ self.map + self.bias) * _AS_SURE_AS_RIGHT, np.float32)  # [N, R]

    def _share(self, scores: Floats, name: str, columns: Sequence[int]) -> Floats:
        """Of one property's probabilities, the sum of some: `[N]`."""
        own = [column for column, (of, _) in enumerate(self.values) if of == name]
        weights: Floats = np.exp(scores[:, own] - scores[:, own].max(axis=1, keepdims=True))
        chosen: Floats = weights[:, [own.index(column) for column in columns]]
        return np.asarray(chosen.sum(axis=1) / weights.sum(axis=1), np.float32)


def open_sight(folder: str | Path, config: "NavigatorConfig") -> Sight | None:
    """Read-outs of a checkpoint; None where its projector has none, or reads several vectors an item.

    Raises:
        BadCheckpoint: tensors are missing.
    """
    if not config.read_out or config.vectors_per_item != 1:
        return None
    from navigator.surgery import read_tensors

    names = ("input_mean", "input_map", "score_bias")
    tensors = read_tensors(Path(folder), [f"item_projector.{name}" for name in names])
    mean, map_, bias = (tensors[f"item_projector.{name}"].float().numpy() for name in names)
    count = len(config.read_out)
    values = tuple((name, value) for name, value in config.read_out)
    return Sight(values, mean, np.ascontiguousarray(map_[:, :count]), bias[:count])


def _narrow(word: str) -> set[str]:
    """What a broad word takes in."""
    return {value for kind in FAMILIES for value in taken_in(kind, SAME.get(word, word)) if word}


def _plurals(value: str) -> list[str]:
    """Things that a value has several of: drawers of `drawers and doors`."""
    words = _WORD.findall(value.casefold())
    return [singular(word) for word in words if word != singular(word) and len(words) > 1]


def _parts_of(value: str, name: str) -> list[str]:
    """Shorter names of a value: woven seat, of a seat that is woven cord; loop handle, of a contrasting one."""
    *before, last = value.casefold().split()
    return [_plain(f"{word} {end}") for word in before for end in {last, name} if len(word) > 2]


def _plain(words: str) -> str:
    """In lower case, hyphens as spaces, the last word singular."""
    first, space, last = " ".join(words.casefold().replace("-", " ").split()).rpartition(" ")
    return f"{first}{space}{singular(last)}"
