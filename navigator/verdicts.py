"""Whether an answer's yes or no agrees with what it says itself: `[1] is oak, yes.`, `[1] is oak, not walnut.`, and
whether what it says an item has instead is not what was asked for: `[1] is closest: black, but brass, not oak.`

A small model says what it sees, and now and then draws the wrong conclusion: `oak, not oak`, `chestnut, not walnut` of
what is made of walnut, or `oak, yes` to whoever asked for walnut. What it saw stays; the conclusion is mended or left
out.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from catalog.item import Item
from navigator.families import LOOKS, is_also
from navigator.knowledge import singular

_CLAIM = r"\[(?P<number>\d{1,3})\] (?P<verb>is|has) (?P<value>[^\[\].,]{1,40})"
_VERDICT = re.compile(rf"{_CLAIM}(?P<verdict>, (?:yes|not (?P<other>[^\[\].,]{{1,40}})))(?=[.,]|$)")
_OPEN = re.compile(rf"{_CLAIM}(?P<verdict>,(?: (?:y|ye|yes|n|no|not(?: [^\[\].,]*)?)?)?)$")

_INSTEAD = re.compile(r", but (?:(?P<value>[^\[\].,]{1,40}), )?not (?P<other>[^\[\].,]{1,40})(?=[.,]|$)")
_INSTEAD_OPEN = re.compile(r",(?: (?:b|bu|but(?: (?:[^\[\].,]{1,40}(?:,(?: (?:n|no|not(?: [^\[\].,]*)?)?)?)?)?)?)?)?$")
_CITATION = re.compile(r"\[(\d{1,3})\]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def verdict_begins(text: str) -> int | None:
    """Where a conclusion begins that is not complete yet; None if the text does not end in one."""
    begins = [found.start("verdict") for found in [_OPEN.search(text)] if found]
    begins += [found.start() for found in [_INSTEAD_OPEN.search(text)] if found]
    return min(begins, default=None)


def mend_verdicts(before: str, text: str, asked: str, items: Sequence[Item] = ()) -> tuple[str, int]:
    """Mend conclusions in a piece of an answer.

    Args:
        before: the end of what was said before it.
        asked: the person's message; empty: only whether an answer contradicts itself or the catalogue is looked at.
        items: on show, numbered from 1.

    Returns:
        The piece, and how many conclusions were mended.
    """
    whole, mended = before + text, 0
    claims = [(found.span("verdict"), _right(found, asked, items)) for found in _VERDICT.finditer(whole)]
    claims += [(found.span(), _instead(found, items)) for found in _INSTEAD.finditer(whole)]
    for (begins, ends), right in sorted(claims, reverse=True):
        if begins >= len(before) and right != whole[begins:ends]:
            mended += 1
            whole = whole[:begins] + right + whole[ends:]
    return whole[len(before) :], mended


def catalogue_says(item: Item, look: str) -> bool:
    """Whether an item is what a word says, or each of several words, by the catalogue: its looks and its kind."""
    kinds = [singular(kind) for kind in item.category[-1:]]
    values = [value.casefold() for value in (*item.colors, *item.materials, *item.styles, *kinds)]

    def is_said(word: str) -> bool:
        return any(is_also(value, said) for value in values for said in {word, singular(word)})

    return is_said(look) or all(map(is_said, look.split()))


def says(text: str, value: str) -> bool:
    """Whether a text has a value as whole words, in any case, hyphens as spaces."""
    plain, words = (re.sub(r"[-\s]+", " ", part.lower()) for part in (text, value))
    return re.search(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])", plain) is not None


def _right(found: re.Match[str], asked: str, items: Sequence[Item]) -> str:
    value, other = found["value"].casefold().strip().removeprefix("by "), found["other"]
    if other is not None and not is_also(value, other.casefold().strip()):
        of = items[int(found["number"]) - 1 : int(found["number"])]
        denied = found["verb"] == "is" and any(catalogue_says(item, other.casefold().strip()) for item in of)
        return f" and {other.strip()}, yes" if denied else found["verdict"]
    return ", yes" if not asked or was_asked(value, found["verb"], asked.casefold()) else ""


def _instead(found: re.Match[str], items: Sequence[Item]) -> str:
    """What an item is said to have instead of what was asked for, unless it is just that."""
    value, other = (found["value"] or "").strip(), found["other"].strip()
    cited = [int(number) for number in _CITATION.findall(found.string[: found.start()])[-1:]]
    has = any(catalogue_says(item, other.casefold()) for number in cited for item in items[number - 1 : number])
    if value and is_also(value.casefold(), other.casefold()):
        return f", {value} too"
    return f", {other} too" if has else found[0]


def is_another(look: str, asked: str) -> bool:
    """Whether a look is not what a message asks for: mustard, where black was asked for. Both in lower case."""
    words = {*_WORD.findall(asked)}
    kinds = [kind for kind, looks in LOOKS.items() if look in looks and not words.isdisjoint(looks)]
    return bool(kinds) and not was_asked(look, "is", asked)


def was_asked(value: str, verb: str, asked: str) -> bool:
    """Whether a message, in lower case, names a value, a part of it that tells, or a broader word for it."""
    first, _, last = value.rpartition(" ")
    parts = [value, first] if verb == "has" else [value, first, last]
    words = _WORD.findall(asked)
    broad = (*words, *(f"{one} {two}" for one, two in pairwise(words)))
    return any(part and says(asked, part) for part in parts) or any(is_also(value, word) for word in broad)
