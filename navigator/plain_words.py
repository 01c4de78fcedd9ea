"""What a message says so plainly that no reading of it may miss it: the first one, under 300, not white.

The model reads wishes, hints and slips of the pen. Ordinals, limits and negations follow rules, so rules have the last
word on them; and a bare word or limit after a list (`walnut?`, `under 250`) changes the search, whatever else it may
look like.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from navigator.intent import Action, ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Kind, Lexicon, plain
from navigator.prompt import Exchange

SHORT = 6
"""A message of at most so many words has no room for things that are not wished for: a room, what one has already."""

_SLOTS: dict[Kind, str] = {"color": "colors", "material": "materials", "style": "styles"}
_FINDS = frozenset({"search", "refine", "similar", "complete"})

_NUMBER = r"(?:[€$£]\s?)?(\d[\d,.]*\d|\d)(?!\d)(?!\s?(?:cm|mm|m|x|people|persons?|st|nd|rd|th|pcs|pieces|of)\b)"
_UNIT = r"(?:\s?(?:€|\$|£|eur(?:os?)?|bucks|quid|dollars|pounds|e)\b)?"
_MAX = re.compile(
    r"(?:under|below|max(?:imum)?|up to|less than|no more than|not more than|at most|not over|nothing over|within|"
    rf"<|cheaper than|(?:can't|cant|cannot) (?:spend|pay|go) (?:more than|over))\s*(?:of\s)?{_NUMBER}"
    rf"|{_NUMBER}{_UNIT}\s?(?:max(?:imum)?|tops|at (?:the )?most|or less|limit)\b"
)
_MIN = re.compile(rf"(?:over|above|at least|more than|starting at)\s*{_NUMBER}")
_BETWEEN = re.compile(rf"(?:between|from)\s*{_NUMBER}{_UNIT}\s*(?:and|to|-|–)\s*{_NUMBER}")
_TOTAL = re.compile(
    r"\b(?:totall?|tot?l|al{1,2} ?to?g[eh]t?h?er|together|all in|in all|both|everything|(?:for|of) all)\b"
)
_SUM = re.compile(
    rf"{_NUMBER}{_UNIT}\s+(?:in\s+|for\s+)?(?:total|all|altogether|together|both|everything)\b|total\s+(?:of\s+)?{_NUMBER}"
)
_NOT_A_LIMIT = re.compile(r"\b(?:not|no|nothing)\s+(?:more|over)\b")

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_PLACE = rf"(?:{'|'.join(_ORDINALS)}|1st|2nd|3rd|[4-8]th|last)"
_ORDINAL = re.compile(
    rf"(?<!-)\b({_PLACE})\b(?:\s+(two|three|2|3)\b)?(?!\s+(?:of all|time|apartment|flat|home|house|thing|place)\b)"
)
_SORTED = re.compile(
    r"\b(?:cheap\w*|expensive|dear\w*|pric\w+|low\w*|high\w*|cost\w*|at|new\w*)\s+(?:ones?\s+)?first\b"
)
_COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERED = re.compile(rf"(?:\bnumber|\bnr\.?|\bno\.|#|\boption|\bitem)\s?(\d|{'|'.join(_COUNTED)})\b")
_LISTED = re.compile(
    r"\b[1-8](?:(?:\s*(?:,|and|n|an|vs\.?|or|&)\s*|\s+)[1-8])+\b(?!\s*(?:people|persons?|seats?|pieces?|of them|%))"
)

_NEGATION = re.compile(
    r"\b(?:not|no|without|nothing|except|(?:any|every)thing but|any colou?r but|instead of|nor)\s+"
    r"(?:(?:in|a|an|any|too|the|made of|made from)\s+)*(.*)"
)
_QUESTION = re.compile(
    r"\b(?:what|whats|wat|which|wich|who|how|hw|where|when|why|compare|difference|tell me)\b"
    r"|\b(?:go(?:es)? with|match\w*|thanks?)\b"
    r"|^(?:and |so |ok |but )?(?:is|are|was|were|does|do|did|can|could|would)\b"
)
_BESIDE = re.compile(r"\b(?:my|our|next to|beside|go(?:es)? with|match\w*)\b")
_LIKENS = re.compile(r"\b(?:similar|same|like (?:it|that|this|the|those|these))\b")
_PRICED = re.compile(
    r"cheap|cheep|chep|pric|prise|expens|less|cost|dear|afford|budget|money|sort|order|low|high|luxur|broke|bargain"
)
_DROPPED = re.compile(r"\b(?:forget|drop|skip)\s+(?:about\s+)?(?:the\s+)?(.*)")
_PLACES = frozenset(
    {
        "for",
        "on",
        "with",
        "next",
        "beside",
        "under",
        "over",
        "above",
        "behind",
        "at",
        "near",
        "around",
        "my",
        "our",
        "your",
    }
    | {"this", "that", "these", "matching", "match", "like", "of", "from", "his", "her", "their", "4", "w", "besid"}
)
"""Words after which a thing is there already, or is no thing that is looked for."""
_HAD = re.compile(r"\b(?:i|we)(?:'ve| have)(?: got)?\b")
_JOINS = frozenset({",", "+", "/", "&", "need", "want", "looking", "find"})
_OPEN = re.compile(
    r"\b(?:any|whatever|don'?t (?:care|mind|matter)|doesn'?t matter|no matter|different|other|another)\b"
)


@dataclass(frozen=True)
class Said:
    """What a message plainly says.

    Args:
        refs: numbers of items on show.
        price_min, price_max: of one item; budget: of all together.
        named: catalogue words by slot that are wished for; refused: those that must not be; dropped: those that need
            not be any more.
        asks: whether it asks something; opens: whether it says that something does not matter; beside: whether it
            speaks of things that are there already; likens: whether it compares with one of them.
        words: how many it has.
    """

    refs: tuple[int, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    budget: float | None = None
    named: tuple[tuple[Kind, str], ...] = ()
    refused: tuple[tuple[Kind, str], ...] = ()
    dropped: tuple[tuple[Kind, str], ...] = ()
    kinds: tuple[str, ...] = ()
    asks: bool = False
    opens: bool = False
    beside: bool = False
    likens: bool = False
    words: int = 0

    @property
    def limits(self) -> bool:
        """Whether it sets a limit of price."""
        return any(value is not None for value in (self.price_min, self.price_max, self.budget))


def said(message: str, lexicon: Lexicon, shown: int) -> Said:
    """Read a message by rules.

    Args:
        shown: items on show, which ordinals count.
    """
    text = " ".join(message.casefold().replace("’", "'").split())
    refused, rest = _taken_out(_NEGATION, text, lexicon)
    dropped, rest = _taken_out(_DROPPED, rest, lexicon)
    low, high = _limits(text)
    together = bool(_TOTAL.search(text)) and high is not None
    return Said(
        refs=_references(text, shown),
        price_min=low,
        price_max=None if together else high,
        budget=high if together else None,
        named=_named(rest, lexicon),
        refused=refused,
        dropped=dropped,
        kinds=_kinds(rest, lexicon),
        asks=bool(_QUESTION.search(text)),
        opens=bool(_OPEN.search(text)),
        beside=bool(_BESIDE.search(text)),
        likens=bool(_LIKENS.search(text)),
        words=len(text.split()),
    )


def mend(
    intent: ShoppingIntent, message: str, history: Sequence[Exchange], lexicon: Lexicon, *, pointed: bool = False
) -> ShoppingIntent:
    """An intent that agrees with what the message plainly says; what that leaves open stays as it was read.

    Args:
        pointed: whether items were pointed at by a click.
    """
    shown = max((len(exchange.shown) for exchange in history), default=0)
    plainly = said(message, lexicon, shown)
    base = next((e.intent for e in reversed(history) if e.intent is not None and e.intent.action in _FINDS), None)
    intent = _without_inventions(intent, message, plainly, base, lexicon)
    action = _action(intent, plainly, shown)
    if pointed and action == "search" and not plainly.kinds:
        action = "similar"
    changed: dict[str, object] = {"action": action}
    if plainly.refs and action not in ("search", "chat"):
        changed["item_refs"] = plainly.refs
    elif action != intent.action:
        changed["item_refs"] = ()
    if action in _FINDS:
        changed |= _prices(intent, plainly, base)
        changed |= _looks(intent, plainly, base)
        changed |= _things(intent, plainly, lexicon)
    return ShoppingIntent(**{**intent.model_dump(), **changed})


def _without_inventions(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """An intent without kinds and exclusions that neither the message nor the catalogue knows, nor an order unasked."""
    heard = set(plain(message)) | {singular(word) for word in plain(message)}

    def known(word: str) -> bool:
        return bool(lexicon.kinds_of(word)) or set(plain(word)) <= heard

    carried = base.exclude if base is not None else ()
    exclude = [word for word in intent.exclude if known(word) or word in carried]
    if not _NEGATION.search(message.casefold()):
        exclude = [word for word in exclude if lexicon.kinds_of(word) or word in carried]
    sorts = bool(_PRICED.search(message.casefold())) or (base is not None and base.sort == intent.sort)
    kept = {
        "categories": tuple(word for word in intent.categories if known(word)),
        "exclude": tuple(exclude),
        "sort": intent.sort if sorts or intent.sort == "newest" else "relevance",
    }
    return intent.model_copy(update=kept)


def _action(intent: ShoppingIntent, plainly: Said, shown: int) -> Action:
    """A bare word or limit after a list changes the search."""
    looks = bool(plainly.named or plainly.refused or plainly.limits)
    if not shown or plainly.asks or plainly.refs or plainly.likens or plainly.words > SHORT:
        return intent.action
    if intent.action == "complete":
        return "refine" if looks and not plainly.kinds else "complete"
    if intent.action in ("ask", "compare", "chat", "similar") and (looks or plainly.kinds):
        return "refine"
    return intent.action


def _prices(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    if not plainly.limits:
        return {}
    together = base is not None and base.budget_total is not None and plainly.price_min is None and not plainly.kinds
    several = intent.action == "complete" and len(plainly.kinds) > 1
    if plainly.budget is not None or together or several:
        return {"budget_total": plainly.budget or plainly.price_max, "price_max": None}
    return {
        "price_min": plainly.price_min if plainly.price_min is not None else intent.price_min,
        "price_max": plainly.price_max if plainly.price_max is not None else intent.price_max,
        "budget_total": None,
    }


def _looks(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    """Colours, materials and styles: none of those refused, those named in a short message, those nobody took back."""
    no = {plain(word) for _, word in plainly.refused}
    gone = no | {plain(word) for _, word in plainly.dropped}
    changed: dict[str, object] = {}
    wanted_before = {plain(w) for slot in _SLOTS.values() for w in (getattr(base, slot) if base else ())}
    named = {plain(word) for _, word in plainly.named}
    exclude = [
        word
        for word in intent.exclude
        # What was wished for a moment ago, or is named without a no, is not refused.
        if plain(word) in no or not ({plain(word)} & (named | wanted_before))
    ]
    exclude += [word for _, word in plainly.refused if plain(word) not in {plain(one) for one in exclude}]
    for kind, slot in _SLOTS.items():
        words = [word for word in getattr(intent, slot) if plain(word) not in gone]
        new = [word for its, word in plainly.named if its == kind]
        if plainly.words <= SHORT and not plainly.beside:
            heard = {plain(word) for other in _SLOTS.values() for word in (*getattr(intent, other),)}
            words += [word for word in new if plain(word) not in heard]
        kept = [word for word in getattr(base, slot) if plain(word) not in gone] if base is not None else []
        if intent.action != "search" and not words and not new and kept and not plainly.opens and not intent.item_refs:
            words = kept
        changed[slot] = tuple(dict.fromkeys(words))[:6]
    return {**changed, "exclude": tuple(dict.fromkeys(exclude))[:6]}


def _things(intent: ShoppingIntent, plainly: Said, lexicon: Lexicon) -> dict[str, object]:
    """The kinds that a message looks for, where what was read is none of them or, of several, not all.

    A kind that was read more narrowly than it was said stays: side table for `a little table`.
    """
    if not plainly.kinds:
        return {}
    meant = [set(lexicon.resolve("category", word)) for word in plainly.kinds]
    read = [(word, set(lexicon.resolve("category", word))) for word in intent.categories]
    fitting = [word for word, values in read if any(values & one for one in meant)]
    covered = set().union(*(values for word, values in read if word in fitting))
    missing = [word for word, one in zip(plainly.kinds, meant, strict=True) if not one & covered]
    return {"categories": tuple(dict.fromkeys((*fitting, *missing)))[:6]}


def _kinds(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Kinds of thing that a text names, less those behind a word such as for, under or my."""
    found: list[str] = []
    for clause in re.split(r"[.;!?]", _HAD.sub(" my ", text)):
        words = re.findall(r"[^\W_]+(?:-[^\W_]+)*|[,+/&]", clause)
        place, aside = 0, False
        while place < len(words):
            if words[place] in _PLACES:
                aside = True
            elif words[place] in _JOINS:
                aside = False
            phrases = {n: " ".join(words[place : place + n]) for n in (3, 2, 1)}
            size = next((n for n, phrase in phrases.items() if _is_kind(phrase, lexicon)), 0)
            if size and not aside:
                found.append(" ".join(words[place : place + size]))
            elif size:
                aside = False  # of what a preposition leads to, the first thing is it
            place += size or 1
    return tuple(dict.fromkeys(found))


def _is_kind(phrase: str, lexicon: Lexicon) -> bool:
    return phrase.replace(" ", "").replace("-", "").isalpha() and lexicon.knows("category", phrase)


def _references(text: str, shown: int) -> tuple[int, ...]:
    if not shown:
        return ()
    text = _SORTED.sub(" ", text)
    refs: list[int] = []
    for found in _ORDINAL.finditer(text):
        place, more = found[1], found[2]
        number = shown if place == "last" else _ORDINALS.get(place) or int(place[0])
        if place == "last" and not re.search(r"\blast\s+(?:one|1|of)\b", text):
            continue
        count = {"two": 2, "2": 2, "three": 3, "3": 3}.get(more or "", 1)
        refs += range(number, number + count)
    refs += [_COUNTED.get(number) or int(number) for number in _NUMBERED.findall(text)]
    if not refs:
        refs += [int(digit) for listed in _LISTED.findall(text) for digit in re.findall(r"\d", listed)]
    return tuple(dict.fromkeys(ref for ref in refs if 1 <= ref <= shown))


def _limits(text: str) -> tuple[float | None, float | None]:
    if between := _BETWEEN.search(text):
        ends = sorted(_amount(number) for number in between.groups())
        return ends[0], ends[1]
    most = _MAX.search(text) or _SUM.search(text)
    least = None if _NOT_A_LIMIT.search(text) else _MIN.search(text)
    high = _amount(next(group for group in most.groups() if group)) if most else None
    low = _amount(least[1]) if least and not (most and most.start() <= least.start() < most.end()) else None
    return low, high


def _amount(number: str) -> float:
    """1,200 and 1.200 are twelve hundred; 19.90 is not."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", number):
        return float(re.sub(r"[.,]", "", number))
    return float(number.replace(",", "."))


def _taken_out(pattern: re.Pattern[str], text: str, lexicon: Lexicon) -> tuple[tuple[tuple[Kind, str], ...], str]:
    """What a message refuses or drops, and the rest of it."""
    refused: list[tuple[Kind, str]] = []
    rest = []
    for clause in re.split(r"[.;!?,]|(?<!thing )(?<!color )(?<!colour )\bbut\b", text):
        negation = pattern.search(clause)
        if negation is None or re.match(r"(?:more|over|less|wait|idea|matter|too|only|thanks)\b", negation[1]):
            rest.append(clause)
            continue
        rest.append(clause[: negation.start()])
        tail = re.split(r"\b(?:so|because|since|my|just|please|pls)\b", negation[1])[0].split()
        # The nearest words are what is refused: `no oak or black`, not all that is said after it.
        refused += _named(" ".join(tail[:4]), lexicon)
    return tuple(refused), " , ".join(rest)


def _named(text: str, lexicon: Lexicon) -> tuple[tuple[Kind, str], ...]:
    """Colours, materials and styles that a text names as the catalogue or everybody does, the longest first."""
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*|,", re.sub(r"-ish\b", "", text))
    found: list[tuple[Kind, str]] = []
    place = 0
    while place < len(words):
        for size in (3, 2, 1):
            phrase = " ".join(words[place : place + size])
            known = "," not in phrase and len(phrase) > 2
            kind = next((kind for kind in _SLOTS if known and lexicon.knows(kind, phrase)), None)
            if kind is not None:
                found.append((kind, phrase))
                place += size
                break
        else:
            place += 1
    return tuple(dict.fromkeys(found))
