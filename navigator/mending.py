"""Hold what a message plainly says against how it was read.

The model reads wishes, hints and slips of the pen. Ordinals, limits and negations follow rules, so rules have the last
word on them; and a bare word or limit after a list (`walnut?`, `under 250`) changes the search, whatever else it may
look like.
"""

import re
from collections.abc import Sequence

from navigator.carry import last_search
from navigator.disliked import disliked, without_disliked
from navigator.families import LOOKS
from navigator.intent import BY_SIZE, LAST_PAGE, Action, ShoppingIntent, Sort
from navigator.knowledge import singular
from navigator.lexicon import NOT_ALONE, Kind, Lexicon, plain, says
from navigator.mended_action import Heard, mended_action, those_ones
from navigator.named_things import SLOTS, is_a_thing, names_a_light
from navigator.notes import asks_total, copies_asked
from navigator.plain_words import PRICED, SHORT, SIZED, Said, said
from navigator.pointing import FINDS, compared_with, found, it, to_better
from navigator.prompt import Exchange, Shown
from navigator.refusals import NEGATION
from navigator.seen_words import with_seen_words
from navigator.set_parts import is_set, staying, with_own_looks, without_spared
from navigator.size_limits import size_limits
from navigator.vague import (
    asks_for_anything,
    asks_for_more,
    room_alone,
    with_lost_words,
    with_unknown_thing,
    without_present,
)

_PRICE_WORDS = re.compile(
    r",?\s*\b(?:(?:too|so|less|more|most|least|a bit|the)\s+)*"
    r"(?:expensive|cheap(?:er|est)?|pric[ie]e?y?|affordable|dear(?:er|est)?)\b",
    re.IGNORECASE,
)

_AN_AMOUNT = re.compile(r",? at [€$£](\d[\d.,]*)")
"""What a model now and then adds to a query from the answer before it."""

_LOOSE_ENDS = re.compile(
    r"^(?:an?|the)\s+|(?:[\s,]*\b(?:for|in|of|at|an?|the|and|but|with|that|which|is|be|to|please))+[\s,]*$"
)
"""What is left hanging where a size was taken out of a query: a shelf for a."""

_ROOM = re.compile(
    r"\b(?:\w*rooms?|lounge|kitchen|hall(?:way)?|entrance|study|office|workspace|corner|nook|area|space|place"
    r"|flat|apartment|house|home|studio|balcony|terrace)\b"
)
"""Where people furnish."""


def mend(
    intent: ShoppingIntent,
    message: str,
    history: Sequence[Exchange],
    lexicon: Lexicon,
    *,
    pointed: bool = False,
    picture: bool = False,
) -> ShoppingIntent:
    """An intent that agrees with what the message plainly says; what that leaves open stays as it was read.

    Args:
        pointed: whether items were pointed at by a click.
        picture: whether a picture came with it: `like this` is the picture, unless it names a number.
    """
    shown = max((len(exchange.shown) for exchange in history), default=0)
    plainly = said(message, lexicon, shown, len(found(history)))
    base = last_search(history)
    gone = () if pointed or picture else disliked(message, plainly, base, found(history), lexicon)
    if base is not None and gone:
        return without_disliked(base, gone)
    if base is not None and _is_a_list(base) and asks_for_more(message) and not (pointed or picture):
        return base.model_copy(update={"action": "refine", "page": min(base.page + 1, LAST_PAGE)})
    if base is not None and _is_a_list(base) and intent.action == "complete" and (room := room_alone(message)):
        return base.model_copy(update={"action": "refine", "query": f"{base.query} {room}".strip()[:200], "page": 0})
    if asks_for_anything(message) and not plainly.kinds:
        return ShoppingIntent(action="search")
    intent = _without_inventions(intent, message, plainly, base, lexicon)
    if base is None:
        intent = _without_a_room(intent, message, plainly, lexicon)
    one = len(plainly.kinds) == 1 and len(_heard_kinds(intent.categories, message, lexicon)) < 2
    action = mended_action(Heard(intent, plainly, base, lexicon, shown, pointed, one, _kinds(found(history))))
    read = intent.item_refs if action == intent.action and not picture else ()
    numbers = _numbers(action, read, message, plainly, history, pointed)
    if action == "compare" and len(numbers) == 1 and not pointed:
        action = "ask"  # with nothing else
    changed: dict[str, object] = {"action": action, "item_refs": numbers}
    if action in FINDS:
        meant = intent.model_copy(update=changed)
        changed |= _prices(meant, plainly, base)
        changed |= _looks(meant, message, plainly, base, lexicon)
        changed |= _things(meant, message, plainly, base if action in ("refine", "complete") else None, lexicon)
        changed["sort"] = _sort(action, intent, plainly)
        changed |= _sizes(meant, plainly)
        changed["rejected"] = base.rejected if base is not None and action in ("refine", "complete") else ()
        query = _without_price_words(str(changed.get("query", meant.query)), plainly.sort or intent.sort)
        query = _AN_AMOUNT.sub(lambda found: found[0] if found[1] in message else "", query)
        unsaid = [brand for brand in plainly.brands if brand.casefold() not in query.casefold()]
        changed["query"] = " ".join(part for part in (*unsaid, query) if part)[:200]
    mended = ShoppingIntent(**{**intent.model_dump(), **changed})
    changes = base if action in ("refine", "complete") else None
    mended = without_spared(with_own_looks(mended, plainly, changes, lexicon), plainly, changes, lexicon)
    if action in ("search", "refine"):
        mended = with_seen_words(mended, message, plainly, changes, lexicon)
    if mended.action == "complete" and not (shown or pointed or picture) and _alone(mended, plainly, lexicon):
        mended = mended.model_copy(update={"action": "search"})
    if picture or pointed:
        return mended
    return without_present(with_lost_words(with_unknown_thing(mended, message, plainly, lexicon), message))


def _is_a_list(search: ShoppingIntent) -> bool:
    """Whether what a search found goes on: no set, nothing within a budget, and nothing like one of another list."""
    return search.action in ("search", "refine") and search.budget_total is None and not search.item_refs


def _kinds(shown: Sequence[Shown]) -> frozenset[str]:
    return frozenset(value.casefold() for entry in shown for value in entry.item.category[-1:])


def _without_a_room(intent: ShoppingIntent, message: str, plainly: Said, lexicon: Lexicon) -> ShoppingIntent:
    """One thing alone, where several were read and a message names neither them nor a room that they would furnish."""
    named = len(plainly.kinds) > 1 or len(_heard_kinds(intent.categories, message, lexicon)) > 1
    if named or intent.action != "complete" or len(intent.categories) < 2 or _ROOM.search(message.casefold()):
        return intent
    if plainly.company:
        return intent.model_copy(update={"categories": ()})  # whatever goes with it
    most = intent.budget_total if intent.price_max is None else intent.price_max
    alone = {"action": "search", "categories": intent.categories[:1], "price_max": most, "budget_total": None}
    return intent.model_copy(update=alone)


def _sort(action: Action, intent: ShoppingIntent, plainly: Said) -> Sort:
    """The order that a message names, else the one read. What goes together is in none of sizes: a bigger rug of it."""
    sort = plainly.sort or intent.sort
    return "relevance" if action == "complete" and sort in BY_SIZE else sort


def _sizes(intent: ShoppingIntent, plainly: Said) -> dict[str, object]:
    """Limits of size, of what is looked for and not of a whole set; said in slots and words, they are none of these."""
    if not plainly.sizes:
        return {"sizes": ()}
    several = intent.action == "complete" and len(plainly.kinds or intent.categories) > 1
    left = " ".join(size_limits(intent.query.casefold())[1].replace(" , ", " ").split())
    return {"sizes": () if several else plainly.sizes, "query": _LOOSE_ENDS.sub("", left).strip(" ,")}


def _numbers(
    action: str, read: tuple[int, ...], message: str, plainly: Said, history: Sequence[Exchange], pointed: bool
) -> tuple[int, ...]:
    """The numbers of the items that a message means: those that it says, else what it says instead, else those read."""
    if plainly.refs and action not in ("search", "chat"):
        read = plainly.refs
    elif action in ("refine", "complete") and plainly.sort and not plainly.kinds and is_set(last_search(history)):
        return ()  # make it cheaper: all of it
    elif action == "ask" and len(read) < 2 and asks_total(message) and not copies_asked(message):
        return ()  # one alone makes no sum
    elif not pointed and (number := _unnumbered(action, message, history)) is not None:
        return (number,)
    return compared_with(message, read, history) if action == "compare" else read


def _unnumbered(action: str, message: str, history: Sequence[Exchange]) -> int | None:
    """The number of the item that a message means without one: is it oak, cheaper than that."""
    if action in ("ask", "similar", "complete"):
        return it(message, history)
    return to_better(message, history) if action == "refine" else None


def items_that_stay(
    intent: ShoppingIntent, message: str, history: Sequence[Exchange], shown: Sequence[Shown], lexicon: Lexicon
) -> tuple[Shown, ...]:
    """The items of a set on show that a message, read as this intent, leaves as they are."""
    base = last_search(history)
    if intent.action not in FINDS or not is_set(base):
        return ()
    plainly = said(message, lexicon, len(shown))
    if gone := disliked(message, plainly, base, shown, lexicon):
        return tuple(entry for entry in shown if entry not in gone)
    return staying(intent, plainly, base, shown, lexicon)


def _alone(intent: ShoppingIntent, plainly: Said, lexicon: Lexicon) -> bool:
    """Whether one kind of thing is wished for, or none and nothing that it could go with."""
    kinds = {lexicon.resolve("category", word) for word in intent.categories}
    if len(kinds) > 1 or intent.budget_total is not None:
        return False
    return bool(intent.categories) or not (plainly.gathers or plainly.company)


def _without_inventions(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """An intent without what neither the message nor the catalogue knows, nor an order unasked."""
    heard = set(plain(message)) | {singular(word) for word in plain(message)}

    def known(word: str) -> bool:
        return bool(lexicon.kinds_of(word)) or set(plain(word)) <= heard

    carried = base.exclude if base is not None else ()
    limits = plainly.sizes  # no wider than 80 cm: `wider` is nothing that must not be
    exclude = [word for word in intent.exclude if (known(word) and not (limits and _sized(word))) or word in carried]
    if not NEGATION.search(message.casefold()):
        # Mostly the bedroom: no bed is refused by that.
        named = [word for word in exclude if lexicon.kinds_of(word) and set(plain(word)) <= heard]
        exclude = [word for word in exclude if word in carried or word in named]
    spoken_of = SIZED if intent.sort in BY_SIZE else PRICED
    sorts = bool(spoken_of.search(message.casefold())) or (base is not None and base.sort == intent.sort)
    kept: dict[str, object] = {
        slot: tuple(
            word
            for word in getattr(intent, slot)
            # A rug is no material, unless one was spoken of.
            if lexicon.resolve(kind, word)
            or (set(plain(word)) <= heard and not _is_part(kind, word, lexicon))
            or (base is not None and word in getattr(base, slot))
            or (lexicon.kinds_of(word) and not lexicon.resolve("category", word))
        )
        for kind, slot in SLOTS.items()
    }
    # A reading nook is no thing to be had, but where it is to stand.
    places = [word for word in intent.categories if _ROOM.fullmatch(word.split()[-1]) and not lexicon.kinds_of(word)]
    kept |= {
        "categories": tuple(word for word in intent.categories if known(word) and word not in places),
        "query": " ".join((*(word for word in places if word not in intent.query), intent.query)).strip()[:200],
        "exclude": tuple(exclude),
        "sort": intent.sort if sorts or intent.sort == "newest" else "relevance",
    }
    return intent.model_copy(update=kept)


def _is_part(kind: Kind, word: str, lexicon: Lexicon) -> bool:
    """Whether a word is one by which the Navigator names what it sees, and no look of this kind: a drawer."""
    names = {plain(name) for name in lexicon.seen}
    return plain(word) in names and word.casefold() not in LOOKS[kind]


def _without_price_words(query: str, sort: Sort) -> str:
    """Words to rank by, without those that ask for an order of prices: too expensive."""
    return _PRICE_WORDS.sub(" ", query).strip(" ,") if sort in ("price_low", "price_high") else query


def _sized(word: str) -> bool:
    """Whether a word compares sizes or names one."""
    return bool(SIZED.search(word.casefold()) or size_limits(word.casefold())[0] or any(map(str.isdigit, word)))


def _prices(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    # Several things, or a room, which names none of those that furnish it.
    several = intent.action == "complete" and len(plainly.kinds or intent.categories) > 1
    if not plainly.limits and several and not plainly.kinds and intent.price_max in plainly.amounts:
        return {"budget_total": intent.price_max, "price_max": None}
    if not plainly.limits:
        return _heard_price(intent, plainly, base)
    together = base is not None and base.budget_total is not None and plainly.price_min is None and not plainly.kinds
    if plainly.budget is not None or together or several:
        return {"budget_total": plainly.budget or plainly.price_max, "price_max": None}
    # What is said to be the highest price is not the lowest.
    low = None if intent.price_min == plainly.price_max else intent.price_min
    return {
        "price_min": plainly.price_min if plainly.price_min is not None else low,
        "price_max": plainly.price_max if plainly.price_max is not None else intent.price_max,
        "budget_total": None,
    }


def _heard_price(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    """A highest price that is none of a message's numbers, nor the one before, is its one number, or none.

    So are a lowest one and a budget, beside sizes.
    """
    changed: dict[str, object] = {}
    for limit in ("price_min", "budget_total") if plainly.sizes else ():
        before = getattr(base, limit, None)
        if getattr(intent, limit) not in (None, before, *plainly.amounts):
            changed[limit] = before
    high = base.price_max if base is not None else None
    if intent.price_max is not None and intent.price_max not in (*plainly.amounts, high):
        changed["price_max"] = plainly.amounts[0] if len(plainly.amounts) == 1 else high
    return changed


def _looks(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> dict[str, object]:
    """Colours, materials and styles: none of those refused, those named in a short message, those nobody took back."""
    no = {plain(word) for _, word in plainly.refused}
    gone = no | {plain(word) for _, word in plainly.dropped}
    changed: dict[str, object] = {}
    wanted_before = {plain(w) for slot in SLOTS.values() for w in (getattr(base, slot) if base else ())}
    named = {plain(word) for _, word in plainly.named}
    exclude = [
        word
        for word in intent.exclude
        # What was wished for a moment ago, or is named without a no, is not refused.
        if plain(word) in no or not ({plain(word)} & (named | wanted_before))
    ]
    exclude = [word for word in exclude if plain(word) not in {plain(kind) for kind in plainly.kinds}]
    exclude += [word for _, word in plainly.refused if plain(word) not in {plain(one) for one in exclude}]
    had = {part for looks in plainly.had for part in plain(looks)} - {part for word in named for part in word}
    a_lamp = names_a_light(message.casefold())
    for kind, slot in SLOTS.items():
        words = [word for word in getattr(intent, slot) if plain(word) not in gone and not set(plain(word)) <= had]
        words = [word for word in words if not (a_lamp and word.casefold() == "light")]
        new = [word for its, word in plainly.named if its == kind]
        if base is not None and intent.action == "refine" and plainly.changes and not plainly.named:
            # `Not velvet`, `under 500`: no colour comes out of that.
            words = [w for w in words if plain(w) in wanted_before]
        if new and not plainly.either and base is not None:
            # Oak instead of walnut, and not both.
            words = [w for w in words if plain(w) in named or plain(w) not in wanted_before]
        if new and plainly.words <= SHORT:
            # Scandi style: no other style was thought of.
            meant = {value for word in new for value in lexicon.resolve(kind, word)}
            words = [
                w for w in words if plain(w) in named | wanted_before or meant.intersection(lexicon.resolve(kind, w))
            ]
        heard = {plain(word) for other in SLOTS.values() for word in getattr(intent, other)}
        queried = f" {' '.join(plain(intent.query))} "
        for word in new:
            sure = (kind, word) in plainly.described or f" {' '.join(plain(word))} " in queried
            if plain(word) not in heard and (sure or (plainly.words <= SHORT and not plainly.beside)):
                words.append(word)
        kept = [word for word in getattr(base, slot) if plain(word) not in gone] if base is not None else []
        if intent.action != "search" and not words and not new and kept and not plainly.opens and not intent.item_refs:
            words = kept
        changed[slot] = tuple(dict.fromkeys(words))[:6]
    return {**changed, "exclude": tuple(dict.fromkeys(exclude))[:6]}


def _things(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> dict[str, object]:
    """The kinds that a message looks for, where what was read is none of them or, of several, not all.

    A kind that was read more narrowly than it was said stays: side table for `a little table`, but not armchair for
    `chairs`. Of several things together none is lost because a change speaks of one of them.
    """
    together = base is not None and (base.action == "complete" or base.budget_total is not None)
    several = base is not None and len(base.categories) > 1 and together
    if not plainly.kinds and base is not None and (narrowed := those_ones(plainly, base, lexicon)):
        return {"categories": narrowed}
    if not plainly.kinds:
        # A change that names no kind is about the same one as before.
        same = plainly.changes and (intent.action == "refine" or (several and not intent.item_refs))
        if base is None or not base.categories or _narrower(intent, base, lexicon):
            return {}
        nothing = not any(lexicon.resolve("category", word) for word in intent.categories)
        if intent.action == "refine" and intent.categories and nothing:
            # With a drawer: the same kind of thing, and one that has words for it.
            return {"categories": base.categories, "query": " ".join((*intent.categories, intent.query)).strip()}
        return {"categories": base.categories} if same else {}
    before = [set(lexicon.resolve("category", word)) for word in base.categories] if base is not None else []
    meant = [set(lexicon.resolve("category", word)) for word in plainly.kinds]
    owned = {value for word in plainly.owned for value in lexicon.resolve("category", word)}
    read = [(word, set(lexicon.resolve("category", word))) for word in intent.categories]
    accompanies = bool(plainly.refs) and plainly.company  # a rug that goes with the first one
    if (
        several
        and base is not None
        and not (plainly.narrows or accompanies)
        and all(any(a & b for b in before) for a in meant)
    ):
        return {"categories": base.categories}
    ends = {plain(word)[-1:] for word in plainly.kinds}
    fitting = [
        word
        for word, values in read
        if any(values == one or (values & one and plain(word)[-1:] in ends) for one in meant)
        or (values - owned and intent.action == "complete" and len(read) > 1 and _heard(word, message))
    ]
    covered = set().union(*(values for word, values in read if word in fitting))
    missing = [word for word, one in zip(plainly.kinds, meant, strict=True) if not one & covered]
    return {"categories": tuple(dict.fromkeys((*fitting, *missing)))[:6]}


def _narrower(intent: ShoppingIntent, base: ShoppingIntent, lexicon: Lexicon) -> bool:
    """Whether the kinds of an intent are some of those of the one before: floor lamps, of lamps."""
    now, before = (
        {value for word in one.categories for value in lexicon.resolve("category", word)} for one in (intent, base)
    )
    return bool(now) and now < before


def _heard_kinds(words: Sequence[str], message: str, lexicon: Lexicon) -> set[tuple[str, ...]]:
    """The values of those kinds whose words a message has."""
    return {lexicon.resolve("category", word) for word in words if _heard(word, message)}


def _heard(word: str, message: str) -> bool:
    """Whether a message has a word, in the singular or the plural; `light` as a thing: a light, and not a light bed."""
    return says(message, word) and (plain(word) not in NOT_ALONE or is_a_thing(" ".join(plain(word)), message))
