"""Items that might be: a shelf on which vectors, and what is known of them, say other values than they did.

In a catalogue most armchairs have black or oak legs, and a small language model that is asked for their colour learns
to say black. Read-outs are linear, so a vector can be moved until they hear caramel: the shortest way is by the
pseudo-inverse of their map. Each property can then be trained on as often in one value as in another, beside all
others, without a picture more (counterfactual augmentation: Kaushik, Hovy and Lipton, 2020, there of text).
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import torch
from torch import Tensor

from navigator.facts import details
from navigator.knowledge import Known, Shelf
from navigator.projector import Projector
from navigator.prompt import metadata

SHARE = 0.5
"""Of the values that can be altered, those that are."""

_MOST = 10_000
"""Items that are altered at once: of a catalogue of hundreds of thousands others each time, and not all of them."""

_NEGLIGIBLE = 1e-3
"""Directions of the map that are weaker than this share of its strongest are noise of its precision."""


@dataclass(frozen=True)
class Alterations:
    """What moves vectors to other values.

    Args:
        values: R pairs of property and value that read-outs score.
        mean: `[D]`; map: `[D, R]`; bias: `[R]`: their scores are `(vectors - mean) @ map + bias`.
        back: `[R, D]`: what to add to a vector for one more of a score.
    """

    values: tuple[tuple[str, str], ...]
    mean: Tensor
    map: Tensor
    bias: Tensor
    back: Tensor

    def altered(
        self, shelf: Shelf, rng: Random, *, worded: bool = True, share: float = SHARE, most: int = _MOST
    ) -> Shelf:
        """The shelf with some of the values changed for others that things of the same kind have.

        An item's read-outs trade the scores of the old and the new value, and so are as sure of it, and as wrong, as
        they were.

        Args:
            worded: whether the items come with their text, and what that says is left alone.
            share: of the values that could be changed, 0 to 1.
            most: items that are altered; of a larger shelf the rest stay as they are.
        """
        place = {pair: column for column, pair in enumerate(self.values)}
        offered = _offered(shelf, place)
        all_rows = range(len(shelf.known))
        rows = all_rows if len(all_rows) <= most else rng.sample(all_rows, most)
        chosen = [shelf.known[row] for row in rows]
        vectors = np.stack([known.shown.vectors[0] for known in chosen]).astype(np.float32)  # [N, D]
        scores = (torch.from_numpy(vectors) - self.mean) @ self.map + self.bias  # [N, R]
        traded = scores.clone()
        known = list(shelf.known)
        facts = []
        for row, entry in enumerate(chosen):
            changes = _changes(entry.facts, offered[entry.kind], _text(entry) if worded else "", rng, share)
            for name, value in changes.items():
                old, new = place[name, entry.facts[name]], place[name, value]
                traded[row, [old, new]] = scores[row, [new, old]]
            facts.append({**entry.facts, **changes})
        moved = (vectors + ((traded - scores) @ self.back).numpy())[:, None]  # [N, 1, D]
        for row, entry, own, to in zip(rows, chosen, facts, moved, strict=True):
            known[row] = replace(entry, facts=own, shown=replace(entry.shown, vectors=to))
        return Shelf(known, shelf.boards)


def alterations_of(projector: Projector, values: Sequence[Sequence[str]]) -> Alterations | None:
    """Those of a projector's read-outs; None where it has none, or reads several vectors an item.

    Args:
        values: pairs of property and value that they score, in their order.
    """
    if not values or len(projector.place) != 1:
        return None
    count = len(values)
    map_ = projector.input_map.detach().float().cpu()[:, :count]
    back = torch.linalg.pinv(map_, rtol=_NEGLIGIBLE)
    bias = projector.score_bias.detach().float().cpu()[:count]
    mean = projector.input_mean.detach().float().cpu()
    return Alterations(tuple((name, value) for name, value in values), mean, map_, bias, back)


def _offered(shelf: Shelf, values: Container[tuple[str, str]]) -> Mapping[str, Mapping[str, list[str]]]:
    """By kind and property, those of `values` that items have."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for known in shelf.known:
        of_kind = found[known.kind]
        for name, value in known.facts.items():
            if (name, value) in values:
                of_kind[name].add(value)
    return {kind: {name: sorted(own) for name, own in of_kind.items()} for kind, of_kind in found.items()}


def _changes(
    facts: Mapping[str, str], offered: Mapping[str, Sequence[str]], text: str, rng: Random, share: float
) -> dict[str, str]:
    """New values for a share of an item's facts: those that can be heard, and that its text does not say."""
    changes = {}
    for name, value in facts.items():
        values = offered.get(name, ())
        if len(values) > 1 and value in values and value.casefold() not in text and rng.random() < share:
            changes[name] = rng.choice([other for other in values if other != value])
    return changes


def _text(known: Known) -> str:
    item = known.item
    return f"{metadata(item)} {details(item)} {item.title} {item.description or ''}".casefold()
