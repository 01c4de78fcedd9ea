"""What carries over from turn to turn without being said again, as far as that is safe to decide by rule.

The model writes whole intents. Where it changes the last search and leaves out what nobody took back, that is put in
again: what must not be, what kind of thing it is about, what it may cost. Wishes of taste (colour, material, style)
are never put back: leaving them out is how a change of mind is written.
"""

from collections.abc import Sequence

from navigator.intent import BY_SIZE, ShoppingIntent, Side, SizeLimit, Sort
from navigator.knowledge import singular
from navigator.lexicon import plain
from navigator.pointing import FINDS, on_show
from navigator.prompt import Exchange
from navigator.set_parts import is_set

_ACROSS: tuple[Side, ...] = ("width", "length", "diameter")
"""How people call the same side of a rug."""


def carry(intent: ShoppingIntent, history: Sequence[Exchange]) -> ShoppingIntent:
    """An intent with what it silently keeps of the last search. Only a `refine` keeps anything."""
    base = last_search(history)
    if intent.action != "refine" or base is None:
        return intent
    now = {plain(word) for word in (*intent.colors, *intent.materials, *intent.styles, *intent.categories)}
    kept = tuple(word for word in base.exclude if plain(word) not in now)
    exclude = tuple(dict.fromkeys((*kept, *intent.exclude)))[:6]
    categories = intent.categories or (() if intent.item_refs else base.categories or _kind_on_show(history))
    bare = not (intent.query or intent.categories or intent.colors or intent.materials or intent.styles)
    several = is_set(base) and len(categories) > 1 and base.budget_total is None and intent.budget_total is None
    return ShoppingIntent(
        **{
            **intent.model_dump(),
            "action": "complete" if several else "refine",  # a set without a budget is one because of its action
            "exclude": exclude,
            "categories": categories,
            "query": base.query if bare and not intent.item_refs else intent.query,
            "budget_total": intent.budget_total if intent.budget_total is not None else base.budget_total,
            "price_max": _price_max(intent, base),
            "price_min": _price_min(intent, base),
            "sort": _sort(intent, base),
            "sizes": _sizes(intent, base),
        }
    )


def last_search(history: Sequence[Exchange]) -> ShoppingIntent | None:
    """The last intent that looked for something."""
    return next((e.intent for e in reversed(history) if e.intent is not None and e.intent.action in FINDS), None)


def _kind_on_show(history: Sequence[Exchange]) -> tuple[str, ...]:
    """What kind of thing all items on show are, where they were not asked for by name: by a picture, or a click."""
    kinds = {entry.item.category[-1] for entry in on_show(history) if entry.item.category}
    return (singular(kinds.pop().casefold())[:40],) if len(kinds) == 1 else ()


def carried_picture(intent: ShoppingIntent, history: Sequence[Exchange], has_picture: Sequence[bool]) -> int | None:
    """Which earlier exchange's picture an intent is still about: its place in the history, or None.

    Args:
        has_picture: for each exchange, whether a picture came with it.
    """
    if intent.action not in ("refine", "similar") or intent.item_refs:
        return None
    for place in range(len(history) - 1, -1, -1):
        if has_picture[place]:
            return place
        before = history[place].intent
        if before is not None and before.action in ("search", "complete"):
            return None  # something new was asked for since
    return None


def _sort(intent: ShoppingIntent, base: ShoppingIntent) -> Sort:
    """A bigger one, and then one in oak: bigger still, unless it is about something else or another order."""
    same = not intent.categories or intent.categories == base.categories
    return base.sort if base.sort in BY_SIZE and same and intent.sort == "relevance" else intent.sort


def _sizes(intent: ShoppingIntent, base: ShoppingIntent) -> tuple[SizeLimit, ...]:
    """What fits a wall fits it in oak, too, but a lamp beside it may be of any size."""
    if intent.categories and intent.categories != base.categories:
        return intent.sizes
    sides = {side for limit in intent.sizes for side in (_ACROSS if limit.side in _ACROSS else (limit.side,))}
    before = tuple(_opened(limit, intent.sort) if intent.sort != base.sort else limit for limit in base.sizes)
    return (*intent.sizes, *(limit for limit in before if limit.side not in sides))[:4]


def _opened(limit: SizeLimit, sort: Sort) -> SizeLimit:
    """A limit of about a size, open to the end that is asked for: 160 x 230, but bigger. What has to fit stays."""
    if limit.least is None or limit.most is None or sort not in BY_SIZE:
        return limit
    return SizeLimit(side=limit.side, **({"least": limit.least} if sort == "largest" else {"most": limit.most}))


def _price_max(intent: ShoppingIntent, base: ShoppingIntent) -> float | None:
    if base.budget_total is not None:
        return intent.price_max  # beside a budget, a limit was that of one thing
    if intent.price_max is not None or base.price_max is None or intent.sort == "price_high":
        return intent.price_max
    lifted = intent.price_min is not None and intent.price_min >= base.price_max
    return None if lifted else base.price_max


def _price_min(intent: ShoppingIntent, base: ShoppingIntent) -> float | None:
    if intent.price_min is not None or base.price_min is None or intent.sort == "price_low":
        return intent.price_min
    lowered = intent.price_max is not None and intent.price_max <= base.price_min
    return None if lowered else base.price_min
