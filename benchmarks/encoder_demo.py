"""The demo catalogue: words → picture, second view → product, room picture → products, and composed queries.

The head is trained here with a quarter of the products and of the boards unseen: every figure is of unseen products,
ranked in the whole catalogue. (The head in `catalog/weights` was made the same way, from all of them.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch.encoder_compose import ComposeSettings, train_composer
from batch.encoder_data import TrainingItems, board_rows, split
from batch.encoder_loop import TrainSettings, train
from benchmarks.encoder_features import features_of, pictures_of, read_rows, texts_of, training_items
from benchmarks.report import print_table
from catalog.compose import Composer
from catalog.demo import load as demo
from catalog.encoder import Features, Vectors, normalise
from catalog.item import Item, parse_item
from catalog.joint import JointHead
from catalog.packaged import PackagedEncoder

SETTINGS = TrainSettings(held_out=0.0, validate_every=10**9)
SHAPES = ("silhouette", "back", "top", "front", "headboard", "shade", "base", "seat")
"""The visible property that is a product's shape: the first of these that it has."""


@dataclass(frozen=True)
class Shop:
    """The demo catalogue, what is unseen of it, and a head that was trained on the rest."""

    items: list[Item]
    features: Features
    seen: NDArray[np.int64]
    unseen: NDArray[np.int64]
    training: TrainingItems
    head: JointHead


def measure(quick: bool) -> dict[str, Any]:
    """Words → picture, second view → product, room picture → its products; shares of queries, 0..1."""
    shop = fit(quick)
    image, text = shop.features.image, shop.features.text
    nothing, silence = np.zeros_like(image), np.zeros_like(text)
    words, pictures = shop.head.fuse(Features(nothing, text)), shop.head.fuse(Features(image, silence))
    catalogue = shop.head.fuse(shop.features)
    figures = {
        "words → picture, all pictures, recall@10": _recall(words, pictures, shop.unseen),
        "words → item, recall@10": _recall(words, catalogue, shop.unseen),
    }
    asked_for = short_queries(shop)
    typed = texts_of(f"demo-short-{len(asked_for)}", list(asked_for))
    short = shop.head.fuse(Features(np.zeros((len(typed), image.shape[1]), np.float32), typed))
    right = list(asked_for.values())
    figures["short query → items, off-the-shelf words, recall@10"] = _recall_of(typed @ text[shop.unseen].T, right)
    figures["short query → items, head, recall@10"] = _recall_of(short @ catalogue[shop.unseen].T, right)
    position = {item.id: row for row, item in enumerate(shop.items)}
    views = [view for view in demo.second_views() if position[view.item_id] in set(shop.unseen.tolist())]
    own = np.array([position[view.item_id] for view in views])
    seen = pictures_of(f"demo-views-{len(views)}", [view.image for view in views])
    fused = shop.head.fuse(Features(seen, np.zeros((len(seen), text.shape[1]), np.float32)))
    for k in (1, 10):
        figures[f"second view → product, off-the-shelf picture, recall@{k}"] = _found(seen @ image.T, own, k)
        figures[f"second view → product, head, recall@{k}"] = _found(fused @ catalogue.T, own, k)
    rooms = demo.rooms()
    photos = pictures_of("demo-rooms", [room.image for room in rooms])
    asked = shop.head.fuse(Features(photos, np.zeros((len(photos), text.shape[1]), np.float32)))
    shown = [np.array([position[box.item_id] for box in room.boxes]) for room in rooms]
    figures["room picture → a product of it, off-the-shelf picture, hit@10"] = _any(photos @ image.T, shown)
    figures["room picture → a product of it, head, hit@10"] = _any(asked @ catalogue.T, shown)
    print_table("demo catalogue", ["", "share"], list(figures.items()))
    return {"shares": figures, "unseen": len(shop.unseen), "items": len(shop.items), "rooms": len(rooms)}


def measure_composed(quick: bool) -> dict[str, Any]:
    """A reference and "in COLOR" or "in MATERIAL": recall@10 of products of its kind and shape that look as asked.

    References are unseen products, seen as a picture alone or as an item; the truth file says what is right. Queries
    without a right answer are left out. Recall is the share of right answers among the first ten, at most ten counting.
    """
    shop = fit(quick)
    queries = composed_queries(shop)
    texts = [f"in {phrase}" for _, phrase, _ in queries]
    encoder = PackagedEncoder("cpu")
    said = texts_of(f"demo-composed-{len(texts)}", texts)
    settings = ComposeSettings(steps=30) if quick else ComposeSettings()
    composer = train_composer(
        shop.head, shop.training, [shop.items[i] for i in shop.seen], encoder.encode_texts, "benchmark", settings
    )
    assert composer is not None
    rows = np.array([row for row, _, _ in queries])
    figures = {
        "from an item": _composed(shop, composer, rows, said, queries, with_words=True),
        "from a picture": _composed(shop, composer, rows, said, queries, with_words=False),
    }
    for name, shares in figures.items():
        print_table(f"composed queries {name}, recall@10", ["", "share"], list(shares.items()))
    return {"recall_at_10": figures, "queries": len(queries)}


def fit(quick: bool) -> Shop:
    """Raises FileNotFoundError where the demo's pictures are not there."""
    rows = read_rows(demo.items_path())
    items = [parse_item(row) for row in rows]
    features = features_of("demo", items, demo.DATA)
    seen, unseen = split(len(items), 0.25, seed=0)
    training = training_items([items[i] for i in seen], Features(features.image[seen], features.text[seen]))
    boards = [board.items for board in demo.boards()]
    known, _ = split(len(boards), 0.25, seed=0)
    settings = replace(SETTINGS, min_steps=20, epochs=1) if quick else SETTINGS
    network = train(training, board_rows([boards[i] for i in known], training.ids), settings).network
    return Shop(items, features, seen, unseen, training, JointHead(network, "benchmark"))


def short_queries(shop: Shop) -> dict[str, set[int]]:
    """ "green sofas", "oak tables": what is asked for, and which of the unseen products (by place) look so in truth."""
    truth = demo.truth()
    asked: dict[str, set[int]] = {}
    for place, row in enumerate(shop.unseen.tolist()):
        seen, kind = truth[shop.items[row].id].visual, shop.items[row].category[-1].lower()
        for look in (seen["color"], seen["material"]):
            asked.setdefault(f"{look} {kind}", set()).add(place)
    return asked


def composed_queries(shop: Shop) -> list[tuple[int, str, set[int]]]:
    """(reference row, color or material asked for, rows of right answers) for every unseen product."""
    truth = demo.truth()
    facts = []
    for item in shop.items:
        seen = truth[item.id].visual
        shape = next((f"{name} {seen[name]}" for name in SHAPES if name in seen), "")
        facts.append((truth[item.id].category, shape, seen["color"], seen["material"]))
    queries = []
    for row in shop.unseen.tolist():
        kind, shape, color, material = facts[row]
        alike = [i for i, fact in enumerate(facts) if fact[:2] == (kind, shape) and i != row]
        for phrase in sorted({facts[i][2] for i in alike} - {color}):
            queries.append((row, phrase, {i for i in alike if facts[i][2] == phrase}))
        for phrase in sorted({facts[i][3] for i in alike} - {material}):
            queries.append((row, phrase, {i for i in alike if facts[i][3] == phrase}))
    return queries


def _composed(
    shop: Shop, composer: Composer, rows: NDArray[np.int64], said: Vectors, queries: Sequence[Any], with_words: bool
) -> dict[str, float]:
    image, text = shop.features.image[rows], shop.features.text[rows]
    catalogue = shop.head.fuse(shop.features)
    reference = shop.head.fuse(Features(image, text if with_words else np.zeros_like(text)))
    change = shop.head.fuse(Features(np.zeros_like(image), said))
    asked = {
        "reference alone": reference,
        "words alone": change,
        "words as the text of the picture": shop.head.fuse(Features(image, said)),
        "vectors added": normalise(reference + change),
        "composer": composer.compose(reference, said),
    }
    return {name: _recall_of_answers(vectors @ catalogue.T, rows, queries) for name, vectors in asked.items()}


def _recall_of_answers(scores: Vectors, rows: NDArray[np.int64], queries: Sequence[Any], k: int = 10) -> float:
    scores[np.arange(len(rows)), rows] = -np.inf
    return _recall_of(scores, [right for _, _, right in queries], k)


def _recall_of(scores: Vectors, right: Sequence[set[int]], k: int = 10) -> float:
    """Mean share of right answers among the first ten, at most ten counting."""
    nearest = np.argpartition(-scores, k - 1, axis=1)[:, :k].tolist()
    return float(np.mean([len(set(ten) & own) / min(k, len(own)) for ten, own in zip(nearest, right, strict=True)]))


def _recall(queries: Vectors, answers: Vectors, rows: NDArray[np.int64]) -> float:
    """Recall@10 of the queries of some rows, among the answers of all."""
    return _found(queries[rows] @ answers.T, rows, 10)


def _found(scores: Vectors, own: NDArray[np.int64], k: int) -> float:
    ahead = (scores >= scores[np.arange(len(own)), own][:, None]).sum(axis=1) - 1
    return float((ahead < k).mean())


def _any(scores: Vectors, wanted: Sequence[NDArray[np.int64]], k: int = 10) -> float:
    nearest = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return float(np.mean([np.isin(found, rows).any() for found, rows in zip(nearest, wanted, strict=True)]))
