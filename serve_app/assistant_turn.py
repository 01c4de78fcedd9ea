"""A chat turn under way: the deployments as its means, what is told to the client, and what is kept of it.

The turn itself is `navigator.turn.run_turn`; `serve_app.assistant` prepares it.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from catalog.encoder import Vectors
from catalog.errors import WindowshopError
from navigator.carry import carried_picture
from navigator.finding import Finalists, Findings, choose, find
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.prompt import Exchange, Shown
from navigator.turn import Generate, IntentRead, ItemsShown, TextDelta, TurnDone, TurnRequest, TurnSettings, run_turn
from serve_app import metrics
from serve_app.assistant_memory import Told, body_of, packed, unpacked
from serve_app.chat_schemas import ChatRequest, CitationOut, CitationsOut, RelaxedOut, TotalOut, UsageOut
from serve_app.conversations import ConversationStore, KeptTurn
from serve_app.draft import Drafts
from serve_app.pictures import PictureReader
from serve_app.query import EncodedQuery
from serve_app.telemetry import record_turn
from serve_app.turn_search import TurnPicture, TurnSearch

ChatEvent = tuple[str, dict[str, Any]]
"""Name and data of an event."""

logger = logging.getLogger(__name__)


@dataclass
class Turn:
    """A turn that is about to run: `events` runs it."""

    request: ChatRequest
    generate: Generate
    store: ConversationStore
    pictures: PictureReader
    search: TurnSearch
    lexicon: Lexicon
    place: tuple[str, int]
    history: tuple[Exchange, ...]
    kept: Sequence[KeptTurn]
    pointed_at: tuple[Shown, ...]
    settings: TurnSettings
    _is_kept: bool = False
    _told: Told = field(default_factory=Told)

    @property
    def finish(self) -> str:
        """How the answer ended: stop or length."""
        return self._told.finish

    async def events(self) -> AsyncGenerator[ChatEvent, None]:
        """Run the turn: intent, items, deltas, citations, usage, done, in this order.

        What was said until it ended, broke off or was given up is kept. Closing this stops the engine's work.
        """
        encoding = asyncio.create_task(self.search.encode_picture())
        tasting = asyncio.create_task(self._taste())
        try:
            turn = run_turn(
                self._request(tasting),
                processor=Drafts(),
                search=partial(self._find, encoding),
                score=self._choose,
                generate=self.generate,
                settings=self.settings,
            )
            async with aclosing(turn):
                async for entry in turn:
                    told = self._tell(entry)
                    if isinstance(entry, TurnDone):
                        # Kept before it is told, so that whoever answers at once is answered with this turn in mind.
                        await self._keep(encoding)
                    for one in told:
                        yield one
        finally:
            if not self._is_kept:
                await asyncio.shield(self._keep(encoding))
            encoding.cancel()
            tasting.cancel()

    def _request(self, tasting: "asyncio.Task[Vectors | None]") -> TurnRequest:
        request = self.request
        intent = request.intent
        if intent is None and not request.message:
            # Nothing to read: a picture is looked for, an item that was pointed at is more of the same.
            intent = ShoppingIntent(action="search" if request.picture else "similar")
        return TurnRequest(
            user=request.message,
            encoder_version=self.search.state.encoder_version,
            history=self.history,
            pointed_at=self.pointed_at,
            taste=tasting,
            picture=request.picture is not None,
            intent=intent,
            lexicon=self.lexicon,
        )

    async def _find(
        self, encoding: "asyncio.Task[EncodedQuery | None]", intent: ShoppingIntent, meant: Sequence[Shown]
    ) -> Findings:
        if self.search.picture is None:
            self.search.picture = self._carried(intent)
        picture = self.search.picture is not None
        return await find(intent, meant, self.lexicon, self.search.means, picture=picture)

    async def _choose(self, findings: Findings, intent: ShoppingIntent) -> Finalists:
        return await choose(findings, intent, self.search.means, self.settings.max_shown)

    def _carried(self, intent: ShoppingIntent) -> TurnPicture | None:
        """The picture of an earlier turn that this one is still about, if this release's encoder made its vectors."""
        place = carried_picture(intent, self.history, [turn.vectors is not None for turn in self.kept])
        kept = self.kept[place].vectors if place is not None else None
        encoded = unpacked(kept) if kept else None
        if encoded is None or encoded.version != self.search.state.encoder_version:
            return None
        return TurnPicture(encoded=encoded)

    async def _taste(self) -> Vectors | None:
        """The person's taste; a turn goes on without it where it cannot be had."""
        try:
            return await self.search.taste()
        except WindowshopError as error:
            logger.warning("a turn goes on without the person's taste: %s", error)
            return None

    def _tell(self, entry: IntentRead | ItemsShown | TextDelta | TurnDone) -> list[ChatEvent]:
        """The events that tell a step of the turn, noted to be kept."""
        told = self._told
        conversation, number = self.place
        if isinstance(entry, IntentRead):
            told.intent = entry.intent
            intent = json.loads(entry.intent.compact())
            data = {"conversation_id": conversation, "turn": number, "intent": intent, "guessed": entry.guessed}
            return [("intent", data)]
        if isinstance(entry, ItemsShown):
            told.items = [item.model_dump(mode="json") for item in self.search.present(entry.shown)]
            told.relaxed = [RelaxedOut(**asdict(one)).model_dump() for one in entry.relaxed]
            if entry.total:
                told.total = TotalOut(amount=entry.total[0], currency=entry.total[1]).model_dump()
            release = self.search.state.release
            data = {"items": told.items, "release": release, "relaxed": told.relaxed, "total": told.total}
            return [("items", data)]
        if isinstance(entry, TextDelta):
            told.answer += entry.text
            return [("delta", {"text": entry.text})]
        numbers = {item["id"]: place for place, item in enumerate(told.items, 1)}
        cited = tuple(CitationOut(number=numbers[one], id=one) for one in entry.cited)
        told.citations = CitationsOut(items=cited, corrected=entry.corrected).model_dump(mode="json")
        usage = self._usage(entry)
        told.usage = usage.model_dump(mode="json")
        metrics.stages_took("turn", usage.timings_ms)
        metrics.citations(len(entry.cited), entry.corrected)
        record_turn(usage.timings_ms, {"release": self.search.state.release, "tokens": usage.output_tokens})
        told.answer, told.finish = entry.answer, entry.finish
        done = {"conversation_id": conversation, "turn": number, "answer": entry.answer}
        return [("citations", told.citations), ("usage", told.usage), ("done", done)]

    def _usage(self, done: TurnDone) -> UsageOut:
        stages = self.search.stages
        timings = {
            "intent": done.intent_ms,
            "encode": stages.ms("encode"),
            "find": stages.ms("find"),
            "score": stages.ms("score"),
            "first_item": done.first_item_ms,
            "first_text": done.first_text_ms,
            "total": done.total_ms,
        }
        return UsageOut(
            prompt_tokens=done.prompt_tokens,
            cached_tokens=done.cached_tokens,
            output_tokens=done.output_tokens,
            pictures_encoded=int(self.request.picture is not None),
            timings_ms={name: round(ms, 1) for name, ms in timings.items()},
        )

    async def _keep(self, encoding: "asyncio.Task[EncodedQuery | None]") -> None:
        """Keep what came of the turn; a turn of which nothing came leaves no trace."""
        told, request = self._told, self.request
        self._is_kept = True
        if not self.place[0]:
            return
        try:
            if told.intent is None:
                if not request.edit:
                    await self.store.give_up(*self.place)
                return
            vectors = encoding.result() if request.picture and _succeeded(encoding) else None
            own = self.search.picture.pixels if request.picture and self.search.picture else None
            await self.store.finish(
                *self.place,
                body_of(request, told),
                vectors=packed(vectors) if vectors else None,
                picture=await self.pictures.small(own) if own is not None else None,
            )
        except WindowshopError as error:
            logger.error("a turn was not kept: %s", error)


def _succeeded(task: "asyncio.Task[EncodedQuery | None]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
