"""What people type into a search box, made from the catalogue: short phrases, and the items that each fits.

An item's own words are a title with a description behind it; what is typed is "green velvet sofa". Seen in training,
such phrases keep their place in the joint space, which boards alone would pull apart.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from catalog.encoder import Vectors
from catalog.item import Item

MAX_PHRASES = 6_000
"""Phrases that are kept, the most frequent first, and as many titles at most."""

_ENCODED_AT_A_TIME = 256


@dataclass(frozen=True)
class Phrases:
    """p phrases over n items.

    Attributes:
        text: float16 [p, Dt], the base encoder's features of the phrases.
        fits: sparse float32 [p, n], 1 where an item is what the phrase asks for. Each phrase fits at least one.
    """

    text: NDArray[np.float16]
    fits: csr_matrix

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class PhraseBatch:
    """Phrases and the candidates among which they must find what fits.

    Attributes:
        phrases: int64 [B] rows of the phrases.
        candidates: int64 [C] rows of the items, rising.
        positives: float [B, C]: 1 where a candidate fits.
    """

    phrases: Tensor
    candidates: Tensor
    positives: Tensor


def make_phrases(
    items: Sequence[Item], encode_texts: Callable[[Sequence[str]], Vectors], seed: int = 0
) -> Phrases | None:
    """Phrases for a catalogue, or None where no item has a category to ask for.

    Args:
        items: n items.
        encode_texts: the base encoder's text tower, texts → float32 [t, Dt].
        seed: of the sample of titles.
    """
    asked = [phrases_of(item) for item in items]
    if not any(asked):
        return None
    titles = {item.title.casefold() for item in items if item.title}
    counts = Counter(phrase for phrases in asked for phrase in phrases)
    common = [phrase for phrase, _ in counts.most_common() if phrase not in titles][:MAX_PHRASES]
    some = sorted(titles)
    if len(some) > MAX_PHRASES:
        some = [some[i] for i in np.random.default_rng(seed).choice(len(some), MAX_PHRASES, replace=False)]
    place = {phrase: row for row, phrase in enumerate([*common, *some])}
    pairs = [
        (place[phrase], column)
        for column, (item, phrases) in enumerate(zip(items, asked, strict=True))
        for phrase in sorted({*phrases, item.title.casefold()})
        if phrase in place
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    fits = csr_matrix((np.ones(len(pairs), np.float32), (rows, columns)), shape=(len(place), len(items)))
    texts = list(place)
    parts = [
        encode_texts(texts[start : start + _ENCODED_AT_A_TIME]) for start in range(0, len(texts), _ENCODED_AT_A_TIME)
    ]
    return Phrases(np.concatenate(parts).astype(np.float16), fits)


def phrases_of(item: Item) -> frozenset[str]:
    """What the item is an answer to: its kind, alone and behind its color, material, style, and two of them."""
    if not item.category:
        return frozenset()
    kind = item.category[-1].casefold()
    color, material, style = (
        [value.casefold() for value in values[:1]] for values in (item.colors, item.materials, item.styles)
    )
    before = [[], color, material, style, color + material, style + color]
    return frozenset(" ".join([*words, kind]) for words in before)


def phrase_batches(
    phrases: Phrases, size: int, candidates: int, rng: np.random.Generator, device: str
) -> Iterator[PhraseBatch]:
    """Endless batches, each phrase once per pass. If the catalogue has more than `candidates` items, each batch draws
    its own: some that fit each phrase, and random others; what fits a phrase is never a wrong answer to it.
    """
    n = phrases.fits.shape[1]
    while True:
        order = rng.permutation(len(phrases))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            fits = phrases.fits[rows]
            chosen = np.arange(n) if n <= candidates else _draw_candidates(fits, candidates, rng)
            yield PhraseBatch(
                torch.from_numpy(rows).to(device),
                torch.from_numpy(chosen).to(device),
                torch.from_numpy(fits[:, chosen].toarray()).to(device),
            )


def _draw_candidates(fits: csr_matrix, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    each = max(1, count // (2 * fits.shape[0]))
    own = [fits.indices[fits.indptr[row] : fits.indptr[row + 1]] for row in range(fits.shape[0])]
    right = np.concatenate([rng.choice(found, each, replace=False) if len(found) > each else found for found in own])
    others = rng.integers(fits.shape[1], size=max(0, count - len(np.unique(right))))
    return np.unique(np.concatenate([right, others])).astype(np.int64)
