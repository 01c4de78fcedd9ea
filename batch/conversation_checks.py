"""Whether one turn of a gold conversation came out right: each requirement is a check of its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from batch.conversation_gold import COLORS, MATERIALS, Facts, GoldTurn, Holds, values
from catalog.item import Item
from navigator.evaluation import invented
from navigator.facts import amounts, facts, money
from navigator.families import FAMILIES, taken_in
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, singular
from navigator.relax import Relaxed
from navigator.verdicts import says

Measure = Literal["constraint", "action", "citation", "reference", "relaxation", "denial", "fact"]
MEASURES: tuple[Measure, ...] = ("constraint", "action", "citation", "reference", "relaxation", "denial", "fact")

_CITED = re.compile(r"\[(\d+)\]")
_DENIED = re.compile(
    r"\b(?:nothing(?: here)? is|nothing matches|none in|no) (?P<what>[\w -]+?)(?= here| ones| that|[.,;:!]|$)", re.I
)
_FIELDS = {
    "kinds": ("categories",),
    "colors": ("colors",),
    "materials": ("materials",),
    "styles": ("styles",),
    "brands": ("brands",),
    "price_max": ("price_max",),
    "price_min": ("price_min", "price_max"),
}


@dataclass(frozen=True)
class Outcome:
    """What became of a turn.

    Args:
        intent: as it was read.
        shown: ids on show after it, in order.
        meant: ids of the items that the intent or a click pointed at.
        relaxed: what gave way.
        answer: the whole text.
        corrected: claims that were taken out of it.
        list_before: ids of the last list of several items that was on show before.
    """

    intent: ShoppingIntent
    shown: tuple[str, ...]
    meant: tuple[str, ...] = ()
    relaxed: tuple[Relaxed, ...] = ()
    answer: str = ""
    corrected: int = 0
    list_before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One requirement: what it is of, its name, whether it is met, and what was wrong."""

    measure: Measure
    name: str
    met: bool
    wrong: str = ""


def judge(turn: GoldTurn, outcome: Outcome, known: Mapping[str, Facts]) -> list[Check]:
    """Check a turn. A reference to an item that was never on show is not checked: what failed was the turn before."""
    shown = [known[item] for item in outcome.shown]
    checks = [_action(turn, outcome), _citations(outcome)]
    checks += _presence(turn, shown)
    checks += _constraints(turn.holds, shown, outcome, known)
    meant = expected(turn, outcome.list_before)
    if meant:
        checks.append(_reference(turn, outcome, meant))
    if turn.tells and meant:
        checks.append(_told_fact(turn.tells, known[meant[0]], outcome.answer))
    if turn.tells_of is not None:
        checks.append(_told_relaxation(turn.tells_of, shown, outcome.relaxed))
    return [*checks, *_denials(shown, outcome.answer)]


def expected(turn: GoldTurn, list_before: Sequence[str]) -> tuple[str, ...]:
    """Ids of the items that a turn refers to; () where it refers to none, or to one that is not there."""
    found = []
    for reference in turn.refers_to:
        if isinstance(reference, str) and reference != "last":
            found.append(reference)
            continue
        number = len(list_before) if reference == "last" else int(reference)
        if not 1 <= number <= len(list_before):
            return ()
        found.append(list_before[number - 1])
    return tuple(found)


def made_up(
    answer: str,
    shown: Sequence[Known],
    before: Sequence[Known],
    told: str,
    intent: ShoppingIntent,
    vocabulary: Sequence[str],
) -> list[str]:
    """Properties and amounts that an answer claims although nothing on show has them and nobody said them.

    Args:
        shown: on show now.
        before: what earlier turns showed, which may still be spoken of.
        told: all that was said before, by the person and about the search.
    """
    items = [entry.item for entry in shown]
    given = amounts(" ".join([told, *facts(items, intent.budget_total)])) | _prices(items)
    given |= _prices([entry.item for entry in before])
    said = re.sub(r"\d[\d,.]*", lambda number: number[0].rstrip(",."), told)
    plain = {re.sub(r"[^\d.]", "", amount).removesuffix(".00") for amount in given}
    loose = [
        amount
        for amount in sorted(amounts(answer) - given)
        if (digits := re.sub(r"[^\d.]", "", amount).removesuffix(".00")) not in plain and not says(said, digits)
    ]
    return [*invented(answer, [*shown, *before], told, vocabulary), *loose]


def _action(turn: GoldTurn, outcome: Outcome) -> Check:
    read = outcome.intent.action
    return Check("action", "action", read in turn.actions, f"{read}, not {' or '.join(turn.actions)}")


def _citations(outcome: Outcome) -> Check:
    numbers = [int(number) for number in _CITED.findall(outcome.answer)]
    wrong = [number for number in numbers if not 1 <= number <= len(outcome.shown)]
    return Check("citation", "citations", not wrong, f"cites {wrong} of {len(outcome.shown)} items")


def _presence(turn: GoldTurn, shown: Sequence[Facts]) -> list[Check]:
    if turn.shows == "nothing":
        return [Check("constraint", "nothing shown", not shown, f"shows {len(shown)} items")]
    if turn.shows == "something":
        return [Check("constraint", "something shown", bool(shown), "shows nothing")]
    return []


def _constraints(holds: Holds, shown: Sequence[Facts], outcome: Outcome, known: Mapping[str, Facts]) -> list[Check]:
    """One check for each thing that must hold; with nothing on show, none of them does."""
    checks = []
    for name, wanted in holds.model_dump(exclude_defaults=True).items():
        if name in ("each_of", "total", "order", "cheaper_than"):
            met = bool(shown) and _together(name, holds, shown, outcome, known)
            checks.append(Check("constraint", name, met, "" if met else f"not {name} {wanted}: {_listed(shown)}"))
            continue
        wrong = [one for one in shown if not meets(name, wanted, one)]
        met = bool(shown) and not wrong
        checks.append(Check("constraint", name, met, f"not {name} {wanted}: {_listed(wrong) or 'nothing shown'}"))
    return checks


def meets(name: str, wanted: object, one: Facts) -> bool:
    """Whether an item meets one field of `Holds` that is about single items."""
    price = one.item.price
    if name == "price_max":
        return price is not None and price <= float(str(wanted))
    if name == "price_min":
        return price is not None and price >= float(str(wanted))
    words = [str(word) for word in wanted] if isinstance(wanted, list | tuple) else []
    if name == "exclude":
        return not any(_is(word, one) for word in words)
    has: dict[str, Callable[[str], bool]] = {
        "kinds": lambda word: word == one.kind,
        "colors": lambda word: bool(values(word, COLORS, strictly=False) & one.colors),
        "materials": lambda word: bool(values(word, MATERIALS, strictly=False) & one.main_materials),
        "styles": lambda word: word.casefold() in one.styles,
        "brands": lambda word: word == one.item.brand,
    }
    return any(has[name](word) for word in words)


def _is(word: str, one: Facts) -> bool:
    """Whether an item clearly is what must not be: a kind, a material of any part, its colour."""
    if word == one.kind:
        return True
    made_of, colored = values(word, MATERIALS, strictly=True), values(word, COLORS, strictly=True)
    return bool(made_of & one.materials or colored & one.colors)


def _together(name: str, holds: Holds, shown: Sequence[Facts], outcome: Outcome, known: Mapping[str, Facts]) -> bool:
    """Whether the items as a whole are what they must be."""
    prices = [one.item.price or 0.0 for one in shown]
    if name == "each_of":
        kinds = {one.kind for one in shown}
        options = [set(one.split("/")) for one in holds.each_of]
        return all(kinds & one for one in options) and kinds <= set().union(*options)
    if name == "total":
        return sum(prices) <= (holds.total or 0.0)
    if name == "order":
        return prices == sorted(prices, reverse=holds.order == "price_high")
    before = outcome.list_before if holds.cheaper_than != "meant" else outcome.meant
    if holds.cheaper_than not in ("list", "meant"):
        before = before[int(holds.cheaper_than or 0) - 1 :][:1]
    paid = [known[item].item.price or 0.0 for item in before]
    if not paid:
        return False
    if holds.cheaper_than == "list":
        # Either all in all for less, or the cheapest of them come first.
        first = prices == sorted(prices) and prices[0] <= min(paid)
        return first or sum(prices) / len(prices) < sum(paid) / len(paid)
    return max(prices) < min(paid)


def _reference(turn: GoldTurn, outcome: Outcome, meant: tuple[str, ...]) -> Check:
    """The items pointed at; where nothing is looked for, those on show are what it is about."""
    about = outcome.meant
    if not about and outcome.intent.action in ("ask", "compare", "chat"):
        about = outcome.shown
    met = set(about) == set(meant)
    return Check(
        "reference", "reference", met, f"about {list(about)}, not {list(meant)} (said: {list(turn.refers_to)})"
    )


def _told_fact(name: str, one: Facts, answer: str) -> Check:
    item = one.item
    options: dict[str, list[str]] = {
        "material": [one.visual.get("material", ""), *item.materials],
        "color": [*one.colors, *item.colors, *(w for w in COLORS if values(w, COLORS, strictly=True) & one.colors)],
        "style": [*item.styles],
        "brand": [item.brand or ""],
        "legs": [one.visual.get("legs", "")],
        "width": [str(one.size["width"]), str(one.size["depth"])],
        "height": [str(one.size["height"])],
    }
    if name == "price":
        met = item.price is not None and money(item.price, item.currency) in answer
        right = [money(item.price, item.currency)] if item.price is not None else []
    else:
        right = sorted({value for value in options[name] if value})
        met = any(says(answer, value) for value in right)
    return Check("fact", name, met, f"{name} is {' / '.join(right)}: {answer[:160]!r}")


def _told_relaxation(gone: Holds, shown: Sequence[Facts], relaxed: Sequence[Relaxed]) -> Check:
    """What cannot be had is told, unless what is shown has it after all, as only its picture tells."""
    conditions = gone.model_dump(exclude_defaults=True)
    if shown and all(meets(name, wanted, one) for name, wanted in conditions.items() for one in shown):
        return Check("relaxation", "told", True)
    fields = {field for name in gone.model_dump(exclude_defaults=True) for field in _FIELDS[name]}
    told = [entry.field for entry in relaxed]
    return Check("relaxation", "told", bool(fields & set(told)), f"told of {told}, not of any of {sorted(fields)}")


def _denials(shown: Sequence[Facts], answer: str) -> list[Check]:
    """What an answer says that there is none of is not on show: no `none in leather` beside a leather armchair."""
    checks = []
    for denied in _DENIED.finditer(answer):
        word = denied["what"].casefold().strip()
        there = [one.item.id for one in shown if word in _words_of(one)]
        checks.append(Check("denial", "denied", not there, f"denies {word}, and shows {', '.join(there[:3])}"))
    return checks


def _words_of(one: Facts) -> set[str]:
    """Every word for how an item is, narrow and broad, and for what it is."""
    looks = {"color": one.colors | {*one.item.colors}, "material": one.materials | {*one.item.materials}}
    narrow = {value.casefold() for values in looks.values() for value in values} | {*one.styles, *one.visual.values()}
    broad = {word for kind, values in looks.items() for word in FAMILIES[kind] if {*taken_in(kind, word)} & values}
    kind = singular(one.item.category[-1].casefold()) if one.item.category else ""
    return narrow | broad | {kind}


def _listed(items: Sequence[Facts]) -> str:
    return "; ".join(
        f"{one.item.id} ({'/'.join(sorted(one.colors))}, {'/'.join(sorted(one.materials))}, {one.item.price:g})"
        for one in items[:4]
    )


def _prices(items: Sequence[Item]) -> set[str]:
    return {money(item.price, item.currency) for item in items if item.price is not None}
