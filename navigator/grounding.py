"""Let through only what is true: citations of items on show, and amounts that the catalogue gave.

The text is checked while it streams. A citation or an amount is held back until it is complete; everything else
passes at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.item import Item
from navigator.facts import AMOUNT, amounts, money, normal_amount

_CITATION = re.compile(r"\[(\d{1,3})\]")
# What may still become a citation or an amount when more text comes.
_OPEN = re.compile(r"(?:\s?\[\d{0,3}|\s?(?:[$€£¥]|\b[A-Z]{1,3} ?)(?:\d[\d,]*(?:\.\d?\d?)?)?|\s)$")


@dataclass
class Grounding:
    """Follows one answer.

    Args:
        items: on show, numbered from 1.
        given: text that the model was told (facts, the person's own words), whose amounts it may repeat.
    """

    items: Sequence[Item]
    given: str = ""
    cited: list[int] = field(default_factory=list)
    """Numbers of items that were cited, in order, each once."""
    corrected: int = 0
    """Citations of nothing and amounts from nowhere that were taken out or put right."""
    _pending: str = ""
    _known: set[str] = field(default_factory=set)
    _last: int | None = None

    def __post_init__(self) -> None:
        self._known = amounts(self.given)
        self._known |= {money(item.price, item.currency) for item in self.items if item.price is not None}

    def feed(self, text: str) -> str:
        """Take the model's next piece; returns what may be shown now."""
        self._pending += text
        found = _OPEN.search(self._pending)
        cut = found.start() if found else len(self._pending)
        ready, self._pending = self._pending[:cut], self._pending[cut:]
        return self._checked(ready)

    def finish(self) -> str:
        """What was held back and turned out to be plain text."""
        ready, self._pending = self._pending.rstrip(), ""
        return self._checked(ready)

    def _checked(self, text: str) -> str:
        return re.sub(rf"\s?(?:{_CITATION.pattern}|{AMOUNT.pattern})", self._check, text)

    def _check(self, found: re.Match[str]) -> str:
        if found[1] is not None:
            number = int(found[1])
            if not 1 <= number <= len(self.items):
                self.corrected += 1
                return ""
            self._last = number
            if number not in self.cited:
                self.cited.append(number)
            return found[0]
        space = found[0][: len(found[0]) - len(found[0].lstrip())]
        if normal_amount(found[0].strip()) in self._known:
            return found[0]
        self.corrected += 1
        item = self.items[self._last - 1] if self._last else None
        if item is None or item.price is None:
            return ""
        return space + money(item.price, item.currency)
