"""Linear read-outs: what a vector says of each property, one score for every value that items are known to have.

That an item has no such property at all is one of the values, the empty one: a vase has no legs.

A vector has thousands of numbers, most of which say nothing of a chair's legs. For each property the numbers are first
weighed by how much of their variance the property explains (the correlation ratio eta squared, Fisher 1925), then
softmax regression scores the values, among the items that have the property: what tells legs from each other is not
what tells chairs from vases. A second regression scores having none. What cannot be told from pictures, by the items
put aside, is left out. As input of a projector read-outs keep what can be talked about and drop the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ABSENT = ""
"""The value of a property that an item does not have."""

LEAST_RIGHT = 0.45
"""A property that is told worse, of items put aside, had better not be told."""

_FEWEST_ITEMS = 12
_L2 = (1e-4, 1e-3, 1e-2)
_PRESENCE = (1.0, 1e-3)  # power and penalty, for having a property at all
_POWERS = (0.5, 1.0)
_SPREAD = 4.0  # standard deviation to which features are scaled, together: sets what the penalties mean
_COMPONENTS = 250


@dataclass(frozen=True)
class Readouts:
    """Scores `(vectors - mean) @ map + bias`.

    Args:
        mean: `[D]`.
        map: `[D, R]`.
        bias: `[R]`.
        values: R pairs of property and value, those of a property side by side; "" stands for having none.
        knobs: by property: power of the features' weights, penalty of the regression.
    """

    mean: Tensor
    map: Tensor
    bias: Tensor
    values: tuple[tuple[str, str], ...]
    knobs: Mapping[str, tuple[float, float]]

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that are read out."""
        return tuple(dict.fromkeys(name for name, _ in self.values))

    def scores(self, vectors: Tensor) -> Tensor:
        """`[N, D]` → `[N, R]`, centred within each property."""
        return (vectors.float() - self.mean) @ self.map + self.bias


def fit_readouts(
    vectors: Tensor, facts: Sequence[Mapping[str, str]], most: int, least: float = LEAST_RIGHT
) -> Readouts | None:
    """Fit read-outs for the properties that enough items have, the commonest first.

    Args:
        vectors: `[N, D]` float32.
        facts: N mappings of property to value.
        most: read-outs at most, R; rarer properties are left out.
        least: share of items put aside that must be told right; what is told worse is left out.

    Returns:
        None if no property has two values and a dozen items, and can be told.
    """
    scaled, mean, deviation = _standardised(vectors)
    knobs: dict[str, tuple[float, float]] = {}
    values: list[tuple[str, str]] = []
    for name, own in _properties(facts):
        if len(values) + len(own) > most:
            continue
        power, l2, right = _choose(*_members(scaled, facts, name, own))
        if right >= least:
            values += [(name, value) for value in own]
            knobs[name] = power, l2
    if not knobs:
        return None
    map_, bias = _fit_all(scaled, facts, values, knobs)
    return Readouts(mean, map_ / deviation[:, None], bias, tuple(values), knobs)


def cross_fitted(readouts: Readouts, vectors: Tensor, facts: Sequence[Mapping[str, str]], folds: int = 4) -> Tensor:
    """Scores `[N, R]` of the items that read-outs were fitted on, each by read-outs fitted without it.

    Of items that it has seen, a read-out is surer than of new ones; what is built upon it must not rely on that.
    """
    scaled = (vectors.float() - readouts.mean) / _standardised(vectors)[2]
    scores = torch.zeros(len(vectors), len(readouts.values))
    for fold in range(folds):
        held = torch.arange(len(vectors)) % folds == fold
        others = [entry for entry, out in zip(facts, held, strict=True) if not out]
        map_, bias = _fit_all(scaled[~held], others, readouts.values, readouts.knobs)
        scores[held] = scaled[held] @ map_ + bias
    return scores


def _standardised(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features of mean 0 and deviation 1, and the mean and deviation that they had: `[N, D]`, `[D]`, `[D]`."""
    vectors = vectors.float()
    mean, deviation = vectors.mean(0), vectors.std(0).clamp_min(1e-6)
    return (vectors - mean) / deviation, mean, deviation


def _properties(facts: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Properties worth reading, by how many items have them, with their values in order of the alphabet."""
    counts = Counter(name for entry in facts for name in entry)
    found = []
    for name, count in counts.most_common():
        own = sorted({entry.get(name, ABSENT) for entry in facts})
        if count >= _FEWEST_ITEMS and len(set(own) - {ABSENT}) > 1:
            found.append((name, own))
    return found


def _members(
    scaled: Tensor, facts: Sequence[Mapping[str, str]], name: str, own: Sequence[str]
) -> tuple[Tensor, Tensor, int]:
    """The items that have a property: features `[n, D]`, places of their values `[n]` int64, how many values."""
    present = [value for value in own if value != ABSENT]
    rows = [row for row, entry in enumerate(facts) if entry.get(name, ABSENT) != ABSENT]
    labels = torch.tensor([present.index(facts[row][name]) for row in rows], dtype=torch.int64)
    return scaled[rows], labels, len(present)


def _fit_all(
    scaled: Tensor,
    facts: Sequence[Mapping[str, str]],
    values: Sequence[tuple[str, str]],
    knobs: Mapping[str, tuple[float, float]],
) -> tuple[Tensor, Tensor]:
    """All properties' read-outs of standardised features, centred within each: (`[D, R]`, `[R]`)."""
    maps, biases = [], []
    for name, (power, l2) in knobs.items():
        own = [value for of, value in values if of == name]
        weight, bias = _fit(*_members(scaled, facts, name, own), power, l2)
        weight, bias = weight - weight.mean(1, keepdim=True), bias - bias.mean()
        if ABSENT in own:  # first in order of the alphabet
            has = torch.tensor([int(entry.get(name, ABSENT) != ABSENT) for entry in facts])
            none, none_bias = _absence(scaled, scaled @ weight + bias, has)
            weight, bias = torch.cat([none[:, None], weight], 1), torch.cat([none_bias[None], bias])
        maps.append(weight)
        biases.append(bias)
    return torch.cat(maps, 1), torch.cat(biases)


def _absence(scaled: Tensor, scores: Tensor, has: Tensor) -> tuple[Tensor, Tensor]:
    """The score of having no such property, beside those `[N, V]` of the values: `[D]`, `[]`."""
    weight, bias = _fit(scaled, has, 2, *_PRESENCE)
    lacks, lacks_bias = weight[:, 0] - weight[:, 1], bias[0] - bias[1]
    margin, values = scaled @ lacks + lacks_bias, scores.logsumexp(1)  # [N]
    knobs = torch.tensor([1.0, 0.0], requires_grad=True)
    optimizer = torch.optim.LBFGS([knobs], max_iter=30, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        both = torch.stack([knobs[0] * margin + knobs[1], values], 1)
        loss = torch.nn.functional.cross_entropy(both, has) + 1e-4 * knobs.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    steep, shift = knobs.detach()
    return steep * lacks, steep * lacks_bias + shift


def _choose(scaled: Tensor, labels: Tensor, count: int) -> tuple[float, float, float]:
    """Power of the weights and penalty that do best on every fourth item, and the share of those told right."""
    held = torch.arange(len(labels)) % 4 == 0
    best = (float("-inf"), _POWERS[0], _L2[0], 0.0)
    for power in _POWERS:
        for l2 in _L2:
            weight, bias = _fit(scaled[~held], labels[~held], count, power, l2)
            scores = scaled[held] @ weight + bias
            right = (scores.argmax(1) == labels[held]).float().mean()
            told = torch.nn.functional.cross_entropy(scores, labels[held])
            best = max(best, (float(right - 0.1 * told), power, l2, float(right)))
    return best[1:]


def _fit(scaled: Tensor, labels: Tensor, count: int, power: float, l2: float) -> tuple[Tensor, Tensor]:
    """Softmax regression on weighed features: (`[D, count]`, `[count]`)."""
    weigh = _correlation_ratio(scaled, labels, count) ** power  # [D]
    weigh *= _SPREAD / (weigh.square().sum().sqrt() + 1e-12)
    features = scaled * weigh
    middle = features.mean(0)
    inside, directions = _components(features - middle)  # [N, C], [C, D]
    weight = torch.zeros(len(directions), count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=30, history_size=8, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(inside @ weight + bias, labels) + l2 * weight.square().sum() / 2
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    whole = directions.T @ weight.detach()  # [D, count], of weighed features
    return whole * weigh[:, None], bias.detach() - middle @ whole


def _components(features: Tensor) -> tuple[Tensor, Tensor]:
    """Principal components `[N, C]` of centred features `[N, D]`, and their directions `[C, D]`: the same each time.

    By randomised subspace iteration (Halko, Martinsson and Tropp, 2011): of thousands of items in a fourth of the time
    of an eigendecomposition.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        left, values, right = torch.svd_lowrank(features, min(_COMPONENTS, *features.shape), niter=2)
    return left * values, right.T


def _correlation_ratio(scaled: Tensor, labels: Tensor, count: int) -> Tensor:
    """Share of each feature's variance that the labels explain, what chance explains taken off: `[D]` in (0, 1]."""
    member = torch.nn.functional.one_hot(labels, count).float()  # [N, V]
    sizes = member.sum(0)  # [V]
    means = member.T @ scaled / sizes.clamp_min(1)[:, None]  # [V, D]
    between = (sizes[:, None] * (means - scaled.mean(0)).square()).sum(0) / len(labels)
    ratio = between / scaled.var(0, unbiased=False).clamp_min(1e-9)
    chance = (int((sizes > 0).sum()) - 1) / max(len(labels) - 1, 1)
    return ((ratio - chance) / max(1 - chance, 1e-6)).clamp(1e-3, 1)
