"""Which of the items are so, where the catalogue settles it: `velvet: none of them`, whatever a small model saw.

An answer to which of several are velvet begins with what was asked for and lists items. The model is told what the
catalogue tells of it (`navigator.which_ones`), and lists others all the same now and then.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from navigator.which_ones import listed

_NOTE = re.compile(r"(?P<said>.+): (?:none|(?P<items>\[\d{1,3}\](?:(?:, | and )\[\d{1,3}\])*)(?P<only> only)?)")
_ITEM = re.compile(r"\[(\d{1,3})\]")
_LIST = re.compile(r" (?:none of them|none|\[\d{1,3}\](?:(?:, | and |, and )\[\d{1,3}\])*)(?=[.;\n])")
_NONE = " none of them"
_LIST_OPEN = re.compile(r" \[[\[\]\d, and]*")
_LONGEST = 80
"""Characters of a list that is waited for."""


@dataclass(frozen=True)
class Settled:
    """What the model was told of one look.

    Args:
        said: the look, in the person's words, in lower case.
        numbers: of the items that have it for sure.
        whole: whether no other has.
    """

    said: str
    numbers: tuple[int, ...]
    whole: bool


def settled_by(notes: Sequence[str]) -> tuple[Settled, ...]:
    """What the notes beside the items settle; other notes say nothing of it."""
    found = [_NOTE.fullmatch(note) for note in notes]
    return tuple(
        Settled(one["said"].casefold(), _numbers(one["items"] or ""), one["items"] is None or bool(one["only"]))
        for one in found
        if one
    )


def may_list(text: str, settled: Sequence[Settled]) -> bool:
    """Whether what an answer begins with may yet become a list of the items that have a look that is settled."""
    begun = text.casefold()
    for one in settled:
        head = f"{one.said}:"
        if head.startswith(begun):
            return True
        rest = text[len(head) :]
        lists = _NONE.startswith(rest) or (len(rest) <= _LONGEST and _LIST_OPEN.fullmatch(rest))
        if begun.startswith(head) and lists:
            return True
    return False


def mend_list(text: str, settled: Sequence[Settled]) -> str:
    """A text with the list that it begins with as the catalogue has it.

    Who surely has a look is added; who surely has not is left out; what only a picture shows stays as it was seen.
    """
    for one in settled:
        head = f"{one.said}:"
        found = _LIST.match(text, len(head)) if text.casefold().startswith(head) else None
        if found is None:
            continue
        seen = _numbers(found[0])
        right = one.numbers if one.whole else tuple(sorted({*one.numbers, *seen}))
        if set(right) != set(seen):
            return f"{text[: len(head)]}{f' {listed(right)}' if right else _NONE}{text[found.end() :]}"
    return text


def _numbers(items: str) -> tuple[int, ...]:
    return tuple(map(int, _ITEM.findall(items)))
