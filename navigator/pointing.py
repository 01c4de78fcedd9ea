"""Which of the items on show a message is about: the second one, it, which of these.

People count in the last list that was found for them; an answer about one item of it leaves that list as it is.
"""

import re
from collections.abc import Sequence

from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon, plain
from navigator.notes import asks_total, copies_asked
from navigator.plain_words import said
from navigator.prompt import Exchange, Shown

FINDS = frozenset({"search", "refine", "similar", "complete"})
"""Actions that put a new list on show."""

_OF_SEVERAL = re.compile(
    r"\bwhich (?:one|ones|number|of|is|are|has|have|do|does|can|comes?|costs?|would|will|should)\b"
    r"|\b(?:any|one|none|all|either|each) of (?:them|these|those)\b"
    r"|^(?:so |and |ok )?(?:do|does|are|is|has|have) any\b"
    r"|\b(?:they|them|these|those) all\b|\ball (?:of )?(?:them|these|those)\b|\bof the (?:bunch|lot)\b"
    r"|\b(?:wid|narrow|tall|high|low|short|long|deep|shallow|larg|bigg|small)est\b"
    r"|\b(?:cheapest|dearest|priciest|most expensive|recommend)\b|\bhelp me (?:choose|decide|pick)\b"
)
_IT = re.compile(r"\b(?:it|its|it's|(?:this|that) one)\b")
_THAN_IT = re.compile(
    r"\b(?:cheaper|less(?: expensive)?|bigger|larger|wider|taller|longer|smaller|narrower|shorter)"
    r" than (?:it|that|this)\b(?! one)"
)
_THE_MORE = re.compile(
    r"\bwhich (?:one |of (?:them|these|those|the two) )?(?:is|are|costs?) (?:the )?(?:\w+er|more|less)\b"
)
"""Which of two; of many it may be meant, too."""
_BOTH = re.compile(r"\bboth\b|\b(?:the|these|those) (?:two|2)\b")
_CITED = re.compile(r"\[(\d{1,2})\]")


def on_show(history: Sequence[Exchange]) -> tuple[Shown, ...]:
    """The items that the last answer was about."""
    return next((exchange.shown for exchange in reversed(history) if exchange.shown), ())


def found(history: Sequence[Exchange]) -> tuple[Shown, ...]:
    """The last list that was found for the person; without one, the items that the last answer was about."""
    lists = (e.shown for e in reversed(history) if e.shown and e.intent is not None and e.intent.action in FINDS)
    return next(lists, on_show(history))


def items_meant(
    intent: ShoppingIntent,
    message: str,
    history: Sequence[Exchange],
    lexicon: Lexicon | None,
    *,
    pointed: bool = False,
) -> tuple[Shown, ...]:
    """The items that an intent points at; () if at none.

    Numbers that the message names itself count in the last list that was found, and so does which of them; any others
    are those of the last answer that had so many.

    Args:
        pointed: whether the person points at items beside the message, of which it then asks.
    """
    listed, numbers = found(history), intent.item_refs
    counted = lexicon is not None and bool(said(message, lexicon, len(listed)).refs)
    asks_alone = intent.action == "ask" and lexicon is not None and not counted and not pointed
    if asks_alone and not numbers and _BOTH.search(message.casefold()) and len(on_show(history)) > 2:
        return _of_each_kind(history)
    if asks_alone and not numbers and asks_total(message) and _one_of_each(listed):
        return _but_for(listed, message, lexicon)
    if asks_alone and len(on_show(history)) == 2 and _THE_MORE.search(message.casefold()):
        return on_show(history)
    if asks_alone and _OF_SEVERAL.search(message.casefold()):
        return listed if len(listed) > 1 else ()
    if not numbers:
        return ()
    if not (counted and len(listed) >= max(numbers)):
        listed = next((exchange.shown for exchange in reversed(history) if len(exchange.shown) >= max(numbers)), ())
    return tuple(listed[number - 1] for number in numbers if number <= len(listed))


def _one_of_each(listed: Sequence[Shown]) -> bool:
    """Whether items are of as many kinds, as those of a set are."""
    return len(listed) > 2 and len({entry.item.category[-1:] for entry in listed}) == len(listed)


def _but_for(listed: Sequence[Shown], message: str, lexicon: Lexicon | None) -> tuple[Shown, ...]:
    """The items of a set without those that a question leaves out: what is it all without the lamp?"""
    spared = said(message, lexicon, len(listed)).spared if lexicon is not None else ()
    kinds = {value.casefold() for kind in spared for value in (lexicon.resolve("category", kind) if lexicon else ())}
    left = tuple(entry for entry in listed if not kinds & {value.casefold() for value in entry.item.category[-1:]})
    return left or tuple(listed)


def it(message: str, history: Sequence[Exchange]) -> int | None:
    """The number that `it`, or `four of them`, means after several items were shown: what the answer spoke of first.

    None where a message says no such word, or names items or their number otherwise.
    """
    last = next((exchange for exchange in reversed(history) if exchange.shown), None)
    text = message.casefold()
    if last is None or len(last.shown) < 2 or _OF_SEVERAL.search(text):
        return None
    if not (_IT.search(text) or copies_asked(text)):
        return None
    titles = {word for entry in last.shown for word in plain(entry.item.title) if len(word) > 3}
    if titles & set(plain(message)):
        return None
    return _spoken_of(last)


def compared_with(message: str, refs: Sequence[int], history: Sequence[Exchange]) -> tuple[int, ...]:
    """The numbers to compare, where one is named and `it` is the other: `compare it with the first`."""
    last = next((exchange for exchange in reversed(history) if exchange.shown), None)
    if last is None or len(refs) != 1 or not _IT.search(message.casefold()):
        return tuple(refs)
    spoken = 1 if len(last.shown) == 1 else _spoken_of(last) or 1
    it_is = last.shown[spoken - 1].item.id
    numbers = [number for number, entry in enumerate(found(history), 1) if entry.item.id == it_is]
    return tuple(sorted({*numbers, *refs}))


def to_better(message: str, history: Sequence[Exchange]) -> int | None:
    """The number of the item of the last answer that something cheaper, or bigger, is looked for than it."""
    last = next((exchange for exchange in reversed(history) if exchange.shown), None)
    if last is None or not _THAN_IT.search(message.casefold()):
        return None
    return 1 if len(last.shown) == 1 else _spoken_of(last)


def _spoken_of(exchange: Exchange) -> int | None:
    """The number of the item that an answer spoke of first."""
    cited = (int(number) for number in _CITED.findall(exchange.answer))
    return next((number for number in cited if number <= len(exchange.shown)), None)


def _of_each_kind(history: Sequence[Exchange]) -> tuple[Shown, ...]:
    """Of the last two lists, where they are of two kinds of thing, the item that each answer spoke of first.

    Whoever looked for a table and then for a lamp means these by `both`. () where there are no two such lists.
    """
    lists = [e for e in reversed(history) if e.shown and e.intent is not None and e.intent.action in FINDS]
    kinds = [{entry.item.category[-1:] for entry in each.shown} for each in lists]
    other = next((n for n, its in enumerate(kinds) if its != kinds[0]), None)
    if other is None or max(len(kinds[0]), len(kinds[other])) > 1:
        return ()
    return tuple(each.shown[(_spoken_of(each) or 1) - 1] for each in (lists[other], lists[0]))
