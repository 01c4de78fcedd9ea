"""Which of the items are so, where the catalogue settles it: `velvet: none of them`, whatever a small model saw.

An answer to which of several are velvet begins with what was asked for and lists items. The model is told what the
catalogue tells of it (`navigator.which_ones`), and lists others all the same now and then.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from navigator.verdicts import says
from navigator.which_ones import listed

_NOTE = re.compile(r"(?P<said>.+): (?:none|(?P<items>\[\d{1,3}\](?:(?:, | and )\[\d{1,3}\])*)(?P<only> only)?)")
_ITEM = re.compile(r"\[(\d{1,3})\]")
_LIST = re.compile(r" (?:none of them|none|\[\d{1,3}\](?:(?:, | and |, and )\[\d{1,3}\])*)(?=[.;\n])")
_NONE = " none of them"
_LIST_OPEN = re.compile(r" \[[\[\]\d, and]*")
_OTHER = re.compile(rf"(?P<of>[a-z][\w' -]{{0,40}}):(?:{_LIST.pattern})")
_OTHER_OPEN = re.compile(rf"[a-z](?:[\w' -]{{0,40}}(?::(?: |{_LIST_OPEN.pattern}| n[one f thm]{{0,14}})?)?)?")
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
    return _sole(settled) is not None and bool(_OTHER_OPEN.fullmatch(text))


def mend_list(text: str, settled: Sequence[Settled], asked: str = "") -> str:
    """A text with the list that it begins with as the catalogue has it.

    Who surely has a look is added; who surely has not is left out; what only a picture shows stays as it was seen.

    Args:
        asked: the person's message; what a list is of and this does not name is a slip of what was asked for.
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
    return _of_what_was_asked(text, settled, asked)


def _of_what_was_asked(text: str, settled: Sequence[Settled], asked: str) -> str:
    """A list of what nobody asked for, such as `dips` where it was doors, as the one that was asked for."""
    sole, found = _sole(settled), _OTHER.match(text)
    if sole is None or found is None or not asked or says(asked, found["of"]):
        return text
    return f"{sole.said}:{f' {listed(sole.numbers)}' if sole.numbers else _NONE}{text[found.end() :]}"


def _sole(settled: Sequence[Settled]) -> Settled | None:
    """The one look that was asked about, where it is known which have it."""
    return settled[0] if len(settled) == 1 and settled[0].whole else None


def _numbers(items: str) -> tuple[int, ...]:
    return tuple(map(int, _ITEM.findall(items)))
