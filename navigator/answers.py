"""Answers to questions, true of the items on show: what training teaches a model to write.

Each function is told what is known and returns a sentence or two. Items are cited by their numbers on show. What a
search found is presented by `navigator.presenting`.
"""

from collections.abc import Mapping, Sequence
from random import Random

from navigator.facts import in_direction, money, spoken, told_sizes
from navigator.families import taken_in
from navigator.knowledge import BARE, Known, article, phrase


def describe(rng: Random, known: Known) -> str:
    """What can be seen of one item, everything once."""
    facts = list(known.telling.items())
    look = [value for name, value in facts if name in ("color", "material")]
    rest = [phrase(name, value) for name, value in facts if name not in ("color", "material")]
    text = " ".join([*look, known.kind])
    return f"{text}, {', '.join(rest)}." if rest else f"{text}."


def attribute(known: Known, name: str, number: int = 1) -> str:
    """What one property is. Its name comes first: having said it a small model looks for it, and for nothing else."""
    return f"The {name} of [{number}] {'are' if name.endswith('s') else 'is'} {known.facts[name]}."


def untold(name: str, number: int = 1) -> str:
    """What neither the vectors nor the catalogue tell, though it could be seen."""
    return f"I can't make out the {name} of [{number}]."


def yes_or_no(known: Known, name: str, asked: str, number: int = 1) -> str:
    """Whether a property has the value that was asked for, perhaps by a broader word: oak is wood.

    What it is comes first: a small model that has to begin with yes or no guesses, and then contradicts itself.
    """
    said = phrase(name, known.facts[name])
    verb = "is" if said == known.facts[name] else "has"
    has = known.facts[name] == asked or known.facts[name] in taken_in(name, asked)
    verdict = "yes" if has else f"not {phrase(name, asked)}"
    return f"[{number}] {verb} {said}, {verdict}."


def which(said: str, numbers: Sequence[int]) -> str:
    """Which of the items on show, by their numbers, are what was asked for.

    What was asked for comes first: having said it a small model looks for it, and need not know before whether any is.
    """
    return f"{said}: {spoken(f'[{number}]' for number in numbers) or 'none of them'}."


def of_extreme_size(word: str, numbers: Sequence[int], size: str) -> str:
    """Which of the items on show is the widest, and how wide."""
    places = spoken([f"[{number}]" for number in numbers])
    if len(numbers) > 1:
        return f"The {word} are {places}: {size}."
    return f"{places} is the {word}: {size}."


def compare(first: Known, second: Known) -> str:
    """How two items differ, in what can be seen and in price."""
    names = [name for name in first.facts if name in second.facts and first.facts[name] != second.facts[name]]
    names = list(dict.fromkeys([*names[:1], *names[-1:]]))
    two = is_and_has(second, names).removeprefix("is ").removeprefix("has ")
    parts = [f"[1] {is_and_has(first, names)}, [2] {two}."] if names else ["They look much alike."]
    price_one, price_two = first.item.price, second.item.price
    if price_one is not None and price_two is not None:
        if price_one == price_two:
            parts.append("They cost the same.")
        else:
            cheap, less = (1, price_two - price_one) if price_one < price_two else (2, price_one - price_two)
            parts.append(f"[{cheap}] costs {money(less, first.item.currency)} less.")
    return " ".join(parts)


def extreme(shown: Sequence[Known], dearest: bool) -> str:
    """The cheapest or dearest, as the facts beside the items say it."""
    prices = [known.item.price or 0.0 for known in shown]
    place = prices.index(max(prices) if dearest else min(prices))
    cost = money(prices[place], shown[place].item.currency)
    return f"[{place + 1}] is the {'most expensive' if dearest else 'cheapest'} at {cost}."


def total(shown: Sequence[Known]) -> str:
    """What the items on show cost together."""
    cost = money(sum(known.item.price or 0.0 for known in shown), shown[0].item.currency)
    return f"All {len(shown)} together cost {cost}."


def copies(known: Known, count: int) -> str:
    """What so many of one item cost."""
    return f"All {count} together cost {money((known.item.price or 0.0) * count, known.item.currency)}."


def price(known: Known, number: int = 1) -> str:
    if known.item.price is None:
        return f"I have no price for [{number}]."
    return f"[{number}] costs {money(known.item.price, known.item.currency)}."


def brand(name: str, number: int = 1) -> str:
    """Whose an item is."""
    return f"[{number}] is by {name}."


def is_by(name: str, asked: str, number: int = 1) -> str:
    """Whether an item is by the brand that was asked for."""
    return f"[{number}] is by {name}, {'yes' if name == asked else f'not {asked}'}."


def stated(name: str, value: str, number: int = 1) -> str:
    """What the catalogue's own attributes say."""
    verb = "are" if name.endswith("s") else "is"
    return f"The {name} of [{number}] {verb} {value}."


def measure(what: str, value: str, number: int = 1) -> str:
    """How large an item is in one direction."""
    return f"[{number}] is {value} {in_direction(what)}."


def sizes(told: Mapping[str, str], number: int = 1) -> str:
    """How large an item is in all directions that are known."""
    return f"[{number}] is {told_sizes(told)}."


def more(known: Known, number: int = 1) -> str:
    """What an item is and looks like, whose it is, and its price: of each what is known, of its looks a few."""
    main = [value for name, value in known.telling.items() if name in ("color", "material")]
    rest = [name for name in known.telling if name not in ("color", "material")]
    bare, parts = looks_and_parts(known, rest[:_LOOKS])
    text = f"[{number}] is {article(' '.join([*main, known.kind]))}"
    text += f", {spoken(bare)}" if bare else ""
    text += f", with {spoken(parts)}" if parts else ""
    if known.item.brand:
        text += f", by {known.item.brand}"
    if known.item.price is not None:
        text += f", at {money(known.item.price, known.item.currency)}"
    return f"{text}."


def stock(known: Known, number: int = 1) -> str:
    """Whether an item can be had."""
    if known.item.in_stock:
        return f"[{number}] is in stock."
    return f"[{number}] is {known.item.availability.replace('_', ' ')}."


def unknown(number: int = 1) -> str:
    """What the catalogue does not say."""
    return f"The shop's data doesn't say that about [{number}]."


def unknown_of_all() -> str:
    """What the catalogue says of none of the items on show."""
    return "The shop's data doesn't say that about these."


_LOOKS = 3
"""Looks beside colour and material that are told of an item at once."""


def is_and_has(known: Known, names: Sequence[str]) -> str:
    """What an item is and has: "is oak with hairpin legs", "has hairpin legs"."""
    looks, parts = looks_and_parts(known, names)
    if not looks:
        return f"has {spoken(parts)}"
    return f"is {spoken(looks)} with {spoken(parts)}" if parts else f"is {spoken(looks)}"


def looks_and_parts(known: Known, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """What an item is (oak, striped) and what it has (hairpin legs), of these properties."""
    looks = [known.facts[name] for name in names if name in BARE]
    return looks, [phrase(name, known.facts[name]) for name in names if name not in BARE]
