"""How much of a picture reaches the answers: the same language model and budget, reading items in five ways."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from batch.convert import convert
from batch.navigator_data import Catalogue
from batch.navigator_gate import gold_cases, measure
from batch.navigator_loop import Run, run
from batch.rules_reader import RulesReader
from navigator.engine import open_engine
from navigator.evaluation import score_intents
from navigator.knowledge import Known, Shelf
from navigator.learnt import Shape
from navigator.packaged import PACKAGED
from navigator.prompt import Shown
from navigator.training import Recipe

Vectors = Mapping[str, np.ndarray]


def compare(
    catalogue: Catalogue,
    grids: Vectors | None,
    hidden: dict[str, tuple[str, ...]],
    steps: int,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train and measure every variant with the same recipe, seed and number of steps.

    Args:
        catalogue: with one vector `[1, D]` for each item.
        grids: 7 × 7 features `[49, C]` by item id, for the variant that encodes at request time; None leaves it out.
        hidden: by item id, properties that only the picture shows.
    """
    variants: dict[str, tuple[Catalogue, Shape]] = {
        "metadata only": (_blind(catalogue), Shape(catalogue.item_dim, tokens_per_item=1, projector_rank=8)),
        "one token": (catalogue, Shape(catalogue.item_dim, tokens_per_item=1, projector_rank=256)),
        "four tokens": (catalogue, Shape(catalogue.item_dim, tokens_per_item=4, projector_rank=256)),
    }
    if grids is not None:
        some = next(iter(grids.values()))
        shape = Shape(some.shape[1], len(some), len(some), projector_rank=256)
        variants["7 × 7 grid at request time"] = (_with_vectors(catalogue, grids), shape)
    results: dict[str, Any] = {}
    for name, (seen, shape) in variants.items():
        results[name] = _variant(seen, shape, hidden, steps, folder / name.replace(" ", "-"))
        say(f"{name}: {results[name]}")
    results["rules-only reader of intents"] = rules_baseline(catalogue)
    return results


def rules_baseline(catalogue: Catalogue) -> dict[str, float]:
    """Actions and slots of the gold messages, read by rules."""
    reader = RulesReader(catalogue.train)
    pairs = []
    for case in gold_cases(catalogue.test):
        last = case.history[-1] if case.history else None
        read = reader.read(case.user, last.intent if last else None, len(last.shown) if last else 0)
        pairs.append((case.want, read))
    score = score_intents(pairs)
    return {"action": score.action, "slots": score.f1, "cases": float(score.cases)}


def _variant(
    catalogue: Catalogue, shape: Shape, hidden: dict[str, tuple[str, ...]], steps: int, folder: Path
) -> dict[str, float]:
    start = folder / "start"
    if not (start / "config.json").exists():
        convert(PACKAGED, str(start), shape)
    plan = Run(
        str(start), PACKAGED, str(folder), Recipe(steps=steps, lora_layers=16, projector_rate=0.0), row_tokens=512
    )
    learnt = run(plan, catalogue, [])
    out = folder / "trained"
    if not (out / "config.json").exists():
        convert(PACKAGED, str(out), learnt=learnt)

    async def measured() -> dict[str, float]:
        engine = open_engine(out)
        try:
            gate = await measure(engine, catalogue, gold_cases(catalogue.test), hidden, Random(0))
        finally:
            await engine.close()
        return {**asdict(gate), "tokens_per_item": float(shape.tokens_per_item)}

    return asyncio.run(measured())


def _blind(catalogue: Catalogue) -> Catalogue:
    """The same items with one and the same vector: only words tell them apart."""
    same = np.zeros((1, catalogue.item_dim), np.float32)
    same[0, 0] = 1.0
    everything = (*catalogue.train.known, *catalogue.test.known)
    return _with_vectors(catalogue, {known.item.id: same for known in everything})


def _with_vectors(catalogue: Catalogue, vectors: Vectors) -> Catalogue:
    def swapped(known: Sequence[Known]) -> list[Known]:
        return [replace(entry, shown=Shown(entry.item, vectors[entry.item.id])) for entry in known]

    return replace(
        catalogue,
        train=Shelf(swapped(catalogue.train.known), catalogue.train.boards),
        test=Shelf(swapped(catalogue.test.known), catalogue.test.boards),
    )
