"""The assistant: what a turn starts from, read from its request, the conversation so far and the deployments.

`serve_app.assistant_turn` runs the turn.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

from ray.serve.handle import DeploymentHandle

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.release import Release
from navigator.finding import choose, find
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.relax import Relaxed
from navigator.turn import TurnSettings
from serve_app.assistant_memory import exchange, remembered
from serve_app.assistant_turn import Turn
from serve_app.chat_schemas import ChatRequest
from serve_app.conversations import ConversationStore, KeptTurn, no_conversation
from serve_app.draft import NavigatorState
from serve_app.errors import NoNavigator
from serve_app.handles import call, stream
from serve_app.pictures import PictureReader
from serve_app.retriever import CatalogueWords
from serve_app.schemas import FoundItem
from serve_app.sight_pieces import put_together
from serve_app.timing import Stages
from serve_app.turn_search import Shopper, TurnPicture, TurnSearch

DEFAULT_ADVENTUROUSNESS = 0.3
MAX_TITLE = 60
_LEXICONS_KEPT = 3


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
        self._lexicons: OrderedDict[tuple[str, str | None], Lexicon] = OrderedDict()

    async def state(self) -> NavigatorState:
        """What the Navigator serves. Raises NoRelease."""
        state: NavigatorState = await call(self._navigator.state)
        return state

    async def open(
        self,
        request: ChatRequest,
        before: Sequence[KeptTurn] | None = None,
        settings: TurnSettings | None = None,
    ) -> Turn:
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
                raise no_conversation(request.conversation_id)
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
        recent = remembered(earlier)
        mentioned = [*request.item_ids, *(item["id"] for turn in recent for item in turn.body["items"])]
        lexicon, _ = await asyncio.gather(self._lexicon(state), search.items(mentioned))
        pointed_at = await search.items(request.item_ids)
        if request.item_ids and not pointed_at:
            raise NotFound(f"there is no item {request.item_ids[0]!r}")
        history = [await exchange(turn, search, lexicon) for turn in recent]
        place = (request.conversation_id or "", kept[-1].number if kept else 0)
        if before is None and not request.edit:
            place = await self._place(request)  # last of all, so that nothing that fails leaves it taken
        return Turn(
            request,
            self.generate,
            self.store,
            self._pictures,
            search,
            lexicon,
            place,
            tuple(history),
            recent,
            tuple(pointed_at),
            settings or self._settings,
        )

    async def _place(self, request: ChatRequest) -> tuple[str, int]:
        """Take the place of a new turn; it is free again if the client goes while it is being taken."""
        taking = asyncio.ensure_future(self.store.begin(request.conversation_id, request.user_id, _title(request)))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await self.store.give_up(*await taking)
            raise

    async def look_up(
        self, intent: ShoppingIntent, shopper: Shopper, count: int
    ) -> tuple[list[FoundItem], tuple[Relaxed, ...], str]:
        """What a turn would show for an intent, what gave way for it, and the release; needs no Navigator."""
        live: Release = await call(self._retriever.release)
        state = NavigatorState(live.id, live.encoder.version, None)
        search = TurnSearch(self._encoder, self._retriever, self._scorer, state, shopper, Stages())
        findings = await find(intent, (), await self._lexicon(state), search.means)
        final = await choose(findings, intent, search.means, count)
        return search.present(final.shown), final.relaxed, live.id

    async def _lexicon(self, state: NavigatorState) -> Lexicon:
        key = (state.release, state.version)
        if key not in self._lexicons:
            words: CatalogueWords = await call(self._retriever.words, state.release)
            values: Any = words.values
            lexicon = Lexicon(values, words.groups, state.vocabulary, state.told_which)
            if state.version is not None:
                try:
                    pieces = [piece async for piece in stream(self._navigator.sight, state.version)]
                except VersionMismatch:  # while a release comes in replicas differ; the next turn asks again
                    return lexicon
                lexicon = replace(lexicon, sight=put_together(pieces))
            self._lexicons[key] = lexicon
            if len(self._lexicons) > _LEXICONS_KEPT:
                self._lexicons.popitem(last=False)
        return self._lexicons[key]

    def generate(self, draft: Any, sampling: Any) -> AsyncGenerator[Any, None]:
        """See `navigator.turn.Generate`."""
        return stream(self._navigator.generate, draft, sampling)


def _title(request: ChatRequest) -> str:
    said = " ".join(request.message.split())
    if not said:
        return "A picture" if request.picture else "More like this"
    return said if len(said) <= MAX_TITLE else said[: MAX_TITLE - 1].rstrip() + "…"


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
