"""From an intent to the items that are shown, over whatever can look things up.

The means are handed in: an application's deployments, or local objects in an evaluation. What is decided here is the
same for both: which searches an intent asks for, what gives way when nothing fits, and which of the finds are shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from navigator.extremes import exceeds, extent
from navigator.families import names_a_kind
from navigator.intent import BY_SIZE, ShoppingIntent, SizeLimit, Sort
from navigator.lexicon import Kind, Lexicon
from navigator.named_things import Looks
from navigator.prompt import Shown
from navigator.relax import (
    Relaxed,
    by_picture,
    in_part,
    no_further,
    none_beyond,
    not_sold,
    over_budget,
    relaxations,
    told,
    unseen,
)
from navigator.seen_first import DEEPER, lacking, of_color, seen_first, surely, without_refused
from navigator.set_parts import is_set, split_thing
from navigator.sets import Candidate, choose_set, within_budget
from navigator.sight import Sight
from navigator.size_limits import miss
from navigator.wish import Wish, aside, meets, read_wish, speaks_of

DEPTH = 40
"""Candidates of one search."""

ENOUGH = 3
"""What people put together with an item suffices from so many on; so many are shown by their picture alone."""

_PAGE = 8
"""Candidates more for each page that was seen before."""

_DEEPER_FOR_SIZES = 4
"""Sizes are no column of the catalogue, so that what is too large is found, too, and left out afterwards."""

_ALIKE = 8
"""So many of the first finds tell what kind of thing a picture, or a wish that names none, is about."""

_ONE_OF_EACH = 24
"""Candidates of each thing in a set."""

Look = Callable[[Wish, int], Awaitable[Sequence[Candidate]]]
"""Finds at most so many items for a wish, the best first, all of which meet its stated conditions."""

GoesWith = Callable[[str, int], Awaitable[Sequence[Candidate]]]
"""Items that people put together with this one, the best first; none where nothing is known."""

Order = Callable[[Sequence[Candidate], bool], Awaitable[Sequence[Candidate]]]
"""Orders candidates for this person and leaves out what is hidden; False keeps the order as it is."""


Sequencing = Sort | tuple[SizeLimit, ...]
"""An order, or limits of size that nothing is within: by how little things miss them."""


@dataclass(frozen=True)
class Means:
    """What finding needs of the world, and read-outs of what it finds, where the Navigator has such."""

    look: Look
    goes_with: GoesWith
    order: Order
    sight: Sight | None = None


@dataclass(frozen=True)
class Findings:
    """Candidates by thing: one group, or one for each thing of a set; and what gave way to find them.

    Args:
        sorts: by group, its order where that is another than the intent's: by price, where a limit of it gave way, or
            by how little they miss limits of size that did.
        varied: whether some of each kind of thing are shown: none that the catalogue has was named or prevails.
    """

    groups: tuple[tuple[Candidate, ...], ...]
    relaxed: tuple[Relaxed, ...] = ()
    one_of_each: bool = False
    sorts: tuple[Sequencing | None, ...] = ()
    varied: bool = False


@dataclass(frozen=True)
class Finalists:
    """What is shown, numbered from 1, and what gave way for it."""

    shown: tuple[Shown, ...]
    relaxed: tuple[Relaxed, ...] = ()


async def find(
    intent: ShoppingIntent, meant: Sequence[Shown], lexicon: Lexicon, means: Means, *, picture: bool = False
) -> Findings:
    """Find candidates for an intent.

    Args:
        meant: the items that it points at.
        picture: whether a picture is part of the query.
    """
    means = _seeing(means, lexicon.sight)
    wish = replace(read_wish(intent, lexicon), picture=picture, without=tuple(entry.item.id for entry in meant))
    if is_set(intent):
        return await _set(intent, wish, meant, lexicon, means)
    if intent.action == "complete" and meant:
        return await _company(intent, wish, meant[0], lexicon, means)
    if meant:
        wish = _resembling(intent, wish, meant)
    elif picture and not wish.wanted.get("category"):
        wish = await _pictured(wish, means)
    found, relaxed = await _relaxing(wish, means)
    if intent.sort in BY_SIZE and meant and found:
        beyond = _beyond(meant, found, intent.sort)
        found, relaxed = (beyond, relaxed) if beyond else (found, (none_beyond(intent.sort), *relaxed))
    relaxed = (*_unknown_kinds(intent, lexicon, found), *relaxed, *map(unseen, lacking(found, wish, lexicon.sight)))
    unnamed = not (wish.wanted.get("category") or picture or _prevailing(found))
    varied = unnamed or any(one.field == "categories" for one in relaxed)
    return Findings((found,), relaxed, sorts=(_next_to_limit(relaxed, intent.sizes),), varied=varied)


def _seeing(means: Means, sight: Sight | None) -> Means:
    """The same means, looking at what pictures show of what is found."""
    if sight is None:
        return means

    async def look(wish: Wish, count: int) -> Sequence[Candidate]:
        deeper = count * DEEPER if sight.looks_in(wish.text) else count
        found = without_refused(await means.look(wish, deeper), wish, sight)
        return seen_first(found, wish, sight)[:count]

    return replace(means, look=look, sight=sight)


def _unknown_kinds(intent: ShoppingIntent, lexicon: Lexicon, found: Sequence[Candidate]) -> tuple[Relaxed, ...]:
    """Kinds of thing that the catalogue does not know, and that nothing found speaks of either."""
    words = [word for word in intent.categories if not lexicon.kinds_of(word) and names_a_kind(word)]
    return tuple(not_sold(word) for word in words if not any(speaks_of(one.shown.item, word) for one in found))


async def choose(findings: Findings, intent: ShoppingIntent, means: Means, count: int) -> Finalists:
    """The items to show, at most `count`.

    A set is one of each thing within the budget; what goes with an item stays within it together; anything else is the
    best first, or by price where that was asked for.
    """
    sorts = (findings.sorts if intent.sort == "relevance" else ()) or (None,) * len(findings.groups)
    pairs = zip(findings.groups, sorts, strict=True)
    ordered = await asyncio.gather(*(_ordered(group, own or intent.sort, means) for group, own in pairs))
    budget = intent.budget_total
    if findings.one_of_each:
        chosen, fits = choose_set([group[:_ONE_OF_EACH] for group in ordered], budget)
    elif budget is not None and ordered and ordered[0]:
        chosen = within_budget(ordered[0], budget, count)
        fits = bool(chosen)
        if not fits:
            chosen = tuple(sorted(ordered[0], key=_price)[:1])
    else:
        chosen, fits = tuple(one for group in ordered for one in group), True
        if findings.varied and intent.sort == "relevance" and not any(findings.sorts):
            chosen = _some_of_each(chosen)
    relaxed = findings.relaxed
    if intent.page and not findings.one_of_each and budget is None:
        further = chosen[intent.page * count :]
        chosen, relaxed = (further, relaxed) if further else (chosen, (no_further(intent), *relaxed))
    if budget is not None and chosen and not fits:
        total = sum(one.shown.item.price or 0.0 for one in chosen)
        relaxed = (*relaxed, over_budget(budget, total, chosen[0].shown.item.currency))
    return Finalists(tuple(one.shown for one in chosen[:count]), relaxed)


def _some_of_each(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The first of each kind of thing, then the second of each, and so on, each time in the order in which they came.

    Whoever names no kind is shown what there is; of whoever named one that the shop has not, the kinds that come
    nearest are guesses, and eight of the first guess no better than one.
    """
    before: dict[str, int] = {}
    rounds = []
    for one in found:
        kind = _kind(one)
        before[kind] = before.get(kind, -1) + 1
        rounds.append(before[kind])
    return tuple(one for _, one in sorted(zip(rounds, found, strict=True), key=lambda entry: entry[0]))


async def _ordered(group: Sequence[Candidate], sort: Sequencing, means: Means) -> tuple[Candidate, ...]:
    """A group in the order of showing, with scores that say so."""
    if not group:
        return ()
    by_looks = sort in ("relevance", "newest")
    ordered = list(await means.order(group if by_looks else surely(group), by_looks))
    if isinstance(sort, tuple):
        misses = {one.shown.item.id: miss(sort, one.shown.item) for one in ordered}
        ordered.sort(key=lambda one: misses[one.shown.item.id])
    elif sort in ("price_low", "price_high"):
        sign = 1.0 if sort == "price_low" else -1.0
        ordered.sort(key=lambda one: (one.shown.item.price is None, sign * (one.shown.item.price or 0.0)))
    elif sort in BY_SIZE:
        sign = 1.0 if sort == "smallest" else -1.0
        sizes = {one.shown.item.id: extent(one.shown.item) for one in ordered}
        ordered.sort(key=lambda one: (sizes[one.shown.item.id] is None, sign * (sizes[one.shown.item.id] or 0.0)))
    else:
        ordered.sort(key=lambda one: -one.looks)
    return tuple(replace(one, score=1.0 / (rank + 3)) for rank, one in enumerate(ordered))


async def _set(intent: ShoppingIntent, wish: Wish, meant: Sequence[Shown], lexicon: Lexicon, means: Means) -> Findings:
    """One search for each of several things; an item that is meant is the one of its kind."""
    searches: dict[str, Awaitable[tuple[tuple[Candidate, ...], tuple[Relaxed, ...]]]] = {}
    relaxed: list[Relaxed] = []
    for thing in dict.fromkeys(intent.categories):
        values = lexicon.resolve("category", thing)
        if not values:
            relaxed.append(not_sold(thing))
            continue
        ending = {value.casefold() for value in values}
        kept = (one for one in meant if one.item.category and one.item.category[-1].casefold() in ending)
        kind, looks = split_thing(thing, lexicon)
        part = _in_own_looks(wish, thing, looks, values, intent, lexicon)
        searches[thing] = _one_of(part, next(kept, None), means, kind)
    found = await asyncio.gather(*searches.values())
    for thing, (group, given_up) in zip(searches, found, strict=True):
        relaxed += given_up if group else [not_sold(thing)]
    there = [(group, _next_to_limit(given_up)) for group, given_up in found if group]
    groups, sorts = tuple(group for group, _ in there), tuple(sort for _, sort in there)
    return Findings(groups, tuple(relaxed), one_of_each=True, sorts=sorts)


def _in_own_looks(
    wish: Wish, thing: str, own: Looks, values: tuple[str, ...], intent: ShoppingIntent, lexicon: Lexicon
) -> Wish:
    """The wish for one thing of a set: what is wished of all, but for its own looks."""
    wanted, said = {**wish.wanted, "category": values}, {**wish.said, "category": (thing,)}
    for kind in dict.fromkeys(kind for kind, _ in own):
        said[kind] = tuple(word for its, word in own if its == kind)
        wanted[kind] = tuple(dict.fromkeys(value for word in said[kind] for value in lexicon.resolve(kind, word)))
    text = " ".join((*intent.colors, *intent.materials, *intent.styles, thing))
    return replace(wish, text=text, wanted=wanted, said=said)


async def _one_of(
    part: Wish, kept: Shown | None, means: Means, kind: str
) -> tuple[tuple[Candidate, ...], tuple[Relaxed, ...]]:
    """What there is for one thing of a set: the item that stays, or what its wish finds."""
    return ((Candidate(kept, 1.0),), ()) if kept is not None else await _relaxing(part, means, kind)


async def _company(intent: ShoppingIntent, wish: Wish, anchor: Shown, lexicon: Lexicon, means: Means) -> Findings:
    """What goes with an item: what people put together with it, then other kinds of things that look like it."""
    known = [one for one in await means.goes_with(anchor.item.id, DEPTH) if meets(wish, one.shown.item)]
    unknown = _unknown_kinds(intent, lexicon, known)
    if len(known) >= ENOUGH:
        return Findings((tuple(known),), unknown)
    kind: dict[Kind, tuple[str, ...]] = {"category": (anchor.item.category[-1].casefold(),)}
    alike = (
        wish
        if wish.wanted.get("category") or not anchor.item.category
        else replace(wish, excluded={**wish.excluded, **{k: (*wish.excluded.get(k, ()), *v) for k, v in kind.items()}})
    )
    more, relaxed = await _relaxing(replace(alike, like=(anchor.item.id,)), means)
    seen = {one.shown.item.id for one in known}
    found = (*known, *(one for one in more if one.shown.item.id not in seen))
    relaxed = () if known else relaxed
    return Findings((found,), (*unknown, *relaxed), sorts=(_next_to_limit(relaxed, intent.sizes),))


def _next_to_limit(relaxed: Sequence[Relaxed], sizes: tuple[SizeLimit, ...] = ()) -> Sequencing | None:
    """Whoever has a limit is best served by what comes next to it."""
    fields = {one.field for one in relaxed}
    if "price_max" in fields:
        return "price_low"
    if "price_min" in fields:
        return "price_high"
    return sizes if "sizes" in fields else None


async def _pictured(wish: Wish, means: Means) -> Wish:
    """A wish by a picture, for the kind of thing that what looks most like it is, if that leaves little doubt."""
    alike = await means.look(Wish(picture=True, in_stock=False), _ALIKE)
    likeliest = _prevailing(alike)
    if not likeliest:
        return wish
    return replace(wish, wanted={**wish.wanted, "category": (likeliest,)}, said={**wish.said, "category": (likeliest,)})


def _prevailing(found: Sequence[Candidate]) -> str:
    """The kind of thing of which most of the first are, the earlier the more; "" where no kind is more than half."""
    weight: dict[str, float] = {}
    for rank, one in enumerate(found[:_ALIKE], 1):
        kind = _kind(one)
        weight[kind] = weight.get(kind, 0.0) + 1 / rank
    likeliest = max(weight, key=lambda kind: weight[kind], default="")
    return likeliest if weight and weight[likeliest] * 2 > sum(weight.values()) else ""


def _resembling(intent: ShoppingIntent, wish: Wish, meant: Sequence[Shown]) -> Wish:
    """A wish for things like those meant: of their kind, unless another was named, and with the changes asked for."""
    kinds = tuple(dict.fromkeys(entry.item.category[-1].casefold() for entry in meant if entry.item.category))
    changed = bool(intent.colors or intent.materials or intent.styles or intent.categories)
    wish = replace(wish, like=tuple(entry.item.id for entry in meant))
    prices = [entry.item.price for entry in meant if entry.item.price is not None]
    if prices and intent.sort == "price_low" and wish.price_max is None:
        wish = replace(wish, price_max=max(0.0, min(prices) - 0.01))  # cheaper than those meant
    if not wish.wanted.get("category") and kinds:
        wish = replace(wish, wanted={**wish.wanted, "category": kinds}, said={**wish.said, "category": kinds})
    # `More like the second one` says nothing that words could rank by.
    return wish if changed or intent.action != "similar" else replace(wish, text="")


def _beyond(meant: Sequence[Shown], found: Sequence[Candidate], sort: Sort) -> tuple[Candidate, ...]:
    """Of what was found, that which is larger, or smaller, than all of the items meant; all, where no size is known."""
    sizes = [size for entry in meant if (size := extent(entry.item)) is not None]
    pairs = [(one, size) for one in found if (size := extent(one.shown.item)) is not None]
    if not (sizes and pairs):
        return tuple(found)
    return tuple(one for one, size in pairs if all(exceeds(size, than, sort) for than in sizes))


async def _relaxing(wish: Wish, means: Means, thing: str = "") -> tuple[tuple[Candidate, ...], tuple[Relaxed, ...]]:
    """What a wish finds, and what had to give way before it found anything."""
    if found := await _look(wish, means):
        beside = set.intersection(*(set(aside(wish, one.shown.item)) for one in found))
        return found, tuple(in_part(wish, kind, thing) for kind in sorted(beside))
    for given_up in relaxations(wish.conditions if not thing else wish.conditions[:-1]):
        found = await _look(wish.lacking(*given_up), means)
        if given_up == ("color",) and (open_ := tuple(one for one in found if not one.shown.item.colors)):
            # Of these only the picture tells the colour, and the vectors that ranked them have seen it.
            return open_[:ENOUGH], (by_picture(wish),)
        if found:
            currency = next((one.shown.item.currency for one in found), None)
            return found, told(wish, given_up, currency, thing)
    return (), ()


async def _look(wish: Wish, means: Means) -> tuple[Candidate, ...]:
    """What meets a wish.

    Where anything is mainly of the colour and material asked for, what has them in a part alone is left out: a blue
    teapot with a black handle is no black teapot.
    """
    if not (wish.text or wish.like or wish.picture or wish.wanted):
        # A browse of everything: a filter would put it in the catalogue's order, one kind after the other.
        free = replace(wish, in_stock=False)
        found = await means.look(free, DEPTH + wish.page * _PAGE)
        return tuple(one for one in found if meets(wish, one.shown.item))
    depth = DEPTH + wish.page * _PAGE
    reach = depth * _DEEPER_FOR_SIZES if wish.sizes else depth
    seen, silent = await asyncio.gather(means.look(wish, reach), _by_color_seen(wish, means, depth))
    known = {one.shown.item.id for one in seen}
    seen = [*seen, *(one for one in silent if one.shown.item.id not in known)]
    found = [one for one in seen if wish.allows(one.shown.item)][:depth]
    least = min((len(aside(wish, one.shown.item)) for one in found), default=0)
    return tuple(one for one in found if len(aside(wish, one.shown.item)) == least)


async def _by_color_seen(wish: Wish, means: Means, count: int) -> Sequence[Candidate]:
    """What meets a wish but for its colour, which the catalogue does not state and pictures show."""
    if means.sight is None or not wish.wanted.get("color"):
        return ()
    return of_color(await means.look(wish.lacking("color"), count), wish, means.sight)


def _kind(one: Candidate) -> str:
    return one.shown.item.category[-1].casefold() if one.shown.item.category else ""


def _price(one: Candidate) -> float:
    price = one.shown.item.price
    return float("inf") if price is None else price
