"""What an item's vectors say of it, before any language model reads them: `python -m benchmarks.navigator_readouts`.

Read-outs (`navigator.readouts`) are fitted on the demo's training items from each column that the table has, and name
the properties of held-out items. What they cannot read, no projector can pass on.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from batch.navigator_data import is_held_out, read_hidden, read_labels
from benchmarks.report import print_table, write_results
from catalog.demo.load import DATA
from catalog.release import ReleaseStore
from catalog.table import DETAIL_COLUMN, ItemTable, number_columns, vectors_from_arrow
from navigator.readouts import fit_readouts

TOLD = ("color", "material", "silhouette", "legs", "pattern", "finish")
_MOST = 2_000


def main(
    release: Annotated[str, typer.Option(help="A store whose live release is the demo's.")] = ".windowshop/demo",
    practice: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of another seed's catalogue, precomputed into its `release`, to fit on besides."),
    ] = None,
) -> None:
    """Measure, print, and write docs/results/navigator_readouts.json."""
    labels = str(DATA / "truth.jsonl")
    facts, hidden = read_labels(labels), read_hidden(labels)
    columns = read_columns(release)
    results: dict[str, Any] = {}
    practised: dict[str, Any] = {}
    for column, (ids, vectors) in columns.items():
        results[column] = measure(ids, vectors, facts, hidden)
    if practice:
        more = [read_columns(str(folder / "release"))[DETAIL_COLUMN] for folder in practice]
        told = [read_labels(str(folder / "truth.jsonl")) for folder in practice]
        extra = [known[item] for known, (ids, _) in zip(told, more, strict=True) for item in ids]
        besides = (torch.cat([vectors for _, vectors in more]), extra)
        practised = {DETAIL_COLUMN: measure(*columns[DETAIL_COLUMN], facts, hidden, besides)}
        write_results("navigator_readouts", {"practised": practised})
    write_results("navigator_readouts", {"held_out": results})
    rows = [*results.items(), *((f"{name}, practised", found) for name, found in practised.items())]
    titles = ("", "floats", "items", *TOLD, "all", "what only the picture shows")
    print_table("Properties of held-out items named right", titles, [(name, *f.values()) for name, f in rows])


def read_columns(release: str) -> dict[str, tuple[list[str], torch.Tensor]]:
    """Ids and vectors `[N, D]` of the live release of a store, by column."""
    store = ReleaseStore(release)
    table = ItemTable.of(store, store.current())
    rows = table.whole(["id", *number_columns(table.schema)])
    ids = rows["id"].to_pylist()
    return {name: (ids, torch.from_numpy(vectors_from_arrow(rows[name]))) for name in number_columns(table.schema)}


def measure(
    ids: list[str],
    vectors: torch.Tensor,
    facts: dict[str, dict[str, str]],
    hidden: dict[str, tuple[str, ...]],
    besides: tuple[torch.Tensor, list[dict[str, str]]] | None = None,
) -> dict[str, float]:
    """Share of held-out items whose property is named right, by property; `[N, D]` vectors of items `ids`.

    Every property is read out, however badly: what a Navigator is told of leaves out those under `LEAST_RIGHT`.

    Args:
        besides: vectors and facts of other catalogues' items, to fit on as well.
    """
    held = np.array([is_held_out(item) for item in ids])
    train = np.flatnonzero(~held)
    own = vectors[train], [facts[ids[row]] for row in train]
    seen, told = (torch.cat([own[0], besides[0]]), own[1] + besides[1]) if besides else own
    readouts = fit_readouts(seen, told, _MOST, least=0.0)
    assert readouts is not None
    scores = readouts.scores(vectors)
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for name in dict.fromkeys(name for name, _ in readouts.values):
        places = [place for place, (of, value) in enumerate(readouts.values) if of == name and value]
        for row in np.flatnonzero(held):
            known = facts[ids[row]].get(name)
            if known is None:
                continue
            best = readouts.values[places[int(scores[row, places].argmax())]][1]
            groups = [name, "all", *(["hidden"] if name in hidden.get(ids[row], ()) else [])]
            asked.update(groups)
            right.update(groups if best == known else [])
    shares = {name: right[name] / max(asked[name], 1) for name in (*TOLD, "all", "hidden")}
    return {"floats": vectors.shape[1], "items": len(told), **shares}


if __name__ == "__main__":
    typer.run(main)
