"""Complete the room: given half of a room's products, find the rest; rooms are boards, held out five times in turn."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.report import DATA, print_table
from catalog.item import embedding_text, parse_item
from taste.factors import FactorSettings, train_factors
from taste.rank import TOGETHER
from taste.together import count_together

Floats = NDArray[np.float32]
Scorer = Callable[[NDArray[np.int64]], Floats]
"""Rows of the given products → scores of all products."""

FOLDER = DATA / "ikea"
CACHE = Path(".cache") / "benchmarks" / "ikea.npz"
FOLDS = 5
SETTINGS = FactorSettings(epochs=20, batch=32)


def complete_the_room(quick: bool) -> dict[str, Any]:
    """Recall@10 of the other half, among all products, and among those that no training room holds."""
    pictures, words = features()
    both: Floats = (np.concatenate([pictures, words], axis=1) / np.sqrt(2)).astype(np.float32)
    rooms = read_rooms()
    methods: dict[str, Callable[[sparse.csr_matrix], Scorer]] = {
        "pictures alone": lambda _: _similarity(pictures),
        "words alone": lambda _: _similarity(words),
        "pictures and words": lambda _: _similarity(both),
        "words, centred": lambda _: _similarity(_centred(words)),
        "Windowshop": lambda sets: _ours(sets, both, quick),
    }
    figures = {name: _evaluate(rooms, len(words), make) for name, make in methods.items()}
    print_table(
        f"complete the room: {len(rooms)} rooms, {len(words)} products",
        ["method", "recall@10", "± (standard error)", "cold recall@10", "±"],
        [[name, *f.values()] for name, f in figures.items()],
    )
    return {"rooms": len(rooms), "products": len(words), "settings": vars(SETTINGS), "methods": figures}


def features() -> tuple[Floats, Floats]:
    """The packaged encoder's vectors of all products' pictures [N, 1280] and words [N, 384], made once and cached."""
    if not CACHE.exists():
        from PIL import Image

        from catalog.encoder import load_base_encoder

        encoder = load_base_encoder()
        rows = _rows("items.jsonl")
        texts = [embedding_text(parse_item(_as_item(row))) for row in rows]
        words = [encoder.encode_texts(texts[n : n + 64]) for n in range(0, len(texts), 64)]
        pictures = [
            encoder.encode_pixels(
                np.stack([encoder.preprocess(Image.open(FOLDER / row["image"])) for row in rows[n : n + 32]])
            )
            for n in range(0, len(rows), 32)
        ]
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        np.savez(CACHE, I=np.concatenate(pictures), T=np.concatenate(words), ids=np.array([r["id"] for r in rows]))
    stored = np.load(CACHE)
    return stored["I"].astype(np.float32), stored["T"].astype(np.float32)


def read_rooms() -> list[NDArray[np.int64]]:
    """Rows of each room's products, rooms of four and more."""
    rows = {row["id"]: n for n, row in enumerate(_rows("items.jsonl"))}
    rooms = [sorted({rows[item] for item in room["items"] if item in rows}) for room in _rows("rooms.jsonl")]
    return [np.array(room) for room in rooms if len(room) >= 4]


def _evaluate(
    rooms: list[NDArray[np.int64]], count: int, make: Callable[[sparse.csr_matrix], Scorer]
) -> dict[str, float]:
    random = np.random.default_rng(1)
    order = random.permutation(len(rooms))
    warm: list[float] = []
    cold: list[float] = []
    for fold in range(FOLDS):
        held_out = set(order[fold::FOLDS].tolist())
        training = [rooms[n] for n in order if n not in held_out]
        seen = np.zeros(count, bool)
        seen[np.concatenate(training)] = True
        owners = np.repeat(np.arange(len(training)), [len(room) for room in training])
        pairs = (np.ones(len(owners), np.float32), (owners, np.concatenate(training)))
        scorer = make(sparse.csr_matrix(pairs, (len(training), count)))
        for n in order[fold::FOLDS]:
            shuffled = random.permutation(rooms[n])
            given, rest = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
            scores = scorer(given).astype(np.float64)
            scores[given] = -np.inf
            warm.append(_recall(scores, rest))
            if (new := rest[~seen[rest]]).size:
                cold.append(_recall(np.where(seen, -np.inf, scores), new))
    return {
        "recall@10": float(np.mean(warm)),
        "error": float(np.std(warm) / np.sqrt(len(warm))),
        "cold recall@10": float(np.mean(cold)),
        "cold error": float(np.std(cold) / np.sqrt(len(cold))),
    }


def _recall(scores: NDArray[np.float64], wanted: NDArray[np.int64]) -> float:
    top = np.argsort(-scores, kind="stable")[:10]
    return len(set(top.tolist()) & set(wanted.tolist())) / min(10, len(wanted))


def _similarity(vectors: Floats) -> Scorer:
    return lambda given: vectors @ vectors[given].mean(axis=0)


def _centred(vectors: Floats) -> Floats:
    moved = vectors - vectors.mean(axis=0)
    unit: Floats = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    return unit


def _ours(sets: sparse.csr_matrix, content: Floats, quick: bool) -> Scorer:
    factors = train_factors(sets, content, FactorSettings(epochs=1, batch=32) if quick else SETTINGS)
    together = count_together(sets)

    def score(given: NDArray[np.int64]) -> Floats:
        person = factors.person(factors.inputs[given])
        evidence = together.evidence(given, np.ones(len(given), np.float32))
        total: Floats = factors.score(person, factors.outputs, factors.bias) + TOGETHER * evidence
        return total

    return score


def _rows(name: str) -> list[dict[str, Any]]:
    with (FOLDER / name).open() as file:
        return [json.loads(line) for line in file]


def _as_item(row: dict[str, Any]) -> dict[str, Any]:
    kind = [row["type"]] if row["type"] else []
    shown = {"id": row["id"], "title": row["title"], "description": row["description"] or ""}
    return {**shown, "category": kind, "colors": row["color"] or ""}
