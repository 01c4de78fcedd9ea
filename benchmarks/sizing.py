"""What a shop of a given size needs, multiplied up from measured units: `python -m benchmarks.sizing`.

Writes the tables of docs/sizing.md from docs/results/*.json and from the assumptions below. Change an assumption, run
it again, and the page is that of your shop.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import RESULTS
from taste.factors import FactorSettings
from taste.together import NEIGHBOURS

PAGE = RESULTS.parent / "sizing.md"
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
            search_ms=_search_model(index["rows"], index["searches"]),
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


def tables(units: Units) -> dict[str, list[str]]:
    """{name: lines of Markdown} of every table of the page."""
    shops = [Shop(*size, units) for size in SIZES]
    return {
        "units": _units_table(units),
        "assumptions": _assumptions_table(),
        "catalogue": _catalogue_table(shops),
        "calls": _calls_table(shops),
        "people": _people_table(shops),
        "bill": _bill_table(shops),
    }


def refreshed(page: str) -> str:
    """A page with its tables written anew. Raises KeyError where it asks for a table that there is not."""
    found = tables(Units.measured())

    def table(match: re.Match[str]) -> str:
        return "\n".join([f"<!-- table: {match[1]} -->", *found[match[1]], "<!-- end -->"])

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", table, page, flags=re.DOTALL)


def _units_table(units: Units) -> list[str]:
    fixed, per_thousand, per_refine = units.search_ms
    parts = ", ".join(f"{name} {value:,.0f}" for name, value in units.row_parts.items())
    rows = [
        ("encoding", f"{units.pictures_per_core_s:.1f} pictures a second and core", "`precompute`"),
        ("an item on disk", f"{units.row_bytes:,.0f} bytes: {parts}", "`scale_out` rows; vector and code by layout"),
        ("vector index", f"{units.index_core_h_per_million:.2f} core-hours for a million, × N^1.5", "`search_index`"),
        ("the one writer", f"{units.rows_written_per_s:,.0f} rows a second", "`search_index`, appended"),
        (
            "vector search, two cores",
            f"{fixed:.1f} ms + {per_thousand:.3f} for 1,000 codes + {per_refine:.2f} × refine factor",
            "`search_index`, its three settings solved for three unknowns",
        ),
        *((f"a call: {kind}", f"{ms:.1f} core-ms", "`scale_out` calls") for kind, ms in units.call_core_ms.items()),
        ("of which Navigator in chat", f"{units.navigator_core_ms:.1f} core-ms", "`scale_out` calls"),
        ("candidates of a feed", f"{units.propose_core_ms:.1f} core-ms", "`growth` feeds, a million items"),
        ("an event", f"{units.event_bytes:.0f} bytes", "`growth` people, SQLite"),
        (f"a turn of chat, {MODEL}, {PRODUCTS} products", f"{units.turn_tflop:.2f} TFLOP", "`navigator` flops"),
        ("the same, pictures on request", f"{units.turn_tflop_with_pictures:.2f} TFLOP", "`navigator` flops"),
    ]
    return _table(("unit", "measured", "where"), rows)


def _assumptions_table() -> list[str]:
    calls = ", ".join(f"{count} {kind}" for kind, count in CALLS_A_MONTH.items())
    rows = [
        ("calls of a user in a month", calls),
        ("peak over mean", f"{PEAK:g}"),
        ("cores busy at the peak", f"{CORES_IN_USE:.0%}"),
        ("months of events kept", f"{KEPT_MONTHS}"),
        ("edges of a user in the graph", f"{EDGES_A_USER}"),
        ("numbers in a vector", f"{VECTOR_NUMBERS}"),
        ("a GPU", f"{GPU_FLOPS / 1e12:.0f} TFLOP/s bf16, {GPU_IN_USE:.0%} of it in use"),
        (
            "dollars",
            f"core-hour {CORE_HOUR}, GPU-hour {GPU_HOUR:g}, GB-month {OBJECT_GB_MONTH} object, {DISK_GB_MONTH} disk, "
            f"GB-hour {MEMORY_GB_HOUR} memory beyond 2 GB a core",
        ),
    ]
    return _table(("assumed", "value"), rows)


def _catalogue_table(shops: Sequence[Shop]) -> list[str]:
    units = shops[0].units
    rows = [
        ("store", f"items × {units.row_bytes:,.0f} B", *(_bytes(shop.store_gb) for shop in shops)),
        ("store, a month", f"GB × ${OBJECT_GB_MONTH}", *(_dollars(shop.store_gb * OBJECT_GB_MONTH) for shop in shops)),
        (
            "encode everything once",
            f"items / {units.pictures_per_core_s:.1f} / 3600",
            *(
                f"{shop.precompute_core_h:,.0f} core-h, {_dollars(shop.precompute_core_h * CORE_HOUR)}"
                for shop in shops
            ),
        ),
        (
            "write everything once, by one writer",
            f"items / {units.rows_written_per_s:,.0f} / 3600",
            *(f"{shop.items / units.rows_written_per_s / 3600:,.1f} h" for shop in shops),
        ),
        (
            "build the vector index once",
            f"{units.index_core_h_per_million:.2f} × millions^1.5",
            *(f"{shop.index_core_h:,.0f} core-h, {_dollars(shop.index_core_h * CORE_HOUR)}" for shop in shops),
        ),
        (
            "index in a retriever's memory",
            f"items × {CODE_BYTES} B",
            *(_bytes(s.items * CODE_BYTES / 1e9) for s in shops),
        ),
        (
            "vector search, p50, two cores",
            "fixed + 40 × √items codes + refine 10",
            *(f"{units.vector_search_ms(shop.items):.0f} ms" for shop in shops),
        ),
        (
            "taste model, in a scorer's memory map",
            f"items × {TASTE_ITEM_BYTES:,} B + users × {EDGES_A_USER} × {EDGE_BYTES} B",
            *(_bytes(shop.taste_gb()) for shop in shops),
        ),
        (
            f"nodes of {NODE_GB} GB that share it",
            f"{TASTE_COPIES} × that / {NODE_GB} / {NODE_IN_USE:g}, at least {TASTE_COPIES}",
            *(f"{shop.taste_nodes():,}" for shop in shops),
        ),
    ]
    return _table(("", "how", *_heads(shops)), rows)


def _calls_table(shops: Sequence[Shop]) -> list[str]:
    rows = []
    for kind, count in CALLS_A_MONTH.items():
        cells = []
        for shop in shops:
            cells.append(
                f"{shop.peak(kind):,.0f}/s × {shop.core_ms(kind):,.0f} core-ms = {shop.cores(kind):,.0f} cores"
            )
        rows.append((kind, f"users × {count} × {PEAK:g} / {HOURS * 3600:,.0f} s", *cells))
    rows.append(("all", f"at {CORES_IN_USE:.0%} busy", *(f"{shop.all_cores:,.0f} cores" for shop in shops)))
    return _table(("call", "a second at the peak", *_heads(shops)), rows)


def _people_table(shops: Sequence[Shop]) -> list[str]:
    per_month = CALLS_A_MONTH["event"] * KEPT_MONTHS
    rows = [
        (
            "events kept",
            f"users × {per_month:,} × {shops[0].units.event_bytes:.0f} B",
            *(_bytes(shop.events_gb) for shop in shops),
        ),
        (
            "their disk, a month",
            f"GB × ${DISK_GB_MONTH}",
            *(_dollars(shop.events_gb * DISK_GB_MONTH) for shop in shops),
        ),
        ("events written at the peak", "from the table above", *(f"{shop.peak('event'):,.0f}/s" for shop in shops)),
    ]
    return _table(("", "how", *_heads(shops)), rows)


def _bill_table(shops: Sequence[Shop]) -> list[str]:
    units = shops[0].units

    def costs(shop: Shop) -> dict[str, float]:
        return {
            "cores": shop.all_cores * CORE_HOUR * HOURS,
            "GPUs": shop.gpus(units.turn_tflop) * GPU_HOUR * HOURS,
            "store": shop.store_gb * OBJECT_GB_MONTH,
            "taste's memory": TASTE_COPIES * shop.taste_gb() * MEMORY_GB_HOUR * HOURS,
            "events": shop.events_gb * DISK_GB_MONTH,
        }

    bills = [costs(shop) for shop in shops]
    rows = [
        (
            "turns a second and GPU",
            f"{GPU_FLOPS / 1e12:.0f} × {GPU_IN_USE:g} / {units.turn_tflop:.2f} TFLOP",
            *(f"{turns_per_gpu_s(units.turn_tflop):.0f}" for _ in shops),
        ),
        ("GPUs at the peak", "turns / that, at least 2", *(f"{shop.gpus(units.turn_tflop):,}" for shop in shops)),
        (
            "the same with pictures on request",
            f"{units.turn_tflop_with_pictures:.2f} TFLOP a turn",
            *(f"{shop.gpus(units.turn_tflop_with_pictures):,}" for shop in shops),
        ),
        *((f"{name}, a month", "", *(_dollars(bill[name]) for bill in bills)) for name in bills[0]),
        ("**all, a month**", "sum", *(f"**{_dollars(sum(bill.values()))}**" for bill in bills)),
        (
            "a user's, a month",
            "over users",
            *(f"{100 * sum(bill.values()) / shop.users:.2f} ¢" for bill, shop in zip(bills, shops, strict=True)),
        ),
    ]
    return _table(("", "how", *_heads(shops)), rows)


def _search_model(rows: int, searches: dict[str, dict[str, float]]) -> tuple[float, float, float]:
    """p50 = fixed + a × thousands of codes visited + b × refine factor, through the three settings measured."""
    equations, times = [], []
    for name, found in searches.items():
        if match := re.fullmatch(r"IVF-PQ, (\d+) probes, refine (\d+)", name):
            equations.append([1.0, int(match[1]) * math.sqrt(rows) / 1000, float(match[2])])
            times.append(found["p50_ms"])
    fixed, per_thousand, per_refine = np.linalg.solve(np.array(equations), np.array(times))
    return float(fixed), float(per_thousand), float(per_refine)


def _heads(shops: Sequence[Shop]) -> list[str]:
    return [f"{_count(shop.items)} items, {_count(shop.users)} users" for shop in shops]


def _count(number: int) -> str:
    return f"{number // 10**9} billion" if number >= 10**9 else f"{number // 10**6} million"


def _bytes(gb: float) -> str:
    for unit, size in (("PB", 1e6), ("TB", 1e3)):
        if gb >= size:
            return f"{gb / size:,.1f} {unit}"
    return f"{gb:,.0f} GB" if gb >= 10 else f"{gb:.1f} GB"


def _dollars(amount: float) -> str:
    return f"${amount:,.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    align = ["---", *(["---:"] * (len(head) - 1))] if len(head) > 3 else ["---"] * len(head)
    lines = [head, align, *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _figures(name: str, section: str, part: str = "figures") -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text())[section][part]


def write_page() -> Path:
    """Write docs/sizing.md anew from the results there are."""
    PAGE.write_text(refreshed(PAGE.read_text()))
    return PAGE


if __name__ == "__main__":
    write_page()
