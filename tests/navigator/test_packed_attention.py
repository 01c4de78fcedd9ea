"""Examples that share a row are read as if each stood alone."""

import navigator_tiny as tiny
import pytest
import torch
from transformers import AutoModelForCausalLM

from navigator.packed_attention import NAME, _by_products, _fused, pack_attention


@pytest.mark.parametrize("length", [1, 7, 40])
def test_products_and_kernel_agree(length):
    """What a CPU computes by products is what the fused kernel computes, in both directions."""
    generator = torch.Generator().manual_seed(length)
    states = [torch.randn(1, heads, length, 16, generator=generator, requires_grad=True) for heads in (6, 2, 2)]
    one, other = (attend(*states, 0.25) for attend in (_by_products, _fused))
    assert torch.allclose(one, other, atol=1e-5)
    for mine, theirs in zip(*(torch.autograd.grad(out.sin().sum(), states) for out in (one, other)), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


def test_examples_in_a_row_do_not_meet(tmp_path):
    """Hidden states of three examples side by side equal those of each by itself."""
    tiny.save_causal(tmp_path)
    alone = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval().model
    packed = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    pack_attention(packed)
    pack_attention(packed)
    assert packed.config._attn_implementation == NAME
    lengths = (5, 1, 9)
    ids = torch.randint(5, 60, (1, sum(lengths)), generator=torch.Generator().manual_seed(0))
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    with torch.no_grad():
        row = packed.model(ids, position_ids=positions, lengths=lengths, use_cache=False).last_hidden_state
        each = [alone(piece).last_hidden_state for piece in ids.split(lengths, dim=1)]
    assert torch.allclose(row, torch.cat(each, 1), atol=1e-4)
