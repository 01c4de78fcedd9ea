"""The gold conversations: what people say, and what must then be true of the items on show.

`gold/conversations.jsonl` is written by hand over the demo catalogue, and judged by what its pictures show
(`catalog.demo`), not by the words that a search goes by.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.demo.load import Truth, truth
from catalog.item import Item
from navigator.intent import Action, ShoppingIntent

CONVERSATIONS = Path(__file__).with_name("gold") / "conversations.jsonl"

_LARGE = ("base", "shade")
"""Parts that are as much of a thing as its main surface."""

WORDINGS = ("as said", "terse", "chatty", "sloppy")
"""The wordings of each message, in the order of `GoldTurn.says`."""

COLORS: dict[str, tuple[str, str]] = {
    "white": ("white", "cream"),
    "black": ("black", ""),
    "grey": ("grey|charcoal", "taupe|silver"),
    "brown": ("chestnut|espresso|caramel", "taupe|copper"),
    "beige": ("sand", "cream|taupe"),
    "red": ("red", "burgundy|raspberry"),
    "orange": ("orange", "terracotta|coral|copper"),
    "yellow": ("yellow|mustard", "gold"),
    "green": ("mint|sage|olive|forest green|emerald", "teal"),
    "blue": ("navy|cobalt|sky blue", "teal"),
    "purple": ("lilac|plum", "burgundy"),
    "pink": ("blush", "raspberry|coral"),
}
"""Palette names that a colour word means without doubt, and those that nobody would complain about."""

MATERIALS: dict[str, tuple[str, str]] = {
    "wood": ("oak|ash|walnut|smoked oak|ebonised ash|mango wood|reclaimed elm|painted wood", ""),
    "darkwood": ("smoked oak|ebonised ash|walnut", "reclaimed elm"),
    "lightwood": ("oak|ash", "mango wood"),
    "oak": ("oak", "smoked oak"),
    "ash": ("ash", "ebonised ash"),
    "metal": ("brass|copper|steel|iron|powder-coated steel|aluminium", ""),
    "steel": ("steel|powder-coated steel", ""),
    "stone": ("marble|travertine|terrazzo", "concrete"),
    "wool": ("wool|flatwoven wool", ""),
    "jute": ("jute", "woven jute"),
    "glass": ("glass", "opal glass"),
}
"""The same of materials."""


class Holds(BaseModel):
    """What every item on show must meet; of a list, any one, but none of `exclude`.

    Kinds, colours and so on are names of the demo's truth, or families of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[str, ...] = ()
    each_of: tuple[str, ...] = Field(
        default=(), description="One or more of each of these kinds, and nothing else; `a/b` is either."
    )
    colors: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    exclude: tuple[str, ...] = ()
    total: float | None = Field(default=None, description="All of them together.")
    order: Literal["price_low", "price_high"] | None = None
    cheaper_than: str | None = Field(
        default=None,
        description="`list`: on the whole than what was on show; `meant`: than the items pointed at; or a number.",
    )


class GoldTurn(BaseModel):
    """One message and what must come of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: tuple[str, str, str, str] = Field(description="As said, and in three other wordings.")
    actions: tuple[Action, ...] = Field(description="Any of these is right.")
    picture: str | None = Field(default=None, description="Id of an item whose second view comes with the message.")
    points_at: tuple[str, ...] = Field(default=(), description="Ids of items that are pointed at by a click.")
    holds: Holds = Holds()
    refers_to: tuple[int | str, ...] = Field(
        default=(), description="The items meant: numbers in the last list, `last`, or ids."
    )
    shows: Literal["something", "nothing"] | None = None
    tells: str | None = Field(default=None, description="The fact about the item meant that the answer must name.")
    tells_of: Holds | None = Field(
        default=None, description="Nothing meets `holds` and this: one of it must be told to have given way."
    )


class Conversation(BaseModel):
    """Several turns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    turns: tuple[GoldTurn, ...] = Field(min_length=2, max_length=6)


@dataclass(frozen=True)
class Facts:
    """What can be seen and read of an item.

    Args:
        kind: as the truth names it, e.g. dining-chair.
        colors: that it has on the whole, as seen.
        materials: of all its parts; main_materials: of what one sees first.
        visual: every visible property by name.
        size: width, depth and height in centimetres.
    """

    item: Item
    kind: str
    colors: frozenset[str]
    materials: frozenset[str]
    main_materials: frozenset[str]
    styles: frozenset[str]
    visual: dict[str, str]
    size: dict[str, int]


def load_conversations(path: Path = CONVERSATIONS) -> list[Conversation]:
    """The conversations of a file of JSON lines. Raises pydantic's ValidationError for what is none."""
    return [Conversation.model_validate(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def facts_of(item: Item, seen: Truth) -> Facts:
    """What is true of an item of the demo."""
    colors = {seen.color, seen.second_color, *(seen.visual.get(f"{part} color") for part in _LARGE)}
    main = {seen.visual.get("material"), *item.materials[:1], *(seen.visual.get(f"{part} material") for part in _LARGE)}
    made_of = {value for name, value in seen.visual.items() if name == "material" or name.endswith(" material")}
    return Facts(
        item=item,
        kind=seen.category,
        colors=frozenset(color for color in colors if color),
        materials=frozenset({*made_of, *item.materials}),
        main_materials=frozenset(material for material in main if material),
        styles=frozenset({seen.style.casefold(), *(style.casefold() for style in item.styles)}),
        visual=dict(seen.visual),
        size=dict(seen.dimensions_cm),
    )


def demo_facts(items: dict[str, Item]) -> dict[str, Facts]:
    """Facts of the demo's items by id; empty where this is another catalogue."""
    known = truth()
    if not known.keys() <= items.keys():
        return {}
    return {item_id: facts_of(items[item_id], seen) for item_id, seen in known.items()}


def values(word: str, families: dict[str, tuple[str, str]], *, strictly: bool) -> frozenset[str]:
    """The truth's names that a word means.

    Args:
        strictly: only those that it means without doubt, which is what an exclusion must keep out.
    """
    if word not in families:
        return frozenset({word})
    sure, perhaps = families[word]
    return frozenset(sure.split("|") + ([] if strictly else perhaps.split("|"))) - {""}


def as_intent(turn: GoldTurn, list_before: int) -> ShoppingIntent:
    """How a perfect reader could have read a turn, as far as what must hold tells.

    Args:
        list_before: how many items the last list had.
    """
    conditions = turn.holds.model_dump(exclude_defaults=True)
    if turn.tells_of is not None:
        conditions |= turn.tells_of.model_dump(exclude_defaults=True)
    kinds = conditions.get("kinds") or [either.split("/")[0] for either in conditions.get("each_of", ())]
    numbers = [list_before if one == "last" else one for one in turn.refers_to]
    named = any(conditions.get(name) for name in ("kinds", "each_of", "colors", "materials", "styles", "brands"))
    query = " ".join(conditions.get("brands", ())) if named else turn.says[0][:120]
    finds = turn.actions[0] in ("search", "refine", "similar", "complete")
    return ShoppingIntent(
        action=turn.actions[0],
        query=query if finds and not turn.points_at and not numbers else "",
        categories=_words(kinds),
        colors=_words(conditions.get("colors", ())),
        materials=_words(conditions.get("materials", ())),
        styles=_words(conditions.get("styles", ())),
        price_min=conditions.get("price_min"),
        price_max=conditions.get("price_max"),
        budget_total=conditions.get("total"),
        exclude=_words(conditions.get("exclude", ())),
        item_refs=tuple(one for one in numbers if isinstance(one, int) and 1 <= one <= list_before)[:8],
        sort=conditions.get("order", "price_low" if "cheaper_than" in conditions else "relevance"),
    )


def _words(names: Sequence[str]) -> tuple[str, ...]:
    """The truth's names as people say them."""
    spoken = {"darkwood": "dark wood", "lightwood": "light wood"} | {
        name: name for name in ("powder-coated steel", "mid-century")
    }
    return tuple(spoken.get(name, name.replace("-", " ")) for name in names)[:6]
