"""A reader of intents made of rules alone: the baseline that the model has to beat, and no part of the product."""

import re
from collections.abc import Sequence

from navigator.intent import Action, ShoppingIntent
from navigator.knowledge import Shelf, plural

_NUMBER = r"[$€£]?\s?(\d[\d,]*)(?:\s?(?:dollars|bucks|euros|eur|usd|€|\$))?"
_MAX = re.compile(
    rf"(?:under|below|max|up to|less than|no more than|at most|cheaper than|within|budget|limit is)\D{{0,12}}{_NUMBER}"
)
_MIN = re.compile(rf"(?:over|at least|more than|from|starting at)\s+{_NUMBER}")
_RANGE = re.compile(rf"{_NUMBER}\s?(?:-|to|and)\s?{_NUMBER}")
_TOTAL = re.compile(r"total|together|altogether|both")
_NOT = re.compile(r"\b(?:no|not|without|except)\s+(?:a\s+)?([a-z-]+)")
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}


class RulesReader:
    """Knows a catalogue's words and a few patterns."""

    def __init__(self, shelf: Shelf) -> None:
        self.kinds = sorted({known.kind for known in shelf.known}, key=len, reverse=True)
        self.words = {
            name: sorted({known.facts[name] for known in shelf.known if name in known.facts}, key=len, reverse=True)
            for name in ("color", "material", "style")
        }

    def read(self, text: str, before: ShoppingIntent | None, shown: int) -> ShoppingIntent:
        """Read one message; `before` is the last intent and `shown` how many items are on show."""
        said = text.lower()
        excluded = tuple(found for found in _NOT.findall(said) if found not in ("more", "if"))
        kinds = tuple(kind for kind in self.kinds if re.search(rf"\b{kind}s?\b|\b{plural(kind)}\b", said))
        found = {name: self._found(said, words, excluded) for name, words in self.words.items()}
        refs = self._refs(said, shown)
        low, high = self._prices(said)
        total = high if _TOTAL.search(said) else None
        cheap = "cheap" in said or "expensive" in said
        action = self._action(said, kinds, refs, before)
        if action == "refine" and before is not None:
            kinds = kinds or before.categories
            found = {
                "color": found["color"] or before.colors,
                "material": found["material"] or before.materials,
                "style": found["style"] or before.styles,
            }
        return ShoppingIntent(
            action=action,
            categories=kinds[:6],
            colors=found["color"][:6],
            materials=found["material"][:6],
            styles=found["style"][:6],
            price_min=low,
            price_max=None if total else high,
            budget_total=total,
            exclude=tuple(word[:40] for word in excluded[:6]),
            item_refs=refs,
            sort="price_low" if cheap and action in ("search", "refine") else "relevance",
        )

    def _found(self, said: str, words: Sequence[str], excluded: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            word for word in words if re.search(rf"\b{re.escape(word.lower())}\b", said) and word not in excluded
        )

    def _refs(self, said: str, shown: int) -> tuple[int, ...]:
        refs = [number for word, number in _PLACES.items() if re.search(rf"\b{word}\b", said)]
        refs += [int(number) for number in re.findall(r"(?:number|no\.|#|option)\s?(\d+)", said)]
        if re.search(r"\blast\b", said) and shown:
            refs.append(shown)
        return tuple(dict.fromkeys(ref for ref in refs if 1 <= ref <= shown))

    def _prices(self, said: str) -> tuple[float | None, float | None]:
        if between := _RANGE.search(said):
            low, high = (float(number.replace(",", "")) for number in between.groups())
            if low < high:
                return low, high
        least, most = (
            float(found[1].replace(",", "")) if found else None for found in (_MIN.search(said), _MAX.search(said))
        )
        return least, most

    def _action(self, said: str, kinds: Sequence[str], refs: Sequence[int], before: ShoppingIntent | None) -> Action:
        if "difference" in said or "compare" in said or " or the " in said:
            return "compare"
        if "similar" in said or "more like" in said:
            return "similar"
        if "goes with" in said or "go with" in said or "next to" in said or len(kinds) > 1:
            return "complete"
        if refs or (before and "which" in said):
            return "ask"
        if not kinds and re.search(r"\b(thanks|thank you|hi|hello|bye)\b", said):
            return "chat"
        return "refine" if before and not kinds else "search"
