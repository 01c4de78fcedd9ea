"""Hold what a message plainly says against how it was read.

The model reads wishes, hints and slips of the pen. Ordinals, limits and negations follow rules, so rules have the last
word on them; and a bare word or limit after a list (`walnut?`, `under 250`) changes the search, whatever else it may
look like.
"""

import re
from collections.abc import Sequence

from navigator.carry import last_search
from navigator.disliked import disliked, without_disliked
from navigator.families import SHADES
from navigator.intent import BY_SIZE, LAST_PAGE, Action, ShoppingIntent, Sort
from navigator.inventions import ROOM, without_echoes, without_inventions
from navigator.lexicon import NOT_ALONE, Lexicon, plain, says
from navigator.mended_action import Heard, mended_action, those_ones
from navigator.mended_prices import mended_prices, without_price_words
from navigator.named_things import SLOTS, is_a_thing, names_a_light
from navigator.notes import asks_total, copies_asked
from navigator.part_looks import with_part_looks
from navigator.plain_words import SHORT, Said, said
from navigator.pointing import FINDS, compared_with, found, it, on_show, to_better
from navigator.price_limits import names_money
from navigator.prompt import Exchange, Shown
from navigator.seen_words import seen_alone, with_seen_words, without_refused_sights
from navigator.set_parts import is_set, staying, with_own_looks, without_spared
from navigator.size_limits import another_size, size_limits
from navigator.vague import (
    asks_for_anything,
    asks_for_more,
    liking,
    room_alone,
    with_lost_words,
    with_unknown_thing,
    without_present,
)

_LOOSE_ENDS = re.compile(
    r"^(?:an?|the|my|our)(?:\s+|$)|(?:[\s,]*\b(?:for|in|of|at|an?|the|and|but|with|that|which|is|be|to|please))+[\s,]*$"
)
"""What is left hanging where a size was taken out of a query: a shelf for a."""
_TOKEN = re.compile(r"[^\W_]+")
_THE_CHEAPER = re.compile(r"\bthe (?:cheap|dear|pric|more expensive|most expensive|less expensive)\w* (?:one|of)\b")


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
    alone = not (pointed or picture)
    if alone and (meant := _meant_at_once(intent, message, plainly, base, history, lexicon)) is not None:
        return meant
    if asks_for_anything(message) and not plainly.kinds:
        return ShoppingIntent(action="search")
    intent = without_inventions(intent, message, plainly, base, lexicon)
    if base is not None and alone:
        intent = without_echoes(intent, message, history, base)
    if base is None:
        intent = _without_a_room(intent, message, plainly, lexicon)
    one = len(plainly.kinds) == 1 and len(_heard_kinds(intent.categories, message, lexicon)) < 2
    single = len(on_show(history)) == 1
    action = mended_action(Heard(intent, plainly, base, lexicon, shown, pointed, one, _kinds(found(history)), single))
    read = intent.item_refs if action == intent.action and not picture else ()
    numbers = _numbers(action, read, message, plainly, history, pointed)
    if action == "compare" and len(numbers) == 1 and not pointed:
        action = "ask"  # with nothing else
    changed: dict[str, object] = {"action": action, "item_refs": numbers}
    if action in FINDS:
        meant = intent.model_copy(update=changed)
        changed |= mended_prices(meant, plainly, base)
        changed |= _looks(meant, message, plainly, base, lexicon)
        changed |= _things(meant, message, plainly, base if action in ("refine", "complete") else None, lexicon)
        changed |= _sizes(meant, message, plainly, base if action == "refine" else None)
        changed["rejected"] = base.rejected if base is not None and action in ("refine", "complete") else ()
        changed["sort"] = _sort(action, numbers, intent, message, plainly)
        query = without_price_words(
            str(changed.get("query", meant.query)), message, plainly, plainly.sort or intent.sort
        )
        unsaid = [brand for brand in plainly.brands if brand.casefold() not in query.casefold()]
        changed["query"] = " ".join(part for part in (*unsaid, query) if part)[:200]
    mended = ShoppingIntent(**{**intent.model_dump(), **changed})
    changes = base if action in ("refine", "complete") else None
    mended = without_spared(with_own_looks(mended, plainly, changes, lexicon), plainly, changes, lexicon)
    if action in ("search", "refine"):
        mended = without_refused_sights(mended, message, lexicon)
        mended = with_seen_words(mended, message, plainly, changes, lexicon)
    if mended.action == "complete" and not (shown or pointed or picture) and _alone(mended, plainly, lexicon):
        mended = mended.model_copy(update={"action": "search"})
    if mended.action in ("search", "refine"):
        mended = with_part_looks(mended, message, plainly, changes, lexicon)
    if not alone:
        return mended
    return without_present(with_lost_words(with_unknown_thing(mended, message, plainly, lexicon), message))


def _meant_at_once(
    intent: ShoppingIntent,
    message: str,
    plainly: Said,
    base: ShoppingIntent | None,
    history: Sequence[Exchange],
    lexicon: Lexicon,
) -> ShoppingIntent | None:
    """The last search again, with the one thing changed that a message says and nothing else; None for all others."""
    if base is None:
        return None
    if gone := disliked(message, plainly, base, found(history), lexicon):
        return without_disliked(base, gone)
    if not plainly.kinds and (liked := liking(message, base)) is not None:
        return liked  # a gift for my dad, and then: he likes plants
    if not _is_a_list(base):
        return None
    if asks_for_more(message):
        return base.model_copy(update={"action": "refine", "page": min(base.page + 1, LAST_PAGE)})
    if intent.action == "complete" and (room := room_alone(message)):
        return _with_words(base, base.query, room)
    seen = seen_alone(message, lexicon) if _asks_nothing(intent, plainly) else ()
    return _with_words(base, *seen, base.query) if seen else None  # stripes?


def _with_words(base: ShoppingIntent, *words: str) -> ShoppingIntent:
    """A search with other words to rank by, from its first page on."""
    query = " ".join(word for word in words if word)[:200]
    return base.model_copy(update={"action": "refine", "query": query, "page": 0})


def _asks_nothing(intent: ShoppingIntent, plainly: Said) -> bool:
    """Whether a message that was read as a question or small talk asks nothing, and points at nothing."""
    asks = plainly.asks or plainly.refs or plainly.kinds or plainly.named
    return intent.action in ("ask", "chat", "compare", "similar") and not asks


def _is_a_list(search: ShoppingIntent) -> bool:
    """Whether what a search found goes on: no set, nothing within a budget, and nothing like one of another list."""
    return search.action in ("search", "refine") and search.budget_total is None and not search.item_refs


def _kinds(shown: Sequence[Shown]) -> frozenset[str]:
    return frozenset(value.casefold() for entry in shown for value in entry.item.category[-1:])


def _without_a_room(intent: ShoppingIntent, message: str, plainly: Said, lexicon: Lexicon) -> ShoppingIntent:
    """One thing alone, where several were read and a message names neither them nor a room that they would furnish."""
    named = len(plainly.kinds) > 1 or len(_heard_kinds(intent.categories, message, lexicon)) > 1
    if named or intent.action != "complete" or len(intent.categories) < 2 or ROOM.search(message.casefold()):
        return intent
    if plainly.company:
        return intent.model_copy(update={"categories": ()})  # whatever goes with it
    most = intent.budget_total if intent.price_max is None else intent.price_max
    alone = {"action": "search", "categories": intent.categories[:1], "price_max": most, "budget_total": None}
    return intent.model_copy(update=alone)


def _sort(action: Action, numbers: Sequence[int], intent: ShoppingIntent, message: str, plainly: Said) -> Sort:
    """The order that a message names, else the one read.

    What goes together is in none of sizes, a bigger rug of it, and what goes with the cheaper one may cost more.
    """
    sort = plainly.sort or intent.sort
    if action == "complete" and (sort in BY_SIZE or (numbers and _THE_CHEAPER.search(message.casefold()))):
        return "relevance"
    return sort


def _sizes(intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    """Limits of size, of what is looked for and not of a whole set; said in slots and words, they are none of these.

    After one, and none of price, a bare number is another: at least 200 cm long, and then `180 would do, too`.
    """
    if not plainly.sizes:
        priced = base is None or base.price_min is not None or base.price_max is not None or names_money(message)
        again = None if priced or base is None else another_size(base.sizes, plainly.amounts)
        return {"sizes": ()} if again is None else {"sizes": (again,), "price_min": None, "price_max": None}
    several = intent.action == "complete" and len(plainly.kinds or intent.categories) > 1
    left = " ".join(size_limits(intent.query.casefold())[1].replace(" , ", " ").split())
    message = message.casefold()
    told = set(_TOKEN.findall(message)) - set(_TOKEN.findall(size_limits(message)[1]))  # my ceiling is 2.5 m high
    left = " ".join(word for word in left.split() if not told.issuperset(_TOKEN.findall(word)))
    return {"sizes": () if several else plainly.sizes, "query": _LOOSE_ENDS.sub("", left).strip(" ,")}


def _numbers(
    action: str, read: tuple[int, ...], message: str, plainly: Said, history: Sequence[Exchange], pointed: bool
) -> tuple[int, ...]:
    """The numbers of the items that a message means: those that it says, else what it says instead, else those read."""
    if plainly.refs and action not in ("search", "chat"):
        read = plainly.refs
    elif action in ("refine", "complete") and plainly.looks and not plainly.kinds and is_set(last_search(history)):
        return ()  # make it cheaper, or a bit warmer in colour: all of it
    elif action == "ask" and len(read) < 2 and asks_total(message) and not copies_asked(message):
        return ()  # one alone makes no sum
    elif action == "complete" and plainly.matches and not read and len(on_show(history)) == 1:
        return (1,)
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
        shades = SHADES.intersection(new)
        if shades and len(shades) < len(new):  # something earthy, terracotta maybe
            new, shades = [word for word in new if word not in shades], frozenset[str]()
            words = [word for word in words if word not in SHADES]
        if new and (shades or plainly.words <= SHORT):
            # Scandi style: no other style was thought of.
            meant = {value for word in new for value in lexicon.resolve(kind, word)}
            words = [
                w for w in words if plain(w) in named | wanted_before or meant.intersection(lexicon.resolve(kind, w))
            ]
        heard = {plain(word) for other in SLOTS.values() for word in getattr(intent, other)}
        queried = f" {' '.join(plain(intent.query))} "
        for word in new:
            sure = word in shades or (kind, word) in plainly.described or f" {' '.join(plain(word))} " in queried
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
        nothing = not any(lexicon.resolve("category", word) for word in intent.categories if word not in plainly.ones)
        if intent.action == "refine" and intent.categories and nothing:
            # With a drawer, or a wall one: the same kind of thing, and one that has words for it.
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
