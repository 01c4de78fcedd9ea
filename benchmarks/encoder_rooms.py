"""Which products belong together: held-out rooms of ikea, with and without each part of the encoder.

Five folds over rooms, no room on both sides. A query is a product of at least one held-out room; everything else in the
catalogue is ranked by cosine to it, or, with a head, to its companion query; it hits if any of the first ten shares a
held-out room with it. A query is cold if no training room holds it. All items' pictures and words are known in training
(a shop knows its catalogue); of rooms, only those of the other folds are. The number of steps is fixed beforehand: no
validation sees the held-out fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from scipy.sparse import csr_matrix

from batch.encoder_data import TrainingItems, board_rows, shared_boards
from batch.encoder_loop import TrainSettings, train
from batch.encoder_pool import Rows
from batch.encoder_validate import board_hits, recall_at_k
from benchmarks.encoder_features import features_of, ikea_items, pictures_of, read_rows, training_items
from benchmarks.report import DATA, print_table
from catalog.encoder import Features, Vectors, normalise
from catalog.joint import JointHead

FOLDS = 5
SETTINGS = TrainSettings(held_out=0.0, validate_every=10**9)

VARIANTS: dict[str, dict[str, Any]] = {
    "head": {},
    "without neighbour loss": {"neighbour_weight": 0.0},
    "without image-text loss": {"image_text_weight": 0.0},
    "without companion queries": {"companion_share": 0.0},
    "without phrases": {"phrase_weight": 0.0},
    "without Matryoshka": {"sizes": (256,)},
    "with relation loss": {"relation_weight": 3.0},
    "with a hidden layer": {"hidden": 256, "dropout": 0.5},
}
"""What the ablation changes in the settings."""

ABLATION_FOLDS = 2
"""Folds that the ablation is measured on, beside the head on the same ones."""


@dataclass(frozen=True)
class Rooms:
    """The catalogue and its rooms."""

    items: TrainingItems
    features: Features
    boards: list[Rows]
    photos: Vectors  # [p, Di]
    photo_boards: NDArray[np.int64]  # [p], the board that each photo shows


def measure(quick: bool) -> dict[str, Any]:
    """Figures of all rankings: {ranking: {all, cold}}, and what the head does with words and room photos."""
    rooms = load()
    folds = list(range(1 if quick else FOLDS))
    results = {name: _pooled([_hits(rooms, vectors, fold) for fold in folds]) for name, vectors in baselines(rooms)}
    hits: dict[str, list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    extra: dict[str, list[float]] = {}
    for fold in track(folds, "head"):
        head = fit(rooms, fold, SETTINGS)
        for label, vectors, queries in _sizes("head", head, rooms.features):
            hits.setdefault(label, []).append(_hits(rooms, vectors, fold, queries))
        for label, value in _queries(rooms, head, fold).items():
            extra.setdefault(label, []).append(value)
    results.update({label: _pooled(parts) for label, parts in hits.items()})
    _print("held-out rooms", results)
    others = {label: float(np.mean(values)) for label, values in extra.items()}
    print_table("ikea, other queries", ["", "share"], list(others.items()))
    gain = results["head"]["all"] / max(results[name]["all"] for name, _ in baselines(rooms)) - 1
    return {"hit_at_10": results, "other_queries": others, "gain_over_best_off_the_shelf": gain}


def measure_parts(quick: bool) -> dict[str, Any]:
    """The head with and without each part, {variant: {all, cold}}, on the first `ABLATION_FOLDS` folds."""
    rooms = load()
    found: dict[str, dict[str, float]] = {}
    for name in list(VARIANTS)[: 2 if quick else None]:
        parts = []
        for fold in track(range(1 if quick else ABLATION_FOLDS), name):
            head = fit(rooms, fold, replace(SETTINGS, **VARIANTS[name]))
            _, vectors, queries = _sizes(name, head, rooms.features)[0]
            parts.append(_hits(rooms, vectors, fold, queries))
        found[name] = _pooled(parts)
    _print("with and without each part", found)
    return {"hit_at_10": found}


def _print(title: str, found: dict[str, dict[str, float]]) -> None:
    rows = [[name, figures["all"], figures["cold"]] for name, figures in found.items()]
    print_table(f"ikea, {title}, hit@10", ["ranking by", "all", "cold"], rows)


def load() -> Rooms:
    """Raises FileNotFoundError where the data is not there."""
    items = ikea_items()
    ids = [item.id for item in items]
    rows = read_rows(DATA / "ikea" / "rooms.jsonl")
    boards = [board_rows([row["items"]], ids) for row in rows]
    pictures = [(path, i) for i, row in enumerate(rows) if boards[i] for path in row["images"]]
    position = {i: kept for kept, i in enumerate(i for i, board in enumerate(boards) if board)}
    features = features_of("ikea", items, DATA / "ikea")
    return Rooms(
        items=training_items(items, features),
        features=features,
        boards=[board[0] for board in boards if board],
        photos=pictures_of("ikea-rooms", [DATA / "ikea" / path for path, _ in pictures]),
        photo_boards=np.array([position[i] for _, i in pictures]),
    )


def baselines(rooms: Rooms) -> list[tuple[str, Vectors]]:
    """Rankings that know of no rooms."""
    image, text = rooms.features.image, rooms.features.text
    noise = np.random.default_rng(0).standard_normal(image.shape).astype(np.float32)
    return [
        ("random", normalise(noise)),
        ("off-the-shelf picture", image),
        ("off-the-shelf words", text),
        ("off-the-shelf picture and words", normalise(np.concatenate([image, text], axis=1))),
    ]


def fit(rooms: Rooms, fold: int, settings: TrainSettings) -> JointHead:
    """A head trained on the rooms of the other folds."""
    kept = [board for i, board in enumerate(rooms.boards) if i not in set(held_out(rooms, fold).tolist())]
    return JointHead(train(rooms.items, kept, settings).network, "benchmark")


def held_out(rooms: Rooms, fold: int) -> NDArray[np.int64]:
    """The rooms of a fold."""
    return np.random.default_rng(0).permutation(len(rooms.boards))[fold::FOLDS]


def to_int8(vectors: Vectors) -> Vectors:
    """Rounded to one byte a number, each vector's largest number being 127; at unit length again."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return normalise(np.round(vectors / largest * 127).astype(np.int8).astype(np.float32))


def _sizes(name: str, head: JointHead, features: Features) -> list[tuple[str, Vectors, Vectors]]:
    """(label, vectors of the catalogue, queries of the same items)"""
    full = head.fuse(features)
    if name != "head":
        return [(name, full, head.companions(full))]
    out = [(name, full, head.companions(full)), ("head, by likeness alone", full, full)]
    for size in SETTINGS.sizes[:-1]:
        short = head.at(size).fuse(features)
        out.append((f"head, {size} numbers", short, head.at(size).companions(short)))
    coarse = [to_int8(vectors) for vectors in out[0][1:]]
    return [*out, ("head, int8", coarse[0], coarse[1])]


def _hits(
    rooms: Rooms, vectors: Vectors, fold: int, queries: Vectors | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(hit, cold) bool [q] for the query items of a fold."""
    test = set(held_out(rooms, fold).tolist())
    wanted: csr_matrix = shared_boards([rooms.boards[i] for i in sorted(test)], len(rooms.items))
    rows = np.flatnonzero(np.diff(wanted.indptr))
    known = np.zeros(len(rooms.items), dtype=bool)
    for i, board in enumerate(rooms.boards):
        if i not in test:
            known[board] = True
    asked = torch.from_numpy((vectors if queries is None else queries)[rows])
    return board_hits(asked, torch.from_numpy(vectors), rows, wanted), ~known[rows]


def _pooled(parts: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> dict[str, float]:
    hits, cold = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    shares = {"all": float(hits.mean()), "cold": float(hits[cold].mean())}
    return {**shares, "queries": len(hits), "cold_queries": int(cold.sum())}


def _queries(rooms: Rooms, head: JointHead, fold: int) -> dict[str, float]:
    """Words and photos as queries of a head: of all items, and of the held-out rooms."""
    image, text = rooms.features.image, rooms.features.text
    words = torch.from_numpy(head.fuse(Features(np.zeros_like(image), text)))
    pictures = torch.from_numpy(head.fuse(Features(image, np.zeros_like(text))))
    items = torch.from_numpy(head.fuse(rooms.features))
    shown = np.isin(rooms.photo_boards, held_out(rooms, fold))
    photos = Features(rooms.photos[shown], np.zeros((int(shown.sum()), text.shape[1]), np.float32))
    nearest = (torch.from_numpy(head.fuse(photos)) @ items.T).topk(10).indices.numpy()
    off_the_shelf = torch.from_numpy(rooms.photos[shown] @ image.T).topk(10).indices.numpy()
    boards = [rooms.boards[i] for i in rooms.photo_boards[shown]]
    return {
        "own words → picture, recall@10": recall_at_k(words, pictures),
        "own words → item, recall@10": recall_at_k(words, items),
        "room photo → a product of it, hit@10": _any(nearest, boards),
        "the same, off-the-shelf picture": _any(off_the_shelf, boards),
    }


def _any(nearest: NDArray[np.int64], wanted: Sequence[Rows]) -> float:
    return float(np.mean([np.isin(found, board).any() for found, board in zip(nearest, wanted, strict=True)]))
