"""The conversation suite: the gold conversations, run turn by turn as an application runs them, and judged."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from PIL import Image

from batch.conversation_checks import MEASURES, Check, Outcome, judge, made_up
from batch.conversation_gold import WORDINGS, Conversation, Facts, GoldTurn, as_intent
from batch.local_search import Encoded, LocalSearch
from batch.suite_report import Report
from catalog.demo import load as demo
from navigator.carry import carried_picture
from navigator.engine import Delta, Engine, Sampling
from navigator.finding import Finalists, Findings, choose, find
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, know
from navigator.message import Message
from navigator.pointing import items_meant, on_show
from navigator.prompt import MAX_EXCHANGES, Exchange, Shown
from navigator.spelling import respelt
from navigator.turn import IntentRead, ItemsShown, TurnDone, TurnRequest, TurnSettings, run_turn

AIMS: dict[str, float] = {"constraint": 0.95, "action": 0.9, "citation": 1.0, "reference": 0.95, "invented": 0.02}
"""What a release should reach: shares of checks, and properties or amounts made up per answer at most."""

_FINDS = frozenset({"search", "refine", "similar", "complete"})

AT_ONCE = 8
"""Conversations at a time; the engine reads and writes for them together."""


@dataclass(frozen=True)
class TurnResult:
    """One turn, judged.

    Args:
        wording: which of `WORDINGS`, by its place.
        exchange: the turn as later ones had it before them.
        invented: what the answer made up.
        seconds: that it took.
    """

    conversation: str
    turn: int
    wording: int
    message: str
    outcome: Outcome
    checks: tuple[Check, ...]
    exchange: Exchange
    invented: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.conversation}.{self.turn}/{WORDINGS[self.wording]}"


Reader = Callable[[GoldTurn, str, Sequence[Exchange]], ShoppingIntent]
"""Reads a turn some other way than the engine: from the gold itself, or by rules."""


@dataclass
class Talk:
    """Runs gold conversations on one release.

    Args:
        engine: None answers nothing, which is enough where intents come from elsewhere.
        known: facts of the catalogue's items by id.
        vocabulary: values of properties that an answer could make up.
        read: how messages are read: None lets the engine do it.
        plain_words: whether what a message plainly says is held against how it was read, as an application does;
            without, a turn means what the model read.
    """

    search: LocalSearch
    engine: Engine | None
    known: Mapping[str, Facts]
    vocabulary: Sequence[str]
    read: Reader | None = None
    plain_words: bool = True
    settings: TurnSettings = field(default_factory=TurnSettings)
    _views: dict[str, Any] = field(default_factory=lambda: {view.item_id: view.image for view in demo.second_views()})

    async def converse(self, conversation: Conversation, wording: int, say: Callable[[], None]) -> list[TurnResult]:
        """One conversation in one wording, each turn with what came of those before."""
        history: list[Exchange] = []
        pictures: list[Encoded | None] = []
        results = []
        for number, turn in enumerate(conversation.turns, 1):
            exchange, outcome, seconds, picture = await self._turn(turn, turn.says[wording], history, pictures)
            told = [one.text for one in outcome.relaxed] + [
                said for past in history for said in (past.user, past.answer)
            ]
            earlier = [self._known(entry) for past in history for entry in past.shown]
            shown = [self._known(entry) for entry in exchange.shown]
            said = " ".join([exchange.user, *told])
            invented = made_up(outcome.answer, shown, earlier, said, outcome.intent, self.vocabulary)
            checks = judge(turn, outcome, self.known)
            results.append(
                TurnResult(
                    conversation=conversation.id,
                    turn=number,
                    wording=wording,
                    message=exchange.user,
                    outcome=outcome,
                    checks=tuple(checks),
                    exchange=exchange,
                    invented=tuple(invented),
                    seconds=seconds,
                )
            )
            history.append(exchange)
            pictures.append(picture)
            say()
        return results

    def _known(self, entry: Shown) -> Known:
        return know(entry, self.known[entry.item.id].visual)

    async def _turn(
        self, turn: GoldTurn, message: str, history: Sequence[Exchange], pictures: Sequence[Encoded | None]
    ) -> tuple[Exchange, Outcome, float, Encoded | None]:
        image = await asyncio.to_thread(_opened, self._views[turn.picture]) if turn.picture else None
        recent = history[-MAX_EXCHANGES:]
        pointed_at = await self.search.shown(turn.points_at)
        request = TurnRequest(
            user=message,
            encoder_version=self.search.release.encoder.version,
            history=tuple(recent),
            pointed_at=pointed_at,
            picture=image is not None,
            intent=self.read(turn, message, recent) if self.read else None,
            lexicon=self.search.lexicon if self.plain_words else None,
        )

        def picture_of(intent: ShoppingIntent) -> Image.Image | Encoded | None:
            if image is not None:
                return image
            kept = pictures[-MAX_EXCHANGES:]
            place = carried_picture(intent, recent, [one is not None for one in kept])
            return kept[place] if place is not None else None

        async def search(intent: ShoppingIntent, meant: Sequence[Shown]) -> Findings:
            picture = picture_of(intent)
            means = self.search.means(picture)
            return await find(intent, meant, self.search.lexicon, means, picture=picture is not None)

        async def score(findings: Findings, intent: ShoppingIntent) -> Finalists:
            return await choose(findings, intent, self.search.means(), self.settings.max_shown)

        read: IntentRead | None = None
        items: ItemsShown | None = None
        done: TurnDone | None = None
        async for event in run_turn(
            request,
            processor=self.engine.processor if self.engine else _Silent(),
            search=search,
            score=score,
            generate=self.engine.generate if self.engine else _say_nothing,
            settings=self.settings,
        ):
            read = event if isinstance(event, IntentRead) else read
            items = event if isinstance(event, ItemsShown) else items
            done = event if isinstance(event, TurnDone) else done
        assert read and items and done
        plain = respelt(message, request.lexicon) if request.lexicon else message
        referred = items_meant(read.intent, plain, recent, request.lexicon)
        meant = [entry.item.id for entry in (*pointed_at, *referred)]
        outcome = Outcome(
            intent=read.intent,
            shown=tuple(entry.item.id for entry in items.shown),
            meant=tuple(dict.fromkeys(meant)),
            relaxed=items.relaxed,
            answer=done.answer,
            corrected=done.corrected,
            list_before=_list_before(history),
        )
        exchange = Exchange(message, read.intent, items.shown, done.answer, items.notes)
        encoded = await self.search.encode(None, image) if image is not None else None
        return exchange, outcome, done.total_ms / 1000, encoded


async def run_conversations(
    talk: Talk, conversations: Sequence[Conversation], wordings: Sequence[int], say: Callable[[int, int], None]
) -> list[TurnResult]:
    """All conversations in each wording, several at a time.

    Args:
        say: is told (turns done, of all).
    """
    total = len(wordings) * sum(len(conversation.turns) for conversation in conversations)
    free = asyncio.Semaphore(AT_ONCE)
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        say(done, total)

    async def one(conversation: Conversation, wording: int) -> list[TurnResult]:
        async with free:
            return await talk.converse(conversation, wording, tell)

    jobs = [one(conversation, wording) for wording in wordings for conversation in conversations]
    return [result for results in await asyncio.gather(*jobs) for result in results]


def report(release: str, results: Sequence[TurnResult]) -> Report:
    """The suite's report."""
    found = scores(results)
    return Report("conversation", release, found, samples(results), tuple(failures(results)), tuple(reaches(found)))


def samples(results: Sequence[TurnResult]) -> dict[str, dict[str, float]]:
    """For each measure and wording: each conversation's mean, which is what two releases are compared by.

    The name of a measure in a wording is `MEASURE (WORDING)`; turns of one conversation are not independent, so that
    it is the unit that is drawn.
    """
    groups: dict[str, dict[str, list[float]]] = {}
    for result in results:
        for name, value in _values(result):
            key = f"{name} ({WORDINGS[result.wording]})"
            groups.setdefault(key, {}).setdefault(result.conversation, []).append(value)
    return {name: {key: sum(some) / len(some) for key, some in of.items()} for name, of in groups.items()}


def scores(results: Sequence[TurnResult]) -> dict[str, dict[str, float | int]]:
    """By wording, each measure: shares of its checks that are met, their count, and what is made up per answer."""
    found: dict[str, dict[str, float | int]] = {}
    for wording in sorted({result.wording for result in results}):
        of = [result for result in results if result.wording == wording]
        row: dict[str, float | int] = {}
        for name in (*MEASURES, "invented", "corrected"):
            some = [value for result in of for key, value in _values(result) if key == name]
            row[name] = sum(some) / len(some) if some else float("nan")
            row[f"{name} n"] = len(some)
        found[WORDINGS[wording]] = row
    return found


def failures(results: Sequence[TurnResult]) -> list[dict[str, Any]]:
    """Every turn where something is wrong, as a developer wants to read it."""
    wrong = []
    for result in results:
        broken = [f"{check.measure}: {check.wrong}" for check in result.checks if not check.met]
        broken += [f"invented: {value}" for value in result.invented]
        if broken:
            wrong.append(
                {
                    "turn": result.name,
                    "message": result.message,
                    "intent": result.outcome.intent.model_dump(mode="json", exclude_defaults=True),
                    "shown": list(result.outcome.shown),
                    "relaxed": [asdict(one) for one in result.outcome.relaxed],
                    "answer": result.outcome.answer,
                    "broken": broken,
                }
            )
    return wrong


def reaches(found: Mapping[str, Mapping[str, float | int]]) -> list[str]:
    """Which aims are missed, in words; none if all are reached. Other wordings may lose 5 points on the first."""
    missed = []
    first = found.get(WORDINGS[0], {})
    for wording, row in found.items():
        for name, aim in AIMS.items():
            value = row[name]
            if name == "invented":
                met = not value > aim
            else:
                floor = aim if wording == WORDINGS[0] or name not in first else min(aim, first[name] - 0.05)
                met = not value < floor
            if not met:
                missed.append(f"{name} ({wording}) is {value:.3f}, aim {aim:g}")
    return missed


def vocabulary_of(known: Mapping[str, Facts]) -> list[str]:
    """Every value of a visible property that the catalogue has."""
    return sorted(
        {value for one in known.values() for value in (*one.visual.values(), *one.item.colors, *one.item.materials)}
    )


def read_gold(turn: GoldTurn, _: str, history: Sequence[Exchange]) -> ShoppingIntent:
    """A reader that knows what is meant: what then still fails is not the model's fault."""
    return as_intent(turn, len(_list_before(history)))


class _Silent:
    def encode(self, messages: Sequence[Message], *, encoder_version: str) -> None:
        """Nothing is laid out, since nothing is read."""


async def _say_nothing(_: Any, __: Sampling) -> AsyncGenerator[Delta, None]:
    yield Delta("", finish="stop")


def _values(result: TurnResult) -> list[tuple[str, float]]:
    checked: list[tuple[str, float]] = [(check.measure, float(check.met)) for check in result.checks]
    return [*checked, ("invented", len(result.invented)), ("corrected", result.outcome.corrected)]


def _list_before(history: Sequence[Exchange]) -> tuple[str, ...]:
    """What "the second one" means to a person: of the last list that was found for them, or of what is on show."""
    lists = [
        exchange.shown
        for exchange in history
        if exchange.shown and exchange.intent and exchange.intent.action in _FINDS
    ]
    shown = lists[-1] if lists else on_show(history)
    return tuple(entry.item.id for entry in shown)


def _opened(path: Any) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
