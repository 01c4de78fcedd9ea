"""Several things at once under one budget: one of each, the best that fit together."""

from collections.abc import Sequence
from dataclasses import dataclass

from navigator.prompt import Shown

_KEPT = 400
"""Part sums that are followed at a time; with fewer than that many, the choice is exact."""


@dataclass(frozen=True)
class Candidate:
    """An item that was found.

    Args:
        score: how well it fits, 0 to 1, comparable within one list.
        looks: how many of the looks asked for it shows that no filter has.
    """

    shown: Shown
    score: float
    looks: float = 0.0


def choose_set(groups: Sequence[Sequence[Candidate]], budget: float | None) -> tuple[tuple[Candidate, ...], bool]:
    """One candidate of each group, the highest sum of scores whose prices stay within the budget.

    Args:
        groups: candidates by kind of thing; empty groups are passed over.
        budget: of all together; None for no limit. Items without a price cannot be counted on to fit one.

    Returns:
        The chosen, in the order of the groups, and whether they fit. If nothing fits, the cheapest of each.
    """
    groups = [group for group in groups if group]
    if budget is None:
        return tuple(max(group, key=lambda one: one.score) for group in groups), True
    partial: list[tuple[float, float, tuple[Candidate, ...]]] = [(0.0, 0.0, ())]  # (price, score, chosen)
    for group in groups:
        longer = [
            (spent + price, score + one.score, (*chosen, one))
            for spent, score, chosen in partial
            for one in group
            if (price := one.shown.item.price) is not None and spent + price <= budget
        ]
        partial = _undominated(longer)
    if partial:
        return max(partial, key=lambda part: part[1])[2], True
    priced = [[one for one in group if one.shown.item.price is not None] or list(group) for group in groups]
    return tuple(min(group, key=lambda one: one.shown.item.price or 0.0) for group in priced), False


def within_budget(candidates: Sequence[Candidate], budget: float, count: int) -> tuple[Candidate, ...]:
    """The best candidates, in their order, as long as they stay within a budget together."""
    chosen: list[Candidate] = []
    left = budget
    for one in candidates:
        price = one.shown.item.price
        if len(chosen) < count and price is not None and price <= left:
            chosen.append(one)
            left -= price
    return tuple(chosen)


def _undominated(
    parts: list[tuple[float, float, tuple[Candidate, ...]]],
) -> list[tuple[float, float, tuple[Candidate, ...]]]:
    """Those that no cheaper one outscores."""
    kept: list[tuple[float, float, tuple[Candidate, ...]]] = []
    for part in sorted(parts, key=lambda part: (part[0], -part[1])):
        if not kept or part[1] > kept[-1][1]:
            kept.append(part)
    return kept[-_KEPT:] if len(kept) <= _KEPT else kept[:: -(-len(kept) // _KEPT)]
