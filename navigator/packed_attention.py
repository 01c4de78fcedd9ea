"""Attention over examples that lie behind each other in one row: each sees itself alone, and costs no more than alone.

A mask over the whole row would say the same, at the price of the row's length squared: on a CPU half of a training's
time went there.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "windowshop_packed"


def pack_attention(model: PreTrainedModel) -> None:
    """Let a language model's layers take `lengths=`, the tokens of each example in a row; may be called again."""
    if model.config._attn_implementation != NAME:
        ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
        model.set_attn_implementation(NAME)


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    lengths: Sequence[int],
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention within each example: query `[1, heads, T, d]`, key and value `[1, kv_heads, T, d]`.

    Args:
        lengths: tokens of each example, T together.

    Returns:
        `[1, T, heads, d]`, and no weights.
    """
    scaling = scaling if scaling is not None else query.shape[-1] ** -0.5
    attend = _by_products if query.device.type == "cpu" else _fused
    pieces = [
        attend(q, k, v, scaling)
        for q, k, v in zip(*(states.split(list(lengths), dim=2) for states in (query, key, value)), strict=True)
    ]
    return torch.cat(pieces, 2).transpose(1, 2).contiguous(), None


def _fused(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    return nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling, enable_gqa=True)


def _by_products(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """The same by plain matrix products: forward and backward take a CPU half the time at a few hundred tokens."""
    _, heads, length, width = query.shape
    shared = heads // key.shape[1]  # query heads that look at one key head
    stacked = query.reshape(-1, shared * length, width)
    future = torch.full((length, length), float("-inf"), dtype=query.dtype, device=query.device).triu(1)
    scores = torch.baddbmm(future.repeat(shared, 1), stacked, key[0].transpose(1, 2), alpha=scaling)
    weights = scores.view(-1, length).softmax(-1).view_as(scores)  # [kv_heads, shared * T, T]
    return torch.bmm(weights, value[0]).view(1, heads, length, width)
