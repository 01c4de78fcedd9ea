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

    def altered(self, shelf: Shelf, rng: Random, *, worded: bool = True, share: float = SHARE) -> Shelf:
        """The shelf with some of the values changed for others that things of the same kind have.

        An item's read-outs trade the scores of the old and the new value, and so are as sure of it, and as wrong, as
        they were.

        Args:
            worded: whether the items come with their text, and what that says is left alone.
            share: of the values that could be changed, 0 to 1.
        """
        place = {pair: column for column, pair in enumerate(self.values)}
        offered = _offered(shelf, place)
        vectors = np.stack([known.shown.vectors[0] for known in shelf.known]).astype(np.float32)  # [N, D]
        scores = (torch.from_numpy(vectors) - self.mean) @ self.map + self.bias  # [N, R]
        traded = scores.clone()
        known = []
        for row, entry in enumerate(shelf.known):
            said = _text(entry) if worded else ""
            free = {name: value for name, value in entry.facts.items() if value.casefold() not in said}
            free = {name: value for name, value in free.items() if (name, value) in place and rng.random() < share}
            others = {name: [v for v in offered[entry.kind, name] if v != free[name]] for name in free}
            changes = {name: rng.choice(values) for name, values in others.items() if values}
            for name, value in changes.items():
                old, new = place[name, entry.facts[name]], place[name, value]
                traded[row, [old, new]] = scores[row, [new, old]]
            known.append(replace(entry, facts={**entry.facts, **changes}))
        moved = (vectors + ((traded - scores) @ self.back).numpy())[:, None]  # [N, 1, D]
        shown = [replace(entry.shown, vectors=to) for entry, to in zip(known, moved, strict=True)]
        return Shelf([replace(entry, shown=to) for entry, to in zip(known, shown, strict=True)], shelf.boards)


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


def _offered(shelf: Shelf, values: Container[tuple[str, str]]) -> Mapping[tuple[str, str], list[str]]:
    """By kind and property, those of `values` that items have."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for known in shelf.known:
        for pair in known.facts.items():
            if pair in values:
                found[known.kind, pair[0]].add(pair[1])
    return {key: sorted(own) for key, own in found.items()}


def _text(known: Known) -> str:
    item = known.item
    return f"{metadata(item)} {details(item)} {item.title} {item.description or ''}".casefold()
