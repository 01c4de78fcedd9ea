"""Conversations to train on, made from a catalogue: what people ask, how it is read, what is shown, what is true of it.

A conversation is a chain of moves. The first asks for something; each further one reacts to what is on show: refine,
ask, compare, find similar ones or what goes with one, choose, chat. Facts come from the catalogue and its labels, so
that an answer is true by construction; wordings come from `navigator.phrasing` and `navigator.answers`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from navigator import answers, phrasing
from navigator.dialogue_state import State, facts_in_common, mixed, partners_of, refer_to, results
from navigator.dialogue_wishes import (
    FILTERED,
    beyond_slots,
    broadly,
    excluded_word,
    filters_of,
    price_limits,
    rounded,
    unmet_wish,
    with_another,
    worded_wishes,
)
from navigator.facts import measures
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, Shelf, phrase
from navigator.processing import Floats
from navigator.prompt import Exchange
from navigator.relax import told
from navigator.wish import Wish

_MAX_TURNS = 4


@dataclass(frozen=True)
class Dialogue:
    """A finished conversation; the person's taste `[M, Dt]` was known in its last exchange."""

    exchanges: tuple[Exchange, ...]
    taste: Floats | None = None


def dialogues(shelf: Shelf, rng: Random, count: int) -> Iterator[Dialogue]:
    """Make `count` conversations; the same generator makes the same ones.

    A shelf needs at least two items; kinds with a single item are talked about less.
    """
    for _ in range(count):
        state = State(shelf, rng)
        rng.choices((_search, _set, _vague, _by_picture, _chat), (0.74, 0.08, 0.07, 0.05, 0.06))[0](state)
        for _ in range(rng.choice((0, 1, 1, 2, 2, _MAX_TURNS - 1))):
            if not state.shown:
                _search(state)
                continue
            rng.choices(_MOVES, _WEIGHTS)[0](state)
        if state.shown and rng.random() < 0.1:
            yield _by_taste(state)
            continue
        yield Dialogue(tuple(state.exchanges), _some_taste(state) if rng.random() < 0.2 else None)


def _search(state: State) -> None:
    """Ask for a kind of thing with some properties, perhaps a price, perhaps something that it must not be."""
    rng = state.rng
    target = rng.choice(state.shelf.known)
    names = list(target.telling if rng.random() < 0.85 else target.facts)
    chosen = rng.sample(names, min(len(names), rng.choice((0, 1, 1, 2, 2, 3))))
    wants = {name: target.facts[name] for name in target.facts if name in chosen}
    unmet = unmet_wish(state, target, wants) if rng.random() < 0.1 else None
    worded = worded_wishes(state, {**wants, **(unmet or {})})
    kind = broadly(rng, "category", target.kind)
    adjectives = [worded[name] for name, value in wants.items() if phrase(name, value) == value]
    extras = [phrase(name, value) for name, value in wants.items() if phrase(name, value) != value]
    adjectives += [worded[name] for name in unmet or {}]
    noun, details = phrasing.noun_phrase(rng, kind, adjectives, extras)
    pieces = [phrasing.need(rng, noun, details)]
    low, high = price_limits(rng, target, pieces)
    excluded = excluded_word(rng, state.shelf, target, wants, pieces)
    query = beyond_slots(wants)
    sort = "relevance"
    if rng.random() < 0.06:
        sort, said = rng.choice(
            (
                ("price_low", "cheapest first"),
                ("price_high", "the best you have, money is no issue"),
                ("newest", "what's new"),
            )
        )
        pieces.append(said)
    intent = ShoppingIntent(
        action="search",
        query=query,
        categories=(kind,),
        price_min=low,
        price_max=high,
        exclude=(excluded,) if excluded else (),
        sort=sort,
        **filters_of(worded),
    )
    state.wants, state.worded, state.intent, state.kind = wants, worded, intent, target.kind
    shown = results(state, target, high, low, excluded)
    message = phrasing.together(rng, *pieces)
    if state.exchanges and rng.random() < 0.5:
        message = phrasing.say(rng, "instead_of_that", x=message)
    if unmet and shown:
        name, _ = next(iter(unmet.items()))
        note = told(Wish(said={name: (worded[name],)}), [name])  # type: ignore[dict-item,list-item]
        answer = answers.relaxed(rng, shown, wants, worded[name])
        state.add(message, intent, shown, answer, tuple(entry.text for entry in note))
        return
    state.add(message, intent, shown, answers.found(rng, shown, wants))


def _vague(state: State) -> None:
    """Say too little: a few different things are shown, and one question is asked."""
    rng = state.rng
    said = phrasing.say(rng, "vague")
    state.worded = {}
    kinds = sorted({known.kind for known in state.shelf.known})
    kinds = rng.sample(kinds, min(4, len(kinds)))
    shown = [rng.choice(state.shelf.of_kind(kind)) for kind in kinds]
    state.wants, state.intent, state.kind = {}, ShoppingIntent(action="search", query=said[:60].rstrip("?")), ""
    state.add(said, state.intent, shown, answers.ask_back(rng, shown))


def _by_picture(state: State) -> None:
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
    state.wants, state.worded, state.intent, state.kind = wants, worded, intent, target.kind
    shown = results(state, target, high, low, None)
    state.add(phrasing.together(rng, *pieces), intent, shown, answers.found(rng, shown, wants))


def _refine(state: State) -> None:
    """Change one thing of the last search."""
    rng, base = state.rng, state.intent
    if base.action == "complete" and len(base.categories) > 1:
        _rebudget(state)
        return
    if base.action not in ("search", "refine") or not base.categories or not state.kind:
        _search(state)
        return
    pool = state.shelf.of_kind(state.kind)
    target = rng.choice(pool)
    move = rng.random()
    wants, worded = dict(state.wants), dict(state.worded)
    low, high, excluded, sort = base.price_min, base.price_max, base.exclude, base.sort
    if move < 0.2:
        said, sort = phrasing.say(rng, "cheaper"), "price_low"
    elif move < 0.38 and target.item.price:
        high = rounded(target.item.price * rng.uniform(1.0, 1.4))
        low = None if low is not None and low > high else low
        said = phrasing.cap(rng, high)
    elif move < 0.78 and [name for name in FILTERED if name in target.facts]:
        name = rng.choice([name for name in FILTERED if name in target.facts])
        value = broadly(rng, name, target.facts[name])
        said = phrasing.say(rng, "instead", x=value)
        if name in worded and " or " not in worded[name] and rng.random() < 0.25:
            said, value = phrasing.say(rng, "or", x=value), f"{worded[name]} or {value}"
        elif name != "style" and rng.random() < 0.1:
            value = with_another(state, name, value)
            said = phrasing.say(rng, "instead", x=value)
        wants[name], worded[name] = target.facts[name], value
        excluded = tuple(word for word in excluded if word not in value.split(" or "))
    else:
        banned = rng.choice(
            [known.facts[name] for known in state.shown for name in FILTERED if name in known.facts] or ["red"]
        )
        excluded = tuple(dict.fromkeys((*excluded, banned)))[:3]
        wants = {name: value for name, value in wants.items() if value != banned}
        worded = {name: value for name, value in worded.items() if name in wants}
        said = phrasing.without(rng, banned)
    intent = ShoppingIntent(
        action="refine",
        query=beyond_slots(wants),
        categories=base.categories,
        price_min=low,
        price_max=high,
        exclude=excluded,
        sort=sort,
        **filters_of(worded),
    )
    state.wants, state.worded, state.intent = wants, worded, intent
    shown = results(state, target, high, low, excluded[-1] if excluded else None)
    if sort == "price_low":
        shown.sort(key=lambda known: known.item.price or 0)
    state.add(said, intent, shown, answers.found(rng, shown, wants))


def _rebudget(state: State) -> None:
    """Set another budget for the things that were asked for together."""
    rng, base = state.rng, state.intent
    if {known.kind for known in state.shown} != set(base.categories):
        _search(state)
        return
    budget = rounded(sum(known.item.price or 50 for known in state.shown) * rng.uniform(0.7, 1.5))
    said = phrasing.say(rng, "rebudget", t=phrasing.total(rng, budget))
    intent = base.model_copy(update={"budget_total": budget})
    state.intent = intent
    state.add(said, intent, state.shown, answers.goes_with(rng, None, state.shown, budget))


def _ask(state: State) -> None:
    """Ask about one item on show: a property, whether it has one, its price, or what nobody knows."""
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    known = state.shown[number - 1]
    reference = refer_to(state, number)
    names = list(known.telling if rng.random() < 0.8 else known.facts)
    kind = rng.random()
    size = measures(known.item)
    if kind < 0.12 or not names:
        said, answer = phrasing.say(rng, "price", ref=reference), answers.price(rng, known)
    elif kind < 0.2:
        said, answer = phrasing.say(rng, "unknown", ref=reference), answers.unknown(rng)
    elif kind < 0.32 and size:
        what = rng.choice(list(size))
        said, answer = phrasing.say(rng, f"how_{what}", ref=reference), answers.measure(rng, what, size[what])
    elif kind < 0.36:
        said, answer = phrasing.say(rng, "stock", ref=reference), answers.stock(rng, known)
    elif kind < 0.66:
        name = rng.choice(names)
        said, answer = phrasing.say(rng, "what", name=name, ref=reference), answers.attribute(rng, known, name)
    else:
        name = rng.choice(names)
        others = [other.facts[name] for other in state.shelf.known if name in other.facts]
        asked = known.facts[name] if rng.random() < 0.5 else rng.choice(others)
        bare = phrase(name, asked) == asked
        said = phrasing.say(rng, "is" if bare else "has", ref=reference, x=phrase(name, asked))
        answer = answers.yes_or_no(rng, known, name, asked)
    state.add(said, ShoppingIntent(action="ask", item_refs=(number,)), [known], answer)


def _ask_all(state: State) -> None:
    """Ask which of the items on show has a property, or is the cheapest or dearest."""
    rng = state.rng
    intent = ShoppingIntent(action="ask")
    if len(state.shown) < 2:
        _search(state)
        return
    priced = all(known.item.price is not None for known in state.shown)
    if priced and rng.random() < 0.3:
        dearest = rng.random() < 0.4
        said = phrasing.say(rng, "dearest" if dearest else "cheapest")
        state.add(said, intent, state.shown, answers.extreme(rng, state.shown, dearest))
        return
    owner = rng.choice(state.shown if rng.random() < 0.85 else state.shelf.known)
    name = rng.choice(list(owner.telling if rng.random() < 0.8 else owner.facts) or ["color"])
    value = owner.facts.get(name, "red")
    bare = phrase(name, value) == value
    said = phrasing.say(rng, "which" if bare else "which_has", x=phrase(name, value))
    state.add(said, intent, state.shown, answers.which(rng, state.shown, name, value))


def _compare(state: State) -> None:
    """Set two items on show against each other."""
    rng = state.rng
    if len(state.shown) < 2:
        _search(state)
        return
    one, two = sorted(rng.sample(range(1, len(state.shown) + 1), 2))
    joint = rng.choice((" and ", " or ", " vs "))
    refs = joint.join((refer_to(state, one), refer_to(state, two)))
    if rng.random() < (0.4 if len(state.shown) == 2 else 0.1):
        (one, two), refs = (1, 2), phrasing.say(rng, "both" if len(state.shown) == 2 else "first_two")
    said = phrasing.say(rng, "compare", refs=refs)
    pair = [state.shown[one - 1], state.shown[two - 1]]
    state.add(said, ShoppingIntent(action="compare", item_refs=(one, two)), pair, answers.compare(rng, *pair))


def _similar(state: State) -> None:
    """Ask for more like one item on show."""
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    anchor = state.shown[number - 1]
    pool = [known for known in state.shelf.of_kind(anchor.kind) if known is not anchor]
    if not pool:
        _search(state)
        return None
    pool.sort(key=lambda known: -facts_in_common(known, anchor))
    if rng.random() < 0.4:
        _similar_but(state, number, anchor, pool)
        return None
    shown = mixed(rng, pool[: rng.choice((2, 3, 4))])
    said = phrasing.say(rng, "similar", ref=refer_to(state, number))
    return state.add(
        said, ShoppingIntent(action="similar", item_refs=(number,)), shown, answers.similar(rng, anchor, shown)
    )


def _similar_but(state: State, number: int, anchor: Known, pool: Sequence[Known]) -> None:
    """Ask for one item on show, changed in one thing: "the second one but in oak"."""
    rng = state.rng
    changes = [
        (name, known.facts[name])
        for known in pool
        for name in FILTERED
        if name in known.facts and known.facts[name] != anchor.facts.get(name)
    ]
    if not changes:
        _search(state)
        return
    name, value = rng.choice(changes)
    said = broadly(rng, name, value)
    meeting = [known for known in pool if known.facts.get(name) == value]
    shown = mixed(rng, meeting[: rng.choice((1, 2, 3))])
    intent = ShoppingIntent(action="similar", item_refs=(number,), **filters_of({name: said}))
    message = phrasing.say(rng, "but", ref=refer_to(state, number), x=said)
    state.add(message, intent, shown, answers.found(rng, shown, {name: value}))


def _complete(state: State) -> None:
    """Ask what goes with one item on show; boards tell, and where none does, a shared look."""
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    anchor = state.shown[number - 1]
    partners = partners_of(state.shelf, anchor, rng)
    if not partners:
        _search(state)
        return
    shown = partners[: rng.choice((2, 3, 4))]
    budget: float | None = None
    kinds: tuple[str, ...] = ()
    reference = refer_to(state, number)
    if rng.random() < 0.3:
        kinds = (shown[0].kind,)
        shown = ([known for known in partners if known.kind == kinds[0]] or shown)[:3]
        said = f"{phrasing.say(rng, 'complete', ref=reference, many='things')} maybe a {kinds[0]}"
    else:
        said = phrasing.say(rng, "complete", ref=reference, many="things")
    if rng.random() < 0.3:
        budget = rounded(sum(known.item.price or 0 for known in shown) * rng.uniform(0.8, 1.5))
        said = f"{said} {phrasing.total(rng, budget)}"
    intent = ShoppingIntent(action="complete", categories=kinds, budget_total=budget, item_refs=(number,))
    state.intent, state.kind = intent, ""
    state.add(said, intent, shown, answers.goes_with(rng, anchor, shown, budget))


def _set(state: State) -> None:
    """Ask for several things at once, within one budget."""
    rng = state.rng
    first = rng.choice(state.shelf.known)
    partners = [known for known in partners_of(state.shelf, first, rng) if known.kind != first.kind]
    if not partners:
        _search(state)
        return
    shown = [first, partners[0]]
    third = next((known for known in partners if known.kind not in {entry.kind for entry in shown}), None)
    if third is not None and rng.random() < 0.4:
        shown.append(third)
    budget = rounded(sum(known.item.price or 50 for known in shown) * rng.uniform(0.8, 1.6))
    kinds = tuple(dict.fromkeys(known.kind for known in shown))
    named = [rng.choice((f"a {kind}", kind)) for kind in kinds]
    things = ", ".join(named[:-1]) + rng.choice((" and ", " + ", " plus ", ", ")) + named[-1]
    style = first.facts.get("style", "") if rng.random() < 0.3 else ""
    said = phrasing.say(rng, "several", t=things)
    pieces = [said, phrasing.total(rng, budget), *([style] if style else [])]
    intent = ShoppingIntent(
        action="complete",
        categories=kinds,
        styles=(style,) if style else (),
        budget_total=budget,
    )
    state.wants, state.worded, state.intent, state.kind = {}, {}, intent, ""
    state.add(phrasing.together(rng, *pieces), intent, shown, answers.goes_with(rng, None, shown, budget))


def _pick(state: State) -> None:
    """Ask for a recommendation among the items on show."""
    rng = state.rng
    said = phrasing.say(rng, "pick")
    state.add(said, ShoppingIntent(action="ask"), state.shown, answers.found(rng, state.shown, state.wants))


def _chat(state: State) -> None:
    said = phrasing.say(state.rng, "chat")
    state.add(said, ShoppingIntent(action="chat"), (), answers.small_talk(state.rng, said))


_MOVES: tuple[Callable[[State], None], ...] = (
    _refine,
    _ask,
    _ask_all,
    _compare,
    _similar,
    _complete,
    _pick,
    _chat,
    _search,
)
_WEIGHTS = (0.34, 0.24, 0.15, 0.07, 0.08, 0.06, 0.02, 0.02, 0.04)


def _some_taste(state: State) -> Floats | None:
    """Interest vectors of a person who is known, where the answer does not turn on them: `[M, Dt]`."""
    liked = state.rng.sample(list(state.shelf.known), state.rng.choice((1, 2, 3, 4)))
    return np.stack([known.shown.vectors.mean(0) for known in liked]) if state.shown else None


def _by_taste(state: State) -> Dialogue:
    """Ask for a recommendation, and be known: interest vectors of things that share a look with one item on show."""
    rng = state.rng
    place = rng.randrange(len(state.shown)) + 1
    chosen = state.shown[place - 1]
    names = [name for name in ("color", "material", "style") if name in chosen.facts]
    name = rng.choice(names) if names else ""
    rivals = [known for known in state.shown if known is not chosen and known.facts.get(name) == chosen.facts.get(name)]
    liked = [
        known for known in state.shelf.known if known.facts.get(name) == chosen.facts.get(name) and known is not chosen
    ]
    if not name or rivals or not liked:
        return Dialogue(tuple(state.exchanges))
    some = rng.sample(liked, min(len(liked), rng.choice((1, 2, 3, 4))))
    taste = np.stack([known.shown.vectors.mean(0) for known in some])  # [M, D]
    answer = answers.for_taste(rng, state.shown, place, [chosen.facts[name]])
    state.add(phrasing.say(rng, "pick"), ShoppingIntent(action="ask"), state.shown, answer)
    return Dialogue(tuple(state.exchanges), taste)
