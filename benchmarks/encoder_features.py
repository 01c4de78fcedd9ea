"""Base features of the benchmarks' catalogues, computed once by the packaged encoder and kept in `.cache/encoder`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.progress import track

from batch.encoder_data import TrainingItems
from batch.encoder_phrases import make_phrases
from benchmarks.report import DATA
from catalog.encoder import Features, Vectors
from catalog.item import Item, embedding_text, parse_item
from catalog.packaged import PackagedEncoder

CACHE = Path(".cache/encoder")
BATCH = 32


def ikea_items() -> list[Item]:
    """The products, with their type as category. Raises FileNotFoundError where the data is not there."""
    return [
        parse_item(
            {
                "id": row["id"],
                "title": row["title"],
                "category": (row["type"],) if row["type"] else (),
                "colors": row["color"],
                "description": row["description"],
                "image": row["image"],
            }
        )
        for row in read_rows(DATA / "ikea" / "items.jsonl")
    ]


def fashion_items() -> list[Item]:
    """The products. Raises FileNotFoundError where the data is not there."""
    kept = ("id", "title", "category", "image")
    return [
        parse_item({**{name: row[name] for name in kept}, "colors": row["color"]})
        for row in read_rows(DATA / "fashion" / "items.jsonl")
    ]


def features_of(name: str, items: Sequence[Item], folder: Path) -> Features:
    """Base features of items whose pictures lie in a folder: image float32 [n, 1280], text float32 [n, 384]."""
    return Features(
        image=pictures_of(name, [folder / (item.image or "") for item in items]),
        text=texts_of(name, [embedding_text(item) for item in items]),
    )


def pictures_of(name: str, paths: Sequence[Path]) -> Vectors:
    """float32 [n, 1280] of picture files."""

    def encode(encoder: PackagedEncoder) -> Vectors:
        parts = []
        for start in track(range(0, len(paths), BATCH), f"pictures of {name}"):
            some = [encoder.preprocess(Image.open(path)) for path in paths[start : start + BATCH]]
            parts.append(encoder.encode_pixels(np.stack(some)))
        return np.concatenate(parts)

    return _cached(f"{name}-pictures", len(paths), encode)


def texts_of(name: str, texts: Sequence[str]) -> Vectors:
    """float32 [n, 384] of texts."""

    def encode(encoder: PackagedEncoder) -> Vectors:
        out = np.zeros((len(texts), encoder.text_dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # batches of like length need less padding
        for start in track(range(0, len(order), BATCH), f"texts of {name}"):
            rows = order[start : start + BATCH]
            out[rows] = encoder.encode_texts([texts[i] for i in rows])
        return out

    return _cached(f"{name}-texts", len(texts), encode)


def training_items(items: Sequence[Item], features: Features) -> TrainingItems:
    """Items as `batch.encoder_loop.train` reads them: features, and the phrases that they are answers to."""
    encoder = PackagedEncoder("cpu")
    return TrainingItems(
        [item.id for item in items],
        features.image.astype(np.float16),
        features.text.astype(np.float16),
        phrases=make_phrases(items, encoder.encode_texts),
    )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not on this machine")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _cached(name: str, rows: int, encode: Any) -> Vectors:
    path = CACHE / f"{PackagedEncoder.version}-{name}.npy"
    if path.exists() and (found := np.load(path)).shape[0] == rows:
        return np.asarray(found, dtype=np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # twice as fast as two threads for bfloat16 convolutions
    made = np.asarray(encode(PackagedEncoder("cpu")), dtype=np.float32)
    torch.set_num_threads(threads)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, made)
    return made
