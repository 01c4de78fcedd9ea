"""One chat turn: read the intent, find items, show the best, answer about them.

A plain async function that is handed its means: an application gives it its deployments, an evaluation gives it local
objects, and both run the same turn.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from navigator.engine import Delta, Sampling
from navigator.grounding import Grounding
from navigator.intent import ShoppingIntent, intent_schema, parse_intent
from navigator.processing import Floats, Message, NavigatorProcessor, Prompt
from navigator.prompt import Exchange, Shown, answer_messages, intent_messages

Candidates = TypeVar("Candidates")

Search = Callable[[ShoppingIntent, Sequence[Shown]], Awaitable[Candidates]]
"""Finds candidates for an intent; the items it points at come with it. What it returns only `Score` needs to know."""

Score = Callable[[Candidates, ShoppingIntent], Awaitable[Sequence[Shown]]]
"""Orders candidates for this person and returns the finalists, best first, with their vectors."""

Generate = Callable[[Prompt, Sampling], AsyncGenerator[Delta, None]]
"""An engine's `generate`."""


@dataclass(frozen=True)
class TurnRequest:
    """What a turn starts from.

    Args:
        user: the person's message.
        history: earlier exchanges, oldest first; what the last one showed is what "the second one" points at.
        pointed_at: items that the person pointed at on the page, e.g. by a click; they come before any by number.
        taste: interest vectors `[M, Dt]` float32; None for someone unknown.
        encoder_version: of every vector in here and of those that `search` will find.
    """

    user: str
    encoder_version: str
    history: tuple[Exchange, ...] = ()
    pointed_at: tuple[Shown, ...] = ()
    taste: Floats | None = None


@dataclass(frozen=True)
class TurnSettings:
    """How a turn behaves.

    Args:
        max_shown: items on show at most.
        answer: how answers are drawn.
        intent_tokens: longest intent, in tokens.
    """

    max_shown: int = 8
    answer: Sampling = field(default_factory=lambda: Sampling(max_tokens=200, temperature=0.0))
    intent_tokens: int = 120


@dataclass(frozen=True)
class IntentRead:
    """How the message was read. `guessed`: the model's JSON was unusable and the message itself is searched for."""

    intent: ShoppingIntent
    guessed: bool


@dataclass(frozen=True)
class ItemsShown:
    """The items that the answer is about, numbered from 1."""

    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class TurnDone:
    """The end of a turn.

    Args:
        answer: the whole text.
        cited: ids of the items cited, in order, each once.
        corrected: citations of nothing and amounts from nowhere that were taken out or put right.
        prompt_tokens, cached_tokens, output_tokens: of both readings together.
        intent_ms, find_ms, first_text_ms, total_ms: milliseconds since the turn began, but `find_ms` by itself.
    """

    answer: str
    cited: tuple[str, ...]
    corrected: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    intent_ms: float
    find_ms: float
    first_text_ms: float
    total_ms: float


TurnEvent = IntentRead | ItemsShown | TextDelta | TurnDone

_FINDS = frozenset({"search", "refine", "similar", "complete"})


async def run_turn(
    request: TurnRequest,
    *,
    processor: NavigatorProcessor,
    search: Search[Any],
    score: Score[Any],
    generate: Generate,
    settings: TurnSettings | None = None,
) -> AsyncGenerator[TurnEvent, None]:
    """Run one turn; yields `IntentRead`, `ItemsShown`, `TextDelta`s and one `TurnDone`.

    Closing the iterator stops the engine's work. Errors of `search`, `score` and `generate` pass through.
    """
    settings = settings or TurnSettings()
    usage = _Usage()
    meter = _metered(generate, usage)
    encode = _encoder(processor, request.encoder_version)

    intent, guessed = await _read_intent(request, encode, meter, settings)
    intent_ms = usage.elapsed_ms()
    yield IntentRead(intent, guessed)

    shown = await _items(request, intent, search, score, settings)
    find_ms = usage.elapsed_ms() - intent_ms
    yield ItemsShown(shown)

    messages = answer_messages(request.history, request.user, intent, shown, request.taste)
    grounding = Grounding([entry.item for entry in shown], given=_given(request, messages))
    answer, first_text_ms = "", 0.0
    async with aclosing(meter(encode(messages), settings.answer)) as deltas:
        async for delta in deltas:
            text = grounding.feed(delta.text)
            if delta.finish is not None:
                text += grounding.finish()
            if text:
                first_text_ms = first_text_ms or usage.elapsed_ms()
                answer += text
                yield TextDelta(text)
    yield TurnDone(
        answer=answer,
        cited=tuple(shown[number - 1].item.id for number in grounding.cited),
        corrected=grounding.corrected,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        intent_ms=intent_ms,
        find_ms=find_ms,
        first_text_ms=first_text_ms,
        total_ms=usage.elapsed_ms(),
    )


def on_show(request: TurnRequest) -> tuple[Shown, ...]:
    """The items that the person has in front of them: those of the last exchange that showed any."""
    return next((exchange.shown for exchange in reversed(request.history) if exchange.shown), ())


async def _read_intent(
    request: TurnRequest, encode: Callable[[list[Message]], Prompt], generate: Generate, settings: TurnSettings
) -> tuple[ShoppingIntent, bool]:
    sampling = Sampling(max_tokens=settings.intent_tokens, json_schema=intent_schema())
    prompt = encode(intent_messages(request.history, request.user))
    text = "".join([delta.text async for delta in generate(prompt, sampling)])
    intent = parse_intent(text, shown=len(on_show(request)))
    if intent is None:
        return ShoppingIntent(action="search", query=request.user[:200]), True
    return intent, False


async def _items(
    request: TurnRequest, intent: ShoppingIntent, search: Search[Any], score: Score[Any], settings: TurnSettings
) -> tuple[Shown, ...]:
    """The items to answer about: those pointed at, or freshly found ones."""
    before = on_show(request)
    meant = (*request.pointed_at, *(before[number - 1] for number in intent.item_refs))
    meant = tuple({entry.item.id: entry for entry in meant}.values())
    if intent.action == "chat" and not meant:
        return ()
    if intent.action in _FINDS or not (meant or before):
        candidates = await search(intent, meant)
        return tuple(await score(candidates, intent))[: settings.max_shown]
    return (meant or before)[: settings.max_shown]


def _given(request: TurnRequest, messages: Sequence[Message]) -> str:
    """All text that the model was told in this turn."""
    told = [part for message in messages for part in message.parts if isinstance(part, str)]
    return "\n".join([request.user, *told])


def _encoder(processor: NavigatorProcessor, encoder_version: str) -> Callable[[list[Message]], Prompt]:
    return lambda messages: processor.encode(messages, encoder_version=encoder_version)


@dataclass
class _Usage:
    started: float = field(default_factory=time.perf_counter)
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000


def _metered(generate: Generate, usage: _Usage) -> Generate:
    async def metered(prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Delta, None]:
        async with aclosing(generate(prompt, sampling)) as deltas:
            async for delta in deltas:
                usage.prompt_tokens += delta.prompt_tokens
                usage.cached_tokens += delta.cached_tokens
                usage.output_tokens += len(delta.token_ids)
                yield delta

    return metered
