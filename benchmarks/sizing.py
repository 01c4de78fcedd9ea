"""What a shop of a given size needs, multiplied up from measured units: `python -m benchmarks.sizing`.

Writes the tables of docs/sizing.md from docs/results/*.json and from the assumptions of `benchmarks/sizing_units.py`.
Change an assumption, run it again, and the page is that of your shop.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import RESULTS
from benchmarks.sizing_units import (
    CALLS_A_MONTH,
    CODE_BYTES,
    CORE_HOUR,
    CORES_IN_USE,
    DISK_GB_MONTH,
    EDGE_BYTES,
    EDGES_A_USER,
    GPU_FLOPS,
    GPU_HOUR,
    GPU_IN_USE,
    HOURS,
    KEPT_MONTHS,
    MEMORY_GB_HOUR,
    MODEL,
    NODE_GB,
    NODE_IN_USE,
    OBJECT_GB_MONTH,
    PEAK,
    PRODUCTS,
    SIZES,
    TASTE_COPIES,
    TASTE_ITEM_BYTES,
    VECTOR_NUMBERS,
    Shop,
    Units,
    turns_per_gpu_s,
)

PAGE = RESULTS.parent / "sizing.md"


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
            "`search_index`, fitted to its three settings",
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


def write_page() -> Path:
    """Write docs/sizing.md anew from the results there are."""
    PAGE.write_text(refreshed(PAGE.read_text()))
    return PAGE


if __name__ == "__main__":
    write_page()
