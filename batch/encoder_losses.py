"""The losses that a joint head learns from, as plain functions of unit vectors.

image_text    pictures and words of the same items (SigLIP: Zhai et al., ICCV 2023, arXiv 2303.15343)
neighbour     softmax with several positives (L_out of Khosla et al., NeurIPS 2020, arXiv 2004.11362)
relation      keep the similarities of the base features (Park et al., CVPR 2019, arXiv 1904.05068)
matryoshka    any of them at several lengths (Kusupati et al., NeurIPS 2022, arXiv 2205.13147)
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

_EXCLUDED = -1e4


def image_text_loss(pictures: Tensor, words: Tensor, scale: Tensor, bias: Tensor, same: Tensor | None = None) -> Tensor:
    """Each of n pictures must score high with its own words and low with the others'.

    L = -1/n Σᵢⱼ log σ(zᵢⱼ (t xᵢ·yⱼ + b)), zᵢⱼ = 1 for i = j and -1 otherwise (equation 1 of the paper).

    Args:
        pictures, words: float [n, D], unit rows; row i of both is the same item.
        scale: t > 0, scalar; the paper begins at 10.
        bias: b, scalar; the paper begins at -10, about the logarithm of 1 in its batch.
        same: bool [n, n]; pairs besides the diagonal that are neither right nor wrong, such as two colours of one
            product or two items with the same words. Left out.
    """
    n = len(pictures)
    logits = (pictures @ words.T).float() * scale + bias  # [n, n]
    own = torch.eye(n, dtype=torch.bool, device=logits.device)
    losses = -functional.logsigmoid(torch.where(own, logits, -logits))
    if same is not None:
        losses = losses.masked_fill(same & ~own, 0.0)
    return losses.sum() / n


def neighbour_loss(
    queries: Tensor, candidates: Tensor, positives: Tensor, excluded: Tensor, temperature: float
) -> Tensor:
    """An item must find those that share boards with it among the candidates.

    L = -1/B Σᵢ Σⱼ pᵢⱼ log softmaxⱼ(qᵢ·cⱼ / τ), with p the positives scaled to sum to 1.

    Args:
        queries: float [B, D], unit rows.
        candidates: float [C, D], unit rows. Those that are not positive are the negatives.
        positives: float [B, C] >= 0: how strongly a candidate belongs with a query, such as the number of boards they
            share. Queries without any do not count.
        excluded: bool [B, C]: neither right nor wrong, such as the query itself among the candidates.
        temperature: τ > 0; the higher, the less the nearest wrong ones count.
    """
    logits = (queries @ candidates.T).float() / temperature  # [B, C]
    logits = logits.masked_fill(excluded, _EXCLUDED)
    wanted = positives.masked_fill(excluded, 0.0)
    total = wanted.sum(dim=1)  # [B]
    found = torch.logsumexp(logits, dim=1) - (wanted * logits).sum(dim=1) / total.clamp(min=1e-9)
    counts = total > 0
    return (found * counts).sum() / counts.sum().clamp(min=1)


def relation_loss(vectors: Tensor, base: Tensor) -> Tensor:
    """Mean squared difference of all pairwise similarities between the trained and the base vectors.

    Args:
        vectors: float [n, D], unit rows.
        base: float [n, E], unit rows of the same items, centred before they were scaled to unit length.
    """
    return functional.mse_loss((vectors @ vectors.T).float(), (base @ base.T).float())


def matryoshka(loss: Callable[..., Tensor], sizes: Sequence[int], *vectors: Tensor) -> Tensor:
    """Mean over `sizes` of the loss on the first numbers of every vector, scaled to unit length again.

    Args:
        loss: called with as many float [n, size] tensors as there are `vectors`.
        sizes: lengths, 1..D.
        vectors: float [n, D] each.
    """
    parts = [loss(*(functional.normalize(v[:, :size], dim=-1) for v in vectors)) for size in sizes]
    return torch.stack(parts).mean()
