"""Words find pictures of products that were never trained on: fashion, text → picture.

A fifth of the products is held out. The head is trained on the pictures and words of the others, without boards. A
query is the words of a held-out product (title, category and color); all held-out pictures are ranked, seen without
their words; recall@10 is the share of queries whose own picture is among the first ten. Towers that were not trained
together cannot do this at all: the baseline is a ridge regression from words to pictures on the same training products.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from batch.encoder_data import split
from batch.encoder_loop import TrainSettings, train
from batch.encoder_validate import recall_at_k
from benchmarks.encoder_features import fashion_items, features_of, training_items
from benchmarks.report import DATA, print_table
from catalog.align import fit_alignment
from catalog.encoder import Features
from catalog.joint import JointHead

SETTINGS = TrainSettings(held_out=0.0, validate_every=10**9, epochs=20)


def measure(quick: bool) -> dict[str, Any]:
    """{ranking: recall@10}."""
    items = fashion_items()
    features = features_of("fashion", items, DATA / "fashion")
    known, held = split(len(items), 0.2, seed=0)
    training = training_items([items[i] for i in known], Features(features.image[known], features.text[known]))
    settings = replace(SETTINGS, epochs=2) if quick else SETTINGS
    image, text = features.image[held], features.text[held]
    figures = {"random": 10 / len(held), "ridge regression": _ridge(features, known, held)}
    head = JointHead(train(training, [], settings).network, "benchmark")
    for size in settings.sizes[::-1]:
        short = head.at(size)
        words = short.fuse(Features(np.zeros_like(image), text))
        pictures = short.fuse(Features(image, np.zeros_like(text)))
        figures[f"head, {size} numbers"] = recall_at_k(torch.from_numpy(words), torch.from_numpy(pictures))
    print_table(f"fashion, words → picture among {len(held)}", ["ranking by", "recall@10"], list(figures.items()))
    return {"recall_at_10": figures, "held_out": len(held), "trained_on": len(known)}


def _ridge(features: Features, known: Any, held: Any) -> float:
    pairs = [(features.text[known], features.image[known] - features.image[known].mean(axis=0))]
    mapped = fit_alignment("words", "pictures", pairs).apply(features.text[held])
    pictures = features.image[held] - features.image[known].mean(axis=0)
    return recall_at_k(torch.from_numpy(mapped), torch.nn.functional.normalize(torch.from_numpy(pictures), dim=1))
