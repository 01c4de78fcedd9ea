"""Taste beside a library of factorisation: `python -m benchmarks.taste_peers`.

implicit's alternating least squares and Bayesian personalised ranking on pinterest20, with the split and the measures
of `benchmarks.taste` (section pinterest20), where Windowshop's own rows are. As many factors as Windowshop has; the
other settings were chosen among those in `TRIED` on validation items of `TUNED_ON` users.
"""

import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.report import print_table, write_results
from benchmarks.taste_pinterest import FOLDER, Floats, Scorer, Split, evaluate, read_split

THREADS = 2
FACTORS = 128
TUNED_ON = 20_000
TRIED: dict[str, tuple[dict[str, float], ...]] = {
    "implicit, ALS": (
        {"regularization": 1.0, "alpha": 1.0},
        {"regularization": 1.0, "alpha": 10.0},
        {"regularization": 10.0, "alpha": 10.0},
    ),
    "implicit, BPR": (
        {"learning_rate": 0.05, "regularization": 0.01},
        {"learning_rate": 0.05, "regularization": 0.002},
    ),
}
ITERATIONS = {"implicit, ALS": 15, "implicit, BPR": 60}


def measure(users: int | None = None) -> dict[str, Any]:
    """HR@10, nDCG@10, recall@20, nDCG@20 and what training took, by method.

    Args:
        users: only so many, for a quick look.

    Raises:
        FileNotFoundError: the data is not there.
    """
    versions = peers.install("implicit")
    test = _some(read_split(FOLDER, validation=False), users)
    validation = _some(read_split(FOLDER, validation=True), min(users or TUNED_ON, TUNED_ON))
    figures: dict[str, Any] = {}
    for name, tried in TRIED.items():
        reached = []
        for settings in tried:
            scorer, _, _ = _fit(name, validation, settings)
            reached.append(evaluate(validation, scorer)["nDCG@10"])
            print(name, settings, "on validation items:", round(reached[-1], 4), flush=True)
        best = tried[int(np.argmax(reached))]
        scorer, seconds, cpu_seconds = _fit(name, test, best)
        figures[name] = {**evaluate(test, scorer), "fit_s": seconds, "fit_cpu_s": cpu_seconds, **best}
    return {"versions": versions, "factors": FACTORS, "users": test.train.shape[0], "methods": figures}


def _fit(name: str, split: Split, settings: dict[str, float]) -> tuple[Scorer, float, float]:
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    makers: dict[str, Callable[..., Any]] = {
        "implicit, ALS": AlternatingLeastSquares,
        "implicit, BPR": BayesianPersonalizedRanking,
    }
    model = makers[name](factors=FACTORS, iterations=ITERATIONS[name], num_threads=THREADS, random_state=0, **settings)
    began, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(1, "blas"):  # implicit has threads of its own
        model.fit(split.train, show_progress=False)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu

    def score(users: slice) -> Floats:
        scores: Floats = np.asarray(model.user_factors[users] @ model.item_factors.T, np.float32)
        return scores

    return score, seconds, cpu_seconds


def _some(split: Split, users: int | None) -> Split:
    return Split(split.train[:users], split.candidates[:users])


def main(users: Annotated[int | None, typer.Option(help="Only so many users; writes nothing.")] = None) -> None:
    """Measure, print, and write docs/results/taste_peers.json."""
    figures = measure(users)
    columns = ("HR@10", "nDCG@10", "recall@20", "nDCG@20", "fit_s", "fit_cpu_s")
    rows = [[name, *(row[column] for column in columns)] for name, row in figures["methods"].items()]
    print_table(f"pinterest20: {figures['users']} users", ["method", *columns], rows)
    if users is None:
        write_results("taste_peers", {"peers": figures})


if __name__ == "__main__":
    typer.run(main)
