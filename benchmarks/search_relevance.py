"""Relevance of text search: nDCG@10 on Icecat's products and human judgments, fused search against BM25 alone.

First, the weight of full text against meaning on the demo catalogue, where it was chosen (`catalog.search`): recall@10
of the products of a kind and main colour, asked for as "white candle holder". A third of them do not name the colour.

Then Icecat, the test. Whole catalogue, unjudged items count as 0. Rankings in one run: plain BM25 over title and
description (Robertson's formula, k1 = 1.2, b = 0.75, written out here) over whole words and over words without their
plural endings, LanceDB's full text alone, and Windowshop's fusion of full text with the meaning of the words (packaged
encoder).
"""

import asyncio
import gzip
import json
import math
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.report import DATA, print_table, write_results
from catalog.demo.load import items_path, truth
from catalog.encoder import Encoder, Features, Vectors, load_base_encoder
from catalog.item import Item, embedding_text, parse_item
from catalog.search import ItemSearch, Probe, query_probes
from catalog.table import ItemTable, item_rows

CACHE = Path(".cache/icecat-text.npy")


def run(quick: bool = False) -> dict[str, float]:
    """Measure and return {ranking: nDCG@10}."""
    encoder = Encoder(load_base_encoder("packaged", "cpu"))
    with tempfile.TemporaryDirectory() as folder:
        recall = asyncio.run(measure_demo(folder, encoder))
    print_table("Demo, recall@10", ["ranking", "recall@10"], list(recall.items()))
    items, judgments = load_icecat()
    if quick:
        judged = {item_id for grades in judgments.values() for item_id in grades}
        items = [item for item in items if item.id in judged]
    vectors = text_vectors(encoder, items, None if quick else CACHE)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(folder, encoder, items, vectors, judgments))
    print_table("Icecat, nDCG@10", ["ranking", "nDCG@10"], list(figures.items()))
    if not quick:
        write_results("search_relevance", {"demo_recall_at_10": recall, "icecat_ndcg_at_10": figures})
    return figures


def load_icecat() -> tuple[list[Item], dict[str, dict[str, int]]]:
    """Items, and {query: {item id: grade 0..3}}."""
    folder = DATA / "icecat"
    with gzip.open(folder / "items.jsonl.gz", "rt") as file:
        items = [parse_item(json.loads(line)) for line in file]
    rows = [json.loads(line) for line in (folder / "judgments.jsonl").read_text().splitlines()]
    return items, {row["query"]: row["grades"] for row in rows}


def text_vectors(encoder: Encoder, items: Sequence[Item], cache: Path | None) -> Vectors:
    """float32 [n, 384] of the items' words; read from the cache where it has as many rows."""
    if cache and cache.exists() and (cached := np.load(cache)).shape[0] == len(items):
        return cached
    texts = [embedding_text(item) for item in items]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # batches of like length need less padding
    vectors = np.zeros((len(texts), encoder.base.text_dim), dtype=np.float32)
    for start in track(range(0, len(order), 64), "encoding"):
        rows = order[start : start + 64]
        vectors[rows] = encoder.base.encode_texts([texts[i] for i in rows])
    if cache:
        cache.parent.mkdir(exist_ok=True)
        np.save(cache, vectors)
    return vectors


async def measure_demo(folder: str, encoder: Encoder) -> dict[str, float]:
    """Recall@10 of kind and colour queries by weight of full text, over the demo's truth."""
    items = [parse_item(json.loads(line)) for line in items_path().read_text().splitlines()]
    alike: dict[str, set[str]] = defaultdict(set)
    for known in truth().values():
        alike[f"{known.color} {known.category.replace('-', ' ')}"].add(known.id)
    queries = {query: wanted for query, wanted in alike.items() if len(wanted) > 1}
    search = await made_search(folder, encoder, items, text_vectors(encoder, items, None))
    scores: dict[str, list[float]] = defaultdict(list)
    for query, wanted in queries.items():
        vectors = encoder.query_vectors(text=query)
        rankings = {
            "full text alone": query_probes(query, {}, has_picture=False),
            "meaning alone": query_probes(None, vectors, has_picture=False),
        }
        for weight in (1.0, 2.0, 3.0, 5.0):
            name = f"fused, full text weighing {weight:g}"
            rankings[name] = query_probes(query, vectors, has_picture=False, words_weight=weight)
        for name, probes in rankings.items():
            found = set((await search.find(probes, limit=10, with_vectors=False))["id"].to_pylist())
            scores[name].append(len(found & wanted) / min(10, len(wanted)))
    return {name: float(np.mean(values)) for name, values in scores.items()}


async def made_search(folder: str, encoder: Encoder, items: Sequence[Item], text: Vectors) -> ItemSearch:
    """A table of items by their words alone."""
    features = Features(image=np.zeros((len(items), encoder.base.image_dim), np.float32), text=text)
    table = ItemTable.open_or_create(folder, "items", encoder.version, encoder.spaces)
    table.upsert(item_rows(items, encoder.item_vectors(features), [""] * len(items), [None] * len(items)))
    table.index()
    return await ItemSearch.open(folder, "items")


async def measure(
    folder: str, encoder: Encoder, items: Sequence[Item], vectors: Vectors, judgments: dict[str, dict[str, int]]
) -> dict[str, float]:
    search = await made_search(folder, encoder, items, vectors)
    documents = [f"{item.title} {item.description}" for item in items]
    plain = {"plain BM25": BM25(documents), "BM25, singular": BM25(documents, tokens=_singular_tokens)}
    ids = [item.id for item in items]
    scores: dict[str, list[float]] = defaultdict(list)
    for query, grades in judgments.items():
        rankings = {name: [ids[i] for i in bm25.rank(query, 10)] for name, bm25 in plain.items()}
        words = await search.find([Probe("words", text=query)], limit=10)
        rankings["LanceDB full text"] = words["id"].to_pylist()
        probes = query_probes(query, encoder.query_vectors(text=query), has_picture=False)
        rankings["meaning alone"] = (await search.find(probes[1:], limit=10))["id"].to_pylist()
        rankings["Windowshop, fused"] = (await search.find(probes, limit=10))["id"].to_pylist()
        for name, ranking in rankings.items():
            scores[name].append(ndcg(ranking, grades))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def ndcg(ranking: Sequence[str], grades: dict[str, int], k: int = 10) -> float:
    """nDCG@k with the grade as the gain, as trec_eval counts; unjudged items have grade 0."""
    gains = [grades.get(item_id, 0) for item_id in ranking[:k]]
    ideal = sorted(grades.values(), reverse=True)[:k]
    best = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(ideal))
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains)) / best if best else 0.0


class BM25:
    """Okapi BM25 (Robertson and Zaragoza, 2009), k1 = 1.2, b = 0.75; `tokens` cuts a text into words."""

    def __init__(
        self,
        documents: Iterable[str],
        k1: float = 1.2,
        b: float = 0.75,
        tokens: Callable[[str], list[str]] | None = None,
    ) -> None:
        self._tokens = tokens or _tokens
        counts = [Counter(self._tokens(document)) for document in documents]
        lengths = np.array([sum(c.values()) for c in counts], dtype=np.float64)
        norms = k1 * (1 - b + b * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, c in enumerate(counts):
            for token, n in c.items():
                postings[token].append((row, n * (k1 + 1) / (n + norms[row])))
        self._n = len(counts)
        self._postings = postings

    def rank(self, query: str, k: int) -> list[int]:
        scores = np.zeros(self._n)
        for token in self._tokens(query):
            found = self._postings.get(token, [])
            idf = math.log(1 + (self._n - len(found) + 0.5) / (len(found) + 0.5))
            for row, weight in found:
                scores[row] += idf * weight
        best = np.argsort(-scores, kind="stable")[:k]
        return [int(row) for row in best if scores[row] > 0]


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _singular_tokens(text: str) -> list[str]:
    """Words without English plural endings: batteries → battery, watches → watch, cables → cable."""
    return [re.sub(r"(?<=..)ies$", "y", re.sub(r"(?<=...[^s])(?:es|s)$", "", word)) for word in _tokens(text)]


if __name__ == "__main__":
    run()
