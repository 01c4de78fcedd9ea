"""Representation learning on pinterest20: leave-one-out, beside baselines that are trained in the same run."""

import gzip
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.memory import peak_mb
from benchmarks.report import DATA, print_table
from taste.factors import Factors, FactorSettings, train_factors
from taste.rank import TOGETHER
from taste.together import SMOOTHING, count_together

Floats = NDArray[np.float32]
Scorer = Callable[[slice], Floats]
"""Users' rows → scores of all items [u, N]."""

FOLDER = DATA / "pinterest20"
_CHUNK = 500


@dataclass(frozen=True, eq=False)
class Split:
    """Training pairs, and for each user a held-out item followed by 99 others."""

    train: sparse.csr_matrix  # [U, N] of ones
    candidates: NDArray[np.int64]  # [U, 100], the first is the held-out one


def compare(validation: bool, quick: bool) -> dict[str, Any]:
    """HR@10 and nDCG@10 among 99 negatives, recall@20 and nDCG@20 among all items, for every method."""
    split = read_split(FOLDER, validation)
    if quick:
        split = Split(split.train[:3_000], split.candidates[:3_000])
    trained = _in_a_process(split.train, 1.0)
    factors = trained.pop("factors")
    methods: dict[str, Callable[[], Scorer]] = {
        "Windowshop, factors alone": lambda: (
            lambda users: factors.score(factors.people(split.train[users]), factors.outputs, factors.bias)
        ),
        "Windowshop, together alone": lambda: _together(split.train),
        "Windowshop": lambda: _ours(split.train, factors),
        "most popular": lambda: _popular(split.train),
        "ItemKNN, cosine": lambda: _item_knn(split.train),
        "RP3beta, α .6, β .4, 600 neighbours": lambda: _rp3beta(split.train),
        "EASE, λ 1000": lambda: _ease(split.train, 1_000.0),
    }
    figures: dict[str, Any] = {}
    for name, make in methods.items():
        begin, cpu = time.perf_counter(), time.process_time()
        scorer = make()
        seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
        figures[name] = {**evaluate(split, scorer), "fit_s": seconds, "fit_cpu_s": cpu_seconds}
        print(name, {key: round(value, 4) for key, value in figures[name].items()}, flush=True)
        if name.startswith("Windowshop") and "together" not in name:
            figures[name]["fit_s"] += trained["seconds"]
            figures[name]["fit_cpu_s"] += trained["cpu_s"]
    columns = ["HR@10", "nDCG@10", "recall@20", "nDCG@20", "fit_s", "fit_cpu_s"]
    print_table(
        f"pinterest20, {'validation' if validation else 'test'}: {split.train.shape[0]} users",
        ["method", *columns],
        [[name, *(row[c] for c in columns)] for name, row in figures.items()],
    )
    chosen = {"factors": vars(FactorSettings()), "together": TOGETHER}
    return {
        "split": "validation" if validation else "test",
        "settings": chosen,
        "methods": figures,
        "training": trained,
    }


def grow(quick: bool) -> dict[str, Any]:
    """How training grows with the users."""
    train = read_split(FOLDER, validation=False).train
    growth = [_in_a_process(train, share) for share in ((0.02, 0.05) if quick else (0.1, 0.3, 1.0))]
    for row in growth:
        row.pop("factors")
    print_table(
        "growth of training the factors",
        ["share of users", "pairs", "seconds", "CPU seconds", "peak memory MB", "before training MB"],
        [[g["share"], g["pairs"], g["seconds"], g["cpu_s"], g["peak_mb"], g["before_mb"]] for g in growth],
    )
    return {"growth": growth}


def read_split(folder: Path, validation: bool) -> Split:
    """Read the files. For validation, one item of each user's training items is held out, and the test is not read."""
    rows: list[int] = []
    columns: list[int] = []
    with gzip.open(folder / "train.txt.gz", "rt") as file:
        for line in file:
            user, *items = map(int, line.split())
            rows += [user] * len(items)
            columns += items
    with gzip.open(folder / "test.txt.gz", "rt") as file:
        test = np.loadtxt(file, dtype=np.int64)
    shape = (max(rows) + 1, int(max(max(columns), test[:, 1:].max())) + 1)
    train = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
    train.data[:] = 1
    if not validation:
        return Split(train, test[np.argsort(test[:, 0]), 1:])
    random = np.random.default_rng(0)
    held = train.indptr[:-1] + random.integers(0, np.diff(train.indptr))
    kept = np.ones(train.nnz, bool)
    kept[held] = False
    owners = np.repeat(np.arange(shape[0]), np.diff(train.indptr))
    rest = sparse.csr_matrix((train.data[kept], (owners[kept], train.indices[kept])), shape)
    candidates = np.empty((shape[0], 100), np.int64)
    candidates[:, 0] = train.indices[held]
    for user in range(shape[0]):
        own = train.indices[train.indptr[user] : train.indptr[user + 1]]
        drawn = random.permutation(shape[1])[: 99 + len(own)]
        candidates[user, 1:] = drawn[~np.isin(drawn, own)][:99]
    return Split(rest, candidates)


def evaluate(split: Split, scorer: Scorer) -> dict[str, float]:
    """Ties count half, so that a method gains nothing by scoring everything the same."""
    sampled, full = [], []
    for begin in range(0, split.train.shape[0], _CHUNK):
        users = slice(begin, begin + _CHUNK)
        scores = scorer(users)
        candidates = split.candidates[users]
        wanted = np.take_along_axis(scores, candidates[:, :1], 1)
        others = np.take_along_axis(scores, candidates[:, 1:], 1)
        sampled.append((others > wanted).sum(1) + 0.5 * (others == wanted).sum(1))
        seen = split.train[users]
        scores[np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)), seen.indices] = -np.inf
        full.append((scores > wanted).sum(1) + 0.5 * ((scores == wanted).sum(1) - 1))
    among, overall = np.concatenate(sampled), np.concatenate(full)
    return {
        "HR@10": float((among < 10).mean()),
        "nDCG@10": float(np.where(among < 10, 1 / np.log2(among + 2), 0).mean()),
        "recall@20": float((overall < 20).mean()),
        "nDCG@20": float(np.where(overall < 20, 1 / np.log2(overall + 2), 0).mean()),
    }


def train_share(train: sparse.csr_matrix, share: float) -> dict[str, Any]:
    """Train on a share of the users, and say what it took; run in a process of its own for its peak memory."""
    users = np.random.default_rng(1).permutation(train.shape[0])[: max(1, round(share * train.shape[0]))]
    sets = train[np.sort(users)]
    before = peak_mb()
    begin, cpu = time.perf_counter(), time.process_time()
    factors = train_factors(sets)
    return {
        "share": share,
        "pairs": int(sets.nnz),
        "seconds": time.perf_counter() - begin,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": peak_mb(),
        "before_mb": before,
        "factors": factors,
    }


def _in_a_process(train: sparse.csr_matrix, share: float) -> dict[str, Any]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(train_share, train, share).result()


def _popular(train: sparse.csr_matrix) -> Scorer:
    popularity = np.asarray(train.sum(axis=0), dtype=np.float32)
    return lambda users: np.repeat(popularity, train[users].shape[0], axis=0)


def _item_knn(train: sparse.csr_matrix) -> Scorer:
    gram = (train.T @ train).toarray()
    np.fill_diagonal(gram, 0)
    norms = np.sqrt(np.maximum(np.asarray(train.sum(axis=0)).ravel(), 1)).astype(np.float32)
    gram /= norms[:, None] * norms[None]
    return lambda users: train[users] @ gram


def _rp3beta(train: sparse.csr_matrix, alpha: float = 0.6, beta: float = 0.4, keep: int = 600) -> Scorer:
    """Paudel et al. 2017: three steps of a walk user → item → user → item, over a power of the end's popularity."""
    popularity = np.maximum(np.asarray(train.sum(axis=0)).ravel(), 1)
    sizes = np.maximum(np.asarray(train.sum(axis=1)).ravel(), 1)
    there = (sparse.diags(popularity**-alpha) @ train.T).tocsr()
    back = (sparse.diags(sizes**-alpha) @ train).tocsr()
    steps = (there @ back).toarray().astype(np.float32) * (popularity**-beta).astype(np.float32)[None]
    np.fill_diagonal(steps, 0)
    limits = np.partition(steps, -keep, axis=1)[:, -keep]
    steps[steps < limits[:, None]] = 0
    return lambda users: train[users] @ steps


def _ease(train: sparse.csr_matrix, regularisation: float) -> Scorer:
    """Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019."""
    gram = (train.T @ train).toarray().astype(np.float32)
    gram[np.diag_indices(len(gram))] += regularisation
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)[None]
    np.fill_diagonal(weights, 0)
    return lambda users: train[users] @ weights


def _together(train: sparse.csr_matrix) -> Scorer:
    matrix = count_together(train).matrix()
    sizes = np.maximum(np.asarray(train.sum(axis=1)), 1)

    def score(users: slice) -> Floats:
        found = np.asarray((train[users] @ matrix).todense()) / sizes[users]
        logs: Floats = np.log(found + SMOOTHING).astype(np.float32)
        return logs

    return score


def _ours(train: sparse.csr_matrix, factors: Factors) -> Scorer:
    """What `taste.rank.taste_scores` adds up for a person without interests and visits: factors and co-occurrence."""
    together = _together(train)

    def score(users: slice) -> Floats:
        people = factors.people(train[users])
        sums: Floats = factors.score(people, factors.outputs, factors.bias) + TOGETHER * together(users)
        return sums

    return score
