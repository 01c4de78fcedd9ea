"""What an item's vectors say of it, before any language model reads them: `python -m benchmarks.navigator_readouts`.

Read-outs (`navigator.readouts`) are fitted on the demo's training items from each column that the table has, and name
the properties of held-out items. What they cannot read, no projector can pass on.
"""

from collections import Counter
from typing import Annotated, Any

import lancedb
import numpy as np
import torch
import typer

from batch.navigator_data import is_held_out, read_hidden, read_labels
from benchmarks.report import print_table, write_results
from catalog.demo.load import DATA
from catalog.release import ReleaseStore
from catalog.table import number_columns, vectors_from_arrow
from navigator.readouts import fit_readouts

TOLD = ("color", "material", "silhouette", "legs", "pattern", "finish")
_MOST = 2_000


def main(
    release: Annotated[str, typer.Option(help="A store whose live release is the demo's.")] = ".windowshop/demo",
) -> None:
    """Measure, print, and write docs/results/navigator_readouts.json."""
    labels = str(DATA / "truth.jsonl")
    facts, hidden = read_labels(labels), read_hidden(labels)
    store = ReleaseStore(release)
    live = store.current()
    table = lancedb.connect(store.tables_uri).open_table(live.items.name)
    table.checkout(live.tag)
    rows = table.search().select(["id", *number_columns(table.schema)]).limit(live.items.rows).to_arrow()
    results: dict[str, Any] = {}
    for column in number_columns(table.schema):
        vectors = torch.from_numpy(vectors_from_arrow(rows[column]))
        results[column] = measure(rows["id"].to_pylist(), vectors, facts, hidden)
    columns = ("", "floats", *TOLD, "all", "what only the picture shows")
    print_table(
        "Properties of held-out items named right", columns, [(name, *f.values()) for name, f in results.items()]
    )
    write_results("navigator_readouts", {"held_out": results})


def measure(
    ids: list[str], vectors: torch.Tensor, facts: dict[str, dict[str, str]], hidden: dict[str, tuple[str, ...]]
) -> dict[str, float]:
    """Share of held-out items whose property is named right, by property; `[N, D]` vectors of items `ids`.

    Every property is read out, however badly: what a Navigator is told of leaves out those under `LEAST_RIGHT`.
    """
    held = np.array([is_held_out(item) for item in ids])
    train = np.flatnonzero(~held)
    readouts = fit_readouts(vectors[train], [facts[ids[row]] for row in train], _MOST, least=0.0)
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
    return {"floats": vectors.shape[1], **shares}


if __name__ == "__main__":
    typer.run(main)
