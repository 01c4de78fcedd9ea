"""Answers that present what was found, true of the items on show and worded in several ways, for training.

The best comes first with its reason and its price, then another: the least expensive, or one that differs. What is
said of another its card says, too: a small model copies that without a slip, and looking at more pictures it slips.
"""

from collections.abc import Mapping, Sequence
from random import Random

from navigator.answers import is_and_has
from navigator.facts import money, spoken
from navigator.knowledge import BARE, Known, article, phrase, plural
from navigator.prompt import metadata

_PRICED, _ANOTHER = 0.8, 0.85
"""Shares of presentations that name the price, and a second item where there is one."""

_OPEN_QUESTIONS = (
    "What colour do you have in mind?",
    "How much may it cost?",
    "Which room is it for?",
    "Any material that you like?",
)


def found(
    rng: Random,
    shown: Sequence[Known],
    wants: Mapping[str, str],
    said: Mapping[str, str] | None = None,
    asks: bool = False,
) -> str:
    """Present the results of a search: the best one with its reason, then another.

    Args:
        wants: values of the catalogue by property.
        said: the person's own words for `wants`, where they are others: what is missing is told in them.
        asks: whether so little was said that one question follows.
    """
    asked = {**wants, **{name: word for name, word in (said or {}).items() if name in wants}}
    if not shown:
        return rng.choice(
            ("Nothing here fits that.", "I found nothing that fits.", "Sorry, we have nothing like that.")
        )
    best = _best(shown, wants)
    known, cite = shown[best], f"[{best + 1}]"
    fitting = _fitting(known, wants)
    met = spoken(phrase(name, known.facts[name]) for name in fitting)
    missing = [phrase(name, asked[name]) for name, value in wants.items() if known.facts.get(name) != value]
    if wants and not met:
        told = _told(rng, known, wants)
        text = rng.choice(
            (f"Nothing matches {missing[0]}; {cite} comes closest, {told}.", f"No {missing[0]} here. {cite} is {told}.")
        )
    elif missing:
        text = rng.choice(
            (
                f"{cite} is closest: {met}, but {_instead(known, wants, asked)}.",
                f"{cite} {is_and_has(known, fitting)}, though {_instead(known, wants, asked)}.",
            )
        )
    elif met:
        claim = rng.choice((f"{cite} fits", f"{cite} is what you asked for", f"Take a look at {cite}"))
        text = f"{claim}: {met}{_at(rng, known)}."
    else:
        what = _introduced(rng, known)
        text = rng.choice((f"{cite} is {what}", f"Have a look at {cite}, {what}", f"I like {cite}, {what}"))
        text += f"{_at(rng, known)}."
    if len(shown) > 1 and rng.random() < _ANOTHER:
        text += " " + _another(rng, best, shown)
    return f"{text} {rng.choice(_OPEN_QUESTIONS)}" if asks else text


def picked(rng: Random, shown: Sequence[Known], wants: Mapping[str, str]) -> tuple[str, int]:
    """Recommend one of the items on show, the first of those that fit best; (answer, its number)."""
    best = _best(shown, wants)
    known, cite = shown[best], f"[{best + 1}]"
    reason = spoken(phrase(name, known.facts[name]) for name in _fitting(known, wants)) or _introduced(rng, known)
    choice = rng.choice((f"I'd take {cite}", f"I would go for {cite}", f"My choice is {cite}"))
    text = f"{choice}: {reason}{_at(rng, known)}."
    cheapest = _cheapest(shown)
    if cheapest is not None and cheapest != best and rng.random() < _ANOTHER:
        text += " " + _least_expensive(rng, cheapest, shown)
    return text, best + 1


def relaxed(rng: Random, shown: Sequence[Known], wants: Mapping[str, str], given_up: str) -> str:
    """Present results for which a wish was given up, and say so first."""
    known = shown[0]
    met = _fitting(known, wants)
    looks = spoken(phrase(name, known.facts[name]) for name in met) or _told(rng, known, wants)
    return rng.choice(
        (
            f"Nothing here is {given_up}. [1] {is_and_has(known, met) if met else f'is {looks}'}.",
            f"I have none in {given_up}; [1] comes closest, {looks}.",
            f"No {given_up} ones, sorry. Have a look at [1]: {looks}.",
        )
    )


def over_limit(rng: Random, shown: Sequence[Known], wants: Mapping[str, str], limit: float) -> str:
    """Present what costs more than it may, the least expensive first, and say so before all else."""
    known = shown[0]
    most, cost = money(limit, known.item.currency), money(known.item.price or 0.0, known.item.currency)
    met = _fitting(known, wants)
    is_ = f"{is_and_has(known, met)} and costs {cost}" if met else f"costs {cost}"
    return rng.choice(
        (
            f"Nothing here is under {most}. [1] {is_}.",
            f"I have none under {most}; [1] comes closest, at {cost}.",
            f"No {known.kind} under {most}, sorry. [1] {is_}.",
            f"There is nothing under {most}: [1] is the closest at {cost}.",
        )
    )


def unsold(rng: Random, thing: str, shown: Sequence[Known]) -> str:
    """Say that the shop has no such thing, and what came nearest to the words."""
    many = plural(thing)
    no = rng.choice((f"There is no {thing} in this shop.", f"We have no {many}, sorry.", f"No {many} here, sorry."))
    return f"{no} {rng.choice(('The nearest I have', 'Perhaps'))}: {_kinds(shown)}."


def another_kind(rng: Random, shown: Sequence[Known]) -> str:
    """Present other kinds of things than the one that it must not be."""
    return f"{rng.choice(('Then something else', 'Something else, then'))}: {_kinds(shown)}."


def ask_back(rng: Random, shown: Sequence[Known]) -> str:
    """Show a few things to someone who said little, by their kinds, and ask one question."""
    if len({known.kind for known in shown}) == 1:
        seen = f"[1] is {_introduced(rng, shown[0])}{_at(rng, shown[0])}"
    else:
        seen = f"{rng.choice(('A few ideas', 'For a start'))}: {_kinds(shown)}"
    question = rng.choice(
        (
            "What kind of thing do you have in mind?",
            "Which room is it for?",
            "What do you like: colours, materials?",
            "Roughly how much would you spend?",
            "Is it for a particular room?",
        )
    )
    return f"{seen}. {question}"


def similar(rng: Random, anchor: Known, shown: Sequence[Known]) -> str:
    """What the items found share with the one they should be like."""
    common = [[name for name, value in known.facts.items() if anchor.facts.get(name) == value] for known in shown]
    best = max(range(len(shown)), key=lambda i: len(common[i]))
    known = shown[best]
    shared = spoken(phrase(name, anchor.facts[name]) for name in common[best][:2])
    if not shared:
        return rng.choice(
            (f"Nothing is very close; [{best + 1}] may still appeal.", f"[{best + 1}] is the nearest I have.")
        )
    text = rng.choice(
        (
            f"[{best + 1}] is the most like it: also {shared}",
            f"Like it, [{best + 1}] {is_and_has(known, common[best][:2])}",
            f"Try [{best + 1}], {shared} too",
        )
    )
    text += f"{_at(rng, known)}."
    return f"{text} {_another(rng, best, shown)}" if len(shown) > 1 and rng.random() < _ANOTHER else text


def goes_with(rng: Random, anchor: Known | None, shown: Sequence[Known], budget: float | None) -> str:
    """Why the items found go together, and what they cost together."""
    pieces = [f"[{i}] {known.kind}" for i, known in enumerate(shown, 1)]
    if anchor is not None:
        text = _company(rng, anchor, shown)
    else:
        text = rng.choice((f"Together: {spoken(pieces)}.", f"I put together {spoken(pieces)}."))
    if budget is not None:
        together = sum(known.item.price or 0.0 for known in shown)
        currency = shown[0].item.currency
        within = "within" if together <= budget else "over"
        text += f" All together {money(together, currency)}, {within} your {money(budget, currency)}."
    return text


def for_taste(rng: Random, shown: Sequence[Known], place: int, liked: Sequence[str]) -> str:
    """Why one item suits a person whose taste is known."""
    reason = spoken(list(liked)[:2])
    return rng.choice(
        (
            f"[{place}] is most your taste: {reason}.",
            f"Knowing what you like, [{place}]: {reason}.",
            f"I'd pick [{place}] for you, {reason}.",
        )
    )


def _kinds(shown: Sequence[Known]) -> str:
    """The first of each kind of thing on show, three at most: "[1] a rug, [2] a mug and [5] a vase"."""
    first = {known.kind: number for number, known in reversed([*enumerate(shown, 1)])}
    kinds = sorted(first.items(), key=lambda entry: entry[1])[:3]
    return spoken(f"[{number}] {article(kind)}" for kind, number in kinds)


def _company(rng: Random, anchor: Known, shown: Sequence[Known]) -> str:
    """What suits an item and why, and what else there is."""
    shares = [
        [v for n, v in known.facts.items() if n in ("style", "material", "color") and anchor.facts.get(n) == v]
        for known in shown
    ]
    best = max(range(len(shown)), key=lambda i: len(shares[i]))
    known, cite = shown[best], f"[{best + 1}], {article(shown[best].kind)},"
    if shares[best]:
        look = shares[best][0]
        text = rng.choice((f"{cite} goes well with it: both are {look}.", f"{cite} suits it, {look} as well."))
    else:
        text = f"{cite} sets it off: {_told(rng, known, {})}."
    others = [f"[{i}] {article(other.kind)}" for i, other in enumerate(shown, 1) if other is not known][:2]
    return f"{text} Also here: {spoken(others)}." if others and rng.random() < _ANOTHER else text


def _best(shown: Sequence[Known], wants: Mapping[str, str]) -> int:
    """The place of the first item that meets most wishes."""
    return max(range(len(shown)), key=lambda i: len(_fitting(shown[i], wants)))


def _at(rng: Random, known: Known) -> str:
    """The price, mostly, as it is appended."""
    if known.item.price is None or rng.random() >= _PRICED:
        return ""
    return f", at {money(known.item.price, known.item.currency)}"


def _introduced(rng: Random, known: Known) -> str:
    """An item by its kind and what its card says of its look: "a boho desk in oak"."""
    told = _on_card(known)
    adjectives = [known.facts[name] for name in told if known.facts[name] != known.facts.get("material")]
    adjective = f"{rng.choice(adjectives)} " if adjectives else ""
    material = f" in {known.facts['material']}" if "material" in told else ""
    return article(f"{adjective}{known.kind}{material}")


def _told(rng: Random, known: Known, wants: Mapping[str, str]) -> str:
    """A property that was not asked for, of those that the item's card says where there is one."""
    names = [name for name in known.facts if name not in wants]
    safe = [name for name in _on_card(known) if name not in wants]
    names = safe or [name for name in names if name == "color"] or [name for name in names if name in BARE] or names
    return phrase(chosen, known.facts[chosen]) if names and (chosen := rng.choice(names)) else article(known.kind)


def _on_card(known: Known) -> list[str]:
    """The properties that say it all and that the item's card has."""
    said = metadata(known.item).casefold()
    return [name for name, value in known.facts.items() if name in BARE and value.casefold() in said]


def _another(rng: Random, best: int, shown: Sequence[Known]) -> str:
    """A second item: the least expensive one, or one that differs from the best by its card."""
    cheapest = _cheapest(shown)
    if cheapest is not None and cheapest != best and rng.random() < 0.5:
        return _least_expensive(rng, cheapest, shown)
    place = rng.choice([i for i in range(len(shown)) if i != best])
    known, first = shown[place], shown[best]
    differing = [name for name in _on_card(known) if first.facts.get(name) != known.facts[name]]
    what = known.facts[rng.choice(differing)] if differing else article(known.kind)
    return f"{rng.choice(('Or', 'There is also'))} [{place + 1}], {what}{_at(rng, known)}."


def _cheapest(shown: Sequence[Known]) -> int | None:
    """The place of the one item that costs less than all others; None where there is none, or no price."""
    prices = [known.item.price for known in shown if known.item.price is not None]
    alike = len({known.item.currency for known in shown}) == 1
    if len(prices) < len(shown) or not alike or prices.count(min(prices)) > 1:
        return None
    return prices.index(min(prices))


def _least_expensive(rng: Random, place: int, shown: Sequence[Known]) -> str:
    cost = money(shown[place].item.price or 0.0, shown[place].item.currency)
    return rng.choice((f"[{place + 1}] is the cheapest at {cost}.", f"The least expensive is [{place + 1}], {cost}."))


def _fitting(known: Known, wants: Mapping[str, str]) -> list[str]:
    """The wishes that an item meets, by name."""
    return [name for name, value in wants.items() if known.facts.get(name) == value]


def _instead(known: Known, wants: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """The first wish that is not met, as it was asked for, and what there is instead."""
    for name, value in wants.items():
        has = known.facts.get(name)
        if has is None:
            return f"not {phrase(name, asked[name])}"
        if has != value:
            return f"{phrase(name, has)}, not {phrase(name, asked[name])}"
    return "that is all"
