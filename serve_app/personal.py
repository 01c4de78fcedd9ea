"""What the API asks for on a person's behalf: their events, feed, personal search, complements, their own view.

The scorer chooses ids and the retriever has the rows; both follow the release pointer each on its own. Ids mean the
same in every release, and what the live one no longer has is left out. Vectors go to the scorer only together with the
name of the release that they are of, and are scored by that release's model.
"""

import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
from ray.serve.handle import DeploymentHandle

from catalog.errors import NotFound
from catalog.search import MAX_DEPTH
from serve_app import present
from serve_app.conversations import ConversationStore
from serve_app.cursor import query_digest
from serve_app.handles import call
from serve_app.personal_cursor import HASH_BYTES, MAX_SHOWN, PersonalCursor, item_hashes
from serve_app.retriever import Found, Lookup
from serve_app.schemas import FoundItem, ItemOut, SearchRequest, SearchResponse
from serve_app.taste_choice import Asked, Chosen
from serve_app.taste_schemas import (
    ComplementsResponse,
    EventsRequest,
    EventsResponse,
    FeedItem,
    FeedResponse,
    TasteResponse,
)
from taste.complements import Complement
from taste.rank import Ranked
from taste.store import Mark, Receipt

SEARCH_WINDOW = 96
"""Results of a search that are ordered by taste among each other: at least so many, a whole number of pages."""

_GONE = ("out_of_stock", "discontinued")

Find = Callable[[Lookup], Awaitable[Found]]


class Personal:
    """One application's scorer and retriever, as seen by one person at a time.

    Args:
        scorer: handle of `TasteScorer`.
        retriever: handle of `Retriever`.
        conversations: what people said to the assistant, to be forgotten with everything else.
    """

    def __init__(
        self, scorer: DeploymentHandle, retriever: DeploymentHandle, conversations: ConversationStore | None = None
    ) -> None:
        self._scorer = scorer
        self._retriever = retriever
        self._conversations = conversations

    async def record(self, request: EventsRequest) -> EventsResponse:
        """Keep events; answers once they are durable."""
        now = datetime.now(UTC)
        receipt: Receipt = await call(self._scorer.record, [event.to_event(now) for event in request.events])
        return EventsResponse(added=receipt.added, duplicates=receipt.duplicates, forgotten=receipt.forgotten)

    async def reach(self) -> None:
        """Raises StoreUnavailable if events could not be kept now."""
        await call(self._scorer.reach)

    async def feed(self, person: str | None, adventurousness: float, limit: int, cursor: str | None) -> FeedResponse:
        """One page of the home feed. Raises BadCursor."""
        whose = f"feed\n{person or ''}"
        # A new seed each day, so that the feed is not yesterday's; the cursor keeps it for the pages of one feed.
        at = PersonalCursor(whose, zlib.crc32(f"{whose}\n{datetime.now(UTC):%Y-%m-%d}".encode()))
        if cursor is not None:
            at = PersonalCursor.decode(cursor, whose)
        spare = limit // 2 + 8  # some of what is chosen may be sold out or gone
        asked = Asked(person, adventurousness, limit + spare, at.shown, at.seed)
        chosen: Chosen = await call(self._scorer.feed, asked)
        if chosen.unknown and (content := await self._content(chosen.unknown)):
            chosen = await call(self._scorer.feed, replace(asked, **content))
        if chosen.release is None:
            return await self._browse(chosen, at, limit)
        found: Found = await call(self._retriever.items, tuple(pick.id for pick in chosen.picks))
        rows = {item.id: item for item in present.items(found.table)}
        tried: list[str] = []
        items: list[FeedItem] = []
        for pick in chosen.picks:
            if len(items) == limit:
                break
            tried.append(pick.id)
            if (item := rows.get(pick.id)) is not None and item.availability not in _GONE:
                items.append(_feed_item(item, pick))
        onward = replace(at, shown=at.shown + item_hashes(tried))
        full = len(chosen.picks) == limit + spare  # there may be as many again, though all of these were gone
        more = (full or len(chosen.picks) > len(tried)) and len(onward.shown) < MAX_SHOWN * HASH_BYTES
        return FeedResponse.model_construct(
            items=tuple(items),
            next_cursor=onward.encode() if more else None,
            release=found.release,
            personal=chosen.personal,
            stage=chosen.stage,
        )

    async def search(
        self, request: SearchRequest, picture_digest: str | None, lookup: Lookup, find: Find
    ) -> SearchResponse:
        """One page of a search, ordered by what it says and by what the person likes.

        Results are re-ordered within windows of some pages' length, so that taste chooses among good answers and does
        not fetch bad ones from far below.
        """
        whose = query_digest(request, picture_digest)
        at = PersonalCursor(whose) if request.cursor is None else PersonalCursor.decode(request.cursor, whose)
        window = min(request.limit * -(-SEARCH_WINDOW // request.limit), MAX_DEPTH - at.offset)
        found = await find(
            replace(lookup, limit=window, offset=at.offset, release=at.release or None, with_vectors=True)
        )
        vectors = [name for name in found.table.column_names if name.endswith("_vector")]
        asked = Asked(request.user_id, request.adventurousness, request.limit, at.shown, release=found.release)
        rescore = partial(
            call,
            self._scorer.rescore,
            candidates=found.table.select(["id", "score", *vectors]),
            queried=lookup.text is not None or lookup.has_picture or bool(lookup.item_ids),
            reorder=request.sort == "relevance",
        )
        chosen: Chosen = await rescore(asked)
        content = await self._content(chosen.unknown) if chosen.unknown else {}
        if content.get("release") == found.release:
            chosen = await rescore(replace(asked, **content))
        rows = present.found_items(found.table.take(pa.array([pick.row for pick in chosen.picks], pa.int64())))
        onward = replace(at, release=found.release, shown=at.shown + item_hashes(pick.id for pick in chosen.picks))
        if len(chosen.picks) < request.limit or len(onward.shown) >= found.table.num_rows * HASH_BYTES:
            onward = replace(onward, offset=at.offset + window, shown=b"")
        ended = onward.offset > at.offset and (found.table.num_rows < window or onward.offset >= MAX_DEPTH)
        return SearchResponse.model_construct(
            items=tuple(_with_reason(item, pick) for item, pick in zip(rows, chosen.picks, strict=True)),
            next_cursor=None if ended else onward.encode(),
            release=found.release,
            missing_item_ids=found.missing,
        )

    async def complements(self, item_id: str, person: str | None, limit: int) -> ComplementsResponse:
        """What goes with an item. Raises NotFound."""
        shown: Found = await call(self._retriever.items, (item_id,))
        if not shown.table.num_rows:
            raise NotFound(f"there is no item {item_id!r}")
        item = present.items(shown.table)[0]
        kind = item.category[-1] if item.category else None
        asked = Asked(person, count=limit + 8)
        answer: tuple[list[Complement], bool] = await call(self._scorer.goes_with, asked, item_id, kind)
        if answer[1] and (content := await self._content((item_id,))):
            answer = await call(self._scorer.goes_with, replace(asked, **content), item_id, kind)
        partners = {one.item: one for one in answer[0]}
        found: Found = await call(self._retriever.items, tuple(partners))
        there = [one for one in present.items(found.table) if one.availability not in _GONE][:limit]
        return ComplementsResponse.model_construct(
            items=tuple(_partner(one, item, partners[one.id]) for one in there), release=found.release
        )

    async def taste(self, person: str) -> TasteResponse:
        """A person's own view."""
        asked = await self._informed(person)
        view: TasteResponse = await call(self._scorer.view, asked)
        return view

    async def mark(self, person: str, interest_id: str, mark: Mark | None) -> TasteResponse:
        """Mute or pin an interest, or neither. Raises NotFound."""
        view: TasteResponse = await call(self._scorer.mark, await self._informed(person), interest_id, mark)
        return view

    async def forget(self, person: str, event_id: str | None = None) -> int:
        """Forget one event of a person, or everything, conversations included; returns how many events."""
        count: int = await call(self._scorer.forget, person, event_id)
        if event_id is None and self._conversations is not None:
            await self._conversations.forget_person(person)
        return count

    async def forget_interest(self, person: str, interest_id: str) -> int:
        """Forget the events of an interest. Raises NotFound."""
        count: int = await call(self._scorer.forget_interest, await self._informed(person), interest_id)
        return count

    async def _informed(self, person: str) -> Asked:
        """A question about a person, with the vectors of their items that the model does not know."""
        asked = Asked(person)
        unknown: tuple[str, ...] = await call(self._scorer.unknown, asked)
        content = await self._content(unknown) if unknown else {}
        return replace(asked, **content)

    async def _content(self, ids: Sequence[str]) -> dict[str, Any]:
        """`content` and `release` of a question, for items that the model does not know; {} if nobody does."""
        found: Found = await call(self._retriever.items, tuple(ids), True)
        if not found.table.num_rows:
            return {}
        vectors = [name for name in found.table.column_names if name.endswith("_vector")]
        return {"content": found.table.select(["id", *vectors]), "release": found.release}

    async def _browse(self, chosen: Chosen, at: PersonalCursor, limit: int) -> FeedResponse:
        """A feed without a taste model: the catalogue in its own order."""
        end = min(limit, MAX_DEPTH - at.offset)
        found: Found = await call(self._retriever.find, Lookup(limit=end, offset=at.offset, release=at.release or None))
        items = [item for item in present.items(found.table) if item.id not in chosen.hidden]
        onward = replace(at, offset=at.offset + end, release=found.release)
        more = found.table.num_rows == end and onward.offset < MAX_DEPTH
        return FeedResponse.model_construct(
            items=tuple(
                FeedItem.model_construct(**dict(item), reason="From the catalogue", reason_kind="catalogue")
                for item in items
                if item.availability not in _GONE
            ),
            next_cursor=onward.encode() if more else None,
            release=found.release,
            personal=False,
            stage=chosen.stage,
        )


def _feed_item(item: ItemOut, pick: Ranked) -> FeedItem:
    reason = pick.reason
    path = asdict(reason.path) if reason.path else None
    if path and path["via"] == "board":
        path["through"] = None  # boards have ids that may be somebody's
    return FeedItem.model_construct(
        **dict(item),
        reason=reason.sentence,
        reason_kind=reason.kind,
        interest=reason.interest,
        because_of=reason.because_of,
        path=path,
    )


def _partner(item: ItemOut, asked: ItemOut, complement: Complement) -> FeedItem:
    seen_with = asked.title if complement.like is None else f"things like {asked.title}"
    return FeedItem.model_construct(
        **dict(item), reason=f"Chosen together with {seen_with}", reason_kind="together", because_of=asked.id
    )


def _with_reason(item: FoundItem, pick: Ranked) -> FoundItem:
    """Taste's reason where taste had one; else the search's own."""
    return item if pick.reason.kind == "query" else item.model_copy(update={"reason": pick.reason.sentence})
