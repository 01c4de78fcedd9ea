"""Answers that are true of the items on show, worded in several ways: what training teaches the model to write.

Each function is told what is known and returns a sentence or two. Items are cited by their numbers on show.
"""

from collections.abc import Mapping, Sequence
from random import Random

from navigator.facts import in_direction, money, spoken, told_sizes
from navigator.families import taken_in
from navigator.knowledge import BARE, Known, article, phrase
from navigator.prompt import metadata


def describe(rng: Random, known: Known) -> str:
    """What can be seen of one item, everything once."""
    facts = list(known.telling.items())
    look = [value for name, value in facts if name in ("color", "material")]
    rest = [phrase(name, value) for name, value in facts if name not in ("color", "material")]
    text = " ".join([*look, known.kind])
    return f"{text}, {', '.join(rest)}." if rest else f"{text}."


def found(
    rng: Random,
    shown: Sequence[Known],
    wants: Mapping[str, str],
    unmet: Sequence[str] = (),
    said: Mapping[str, str] | None = None,
) -> str:
    """Present the results of a search: the best one with its reason, then how another differs.

    Args:
        wants: values of the catalogue by property.
        unmet: wishes that nothing meets, in words.
        said: the person's own words for `wants`, where they are others: what is missing is told in them.
    """
    asked = {**wants, **{name: word for name, word in (said or {}).items() if name in wants}}
    if not shown:
        return rng.choice(
            ("Nothing here fits that.", "I found nothing that fits.", "Sorry, we have nothing like that.")
        )
    scores = [sum(known.facts.get(name) == value for name, value in wants.items()) for known in shown]
    best = max(range(len(shown)), key=lambda i: scores[i])
    known = shown[best]
    fitting = _fitting(known, wants)
    met = [phrase(name, known.facts[name]) for name in fitting]
    missing = [phrase(name, asked[name]) for name, value in wants.items() if known.facts.get(name) != value]
    told = _told(rng, known, wants)
    cite = f"[{best + 1}]"
    if wants and not met:
        text = rng.choice(
            (f"Nothing matches {missing[0]}; {cite} comes closest, {told}.", f"No {missing[0]} here. {cite} is {told}.")
        )
    elif missing:
        text = rng.choice(
            (
                f"{cite} is closest: {spoken(met)}, but {_instead(known, wants, asked)}.",
                f"{cite} {_is(known, fitting)}, though {_instead(known, wants, asked)}.",
            )
        )
    elif met:
        text = rng.choice(
            (
                f"{cite} fits: {spoken(met)}.",
                f"{cite} is what you asked for: {spoken(met)}.",
                f"Take a look at {cite}: {spoken(met)}.",
            )
        )
    else:
        text = rng.choice((f"{cite} is {told}.", f"Have a look at {cite}, {told}.", f"I like {cite}: {told}."))
    if unmet:
        text += f" Nothing is {unmet[0]}."
    others = [i for i in range(len(shown)) if i != best]
    if others and rng.random() < 0.4:
        text += " " + _another(rng, rng.choice(others), shown, known)
    return text


def relaxed(rng: Random, shown: Sequence[Known], wants: Mapping[str, str], given_up: str) -> str:
    """Present results for which a wish was given up, and say so first."""
    known = shown[0]
    met = _fitting(known, wants)
    looks = spoken([phrase(name, known.facts[name]) for name in met]) or _told(rng, known, wants)
    return rng.choice(
        (
            f"Nothing here is {given_up}. [1] {_is(known, met) if met else f'is {looks}'}.",
            f"I have none in {given_up}; [1] comes closest, {looks}.",
            f"No {given_up} ones, sorry. Have a look at [1]: {looks}.",
        )
    )


def over_limit(rng: Random, shown: Sequence[Known], wants: Mapping[str, str], limit: float) -> str:
    """Present what costs more than it may, the least expensive first, and say so before all else."""
    known = shown[0]
    most, cost = money(limit, known.item.currency), money(known.item.price or 0.0, known.item.currency)
    met = _fitting(known, wants)
    is_ = f"{_is(known, met)} and costs {cost}" if met else f"costs {cost}"
    return rng.choice(
        (
            f"Nothing here is under {most}. [1] {is_}.",
            f"I have none under {most}; [1] comes closest, at {cost}.",
            f"No {known.kind} under {most}, sorry. [1] {is_}.",
            f"There is nothing under {most}: [1] is the closest at {cost}.",
        )
    )


def ask_back(rng: Random, shown: Sequence[Known]) -> str:
    """Show something to someone who said little, and ask one question."""
    place = rng.randrange(len(shown))
    known = shown[place]
    seen = f"[{place + 1}] is a {known.kind}, {_told(rng, known, {})}."
    question = rng.choice(
        (
            "What kind of thing do you have in mind?",
            "Which room is it for?",
            "What do you like: colours, materials?",
            "Roughly how much would you spend?",
            "Is it for a particular room?",
        )
    )
    return rng.choice((f"{seen} {question}", f"A few ideas: {seen} {question}"))


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
    two = _is(second, names).removeprefix("is ").removeprefix("has ")
    parts = [f"[1] {_is(first, names)}, [2] {two}."] if names else ["They look much alike."]
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
    bare, parts = _looks_and_parts(known, some)
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


def similar(rng: Random, anchor: Known, shown: Sequence[Known]) -> str:
    """What the items found share with the one they should be like."""
    common = [[name for name, value in known.facts.items() if anchor.facts.get(name) == value] for known in shown]
    best = max(range(len(shown)), key=lambda i: len(common[i]))
    shared = spoken([phrase(name, anchor.facts[name]) for name in common[best][:2]])
    if not shared:
        return rng.choice(
            (f"Nothing is very close; [{best + 1}] may still appeal.", f"[{best + 1}] is the nearest I have.")
        )
    return rng.choice(
        (
            f"[{best + 1}] is the most like it: also {shared}.",
            f"Like it, [{best + 1}] {_is(shown[best], common[best][:2])}.",
            f"Try [{best + 1}], {shared} too.",
        )
    )


def goes_with(rng: Random, anchor: Known | None, shown: Sequence[Known], budget: float | None) -> str:
    """Why the items found go together, and what they cost together."""
    pieces = [f"[{i}] {known.kind}" for i, known in enumerate(shown, 1)]
    if anchor is not None:
        shares = [
            [v for n, v in known.facts.items() if n in ("style", "material", "color") and anchor.facts.get(n) == v]
            for known in shown
        ]
        best = max(range(len(shown)), key=lambda i: len(shares[i]))
        if shares[best]:
            text = rng.choice(
                (
                    f"[{best + 1}] goes well with it: both are {shares[best][0]}.",
                    f"[{best + 1}] suits it, {shares[best][0]} as well.",
                )
            )
        else:
            text = f"[{best + 1}] sets it off: {_told(rng, shown[best], {})}."
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


def _told(rng: Random, known: Known, wants: Mapping[str, str]) -> str:
    """A property that was not asked for, of those that the item's text says where there is one, or its price."""
    names = [name for name in known.facts if name not in wants]
    names = [name for name in names if name in BARE] or names
    said = metadata(known.item).casefold()
    safe = [name for name in names if known.facts[name].casefold() in said]
    if known.item.price is not None and rng.random() < 0.3:
        return f"at {money(known.item.price, known.item.currency)}"
    chosen = rng.choice(safe or [name for name in names if name == "color"] or names or [""])
    return phrase(chosen, known.facts[chosen]) if chosen else known.kind


def _is(known: Known, names: Sequence[str]) -> str:
    """What an item is and has: "is oak with hairpin legs", "has hairpin legs"."""
    looks, parts = _looks_and_parts(known, names)
    if not looks:
        return f"has {spoken(parts)}"
    return f"is {spoken(looks)} with {spoken(parts)}" if parts else f"is {spoken(looks)}"


def _looks_and_parts(known: Known, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """What an item is (oak, striped) and what it has (hairpin legs), of these properties."""
    looks = [known.facts[name] for name in names if name in BARE]
    return looks, [phrase(name, known.facts[name]) for name in names if name not in BARE]


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


def _another(rng: Random, place: int, shown: Sequence[Known], best: Known) -> str:
    known = shown[place]
    differing = [name for name, value in known.facts.items() if best.facts.get(name) not in (None, value)]
    if not differing:
        return f"Or [{place + 1}], {known.kind}."
    look = phrase(differing[0], known.facts[differing[0]])
    return rng.choice((f"[{place + 1}] {_is(known, differing[:1])}.", f"Or [{place + 1}], {look}."))
