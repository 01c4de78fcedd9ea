"""What conversations to train on ask of the items on show, and what they talk about besides."""

from random import Random

from navigator import answers, dialogue_unknowns, facts, phrasing, presenting
from navigator.dialogue_searches import search
from navigator.dialogue_state import State, refer_to
from navigator.dialogue_wishes import broadly
from navigator.extremes import extreme_of, extremes
from navigator.facts import measures, stated
from navigator.families import is_also
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, phrase
from navigator.number_words import UP_TO_TWELVE
from navigator.small_talk import small_talk
from navigator.which_ones import Told, parts_named, which_ones

_REASONED = 0.08
"""Share of questions that come with a reason, which is nothing to answer: people say more than they ask."""

_INTRODUCED = 0.15
"""Share of questions before which something is said that asks for nothing: oh nice, and who makes it?"""

_ALL_SIZES = 0.4
"""Share of questions for sizes that are about all of them."""

_OTHERWISE = 0.4
"""Share of questions for a property that people have other words for that are put in these."""

_OF_ONE_ALONE = 0.5
"""Share of questions which one it is that are about what one alone has: people ask for what tells things apart."""

_BY_LOOKING = 0.75
"""Share of questions which have a look to which only pictures tell the answer; of the others prompts tell it, and a
model that need not look does not learn to."""

_WHY = 0.4
"""Share of recommendations whose reason is asked for."""

_ASKED_ON = 0.4
"""Share of questions about one item after which something else is asked of it: the last answer is not the next."""


def ask(state: State) -> None:
    """Ask about one item on show: a property, whether it has one, its price, or what nobody knows; often twice."""
    _ask(state)
    if state.rng.random() < _ASKED_ON:
        _ask(state)


def _ask(state: State) -> None:
    rng = state.rng
    number = rng.randrange(len(state.shown)) + 1
    known = state.shown[number - 1]
    asked, answer = _question(state, known, refer_to(state, number))
    # Where nothing was said before, the item was pointed at, and no number is needed.
    refs = (number,) if state.exchanges else ()
    said = _as_spoken(rng, asked)
    notes = dialogue_unknowns.noted(state, said, [known])
    state.add(said, ShoppingIntent(action="ask", item_refs=refs), [known], answer, notes)


def _question(state: State, known: Known, reference: str) -> tuple[str, str]:
    """A question about an item and its answer."""
    rng, kind = state.rng, state.rng.random()
    names = list(known.telling if rng.random() < 0.6 else known.facts)
    size, told = measures(known.item), stated(known.item)
    untold = [name for name in known.untold if name not in told]
    if kind < 0.02 and known.item.price is not None:
        count = rng.choice((2, 2, 3, 4, 4, 5, 6, 6, 8, 10, 12))
        said = count if rng.random() < 0.5 else UP_TO_TWELVE.split()[count - 1]
        return phrasing.say(rng, "copies", n=str(said), ref=reference), answers.copies(known, count)
    if kind < 0.06 or not names:
        return phrasing.say(rng, "price", ref=reference), answers.price(known)
    if kind < 0.16:
        return dialogue_unknowns.of_one(state, known, reference), answers.unknown()
    if kind < 0.20 and size:
        if rng.random() < _ALL_SIZES:
            return phrasing.say(rng, "how_large", ref=reference), answers.sizes(size)
        what = rng.choice(list(size))
        return phrasing.say(rng, f"how_{what}", ref=reference), answers.measure(what, size[what])
    if kind < 0.22:
        return phrasing.say(rng, "stock", ref=reference), answers.stock(known)
    if kind < 0.25:
        return phrasing.say(rng, "more", ref=reference), answers.more(known)
    if kind < 0.34 and known.item.brand:
        return _brand(state, known.item.brand, reference)
    if kind < 0.38 and told:
        name = rng.choice(list(told))
        return _what(rng, name, reference), answers.stated(name, told[name])
    if kind < 0.42 and untold:
        name = rng.choice(untold)
        return _what(rng, name, reference), answers.untold(name)
    if kind < 0.68:
        name = rng.choice(names)
        return _what(rng, name, reference), answers.attribute(known, name)
    name = rng.choice(names)
    others = [other.facts[name] for other in state.shelf.known if name in other.facts]
    asked = broadly(rng, name, known.facts[name] if rng.random() < 0.5 else rng.choice(others))
    bare = phrase(name, asked) == asked
    said = phrasing.say(rng, "is" if bare else "has", ref=reference, x=phrase(name, asked))
    return said, answers.yes_or_no(known, name, asked)


def _what(rng: Random, name: str, reference: str) -> str:
    """Ask for a property, mostly by its name; who wants to know the material asks what a thing is made of."""
    own = phrasing.asked_by_other_names(name)
    if own and rng.random() < _OTHERWISE:
        return rng.choice(own).format(ref=reference)
    return phrasing.say(rng, "what", name=name, ref=reference)


def _brand(state: State, brand: str, reference: str) -> tuple[str, str]:
    rng = state.rng
    if rng.random() < 0.6:
        return phrasing.say(rng, "brand", ref=reference), answers.brand(brand)
    others = [known.item.brand for known in state.shelf.known if known.item.brand]
    asked = brand if rng.random() < 0.5 else rng.choice(others)
    return phrasing.say(rng, "is_by", ref=reference, x=asked), answers.is_by(brand, asked)


def ask_all(state: State) -> None:
    """Ask which of the items on show has a look, is by a brand, costs or measures the most, or what nobody knows."""
    rng = state.rng
    if len(state.shown) < 2:
        search(state)
        return
    kind = rng.random()
    if kind < 0.13 and all(known.item.price is not None for known in state.shown):
        dearest = rng.random() < 0.4
        said = phrasing.say(rng, "dearest" if dearest else "cheapest")
        _ask_of_all(state, said, answers.extreme(state.shown, dearest))
    elif kind < 0.23 and (extreme := extreme_of(rng.choice(extremes()), [known.item for known in state.shown])):
        said = phrasing.say(rng, "extreme_size", x=extreme.word)
        _ask_of_all(state, said, answers.of_extreme_size(extreme.word, extreme.numbers, extreme.size))
    elif kind < 0.38:
        _ask_of_all(state, dialogue_unknowns.of_all(state), answers.unknown_of_all())
    elif kind < 0.44 and facts.total([known.item for known in state.shown]) is not None:
        _ask_of_all(state, phrasing.say(rng, "total"), answers.total(state.shown))
    elif kind < 0.46:
        numbers = [number for number, known in enumerate(state.shown, 1) if known.item.in_stock]
        _ask_of_all(state, phrasing.say(rng, "in_stock"), answers.which("in stock", numbers))
    elif kind < 0.49 and (brands := [known.item.brand for known in state.shown if known.item.brand]):
        brand = rng.choice(brands)
        numbers = [number for number, known in enumerate(state.shown, 1) if known.item.brand == brand]
        _ask_of_all(state, phrasing.say(rng, "by_brand", x=brand), answers.which(brand, numbers))
    else:
        _ask_which(state)


def _ask_which(state: State) -> None:
    """Ask which have a look, mostly of one that an item on show has; by a broader word, now and then."""
    rng = state.rng
    owner = rng.choice(state.shown if rng.random() < 0.9 else state.shelf.known)
    names = list(owner.telling if rng.random() < 0.6 else owner.facts) or ["color"]
    names = (_own(state, owner) if rng.random() < _OF_ONE_ALONE else []) or names
    looking = rng.random() < _BY_LOOKING
    for name in rng.sample(names, len(names)):
        asked = broadly(rng, name, owner.facts.get(name, "red"))
        look = phrase(name, asked)
        said = phrasing.say(rng, "which" if look == asked else "which_has", x=look)
        told = _told(state, said)
        if bool(told) != looking:
            break
    numbers = {number for one in told for number in one.numbers}
    if not any(one.whole for one in told):
        having = (known.facts.get(name, "") for known in state.shown)
        numbers |= {number for number, value in enumerate(having, 1) if value and is_also(value, asked)}
    _ask_of_all(state, said, answers.which(look, sorted(numbers)))


def _told(state: State, said: str) -> tuple[Told, ...]:
    """What the catalogue tells of a question about the items on show."""
    items = [known.item for known in state.shown]
    return which_ones(said, items, parts_named(said, items, dialogue_unknowns.heard(state), ()))


def _own(state: State, owner: Known) -> list[str]:
    """Properties in which one of the items on show is like no other of them."""
    others = [known.facts for known in state.shown if known is not owner]
    return [name for name, value in owner.facts.items() if all(facts.get(name) != value for facts in others)]


def compare(state: State) -> None:
    """Set two items on show against each other."""
    rng = state.rng
    if len(state.shown) < 2:
        search(state)
        return
    one, two = sorted(rng.sample(range(1, len(state.shown) + 1), 2))
    joint = rng.choice((" and ", " or ", " vs "))
    refs = joint.join((refer_to(state, one), refer_to(state, two)))
    if rng.random() < (0.4 if len(state.shown) == 2 else 0.1):
        (one, two), refs = (1, 2), phrasing.say(rng, "both" if len(state.shown) == 2 else "first_two")
    said = phrasing.say(rng, "compare", refs=refs)
    pair = [state.shown[one - 1], state.shown[two - 1]]
    state.add(said, ShoppingIntent(action="compare", item_refs=(one, two)), pair, answers.compare(*pair))


def pick(state: State) -> None:
    """Ask for a recommendation among the items on show, and perhaps why that one."""
    rng = state.rng
    answer, number = presenting.picked(state.shown, state.wants)
    chosen = state.shown[number - 1]
    _ask_of_all(state, phrasing.say(rng, "pick"), answer)
    if rng.random() < _WHY:
        refs = ShoppingIntent(action="ask", item_refs=(number,))
        state.add(phrasing.say(rng, "why"), refs, [chosen], answers.more(chosen))


def chat(state: State) -> None:
    """Say what is no shopping: thanks, hello, the weather, the delivery of parcels."""
    topics = ("thanks", "hello", "self", "service", "service", "ordering", "ordering", "off_topic", "off_topic")
    topic = state.rng.choice(topics)
    said = phrasing.say(state.rng, topic)
    state.add(said, ShoppingIntent(action="chat"), (), small_talk(state.rng, topic))


def _ask_of_all(state: State, said: str, answer: str) -> None:
    said = _as_spoken(state.rng, said)
    notes = dialogue_unknowns.noted(state, said, state.shown)
    state.add(said, ShoppingIntent(action="ask"), state.shown, answer, notes)


def _as_spoken(rng: Random, said: str) -> str:
    if rng.random() < _INTRODUCED:
        said = rng.choice(phrasing.wordings("openers")) + said
    if rng.random() < _INTRODUCED / 2:
        said = said.rstrip("?") + rng.choice(phrasing.wordings("closers"))
    if rng.random() >= _REASONED:
        return said
    reason = rng.choice([reason for reason in phrasing.wordings("reasons") if reason])
    return rng.choice((f"{said.rstrip('?')}, {reason}", f"{reason}. {said}"))
