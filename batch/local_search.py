"""A release's search in this process, as a chat turn wants it: what an application asks its deployments."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from batch.train_taste import load_model
from catalog.encoder import Encoder, Vectors, load_encoder, normalise
from catalog.filters import Filters
from catalog.item import Item
from catalog.release import Release, ReleaseStore
from catalog.search import MAX_DEPTH, ItemSearch, Probe, Sort, query_probes
from catalog.table import DETAIL_COLUMN, ITEM_COLUMNS, item_from_row, vectors_from_arrow
from navigator.finding import Means
from navigator.lexicon import Lexicon
from navigator.loading import load_config
from navigator.prompt import Shown
from navigator.sets import Candidate
from navigator.sight import Sight, open_sight
from navigator.wish import Wish
from taste.complements import complements
from taste.diversify import diversify
from taste.model import TasteModel

Encoded = dict[str, list[Vectors]]

_READ = (DETAIL_COLUMN, "joint_vector", "image_vector")
"""Columns that Navigator may read, in order of preference."""

_SORTS: dict[str, Sort] = {"price_low": "price_asc", "price_high": "price_desc"}
_WORD_KINDS = ("brand", "color", "material", "style")
_WORDS = 3_000
_VARIED, _VARIETY = 16, 0.15
"""As an application orders what is found for somebody whose taste is unknown."""


@dataclass
class LocalSearch:
    """A release opened for searching; shared by all conversations of an evaluation.

    Args:
        taste: what people put together; None where the release has no taste model.
        vectors_per_item: as the release's Navigator reads them.
    """

    release: Release
    search: ItemSearch
    encoder: Encoder
    lexicon: Lexicon
    taste: TasteModel | None = None
    vectors_per_item: int = 1
    _encoded: dict[str, Encoded] = field(default_factory=dict)
    _tower: threading.Lock = field(default_factory=threading.Lock)

    def means(self, picture: Image.Image | Encoded | None = None) -> Means:
        """For `navigator.finding`, of a turn that is about this picture, just sent or encoded in an earlier turn."""

        async def look(wish: Wish, count: int) -> list[Candidate]:
            return await self._look(wish, count, picture if wish.picture else None)

        return Means(look, self._goes_with, _order)

    async def encode(self, text: str | None, picture: Image.Image | None = None) -> Encoded:
        """Vectors of words, of a picture, or of both in one; words are encoded once."""
        if picture is None and text in self._encoded:
            return self._encoded[text]
        pixels = None if picture is None else self.encoder.base.preprocess(picture.convert("RGB"))

        def encode() -> Encoded:
            with self._tower:  # the towers are not safe to share between threads
                return self.encoder.query_vectors(text=text or None, pixels=pixels)

        encoded = await asyncio.to_thread(encode)
        if picture is None and text:
            self._encoded[text] = encoded
        return encoded

    async def shown(self, ids: Sequence[str]) -> tuple[Shown, ...]:
        """Items by id, with their vectors; unknown ones are left out."""
        table = await self.search.get(ids, columns=[*self.search.settings.columns, *self.search.carried_columns])
        return tuple(self._shown(table))

    async def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """Those of the items that the release has, by id."""
        rows = (await self.search.get(ids, columns=ITEM_COLUMNS)).select(ITEM_COLUMNS).to_pylist()
        return {row["id"]: item_from_row(row) for row in rows}

    async def _look(self, wish: Wish, count: int, picture: Image.Image | Encoded | None) -> list[Candidate]:
        vectors = await self._vectors(wish.text, picture)
        probes = query_probes(wish.text or None, vectors, has_picture=picture is not None)
        probes += await self._resembling(wish.like)
        found = await self.search.find(
            probes,
            Filters.of(wish),
            limit=min(count, MAX_DEPTH),
            sort=_SORTS.get(wish.sort, "relevance") if wish.wanted.get("category") else "relevance",
        )
        scores = found["score"].to_pylist()
        return [Candidate(shown, score) for shown, score in zip(self._shown(found), scores, strict=True)]

    async def _vectors(self, text: str, picture: Image.Image | Encoded | None) -> Encoded:
        if isinstance(picture, Image.Image):
            return await self.encode(text, picture)
        words = await self.encode(text) if text else {}
        if picture is None:
            return words
        return {name: [*picture.get(name, ()), *words.get(name, ())] for name in dict.fromkeys((*picture, *words))}

    async def _resembling(self, ids: Sequence[str]) -> list[Probe]:
        """Probes for items like these, by the mean of their vectors in each column."""
        if not ids:
            return []
        rows = await self.search.get(ids, columns=self.search.vector_columns)
        means = {name: normalise(vectors_from_arrow(rows[name]).sum(axis=0)) for name in self.search.vector_columns}
        return [Probe(by="similar", column=name, vector=mean) for name, mean in means.items() if mean.any()]

    async def _goes_with(self, item_id: str, count: int) -> list[Candidate]:
        if self.taste is None:
            return []
        kept = await asyncio.to_thread(complements, self.taste, item_id, count=count)
        return [
            Candidate(entry, 1.0 / (rank + 2)) for rank, entry in enumerate(await self.shown([c.item for c in kept]))
        ]

    def _shown(self, table: pa.Table) -> list[Shown]:
        column = next(name for name in _READ if name in table.column_names)
        vectors = vectors_from_arrow(table[column]).astype(np.float32)
        rows = table.select(ITEM_COLUMNS).to_pylist()
        return [
            Shown(item_from_row(row), vector.reshape(self.vectors_per_item, -1))
            for row, vector in zip(rows, vectors, strict=True)
        ]


@dataclass(frozen=True)
class Reading:
    """How a Navigator reads what is found, see `NavigatorConfig`, and what its read-outs tell."""

    vectors_per_item: int = 1
    vocabulary: tuple[str, ...] = ()
    told_which: bool = False
    sight: Sight | None = None


def reading_of(checkpoint: Path) -> Reading:
    """That of a checkpoint. Raises BadCheckpoint."""
    config = load_config(checkpoint)
    sight = open_sight(checkpoint, config)
    return Reading(config.vectors_per_item, tuple(config.vocabulary), config.told_which, sight)


async def open_search(
    store: ReleaseStore,
    release: Release,
    reading: Reading | None = None,
) -> LocalSearch:
    """Open a release's table, encoder and taste model.

    Args:
        reading: of the Navigator that is to talk about it.

    Raises:
        NotFound: a part of the release is not there.
        VersionMismatch: one was made with another encoder.
    """
    reading = reading or Reading()
    search = await ItemSearch.open(
        store.tables_uri, release.items.name, tag=release.tag, encoder_version=release.encoder.version
    )
    narrowest, above = await search.category_levels()
    counts = await search.facet_counts(_WORD_KINDS, limit=_WORDS)
    words: dict[Any, tuple[str, ...]] = {kind: tuple(value for value, _ in found) for kind, found in counts.items()}
    words["category"] = tuple(sorted(narrowest, key=lambda name: -narrowest[name])[:_WORDS])
    return LocalSearch(
        release=release,
        search=search,
        encoder=await asyncio.to_thread(load_encoder, store, release.encoder),
        lexicon=Lexicon(words, tuple(above), reading.vocabulary, reading.told_which, reading.sight),
        taste=open_taste(store, release),
        vectors_per_item=reading.vectors_per_item,
    )


def open_taste(store: ReleaseStore, release: Release) -> TasteModel | None:
    """A release's taste model, wherever the store lies; None where it has none.

    Raises:
        NotFound, VersionMismatch: as `TasteModel.load`.
    """
    if release.taste is None:
        return None
    return load_model(store, release.taste, encoder_version=release.encoder.version)


async def _order(candidates: Sequence[Candidate], reorder: bool) -> list[Candidate]:
    """The best in an order in which neighbours differ a little, then the rest."""
    best = list(candidates[:_VARIED])
    if not reorder or len(best) < 3:
        return list(candidates)
    scores = np.array([one.score for one in best], np.float32)
    spread = max(float(scores.std()), 1e-6)
    vectors = normalise(np.stack([one.shown.vectors.mean(axis=0) for one in best]))
    order = diversify(((scores - scores.mean()) / spread).astype(np.float32), vectors, len(best), weight=_VARIETY)
    return [*(best[place] for place in order), *candidates[_VARIED:]]
