"""Answers that present what was found, true of the items on show: what training teaches a model to write.

The best comes first with its reason and its price, then another: the least expensive, or one that differs. What is
said of another its card says, too: a small model copies that without a slip, and looking at more pictures it slips.
How an answer is worded follows from what it says: a wording drawn by chance cannot be foreseen, and a small model
spends its steps on trying to.
"""

from collections.abc import Mapping, Sequence

from navigator.answers import is_and_has
from navigator.facts import money, spoken
from navigator.knowledge import BARE, Known, article, phrase
from navigator.prompt import metadata

_WIDE = 3.0
"""Dearest over least expensive from which the price is what to ask for first."""


def found(
    shown: Sequence[Known],
    wants: Mapping[str, str],
    said: Mapping[str, str] | None = None,
    *,
    asks: bool = False,
    again: bool = False,
) -> str:
    """Present the results of a search: the best one with its reason, then another.

    Args:
        wants: values of the catalogue by property.
        said: the person's own words for `wants`, where they are others: what is missing is told in them.
        asks: whether so little was said that one question follows.
        again: whether something was on show before.
    """
    asked = {**wants, **{name: word for name, word in (said or {}).items() if name in wants}}
    if not shown:
        return "I found nothing that fits."
    best = _best(shown, wants)
    known, cite = shown[best], f"[{best + 1}]"
    fitting = _fitting(known, wants)
    met = spoken(phrase(name, known.facts[name]) for name in fitting)
    if wants and not met:
        missing = phrase(*next(iter(asked.items())))
        text = f"Nothing matches {missing}. The closest is {cite}, {_introduced(known)}{_at(known)}."
    elif len(fitting) < len(wants):
        text = f"{cite} is closest: {met}, but {_instead(known, wants, asked)}{_at(known)}."
    elif len(fitting) > 1:
        text = f"{cite} is what you asked for: {met}{_at(known)}."
    elif met:
        text = f"{f'{cite} fits' if again else f'Take a look at {cite}'}: {met}{_at(known)}."
    else:
        text = f"{'Have a look at' if asks else 'I like'} {cite}, {_introduced(known)}{_at(known)}."
    text = f"{text} {_another(best, shown)}".rstrip()
    return f"{text} {_question(shown)}" if asks else text


def picked(shown: Sequence[Known], wants: Mapping[str, str]) -> tuple[str, int]:
    """Recommend one of the items on show, the first of those that fit best; (answer, its number)."""
    best = _best(shown, wants)
    known = shown[best]
    reason = spoken(phrase(name, known.facts[name]) for name in _fitting(known, wants)) or _introduced(known)
    text = f"I'd take [{best + 1}]: {reason}{_at(known)}."
    cheapest = _cheapest(shown)
    if cheapest is not None and cheapest != best:
        text += " " + _least_expensive(cheapest, shown)
    return text, best + 1


def relaxed(shown: Sequence[Known], wants: Mapping[str, str], given_up: str) -> str:
    """Present results for which a wish was given up, and say so first."""
    known = shown[0]
    met = spoken(phrase(name, known.facts[name]) for name in _fitting(known, wants)) or _introduced(known)
    return f"Nothing here is {given_up}. The closest is [1]: {met}{_at(known)}."


def over_limit(shown: Sequence[Known], wants: Mapping[str, str], limit: float) -> str:
    """Present what costs more than it may, the least expensive first, and say so before all else."""
    known = shown[0]
    most, cost = money(limit, known.item.currency), money(known.item.price or 0.0, known.item.currency)
    met = _fitting(known, wants)
    costs = f"{is_and_has(known, met)} and costs {cost}" if met else f"comes closest, at {cost}"
    return f"No {known.kind} under {most}, sorry. [1] {costs}."


def none_beyond(word: str, shown: Sequence[Known]) -> str:
    """Say that nothing is larger, or smaller, and what comes next in size."""
    return f"I found nothing {word}. [1] comes next in size, {_introduced(shown[0])}{_at(shown[0])}."


def unsold(thing: str, shown: Sequence[Known]) -> str:
    """Say that the shop has no such thing, and what came nearest to the words."""
    return f"There is no {thing} in this shop, sorry. The nearest I have: {_kinds(shown)}."


def another_kind(shown: Sequence[Known]) -> str:
    """Present other kinds of things than the one that it must not be."""
    return f"Something else, then: {_kinds(shown)}."


def ask_back(shown: Sequence[Known]) -> str:
    """Show a few things to someone who said little, by their kinds, and ask one question."""
    if len({known.kind for known in shown}) == 1:
        return f"Have a look at [1], {_introduced(shown[0])}{_at(shown[0])}. {_question(shown)}"
    return f"A few ideas: {_kinds(shown)}. {_question(shown)}"


def similar(anchor: Known, shown: Sequence[Known]) -> str:
    """What the items found share with the one they should be like."""
    common = [[name for name, value in known.facts.items() if anchor.facts.get(name) == value] for known in shown]
    best = max(range(len(shown)), key=lambda i: len(common[i]))
    shared = spoken(phrase(name, anchor.facts[name]) for name in common[best][:2])
    if not shared:
        return f"Nothing is very close; [{best + 1}] may still appeal, {_introduced(shown[best])}{_at(shown[best])}."
    text = f"[{best + 1}] is the most like it: also {shared}{_at(shown[best])}."
    return f"{text} {_another(best, shown)}".rstrip()


def goes_with(anchor: Known | None, shown: Sequence[Known], budget: float | None) -> str:
    """Why the items found go together, and what they cost together."""
    if anchor is not None:
        text = _company(anchor, shown)
    else:
        text = f"Together: {spoken(f'[{i}] {known.kind}' for i, known in enumerate(shown, 1))}."
    if budget is not None:
        together = sum(known.item.price or 0.0 for known in shown)
        currency = shown[0].item.currency
        within = "within" if together <= budget else "over"
        text += f" All together {money(together, currency)}, {within} your {money(budget, currency)}."
    return text


def for_taste(place: int, liked: Sequence[str]) -> str:
    """Why one item suits a person whose taste is known."""
    return f"[{place}] is most your taste: {spoken(list(liked)[:2])}."


def _kinds(shown: Sequence[Known]) -> str:
    """The first of each kind of thing on show, three at most: "[1] a rug, [2] a mug and [5] a vase"."""
    first = {known.kind: number for number, known in reversed([*enumerate(shown, 1)])}
    kinds = sorted(first.items(), key=lambda entry: entry[1])[:3]
    return spoken(f"[{number}] {article(kind)}" for kind, number in kinds)


def _question(shown: Sequence[Known]) -> str:
    """What to ask of someone who said little: the price where it could be anything, else the look."""
    prices = [known.item.price for known in shown if known.item.price]
    wide = bool(prices) and max(prices) >= _WIDE * min(prices)
    return "Roughly how much would you spend?" if wide else "What do you like: colours, materials?"


def _company(anchor: Known, shown: Sequence[Known]) -> str:
    """What suits an item and why, and what else there is."""
    shares = [
        [v for n, v in known.facts.items() if n in ("style", "material", "color") and anchor.facts.get(n) == v]
        for known in shown
    ]
    best = max(range(len(shown)), key=lambda i: len(shares[i]))
    known, cite = shown[best], f"[{best + 1}], {article(shown[best].kind)},"
    if shares[best]:
        text = f"{cite} goes well with it: both are {shares[best][0]}."
    else:
        text = f"{cite} sets it off: {_told(known)}."
    others = [f"[{i}] {article(other.kind)}" for i, other in enumerate(shown, 1) if other is not known][:2]
    return f"{text} Also here: {spoken(others)}." if others else text


def _best(shown: Sequence[Known], wants: Mapping[str, str]) -> int:
    """The place of the first item that meets most wishes."""
    return max(range(len(shown)), key=lambda i: len(_fitting(shown[i], wants)))


def _at(known: Known) -> str:
    """The price, as it is appended."""
    return "" if known.item.price is None else f", at {money(known.item.price, known.item.currency)}"


def _introduced(known: Known) -> str:
    """An item by its kind and what its card says of its look: "a boho desk in oak"."""
    told = _on_card(known)
    adjectives = [known.facts[name] for name in told if known.facts[name] != known.facts.get("material")]
    adjective = f"{adjectives[0]} " if adjectives else ""
    material = f" in {known.facts['material']}" if "material" in told else ""
    return article(f"{adjective}{known.kind}{material}")


def _told(known: Known) -> str:
    """A property, of those that the item's card says where there is one."""
    names = _on_card(known) or [name for name in known.facts if name in BARE] or list(known.facts)
    return phrase(names[0], known.facts[names[0]]) if names else article(known.kind)


def _on_card(known: Known) -> list[str]:
    """The properties that say it all and that the item's card has."""
    said = metadata(known.item).casefold()
    return [name for name, value in known.facts.items() if name in BARE and value.casefold() in said]


def _another(best: int, shown: Sequence[Known]) -> str:
    """A second item: the least expensive one, or else the first that differs from the best by its card."""
    if len(shown) < 2:
        return ""
    cheapest = _cheapest(shown)
    if cheapest is not None and cheapest != best:
        return _least_expensive(cheapest, shown)
    place = 1 if best == 0 else 0
    known, first = shown[place], shown[best]
    differing = [known.facts[name] for name in _on_card(known) if first.facts.get(name) != known.facts[name]]
    return f"There is also [{place + 1}], {differing[0] if differing else article(known.kind)}{_at(known)}."


def _cheapest(shown: Sequence[Known]) -> int | None:
    """The place of the one item that costs less than all others; None where there is none, or no price."""
    prices = [known.item.price for known in shown if known.item.price is not None]
    alike = len({known.item.currency for known in shown}) == 1
    if len(prices) < len(shown) or not alike or prices.count(min(prices)) > 1:
        return None
    return prices.index(min(prices))


def _least_expensive(place: int, shown: Sequence[Known]) -> str:
    return f"[{place + 1}] is the cheapest at {money(shown[place].item.price or 0.0, shown[place].item.currency)}."


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
