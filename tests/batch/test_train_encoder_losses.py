"""The losses of the joint head against their formulas, written out in numpy."""

import math

import numpy as np
import torch

from batch.encoder_losses import image_text_loss, matryoshka, neighbour_loss, relation_loss


def unit(*shape, seed=0):
    vectors = torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
    return torch.nn.functional.normalize(vectors, dim=-1)


def test_image_text_loss_is_equation_1_of_siglip():
    """-1/n Σ log σ(z (t x·y + b)), pairs right on the diagonal and wrong beside it."""
    x, y, t, b = unit(5, 8), unit(5, 8, seed=1), 10.0, -3.0
    expected = 0.0
    for i in range(5):
        for j in range(5):
            z = 1 if i == j else -1
            expected += math.log(1 + math.exp(-z * (t * float(x[i] @ y[j]) + b))) / 5
    found = image_text_loss(x, y, torch.tensor(t), torch.tensor(b))
    assert math.isclose(float(found), expected, rel_tol=1e-5)


def test_twins_are_no_wrong_answers():
    """Two items with the same words do not push each other's pictures away; an item always pulls its own."""
    x, y = unit(4, 8), unit(4, 8, seed=1)
    same = torch.zeros(4, 4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    same.fill_diagonal_(True)
    scale, bias = torch.tensor(10.0), torch.tensor(-3.0)
    without = image_text_loss(x, y, scale, bias)
    pairs = -torch.nn.functional.logsigmoid(-(x @ y.T * scale + bias))
    expected = without - (pairs[0, 1] + pairs[1, 0]) / 4
    assert torch.isclose(image_text_loss(x, y, scale, bias, same), expected)


def test_neighbour_loss_is_cross_entropy_with_several_right_answers():
    """-Σ p log softmax(q·c / τ), p in proportion to shared boards; excluded candidates do not exist."""
    queries, candidates = unit(2, 8), unit(5, 8, seed=1)
    positives = torch.tensor([[0, 2, 0, 1, 0], [1, 0, 0, 0, 5.0]])
    excluded = torch.tensor([[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]], dtype=torch.bool)
    expected = 0.0
    for q, (counts, out) in enumerate(zip(positives, excluded, strict=True)):
        allowed = [j for j in range(5) if not out[j]]
        scores = {j: float(queries[q] @ candidates[j]) / 0.1 for j in allowed}
        norm = math.log(sum(math.exp(s) for s in scores.values()))
        total = sum(float(counts[j]) for j in allowed)
        expected += sum(float(counts[j]) / total * (norm - scores[j]) for j in allowed) / 2
    assert math.isclose(float(neighbour_loss(queries, candidates, positives, excluded, 0.1)), expected, rel_tol=1e-4)


def test_queries_without_neighbours_do_not_count():
    """A batch in which nothing belongs together has no loss and no gradient, not NaN."""
    queries = unit(3, 8).requires_grad_()
    none = torch.zeros(3, 4)
    loss = neighbour_loss(queries, unit(4, 8, seed=1), none, none.bool(), 0.1)
    loss.backward()
    assert float(loss.detach()) == 0 and not queries.grad.any()


def test_relation_loss_is_zero_for_a_rotation():
    """What keeps all similarities costs nothing; what collapses them does."""
    base = unit(6, 8)
    turn = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(0)))[0]
    assert float(relation_loss(base @ turn, base)) < 1e-10
    assert float(relation_loss(base[:1].expand(6, 8), base)) > 0.1


def test_matryoshka_reads_the_first_numbers_at_unit_length():
    """The mean of the loss at every size, on vectors cut short and scaled again."""
    seen = []

    def loss(v):
        seen.append(v)
        return v[:, 0].sum()

    vectors = unit(4, 8)
    value = matryoshka(loss, (2, 8), vectors)
    assert [v.shape[1] for v in seen] == [2, 8]
    assert torch.allclose(seen[0].norm(dim=1), torch.ones(4))
    assert torch.isclose(value, (seen[0][:, 0].sum() + seen[1][:, 0].sum()) / 2)
