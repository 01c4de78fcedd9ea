"""How conversations to train on begin: a wish, a vague one, a picture, several things, things that are there."""

from typing import Literal

from navigator import phrasing, presenting
from navigator.dialogue_state import State, dearer, partners_of, results
from navigator.dialogue_wishes import (
    FILTERED,
    attached,
    beside,
    beyond_slots,
    beyond_words,
    broadly,
    excluded_word,
    filters_of,
    loosely,
    price_limits,
    rounded,
    unmet_wish,
    worded_wishes,
)
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, article, phrase, plural
from navigator.relax import not_sold, told
from navigator.wish import Wish

_UNSOLD = 0.12
"""Share of several things asked for at once of which the shop does not have one."""

_BEYOND = 0.07
"""Share of searches for something that should also be as no catalogue calls anything: playful, round."""

_ORDERS = (
    ("price_low", "cheapest first"),
    ("price_low", "lowest price first please"),
    ("price_high", "the best you have, money is no issue"),
    ("price_high", "most expensive first"),
    ("newest", "what's new"),
    ("newest", "newest first"),
)


def search(state: State) -> None:
    """Ask for a kind of thing with some properties, perhaps a price, perhaps something that it must not be."""
    rng = state.rng
    target = rng.choice(state.shelf.known)
    names = list(target.telling if rng.random() < 0.85 else target.facts)
    chosen = rng.sample(names, min(len(names), rng.choice((0, 1, 1, 2, 2, 3))))
    wants = {name: target.facts[name] for name in target.facts if name in chosen}
    unmet = unmet_wish(state, target, wants) if rng.random() < 0.08 else None
    worded = worded_wishes(state, {**wants, **(unmet or {})})
    kind = broadly(rng, "category", target.kind)
    adjectives = [loosely(rng, name, worded[name]) for name, value in wants.items() if phrase(name, value) == value]
    extras = [phrase(name, value) for name, value in wants.items() if phrase(name, value) != value]
    adjectives += [worded[name] for name in unmet or {}]
    beyond = beyond_words(state)[0] if rng.random() < _BEYOND else ""
    adjectives += [beyond] if beyond else []
    uses = phrasing.uses(target.kind)
    if uses and rng.random() < 0.12:
        kind = target.kind
        pieces = [phrasing.need_for(rng, rng.choice(uses), adjectives, extras)]
    else:
        noun, details = phrasing.noun_phrase(rng, kind, adjectives, extras)
        place = attached(state, target) if rng.random() < 0.1 else ""
        pieces = [phrasing.need(rng, noun, f"{details} {place}".strip())]
        if not place and rng.random() < 0.18:
            pieces.append(beside(state, target))
    low, high = price_limits(rng, target, pieces)
    excluded = excluded_word(rng, state.shelf, target, wants, pieces)
    sort = "relevance"
    if rng.random() < 0.05:
        sort, said = rng.choice(_ORDERS)
        pieces.append(said)
    intent = ShoppingIntent(
        action="search",
        query=beyond_slots(wants, beyond),
        categories=(kind,),
        price_min=low,
        price_max=high,
        exclude=(excluded,) if excluded else (),
        sort=sort,
        **filters_of(worded),
    )
    state.begin(intent, wants, worded, target.kind)
    state.beyond = beyond
    shown = results(state, target, high, low, excluded)
    message = phrasing.together(rng, *pieces)
    if state.exchanges and rng.random() < 0.5:
        message = phrasing.say(rng, "instead_of_that", x=message)
    if unmet and shown:
        name, _ = next(iter(unmet.items()))
        state.unmet = name, worded[name]
        add_without_look(state, message, shown, state.unmet)
        return
    little = not (wants or unmet or excluded or beyond) and low is None and high is None
    state.add(message, intent, shown, presenting.found(shown, wants, worded, asks=little, again=bool(state.exchanges)))


def too_cheap(state: State) -> None:
    """Ask for a kind of thing, perhaps of some look, for less than any costs: dearer ones are shown."""
    rng = state.rng
    target = rng.choice(state.shelf.known)
    names = [name for name in FILTERED if name in target.telling]
    wants = {name: target.facts[name] for name in rng.sample(names, min(len(names), rng.choice((0, 0, 1, 1, 2))))}
    shown = dearer(state, target.kind, wants, 0.0)
    high = rounded((shown[0].item.price or 0.0) * rng.uniform(0.2, 0.95)) if shown else 0.0
    if not shown or high >= (shown[0].item.price or 0.0):
        search(state)
        return
    worded = {name: broadly(rng, name, value) for name, value in wants.items()}
    kind = broadly(rng, "category", target.kind)
    noun, details = phrasing.noun_phrase(rng, kind, [loosely(rng, name, word) for name, word in worded.items()], [])
    message = phrasing.together(rng, phrasing.need(rng, noun, details), phrasing.cap(rng, high))
    intent = ShoppingIntent(action="search", categories=(kind,), price_max=high, **filters_of(worded))
    state.begin(intent, wants, worded, target.kind)
    add_over_limit(state, message, shown, high)


def unsold(state: State) -> None:
    """Ask for a kind of thing that the shop does not have: what comes nearest to the words is shown."""
    rng = state.rng
    thing = unsold_kind(state)
    shown = rng.sample(list(state.shelf.known), min(len(state.shelf.known), rng.choice((1, 2, 4, 8))))
    names = [name for name in FILTERED if name in shown[0].telling]
    name = rng.choice(names) if names and rng.random() < 0.3 else ""
    worded = {name: broadly(rng, name, shown[0].facts[name])} if name else {}
    noun, details = phrasing.noun_phrase(rng, thing, [loosely(rng, name, word) for name, word in worded.items()], [])
    pieces = [phrasing.need(rng, noun, details)]
    high = None
    if rng.random() < 0.25:
        high = rounded(max(known.item.price or 20.0 for known in shown) * rng.uniform(1, 3))
        pieces.append(phrasing.cap(rng, high))
    intent = ShoppingIntent(action="search", categories=(thing,), price_max=high, **filters_of(worded))
    state.begin(intent, {}, worded, "")
    answer = presenting.unsold(thing, shown)
    state.add(phrasing.together(rng, *pieces), intent, shown, answer, (not_sold(thing).text,))


def not_that_kind(state: State) -> None:
    """Ask for anything but the kind of thing that was found."""
    rng, kind = state.rng, state.kind
    others = [known for known in state.shelf.known if known.kind != kind]
    if state.intent.action not in ("search", "refine") or len(state.intent.categories) != 1 or not kind or not others:
        search(state)
        return
    shown = rng.sample(others, min(len(others), rng.choice((2, 4, 8))))
    word = state.intent.categories[0]
    intent = state.intent.model_copy(update={"action": "refine", "exclude": (word,)})
    state.intent, state.kind = intent, ""
    said = phrasing.say(rng, "not_that_kind", x=word, many=plural(word))
    note = told(Wish(said={"category": (word,)}), ["category"])
    state.add(said, intent, shown, presenting.another_kind(shown), tuple(entry.text for entry in note))


def unsold_kind(state: State) -> str:
    """A kind of thing that the shop does not have."""
    kinds = {known.kind for known in state.shelf.known}
    return state.rng.choice([thing for thing in phrasing.wordings("unsold") if thing not in kinds])


def vague(state: State) -> None:
    """Say too little, perhaps of someone and a price: a few different things are shown, and one question is asked."""
    pieces = [phrasing.say(state.rng, "vague")]
    if state.rng.random() < 0.3:
        pieces.append(phrasing.say(state.rng, "likes"))
    _show_several(state, "search", ", ".join(pieces).replace("?", ""), ", ".join(pieces))


def still_vague(state: State) -> None:
    """Say a little more and still not what it should be: something cosy, up to 200."""
    word, said = beyond_words(state) if state.rng.random() < 0.8 else ("", "")
    query = ", ".join(part for part in (state.intent.query, word) if part)
    _show_several(state, "refine", query, said, state.intent.price_max)


def _show_several(
    state: State, action: Literal["search", "refine"], query: str, said: str, high: float | None = None
) -> None:
    """Show a few different things to who said so little, now and then with a price; always, who said nothing else.

    Args:
        high: the highest price that was named before.
    """
    rng = state.rng
    kinds = sorted({known.kind for known in state.shelf.known})
    kinds = rng.sample(kinds, min(rng.choice((2, 3, 4)), len(kinds)))
    shown = [rng.choice(state.shelf.of_kind(kind)) for kind in kinds]
    if not said or rng.random() < 0.25:
        high = rounded(max(known.item.price or 20.0 for known in shown) * rng.uniform(1, 1.5))
        said = ", ".join(part for part in (said, phrasing.cap(rng, high)) if part)
    state.begin(ShoppingIntent(action=action, query=query[:120], price_max=high), {}, {}, "")
    state.add(said, state.intent, shown, presenting.ask_back(shown))


def gift(state: State) -> None:
    """Ask for a present for somebody whose likings tell which kind of thing it should be, perhaps in a look."""
    rng = state.rng
    liked = [known for known in state.shelf.known if phrasing.is_liked(known.kind)]
    if not liked:
        vague(state)
        return
    target = rng.choice(liked)
    pieces = [phrasing.gift(rng, target.kind)]
    names = [name for name in FILTERED if name in target.telling]
    wants = {name: target.facts[name] for name in rng.sample(names, min(len(names), rng.choice((0, 0, 0, 1))))}
    worded = {name: broadly(rng, name, value) for name, value in wants.items()}
    pieces += [phrasing.say(rng, "but_in", x=value) for value in worded.values()]
    low, high = price_limits(rng, target, pieces)
    intent = ShoppingIntent(
        action="search", categories=(target.kind,), price_min=low, price_max=high, **filters_of(worded)
    )
    state.begin(intent, wants, worded, target.kind)
    shown = results(state, target, high, low, None)
    state.add(", ".join(pieces), intent, shown, presenting.found(shown, wants, worded, asks=len(pieces) == 1))


def by_picture(state: State) -> None:
    """Show a picture, and perhaps say how what is looked for should differ from it."""
    rng = state.rng
    target = rng.choice(state.shelf.known)
    names = [name for name in FILTERED if name in target.facts]
    wants = {name: target.facts[name] for name in rng.sample(names, min(len(names), rng.choice((0, 0, 1))))}
    worded = {name: broadly(rng, name, value) for name, value in wants.items()}
    pieces = [phrasing.say(rng, "picture")]
    pieces += [phrasing.say(rng, "but_in", x=value) for value in worded.values()]
    low, high = price_limits(rng, target, pieces)
    intent = ShoppingIntent(action="search", price_min=low, price_max=high, **filters_of(worded))
    state.begin(intent, wants, worded, target.kind)
    shown = results(state, target, high, low, None)
    answer = presenting.found(shown, wants, worded, again=bool(state.exchanges))
    state.add(phrasing.together(rng, *pieces), intent, shown, answer)


def several(state: State) -> None:
    """Ask for several things at once, mostly within one budget."""
    rng = state.rng
    first = rng.choice(state.shelf.known)
    partners = [known for known in partners_of(state.shelf, first, rng) if known.kind != first.kind]
    if not partners:
        search(state)
        return
    shown = [first, partners[0]]
    third = next((known for known in partners if known.kind not in {entry.kind for entry in shown}), None)
    if third is not None and rng.random() < 0.4:
        shown.append(third)
    spent = sum(known.item.price or 50 for known in shown)
    budget = rounded(spent * rng.uniform(0.8, 1.6)) if rng.random() < 0.75 else None
    kinds = tuple(broadly(rng, "category", known.kind) for known in shown)
    kinds = tuple(dict.fromkeys(kinds))
    look = {name: first.facts[name] for name in ("style", "color", "material") if name in first.facts}
    name = rng.choice(list(look)) if look and rng.random() < 0.35 else ""
    worded = {name: look[name]} if name else {}
    missing = unsold_kind(state) if rng.random() < _UNSOLD else ""
    place = rng.randrange(len(kinds) + 1)
    kinds = (*kinds[:place], missing, *kinds[place:]) if missing else kinds
    named = [rng.choice((article(kind), kind, plural(kind))) for kind in kinds]
    things = ", ".join(named[:-1]) + rng.choice((" and ", " + ", " plus ", ", ", " & ")) + named[-1]
    pieces = [phrasing.say(rng, "several", t=things)]
    if budget is not None:
        pieces.append(phrasing.total(rng, budget))
    if name:
        pieces.append(rng.choice((look[name], f"all {look[name]}", f"in {look[name]}")))
    intent = ShoppingIntent(action="complete", categories=kinds, budget_total=budget, **filters_of(worded))
    state.begin(intent, {}, worded, "")
    answer = presenting.goes_with(None, shown, budget)
    notes = (not_sold(missing).text,) if missing else ()
    answer += f" There is no {missing} in this shop." if missing else ""
    state.add(phrasing.together(rng, *pieces), intent, shown, answer, notes)


def furnish(state: State) -> None:
    """Ask for all that furnishes a room: one of each kind of thing that belongs in it."""
    rng, shelf = state.rng, state.shelf
    room, kinds = rng.choice(list(phrasing.rooms().items()))
    kinds = [kind for kind in kinds if shelf.of_kind(kind)]
    if len(kinds) < 2:
        search(state)
        return
    anyone = rng.choice(shelf.of_kind(kinds[0]))
    look = {name: anyone.facts[name] for name in FILTERED if name in anyone.facts}
    name = rng.choice(list(look)) if look and rng.random() < 0.5 else ""
    shown = [_of_look(state, kind, name, look.get(name, "")) for kind in kinds]
    spent = sum(known.item.price or 50 for known in shown)
    budget = rounded(spent * rng.uniform(0.8, 1.6)) if rng.random() < 0.7 else None
    pieces = [phrasing.say(rng, "furnish", r=room)]
    if budget is not None:
        pieces.append(phrasing.total(rng, budget) if rng.random() < 0.6 else phrasing.cap(rng, budget))
    if name:
        pieces.append(rng.choice((look[name], f"all {look[name]}", f"in {look[name]}")))
    worded = {name: look[name]} if name else {}
    intent = ShoppingIntent(action="complete", categories=tuple(kinds), budget_total=budget, **filters_of(worded))
    state.begin(intent, {}, worded, "")
    state.add(phrasing.together(rng, *pieces), intent, shown, presenting.goes_with(None, shown, budget))


def other_room(state: State) -> None:
    """Ask for another room's things in place of those on show; their look and the budget stay."""
    rng, shelf = state.rng, state.shelf
    rooms = {room: [kind for kind in kinds if shelf.of_kind(kind)] for room, kinds in phrasing.rooms().items()}
    others = [room for room, kinds in rooms.items() if len(kinds) > 1 and set(kinds) != set(state.intent.categories)]
    if not others:
        search(state)
        return
    room = rng.choice(others)
    name, worded = next(iter(state.worded), ""), state.worded
    shown = [_of_look(state, kind, name, worded.get(name, "")) for kind in rooms[room]]
    budget = state.intent.budget_total
    kinds = tuple(rooms[room])
    intent = ShoppingIntent(action="complete", categories=kinds, budget_total=budget, **filters_of(worded))
    state.begin(intent, {}, worded, "")
    state.add(phrasing.say(rng, "other_room", r=room), intent, shown, presenting.goes_with(None, shown, budget))


def _of_look(state: State, kind: str, name: str, value: str) -> Known:
    """Anything of a kind, of a look where there is such a one."""
    pool = state.shelf.of_kind(kind)
    return state.rng.choice([known for known in pool if known.facts.get(name) == value] or pool)


def add_over_limit(state: State, message: str, shown: list[Known], high: float) -> None:
    """An exchange after which it is told that all of them cost more than they may."""
    note = told(Wish(price_max=high), ["price"], shown[0].item.currency)
    answer = presenting.over_limit(shown, state.wants, high)
    state.add(message, state.intent, shown, answer, tuple(entry.text for entry in note))


def add_without_look(state: State, message: str, shown: list[Known], unmet: tuple[str, str]) -> None:
    """An exchange after which it is told that none of them has a look that was wished for."""
    name, value = unmet
    note = told(Wish(said={name: (value,)}), [name])  # type: ignore[dict-item,list-item]
    answer = presenting.relaxed(shown, state.wants, value)
    state.add(message, state.intent, shown, answer, tuple(entry.text for entry in note))


def on_show(state: State) -> None:
    """Find things there already, as on a page of one's own; nothing has been said yet."""
    rng = state.rng
    kind = rng.choice(state.shelf.known).kind
    pool: list[Known] = state.shelf.of_kind(kind)
    pool = pool if len(pool) > 1 else list(state.shelf.known)
    state.shown = rng.sample(pool, min(len(pool), rng.choice((1, 1, 2, 4, 8))))
    state.kind = kind
