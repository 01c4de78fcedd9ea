"""Search over one pinned version of the item table: vectors and full text, filtered, and fused into one ranking.

Each list of candidates comes from one index (the words, or one query vector in one column). They are fused by
reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009), which needs no common scale between BM25 and cosine. What
comes out is one Arrow table, vectors included, so that nobody downstream looks an item up again.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.encoder import Vectors
from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.filters import Filters, id_in
from catalog.stop_words import content_words
from catalog.table import ENCODER_KEY, ITEM_COLUMNS, vector_columns

if TYPE_CHECKING:  # see `catalog.table`
    import lancedb
    from lancedb.query import AsyncFTSQuery, AsyncVectorQuery

RRF_K = 60
"""The constant of reciprocal rank fusion; 60 is the authors' choice and hardly matters."""

WORDS_WEIGHT = 3.0
"""Weight of full text against a vector list. Chosen on queries such as "white candle holder" over the demo's truth,
where recall@10 is .80 at 1, .87 at 3 and .86 for full text alone; `benchmarks/search_relevance.py` is the test."""

MAX_DEPTH = 1000
"""How far down a ranking pages may go."""

SORT_DEPTH = 200
"""How many of the best matches are put in order of price when a search asks for that."""

Sort = Literal["relevance", "price_asc", "price_desc"]


@dataclass(frozen=True)
class Probe:
    """One list of candidates to ask for: words, or a vector in a column."""

    by: str
    """What a person would call it: words, text, picture, similar."""
    text: str | None = None
    column: str | None = None
    vector: Vectors | None = None  # float32 [d]
    weight: float = 1.0


@dataclass(frozen=True)
class SearchSettings:
    """How hard the vector index looks. Values chosen by `benchmarks/search.py`."""

    nprobes: int = 40
    """IVF partitions that a query visits."""
    refine_factor: int = 10
    """How many times more candidates are re-scored with their exact vectors."""
    candidates: int = 100
    """Least length of each candidate list before fusion."""
    exact: bool = False
    """Scan all vectors instead of using the index."""
    columns: tuple[str, ...] = field(default=tuple(ITEM_COLUMNS))


class ItemSearch:
    """Reads one version of an item table. Safe to share between coroutines."""

    def __init__(
        self, table: "lancedb.table.AsyncTable", schema: pa.Schema, settings: SearchSettings, indexed: frozenset[str]
    ) -> None:
        self._table = table
        self.schema = schema
        self.settings = settings
        self.encoder_version = (schema.metadata or {}).get(ENCODER_KEY, b"").decode()
        self.vector_columns = vector_columns(schema)
        self.carried_columns = [*self.vector_columns, *(name for name in ("detail",) if name in schema.names)]
        self._indexed = indexed

    @classmethod
    async def open(
        cls,
        uri: str,
        name: str,
        *,
        tag: str | int | None = None,
        encoder_version: str | None = None,
        settings: SearchSettings | None = None,
        storage_options: dict[str, str] | None = None,
    ) -> "ItemSearch":
        """Open the table `name` of the database at `uri`, at a tag or version.

        Raises:
            NotFound: no such table or tag.
            VersionMismatch: the table's vectors are not of `encoder_version`.
        """
        import lancedb

        db = await lancedb.connect_async(uri, storage_options=storage_options)
        try:
            table = await db.open_table(name)
            if tag is not None:
                await table.checkout(tag)
        except (FileNotFoundError, ValueError, RuntimeError) as error:
            raise NotFound(f"there is no table {name!r} at {tag!r} in {uri}: {error}") from error
        schema = await table.schema()
        indexed = frozenset(column for index in await table.list_indices() for column in index.columns)
        search = cls(table, schema, settings or SearchSettings(), indexed)
        if encoder_version is not None and search.encoder_version != encoder_version:
            raise VersionMismatch(
                f"table {name!r} holds vectors of encoder {search.encoder_version!r}, not of {encoder_version!r}"
            )
        return search

    async def count(self) -> int:
        """Rows in the table."""
        return int(await self._table.count_rows())

    async def find(
        self,
        probes: Sequence[Probe],
        filters: Filters | None = None,
        *,
        limit: int = 24,
        offset: int = 0,
        sort: Sort = "relevance",
        with_vectors: bool = True,
    ) -> pa.Table:
        """The items of ranks offset..offset+limit of the fused ranking.

        The ranking does not depend on how it is cut into pages: see `_ranking`.

        Args:
            probes: the lists to fuse; without any, the catalogue is browsed in its own order.
            filters: conditions that every item meets.
            limit: items on the page.
            offset: rank before the first of them.
            sort: by price instead: the best SORT_DEPTH matches, or everything when browsing; without a price last.
            with_vectors: whether the vector columns, and details if there are any, are read and returned.

        Returns:
            A table with the item columns, the vector columns, `score` (float32 in 0..1, 1 being first in every list)
            and `why` (list of {by, rank}: the lists that the item was found in, ranks from 1).

        Raises:
            InvalidInput: the page lies below MAX_DEPTH, or a probe fits no column.
        """
        if offset < 0 or limit < 1 or offset + limit > MAX_DEPTH:
            raise InvalidInput(f"a search goes at most {MAX_DEPTH} items deep; narrow it with filters instead")
        where = (filters or Filters()).to_sql()
        columns = [*self.settings.columns, *(self.carried_columns if with_vectors else ())]
        if not probes:
            return await self._browse(where, limit, offset, sort, columns)
        hits = await self._ranking(probes, where, offset + limit if sort == "relevance" else SORT_DEPTH)
        if sort != "relevance":
            hits = await self._by_price(hits[:SORT_DEPTH], descending=sort == "price_desc")
        page = hits[offset : offset + limit]
        return _with_scores(await self._rows([hit.row_id for hit in page], columns), page)

    async def get(self, ids: Sequence[str], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows with these ids, in the order asked; unknown ids are left out."""
        names = list(dict.fromkeys(["id", *(columns or [*self.settings.columns, *self.vector_columns])]))
        unique = list(dict.fromkeys(ids))
        if not unique:
            return self.schema.empty_table().select(names)
        found = await self._table.query().where(id_in(unique)).select(names).limit(len(unique)).to_arrow()
        position = {row_id: i for i, row_id in enumerate(found["id"].to_pylist())}
        order = pa.array([position[row_id] for row_id in unique if row_id in position], pa.int64())
        return found.take(order).select(names)

    async def facet_counts(self, kinds: Sequence[str], limit: int = 50) -> dict[str, list[tuple[str, int]]]:
        """The most frequent values of each facet kind (category, color, ...) with their counts, most frequent first."""
        counts: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
        batches = await self._table.query().select(["facets"]).to_batches()
        async for batch in batches:
            for value in batch.column("facets").flatten().value_counts().to_pylist():
                kind, _, word = value["values"].partition(":")
                if kind in counts:
                    counts[kind][word] = counts[kind].get(word, 0) + value["counts"]
        return {
            kind: sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))[:limit] for kind, words in counts.items()
        }

    async def category_levels(self) -> tuple[dict[str, int], dict[str, int]]:
        """Categories in lower case with their counts: the narrowest of each item's path, and those above them."""
        narrowest: dict[str, int] = {}
        above: dict[str, int] = {}
        batches = await self._table.query().select(["category"]).to_batches()
        async for batch in batches:
            paths = pc.binary_join(batch.column("category"), "\n")
            for path in paths.value_counts().to_pylist():
                names = [name.casefold() for name in (path["values"] or "").split("\n") if name]
                for name in names[-1:]:
                    narrowest[name] = narrowest.get(name, 0) + path["counts"]
                for name in names[:-1]:
                    above[name] = above.get(name, 0) + path["counts"]
        return narrowest, above

    async def price_range(self) -> tuple[float, float, str | None] | None:
        """(lowest price, highest price, currency of the first priced item), or None if nothing has a price."""
        found = await self._table.query().where("price IS NOT NULL").select(["price", "currency"]).to_arrow()
        if not found.num_rows:
            return None
        lowest_highest = pc.min_max(found["price"])
        return lowest_highest["min"].as_py(), lowest_highest["max"].as_py(), found["currency"][0].as_py()

    async def _candidates(self, probe: Probe, where: str | None, depth: int) -> list[int]:
        """Row ids of one ranked list, best first."""
        if probe.vector is not None and probe.column is not None:
            query: AsyncVectorQuery | AsyncFTSQuery = self._nearest(probe.column, probe.vector)
        elif probe.text is not None:
            # LanceDB takes words in quotation marks for a phrase, and this index has no positions to find phrases by.
            words = content_words(probe.text).replace('"', " ")
            query = self._table.query().nearest_to_text(words, columns="words")
        else:
            raise InvalidInput("a probe needs words, or a vector and its column")
        if where:
            query = query.where(where)
        score = "_distance" if probe.vector is not None else "_score"
        found = await query.select([score]).with_row_id().limit(depth).to_arrow()
        return found["_rowid"].to_pylist()

    def _nearest(self, column: str, vector: Vectors) -> "AsyncVectorQuery":
        if column not in self.vector_columns:
            raise InvalidInput(f"the table has no column {column!r}; it has {', '.join(self.vector_columns)}")
        query = self._table.query().nearest_to(vector).column(column).distance_type("cosine")
        if self.settings.exact:
            query = query.bypass_vector_index()
        elif column in self._indexed:
            query = query.nprobes(self.settings.nprobes).refine_factor(self.settings.refine_factor)
        return query

    async def _ranking(self, probes: Sequence[Probe], where: str | None, needed: int) -> "list[Hit]":
        """The first `needed` or more places of the one ranking that pages are cut from.

        Lists of `candidates` are fused first. Who wants more gets, behind all of those, what longer lists add; so a
        deeper page never changes what was on the pages before it.
        """
        depth = self.settings.candidates
        lists = await asyncio.gather(*(self._candidates(probe, where, depth) for probe in probes))
        hits = fuse(probes, lists)
        if len(hits) >= needed or all(len(ranked) < depth for ranked in lists):
            return hits
        longer = await asyncio.gather(*(self._candidates(probe, where, MAX_DEPTH) for probe in probes))
        before = {hit.row_id for hit in hits}
        return hits + [hit for hit in fuse(probes, longer) if hit.row_id not in before]

    async def _by_price(self, hits: "Sequence[Hit]", *, descending: bool) -> "list[Hit]":
        found = await self._table.take_row_ids([hit.row_id for hit in hits]).select(["price"]).with_row_id().to_arrow()
        price = dict(zip(found["_rowid"].to_pylist(), found["price"].to_pylist(), strict=True))
        sign = -1.0 if descending else 1.0
        return sorted(
            hits, key=lambda hit: (price[hit.row_id] is None, sign * (price[hit.row_id] or 0.0))
        )  # stable: equal prices keep the order of relevance

    async def _rows(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        if not row_ids:
            return self.schema.empty_table().select(columns)
        found = await self._table.take_row_ids(list(row_ids)).select(list(columns)).with_row_id().to_arrow()
        position = {row_id: i for i, row_id in enumerate(found["_rowid"].to_pylist())}
        return found.take([position[row_id] for row_id in row_ids]).select(columns)

    async def _strolled(self, limit: int, offset: int, columns: Sequence[str]) -> pa.Table:
        """The whole catalogue in steps of about .618 of its length, so that a page shows some of everything.

        A catalogue's own order is by kind: its first page would be all chairs. The step has no factor in common with
        the length, so every item comes up once.
        """
        count = await self.count()
        step = max(1, round(count * 0.618))
        while math.gcd(step, count) > 1:
            step += 1
        places = [rank * step % count for rank in range(offset, min(offset + limit, count))]
        if not places:
            return self.schema.empty_table().select(columns)
        found = await self._table.take_offsets(sorted(places)).select(list(columns)).to_arrow()
        rank = {place: i for i, place in enumerate(sorted(places))}
        return found.take([rank[place] for place in places]).select(columns)

    async def _browse(self, where: str | None, limit: int, offset: int, sort: Sort, columns: Sequence[str]) -> pa.Table:
        """Without a query: the catalogue in its own order, or by price."""
        if sort == "relevance" and not where:
            rows = await self._strolled(limit, offset, columns)
            return _with_scores(rows, [Hit(row_id=-1, score=0.0, why=()) for _ in range(rows.num_rows)])
        query = self._table.query()
        query = query.where(where) if where else query
        if sort == "relevance":
            rows = await query.select(list(columns)).limit(limit).offset(offset).to_arrow()
        else:
            order = "descending" if sort == "price_desc" else "ascending"
            prices = await query.select(["price"]).with_row_id().to_arrow()
            ranked = pc.sort_indices(prices, sort_keys=[("price", order, "at_end")])
            row_ids = prices["_rowid"].take(ranked[offset : offset + limit]).to_pylist()
            rows = await self._rows(row_ids, columns)
        return _with_scores(rows, [Hit(row_id=-1, score=0.0, why=()) for _ in range(rows.num_rows)])


@dataclass(frozen=True)
class Hit:
    """One item of a fused ranking."""

    row_id: int
    score: float
    why: tuple[tuple[str, int], ...]
    """(list, rank from 1) for every list that holds it."""


def fuse(probes: Sequence[Probe], lists: Sequence[Sequence[int]]) -> list[Hit]:
    """Weighted reciprocal rank fusion of ranked lists of row ids; ties keep the order of first appearance.

    score(d) = Σ wᵢ (K+1) / (K + rankᵢ(d)) / Σ wᵢ, so that first place in every list scores 1.
    """
    total = sum(probe.weight for probe in probes) or 1.0
    scores: dict[int, float] = {}
    why: dict[int, list[tuple[str, int]]] = {}
    for probe, ranked in zip(probes, lists, strict=True):
        for rank, row_id in enumerate(ranked, start=1):
            scores[row_id] = scores.get(row_id, 0.0) + probe.weight * (RRF_K + 1) / (RRF_K + rank) / total
            why.setdefault(row_id, []).append((probe.by, rank))
    ordered = sorted(scores, key=lambda row_id: -scores[row_id])
    return [Hit(row_id, min(1.0, scores[row_id]), tuple(why[row_id])) for row_id in ordered]


def query_probes(
    text: str | None,
    vectors: Mapping[str, Sequence[Vectors]],
    *,
    has_picture: bool,
    words_weight: float = WORDS_WEIGHT,
) -> list[Probe]:
    """The probes for one query: its words in full text, and its vectors in their columns.

    Args:
        text: the words, as typed.
        vectors: what `Encoder.query_vectors` made of words and picture.
        has_picture: whether a picture was part of the query, which names what a vector was found by.
        words_weight: weight of full text against each vector list.
    """
    probes = [Probe(by="words", text=text, weight=words_weight)] if text else []
    for column, queries in vectors.items():
        for i, vector in enumerate(queries):
            by = "picture" if has_picture and i == 0 and column != "text_vector" else "meaning"
            # A picture says as much as the words beside it; the meaning of words only helps them along.
            weight = words_weight if by == "picture" else 1.0
            probes.append(Probe(by=by, column=column, vector=vector, weight=weight))
    return probes


def _with_scores(rows: pa.Table, hits: Sequence[Hit]) -> pa.Table:
    why_type = pa.list_(pa.struct([("by", pa.string()), ("rank", pa.int32())]))
    why = pa.array([[{"by": by, "rank": rank} for by, rank in hit.why] for hit in hits], type=why_type)
    scores = pa.array(np.array([hit.score for hit in hits], dtype=np.float32))
    return rows.append_column("score", scores).append_column("why", why)
