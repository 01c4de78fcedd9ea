"""Let through only what is true: citations of items on show, amounts that the catalogue gave, which costs least or is
the widest, that something is as it was asked for, and of a material, only where it is, that there is nothing of a
kind or below a limit, which of several are what the catalogue says they are, nothing of what nothing tells, and that
yes and no agree with what is said of an item.

The text is checked while it streams. A citation, an amount and a first sentence that denies or lists are held back
until they are complete; everything else passes at once.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from catalog.item import Item
from navigator.denials import false_denial, may_deny
from navigator.extremes import extreme_of, extremes
from navigator.facts import AMOUNT, amounts, money, normal_amount, spoken
from navigator.guesses import may_guess, mend_guess
from navigator.kinds_said import OPEN as _KIND_OPEN
from navigator.kinds_said import mend_kinds
from navigator.settled import Settled, may_list, mend_list
from navigator.stated import as_stated
from navigator.verdicts import is_another, mend_verdicts, verdict_begins, was_asked

_CITATION = re.compile(r"\[(\d{1,3})\]")
_COSTS = rf"(?:(?P<least>cheapest|least expensive)|dearest|most expensive|(?P<size>{'|'.join(extremes())}))"
_IS_EXTREME = re.compile(rf" is the {_COSTS}(?= at\b|[.,:;!]|$)")
_EXTREME_IS = re.compile(rf"\bthe {_COSTS}(?: one)? is $", re.IGNORECASE)
_CITED_OPEN = re.compile(
    r"\s?\[\d{1,3}\](?: (?:is?|is (?:th?|the(?: (?:[cdlmnstw]\w*(?: (?:e\w*)?)?(?: at?)?)?)?)?)?)?$"
)
"""A citation that may yet be said to cost or to measure the least or the most."""

_EXTREME_AT = rf"\s?\[(?P<number>\d{{1,3}})\] is the {_COSTS} at"
_EXTREME_OPEN = re.compile(rf"{_EXTREME_AT}(?: (?:(?![.;!?,] )[^\[\]]){{0,20}})?$")
"""A sentence that says so, until it ends: of the item just presented at its price it need not be said again."""
_EXTREME_WHOLE = re.compile(rf"{_EXTREME_AT} {AMOUNT.pattern}(?:\.(?= |$)|$)")
_PRESENTED = re.compile(rf"at {AMOUNT.pattern}\. ?$")

_FULFILS = (" is what you asked for:", " fits:")
_AS_ASKED = re.compile(
    rf"(?P<item>\[(?P<number>\d{{1,3}})\])(?P<claim>{'|'.join(map(re.escape, _FULFILS))})"
    r"(?P<looks>(?: (?!at\b)[^ .;,\[\]]+,?)*)"
)
_JOINTS = re.compile(r",\s*| and ")
_PRICED = re.compile(r"\[\d{1,3}\][^\[\].;:!?]*(?::[^\[\].;:!?]*)? at$")
"""Before an amount that can only be the price of the item cited: `[1] fits: oak, at`, not `[1]. Rugs start at`."""
_COSTS_SO_MUCH = re.compile(
    rf"(?P<item>\[(?P<number>\d{{1,3}})\]) costs (?P<amount>{AMOUNT.pattern})(?! (?:less|more)\b)"
)
_COSTS_OPEN = re.compile(r"\s?\[\d{1,3}\] c(?:o|os|ost|osts|osts \S* ?\w{0,3})?$")
"""What may yet be said to be the price of one, of a question for the price of several."""
_IS_STOCK = re.compile(r"^(Nothing here is) (?=stock\b)")
_IS_WITH = re.compile(r"^Nothing here is with ?(?=\w)")
_CITED = re.compile(r"\s?\[\d{1,3}\](?P<after>[^\[\]]*)$")

# What may still become a citation or an amount when more text comes.
_OPEN = re.compile(r"(?:\s?\[\d{0,3}|\s?(?:[$€£¥]|\b[A-Z]{1,3} ?)(?:\d[\d,]*(?:\.\d?\d?)?)?|\s)$")


@dataclass
class Grounding:
    """Follows one answer.

    Args:
        items: on show, numbered from 1.
        given: text that the model was told (facts, the person's own words), whose amounts it may repeat.
        wished: what the person said of how things should be, so that one can be what was asked for.
        asked: the person's message, where it is a question about what is on show.
        settled: which of the items have a look that was asked about, as far as the catalogue tells.
        count: of how many of one item the price was asked: what they cost is not the price of one.
        kinds: of thing that the catalogue has, so that none is called another.
        untold: the property of one item that was asked for and nothing tells.
        lacks: whether the item of a number surely has not a look, by its picture; without it pictures tell nothing.
    """

    items: Sequence[Item]
    given: str = ""
    wished: str = ""
    asked: str = ""
    settled: Sequence[Settled] = ()
    count: int = 1
    kinds: Collection[str] = ()
    untold: str | None = None
    lacks: Callable[[int, str], bool] | None = None
    cited: list[int] = field(default_factory=list)
    """Numbers of items that were cited, in order, each once."""
    corrected: int = 0
    """Citations of nothing, amounts from nowhere, wrong extremes, kinds, denials, wishes, conclusions: taken out or
    mended."""
    _pending: str = ""
    _begun: bool = False
    _known: set[str] = field(default_factory=set)
    _last: int | None = None
    _due: str | None = None
    _said: str = ""

    def __post_init__(self) -> None:
        self._known = amounts(self.given)
        self._known |= {money(item.price, item.currency) for item in self.items if item.price is not None}

    def feed(self, text: str) -> str:
        """Take the model's next piece; returns what may be shown now."""
        self._pending += text
        if not self._begun and self._may_begin():
            return ""
        held = (*([_COSTS_OPEN] if self.count > 1 else []), _EXTREME_OPEN, _KIND_OPEN, _CITED_OPEN, _OPEN)
        found = next(filter(None, (pattern.search(self._pending) for pattern in held)), None)
        cut = min(found.start() if found else len(self._pending), self._may_fulfil(), self._may_conclude())
        ready, self._pending = self._pending[:cut], self._pending[cut:]
        return self._checked(ready)

    def finish(self) -> str:
        """What was held back and turned out to be plain text."""
        if not self._begun:
            self._begin()
        ready, self._pending = self._pending.rstrip(), ""
        return self._checked(ready)

    def _may_begin(self) -> bool:
        """Whether an answer may yet begin by saying that there is nothing of a kind, or which ones are, or what nothing
        tells; once not, it begins."""
        if self.untold is not None and may_guess(self._pending):
            return True
        if may_deny(self._pending) or may_list(self._pending, self.settled):
            return True
        self._begin()
        return False

    def _begin(self) -> None:
        """Leave out a first sentence that denies what is on show; list what the catalogue says; guess nothing."""
        self._begun = True
        if self.untold is not None:
            told = mend_guess(self._pending, self.untold)
            self.corrected += told != self._pending
            self._pending = told
        listed = mend_list(self._pending, self.settled, self.asked)
        self.corrected += listed != self._pending
        self._pending = listed
        self._pending = _IS_WITH.sub("Nothing here has ", _IS_STOCK.sub(r"\1 in ", self._pending))
        if denied := false_denial(self._pending, self.items):
            self.corrected += 1
            self._pending = self._pending[denied:]

    def _may_fulfil(self) -> int:
        """Where a citation stands that may yet be said to be what was asked for; else the end of what is held back."""
        found = _CITED.search(self._pending)
        if found and any(claim.startswith(found["after"]) or _goes_on(claim, found["after"]) for claim in _FULFILS):
            return found.start()
        return len(self._pending)

    def _may_conclude(self) -> int:
        """Where it may yet be said that an item is, or is not, what was asked; else the end of what is held back."""
        begins = verdict_begins(self._said + self._pending)
        return len(self._pending) if begins is None else max(0, begins - len(self._said))

    def _checked(self, text: str) -> str:
        text, mended = mend_verdicts(self._said, text, self.asked, self.items)
        self.corrected += mended
        text, mended = mend_kinds(text, self.items, self.kinds)
        self.corrected += mended
        text = _AS_ASKED.sub(self._as_asked, text)
        text = _COSTS_SO_MUCH.sub(self._of_so_many, text) if self.count > 1 else text
        checked, begun = "", 0
        for again in _EXTREME_WHOLE.finditer(text):
            checked += self._check_all(text[begun : again.start()])
            repeated = self._is_repeated(again)
            self.corrected += repeated and int(again["number"]) != self._last
            begun = again.end() if repeated else again.start()
        return checked + self._check_all(text[begun:])

    def _check_all(self, text: str) -> str:
        checked = re.sub(rf"\s?(?:{_CITATION.pattern}|{AMOUNT.pattern})", self._check, text)
        self._said = (self._said + text)[-60:]
        return checked

    def _is_repeated(self, found: re.Match[str]) -> bool:
        """Whether a sentence says which costs the least, or the most, and that is what was presented just before it."""
        if self._last is None or found["size"] or not _PRESENTED.search(self._said):
            return False
        extreme = self._extreme_price(found)
        return extreme is not None and self.items[self._last - 1].price == extreme

    def _extreme_price(self, claim: re.Match[str]) -> float | None:
        """The least or the highest price, as a claim has it; None where there are not two to compare."""
        prices = [item.price for item in self.items if item.price is not None]
        if len(prices) < 2 or len({item.currency for item in self.items}) > 1:
            return None
        return (min if claim["least"] else max)(prices)

    def _of_so_many(self, found: re.Match[str]) -> str:
        """A claim that an item costs what so many of it cost, as a claim about so many of it."""
        items = self.items[int(found["number"]) - 1 : int(found["number"])]
        price = items[0].price if items else None
        if price is None or normal_amount(found["amount"]) != money(price * self.count, items[0].currency):
            return found[0]
        self.corrected += 1
        return f"{self.count} of {found['item']} cost {found['amount']}"

    def _as_asked(self, found: re.Match[str]) -> str:
        """A claim that an item is what was asked for, without the claim where nothing of the kind was asked."""
        items = self.items[int(found["number"]) - 1 : int(found["number"])]
        told = as_stated(found["looks"], items[0]) if items else found["looks"]
        told = self._as_seen(told, int(found["number"]))
        if found["looks"] and not told:
            self.corrected += 1
            return f"{found['item']} comes closest,"
        self.corrected += told != found["looks"]
        looks = [look for look in _JOINTS.split(told.strip().casefold()) if look]
        wished = self.wished.casefold()
        asked = not looks or any(was_asked(look, "is", wished) for look in looks)
        if wished and asked and not any(is_another(look, wished) for look in looks):
            return f"{found['item']}{found['claim']}{told}" if looks else f"{found['item']}{found['claim'][:-1]}{told}"
        self.corrected += 1
        return f"{found['item']}:{told}"

    def _as_seen(self, looks: str, number: int) -> str:
        """A list of looks without those that an item's picture surely has not."""
        if self.lacks is None or not 1 <= number <= len(self.items):
            return looks
        pieces = [piece for piece in _JOINTS.split(looks.strip().removesuffix(",")) if piece]
        kept = [piece for piece in pieces if not self.lacks(number, piece)]
        if len(kept) == len(pieces):
            return looks
        return f" {spoken(kept)}{',' if looks.endswith(',') else ''}" if kept else ""

    def _check(self, found: re.Match[str]) -> str:
        if found[1] is not None:
            number = int(found[1])
            if not 1 <= number <= len(self.items):
                self.corrected += 1
                return ""
            space = found[0][: found[0].index("[")]
            right = self._of_extreme(number, found, space)
            if right != number:
                self.corrected += 1
            self._last = right
            if right not in self.cited:
                self.cited.append(right)
            return f"{space}[{right}]"
        space = found[0][: len(found[0]) - len(found[0].lstrip())]
        due, self._due = self._due or self._price_at(self._said + found.string[: found.start()]), None
        if due is not None and normal_amount(found[0].strip()) != normal_amount(due):
            self.corrected += 1
            return space + due
        if normal_amount(found[0].strip()) in self._known:
            return found[0]
        self.corrected += 1
        item = self.items[self._last - 1] if self._last else None
        if item is None or item.price is None:
            return ""
        return space + money(item.price, item.currency)

    def _price_at(self, before: str) -> str | None:
        """What has to follow `at` in a sentence about an item: its price; None after anything else."""
        item = self.items[self._last - 1] if self._last and _PRICED.search(before) else None
        return money(item.price, item.currency) if item is not None and item.price is not None else None

    def _of_extreme(self, number: int, found: re.Match[str], space: str) -> int:
        """The number that is meant: where the cited item is said to cost or measure the most, the one that does."""
        self._due = None
        before = self._said + found.string[: found.start()] + space
        claim = _IS_EXTREME.match(found.string, found.end()) or _EXTREME_IS.search(before)
        if claim is not None and claim["size"]:
            return self._of_extreme_size(number, claim["size"].casefold())
        extreme = self._extreme_price(claim) if claim else None
        if extreme is None:
            return number
        if not 1 <= number <= len(self.items) or self.items[number - 1].price != extreme:
            number = next(n for n, item in enumerate(self.items, 1) if item.price == extreme)
        self._due = money(extreme, self.items[number - 1].currency)
        return number

    def _of_extreme_size(self, number: int, word: str) -> int:
        """The number that is meant where the cited item is said to be the widest; if an amount follows, its price."""
        extreme = extreme_of(word, self.items)
        if extreme is not None and number not in extreme.numbers:
            number = extreme.numbers[0]
        item = self.items[number - 1]
        self._due = money(item.price, item.currency) if item.price is not None else None
        return number


def _goes_on(claim: str, after: str) -> bool:
    """Whether a claim has begun and its looks are not all told."""
    return after.startswith(claim) and not re.search(r"[.;]|\bat ", after[len(claim) :])
