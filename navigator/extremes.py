"""Which of the items on show is the widest, the tallest, the smallest: computed from the catalogue's sizes."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from catalog.item import Item
from navigator.facts import centimetres, measures, number_of, told_sizes
from navigator.intent import Sort
from navigator.which_ones import listed, of_the_whole

_OF_ANOTHER = re.compile(
    r"pric|cost|expens|cheap|pay|money|budget|\b(?:last|live|deliver|ship|guarantee|warranty)|takes? (?!.*(room|space))"
)
"""What else may be lowest or longest."""

_MOST: dict[str, tuple[str, tuple[str, ...], Callable[..., float]]] = {
    "widest": (r"wid(?:est|er)|broad(?:est|er)", ("width",), max),
    "narrowest": (r"narrow(?:est|er)|slimm(?:est|er)", ("width",), min),
    "tallest": (r"tall(?:est|er)|high(?:est|er)", ("height",), max),
    "lowest": (r"low(?:est|er)|short(?:est|er)", ("height",), min),
    "deepest": (r"deep(?:est|er)", ("depth",), max),
    "shallowest": (r"shallow(?:est|er)", ("depth",), min),
    "longest": (r"long(?:est|er)", ("length", "width"), max),
    "largest": (r"(?:larg|bigg)(?:est|er)|(?:most|more) (?:room|space)", (), max),
    "smallest": (r"small(?:est|er)|(?:least|less) (?:room|space)", (), min),
}
"""Word → how people ask for it, by which measure (the first that is known; of none, by the two largest), which end."""


@dataclass(frozen=True)
class Extreme:
    """Which items are the widest, and how wide.

    Args:
        word: "widest".
        numbers: of the items, counted from 1; several where they are alike.
        size: "210 cm", or of the largest "210 cm wide, 90 cm deep and 80 cm high".
    """

    word: str
    numbers: tuple[int, ...]
    size: str

    @property
    def note(self) -> str:
        """What the model is told."""
        return f"{self.word}: {listed(self.numbers)}, {self.size}"


def extreme_asked(question: str, items: Sequence[Item], parts: Collection[str] = ()) -> str | None:
    """The extreme that a question about items asks for, as `extreme_of` has it; None if it asks for none of their size.

    Who asks which has the shortest legs does not ask which is the lowest.

    Args:
        parts: words of the question that name parts, see `navigator.which_ones`.
    """
    text = question.casefold()
    if _OF_ANOTHER.search(text):
        return None
    for word, (asked, _, _) in _MOST.items():
        found = re.search(rf"\b(?:{asked})\b(?P<after>.*)", text)
        if found and of_the_whole(found["after"], items, parts):
            return word
    return None


def extremes() -> tuple[str, ...]:
    """The words that `extreme_of` knows."""
    return tuple(_MOST)


def extreme_of(word: str, items: Sequence[Item]) -> Extreme | None:
    """Which of several items is most so; None where the sizes of some are unknown, or in other units."""
    _, measured_by, end = _MOST[word]
    sizes = [measures(item) for item in items]
    if len(items) < 2:
        return None
    if not measured_by:
        return _of_all(word, sizes, end)
    what = next((what for what in measured_by if all(what in size for size in sizes)), None)
    if what is None or not _in_one_unit([size[what] for size in sizes]):
        return None
    values = [number_of(size[what]) for size in sizes]
    numbers = _at(end(values), values)
    return Extreme(word, numbers, sizes[numbers[0] - 1][what])


def extent(item: Item) -> float | None:
    """How large an item is: the product of its two largest sides, in cm²; None where its sizes are unknown.

    A thing of one side, such as a round mirror's diameter, is taken for as large in the other.
    """
    sides = [side for size in measures(item).values() if (side := centimetres(size)) is not None]
    return math.prod(sorted((*sides, *sides[:1]) if len(sides) == 1 else sides)[-2:]) if sides else None


def exceeds(size: float, than: float, sort: Sort) -> bool:
    """Whether a size is larger than another, or smaller where the smallest are asked for."""
    return size < than if sort == "smallest" else size > than


def _of_all(word: str, sizes: Sequence[dict[str, str]], end: Callable[..., float]) -> Extreme | None:
    """By the product of each one's two largest sides, of those that are known of all: a rug's pile does not count."""
    known = [what for what in sizes[0] if all(what in size for size in sizes)]
    if not known or not _in_one_unit([size[what] for size in sizes for what in known]):
        return None
    values = [math.prod(sorted(number_of(size[what]) for what in known)[-2:]) for size in sizes]
    numbers = _at(end(values), values)
    first = sizes[numbers[0] - 1]
    return Extreme(word, numbers, told_sizes({what: first[what] for what in known}))


def _at(most: float, values: Sequence[float]) -> tuple[int, ...]:
    return tuple(number for number, value in enumerate(values, 1) if math.isclose(value, most))


def _in_one_unit(sizes: Sequence[str]) -> bool:
    return len({re.sub(r"[\d.,\s]", "", size) for size in sizes}) == 1
