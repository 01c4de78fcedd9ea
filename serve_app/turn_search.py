"""One turn's means over the deployments: lookups in the release that its Navigator reads, a person's taste, companions.

Everything of a turn is of one release. What was found stays here with its vectors, so that scoring, reading and showing
never look an item up again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from ray.serve.handle import DeploymentHandle

from catalog.encoder import Pixels, Vectors, normalise
from catalog.errors import WindowshopError
from catalog.filters import Filters
from catalog.table import item_from_row
from navigator.finding import Means
from navigator.lexicon import plain
from navigator.prompt import Shown
from navigator.sets import Candidate
from navigator.wish import Wish
from serve_app import present
from serve_app.draft import NavigatorState
from serve_app.handles import call
from serve_app.navigator_vectors import navigator_vectors
from serve_app.query import EncodedQuery, Query
from serve_app.retriever import Found, Lookup
from serve_app.schemas import FoundItem
from serve_app.taste_choice import Asked, Chosen
from serve_app.taste_schemas import TasteResponse
from serve_app.timing import Stages
from taste.complements import Complement
from taste.diversify import diversify

MAX_INTERESTS = 4
"""Of a person's interests, so many are read by Navigator, the most important ones."""

_MOST_ROWS = 400
"""Items of one search: with up to 10 kB of vectors each they pass between deployments in one message, of 4 MiB."""

_ITEMS_OF_AN_INTEREST = 5
_VARIED = 16
"""So many of the best are put in an order of some variety for somebody of whom no taste is known."""
_VARIETY = 0.15
_DEEPER = 3
"""A vague wish of somebody known is searched so many times deeper, for taste to tell what its words leave open."""
_TASTE_ALONE = 0.8
"""Weight of taste where words say no more than the conditions that everything found meets."""
_SORTS = {"price_low": "price_asc", "price_high": "price_desc"}


@dataclass(frozen=True)
class Shopper:
    """For whom a turn searches."""

    person: str | None
    adventurousness: float


@dataclass(frozen=True)
class TurnPicture:
    """The picture that a turn is about: as it came with the message, or as an earlier turn encoded it."""

    pixels: Pixels | None = None
    encoded: EncodedQuery | None = None


@dataclass
class TurnSearch:
    """What one turn has looked up so far.

    Args:
        state: of the Navigator that will read what is found.
    """

    encoder: DeploymentHandle
    retriever: DeploymentHandle
    scorer: DeploymentHandle | None
    state: NavigatorState
    shopper: Shopper
    stages: Stages
    picture: TurnPicture | None = None
    _rows: dict[str, tuple[pa.Table, int]] = field(default_factory=dict)
    _reasons: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, asyncio.Task[EncodedQuery]] = field(default_factory=dict)
    _words_rank: bool = True

    @property
    def means(self) -> Means:
        """For `navigator.finding`."""
        return Means(self.look, self.goes_with, self.order)

    async def look(self, wish: Wish, count: int) -> list[Candidate]:
        """See `navigator.finding.Look`."""
        by_picture = wish.picture and self.picture is not None
        self._words_rank = by_picture or bool(wish.like) or _says_more(wish)
        if self.shopper.person is not None and not wish.wanted.get("category"):
            count *= _DEEPER
        vectors = await self._vectors(wish.text, by_picture)
        lookup = Lookup(
            text=wish.text or None,
            vectors=vectors,
            encoder_version=self.state.encoder_version if vectors else None,
            has_picture=by_picture,
            item_ids=wish.like,
            filters=Filters.of(wish),
            # A whole kind by price; words alone would bring the cheapest of what hardly fits.
            sort=_SORTS.get(wish.sort, "relevance") if wish.wanted.get("category") else "relevance",  # type: ignore[arg-type]
            limit=min(count, _MOST_ROWS),
            release=self.state.release,
            with_vectors=True,
        )
        with self.stages.stage("find"):
            found: Found = await call(self.retriever.find, lookup)
        return self._candidates(found.table)

    async def goes_with(self, item_id: str, count: int) -> list[Candidate]:
        """See `navigator.finding.GoesWith`."""
        if self.scorer is None:
            return []
        anchor = self._item(item_id)
        kind = anchor.item.category[-1] if anchor and anchor.item.category else None
        asked = Asked(self.shopper.person, count=count, release=self.state.release)
        with self.stages.stage("find"):
            answer: tuple[list[Complement], bool] = await call(self.scorer.goes_with, asked, item_id, kind)
            if answer[1] and (known := await self._content((item_id,))) is not None:
                answer = await call(self.scorer.goes_with, replace(asked, content=known), item_id, kind)
            ids = tuple(one.item for one in answer[0])
            shown = await self.items(ids)
        beside = anchor.item.title if anchor else "it"
        self._reasons.update(dict.fromkeys(ids, f"Chosen together with {beside}"))
        return [Candidate(entry, 1.0 / (rank + 2)) for rank, entry in enumerate(shown)]

    async def order(self, candidates: Sequence[Candidate], reorder: bool) -> list[Candidate]:
        """See `navigator.finding.Order`."""
        with self.stages.stage("score"):
            if self.shopper.person is None or self.scorer is None:
                return _varied(candidates) if reorder else list(candidates)
            rows = pa.concat_tables(self._scored(one) for one in candidates)
            asked = Asked(
                self.shopper.person,
                self.shopper.adventurousness,
                len(candidates),
                release=self.state.release,
                taste=None if self._words_rank else _TASTE_ALONE,
            )
            chosen = await self._rescored(asked, rows, reorder)
            if chosen.unknown and (content := await self._content(chosen.unknown)) is not None:
                chosen = await self._rescored(replace(asked, content=content), rows, reorder)
        for pick in chosen.picks:
            if pick.reason.kind != "query":
                self._reasons.setdefault(pick.id, pick.reason.sentence)
        return [candidates[pick.row] for pick in chosen.picks]

    async def items(self, ids: Sequence[str]) -> list[Shown]:
        """Items by id, with their vectors; those that the release does not have are left out."""
        new = tuple(dict.fromkeys(one for one in ids if one not in self._rows))
        if new:
            found: Found = await call(self.retriever.items, new, True, self.state.release)
            self._keep(found.table)
        return [shown for one in ids if (shown := self._item(one)) is not None]

    async def taste(self) -> Vectors | None:
        """What Navigator reads of the person's taste, [M, D]: the mean item of each of their main interests."""
        if self.shopper.person is None or self.scorer is None:
            return None
        view: TasteResponse = await call(self.scorer.view, Asked(self.shopper.person, release=self.state.release))
        interests = sorted((one for one in view.interests if one.mark != "muted"), key=lambda one: -one.importance)[
            :MAX_INTERESTS
        ]
        wanted = [[item.id for item in one.items[:_ITEMS_OF_AN_INTEREST]] for one in interests]
        await self.items([item for ids in wanted for item in ids])
        means = []
        for ids in wanted:
            vectors = [shown.vectors.mean(axis=0) for item in ids if (shown := self._item(item)) is not None]
            if vectors and (mean := np.mean(vectors, axis=0)).any():
                # As long as an item's own vector, which is what the model was trained on.
                means.append(mean * np.mean(np.linalg.norm(vectors, axis=1)) / np.linalg.norm(mean))
        if not means or means[0].shape[-1] != self.state.taste_dim:
            return None
        return np.stack(means).astype(np.float32)

    async def encode_picture(self) -> EncodedQuery | None:
        """The picture's own vectors, which later turns may still be about."""
        if self.picture is None or self.picture.pixels is None:
            return self.picture.encoded if self.picture else None
        return await self._encoded("", self.picture.pixels)

    def present(self, shown: Sequence[Shown]) -> list[FoundItem]:
        """Items as the API shows them."""
        return [self._presented(entry.item.id) for entry in shown]

    def _presented(self, item_id: str) -> FoundItem:
        table, row = self._rows[item_id]
        one = table.slice(row, 1)
        if "why" in table.column_names:
            item = present.found_items(one)[0]
        else:
            plain = present.items(one)[0]
            item = FoundItem.model_construct(**dict(plain), score=0.0, why=(), reason="")
        reason = self._reasons.get(item_id)
        return item.model_copy(update={"reason": reason}) if reason else item

    async def _vectors(self, text: str, by_picture: bool) -> dict[str, list[Vectors]]:
        """Vectors of the words, of the picture, or of both in one."""
        picture = self.picture if by_picture else None
        if not text and picture is None:
            return {}
        if picture is not None and picture.encoded is not None:
            words = (await self._encoded(text, None)).vectors if text else {}
            columns = dict.fromkeys((*picture.encoded.vectors, *words))
            return {name: [*picture.encoded.vectors.get(name, ()), *words.get(name, ())] for name in columns}
        return (await self._encoded(text, picture.pixels if picture else None)).vectors

    async def _encoded(self, text: str, pixels: Pixels | None) -> EncodedQuery:
        """Encoded once for each text: a condition that gives way changes none of the words."""
        key = f"{pixels is not None}\n{text}"
        if key not in self._texts:
            query = Query(text or None, pixels, self.state.encoder_version)
            self._texts[key] = asyncio.ensure_future(call(self.encoder.encode, query))
        try:
            with self.stages.stage("encode"):
                return await asyncio.shield(self._texts[key])  # of two who wait for it, one may give up
        except WindowshopError:
            self._texts.pop(key, None)
            raise

    async def _rescored(self, asked: Asked, rows: pa.Table, reorder: bool) -> Chosen:
        assert self.scorer is not None
        chosen: Chosen = await call(self.scorer.rescore, asked, rows, queried=True, reorder=reorder)
        return chosen

    async def _content(self, ids: Sequence[str]) -> pa.Table | None:
        """`id` and vectors of items that the taste model does not know."""
        found: Found = await call(self.retriever.items, tuple(ids), True, self.state.release)
        names = [name for name in found.table.column_names if name.endswith("_vector")]
        return found.table.select(["id", *names]) if found.table.num_rows else None

    def _candidates(self, table: pa.Table) -> list[Candidate]:
        self._keep(table)
        scores = table["score"].to_pylist()
        shown = [self._item(one) for one in table["id"].to_pylist()]
        return [Candidate(entry, score) for entry, score in zip(shown, scores, strict=True) if entry is not None]

    def _keep(self, table: pa.Table) -> None:
        for row, item_id in enumerate(table["id"].to_pylist()):
            known = self._rows.get(item_id)
            if known is None or "why" not in known[0].column_names:
                self._rows[item_id] = (table, row)

    def _item(self, item_id: str) -> Shown | None:
        if item_id not in self._rows:
            return None
        table, row = self._rows[item_id]
        one = table.slice(row, 1)
        fields = present.without_numbers(one).to_pylist()[0]
        return Shown(item_from_row(fields), navigator_vectors(one, self.state.vectors_per_item)[0])

    def _scored(self, candidate: Candidate) -> pa.Table:
        """A candidate's row as the taste scorer reads it."""
        table, row = self._rows[candidate.shown.item.id]
        names = sorted(name for name in table.column_names if name.endswith("_vector"))
        one = table.slice(row, 1).select(["id", *names])
        return one.append_column("score", pa.array([candidate.score], pa.float32())).replace_schema_metadata(None)


def _says_more(wish: Wish) -> bool:
    """Whether a wish's text says more than its conditions do."""
    said = {spelt for words in wish.said.values() for word in words for spelt in plain(word)}
    return any(word not in said for word in plain(wish.text))


def _varied(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best in an order in which neighbours differ a little, then the rest."""
    best = list(candidates[:_VARIED])
    if len(best) < 3:
        return list(candidates)
    scores = np.array([one.score for one in best], np.float32)
    spread = max(float(scores.std()), 1e-6)
    vectors = normalise(np.stack([one.shown.vectors.mean(axis=0) for one in best]))
    order = diversify(((scores - scores.mean()) / spread).astype(np.float32), vectors, len(best), weight=_VARIETY)
    return [*(best[place] for place in order), *candidates[_VARIED:]]
