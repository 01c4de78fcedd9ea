"""The deployment that finds items: one pinned version of the item table for each open release."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.encoder import QueryComposer, Vectors, load_query_composer
from catalog.errors import NotFound
from catalog.filters import Filters
from catalog.release import Release, ReleaseStore
from catalog.search import WORDS_WEIGHT, ItemSearch, Probe, SearchSettings, Sort, query_probes
from catalog.table import vectors_from_arrow
from serve_app.errors import EncoderBehind
from serve_app.live import Live
from serve_app.logs import join_serve_log

FACET_KINDS = ("category", "brand", "color", "material", "style", "availability")
_FACETS_KEPT = 200
_WORD_KINDS = ("brand", "color", "material", "style")
_WORDS_KEPT = 3_000


@dataclass(frozen=True)
class Lookup:
    """One search, as the retriever wants it."""

    text: str | None = None
    vectors: dict[str, list[Vectors]] = field(default_factory=dict)
    encoder_version: str | None = None
    """Whose vectors these are; None if there are none."""
    has_picture: bool = False
    item_ids: tuple[str, ...] = ()
    words: Vectors | None = None
    """Float32 [Dt]: how the items are to be changed, as the release's composer reads it; None for items as they are."""
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    limit: int = 24
    offset: int = 0
    release: str | None = None
    """Search this release and no other; None for the live one."""
    with_vectors: bool = False
    """Whether the vectors of the found items travel along, for those who score them further."""


@dataclass(frozen=True)
class Found:
    """What came out."""

    release: str
    table: pa.Table
    """The item columns, `score`, `why`, and the vector columns if they were asked for."""
    missing: tuple[str, ...] = ()
    """Item ids that the release does not have."""
    live_encoder: str = ""
    """Encoder version of the live release, which this one need not be."""
    took_ms: float = 0.0

    def __reduce__(self) -> tuple[Callable[..., "Found"], tuple[pa.Buffer, dict[str, Any]]]:
        """Pickles the table as one Arrow IPC stream; by columns, as Ray does it, a page takes a millisecond more."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as stream:
            stream.write_table(self.table)
        others = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "table"}
        return _found, (sink.getvalue(), others)


def _found(stream: pa.Buffer, others: dict[str, Any]) -> Found:
    return Found(table=pa.ipc.open_stream(stream).read_all(), **others)


@dataclass(frozen=True)
class Facets:
    """What a release can be filtered by."""

    release: str
    items: int
    counts: dict[str, list[tuple[str, int]]]
    price: tuple[float, float, str | None] | None


@dataclass(frozen=True)
class CatalogueWords:
    """The values that a release's filters know: by kind, of categories the narrowest, and the categories above them."""

    release: str
    values: dict[str, tuple[str, ...]]
    groups: tuple[str, ...]
    currency: str | None


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of an item."""

    data: bytes
    etag: str


class Shelf:
    """One release's item table, open for reading."""

    def __init__(self, release: Release, search: ItemSearch, composer: QueryComposer | None = None) -> None:
        self.release = release
        self.search = search
        self.composer = composer
        self.facets: Facets | None = None


class Retriever:
    """Answers from the live release, or from the one that a request is pinned to."""

    async def __init__(self, release_uri: str, *, poll_s: float = 3.0, settings: SearchSettings | None = None) -> None:  # type: ignore[misc]  # Serve awaits it
        join_serve_log()
        self._store = ReleaseStore(release_uri)
        self._settings = settings or SearchSettings()
        self._live: Live[Shelf] = Live(self._store, self._open, poll_s)
        await self._live.start()

    async def find(self, lookup: Lookup) -> Found:
        """One page of a search.

        Raises:
            EncoderBehind: no open release has vectors of the query's encoder version.
            ReleaseGone: the release asked for is not there any more.
            NotFound: items were pointed at, and the release has none of them.
        """
        began = time.perf_counter()
        shelf = await self._shelf_for(lookup)
        probes = query_probes(lookup.text, lookup.vectors, has_picture=lookup.has_picture)
        filters = lookup.filters
        missing: tuple[str, ...] = ()
        if lookup.item_ids:
            similar, missing = await _similar_to(shelf.search, lookup.item_ids)
            probes = changed_items(similar, probes, shelf, lookup.words)
            filters = filters.model_copy(update={"exclude_ids": (*filters.exclude_ids, *lookup.item_ids)})
        table = await shelf.search.find(
            probes,
            filters,
            limit=lookup.limit,
            offset=lookup.offset,
            sort=lookup.sort,
            with_vectors=lookup.with_vectors,
        )
        live_encoder = self._live.current.search.encoder_version
        return Found(shelf.release.id, table, missing, live_encoder, (time.perf_counter() - began) * 1e3)

    async def items(self, ids: tuple[str, ...], with_vectors: bool = False, release: str | None = None) -> Found:
        """Items by id, in that order, of one release or of the live one. Unknown ones are named in `missing`."""
        shelf = await self._live.get(release) if release else self._live.current
        columns = [*shelf.search.settings.columns, *(shelf.search.carried_columns if with_vectors else ())]
        table = await shelf.search.get(ids, columns=columns)
        known = set(table["id"].to_pylist())
        return Found(shelf.release.id, table, tuple(one for one in ids if one not in known))

    async def thumbnail(self, item_id: str) -> Thumbnail:
        """The small picture of an item. Raises NotFound if there is no such item, or no picture of it."""
        found = await self._live.current.search.get([item_id], columns=["thumbnail"])
        data = found["thumbnail"][0].as_py() if found.num_rows else None
        if not data:
            raise NotFound(f"there is no picture of an item {item_id!r}")
        return Thumbnail(data, hashlib.blake2b(data, digest_size=12).hexdigest())

    async def facets(self) -> Facets:
        """What the live release can be filtered by; counted once per release."""
        shelf = self._live.current
        if shelf.facets is None:
            counts = await shelf.search.facet_counts(FACET_KINDS, limit=_FACETS_KEPT)
            price = await shelf.search.price_range()
            shelf.facets = Facets(shelf.release.id, shelf.release.items.rows, counts, price)
        return shelf.facets

    async def words(self, release: str) -> CatalogueWords:
        """What a release can be filtered by, as words. Raises ReleaseGone."""
        search = (await self._live.get(release)).search
        narrowest, above = await search.category_levels()
        counts = await search.facet_counts(_WORD_KINDS, limit=_WORDS_KEPT)
        price = await search.price_range()
        values = {kind: tuple(value for value, _ in counted) for kind, counted in counts.items()}
        kinds = sorted(narrowest, key=lambda name: -narrowest[name])[:_WORDS_KEPT]
        return CatalogueWords(release, {**values, "category": tuple(kinds)}, tuple(above), price[2] if price else None)

    async def release(self) -> Release:
        """The live release. Raises NoRelease."""
        return self._live.current.release

    async def _shelf_for(self, lookup: Lookup) -> Shelf:
        """The release to search: pinned, or live, or the latest one whose vectors can be compared with the query's."""
        live = self._live.current
        candidates = [await self._live.get(lookup.release)] if lookup.release else self._live.held
        if lookup.encoder_version is None:
            return candidates[0]
        for shelf in candidates:
            if shelf.search.encoder_version == lookup.encoder_version:
                return shelf
        wanted = candidates[0] if lookup.release else live
        raise EncoderBehind(wanted.search.encoder_version, lookup.encoder_version)

    async def _open(self, release: Release) -> Shelf:
        search = await ItemSearch.open(
            self._store.tables_uri,
            release.items.name,
            tag=release.tag,
            encoder_version=release.encoder.version,
            settings=self._settings,
        )
        composer = await asyncio.to_thread(load_query_composer, self._store, release.encoder)
        return Shelf(release, search, composer)


def changed_items(similar: list[Probe], asked: list[Probe], shelf: Shelf, words: Vectors | None) -> list[Probe]:
    """The probes for items and words together.

    Without a composer both are asked for side by side. With one, the words change the items in the joint space, and
    what the words alone would find there is left out: it is of any kind.
    """
    if shelf.composer is None or words is None:
        return asked + similar
    changed = [
        replace(probe, vector=shelf.composer.compose(probe.vector[None], words[None])[0], weight=WORDS_WEIGHT)
        for probe in similar
        if probe.vector is not None
    ]
    kept = [probe if probe.by == "picture" else replace(probe, weight=1.0) for probe in asked if probe.by != "meaning"]
    return kept + changed


async def _similar_to(search: ItemSearch, ids: tuple[str, ...]) -> tuple[list[Probe], tuple[str, ...]]:
    """Probes for items like these, by the mean of their own vectors in each column, and the ids that are unknown."""
    rows = await search.get(ids, columns=search.vector_columns)
    if not rows.num_rows:
        raise NotFound(f"there is no item {ids[0]!r}" if len(ids) == 1 else f"none of the {len(ids)} items exists")
    probes = []
    for column in search.vector_columns:
        vectors = vectors_from_arrow(rows[column])  # [n, d]; a zero row has nothing in this space
        mean = vectors[np.any(vectors != 0, axis=1)].sum(axis=0)
        norm = float(np.linalg.norm(mean))
        if norm > 0:
            probes.append(Probe(by="similar", column=column, vector=(mean / norm).astype(np.float32)))
    known = set(rows["id"].to_pylist())
    return probes, tuple(one for one in ids if one not in known)
