import numpy as np
import pytest
from scipy import sparse

from catalog.errors import InvalidInput
from taste.factors import FactorSettings, _Batch, _Model, train_factors
from taste.together import count_together

QUICK = FactorSettings(dim=16, epochs=12, batch=64, learning_rate=0.02)


def grouped_sets(random, groups=4, per_group=10, people=300, acts=6):
    """People who like things of one group each."""
    rows = np.repeat(np.arange(people), acts)
    of = random.integers(0, groups, people)[rows]
    columns = of * per_group + random.integers(0, per_group, len(rows))
    sets = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (people, groups * per_group))
    sets.data[:] = 1
    return sets


class _Recorder:
    """Stands in for the optimiser's step and keeps the gradient."""

    def __init__(self, shape):
        self.gradient = np.zeros(shape)

    def __call__(self, gradient, rate, rows=slice(None)):
        self.gradient[:] = 0
        self.gradient[rows] = gradient


def test_factors_find_what_belongs_together():
    """From two items of a group the model must rank the group's other items before all others."""
    factors = train_factors(grouped_sets(np.random.default_rng(0)), settings=QUICK)
    for group in range(4):
        person = factors.person(factors.inputs[[group * 10, group * 10 + 1]])
        best = np.argsort(-factors.score(person, factors.outputs, factors.bias))[:10]
        assert set(best // 10) == {group}


def test_sampling_items_estimates_the_same_loss():
    """Large catalogues are trained on a sample of items: over many draws its loss is the full softmax's."""
    random = np.random.default_rng(0)
    sets = grouped_sets(random, groups=20)
    model = _Model(sets, None, FactorSettings(dim=8, negatives=50, temperature=0.5), None, random)
    shown = sets[:64].multiply(random.random((64, 200)) < 0.5).tocsr()
    hidden = (sets[:64] - shown).tocsr()
    hidden.eliminate_zeros()
    full = model.step(_Batch(shown, hidden, np.arange(200)), 0.0)
    drawn = [
        model.step(_Batch(shown, hidden, np.random.default_rng(s).choice(200, 50, replace=False)), 0.0)
        for s in range(200)
    ]
    assert np.mean(drawn) == pytest.approx(full, abs=0.05)


@pytest.mark.parametrize("negatives", [40, 15])
def test_gradients_are_those_of_the_loss(negatives):
    """The gradients are written by hand: each must agree with the slope of the loss, with content and without."""
    random = np.random.default_rng(3)
    sets = grouped_sets(random, people=12)
    content = random.normal(size=(40, 5)).astype(np.float32)
    for given in (None, content):
        settings = FactorSettings(dim=6, negatives=negatives, content_only=0.0, temperature=0.5)
        model = _Model(sets, given, settings, None, random)
        for table in (model._inputs, model._outputs):
            table.value = random.normal(size=table.value.shape).astype(np.float64)
        shown = sets.multiply(random.random(sets.shape) < 0.5).tocsr()
        hidden = (sets - shown).tocsr()
        hidden.eliminate_zeros()
        batch = _Batch(shown, hidden, random.choice(40, negatives, replace=False))
        parameters = [model._inputs, model._outputs, model._bias]
        if given is not None:
            parameters += [model._input_map, model._output_map]
        for parameter in parameters:
            parameter.value = parameter.value.astype(np.float64)

            parameter.step = _Recorder(parameter.value.shape)
        model.step(batch, 1.0)
        for parameter in parameters:
            gradient = parameter.step.gradient.copy()
            for flat in np.argsort(-np.abs(gradient).ravel())[:3]:
                index = np.unravel_index(flat, gradient.shape)
                original = parameter.value[index]
                losses = []
                for change in (1e-3, -1e-3):
                    parameter.value[index] = original + change
                    losses.append(model.step(batch, 1.0))
                parameter.value[index] = original
                assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(gradient[index], rel=0.03, abs=1e-4)


def test_a_cold_item_is_known_from_its_content():
    """An item that no set holds is found by people who like things that look like it."""
    random = np.random.default_rng(0)
    sets = grouped_sets(random).tolil()
    sets[:, [9, 19, 29, 39]] = 0  # the last of each group is new
    looks = np.repeat(np.eye(4, 12, dtype=np.float32), 10, axis=0) + random.normal(0, 0.1, (40, 12)).astype(np.float32)
    factors = train_factors(sets.tocsr(), looks, QUICK)
    _, outputs = factors.from_content(looks[[9, 19, 29, 39]])
    for group in range(4):
        person = factors.person(factors.inputs[group * 10 : group * 10 + 3])
        assert int(np.argmax(outputs @ person)) == group
        assert np.allclose(outputs[group], factors.outputs[group * 10 + 9], atol=1e-4)
    with pytest.raises(InvalidInput, match="12"):
        factors.from_content(np.zeros((1, 5), np.float32))


def test_without_training_content_decides():
    """The untrained model is similarity of content, less what all share: a new shop starts there."""
    random = np.random.default_rng(0)
    raw = random.normal(3.0, 1.0, size=(40, 12)).astype(np.float32)
    looks = raw - raw.mean(axis=0)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    sets = grouped_sets(random)
    factors = train_factors(sets, raw, FactorSettings(dim=12, epochs=0, trust_after=1e9))
    assert np.allclose(factors.outputs @ factors.outputs.T, looks @ looks.T, atol=1e-3)


def test_training_goes_on_from_yesterday():
    """One epoch from the incumbent beats one from nothing: nightly runs need not start over."""
    sets = grouped_sets(np.random.default_rng(0))
    losses: dict[str, float] = {}
    old = train_factors(sets, settings=QUICK)
    one = FactorSettings(dim=16, epochs=1, batch=64, learning_rate=0.005)
    train_factors(sets, settings=one, after_epoch=lambda _, loss: losses.update(new=loss))
    again = train_factors(sets, settings=one, start=old, after_epoch=lambda _, loss: losses.update(warm=loss))
    assert losses["warm"] < losses["new"] - 0.5
    assert again.outputs.shape == old.outputs.shape
    with pytest.raises(InvalidInput):
        train_factors(sets, settings=FactorSettings(dim=8), start=old)


def test_the_same_seed_gives_the_same_model():
    sets = grouped_sets(np.random.default_rng(0))
    settings = FactorSettings(dim=8, epochs=2)
    first, second = (train_factors(sets, settings=settings, seed=5) for _ in range(2))
    assert np.array_equal(first.outputs, second.outputs)


def test_what_cannot_teach_is_refused():
    """One item per person says nothing about what belongs together; the caller is told, not given noise."""
    with pytest.raises(InvalidInput, match="nothing to learn"):
        train_factors(sparse.identity(5, dtype=np.float32, format="csr"))
    with pytest.raises(InvalidInput, match="content"):
        train_factors(grouped_sets(np.random.default_rng(0)), np.zeros((3, 2), np.float32))


def test_together_counts_what_sets_share():
    """Blocks must not show, the item itself is not its own company, and evidence agrees with the dense product."""
    random = np.random.default_rng(0)
    sets = grouped_sets(random)
    whole, blocked = count_together(sets), count_together(sets, block=7)
    assert np.array_equal(whole.indices, blocked.indices) and np.allclose(whole.weights, blocked.weights, rtol=1e-5)
    dense = whole.matrix().toarray()
    assert np.all(np.diag(dense) == 0)
    assert dense.mean() == pytest.approx(1.0, rel=1e-3)
    rows, weights = np.array([3, 14, 5]), np.array([1.0, 0.5, 2.0], np.float32)
    found = weights @ dense[rows] / weights.sum()
    assert np.allclose(whole.evidence(rows, weights), np.log1p(found / 0.3), atol=1e-4)
    assert not whole.evidence(np.empty(0, int), np.empty(0, np.float32)).any()
    assert len(count_together(sets, keep=3).neighbours(0)[0]) == 3
