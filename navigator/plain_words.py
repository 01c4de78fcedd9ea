"""What a message says so plainly that rules can read it: the first one, under 300, not white, a rug for my sofa."""

import re
from dataclasses import dataclass

from navigator.families import with_shades
from navigator.intent import SizeLimit, Sort
from navigator.lexicon import Kind, Lexicon
from navigator.named_things import Looks, had_looks, named_looks, named_things, own_looks, with_lamps
from navigator.number_words import in_digits
from navigator.price_limits import price_limits
from navigator.refusals import DROPPED, NEGATION, in_plain_terms, taken_out
from navigator.size_limits import size_limits
from navigator.spelling import is_usual

SHORT = 6
"""A message of at most so many words has no room for things that are not wished for: a room, what one has already."""

_WITH = re.compile(r"(?<!go)(?<!goes)(?<!going) with (?!(?:my|our|your|his|her|their|this|that|these|those|it|the)\b)")
"""Between things that are to cost so much together; `a table with chairs`."""
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_PLACE = rf"(?:{'|'.join(_ORDINALS)}|1st|2nd|3rd|[4-8]th|last)"
_ORDINAL = re.compile(
    rf"(?<!-)(?<!\ba )\b({_PLACE})\b(?:\s+(two|three|2|3)\b)?"
    r"(?![ -](?:of all|time|apartment|flat|home|house|thing|place|hand|floor|\w*room|child|baby|kid|birthday|date)\b)"
)
_SORTED = re.compile(
    r"\b(?:cheap\w*|expensive|dear\w*|pric\w+|low\w*|high\w*|cost\w*|at|new\w*)\s+(?:ones?\s+)?first\b"
)
_COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERED = re.compile(rf"(?:\bnumber|\bnr\.?|#|\boption|\bitem)\s?(\d|{'|'.join(_COUNTED)})\b|\bno\.\s?(\d)\b")
_LIKE_NUMBER = re.compile(r"\blike ([1-8])\b(?!\s+[a-z])")
_LISTED = re.compile(
    r"\b[1-8](?:(?:\s*(?:,|and|n|an|vs\.?|or|&)\s*|\s+)[1-8])+\b(?!\s*(?:people|persons?|seats?|of them|%))"
    r"(?!\s+(?!(?:has|was|does|its|plus|looks|costs)\b)[a-z]{3,}s\b)"
)
"""2 and 4, or 1 3 5; not 2 or 3 drawers."""


_QUESTION = re.compile(
    r"\b(?:what|whats|wat|which|wich|who|how|hw|where|when|why|compare|difference|tell me)\b"
    r"|\b(?:go(?:es)? with|match\w*|thanks?)\b"
    r"|^(?:and |so |ok |but )?(?:is|are|was|were|does|do|did|can|could|would)\b"
)
_REQUEST = re.compile(
    r"\b(?:you|there) (?:have|got|sell|carry|be|any|an?|one|some\w*)\b"
    r"|\bany (?:of them )?(?:in|made|of(?! (?:them|these|those)\b))\b"
    r"|\b(?:could|can|would|may|might) (?:you|it|they|we|i) (?:please |also |perhaps )?"
    r"(?:show|find|leave|take|put|sort|stay|keep|be|get|have|do|make|go|drop)\b"
    r"|\b(?:i|we)(?:'d| would)? (?:much |also |really )?(?:rather|prefer|like|love|meant|want|need)\b"
    r"|\b(?:do|does) (?:it|they) come\b|\b(?:instead|preferably|please|ideally)\b"
    r"|\bwould (?:suit|look|go|be) (?:nicer|better)\b"
)
_ITEM = (
    r"(?:it|this|that|them|both|these|those|all|(?:this|that|the \w+) one|number \d"
    r"|the (?:first|second|third|last)(?: \w+)?)"
)
_ORDERS = re.compile(
    r"\b(?:add|put)\b.{0,40}?\b(?:(?:to|in|into) (?:my|our) (?:shopping )?(?:cart|basket|bag|trolley)"
    r"|(?:to|in|into) (?:the )?(?:shopping )?(?:cart|trolley))\b|\badd (?:\S+ ){1,4}to (?:the )?basket\b"
    r"|\bcheck ?out(?: now| please)?\W*$"
    rf"|\b(?:buy|order|purchase|reserve) {_ITEM}(?: (?:please|now|then|here|for me))*\W*$"
)
"""What a shop's own pages do."""
_SERVICE = re.compile(
    r"\b(?:deliver(?:y|ed|ies)?|shipping|shipped|postage|refunds?|returns? policy"
    r"|(?:send|give|return) (?:it|them|this) back|warrant(?:y|ies)|guarantees?d?|opening hours|instal?ments"
    r"|voucher|coupon|discounts?|on sale|pay (?:by|with|later|in))\b"
)
"""What its team knows."""
_ABOUT = re.compile(
    r"\b(?:what|which|why|who|when|where|tell|difference|compare|sure|right|really)\b"
    r"|\bhow\b(?! many (?:\w+ )?(?:do|have|can|are|is)\b)"
)
_OFFERED = re.compile(r"\byour\b|\b(?:do|have) you (?:have|sell|got|carry|stock|offer)\b")
_OTHERWISE = re.compile(
    r"\b(?:other|different|another|more) (?:colou?r|material|fabric|finish|wood|shade|pattern|style|size|version)\w*\b"
)
_BESIDE = re.compile(r"\b(?:my|our|next to|beside|go(?:es)? with|match\w*)\b")
_LIKENS = re.compile(r"\b(?:similar|same|like (?:it|that|this|the|those|these|[1-8])|along the lines)\b")
_COMPANY = re.compile(r"\bgo(?:es)? (?:well |nicely )?with\b|\b(?:buy|bought|put|combine|pair) (?:together )?with\b")
_GATHERS = re.compile(
    r"\b(?:with|match\w*|pair\w*|suit\w*|go(?:es|ing)?|complet\w*|complement\w*|together|sets?(?! of \d)|rooms?|corner"
    r"|nook|beside|next|under|on|total"
    r"|(?:for|to) (?:it|this|that|these|those|them|the (?:first|second|third|last)|[1-8](?:st|nd|rd|th)?))\b"
)
_MATCHES = re.compile(r"\b(?:matching|to match|that match(?:es)?)\b(?! (?:my|our|with|each))")
_ONES = re.compile(r"\b([a-z]+) (?:ones?|1)\b")
_MADE_BY = re.compile(r"\b(?:by|from|brand)\s+$")
_CHEAPEST = re.compile(
    r"\bche{1,2}a?p(?:e?r|e?st)\b|\blowest price"
    r"|\b(?:sort|order)(?:ed)? by pri[cs]e(?!,? (?:from )?(?:high|most|dear|desc))|\blow\w*(?: price\w*)? to high"
    r"|\bascending\b|\bcosts? (?:a bit )?less\b|\b(?:less|least|too) (?:expensive|costly|dear|pric[ie]y)\b"
    r"|\bmore affordable\b"
)
_DEAREST = re.compile(
    r"\bmost expensiv\w*|\bdearest\b|\bpriciest\b|\bhighest price|\bdescending\b"
    r"|\bhigh\w*(?: price\w*)? (?:to low|first)|\b(?:expensive|dear)\w*(?: ones?)? first"
)
_NOT_THAT = re.compile(
    r"\b(?:not|isn't|without) (?:necessarily )?the (?:very )?(?:cheapest|most expensive|dearest|priciest)\b"
)
"""Not the cheapest: no order at all."""
_NOT_A_SIZE = (
    r"(?!\s+(?:\w*rooms?|flat|house|home|place|space|apartment|studio|budget|price|choice|selection|family)\b)"
)
_VERY = r"(?:really|very|super|extra)"
_LARGE, _LITTLE = r"(?:big|large|wide|tall|long|bulky)", r"(?:small|little|narrow|short|slim)"
_SIZED: dict[Sort, re.Pattern[str]] = {
    "largest": re.compile(
        rf"\b(?:bigger|larger|wider|taller|(?<!\bno )(?<!\bany )longer|roomier|huge|{_VERY} {_LARGE}"
        rf"|{_LARGE}(?= ones?\b)|(?<!not )too {_LITTLE})\b{_NOT_A_SIZE}"
    ),
    "smallest": re.compile(
        rf"\b(?:smaller|narrower|shorter|slimmer|tinier|more compact|tiny|{_VERY} {_LITTLE}|{_LITTLE}(?= ones?\b)"
        rf"|(?<!not )too {_LARGE})\b{_NOT_A_SIZE}"
    ),
}
_SIZE_ALONE = re.compile(
    r"^(?:(?:something|and|but|ok|rather|a bit|preferably|please|,) ?)*"
    rf"(?:(?P<little>{_LITTLE}|compact)|{_LARGE})(?: please| then)?\W*$"
)
_NARROWS = re.compile(r"\b(?:only|just)\b")
_EITHER = re.compile(r"^(?:or|and|also)\b|\b(?:too|also|as well|either)\b")
PRICED = re.compile(
    r"cheap|cheep|chep|pric|prise|expens|less\b(?! (?!expens|cost|dear|pric|mone?y|than|please|if|for)\w)"
    r"|cost|dear|afford|budget|money|sort|order|low|high|luxur|broke|bargain"
)
SIZED = re.compile(
    r"\b(?:big|large|wide|tall|long|small|narrow|short|slim|compact|tiny|little|huge|giant|roomy|fit|space|size)"
    r"(?:r|er|st|est|s)?\b|\b(?:bigg|slimm|tini|roomi)e(?:r|st)\b|\b(?:more|much|less) room\b"
)
"""What a message that asks for an order of sizes speaks of."""
_BETWEEN_LOOKS = frozenset(
    ["or", "and", "in", "a", "also", "maybe", "perhaps", "preferably", "ideally", "plain", "please"]
)
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
            not be any more; described: those that surely belong to what is looked for.
        kinds: of thing that are looked for; owned: that somebody has, and had: what these look like; own: of several
            kinds, those that have looks of their own, and these: a walnut desk and a brass lamp; spared: that are not
            wanted, or not any more.
        ones: what comes before `ones`, as in the floor ones; brands: of the catalogue.
        asks: whether it asks something; requests: whether it asks for something else; orders: whether to buy what is
            on show; service: whether it speaks of delivery and the like; offered: whether of
            what the shop has; otherwise: whether of other colours, or the like; opens: whether it says that something
            does not matter; beside: whether it speaks of things that are there already; likens: whether it compares
            with one of them; gathers: whether it speaks of several things, or of what one is to go with.
        amounts: numbers that could be prices; sizes: limits of size.
        words: how many it has.
    """

    refs: tuple[int, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    budget: float | None = None
    named: Looks = ()
    refused: Looks = ()
    dropped: Looks = ()
    kinds: tuple[str, ...] = ()
    owned: tuple[str, ...] = ()
    had: tuple[str, ...] = ()
    own: tuple[tuple[str, Looks], ...] = ()
    spared: tuple[str, ...] = ()
    ones: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    described: Looks = ()
    sort: Sort | None = None
    asks: bool = False
    requests: bool = False
    orders: bool = False
    service: bool = False
    offered: bool = False
    otherwise: bool = False
    opens: bool = False
    beside: bool = False
    likens: bool = False
    company: bool = False
    gathers: bool = False
    matches: bool = False
    narrows: bool = False
    either: bool = False
    amounts: tuple[float, ...] = ()
    sizes: tuple[SizeLimit, ...] = ()
    words: int = 0

    @property
    def looks(self) -> bool:
        """Whether it says what things should be like: looks, limits, an order."""
        return bool(self.named or self.refused or self.limits or self.sizes or self.sort)

    @property
    def changes(self) -> bool:
        """Whether it says what is to be otherwise: that, or what need not be any more."""
        return self.looks or bool(self.dropped or self.spared)

    @property
    def limits(self) -> bool:
        """Whether it sets a limit of price."""
        return any(value is not None for value in (self.price_min, self.price_max, self.budget))


def said(message: str, lexicon: Lexicon, shown: int, last: int | None = None) -> Said:
    """Read a message by rules.

    Args:
        shown: items on show, which ordinals count.
        last: the last one's number, where that is another.
    """
    sizes, text = size_limits(in_digits(" ".join(message.casefold().replace("’", "'").split())))
    text = in_plain_terms(with_shades(with_lamps(text)), lexicon)
    refused, without, rest = taken_out(NEGATION, text, lexicon)
    dropped, forgotten, rest = taken_out(DROPPED, rest, lexicon)
    prices = price_limits(text)
    had = had_looks(rest, lexicon)
    for looks in had:
        rest = rest.replace(f"{looks} ", "", 1)
    things, owned = named_things(_WITH.sub(", ", rest) if prices.together else rest, lexicon)
    kinds = tuple(dict.fromkeys(thing.kind for thing in things))
    described = tuple(dict.fromkeys(look for thing in things for look in thing.looks))
    if len(kinds) < 2 and not _BESIDE.search(text):
        described = tuple(dict.fromkeys((*described, *_stated(rest, lexicon))))
    return Said(
        refs=_references(text, shown, last or shown),
        price_min=prices.least,
        price_max=prices.most,
        budget=prices.budget,
        named=named_looks(rest, lexicon),
        refused=refused,
        dropped=dropped,
        kinds=kinds,
        owned=owned,
        had=had,
        own=own_looks(things),
        spared=(*without, *forgotten),
        ones=tuple(_ONES.findall(rest)),
        brands=named_brands(text, lexicon),
        described=described,
        sort=_order(text),
        asks=bool(_QUESTION.search(text)),
        requests=bool(_REQUEST.search(text)) and not _ABOUT.search(text),
        orders=bool(_ORDERS.search(text)),
        service=bool(_SERVICE.search(text)),
        offered=bool(_OFFERED.search(text)),
        otherwise=bool(_OTHERWISE.search(text)),
        opens=bool(_OPEN.search(text)),
        beside=bool(_BESIDE.search(text)),
        likens=bool(_LIKENS.search(text)),
        company=bool(_COMPANY.search(text)),
        gathers=bool(_GATHERS.search(text)),
        matches=bool(_MATCHES.search(text)),
        narrows=bool(_NARROWS.search(text)),
        either=bool(_EITHER.search(text)),
        amounts=prices.amounts,
        sizes=sizes,
        words=len(text.split()),
    )


def _stated(text: str, lexicon: Lexicon) -> Looks:
    """Looks that a text states on their own: `white or cream` between commas, or behind the thing, `in boucle`."""
    looks: list[tuple[Kind, str]] = []
    for clause in re.split(r"[.,:;!?]", text):
        named = named_looks(clause, lexicon)
        left = set(re.findall(r"[^\W\d_]+", clause)) - {word for _, look in named for word in look.split()}
        looks += named if left <= _BETWEEN_LOOKS else ()
    for behind in re.findall(r"\b(?:in|made of|made from)\s+((?:[^\W_]+[ -]?){1,3})", text):
        looks += [look for look in named_looks(behind, lexicon) if behind.startswith(look[1])]
    return tuple(looks)


def named_brands(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The catalogue's brands that a text in lower case names; one that is a usual word counts behind `by` alone."""
    found = []
    for brand in lexicon.values.get("brand", ()):
        if brand.casefold() not in text:
            continue  # of thousands, nearly all
        at = re.search(rf"(?<!\w){re.escape(brand.casefold())}(?!\w)", text)
        if at and (not is_usual(brand) or _MADE_BY.search(text[: at.start()])):
            found.append(brand)
    return tuple(found)


def _order(text: str) -> Sort | None:
    text = _NOT_THAT.sub(" ", text)
    dearest, cheapest = _DEAREST.search(text), _CHEAPEST.search(text)
    if dearest and not (cheapest and cheapest.start() < dearest.start()):
        return "price_high"
    if cheapest:
        return "price_low"  # from cheapest to most expensive, too
    if alone := _SIZE_ALONE.search(text):
        return "smallest" if alone["little"] else "largest"
    return next((sort for sort, asked in _SIZED.items() if asked.search(text)), None)


def _references(text: str, shown: int, last: int) -> tuple[int, ...]:
    if not shown:
        return ()
    text = _SORTED.sub(" ", text)
    refs: list[int] = []
    for found in _ORDINAL.finditer(text):
        place, more = found[1], found[2]
        number = last if place == "last" else _ORDINALS.get(place) or int(place[0])
        if place == "last" and not re.search(r"\blast\s+(?:one|1|of)\b", text):
            continue
        count = {"two": 2, "2": 2, "three": 3, "3": 3}.get(more or "", 1)
        refs += range(number, number + count)
    refs += [
        _COUNTED.get(number) or int(number) for found in _NUMBERED.findall(text) if (number := found[0] or found[1])
    ]
    refs += [int(number) for number in _LIKE_NUMBER.findall(text)]
    if not refs:
        refs += [int(digit) for listed in _LISTED.findall(text) for digit in re.findall(r"\d", listed)]
    return tuple(dict.fromkeys(ref for ref in refs if 1 <= ref <= shown))
