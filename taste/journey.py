"""Where a person stands between looking around and buying, read off what they did lately."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from taste.events import Event

Stage = Literal["inspiration", "comparing", "ready_to_buy"]

CART_DAYS = 3.0
COMPARE_DAYS = 2.0
COMPARE_ACTS = 4
COMPARE_SHARE = 0.6
RETURNS = 3
"""Acts on one item, in separate visits or minutes, after which it is more than curiosity."""


@dataclass(frozen=True)
class Journey:
    """The stage, and in a few words what says so."""

    stage: Stage
    because: str
    item: str | None = None


def judge_journey(events: Sequence[Event], interest_of: Mapping[str, int], now: datetime) -> Journey:
    """Judge from events ordered by time, and from which interest each item belongs to.

    Something in the cart and not bought yet, or come back to again and again, is readiness to buy. Looking at several
    things of one interest within two days is comparing. Everything else, and nothing at all, is inspiration.
    """
    recent = [e for e in events if e.item and now - e.time <= timedelta(days=CART_DAYS) and e.kind != "hide"]
    bought = {event.item for event in recent if event.kind == "buy"}
    for event in reversed(recent):
        if event.kind == "cart" and event.item not in bought:
            return Journey("ready_to_buy", "an item waits in the cart", event.item)
    looks = [e for e in recent if e.kind in ("view", "click", "save") and e.item not in bought]
    returns = Counter({item: len({e.time for e in looks if e.item == item}) for item in {e.item for e in looks}})
    if returns:
        item, times = min(returns.items(), key=lambda entry: (-entry[1], str(entry[0])))
        if times >= RETURNS:
            return Journey("ready_to_buy", f"looked at the same item {times} times", item)
    fresh = {str(e.item) for e in looks if now - e.time <= timedelta(days=COMPARE_DAYS)}
    groups = Counter(interest_of[item] for item in fresh if item in interest_of)
    if sum(groups.values()) >= COMPARE_ACTS:
        largest = max(groups.values())
        if largest >= COMPARE_SHARE * sum(groups.values()) and largest >= COMPARE_ACTS - 1:
            return Journey("comparing", f"looked at {largest} similar items lately")
    return Journey("inspiration", "looking around")
