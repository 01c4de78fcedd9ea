"""What Navigator reads of photographs of clothes and shoes that it was never shown, from the stored vector alone."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from batch.navigator_data import is_held_out
from benchmarks.encoder_features import fashion_items, features_of, read_rows
from benchmarks.navigator_pictures import details_of
from benchmarks.navigator_reading import Way, ask_property, learn_to_read, listen, make_drills
from benchmarks.report import DATA
from catalog.encoder import Vectors
from catalog.item import Item
from navigator.knowledge import Known
from navigator.prompt import Shown
from navigator.readouts import Readouts

NAMES = ("type", "sub-category", "gender", "usage", "season", "color")
_WAY = Way(tokens=8)
_C = 0.001  # of the probe: the inverse of its penalty


def measure(drills: int, asked: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Shares of held-out products whose property is named right: by a probe of the pooled feature, and by Navigator.

    The probe is softmax regression, of one penalty that was not tuned, on the packaged encoder's 1280 pooled floats.
    Read-outs are what the alignment of Navigator's projector makes of the details; Navigator has to write the value,
    to the letter.

    Args:
        drills: items with questions to learn from.
        asked: held-out products that Navigator is asked about.

    Raises:
        FileNotFoundError: the data is not on this machine.
    """
    known = load_fashion()
    held = np.array([is_held_out(entry.item.id) for entry in known])
    train = [entry for entry, out in zip(known, held, strict=True) if not out]
    test = [entry for entry, out in zip(known, held, strict=True) if out]
    pooled = features_of("fashion", fashion_items(), DATA / "fashion").image
    results: dict[str, Any] = {"train": len(train), "held_out": len(test), "drills": drills}
    results["probe of the pooled feature"] = probe(pooled, known, held)
    say(f"probe: {results['probe of the pooled feature']}")
    heard = listen(train)
    assert heard is not None
    results["read-outs of the details"] = _read_out(heard.readouts, test)
    say(f"read-outs: {results['read-outs of the details']}")
    lessons = list(make_drills(train, NAMES, drills, Random(0), sizes=(1,)))
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        reader = learn_to_read(_WAY, train, lessons, Path(folder), heard=heard)
    some = Random(1).sample(test, min(asked, len(test)))
    results["Navigator"] = {
        name: reader.accuracy([ask_property(entry, name) for entry in some if name in entry.facts]) for name in NAMES
    }
    results["asked"] = len(some)
    results["training_cpu_s"] = time.process_time() - began
    say(f"Navigator: {results['Navigator']}")
    return results


def load_fashion() -> list[Known]:
    """Products with details as vectors and nothing in words."""
    rows = read_rows(DATA / "fashion" / "items.jsonl")
    details = details_of("fashion", [DATA / "fashion" / row["image"] for row in rows])
    known = []
    for row, vector in zip(rows, details, strict=True):
        facts = {
            "type": row["category"][-1],
            "sub-category": row["category"][1],
            **{name: row.get(name) or "" for name in ("gender", "usage", "season", "color")},
        }
        shown = Shown(Item(id=row["id"], title=row["title"]), vector[None])
        known.append(Known(shown, "product", {name: value for name, value in facts.items() if value}))
    return known


def probe(pooled: Vectors, known: Sequence[Known], held: np.ndarray) -> dict[str, float]:
    """Softmax regression on standardised features `[N, 1280]`: share of held-out items named right, by property."""
    standard = (pooled - pooled[~held].mean(0)) / pooled[~held].std(0).clip(1e-6)
    shares = {}
    for name in NAMES:
        rows = np.array([i for i, entry in enumerate(known) if name in entry.facts])
        values = np.array([known[i].facts[name] for i in rows])
        model = LogisticRegression(C=_C, max_iter=100).fit(standard[rows][~held[rows]], values[~held[rows]])
        shares[name] = float((model.predict(standard[rows][held[rows]]) == values[held[rows]]).mean())
    return shares


def _read_out(readouts: Readouts, test: Sequence[Known]) -> dict[str, float]:
    scores = readouts.scores(torch.from_numpy(np.concatenate([entry.shown.vectors for entry in test])))
    shares = {}
    for name in readouts.names:
        places = [place for place, (of, value) in enumerate(readouts.values) if of == name and value]
        best = [readouts.values[places[place]][1] for place in scores[:, places].argmax(1).tolist()]
        right = [b == entry.facts[name] for b, entry in zip(best, test, strict=True) if name in entry.facts]
        shares[name] = statistics.mean(right)
    return shares
