"""Which of the items on show are what a question asks for, as far as the catalogue tells: `oak: [1] and [3] only`.

A small model that reads several cards at once overlooks some of what they say, and of the attributes it is shown none.
What the catalogue tells is computed, and the model is told. Of what it leaves open, read-outs of the pictures' vectors
are compared (`navigator.sight`); what they do not tell either the model has to see itself.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from catalog.item import Item
from navigator import english
from navigator.facts import spoken, stated
from navigator.families import KINDS, LOOKS, SAME, is_also
from navigator.knowledge import BARE, phrase, singular
from navigator.lexicon import NOT_ALONE
from navigator.message import Floats
from navigator.refusals import NEGATION
from navigator.unheard import stems

_LONGEST = 3
"""Words of a look, e.g. `powder-coated steel`, `round pad back`."""

_MOST = 2
"""Looks of which a question is told."""

_EVERYDAY = 300_000
"""Count of a word in the dictionary's corpus from which on it names no part and no look."""

_LETTERS = 4
"""Of a word of a title that is a look; shorter ones say too little."""

_SEEN = 0.5
"""Chance from which on a picture shows a look."""

_FAINT = 0.05
"""Chance from which on the likeliest of several has a look that none surely has: who asks for it has seen it."""

Chance = Callable[[str], Floats | None]
"""How likely each item on show has a look: `[N]`, 0 to 1; None where pictures do not tell."""

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_IN_STOCK = re.compile(
    r"\b(?:get|have|buy|ship|take)(?: \w+)? (?:right now|now|today|right away|immediately|tomorrow)\b"
    r"|\b(?:in stock|out of stock|sold out|available(?! in\b)|can i order|orderable)\b"
)
_FIELDS = {
    "color": lambda item: item.colors,
    "material": lambda item: item.materials,
    "style": lambda item: item.styles,
}


@dataclass(frozen=True)
class Told:
    """What the catalogue, or pictures, tell of one look.

    Args:
        said: the look, in the person's words.
        numbers: of the items that have it, counted from 1.
        whole: whether this is known of each item, so that no other can have it.
    """

    said: str
    numbers: tuple[int, ...]
    whole: bool

    @property
    def note(self) -> str:
        """What the model is told."""
        if not self.numbers:
            return f"{self.said}: none"
        return f"{self.said}: {listed(self.numbers)}{' only' if self.whole else ''}"


def listed(numbers: Sequence[int]) -> str:
    """Items as they are cited: "[1], [3] and [4]"."""
    return spoken(f"[{number}]" for number in numbers)


def which_ones(
    question: str, items: Sequence[Item], parts: Collection[str] = (), chance: Chance | None = None
) -> tuple[Told, ...]:
    """The looks that a question about several items names, each with the items that have it.

    Args:
        question: a person's message, without what is mistyped.
        items: on show.
        parts: see `parts_named`.
        chance: what the items' pictures tell; without it the catalogue alone is asked.

    Returns:
        A few at most; none of what nothing is told about, and none of a question for what a thing is not.
    """
    text = question.casefold()
    if len(items) < 2 or NEGATION.search(text) or "n't " in text:
        return ()
    told = _of_brands(text, items)
    for one in told:
        text = text.replace(one.said.casefold(), " ")
    words, place, ends = _WORD.findall(text), 0, -1
    while place < len(words):
        size, found = _longest(words, place, items, parts, chance)
        if found is not None and ends == place:
            told[-1] = _both(told[-1], found)  # black leather
        elif found is not None:
            told.append(found)
        place += size
        ends = place if found is not None else ends
    return tuple(one for one in told if one.numbers or one.whole)[:_MOST]


def in_stock(question: str, items: Sequence[Item]) -> Told | None:
    """Which of several can be had, where that is asked."""
    if len(items) < 2 or not _IN_STOCK.search(question.casefold()):
        return None
    return Told("in stock", _numbers(item.in_stock for item in items), True)


def parts_named(
    question: str, items: Sequence[Item], heard: Collection[str], beyond: Collection[str]
) -> frozenset[str]:
    """The words of a question that name parts: the legs of black legs, by which nothing is black.

    Args:
        heard: stems of what the catalogue and the model's own vocabulary speak of; what is neither a look nor a kind of
            thing in there is a part.
        beyond: words of the question that nothing speaks of; they may name parts, too.
    """
    kinds = {part for item in items for kind in item.category[-1:] for part in kind.casefold().split()}
    kinds = {singular(part) for kind in (*kinds, *KINDS, *KINDS.values()) for part in kind.split()}
    own = stems(name for item in items for name in stated(item))

    def is_part(word: str) -> bool:
        if word in beyond:
            return True
        some = stems([word])
        return bool(some & own or some & set(heard)) and singular(word) not in kinds and not _is_look(word, items)

    words = _WORD.findall(question.casefold())
    return frozenset(word for word in words if english.count(word) < _EVERYDAY and is_part(word))


def of_the_whole(after: str, items: Sequence[Item], parts: Collection[str]) -> bool:
    """Whether what ends before these words is said of the whole thing: black, but not the black of black metal legs."""
    following = (word for word in _WORD.findall(after.casefold()) if not _is_look(word, items))
    return next(following, "") not in parts


def _longest(
    words: Sequence[str], place: int, items: Sequence[Item], parts: Collection[str], chance: Chance | None
) -> tuple[int, Told | None]:
    """How many words from here on name a look, and what is told of it; one word and None where they name none."""
    for size in range(min(_LONGEST, len(words) - place), 0, -1):
        before, look, after = words[:place], words[place : place + size], words[place + size :]
        said, following = " ".join(look), " ".join(after)
        found = _told(before, said, following, items, parts)
        if chance is not None and not (found is not None and found.whole):
            found = _seen(before, said, following, items, parts, chance, found)
        if found is not None:
            return size, found
    return 1, None


def _both(one: Told, other: Told) -> Told:
    numbers = tuple(number for number in one.numbers if number in other.numbers)
    surely_none = (one.whole and not one.numbers) or (other.whole and not other.numbers)
    return Told(f"{one.said} {other.said}", numbers, surely_none or (one.whole and other.whole))


def _told(before: Sequence[str], said: str, after: str, items: Sequence[Item], parts: Collection[str]) -> Told | None:
    """What the catalogue tells of some words of a question; None where they name no look."""
    # That a title speaks of legs, or an attribute of a throw, says nothing of black legs and of a sage throw.
    heads = _heads(before, said)
    if (found := _of_attribute(said, items)) and not (heads and " " not in said):
        return found
    if (said,) in NOT_ALONE or not of_the_whole(after, items, parts):
        return None
    return _of_field(said, items) or (None if heads else _of_title(said, items))


def _seen(
    before: Sequence[str],
    said: str,
    after: str,
    items: Sequence[Item],
    parts: Collection[str],
    chance: Chance,
    told: Told | None,
) -> Told | None:
    """What pictures tell of some words of a question, beside what the catalogue told; that alone where they tell
    nothing."""
    alone = " " not in said
    if alone and (_heads(before, said) or (said,) in NOT_ALONE or not of_the_whole(after, items, parts)):
        return told
    chances = chance(said)
    if chances is None:
        return told
    stated = told.numbers if told is not None else ()
    numbers = [number for number, one in enumerate(chances, 1) if one >= _SEEN or number in stated]
    if not numbers and chances.max() >= _FAINT:
        numbers = [int(chances.argmax()) + 1]
    return Told(said, tuple(numbers), True)


def _heads(before: Sequence[str], said: str) -> bool:
    """Whether a word is what those before it are said of, and no look: the throw of a sage throw."""
    return said in BARE or any(english.count(word) < _EVERYDAY for word in before[-1:])


def _of_brands(text: str, items: Sequence[Item]) -> list[Told]:
    """Of each brand that a question names."""
    brands = {
        item.brand for item in items if item.brand and re.search(rf"\b{re.escape(item.brand.casefold())}\b", text)
    }
    whole = all(item.brand for item in items)
    return [Told(brand, _numbers(item.brand == brand for item in items), whole) for brand in sorted(brands)]


def _of_attribute(said: str, items: Sequence[Item]) -> Told | None:
    """Of hairpin legs, or of a round table, where an attribute is called shape."""
    asked = _plain(said)
    names = {
        name
        for item in items
        for name, values in _attributes(item).items()
        for value in values
        if asked in ({_plain(phrase(name, value))} if name not in BARE else {_plain(value), _plain(f"{value} {name}")})
    }
    if not names:
        return None

    def has(item: Item) -> bool:
        own = _attributes(item)
        return any(asked in (_plain(phrase(n, v)), _plain(f"{v} {n}")) for n in names for v in own.get(n, ()))

    return Told(said, _numbers(map(has, items)), all(names & _attributes(item).keys() for item in items))


def _of_field(said: str, items: Sequence[Item]) -> Told | None:
    """Of a colour, material or style: of what is mainly so.

    What is so in part counts where nothing else can be meant. Of colours a catalogue names some, and not always the
    main one, so that of these it never tells all.
    """
    asked = SAME.get(_plain(said), _plain(said))
    values = {kind: [tuple(map(_plain, of(item))) for item in items] for kind, of in _FIELDS.items()}
    kinds = [
        kind
        for kind, of_items in values.items()
        if asked in LOOKS.get(kind, ()) or any(asked in of_item for of_item in of_items)
    ]
    if not kinds:
        return None
    mainly = [any(is_also(value, asked) for kind in kinds for value in values[kind][i][:1]) for i in range(len(items))]
    partly = [any(is_also(value, asked) for kind in kinds for value in values[kind][i]) for i in range(len(items))]
    whole = "color" not in kinds and all(values[kind][i] for kind in kinds for i in range(len(items)))
    numbers = _numbers(mainly) or (_numbers(partly) if whole else ())
    return Told(said, numbers, whole) if numbers or whole else None


def _of_title(said: str, items: Sequence[Item]) -> Told | None:
    """Of words that some titles have, and not all: all armchairs are armchairs."""
    if len(said) < _LETTERS or english.count(said) >= _EVERYDAY:
        return None
    named = re.compile(rf"(?<![^\W_]){re.escape(said)}(?![^\W_])")
    numbers = _numbers(bool(named.search(item.title.casefold())) for item in items)
    return Told(said, numbers, False) if 0 < len(numbers) < len(items) else None


def _is_look(word: str, items: Sequence[Item]) -> bool:
    values = {value.casefold() for of in _FIELDS.values() for item in items for value in of(item)}
    return word in values or any(word in looks for looks in LOOKS.values())


def _attributes(item: Item) -> dict[str, tuple[str, ...]]:
    """Each attribute's values: `dining room or kitchen` are two."""
    return {name: tuple(value.casefold().split(" or ")) for name, value in stated(item).items()}


def _plain(words: str) -> str:
    """In lower case, the last word singular."""
    first, space, last = words.casefold().rpartition(" ")
    return f"{first}{space}{singular(last)}"


def _numbers(having: Iterable[bool]) -> tuple[int, ...]:
    return tuple(number for number, has in enumerate(having, 1) if has)
