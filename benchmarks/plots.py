"""Pictures of results, drawn from docs/results/*.json alone: the same figures give the same file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.report import RESULTS

Draw = Callable[[Any, dict[str, Any]], None]
"""Draws figures on matplotlib's axes."""


@dataclass(frozen=True)
class Plot:
    """A picture of one section of a results file, as docs/results/FILE."""

    file: str
    benchmark: str
    section: str
    title: str
    draw: Draw
    panels: int = 1


def draw_all() -> list[str]:
    """Draw every plot whose figures are there; their files."""
    drawn = []
    for plot in PLOTS:
        path = RESULTS / f"{plot.benchmark}.json"
        sections = json.loads(path.read_text()) if path.exists() else {}
        if plot.section in sections:
            _draw(plot, sections[plot.section]["figures"])
            drawn.append(plot.file)
    return drawn


def _draw(plot: Plot, figures: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": plot.file, "font.size": 9, "axes.spines.top": False}):
        figure, axes = pyplot.subplots(1, plot.panels, figsize=(4.2 * plot.panels, 3.2), layout="constrained")
        plot.draw(axes, figures)
        figure.savefig(RESULTS / plot.file, metadata={"Date": None})
        pyplot.close(figure)


def _growth(axes: Any, rows: Any, by: str, panels: tuple[tuple[str, dict[str, str]], ...]) -> None:
    """Log-log curves; what grows in proportion to `by` runs along the dotted line."""
    sizes = [row[by] for row in rows]
    for one, (label, names) in zip(axes, panels, strict=True):
        for name, says in names.items():
            one.plot(sizes, [row[name] for row in rows], marker="o", markersize=3, label=says)
        first = min(rows[0][name] for name in names)
        one.plot(sizes, [first * size / sizes[0] for size in sizes], color="0.7", linestyle=":", label="in proportion")
        one.set(xscale="log", yscale="log", xlabel=by, ylabel=label)
        one.legend(frameon=False, fontsize=7)


def _items(axes: Any, rows: Any) -> None:
    seconds = {"write_s": "write the table", "index_s": "index it"}
    searches = {"vector_p50_ms": "by vector", "words_p50_ms": "by words", "filtered_p50_ms": "by vector, filtered"}
    memory = {"peak_mb": "peak memory", "disk_mb": "disk"}
    _growth(axes, rows, "items", (("seconds", seconds), ("ms, p50 of a search", searches), ("MB", memory)))


def _people(axes: Any, rows: Any) -> None:
    seconds = {"store_s": "store events", "graph_s": "build the graph", "train_epoch_s": "train, one pass"}
    reads = {"walk_p50_ms": "walk from 5 items", "read_and_profile_p50_ms": "read events, make a profile"}
    memory = {"peak_mb": "peak memory", "disk_mb": "disk"}
    _growth(axes, rows, "people", (("seconds", seconds), ("ms, p50", reads), ("MB", memory)))


def _feeds(axes: Any, rows: Any) -> None:
    requests = {"propose_p50_ms": "candidates of a feed", "goes_with_p50_ms": "goes with"}
    panels = (("seconds", {"open_s": "open the model"}), ("ms, p50", requests), ("MB", {"read_mb": "memory"}))
    _growth(axes, rows, "items", panels)


def _peers(axes: Any, figures: dict[str, Any]) -> None:
    for name, row in figures["searches"].items():
        ours = name.startswith("Windowshop")
        axes.scatter(row["p50_ms"], row["recall_at_10"], marker="s" if ours else "o", label=name)
    axes.set(xscale="log", xlabel="ms, p50 of a search", ylabel="recall@10")
    axes.legend(frameon=False, fontsize=6)


def _flops(axes: Any, figures: dict[str, Any]) -> None:
    for kind in dict.fromkeys(name.rsplit(" ", 2)[0] for name in figures):
        points = [(int(n.rsplit(" ", 2)[1]), row["turn_ratio"]) for n, row in figures.items() if n.startswith(kind)]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=kind)
    axes.set(xscale="log", yscale="log", xlabel="products in a turn", ylabel="times the arithmetic of a turn")
    axes.axhline(1, color="0.7", linestyle=":")
    axes.legend(frameon=False, fontsize=7)


def _bars(measure: str) -> Draw:
    def draw(axes: Any, figures: dict[str, Any]) -> None:
        rows = sorted(figures["methods"].items(), key=lambda pair: pair[1][measure])
        colors = ["C0" if name.startswith("Windowshop") else "0.75" for name, _ in rows]
        errors = [row.get("error") for _, row in rows]
        spread = None if None in errors else errors
        axes.barh([name for name, _ in rows], [row[measure] for _, row in rows], color=colors, xerr=spread)
        axes.set(xlabel=measure)

    return draw


PLOTS = (
    Plot("growth-items.svg", "growth", "items", "Growth with the catalogue", _items, 3),
    Plot("growth-people.svg", "growth", "people", "Growth with the people", _people, 3),
    Plot("growth-feeds.svg", "growth", "feeds", "Growth of feeds with the catalogue", _feeds, 3),
    Plot("search-peers.svg", "search_peers", "peers", "Recall against time", _peers),
    Plot("navigator-flops.svg", "navigator", "flops", "Arithmetic of encoding on request", _flops),
    Plot("taste-pinterest20.svg", "taste", "pinterest20", "pinterest20", _bars("HR@10")),
    Plot("taste-rooms.svg", "taste", "rooms", "Completing rooms", _bars("recall@10")),
)
