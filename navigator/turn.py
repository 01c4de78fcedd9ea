"""One chat turn: read the intent, find items, show the best, answer about them.

A plain async function that is handed its means: an application gives it its deployments, an evaluation gives it local
objects, and both run the same turn.
"""

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from navigator.asked_property import asked_property, lacks
from navigator.carry import carry, last_search
from navigator.engine import Delta, Finish, Sampling
from navigator.facts import money
from navigator.finding import Finalists
from navigator.grounding import Grounding
from navigator.intent import ShoppingIntent, intent_schema, parse_intent
from navigator.lexicon import Lexicon
from navigator.mending import items_that_stay, mend
from navigator.message import Floats, Message
from navigator.notes import asks_total, copies_asked, notes_of
from navigator.plain_words import said as read_plainly
from navigator.pointing import FINDS, items_meant, on_show
from navigator.prompt import Exchange, Shown, answer_messages, intent_messages
from navigator.relax import Relaxed
from navigator.set_parts import furnishes_a_room, is_set
from navigator.settled import settled_by
from navigator.spelling import respelt
from navigator.vague import asks_for_anything

Candidates = TypeVar("Candidates")

Search = Callable[[ShoppingIntent, Sequence[Shown]], Awaitable[Candidates]]
"""Finds candidates for an intent; the items it points at come with it. What it returns only `Score` needs to know."""

Score = Callable[[Candidates, ShoppingIntent], Awaitable[Finalists]]
"""Orders candidates for this person and returns the finalists, best first, with their vectors."""

Generate = Callable[[Any, Sampling], AsyncGenerator[Delta, None]]
"""An engine's `generate`: takes what the processor made of the messages."""


class Processor(Protocol):
    """Lays messages out for `Generate`: a `NavigatorProcessor`, or one that leaves it to where the engine is."""

    def encode(self, messages: Sequence[Message], *, encoder_version: str) -> Any:
        """What `Generate` takes."""
        ...


@dataclass(frozen=True)
class TurnRequest:
    """What a turn starts from.

    Args:
        user: the person's message.
        history: earlier exchanges, oldest first; what the last one showed is what "the second one" points at.
        pointed_at: items that the person pointed at on the page, e.g. by a click; they come before any by number.
        taste: interest vectors `[M, Dt]` float32, while the intent is read perhaps still being looked up; None for
            someone unknown.
        encoder_version: of every vector in here and of those that `search` will find.
        picture: whether a picture came with the message, so that there is something to search for whatever it says.
        intent: take the message to mean exactly this instead of reading it.
        lexicon: the catalogue's words; with them, what is mistyped is put right before the model reads it, and what the
            message plainly says is held against how it was read.
    """

    user: str
    encoder_version: str
    history: tuple[Exchange, ...] = ()
    pointed_at: tuple[Shown, ...] = ()
    taste: Floats | Awaitable[Floats | None] | None = None
    picture: bool = False
    intent: ShoppingIntent | None = None
    lexicon: Lexicon | None = None


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
    """The items that the answer is about, numbered from 1, and what gave way to find them.

    Args:
        total: (amount, currency) of all of them together, where they were asked for together, or where that is asked.
        notes: what the model is told beside them, see `navigator.notes`.
    """

    shown: tuple[Shown, ...]
    relaxed: tuple[Relaxed, ...] = ()
    total: tuple[float, str | None] | None = None
    notes: tuple[str, ...] = ()


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
        finish: whether the model came to an end, or to its limit.
        corrected: citations of nothing and amounts from nowhere that were taken out or put right.
        prompt_tokens, cached_tokens, output_tokens: of both readings together.
        intent_ms, find_ms: milliseconds that reading the intent and finding items took.
        first_item_ms, first_text_ms, total_ms: milliseconds since the turn began.
    """

    answer: str
    cited: tuple[str, ...]
    corrected: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    intent_ms: float
    find_ms: float
    first_item_ms: float
    first_text_ms: float
    total_ms: float
    finish: Finish = "stop"


TurnEvent = IntentRead | ItemsShown | TextDelta | TurnDone


async def run_turn(
    request: TurnRequest,
    *,
    processor: Processor,
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

    said = respelt(request.user, request.lexicon) if request.lexicon is not None else request.user
    if _begins_anew(request, said):
        request = replace(request, history=())
    intent, guessed = await _read_intent(request, said, encode, meter, settings)
    intent_ms = usage.elapsed_ms()
    yield IntentRead(intent, guessed)

    began = usage.elapsed_ms()
    final = await _items(request, said, intent, search, score, settings)
    shown, first_item_ms = final.shown, usage.elapsed_ms()
    notes = notes_of(said, intent, shown, [entry.text for entry in final.relaxed], request.lexicon)
    yield ItemsShown(shown, final.relaxed, _total(intent, shown, said), notes)

    taste = await request.taste if isinstance(request.taste, Awaitable) else request.taste
    messages = answer_messages(request.history, request.user, intent, shown, taste, notes)
    asked = asked_property(said, intent, shown, request.lexicon)
    grounding = Grounding(
        [entry.item for entry in shown],
        given=_given(request, intent, shown, messages),
        wished=_wished(intent, said, request.history),
        asked=request.user if intent.action == "ask" else "",
        settled=settled_by(notes) if intent.action == "ask" else (),
        count=copies_asked(said) or 1,
        kinds=request.lexicon.kinds if request.lexicon is not None else (),
        untold=asked.untold if asked is not None else None,
        lacks=lacks(shown, request.lexicon),
    )
    answer, first_text_ms = "", 0.0
    finish: Finish = "stop"
    async with aclosing(meter(encode(messages), settings.answer)) as deltas:
        async for delta in deltas:
            text = grounding.feed(delta.text)
            if delta.finish is not None:
                text += grounding.finish()
                finish = delta.finish
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
        find_ms=first_item_ms - began,
        first_item_ms=first_item_ms,
        first_text_ms=first_text_ms,
        total_ms=usage.elapsed_ms(),
        finish=finish,
    )


async def _read_intent(
    request: TurnRequest, said: str, encode: Callable[[list[Message]], Any], generate: Generate, settings: TurnSettings
) -> tuple[ShoppingIntent, bool]:
    if request.intent is not None:
        return request.intent, False
    sampling = Sampling(max_tokens=settings.intent_tokens, json_schema=intent_schema())
    prompt = encode(intent_messages(request.history, said))
    text = "".join([delta.text async for delta in generate(prompt, sampling)])
    intent = parse_intent(text, shown=max((len(exchange.shown) for exchange in request.history), default=0))
    if intent is None:
        return ShoppingIntent(action="search", query=request.user[:200]), True
    if request.picture and intent.action not in FINDS:
        # A picture is shown to be looked for.
        intent = intent.model_copy(update={"action": "search"})
    if request.lexicon is not None:
        clicked = bool(request.pointed_at)
        intent = mend(intent, said, request.history, request.lexicon, pointed=clicked, picture=request.picture)
    intent = carry(intent, request.history)
    if intent.action == "refine" and not request.history:
        intent = intent.model_copy(update={"action": "search"})  # nothing yet to change
    if intent.action in ("ask", "compare") and not (request.pointed_at or on_show(request.history)):
        intent = intent.model_copy(update={"action": "search"})  # there is nothing yet to ask about
    nothing = not (_names_something(intent) or request.pointed_at or request.picture)
    if intent.action in FINDS and nothing and not (intent.page or asks_for_anything(said)):
        # A search for nothing at all: the message says more than what was read of it.
        intent = intent.model_copy(update={"query": request.user[:200].strip()})
    return intent, False


def _begins_anew(request: TurnRequest, said: str) -> bool:
    """Whether a message has nothing to do with what came before it: a whole room, of which no thing is on show yet."""
    given = request.intent is not None or request.pointed_at or not request.history
    if request.lexicon is None or given or is_set(last_search(request.history)):
        return False
    plainly = read_plainly(said, request.lexicon, len(on_show(request.history)))
    return furnishes_a_room(said) and not (plainly.refs or plainly.asks or plainly.likens)


def _names_something(intent: ShoppingIntent) -> bool:
    """Whether there is anything to look for in an intent, prices and order apart."""
    slots = (intent.categories, intent.colors, intent.materials, intent.styles, intent.item_refs)
    return bool(intent.query or any(slots))


async def _items(
    request: TurnRequest,
    said: str,
    intent: ShoppingIntent,
    search: Search[Any],
    score: Score[Any],
    settings: TurnSettings,
) -> Finalists:
    """The items to answer about: those pointed at, or freshly found ones."""
    before = on_show(request.history)
    clicked = bool(request.pointed_at)
    referred = items_meant(intent, said, request.history, request.lexicon, pointed=clicked)
    stays: tuple[Shown, ...] = ()
    if request.lexicon is not None:
        stays = items_that_stay(intent, said, request.history, before, request.lexicon)
    meant = (*request.pointed_at, *referred, *stays)
    meant = tuple({entry.item.id: entry for entry in meant}.values())
    if intent.action == "chat" and not meant:
        return Finalists(())
    if intent.action in FINDS or not (meant or before):
        final = await score(await search(intent, meant), intent)
        return Finalists(final.shown[: settings.max_shown], final.relaxed)
    return Finalists((meant or before)[: settings.max_shown])


def _total(intent: ShoppingIntent, shown: Sequence[Shown], said: str) -> tuple[float, str | None] | None:
    """What the items cost together, where they were asked for together, or where that is the question."""
    together = intent.budget_total is not None or (intent.action == "complete" and len(intent.categories) > 1)
    together = together or (intent.action == "ask" and len(shown) > 1 and asks_total(said))
    currencies = {entry.item.currency for entry in shown}
    if not together or not shown or len(currencies) > 1 or any(entry.item.price is None for entry in shown):
        return None
    return round(sum(entry.item.price or 0.0 for entry in shown), 2), currencies.pop()


def _wished(intent: ShoppingIntent, said: str, history: Sequence[Exchange]) -> str:
    """How things should be, in the person's words and as they were read; empty where only a kind was named.

    Who asks about what is on show still wishes for what it was found by. What was refused is no wish.
    """
    sought = intent if intent.action in FINDS else last_search(history) or intent
    wishes = (sought.query or "", *sought.colors, *sought.materials, *sought.styles)
    if not any(wishes):
        return ""
    wished = " ".join((*wishes, *sought.categories, said))
    for word in sought.exclude:
        wished = re.sub(rf"\b{re.escape(word)}\b", "", wished, flags=re.IGNORECASE)
    return wished


def _given(request: TurnRequest, intent: ShoppingIntent, shown: Sequence[Shown], messages: Sequence[Message]) -> str:
    """All text that the model was told in this turn, and the limits that were set, as amounts of what is shown."""
    told = [part for message in messages for part in message.parts if isinstance(part, str)]
    currencies = {entry.item.currency for entry in shown}
    limits = (intent.price_min, intent.price_max, intent.budget_total)
    amounts = [money(limit, currency) for limit in limits if limit is not None for currency in currencies]
    return "\n".join([request.user, *amounts, *told])


def _encoder(processor: Processor, encoder_version: str) -> Callable[[list[Message]], Any]:
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
    async def metered(prompt: Any, sampling: Sampling) -> AsyncGenerator[Delta, None]:
        async with aclosing(generate(prompt, sampling)) as deltas:
            async for delta in deltas:
                usage.prompt_tokens += delta.prompt_tokens
                usage.cached_tokens += delta.cached_tokens
                usage.output_tokens += len(delta.token_ids)
                yield delta

    return metered
