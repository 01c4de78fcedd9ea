"""What reading precomputed vectors saves: time to first token and arithmetic, against encoding pictures on request.

Both sides run the same Qwen3 language model on the same text. One encodes every picture with Qwen3-VL's own vision
tower while the customer waits and reads 256 or 782 tokens for each; the other reads K soft tokens for each. Weights are
random: neither time nor FLOPs depend on them.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

SYSTEM_TOKENS = 30
"""The shared prompt with its turn markers."""
REQUEST_TOKENS = 60
"""A message and the intent read from it."""
CARD_TOKENS = 24
"""Number, title, look and price of one item, as on the demo's cards; the same on both sides."""
FACTS_TOKENS = 24
"""The line of facts after the cards."""
INTENT_OUTPUT, ANSWER_OUTPUT = 25, 40
"""Tokens written in a turn."""
SIZES = {"512x512": (512, 512), "736x1104": (736, 1104)}
K = 11
"""Soft tokens of an item, as many as the shipped Navigator reads."""
MOST_TOKENS = 10_000
"""Of one prompt: 32 of the larger pictures would be more than twice as many, and take an hour to measure."""
LONG_S, ENOUGH_S = 20.0, 60.0
"""A call as long as the first is measured at once; calls that together took as long as the second are enough."""


@dataclass(frozen=True)
class LanguageShape:
    """A Qwen3 language model."""

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int = 128
    vocabulary: int = 151_936

    @property
    def layer_weights(self) -> int:
        """Weights of the linear maps of all layers."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.inner)


@dataclass(frozen=True)
class VisionShape:
    """Qwen3-VL's vision tower: `deepstack` levels feed extra merged features into the language model."""

    hidden: int
    inner: int
    layers: int
    heads: int
    out: int
    deepstack: int = 3
    patch: int = 16
    merge: int = 2


LANGUAGE = {
    "2B": LanguageShape(2048, 6144, 28, 16, 8),
    "8B": LanguageShape(4096, 12288, 36, 32, 8),
}
VISION = {
    "2B": VisionShape(1024, 4096, 24, 16, 2048),
    "8B": VisionShape(1152, 4304, 27, 16, 4096),
}


def picture_tokens(width: int, height: int, shape: VisionShape) -> tuple[int, int]:
    """(patches, tokens for the language model) of one picture, cut to whole groups of `merge` × `merge` patches."""
    wide, high = (side // (shape.patch * shape.merge) for side in (width, height))
    return wide * high * shape.merge**2, wide * high


def prefill_flops(shape: LanguageShape, tokens: int, before: int = 0) -> float:
    """FLOPs of reading `tokens` after `before` cached ones, and one row of logits. Causal attention counts half."""
    attended = tokens * before + tokens * (tokens + 1) / 2
    attention = 4 * shape.layers * shape.heads * shape.head_dim * attended
    return 2 * shape.layer_weights * tokens + attention + 2 * shape.hidden * shape.vocabulary


def decode_flops(shape: LanguageShape, prompt: int, tokens: int) -> float:
    """FLOPs of writing `tokens` after a prompt."""
    return sum(prefill_flops(shape, 1, prompt + i) for i in range(tokens))


def vision_flops(shape: VisionShape, patches: int) -> float:
    """FLOPs of encoding one picture: patches, layers, the merger and the deepstack mergers."""
    linear = shape.layers * (4 * shape.hidden**2 + 2 * shape.hidden * shape.inner)
    attention = 4 * shape.layers * shape.hidden * patches
    wide = shape.hidden * shape.merge**2
    merger = (1 + shape.deepstack) * (wide * wide + wide * shape.out) / shape.merge**2
    embedding = 2 * 3 * shape.patch**2 * shape.hidden
    return patches * (2 * linear + attention + 2 * merger + 2 * embedding)


def turn_flops(size: str, products: int, picture: tuple[int, int] | None, *, cached: bool = True) -> dict[str, float]:
    """FLOPs until the answer's first token, and of the whole turn.

    Args:
        size: of the model.
        picture: width and height in pixels, encoded on request; None for precomputed vectors.
        cached: the shared prompt and the conversation are in the prefix cache from the reading of the intent.
    """
    language, vision = LANGUAGE[size], VISION[size]
    text = SYSTEM_TOKENS + REQUEST_TOKENS
    cards = products * (CARD_TOKENS + K) + FACTS_TOKENS
    encode = 0.0
    if picture is not None:
        patches, tokens = picture_tokens(*picture, vision)
        cards = products * (CARD_TOKENS + tokens) + FACTS_TOKENS
        encode = products * vision_flops(vision, patches)
    intent = prefill_flops(language, REQUEST_TOKENS, SYSTEM_TOKENS) + decode_flops(language, text, INTENT_OUTPUT)
    before = text if cached else 0
    read = prefill_flops(language, cards + (0 if cached else text), before)
    write = decode_flops(language, text + cards, ANSWER_OUTPUT)
    return {"first_token": encode + read, "turn": intent + encode + read + write}


def flops_table() -> dict[str, Any]:
    """How many times more arithmetic pictures on request take; and per 1,000 turns, in PFLOP."""
    table: dict[str, Any] = {}
    for size in LANGUAGE:
        for name, picture in SIZES.items():
            for products in (1, 8, 32):
                online, ready = turn_flops(size, products, picture), turn_flops(size, products, None)
                table[f"{size} {name} {products} products"] = {
                    "first_token_ratio": online["first_token"] / ready["first_token"],
                    "turn_ratio": online["turn"] / ready["turn"],
                    "online_pflop_per_1000_turns": online["turn"] / 1e12,
                    "precomputed_pflop_per_1000_turns": ready["turn"] / 1e12,
                }
    return table


def measure(
    size: str, products: list[int], repeats: int, pictures: list[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Times to first token in seconds on this machine: means and spread over `repeats`, fewer where they are long."""
    model = random_model(size)
    results: dict[str, Any] = {"threads": torch.get_num_threads()}
    for count in products:
        ready = _timed(partial(_read_vectors, model, count), repeats)
        results[f"{count} products, precomputed"] = ready
        say(f"{count} products, precomputed: {ready['mean_s']:.3f} s")
        for name in pictures:
            if count * picture_tokens(*SIZES[name], VISION[size])[1] > MOST_TOKENS:
                continue
            online = _timed(partial(_read_pictures, model, count, SIZES[name]), repeats)
            online["ratio"] = online["mean_s"] / ready["mean_s"]
            results[f"{count} products, {name}"] = online
            say(f"{count} products, {name}: {online['mean_s']:.2f} s, {online['ratio']:.1f} times as long")
    return results


@torch.inference_mode()
def random_model(size: str) -> Any:
    """A Qwen3-VL of a published shape with random bfloat16 weights."""
    language, vision = LANGUAGE[size], VISION[size]
    text = {
        "vocab_size": language.vocabulary,
        "hidden_size": language.hidden,
        "intermediate_size": language.inner,
        "num_hidden_layers": language.layers,
        "num_attention_heads": language.heads,
        "num_key_value_heads": language.kv_heads,
        "head_dim": language.head_dim,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 5e6,
            "mrope_section": [24, 20, 20],
            "mrope_interleaved": True,
        },
    }
    tower = {
        "hidden_size": vision.hidden,
        "intermediate_size": vision.inner,
        "depth": vision.layers,
        "num_heads": vision.heads,
        "out_hidden_size": vision.out,
        "deepstack_visual_indexes": [vision.layers // 4, vision.layers // 2, 3 * vision.layers // 4],
    }
    config = Qwen3VLConfig(text_config=text, vision_config=tower, tie_word_embeddings=True)
    with torch.device("meta"):
        model: Any = Qwen3VLForConditionalGeneration(config)
    model = model.to(torch.bfloat16).to_empty(device="cpu").eval()
    for parameter in model.parameters():
        parameter.uniform_(-0.02, 0.02)
    for module in model.modules():
        # Rotary frequencies are buffers that an empty copy lost.
        if hasattr(module, "inv_freq"):
            dim = module.inv_freq.shape[0] * 2
            module.inv_freq = 1.0 / (10_000 ** (torch.arange(0, dim, 2).float() / dim))
    return model


@torch.inference_mode()
def _read_vectors(model: Any, products: int) -> None:
    """The prompt with K soft tokens for each product; only the prompt's text positions are ever needed."""
    tokens = SYSTEM_TOKENS + REQUEST_TOKENS + products * (CARD_TOKENS + K) + FACTS_TOKENS
    embeddings = torch.randn(1, tokens, model.config.text_config.hidden_size, dtype=torch.bfloat16)
    states = model.model.language_model(inputs_embeds=embeddings).last_hidden_state
    _first_token(model, states)


@torch.inference_mode()
def _read_pictures(model: Any, products: int, picture: tuple[int, int]) -> None:
    """The vision tower on every picture, its features merged into the prompt, then the same language model."""
    vision = model.config.vision_config
    wide, high = (side // (vision.patch_size * vision.spatial_merge_size) for side in picture)
    merged = vision.spatial_merge_size**2
    width = 3 * vision.temporal_patch_size * vision.patch_size**2
    pixels = torch.randn(products * wide * high * merged, width, dtype=torch.bfloat16)
    grid = torch.tensor([[1, high * vision.spatial_merge_size, wide * vision.spatial_merge_size]] * products)
    image = [model.config.image_token_id] * (wide * high)
    ids = [1] * (SYSTEM_TOKENS + REQUEST_TOKENS)
    for _ in range(products):
        ids += [model.config.vision_start_token_id, *image, model.config.vision_end_token_id] + [1] * (CARD_TOKENS - 2)
    ids += [1] * FACTS_TOKENS
    input_ids = torch.tensor([ids])
    kinds = (input_ids == model.config.image_token_id).int()
    output = model.model(input_ids=input_ids, pixel_values=pixels, image_grid_thw=grid, mm_token_type_ids=kinds)
    _first_token(model, output.last_hidden_state)


def _first_token(model: Any, states: Tensor) -> None:
    """Of a matrix, not of a batch of them: for a batch PyTorch copies the vocabulary's 600 MB first, on either side."""
    model.lm_head(states[0, -1:]).argmax()


def _timed(act: Callable[[], None], repeats: int) -> dict[str, Any]:
    """Seconds of a call. The first one only warms up, unless it is so long that warming up is no part of it."""
    seconds: list[float] = []
    for call in range(repeats + 1):
        started = time.perf_counter()
        act()
        took = time.perf_counter() - started
        if call or took > LONG_S:
            seconds.append(took)
        if sum(seconds) > ENOUGH_S:
            break
    spread = statistics.stdev(seconds) if len(seconds) > 1 else 0.0
    return {"mean_s": statistics.fmean(seconds), "stdev_s": spread, "repeats": len(seconds)}
