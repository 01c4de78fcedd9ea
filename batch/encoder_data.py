"""What a head is trained on: the cached base features of a catalogue, and boards that say what belongs together.

Boards come as JSON lines with `items` (ids of products that somebody put together: a pinned board, a furnished room, an
outfit, what was viewed in one visit) and optionally `id`. Items that the catalogue does not have are passed over.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import fsspec
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from batch.encoder_phrases import Phrases
from catalog.encoder import Features, Vectors
from catalog.errors import BadSource, NotFound

MAX_BOARD = 50
"""Of longer boards a random part of this many items is used: pairs grow with the square of a board's length."""


@dataclass(frozen=True)
class TrainingItems:
    """Items with their base features, in memory. A million take about 3.3 GB with the packaged encoder."""

    ids: list[str]
    image: NDArray[np.float16]  # [n, Di]
    text: NDArray[np.float16]  # [n, Dt]
    groups: NDArray[np.int64] | None = field(default=None)
    """[n]; items of one group are variants of each other, and no wrong answers for each other's words."""
    phrases: Phrases | None = field(default=None)
    """What people may ask for; None where the items' own words have to do."""

    def __len__(self) -> int:
        return len(self.ids)

    def features(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Float32 image [b, Di] and text [b, Dt] features of some rows."""
        return torch.from_numpy(self.image[rows].astype(np.float32)), torch.from_numpy(
            self.text[rows].astype(np.float32)
        )


def gather_items(
    batches: Iterable[tuple[Sequence[str], Features]], wanted: set[str], limit: int, seed: int
) -> TrainingItems:
    """Keep all `wanted` items (those on boards) and a uniform sample of the others, `limit` in all.

    Args:
        batches: (ids, features) of the catalogue, as `batch.precompute.iter_features` gives them. An id that comes
            again replaces what came before.
        wanted: ids that are kept first.
        limit: most items to hold; bounds memory.
        seed: of the sample.
    """
    rng = np.random.default_rng(seed)
    kept: dict[str, tuple[NDArray[np.float16], NDArray[np.float16]]] = {}
    others: list[str] = []
    room = max(0, limit - len(wanted))
    seen = 0
    for ids, features in batches:
        image, text = features.image.astype(np.float16), features.text.astype(np.float16)
        for i, item_id in enumerate(ids):
            if item_id not in kept and item_id not in wanted:
                seen += 1
                if len(others) < room:
                    others.append(item_id)
                else:  # reservoir sampling
                    place = int(rng.integers(seen))
                    if place >= room:
                        continue
                    del kept[others[place]]
                    others[place] = item_id
            kept[item_id] = (image[i], text[i])
    ids_kept = sorted(kept)
    if not ids_kept:
        raise NotFound("there are no cached features to train on; run `python -m batch.precompute` first")
    return TrainingItems(ids_kept, np.stack([kept[i][0] for i in ids_kept]), np.stack([kept[i][1] for i in ids_kept]))


def read_boards(uri: str) -> list[list[str]]:
    """Boards as lists of ids, from JSON lines at a path or fsspec URI (`.gz` allowed).

    Raises:
        NotFound: there is no such file.
        BadSource: a line is not an object with a list `items`.
    """
    try:
        with fsspec.open(uri, "rb", compression="infer") as file:
            return [_board(line, number, uri) for number, line in enumerate(file, start=1) if line.strip()]
    except FileNotFoundError as error:
        raise NotFound(f"there are no boards at {uri}") from error


def board_rows(boards: Iterable[Sequence[str]], ids: Sequence[str]) -> list[NDArray[np.int64]]:
    """Boards as rows of `ids`, without items that are not there and boards that are left with fewer than two."""
    position = {item_id: row for row, item_id in enumerate(ids)}
    found = (sorted({position[item] for item in board if item in position}) for board in boards)
    return [np.array(rows, dtype=np.int64) for rows in found if len(rows) > 1]


def shared_boards(boards: Sequence[NDArray[np.int64]], n: int, seed: int = 0) -> csr_matrix:
    """How many boards two of n items share: float32 [n, n], sparse, symmetric, zero on the diagonal."""
    rng = np.random.default_rng(seed)
    short = [b if len(b) <= MAX_BOARD else rng.choice(b, MAX_BOARD, replace=False) for b in boards]
    rows = np.concatenate(short) if short else np.zeros(0, np.int64)
    columns = np.repeat(np.arange(len(short)), [len(b) for b in short])
    holds = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(n, len(short)))
    shared = (holds @ holds.T).tocsr()
    shared.setdiag(0)
    shared.eliminate_zeros()
    return shared


def split(n: int, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows 0..n-1 at random as (kept, held out), with about `share` of them held out; both sorted."""
    order = np.random.default_rng(seed).permutation(n)
    held = round(n * share)
    return np.sort(order[held:]), np.sort(order[:held])


def unit(values: Vectors) -> Vectors:
    """Centre the rows that are not zero and scale them to unit length; zero rows stay zero."""
    known = np.abs(values).max(axis=1) > 0
    centred = np.where(known[:, None], values - values[known].mean(axis=0), 0) if known.any() else values
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    return (centred / np.maximum(norms, 1e-12)).astype(np.float32)


def batches_of(rows: NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rows once in random order, in batches of at most `size`."""
    order = rng.permutation(rows)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _board(line: bytes, number: int, uri: str) -> list[str]:
    try:
        items = json.loads(line)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadSource(f'{uri}, line {number}: a board is {{"items": [ids]}}, not {line[:80]!r}') from error
    if not isinstance(items, list):
        raise BadSource(f"{uri}, line {number}: items must be a list of ids, not {str(items)[:80]!r}")
    return [str(item) for item in items]
