"""The shell of a chat turn: what was said before, the deployments as its means, what is told to the client, and kept.

The turn itself is `navigator.turn.run_turn`.
"""

import asyncio
import base64
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from ray.serve.handle import DeploymentHandle

from catalog.encoder import Vectors
from catalog.errors import InvalidInput, NotFound, WindowshopError
from catalog.release import Release
from navigator.carry import carried_picture
from navigator.finding import Finalists, Findings, choose, find
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.prompt import MAX_EXCHANGES, Exchange, Shown
from navigator.relax import Relaxed
from navigator.turn import IntentRead, ItemsShown, TextDelta, TurnDone, TurnRequest, TurnSettings, run_turn
from serve_app import metrics
from serve_app.chat_schemas import ChatRequest, CitationOut, CitationsOut, RelaxedOut, UsageOut
from serve_app.conversations import ConversationStore, KeptTurn
from serve_app.errors import NoNavigator
from serve_app.handles import call, stream
from serve_app.navigator import Drafts, NavigatorState
from serve_app.pictures import PictureReader
from serve_app.query_encoder import EncodedQuery
from serve_app.retriever import CatalogueWords
from serve_app.schemas import FoundItem
from serve_app.telemetry import record_turn
from serve_app.timing import Stages
from serve_app.turn_search import Shopper, TurnPicture, TurnSearch

DEFAULT_ADVENTUROUSNESS = 0.3
MAX_TITLE = 60
_LEXICONS_KEPT = 3

ChatEvent = tuple[str, dict[str, Any]]
"""Name and data of an event."""

logger = logging.getLogger(__name__)


class Assistant:
    """One application's assistant.

    Args:
        navigator, encoder, retriever, scorer: handles; without a scorer nobody's taste is known.
        pictures: reads the pictures of messages.
        store: keeps the conversations.
    """

    def __init__(
        self,
        navigator: DeploymentHandle,
        encoder: DeploymentHandle,
        retriever: DeploymentHandle,
        scorer: DeploymentHandle | None,
        pictures: PictureReader,
        store: ConversationStore,
        settings: TurnSettings | None = None,
    ) -> None:
        self.store = store
        self._navigator = navigator
        self._encoder = encoder
        self._retriever = retriever
        self._scorer = scorer
        self._pictures = pictures
        self._settings = settings or TurnSettings()
        self._lexicons: OrderedDict[str, Lexicon] = OrderedDict()

    async def state(self) -> NavigatorState:
        """What the Navigator serves. Raises NoRelease."""
        state: NavigatorState = await call(self._navigator.state)
        return state

    async def open(
        self,
        request: ChatRequest,
        before: Sequence[KeptTurn] | None = None,
        settings: TurnSettings | None = None,
    ) -> "Turn":
        """Prepare a turn; what is wrong with a request is found here, before anything is sent.

        Args:
            before: what was said before, where the client keeps that itself; then nothing is kept here.
            settings: of this turn alone.

        Raises:
            NoNavigator: there is no assistant.
            NotFound: there is no such conversation of this person, or no such item.
            BadPicture, Fetch, TooLarge: see `PictureReader`.
        """
        stages = Stages()
        state = await self.state()
        if state.version is None:
            raise NoNavigator(state.why)
        kept = tuple(before or ())
        if before is None and request.conversation_id is not None:
            conversation = await self.store.load(request.conversation_id)
            if conversation.person != request.user_id:
                raise NotFound(f"there is no conversation {request.conversation_id!r}; send null to begin one")
            kept = conversation.turns
            if request.edit and not kept:
                raise InvalidInput("the conversation has no turn to replace")
        earlier = kept[:-1] if request.edit else kept
        picture = None
        if request.picture is not None:
            read = await self._pictures.read(request.picture, request.region)
            picture = TurnPicture(pixels=await self._pictures.pixels(read))
        search = TurnSearch(
            encoder=self._encoder,
            retriever=self._retriever,
            scorer=self._scorer,
            state=state,
            shopper=Shopper(request.user_id, _or(request.adventurousness, DEFAULT_ADVENTUROUSNESS)),
            stages=stages,
            picture=picture,
        )
        recent = earlier[-MAX_EXCHANGES:]
        mentioned = [*request.item_ids, *(item["id"] for turn in recent for item in turn.body["items"])]
        lexicon, _ = await asyncio.gather(self._lexicon(state.release), search.items(mentioned))
        pointed_at = await search.items(request.item_ids)
        if request.item_ids and not pointed_at:
            raise NotFound(f"there is no item {request.item_ids[0]!r}")
        place = (request.conversation_id or "", kept[-1].number if kept else 0)
        if before is None and not request.edit:
            place = await self.store.begin(request.conversation_id, request.user_id, _title(request))
        history = [await _exchange(turn, search) for turn in recent]
        return Turn(
            self,
            request,
            search,
            lexicon,
            place,
            tuple(history),
            recent,
            tuple(pointed_at),
            settings or self._settings,
        )

    async def look_up(
        self, intent: ShoppingIntent, shopper: Shopper, count: int
    ) -> tuple[list[FoundItem], tuple[Relaxed, ...], str]:
        """What a turn would show for an intent, what gave way for it, and the release; needs no Navigator."""
        live: Release = await call(self._retriever.release)
        state = NavigatorState(live.id, live.encoder.version, None)
        search = TurnSearch(self._encoder, self._retriever, self._scorer, state, shopper, Stages())
        findings = await find(intent, (), await self._lexicon(live.id), search.means)
        final = await choose(findings, intent, search.means, count)
        return search.present(final.shown), final.relaxed, live.id

    async def _lexicon(self, release: str) -> Lexicon:
        if release not in self._lexicons:
            words: CatalogueWords = await call(self._retriever.words, release)
            self._lexicons[release] = Lexicon(words.values, words.groups)  # type: ignore[arg-type]
            if len(self._lexicons) > _LEXICONS_KEPT:
                self._lexicons.popitem(last=False)
        return self._lexicons[release]

    def generate(self, draft: Any, sampling: Any) -> AsyncGenerator[Any, None]:
        """See `navigator.turn.Generate`."""
        return stream(self._navigator.generate, draft, sampling)


@dataclass
class _Told:
    """What came of a turn so far, as it will be kept."""

    intent: ShoppingIntent | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    relaxed: list[dict[str, Any]] = field(default_factory=list)
    answer: str = ""
    citations: dict[str, Any] = field(default_factory=lambda: CitationsOut().model_dump(mode="json"))
    usage: dict[str, Any] | None = None
    finish: str = "stop"


@dataclass
class Turn:
    """A turn that is about to run: `events` runs it."""

    assistant: Assistant
    request: ChatRequest
    search: TurnSearch
    lexicon: Lexicon
    place: tuple[str, int]
    history: tuple[Exchange, ...]
    kept: Sequence[KeptTurn]
    pointed_at: tuple[Shown, ...]
    settings: TurnSettings
    _is_kept: bool = False
    _told: _Told = field(default_factory=_Told)

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
                generate=self.assistant.generate,
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
        place = carried_picture(intent, self.history, [turn.picture is not None for turn in self.kept])
        kept = self.kept[place].picture if place is not None else None
        encoded = _unpacked(kept) if kept else None
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
            total = entry.total and {"amount": entry.total[0], "currency": entry.total[1]}
            release = self.search.state.release
            return [("items", {"items": told.items, "release": release, "relaxed": told.relaxed, "total": total})]
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
                    await self.assistant.store.give_up(*self.place)
                return
            body = {
                "message": request.message,
                "has_picture": request.picture is not None,
                "intent": json.loads(told.intent.compact()),
                "items": told.items,
                "relaxed": told.relaxed,
                "answer": told.answer,
                "citations": told.citations,
                "usage": told.usage,
            }
            own = encoding.result() if request.picture and encoding.done() and not encoding.cancelled() else None
            picture = _packed(own) if own else None
            await self.assistant.store.finish(*self.place, body, picture)
        except WindowshopError as error:
            logger.error("a turn was not kept: %s", error)


async def _exchange(turn: KeptTurn, search: TurnSearch) -> Exchange:
    """A kept turn as a prompt repeats it. Items are numbered, so they end where one is gone from the release."""
    shown: list[Shown] = []
    for item in turn.body["items"]:
        found = await search.items([item["id"]])
        if not found:
            break
        shown += found
    return Exchange(
        user=turn.body["message"],
        intent=ShoppingIntent.model_validate(turn.body["intent"]) if turn.body["intent"] else None,
        shown=tuple(shown),
        answer=turn.body["answer"],
        notes=tuple(one["text"] for one in turn.body["relaxed"]),
    )


def _title(request: ChatRequest) -> str:
    said = " ".join(request.message.split())
    if not said:
        return "A picture" if request.picture else "More like this"
    return said if len(said) <= MAX_TITLE else said[: MAX_TITLE - 1].rstrip() + "…"


def _packed(encoded: EncodedQuery) -> bytes:
    vectors = {
        name: [base64.b64encode(np.asarray(one, np.float32).tobytes()).decode() for one in found]
        for name, found in encoded.vectors.items()
    }
    return json.dumps({"version": encoded.version, "vectors": vectors}).encode()


def _unpacked(kept: bytes) -> EncodedQuery:
    data = json.loads(kept)
    vectors = {
        name: [np.frombuffer(base64.b64decode(one), np.float32) for one in found]
        for name, found in data["vectors"].items()
    }
    return EncodedQuery(data["version"], vectors)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
