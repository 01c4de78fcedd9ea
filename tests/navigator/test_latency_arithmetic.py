"""The arithmetic that the latency benchmark reports is that of the real modules."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Qwen3Config, Qwen3ForCausalLM

from benchmarks.navigator_latency import (
    CARD_TOKENS,
    K,
    LanguageShape,
    picture_tokens,
    prefill_flops,
    turn_flops,
    vision_flops,
)
from benchmarks.navigator_latency import VisionShape as Vision
from benchmarks.navigator_price import GPT_4O, api_dollars, dollars_table, picture_tokens_billed
from navigator.assemble import SHIPPED
from navigator.learnt import load_learnt


def test_language_model_flops():
    """Counted on a small Qwen3, without its attention mask's savings: within 2 percent."""
    shape = LanguageShape(128, 256, 3, 4, 2, 32, 1000)
    config = Qwen3Config(
        vocab_size=1000,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        attn_implementation="eager",
    )
    model = Qwen3ForCausalLM(config).eval()
    tokens = 96
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=torch.zeros(1, tokens, dtype=torch.long), logits_to_keep=1)
    full_attention = 4 * 3 * 4 * 32 * tokens * tokens
    causal_attention = 4 * 3 * 4 * 32 * tokens * (tokens + 1) / 2
    expected = prefill_flops(shape, tokens) - causal_attention + full_attention
    assert counter.get_total_flops() == pytest.approx(expected, rel=0.02)


def test_vision_tower_flops():
    """Counted on a small Qwen3-VL vision tower: within 3 percent."""
    from transformers import Qwen3VLConfig
    from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

    shape = Vision(64, 128, 4, 4, 96, deepstack=2)
    vision = Qwen3VLConfig(
        vision_config={
            "hidden_size": 64,
            "intermediate_size": 128,
            "depth": 4,
            "num_heads": 4,
            "out_hidden_size": 96,
            "deepstack_visual_indexes": [0, 2],
        }
    ).vision_config
    vision._attn_implementation = "eager"  # the counter does not know the fused kernel of a CPU
    model = Qwen3VLVisionModel(vision).eval()
    patches, tokens = picture_tokens(256, 256, shape)
    assert tokens * 4 == patches
    pixels = torch.zeros(patches, 3 * vision.temporal_patch_size * 16 * 16)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(pixels, grid_thw=torch.tensor([[1, 16, 16]]))
    assert counter.get_total_flops() == pytest.approx(vision_flops(shape, patches), rel=0.03)


def test_published_sizes():
    """512 × 512 is 256 tokens and 736 × 1104 is 782 or so; vectors that are ready are never the dearer way."""
    assert picture_tokens(512, 512, Vision(1, 1, 1, 1, 1))[1] == 256
    assert abs(picture_tokens(736, 1104, Vision(1, 1, 1, 1, 1))[1] - 782) <= 12
    for size in ("2B", "8B"):
        assert turn_flops(size, 8, (512, 512))["turn"] > turn_flops(size, 8, None)["turn"]


def test_a_picture_is_billed_by_its_tiles():
    """The examples of OpenAI's guide: 1024 × 1024 is 765 tokens, 2048 × 4096 is 1105; one tile is 255."""
    assert picture_tokens_billed(1024, 1024) == 765
    assert picture_tokens_billed(2048, 4096) == 1105
    assert picture_tokens_billed(512, 512) == 255


def test_dollars_of_a_turn():
    """Half as busy, a GPU costs twice as much; a tenth of the API's price is reached just where the table says."""
    for row in dollars_table().values():
        assert row["own_dollars"] / row["busy_for_a_tenth"] == pytest.approx(row["api_dollars"] / 10)
    one, eight = (api_dollars(GPT_4O, products, (512, 512)) for products in (1, 8))
    assert eight - one == pytest.approx(7 * (255 + CARD_TOKENS) * 2.5 / 1000)


def test_a_turn_is_as_long_as_what_is_shipped():
    """Arithmetic and times are of as many soft tokens an item as the shipped Navigator reads."""
    assert load_learnt(SHIPPED).shape.tokens_per_item == K
