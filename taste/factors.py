"""Representation learning: every item gets two vectors, learnt from what people and boards put together.

An item's **input** vector is what an act on it says about a person; its **output** vector is what it takes to be
wanted. A person, or a board, is the normalised sum of the inputs of what they have; an item's score is the cosine of
that with its output, plus how wanted it is by all. This is the asymmetric factor model (Kabbur et al., "FISM", KDD
2013) with a softmax loss over items, trained as a denoising autoencoder: each set of items is split at random, and the
shown half has to find the hidden half (Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018,
without the variance). Nobody has a row of their own: a new person is known from three events, a forgotten one at once.

Content and graph are learnt together: a vector is `content @ map + trust * residual`, where the maps begin as the
centred content's principal directions, so that the untrained model is content similarity, and `trust` grows with how
often an item was seen. A new item is its content alone; in training the residuals of some items are dropped, so that
content alone has to do (as in Volkovs et al., "DropoutNet", NeurIPS 2017).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from catalog.errors import InvalidInput

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FactorSettings:
    """How to train.

    Attributes:
        dim: of the factor space.
        epochs: passes over all sets.
        batch: sets in one step.
        learning_rate: of Adam at the start; falls to zero along a cosine.
        temperature: what cosines are divided by in the softmax.
        shown: share of a set that has to find the rest, in (0, 1).
        negatives: items drawn for each step to stand for the whole catalogue; with fewer items than this all are used.
        trust_after: sightings after which an item's residual counts half; only with content.
        content_only: share of items whose residual is dropped in a step; only with content.
        map_rate: learning rate of the content maps relative to `learning_rate`. They are shared by all items, and
            with few boards soon learn those by heart.
        content_dim: principal directions of the content that training looks at; the rest costs time and says little.
        set_cap: items of a person or a board that count, at most (`taste.model.train_model`). What is found together is
            counted in pairs: a robot that viewed 50,000 items would be 2,500 million of them, and say nothing.
    """

    dim: int = 128
    epochs: int = 16
    batch: int = 512
    learning_rate: float = 8e-3
    temperature: float = 0.1
    shown: float = 0.5
    negatives: int = 2_048
    trust_after: float = 3.0
    content_only: float = 0.3
    map_rate: float = 0.1
    content_dim: int = 256
    set_cap: int = 500


@dataclass(frozen=True, eq=False)
class Factors:
    """What was learnt. All arrays are float32; N items, D content dimensions, d factors."""

    inputs: Floats  # [N, d]
    outputs: Floats  # [N, d], unit rows
    bias: Floats  # [N], in units of score
    input_map: Floats  # [D, d]; D is 0 where there was no content
    output_map: Floats  # [D, d]
    content_mean: Floats  # [D]
    cold_bias: float
    temperature: float

    @property
    def dim(self) -> int:
        return self.inputs.shape[1]

    def person(self, inputs: Floats, weights: Floats | None = None) -> Floats:
        """Fold in a person or board: [n, d] input vectors of what they have → unit [d]; zeros where n is 0."""
        summed = inputs.sum(axis=0) if weights is None else weights @ inputs
        return _unit(summed)

    def people(self, sets: sparse.csr_matrix) -> Floats:
        """Fold in many: [S, N] weights → [S, d] unit rows."""
        return _unit(sets @ self.inputs)

    def score(self, person: Floats, outputs: Floats, bias: Floats | float = 0.0) -> Floats:
        """Scores of n items, as logits: person [d] or [S, d] with outputs [n, d] → [n] or [S, n]."""
        scores: Floats = person @ outputs.T / self.temperature + bias
        return scores

    def from_content(self, content: Floats) -> tuple[Floats, Floats]:
        """Vectors of items that training never saw: content [n, D] → inputs [n, d], outputs [n, d]."""
        if content.shape[1] != self.input_map.shape[0]:
            raise InvalidInput(
                f"content has {content.shape[1]} dimensions, the model was trained on {self.input_map.shape[0]}"
            )
        looks = _centred(content, self.content_mean)
        return looks @ self.input_map, _unit(looks @ self.output_map)


def train_factors(
    sets: sparse.csr_matrix,
    content: Floats | None = None,
    settings: FactorSettings | None = None,
    *,
    start: Factors | None = None,
    seed: int = 0,
    after_epoch: Callable[[int, float], None] | None = None,
) -> Factors:
    """Learn item vectors from sets of items.

    Args:
        sets: [S, N] weights > 0: a row for each person and each board. Rows with fewer than two items teach nothing.
        content: [N, D] item vectors of one encoder version, zero rows for items without; None to learn from sets alone.
        start: factors to go on from (rows in the same order), as a nightly run does from yesterday's.
        after_epoch: told the epoch's number and its mean loss in nats.

    Raises:
        InvalidInput: shapes disagree, or no set has two items.
    """
    settings = settings or FactorSettings()
    if content is not None and content.shape[0] != sets.shape[1]:
        raise InvalidInput(f"content of {content.shape[0]} items for sets over {sets.shape[1]}")
    sets = sets[np.diff(sets.indptr) >= 2].astype(np.float32)
    if not sets.shape[0]:
        raise InvalidInput("no person and no board has two items; there is nothing to learn from yet")
    random = np.random.default_rng(seed)
    model = _Model(sets, content, settings, start, random)
    total = settings.epochs * -(-sets.shape[0] // settings.batch)
    step = 0
    for epoch in range(settings.epochs):
        losses = []
        for batch in _batches(sets, settings, random):
            losses.append(model.step(batch, settings.learning_rate * 0.5 * (1 + np.cos(np.pi * step / total))))
            step += 1
        if after_epoch:
            after_epoch(epoch, float(np.mean(losses)))
    return model.result()


@dataclass(frozen=True, eq=False)
class _Batch:
    """B sets, split at random."""

    shown: sparse.csr_matrix  # [B, N]
    hidden: sparse.csr_matrix  # [B, N]
    sample: NDArray[np.int64]  # [U] distinct items that stand for all N


def _batches(sets: sparse.csr_matrix, settings: FactorSettings, random: np.random.Generator) -> Iterator[_Batch]:
    count, items = sets.shape
    order = random.permutation(count)
    for begin in range(0, count, settings.batch):
        chosen = sets[order[begin : begin + settings.batch]]
        rows = np.repeat(np.arange(chosen.shape[0]), np.diff(chosen.indptr))
        draws = random.random(len(rows))
        shown = draws < settings.shown
        # One item at least on either side: the lowest draw of a set is always shown, the highest never.
        by_draw = np.lexsort((draws, rows))
        shown[by_draw[chosen.indptr[:-1]]] = True
        shown[by_draw[chosen.indptr[1:] - 1]] = False
        size = min(settings.negatives, items)
        yield _Batch(
            _masked(chosen, rows, shown),
            _masked(chosen, rows, ~shown),
            np.arange(items) if size == items else random.choice(items, size, replace=False),
        )


def _masked(sets: sparse.csr_matrix, rows: NDArray[np.int64], kept: NDArray[np.bool_]) -> sparse.csr_matrix:
    return sparse.csr_matrix((sets.data[kept], (rows[kept], sets.indices[kept])), sets.shape)


class _Model:
    """Parameters, and one step of training by hand-written gradients.

    By hand, in numpy: a step is three matrix products and an exponential over [B, U], touches only the rows that it
    saw, and costs a tenth of the same step through automatic differentiation with sparse gradients.
    """

    def __init__(
        self,
        sets: sparse.csr_matrix,
        content: Floats | None,
        settings: FactorSettings,
        start: Factors | None,
        random: np.random.Generator,
    ) -> None:
        items = sets.shape[1]
        self._settings, self._random = settings, random
        seen = np.bincount(sets.indices, minlength=items).astype(np.float32)
        raw = np.zeros((items, 0), np.float32) if content is None else np.asarray(content, np.float32)
        if start is not None:
            _check(start, (items, settings.dim), (raw.shape[1], settings.dim))
        self._mean = _mean_of_known(raw) if start is None else start.content_mean
        centred = _centred(raw, self._mean)
        self._directions = _principal_directions(centred, settings.content_dim)  # [D, C]
        self._content = centred @ self._directions  # [N, C]
        trust = np.ones(items) if content is None else seen / (seen + settings.trust_after)
        self._trust = trust.astype(np.float32)[:, None]  # [N, 1]
        self._position = np.full(items, -1)
        maps = [np.eye(self._content.shape[1], settings.dim, dtype=np.float32)] * 2
        if start is not None:
            maps = [self._directions.T @ start.input_map, self._directions.T @ start.output_map]
        self._input_map, self._output_map = (_Adam(m.copy()) for m in maps)
        if start is None:
            spread = 0.05 if content is None else 0.005
            tables = random.normal(0, spread, (2, items, settings.dim)).astype(np.float32)
            bias = 0.0 * seen
        else:
            trust = np.maximum(self._trust, 1e-3)
            tables = np.stack(
                [
                    (start.inputs - self._content @ maps[0]) / trust,
                    (start.outputs - self._content @ maps[1]) / trust,
                ]
            )
            bias = start.bias
        self._inputs, self._outputs = _Adam(tables[0].copy()), _Adam(tables[1].copy())
        self._bias = _Adam(bias[:, None].astype(np.float32))

    def step(self, batch: _Batch, rate: float) -> float:
        """Improve on one batch. Returns the mean negative log-likelihood of its hidden items, in nats."""
        temperature = self._settings.temperature
        # Forward: people, then the scores of the sample and of the hidden items themselves.
        in_rows = np.unique(batch.shown.indices)
        shown = batch.shown[:, in_rows]
        given, in_parts = self._vectors(self._inputs, self._input_map, in_rows)
        people, lengths = _normalised(shown @ given)  # [B, d]
        out_rows = np.unique(np.concatenate([batch.sample, batch.hidden.indices]))
        self._position[out_rows] = np.arange(len(out_rows))
        raw, out_parts = self._vectors(self._outputs, self._output_map, out_rows)
        wanted, out_lengths = _normalised(raw)  # [O, d]
        bias = self._bias.value[out_rows, 0]
        sample = self._position[batch.sample]
        softmax = people @ (wanted[sample].T / temperature) + bias[sample]  # [B, U], logits until exponentiated
        shown_at = np.full(batch.shown.shape[1], -1)
        shown_at[batch.sample] = np.arange(len(sample))
        columns = shown_at[batch.shown.indices]
        of_shown = np.repeat(np.arange(softmax.shape[0]), np.diff(batch.shown.indptr))
        softmax[of_shown[columns >= 0], columns[columns >= 0]] = -1e4
        top = softmax.max(axis=1)
        np.exp(softmax - top[:, None], out=softmax)
        mass = softmax.sum(axis=1)
        softmax /= mass[:, None]
        rows = np.repeat(np.arange(softmax.shape[0]), np.diff(batch.hidden.indptr))  # [H]
        targets = self._position[batch.hidden.indices]
        score = np.einsum("hd,hd->h", people[rows], wanted[targets]) / temperature + bias[targets]
        rest = (top + np.log(mass * (batch.shown.shape[1] / len(sample))))[rows]
        complete = len(sample) == batch.shown.shape[1]  # then the targets are in the sample already
        whole = rest if complete else np.logaddexp(rest, score)
        weights = batch.hidden.data / batch.hidden.data.sum()
        # Backward.
        own = np.zeros_like(score) if complete else np.exp(score - whole)
        softmax *= np.bincount(rows, weights * (1 - own), minlength=len(softmax)).astype(np.float32)[:, None]
        at_target = sparse.csr_matrix(
            ((weights * (own - 1)).astype(np.float32), (rows, targets)), (len(softmax), len(out_rows))
        )
        d_wanted = at_target.T @ people
        d_wanted[sample] += softmax.T @ people
        d_bias = np.asarray(at_target.sum(axis=0)).ravel()
        d_bias[sample] += softmax.sum(axis=0)
        d_people = softmax @ wanted[sample] + at_target @ wanted
        d_raw = _through_norm(d_wanted / temperature, wanted, out_lengths)
        d_given = shown.T @ _through_norm(d_people / temperature, people, lengths)
        self._update(self._inputs, self._input_map, in_rows, d_given, in_parts, rate)
        self._update(self._outputs, self._output_map, out_rows, d_raw, out_parts, rate)
        self._bias.step(d_bias[:, None], rate, out_rows)
        return float(((whole - score) * weights).sum())

    def result(self) -> Factors:
        inputs = self._content @ self._input_map.value + self._trust * self._inputs.value
        outputs = self._content @ self._output_map.value + self._trust * self._outputs.value
        bias = self._bias.value[:, 0]
        return Factors(
            inputs=inputs,
            outputs=_unit(outputs),
            bias=bias,
            input_map=self._directions @ self._input_map.value,
            output_map=self._directions @ self._output_map.value,
            content_mean=self._mean,
            cold_bias=float(np.quantile(bias, 0.25)),
            temperature=self._settings.temperature,
        )

    def _vectors(self, table: "_Adam", content_map: "_Adam", rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Vectors [n, d] of these items, and how much of the residual is in each [n, 1]."""
        if not self._content.shape[1]:
            return table.value[rows], np.ones((len(rows), 1), np.float32)
        kept = self._random.random((len(rows), 1)) >= self._settings.content_only
        part = self._trust[rows] * kept
        return self._content[rows] @ content_map.value + table.value[rows] * part, part

    def _update(
        self,
        table: "_Adam",
        content_map: "_Adam",
        rows: NDArray[np.int64],
        gradient: Floats,
        part: Floats,
        rate: float,
    ) -> None:
        table.step((gradient * part).astype(np.float32), rate, rows)
        if self._content.shape[1]:
            content_map.step((self._content[rows].T @ gradient).astype(np.float32), rate * self._settings.map_rate)


class _Adam:
    """One array and its moments (Kingma & Ba, 2015), updated at the rows that a step saw and nowhere else."""

    def __init__(self, value: Floats) -> None:
        self.value = value
        self._mean, self._square = np.zeros_like(value), np.zeros_like(value)
        self._steps = 0

    def step(self, gradient: Floats, rate: float, rows: NDArray[np.int64] | slice = slice(None)) -> None:
        self._steps += 1
        mean = 0.9 * self._mean[rows] + 0.1 * gradient
        square = 0.999 * self._square[rows] + 0.001 * gradient**2
        self._mean[rows], self._square[rows] = mean, square
        unbiased = np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
        self.value[rows] -= (rate * unbiased) * mean / (np.sqrt(square) + 1e-8)


def _check(start: Factors, table: tuple[int, int], content_map: tuple[int, int]) -> None:
    if start.inputs.shape != table or start.input_map.shape != content_map:
        raise InvalidInput(
            f"cannot go on from factors of shape {start.inputs.shape} with maps {start.input_map.shape}; "
            f"these settings and this catalogue need {table} and {content_map}"
        )


def _principal_directions(content: Floats, limit: int) -> Floats:
    """[D, min(D, limit)] orthonormal columns under which cosines are the content's, as far as so many can tell."""
    directions: Floats = np.linalg.eigh(content.T @ content)[1][:, ::-1][:, :limit].astype(np.float32)
    return directions


def _mean_of_known(content: Floats) -> Floats:
    known = content.any(axis=1)
    mean: Floats = content[known].mean(axis=0) if known.any() else np.zeros(content.shape[1], np.float32)
    return mean


def _centred(content: Floats, mean: Floats) -> Floats:
    """Unit rows from which what all items have in common is taken away; zero rows stay zero.

    Features of pictures are much alike as they come (those after a ReLU are never negative), and cosines between
    them say little until their mean is gone.
    """
    centred = np.where(content.any(axis=1, keepdims=True), content - mean, np.float32(0))
    return _unit(centred) if content.shape[1] else content


def _normalised(vectors: Floats) -> tuple[Floats, Floats]:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9).astype(np.float32)
    return vectors / lengths, lengths


def _through_norm(gradient: Floats, unit: Floats, lengths: Floats) -> Floats:
    """Gradient by a vector, of the gradient by its unit vector."""
    along = np.einsum("nd,nd->n", gradient, unit)[:, None]
    result: Floats = (gradient - along * unit) / lengths
    return result


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.maximum(norms, 1e-9)).astype(np.float32)
    return unit
