"""Dollars for 1,000 chat turns: a proprietary API that is sent the pictures, beside GPUs of one's own that are not.

Arithmetic on both sides. The API's is its price list over the tokens of a turn; ours is the arithmetic of a turn
(`navigator_latency`) over the share of a GPU that docs/sizing.md assumes, at the price that it assumes. A GPU that
waits for customers costs the same as one that works: what it is worth depends on how busy a shop keeps it.
"""

from dataclasses import dataclass
from math import ceil

from benchmarks.navigator_latency import (
    ANSWER_OUTPUT,
    CARD_TOKENS,
    FACTS_TOKENS,
    INTENT_OUTPUT,
    REQUEST_TOKENS,
    SIZES,
    SYSTEM_TOKENS,
    turn_flops,
)
from benchmarks.sizing_units import GPU_FLOPS, GPU_HOUR, GPU_IN_USE

_SHORTEST, _TILE, _BASE_TOKENS, _TILE_TOKENS = 768, 512, 85, 170


@dataclass(frozen=True)
class PriceList:
    """Dollars for a million tokens read and written."""

    name: str
    read: float
    written: float


GPT_4O = PriceList("GPT-4o", 2.5, 10.0)
"""OpenAI's price list, as it stood in November 2026 (openai.com/api/pricing)."""


def picture_tokens_billed(width: int, height: int) -> int:
    """Tokens that GPT-4o bills for a picture in high detail: 85, and 170 for each tile of 512 pixels.

    Pictures are made smaller until the shorter side has 768 pixels at most (OpenAI's guide to images and vision).
    """
    scale = min(1.0, _SHORTEST / min(width, height))
    tiles = ceil(width * scale / _TILE) * ceil(height * scale / _TILE)
    return _BASE_TOKENS + _TILE_TOKENS * tiles


def api_dollars(prices: PriceList, products: int, picture: tuple[int, int]) -> float:
    """Of 1,000 turns: the message read once for its intent and once more, with the pictures, for the answer."""
    message = SYSTEM_TOKENS + REQUEST_TOKENS
    read = message + message + INTENT_OUTPUT + FACTS_TOKENS + products * (CARD_TOKENS + picture_tokens_billed(*picture))
    return 1000 * (read * prices.read + (INTENT_OUTPUT + ANSWER_OUTPUT) * prices.written) / 1e6


def own_dollars(size: str, products: int) -> float:
    """Of 1,000 turns over vectors that are ready, on GPUs that are busy."""
    seconds = turn_flops(size, products, None)["turn"] / (GPU_FLOPS * GPU_IN_USE)
    return 1000 * seconds * GPU_HOUR / 3600


def dollars_table(size: str = "8B") -> dict[str, dict[str, float]]:
    """By products and pictures: what both cost, and how busy a GPU must be for ours to cost a tenth of the other."""
    table = {}
    for name, picture in SIZES.items():
        for products in (1, 8, 32):
            api, own = api_dollars(GPT_4O, products, picture), own_dollars(size, products)
            table[f"{products} products, {name}"] = {
                "api_dollars": api,
                "own_dollars": own,
                "share": own / api,
                "busy_for_a_tenth": 10 * own / api,
            }
    return table
