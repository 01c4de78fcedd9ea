"""What one shop of a given size comes to: assumptions, units that were measured, and what they multiply up to."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

from benchmarks.report import RESULTS
from taste.factors import FactorSettings
from taste.together import NEIGHBOURS

SIZES = ((10_000_000, 1_000_000), (1_000_000_000, 600_000_000))
"""(items, monthly users) of the two shops."""

CALLS_A_MONTH = {"search": 20, "feed": 30, "item": 40, "event": 100, "chat": 4}
"""A user's: about a visit a week with five searches, some scrolling, one turn of chat. Read yours from your logs."""

PEAK = 3.0
"""The busiest hour over the month's mean: evenings of one time zone; less for a shop of the whole world."""

CORES_IN_USE = 0.5
"""Share of the cores that is busy at the peak. Above it queues grow, and a lost node has no room on the others."""

KEPT_MONTHS = 12
"""Of events. A profile reads a person's latest 500."""

EDGES_A_USER = 100
"""Acts that the taste graph keeps of a user: as many as a month's events."""

VECTOR_NUMBERS = 256
"""Of a trained encoder head, and of the vectors that the index was measured on."""

CODE_BYTES = VECTOR_NUMBERS // 4 + 8
"""In the vector index: a byte for every 4 numbers, and the row's address. By its layout."""

EDGE_BYTES = 16
"""Of the taste graph: both directions, each an int32 and a float32. By its layout."""

TASTE_ITEM_BYTES = (2 * FactorSettings.dim + 1) * 4 + NEIGHBOURS * 8 + 100
"""Of an item in the taste model: two vectors and a bias, its neighbours, its names and where to find it. By layout."""

MODEL, PRODUCTS = "8B", 8
"""Navigator's language model, and products it reads in a turn."""

GPU_FLOPS = 989e12
"""Dense bf16 of an H100 SXM, by its data sheet."""

GPU_IN_USE = 0.15
"""Share of that which a turn gets. NOT measured here: reading prompts reaches more, writing token by token less."""

NODE_GB, NODE_IN_USE = 256, 0.75
"""Memory of a node that holds shards of the taste model, and the share of it that they may fill."""

TASTE_COPIES = 2
"""Replicas of each shard, so that a node may be lost."""

HOURS = 730.0
CORE_HOUR, GPU_HOUR, OBJECT_GB_MONTH, DISK_GB_MONTH = 0.04, 3.0, 0.023, 0.10
"""Dollars, rounded from public list prices of large clouds; contracts, regions and years differ by half."""

MEMORY_GB_HOUR = 0.003
"""Dollars: what a node with 8 GB a core costs over one with 2, by the same lists."""


@dataclass(frozen=True)
class Units:
    """What was measured, of one of each."""

    pictures_per_core_s: float
    index_core_h_per_million: float
    rows_written_per_s: float
    """By the one writer, rows of little but a vector."""
    row_bytes: float
    row_parts: dict[str, float]
    search_ms: tuple[float, float, float]
    """Vector search on two cores: a fixed part, for each 1,000 codes visited, for each unit of the refine factor."""
    call_core_ms: dict[str, float]
    navigator_core_ms: float
    propose_core_ms: float
    """Candidates of a feed out of a million items, by the taste model's index; more items make its lists longer, and
    it reads as many of them."""
    event_bytes: float
    turn_tflop: float
    turn_tflop_with_pictures: float

    @classmethod
    def measured(cls) -> "Units":
        """From docs/results. Raises FileNotFoundError or KeyError where one has not been measured."""
        precompute = _figures("precompute", "fashion")
        index = _figures("search_index", "vector_index")
        parts = _figures("scale_out", "rows")["bytes_an_item"]
        calls = _figures("scale_out", "calls")["tuned"]
        people = _figures("growth", "people")[-1]
        flops = _figures("navigator", "flops")[f"{MODEL} 512x512 {PRODUCTS} products"]
        cores = _figures("search_index", "vector_index", "machine")["cores"]
        kept = ("facts and words", "thumbnail", "detail", "indexes of words and facts", "kept features")
        row = {name: parts[name] for name in kept} | {"vector": 4.0 * VECTOR_NUMBERS, "code in the index": CODE_BYTES}
        return cls(
            pictures_per_core_s=precompute["images_per_s"]["ray data, steady"]
            / _figures("precompute", "fashion", "machine")["cores"],
            index_core_h_per_million=index["index_s"] * cores / 3600 / (index["rows"] / 1e6) ** 1.5,
            rows_written_per_s=index["rows"] / index["write_s"],
            row_bytes=sum(row.values()),
            row_parts=row,
            search_ms=search_model(index["rows"], index["searches"]),
            call_core_ms={kind: calls[kind]["core_ms"] for kind in CALLS_A_MONTH},
            navigator_core_ms=calls["chat"]["core_ms, Navigator"],
            propose_core_ms=_figures("growth", "feeds")[-1]["propose_cpu_ms"],
            event_bytes=people["disk_mb"] * 2**20 / people["events"],
            turn_tflop=flops["precomputed_pflop_per_1000_turns"],
            turn_tflop_with_pictures=flops["online_pflop_per_1000_turns"],
        )

    def vector_search_ms(self, items: float) -> float:
        """On two cores, 40 probes, refine factor 10: √items partitions of √items codes each."""
        fixed, per_thousand, per_refine = self.search_ms
        return fixed + per_thousand * 40 * math.sqrt(items) / 1000 + 10 * per_refine

    def core_ms(self, kind: str, items: float) -> float:
        """Processor time of a call without Navigator's, in a catalogue of so many items."""
        own = self.call_core_ms[kind] - (self.navigator_core_ms if kind == "chat" else 0.0)
        if kind in ("search", "chat"):
            own += 2 * self.vector_search_ms(items)
        if kind == "feed":
            own += self.propose_core_ms
        return own


@dataclass(frozen=True)
class Shop:
    """What one of the two shops comes to."""

    items: int
    users: int
    units: Units

    def peak(self, kind: str) -> float:
        """Calls a second in the busiest hour."""
        return self.users * CALLS_A_MONTH[kind] * PEAK / (HOURS * 3600)

    def core_ms(self, kind: str) -> float:
        """Of one call."""
        return self.units.core_ms(kind, self.items)

    def cores(self, kind: str) -> float:
        """That all calls of a kind need at the peak."""
        return self.peak(kind) * self.core_ms(kind) / 1000 / CORES_IN_USE

    @property
    def all_cores(self) -> float:
        return sum(self.cores(kind) for kind in CALLS_A_MONTH)

    def gpus(self, turn_tflop: float) -> int:
        """For turns of so much arithmetic; at least two, so that chat outlives one."""
        return max(2, math.ceil(self.peak("chat") / turns_per_gpu_s(turn_tflop)))

    @property
    def store_gb(self) -> float:
        return self.items * self.units.row_bytes / 1e9

    @property
    def events_gb(self) -> float:
        return self.users * CALLS_A_MONTH["event"] * KEPT_MONTHS * self.units.event_bytes / 1e9

    @property
    def precompute_core_h(self) -> float:
        return self.items / self.units.pictures_per_core_s / 3600

    @property
    def index_core_h(self) -> float:
        return self.units.index_core_h_per_million * (self.items / 1e6) ** 1.5

    def taste_gb(self) -> float:
        """Of factors and graph, mapped by every node that scores."""
        return (self.items * TASTE_ITEM_BYTES + self.users * EDGES_A_USER * EDGE_BYTES) / 1e9

    def taste_nodes(self) -> int:
        """That hold it, or its shards, each copy on others."""
        return max(TASTE_COPIES, math.ceil(TASTE_COPIES * self.taste_gb() / (NODE_GB * NODE_IN_USE)))


def turns_per_gpu_s(turn_tflop: float) -> float:
    """Turns of chat a second that one GPU bears."""
    return GPU_FLOPS * GPU_IN_USE / (turn_tflop * 1e12)


def search_model(rows: int, searches: dict[str, dict[str, float]]) -> tuple[float, float, float]:
    """p50 = fixed + a × thousands of codes visited + b × refine factor, through the three settings measured."""
    equations, times = [], []
    for name, found in searches.items():
        if match := re.fullmatch(r"IVF-PQ, (\d+) probes, refine (\d+)", name):
            equations.append([1.0, int(match[1]) * math.sqrt(rows) / 1000, float(match[2])])
            times.append(found["p50_ms"])
    # No part of a search takes less than no time, however much the three times vary.
    (fixed, per_thousand, per_refine), _ = nnls(np.array(equations), np.array(times))
    return float(fixed), float(per_thousand), float(per_refine)


def _figures(name: str, section: str, part: str = "figures") -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text())[section][part]
