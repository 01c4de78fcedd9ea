"""How conversations to train on go on looking: the last search changed, something like an item, what goes with it."""

from collections.abc import Sequence

from navigator import phrasing, presenting
from navigator.dialogue_searches import add_over_limit, add_without_look, other_room, search, still_vague
from navigator.dialogue_state import State, dearer, facts_in_common, mixed, partners_of, refer_to, results
from navigator.dialogue_wishes import (
    FILTERED,
    beyond_slots,
    beyond_words,
    broadly,
    filters_of,
    loosely,
    rounded,
    unmet_wish,
    with_another,
)
from navigator.extremes import exceeds, extent
from navigator.intent import BY_SIZE, ShoppingIntent, Sort
from navigator.knowledge import Known, article, phrase, plural
from navigator.relax import none_beyond

_OTHER_ROOM = 0.15
"""Share of changes of several things that are about another room's."""

_IN_SIZE = 0.25
"""Share of wishes for something like an item on show that should be larger or smaller."""

_NONE_BEYOND = 0.4
"""Share of these after which nothing is."""


def refine(state: State) -> None:
    """Change one thing of the last search, now and then two."""
    rng, base = state.rng, state.intent
    if base.action in ("complete", "refine") and len(base.categories) > 1:
        _change_set(state)
        return
    if base.action == "search" and base.query and not (base.categories or state.kind):
        still_vague(state)
        return
    if base.action not in ("search", "refine") or not base.categories or not state.kind:
        search(state)
        return
    change = _Change(state, rng.choice(state.shelf.of_kind(state.kind)))
    changes = (
        (change.order, 0.14),
        (change.limit, 1.0 if state.was_over_limit else 0.25),
        (change.squeeze, 0.06),
        (change.size, 0.05),
        (change.look, 0.34),
        (change.detail, 0.08),
        (change.beyond, 0.1),
        (change.miss, 0.04),
        (change.ban, 0.15),
        (change.lift, 0.03),
        (change.open, 0.03),
        (change.narrow, 0.3 if change.broad else 0),
    )
    weights = [weight for _, weight in changes]
    pieces = [piece for piece in [rng.choices([made for made, _ in changes], weights)[0]()] if piece]
    if not pieces or rng.random() < 0.12:
        pieces += [piece for piece in [rng.choice((change.look, change.limit))()] if piece and len(pieces) < 2]
    if not pieces:
        search(state)
        return
    change.show(phrasing.together(rng, *pieces) if len(pieces) > 1 else pieces[0])


class _Change:
    """A refinement while it is put together; each method makes one change and says it, or gives "" if it cannot."""

    def __init__(self, state: State, target: Known) -> None:
        base = state.intent
        self.state, self.target, self.rng = state, target, state.rng
        self.wants, self.worded = dict(state.wants), dict(state.worded)
        self.low, self.high, self.excluded, self.sort = base.price_min, base.price_max, base.exclude, base.sort
        self.categories, self.unmet, self.words = base.categories, state.unmet, state.beyond

    @property
    def broad(self) -> bool:
        """Whether a lamp was asked for, where there are floor lamps and others."""
        return all(word != self.state.kind and self.state.kind.endswith(f" {word}") for word in self.categories)

    def order(self) -> str:
        dearest = self.rng.random() < 0.15
        self.sort = "price_high" if dearest else "price_low"
        return phrasing.say(self.rng, "dearer" if dearest else "cheaper")

    def limit(self) -> str:
        if not self.target.item.price:
            return ""
        self.high = rounded(self.target.item.price * self.rng.uniform(1.0, 1.4))
        if self.rng.random() < 0.1:
            self.low = rounded(self.target.item.price * self.rng.uniform(0.5, 0.95))
            self.low, self.high = min(self.low, self.high), max(self.low, self.high)
            return phrasing.price_range(self.rng, self.low, self.high)
        self.low = None if self.low is not None and self.low > self.high else self.low
        return phrasing.cap(self.rng, self.high)

    def squeeze(self) -> str:
        """A limit that nothing of the kind stays within."""
        priced = dearer(self.state, self.state.kind, {}, 0.0)
        least = priced[0].item.price if priced else None
        high = rounded((least or 0.0) * self.rng.uniform(0.3, 0.95))
        if least is None or high >= least:
            return ""
        self.low, self.high = None, high
        return phrasing.cap(self.rng, high)

    def size(self) -> str:
        largest = self.rng.random() < 0.5
        self.sort = "largest" if largest else "smallest"
        return phrasing.say(self.rng, "bigger_ones" if largest else "smaller_ones")

    def look(self) -> str:
        names = [name for name in FILTERED if name in self.target.facts]
        if not names:
            return ""
        rng, name = self.rng, self.rng.choice(names)
        value = broadly(rng, name, self.target.facts[name])
        said = phrasing.say(rng, "instead", x=loosely(rng, name, value))
        if name in self.worded and " or " not in self.worded[name] and rng.random() < 0.25:
            said, value = phrasing.say(rng, "or", x=value), f"{self.worded[name]} or {value}"
        elif name != "style" and rng.random() < 0.1:
            value = with_another(self.state, name, value)
            said = phrasing.say(rng, "instead", x=value)
        self.wants[name], self.worded[name] = self.target.facts[name], value
        self.unmet = None if self.unmet and self.unmet[0] == name else self.unmet
        self.excluded = tuple(word for word in self.excluded if word not in value.split(" or "))
        return said

    def detail(self) -> str:
        """A property that no slot has a place for: hairpin legs."""
        names = [name for name in self.target.facts if name not in FILTERED and name not in self.wants]
        if not names:
            return ""
        name = self.rng.choice(names)
        self.wants[name] = self.worded[name] = self.target.facts[name]
        asked = phrase(name, self.wants[name])
        return phrasing.say(self.rng, "instead" if asked == self.wants[name] else "with", x=asked)

    def beyond(self) -> str:
        """A word that nothing in the catalogue is called: playful, round."""
        word, said = beyond_words(self.state)
        self.words = word or self.words
        return said

    def miss(self) -> str:
        """A look that nothing of the kind has."""
        missed = unmet_wish(self.state, self.target, self.wants)
        if not missed:
            return ""
        name, value = next(iter(missed.items()))
        self.unmet = name, broadly(self.rng, name, value)
        self.worded[name] = self.unmet[1]
        return phrasing.say(self.rng, "instead", x=self.unmet[1])

    def ban(self) -> str:
        looks = [known.facts[name] for known in self.state.shown for name in FILTERED if name in known.facts]
        banned = self.rng.choice(looks or ["red"])
        self.excluded = tuple(dict.fromkeys((*self.excluded, banned)))[:3]
        self.wants = {name: value for name, value in self.wants.items() if value != banned}
        self.worded = {name: value for name, value in self.worded.items() if name in self.wants}
        return phrasing.without(self.rng, banned)

    def lift(self) -> str:
        if self.high is None:
            return ""
        self.low = self.high = None
        return phrasing.say(self.rng, "no_limit")

    def open(self) -> str:
        names = [name for name in FILTERED if name in self.worded]
        if not names:
            return ""
        name = self.rng.choice(names)
        self.wants.pop(name, None), self.worded.pop(name)
        self.unmet = None if self.unmet and self.unmet[0] == name else self.unmet
        return phrasing.say(self.rng, "any_look", n=name)

    def narrow(self) -> str:
        self.categories = (self.state.kind,)
        return phrasing.narrower(self.rng, self.state.kind)

    def show(self, said: str) -> None:
        """Say it, and find what it asks for."""
        state = self.state
        self.unmet = self.unmet if self.unmet and self.unmet[0] in self.worded else None
        intent = ShoppingIntent(
            action="refine",
            query=beyond_slots(self.wants, self.words),
            categories=self.categories,
            price_min=self.low,
            price_max=self.high,
            exclude=self.excluded,
            sort=self.sort,
            **filters_of(self.worded),
        )
        state.wants, state.worded, state.intent, state.unmet = self.wants, self.worded, intent, self.unmet
        state.beyond = self.words
        looks = {name: value for name, value in self.wants.items() if name in FILTERED}
        banned = set(self.excluded)
        if self.high is not None and (over := dearer(state, state.kind, looks, self.high)):
            over = [known for known in over if not banned & set(known.facts.values())]
            if over and self.sort == "relevance":
                add_over_limit(state, said, over, self.high)
                return
        shown = results(state, self.target, self.high, self.low, self.excluded[-1] if self.excluded else None)
        if self.sort in ("price_low", "price_high"):
            shown.sort(key=lambda known: known.item.price or 0, reverse=self.sort == "price_high")
        if self.sort in BY_SIZE:
            shown.sort(key=lambda known: extent(known.item) or 0.0, reverse=self.sort == "largest")
        if self.unmet and shown and self.sort == "relevance":
            add_without_look(state, said, shown, self.unmet)
            return
        state.add(said, intent, shown, presenting.found(shown, self.wants, self.worded, again=True))


def _change_set(state: State) -> None:
    """Change what was asked for together: its budget, its look, what it must not be, what belongs to it."""
    rng, base = state.rng, state.intent
    if rng.random() < _OTHER_ROOM:
        other_room(state)
        return
    budget, categories, exclude = base.budget_total, base.categories, base.exclude
    worded, shown, move = dict(state.worded), list(state.shown), rng.random()
    anyone = rng.choice(shown)
    looks = {name: anyone.facts[name] for name in FILTERED if name in anyone.facts}
    if move < 0.4 or not looks:
        budget = rounded(sum(known.item.price or 50 for known in shown) * rng.uniform(0.7, 1.5))
        said = phrasing.say(rng, "rebudget", t=phrasing.total(rng, budget))
    elif move < 0.7:
        name = rng.choice(list(looks))
        worded = {**worded, name: broadly(rng, name, looks[name])}
        said = phrasing.say(rng, "for_all", x=worded[name])
    elif move < 0.85:
        banned = rng.choice([v for known in state.shelf.known[:40] for n, v in known.facts.items() if n in FILTERED])
        exclude = tuple(dict.fromkeys((*exclude, banned)))[:3]
        shown = [known for known in shown if banned not in known.facts.values()]
        worded = {name: value for name, value in worded.items() if value != banned}
        said = phrasing.without(rng, banned)
    else:
        other = rng.choice(state.shelf.known)
        if other.kind in categories or len(categories) > 3:
            search(state)
            return
        categories, shown = (*categories, other.kind), [*shown, other]
        said = phrasing.say(rng, "another_kind", one=article(other.kind))
    intent = ShoppingIntent(
        action="refine" if budget is not None else "complete",
        categories=categories,
        budget_total=budget,
        exclude=exclude,
        **filters_of(worded),
    )
    state.intent, state.worded = intent, worded
    answer = presenting.goes_with(None, shown, budget) if shown else presenting.found(shown, {})
    state.add(said, intent, shown, answer)


def similar(state: State) -> None:
    """Ask for more like one item on show."""
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    anchor = state.shown[number - 1]
    pool = [known for known in state.shelf.of_kind(anchor.kind) if known is not anchor]
    if not pool:
        search(state)
        return
    pool.sort(key=lambda known: -facts_in_common(known, anchor))
    sized = [known for known in pool if extent(known.item) is not None]
    if rng.random() < _IN_SIZE and sized and extent(anchor.item) is not None:
        _in_size(state, number, anchor, sized)
        return
    if rng.random() < 0.4:
        _similar_but(state, number, anchor, pool)
        return
    shown = mixed(rng, pool[: rng.choice((1, 2, 3, 4))])
    said = phrasing.say(rng, "similar", ref=refer_to(state, number))
    intent = ShoppingIntent(action="similar", item_refs=(number,))
    state.add(said, intent, shown, presenting.similar(anchor, shown))


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
        search(state)
        return
    name, value = rng.choice(changes)
    said = broadly(rng, name, value)
    meeting = [known for known in pool if known.facts.get(name) == value]
    shown = mixed(rng, meeting[: rng.choice((1, 2, 3))])
    intent = ShoppingIntent(action="similar", item_refs=(number,), **filters_of({name: said}))
    message = phrasing.say(rng, "but", ref=refer_to(state, number), x=said)
    state.add(message, intent, shown, presenting.found(shown, {name: value}, again=True))


def _in_size(state: State, number: int, anchor: Known, pool: list[Known]) -> None:
    """Ask for one larger or smaller than an item on show; where none is, what comes next in size is told."""
    rng = state.rng
    sorts: tuple[tuple[Sort, str], ...] = (("largest", "larger"), ("smallest", "smaller"))
    sort, word = rng.choice(sorts)
    pool.sort(key=lambda known: extent(known.item) or 0.0, reverse=sort == "largest")
    said = phrasing.say(rng, word, ref=refer_to(state, number))
    intent = ShoppingIntent(action="similar", item_refs=(number,), sort=sort)
    size, count = extent(anchor.item) or 0.0, rng.choice((1, 2, 3, 4))
    beyond = [known for known in pool if exceeds(extent(known.item) or 0.0, size, sort)]
    others = [known for known in pool if known not in beyond]
    if beyond and (rng.random() > _NONE_BEYOND or not others):
        state.add(said, intent, beyond[:count], presenting.found(beyond[:count], {}, again=True))
    else:
        shown = others[:count]
        state.add(said, intent, shown, presenting.none_beyond(word, shown), (none_beyond(sort).text,))


def complete(state: State) -> None:
    """Ask what goes with one item on show; boards tell, and where none does, a shared look."""
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    anchor = state.shown[number - 1]
    partners = partners_of(state.shelf, anchor, rng)
    if not partners:
        search(state)
        return
    shown = partners[: rng.choice((1, 2, 3, 4))]
    budget: float | None = None
    kinds: tuple[str, ...] = ()
    reference = refer_to(state, number)
    if rng.random() < 0.5:
        kinds = (broadly(rng, "category", shown[0].kind),)
        shown = ([known for known in partners if known.kind == shown[0].kind] or shown)[:3]
        many = plural(kinds[0])
        if len(state.shown) == 1 and rng.random() < 0.5:
            said = phrasing.say(rng, "match_kind", many=many, one=kinds[0])
        else:
            said = phrasing.say(rng, "complete_kind", ref=reference, many=many)
    else:
        said = phrasing.say(rng, "complete", ref=reference, many="things")
    if rng.random() < 0.25:
        budget = rounded(sum(known.item.price or 0 for known in shown) * rng.uniform(0.8, 1.5))
        said = f"{said} {phrasing.total(rng, budget)}"
    intent = ShoppingIntent(action="complete", categories=kinds, budget_total=budget, item_refs=(number,))
    state.intent, state.kind = intent, ""
    state.add(said, intent, shown, presenting.goes_with(anchor, shown, budget))
