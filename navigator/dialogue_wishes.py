"""What people wish for in conversations to train on: properties, in their own words, prices, and what must not be."""

from collections.abc import Mapping
from random import Random

from navigator import phrasing
from navigator.dialogue_state import State
from navigator.families import COLORS, KINDS, MATERIALS
from navigator.knowledge import Known, Shelf, phrase

FILTERED = {"color": "colors", "material": "materials", "style": "styles"}
"""Facts that an intent has a slot for, and the slot."""


def unmet_wish(state: State, target: Known, wants: Mapping[str, str]) -> dict[str, str] | None:
    """A wish that nothing of a kind meets, where there is one."""
    rng = state.rng
    name = rng.choice([name for name in FILTERED if name not in wants] or ["style"])
    has = {known.facts.get(name) for known in state.shelf.of_kind(target.kind)}
    others = sorted({known.facts[name] for known in state.shelf.known if name in known.facts} - has)
    return {name: rng.choice(others)} if others and name not in wants else None


def broadly(rng: Random, name: str, value: str) -> str:
    """A value as people may call it: green for sage, wood for oak, a lamp for a floor lamp; mostly as it is."""
    if rng.random() > 0.3:
        return value
    if name == "category":
        return rng.choice([*(word for word, kind in KINDS.items() if kind == value), value.split()[-1]])
    family = {"color": COLORS, "material": MATERIALS}.get(name, {})
    return rng.choice([word for word, under in family.items() if value in under.split("|")] or [value])


def loosely(rng: Random, name: str, value: str) -> str:
    """A colour as people hedge it, now and then: blue-ish, a kind of green."""
    if name != "color" or " " in value or rng.random() > 0.06:
        return value
    return rng.choice((f"{value}-ish", f"{value}ish", f"kind of {value}", f"more or less {value}"))


def beside(state: State, target: Known) -> str:
    """Something that is there already, beside which the thing is to stand: no part of the wish."""
    rng = state.rng
    other = rng.choice(state.shelf.known)
    if other.kind == target.kind:
        return rng.choice(("for the living room", "for the bedroom", "for the kitchen"))
    looks = [other.facts[name] for name in ("color", "material") if name in other.facts]
    look = f"{rng.choice(looks)} " if looks and rng.random() < 0.4 else ""
    return phrasing.say(rng, "beside", x=f"{look}{other.kind}")


def attached(state: State, target: Known) -> str:
    """The same in one breath with the thing: `chairs for the dining table`; "" where it would be of its own kind."""
    other = state.rng.choice(state.shelf.known)
    return "" if other.kind == target.kind else phrasing.say(state.rng, "attached", x=other.kind)


def beyond_slots(wants: Mapping[str, str], beyond: str = "") -> str:
    """The wishes that no slot of an intent has a place for; the rest need not be written twice.

    Args:
        beyond: what nothing in the catalogue is called, as it was said.
    """
    said = [phrase(name, value) for name, value in wants.items() if name not in FILTERED]
    return ", ".join([*said, beyond] if beyond else said)


def beyond_words(state: State) -> tuple[str, str]:
    """A word for how a thing should be that nothing in the catalogue is called, and a message that asks for it.

    Both are empty where all such words are in the catalogue.
    """
    rng = state.rng
    shaped = rng.random() < 0.4
    values = {word for known in state.shelf.known for value in known.facts.values() for word in value.split()}
    words = [word for word in phrasing.wordings("shaped" if shaped else "softly") if word not in values]
    if not words:
        return "", ""
    word = rng.choice(words)
    return word, phrasing.say(rng, "rather_shaped" if shaped else "rather_soft", x=word)


def filters_of(worded: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The slots of an intent for wishes as they were said; "oak or ash" fills one with both."""
    return {field: tuple(worded[name].split(" or ")) for name, field in FILTERED.items() if name in worded}


def worded_wishes(state: State, wants: Mapping[str, str]) -> dict[str, str]:
    """Wishes as people say them: broadly now and then, or leaving a choice."""
    rng = state.rng
    worded = {name: broadly(rng, name, value) for name, value in wants.items()}
    for name in worded:
        if name in FILTERED and rng.random() < 0.1:
            worded[name] = with_another(state, name, worded[name])
    return worded


def with_another(state: State, name: str, value: str) -> str:
    """ "oak or ash": a value and another one of the same kind."""
    others = sorted({known.facts[name] for known in state.shelf.known if name in known.facts} - {value})
    return " or ".join(state.rng.sample([value, state.rng.choice(others)], 2)) if others else value


def price_limits(rng: Random, target: Known, pieces: list[str]) -> tuple[float | None, float | None]:
    """Now and then a price that the target meets."""
    price, draw = target.item.price, rng.random()
    if price is None or draw > 0.45:
        return None, None
    high = rounded(price * rng.uniform(1.02, 1.6))
    if draw < 0.33:
        pieces.append(phrasing.cap(rng, high))
        return None, high
    low = min(rounded(price * rng.uniform(0.5, 0.95)), high)
    if draw < 0.4 and low < high:
        pieces.append(phrasing.price_range(rng, low, high))
        return low, high
    pieces.append(phrasing.floor(rng, low))
    return low, None


def excluded_word(rng: Random, shelf: Shelf, target: Known, wants: dict[str, str], pieces: list[str]) -> str | None:
    if rng.random() > 0.12:
        return None
    others = {known.facts[name] for known in shelf.of_kind(target.kind) for name in FILTERED if name in known.facts}
    others -= set(target.facts.values()) | set(wants.values())
    if not others:
        return None
    word = rng.choice(sorted(others))
    pieces.append(phrasing.without(rng, word))
    return word


def rounded(price: float) -> float:
    """A price as people name it: 45, 150, 1200."""
    step = 5 if price < 100 else 10 if price < 400 else 50 if price < 2000 else 100
    return float(max(step, round(price / step) * step))
