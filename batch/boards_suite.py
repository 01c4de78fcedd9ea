"""The boards suite: does a release find what belongs together, by its vectors and by its taste model?

Boards that a release was trained on are remembered rather than foretold: give boards that no training has seen.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import fsspec
import numpy as np

from batch.suite_report import Report
from batch.train_taste import load_incumbent, read_items
from catalog.encoder import Vectors, normalise
from catalog.errors import InvalidInput
from catalog.joint import load_head
from catalog.release import Release, ReleaseStore
from taste.model import TasteModel, content_of
from taste.rank import TOGETHER

MOST = 400
"""Boards at most, the same ones of a file every time."""

Say = Callable[[int, int], None]
Scorer = Callable[[np.ndarray], np.ndarray]
"""Rows of given items → a score for every item."""


@dataclass(frozen=True)
class _Shelf:
    ids: list[str]
    vectors: Vectors  # [N, D]
    queries: Vectors  # [N, D], what to search by for things that go with an item


def boards(store: ReleaseStore, release: Release, known: Sequence[tuple[str, Sequence[str]]], say: Say) -> Report:
    """Items as queries for others of their board, and the second half of a board from its first.

    Args:
        known: (id, ids of items) of each board.

    Raises:
        InvalidInput: no board has four items of the release.
    """
    shelf = _shelf(store, release)
    rows = {item: row for row, item in enumerate(shelf.ids)}
    usable = [(name, np.array(sorted({rows[item] for item in items if item in rows}))) for name, items in known]
    chosen = sorted((board for board in usable if len(board[1]) >= 4), key=lambda board: _draw(board[0]))[:MOST]
    if not chosen:
        raise InvalidInput(f"no board has four items of release {release.id}; are these its ids?")
    ways: dict[str, Scorer] = {"vectors": lambda given: shelf.vectors @ shelf.queries[given].mean(axis=0)}
    taste = load_incumbent(store, release)
    if taste is not None:
        ways["taste"] = _by_taste(taste, shelf.ids)
    samples: dict[str, dict[str, float]] = {}
    for number, (name, board) in enumerate(chosen, 1):
        given, rest = _halves(name, board)
        for way, score in ways.items():
            samples.setdefault(f"companion, hit@10 ({way})", {})[name] = float(
                np.mean([_found(score(np.array([one])), [one], board) > 0 for one in given])
            )
            share = _found(score(given), given, rest) / min(10, len(rest))
            samples.setdefault(f"the rest of it, recall@10 ({way})", {})[name] = share
        say(number, len(chosen))
    scores: dict[str, dict[str, float | int]] = {
        measure: {"share": float(np.mean(list(values.values()))), "boards": len(values)}
        for measure, values in samples.items()
    }
    return Report("boards", release.id, scores, samples)


def read_boards(where: str) -> list[tuple[str, list[str]]]:
    """JSON lines {"id": ..., "items": [...]}; a line without id is named by its number. Raises InvalidInput."""
    found = []
    with fsspec.open(where, "rt", encoding="utf-8", compression="infer") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                found.append((str(row.get("id", number)), [str(item) for item in row["items"]]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InvalidInput(f'{where}, line {number} is no board; write {{"items": [ids]}}') from error
    return found


def _shelf(store: ReleaseStore, release: Release) -> _Shelf:
    table, columns = read_items(store, release)
    vectors = normalise(content_of(table, columns))
    queries = vectors
    if release.encoder.head:
        head = load_head(store.path(*release.encoder.head.split("/")), release.encoder.size)
        queries = head.companions(vectors)
    return _Shelf(table["id"].to_pylist(), vectors, queries)


def _by_taste(model: TasteModel, ids: Sequence[str]) -> Scorer:
    """As for a person whose likes the given items are; items that the model does not know come last."""
    rows = np.fromiter((model.rows.get(item, -1) for item in ids), np.int64, len(ids))
    factors, known = model.factors, rows >= 0

    def score(given: np.ndarray) -> np.ndarray:
        own = rows[given][rows[given] >= 0]
        scores = np.full(len(ids), -np.inf, np.float32)
        if len(own):
            person = factors.person(factors.inputs[own])
            evidence = model.together.evidence(own, np.ones(len(own), np.float32))
            total = factors.score(person, factors.outputs, factors.bias) + TOGETHER * evidence
            scores[known] = total[rows[known]]
        return scores

    return score


def _halves(name: str, board: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shuffled = np.random.default_rng(_draw(name)).permutation(board)
    return shuffled[: len(board) // 2], shuffled[len(board) // 2 :]


def _found(scores: np.ndarray, given: Sequence[int] | np.ndarray, wanted: np.ndarray) -> int:
    """How many of the wanted are among the first ten, the given left out."""
    scores = scores.astype(np.float64)
    scores[given] = -np.inf
    top = np.argsort(-scores, kind="stable")[:10]
    return len(set(top.tolist()) & (set(wanted.tolist()) - {int(one) for one in given}))


def _draw(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
