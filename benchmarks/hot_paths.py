"""The largest costs that profiles of the hot paths showed, before and after: `python -m benchmarks.hot_paths`.

Each is measured as it was and as it is, call by call in turn, in one run; what it was is a way that the code still has
(an index left out, all columns asked for) or one that is put in its place here (the other precision, a bare table).
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from multiprocessing import get_context
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import ray
import torch
import typer

from batch.ray_session import connect
from benchmarks.growth_feed import make_model
from benchmarks.hot_tokens import tokens
from benchmarks.report import print_table, write_results
from catalog.encoder import load_base_encoder
from catalog.release import ReleaseStore
from catalog.search import ItemSearch, Probe
from serve_app.retriever import Found
from taste.model import TasteModel

Act = Callable[[], Any]
ITEMS = 1_000_000
PAGE = 24
_QUERY = "a green velvet sofa for a small living room"


def main(
    release: Annotated[str, typer.Option(help="A store whose live release is the demo's.")] = ".windowshop/demo",
    items: Annotated[int, typer.Option(help="Of the made taste model.")] = ITEMS,
    repeat: Annotated[int, typer.Option(help="Calls of each.")] = 40,
) -> None:
    """Measure, print, and write docs/results/hot_paths.json."""
    write_results("hot_paths", {"costs": measure(ReleaseStore(release), items, repeat)})


def measure(store: ReleaseStore, items: int, repeat: int) -> dict[str, Any]:
    """Median milliseconds before and after, by cost."""
    costs = tokens() | encoding(repeat) | asyncio.run(searching(store, repeat)) | taste(items, repeat)
    print_table(
        "costs of the hot paths",
        ["cost", "before, ms", "after, ms", "times"],
        [[name, cost["before_ms"], cost["after_ms"], cost["times"]] for name, cost in costs.items()],
    )
    return costs


def encoding(repeat: int) -> dict[str, dict[str, float]]:
    """Words of a query, and a picture of one: in the precision that was not chosen on this machine, and the other."""
    encoder: Any = load_base_encoder()
    pixels = np.random.default_rng(0).integers(0, 255, (1, 224, 224, 3), np.uint8)

    def other(tower: str, act: Act) -> Any:
        dtype = torch.float32 if getattr(encoder, tower) is torch.bfloat16 else torch.bfloat16
        with patch.object(encoder, tower, dtype):
            return act()

    def words() -> Any:
        return encoder.encode_texts([_QUERY])

    def picture() -> Any:
        return encoder.encode_pixels(pixels)

    return {
        "a query's words, other precision → chosen": _beside(lambda: other("_read_in", words), words, repeat),
        "a picture, other precision → chosen": _beside(lambda: other("_seen_in", picture), picture, repeat),
    }


async def searching(store: ReleaseStore, repeat: int) -> dict[str, dict[str, float]]:
    """A page of results: with all that the rows hold, or what is shown; and on its way between two processes."""
    live = store.current()
    search = await ItemSearch.open(store.tables_uri, live.items.name, tag=live.tag)
    probe = Probe("words", text=_QUERY)
    whole = await search.find([probe], limit=PAGE, with_vectors=True)
    shown = await search.find([probe], limit=PAGE, with_vectors=False)
    found = Found(live.id, shown)
    plain = {one.name: getattr(found, one.name) for one in fields(found)}

    async def find(with_vectors: bool) -> pa.Table:
        return await search.find([probe], limit=PAGE, with_vectors=with_vectors)

    pages = await _beside_async(lambda: find(True), lambda: find(False), repeat)
    with _ray():
        way = _beside(lambda: _there_and_back({**plain, "table": whole}), lambda: _there_and_back(found), repeat)
    return {
        "a page of results, with vectors → without": pages,
        "a page on its way, by columns with vectors → one stream without": way,
    }


def taste(items: int, repeat: int) -> dict[str, dict[str, float]]:
    """A feed's candidates, its evidence, and opening the model, of a made model."""
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(make_model, items, folder).result()
        model = TasteModel.load(folder)
        exact = replace(model, nearest=None)
        _ = (model.popular, exact.popular)
        random = np.random.default_rng(1)
        vector = model.factors.outputs[int(random.integers(items))]
        person, candidates = random.integers(0, items, 60), random.integers(0, items, 160)
        weights = np.ones(len(person), np.float32)
        nobody = np.empty(0, np.int64)

        def in_memory() -> int:
            loaded = TasteModel.load(folder)
            ids = list(loaded.items)
            return len(dict(zip(ids, range(len(ids)), strict=True))) + len(list(loaded.titles))

        few = max(2, repeat // 8)
        return {
            "a feed's candidates, all items → an index": _beside(
                lambda: exact.best(vector, 160, nobody), lambda: model.best(vector, 160, nobody), few
            ),
            "evidence of company, of all items → of the candidates": _beside(
                lambda: model.together.evidence(person, weights)[candidates],
                lambda: model.together.evidence(person, weights, candidates),
                few,
            ),
            "opening a taste model, names in memory → mapped": _beside(in_memory, lambda: TasteModel.load(folder), 2),
        }


@contextmanager
def _ray() -> Iterator[None]:
    connect()
    try:
        yield
    finally:
        ray.shutdown()


def _there_and_back(answer: Any) -> Any:
    return ray.get(ray.put(answer))


def _beside(before: Act, after: Act, repeat: int) -> dict[str, float]:
    """Median milliseconds of both, called in turn."""
    before(), after()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for act, times in zip((before, after), taken, strict=True):
            began = time.perf_counter()
            act()
            times.append(time.perf_counter() - began)
    return _row(taken)


async def _beside_async(
    before: Callable[[], Awaitable[Any]], after: Callable[[], Awaitable[Any]], repeat: int
) -> dict[str, float]:
    await before()
    await after()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for act, times in zip((before, after), taken, strict=True):
            began = time.perf_counter()
            await act()
            times.append(time.perf_counter() - began)
    return _row(taken)


def _row(taken: Sequence[Sequence[float]]) -> dict[str, float]:
    before, after = (1e3 * statistics.median(times) for times in taken)
    return {"before_ms": before, "after_ms": after, "times": before / after}


if __name__ == "__main__":
    typer.run(main)
