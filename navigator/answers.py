"""Answers to questions, true of the items on show and worded in several ways: what training teaches a model to write.

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


def attribute(rng: Random, known: Known, name: str, number: int = 1) -> str:
    """What one property is."""
    value = known.facts[name]
    cite = f"[{number}]"
    said = phrase(name, value)
    verb = "are" if name.endswith("s") else "is"
    named = (f"The {name} of {cite} {verb} {value}.", f"{cite} {name}: {value}.")
    if said == value:
        return rng.choice((*named, f"{cite} is {value}."))
    return rng.choice((*named, f"{cite} has {said}."))


def untold(rng: Random, name: str, number: int = 1) -> str:
    """What neither the vectors nor the catalogue tell, though it could be seen."""
    return rng.choice((f"I can't make out the {name} of [{number}].", f"The {name} of [{number}] I can't tell."))


def yes_or_no(rng: Random, known: Known, name: str, asked: str, number: int = 1) -> str:
    """Whether a property has the value that was asked for, perhaps by a broader word: oak is wood.

    What it is comes first: a small model that has to begin with yes or no guesses, and then contradicts itself.
    """
    said = phrase(name, known.facts[name])
    verb = "is" if said == known.facts[name] else "has"
    has = known.facts[name] == asked or known.facts[name] in taken_in(name, asked)
    verdict = "yes" if has else f"not {phrase(name, asked)}"
    return f"[{number}] {verb} {said}, {verdict}."


def which(rng: Random, said: str, numbers: Sequence[int], bare: bool = True) -> str:
    """Which of the items on show are what was asked for.

    Args:
        numbers: of those that are.
        bare: whether it is said of the whole item: striped, but not hairpin legs.
    """
    places = [f"[{number}]" for number in numbers]
    if not places:
        return rng.choice((f"{said}: none of them.", f"None of them {'is' if bare else 'has'} {said}."))
    if len(places) == 1 and rng.random() < 0.5:
        return f"The one {'that is' if bare else 'with'} {said}: {places[0]}."
    return f"{said}: {spoken(places)}."


def of_extreme_size(rng: Random, word: str, numbers: Sequence[int], size: str) -> str:
    """Which of the items on show is the widest, and how wide."""
    places = spoken([f"[{number}]" for number in numbers])
    if len(numbers) > 1:
        return f"The {word} are {places}: {size}."
    return rng.choice((f"The {word} is {places}: {size}.", f"{places} is the {word}: {size}."))


def compare(rng: Random, first: Known, second: Known) -> str:
    """How two items differ, in what can be seen and in price."""
    names = [name for name in first.facts if name in second.facts and first.facts[name] != second.facts[name]]
    rng.shuffle(names)
    names = sorted(names[:2], key=list(first.facts).index)
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


def extreme(rng: Random, shown: Sequence[Known], dearest: bool) -> str:
    """The cheapest or dearest, as the facts beside the items say it."""
    prices = [known.item.price or 0.0 for known in shown]
    place = prices.index(max(prices) if dearest else min(prices))
    cost = money(prices[place], shown[place].item.currency)
    word = rng.choice(("most expensive", "dearest")) if dearest else rng.choice(("cheapest", "least expensive"))
    return rng.choice((f"[{place + 1}] is the {word} at {cost}.", f"The {word} is [{place + 1}], {cost}."))


def total(rng: Random, shown: Sequence[Known]) -> str:
    """What the items on show cost together."""
    cost = money(sum(known.item.price or 0.0 for known in shown), shown[0].item.currency)
    return rng.choice((f"All {len(shown)} together cost {cost}.", f"Together they are {cost}.", f"That makes {cost}."))


def price(rng: Random, known: Known, number: int = 1) -> str:
    if known.item.price is None:
        return f"I have no price for [{number}]."
    cost = money(known.item.price, known.item.currency)
    return rng.choice((f"[{number}] is {cost}.", f"[{number}] costs {cost}.", f"{cost} for [{number}]."))


def brand(rng: Random, name: str, number: int = 1) -> str:
    """Whose an item is."""
    return rng.choice((f"[{number}] is by {name}.", f"{name} makes [{number}].", f"The brand of [{number}] is {name}."))


def is_by(name: str, asked: str, number: int = 1) -> str:
    """Whether an item is by the brand that was asked for."""
    return f"[{number}] is by {name}, {'yes' if name == asked else f'not {asked}'}."


def stated(rng: Random, name: str, value: str, number: int = 1) -> str:
    """What the catalogue's own attributes say."""
    verb = "are" if name.endswith("s") else "is"
    return rng.choice((f"The {name} of [{number}] {verb} {value}.", f"[{number}] {name}: {value}."))


def measure(rng: Random, what: str, value: str, number: int = 1) -> str:
    """How large an item is in one direction."""
    return rng.choice((f"[{number}] is {value} {in_direction(what)}.", f"The {what} of [{number}] is {value}."))


def sizes(told: Mapping[str, str], number: int = 1) -> str:
    """How large an item is in all directions that are known."""
    return f"[{number}] is {told_sizes(told)}."


def more(rng: Random, known: Known, number: int = 1) -> str:
    """What an item is and looks like, whose it is, and its price: of each what is known, of its looks a few."""
    main = [value for name, value in known.telling.items() if name in ("color", "material")]
    rest = [name for name in known.telling if name not in ("color", "material")]
    some = sorted(rng.sample(rest, min(len(rest), _LOOKS)), key=rest.index)
    bare, parts = looks_and_parts(known, some)
    text = f"[{number}] is {article(' '.join([*main, known.kind]))}"
    text += f", {spoken(bare)}" if bare else ""
    text += f", with {spoken(parts)}" if parts else ""
    if known.item.brand:
        text += f", by {known.item.brand}"
    if known.item.price is not None:
        text += f", at {money(known.item.price, known.item.currency)}"
    return f"{text}."


def stock(rng: Random, known: Known, number: int = 1) -> str:
    """Whether an item can be had."""
    if known.item.in_stock:
        return rng.choice((f"[{number}] is in stock.", f"In stock: [{number}]."))
    return rng.choice((f"[{number}] is {known.item.availability.replace('_', ' ')}.", f"[{number}] is not to be had."))


def unknown(rng: Random, number: int = 1) -> str:
    """What the catalogue does not say."""
    return rng.choice(
        (
            f"I don't know that about [{number}].",
            f"The shop's data doesn't say that about [{number}].",
            f"I can't tell that from what I have on [{number}].",
        )
    )


def unknown_of_all(rng: Random) -> str:
    """What the catalogue says of none of the items on show."""
    return rng.choice(
        (
            "I don't know that about any of them.",
            "The shop's data doesn't say that about these.",
            "I can't tell that from what I have on them.",
        )
    )


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
