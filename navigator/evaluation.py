"""How good a Navigator is: intents read, properties seen, choices made, facts invented."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from navigator import phrasing
from navigator.asked_property import asked_property
from navigator.engine import Engine, Sampling, generate_text
from navigator.grounding import Grounding
from navigator.intent import BY_RULES, ShoppingIntent, intent_schema, parse_intent
from navigator.knowledge import Known, Shelf, phrase
from navigator.lexicon import Lexicon
from navigator.notes import notes_of
from navigator.prompt import Exchange, answer_messages, intent_messages
from navigator.settled import settled_by
from navigator.verdicts import says

_SLOTS = [name for name in ShoppingIntent.model_fields if name not in ("action", "query", *BY_RULES)]


@dataclass(frozen=True)
class IntentCase:
    """A message, what came before it, and how it should be read."""

    user: str
    want: ShoppingIntent
    history: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class IntentScore:
    """Over all cases: share of right actions, and precision, recall and F1 of the filled slots (all but the query)."""

    action: float
    precision: float
    recall: float
    f1: float
    cases: int


@dataclass(frozen=True)
class Question:
    """One question about items on show, and the words that a right answer has."""

    user: str
    shown: tuple[Known, ...]
    right: str
    refs: tuple[int, ...] = ()

    @property
    def about(self) -> str:
        """Id of the item that a right answer is about: the one that it cites, else the first."""
        cited = re.fullmatch(r"\[(\d+)\]", self.right)
        return self.shown[int(cited[1]) - 1 if cited else 0].item.id


def score_intents(pairs: Iterable[tuple[ShoppingIntent, ShoppingIntent | None]]) -> IntentScore:
    """Compare intents as they should be with intents as they were read (None: unreadable)."""
    actions = hits = wanted = given = cases = 0
    for want, got in pairs:
        cases += 1
        actions += got is not None and got.action == want.action
        slots, read = _slots(want), _slots(got) if got else set()
        hits, wanted, given = hits + len(slots & read), wanted + len(slots), given + len(read)
    precision, recall = hits / max(given, 1), hits / max(wanted, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return IntentScore(actions / max(cases, 1), precision, recall, f1, cases)


async def read_intents(
    engine: Engine, cases: Sequence[IntentCase], encoder_version: str
) -> AsyncIterator[tuple[ShoppingIntent, ShoppingIntent | None]]:
    """Let an engine read each case; yields (as it should be, as it was read)."""
    sampling = Sampling(max_tokens=120, json_schema=intent_schema())
    for case in cases:
        prompt = engine.processor.encode(intent_messages(case.history, case.user), encoder_version=encoder_version)
        shown = len(case.history[-1].shown) if case.history else 0
        yield case.want, parse_intent(await generate_text(engine, prompt, sampling), shown=shown)


def attribute_questions(shelf: Shelf, hidden: dict[str, tuple[str, ...]], rng: Random) -> list[Question]:
    """One question about each property that only the picture shows.

    Args:
        hidden: names of such properties by item id.
    """
    questions = []
    for known in shelf.known:
        for name in hidden.get(known.item.id, ()):
            if name in known.facts:
                said = phrasing.say(rng, "what", name=name, ref="it")
                questions.append(Question(said, (known,), known.facts[name], (1,)))
    return questions


def choice_questions(shelf: Shelf, hidden: dict[str, tuple[str, ...]], count: int, rng: Random) -> list[Question]:
    """`Which of these is ...?` over 8 items of one kind, of which one alone has a property that no text tells."""
    questions: list[Question] = []
    owners = [known for known in shelf.known if hidden.get(known.item.id)]
    for _ in range(count * 20):
        if len(questions) == count or not owners:
            break
        owner = rng.choice(owners)
        name = rng.choice([name for name in hidden[owner.item.id] if name in owner.facts] or [""])
        rivals = [
            known
            for known in shelf.known
            if known.kind == owner.kind and known.facts.get(name) != owner.facts.get(name)
        ]
        rivals = rivals or [
            known for known in shelf.known if known.facts.get(name) not in (None, owner.facts.get(name))
        ]
        if not name or len(rivals) < 7:
            continue
        shown = [owner, *rng.sample(rivals, 7)]
        rng.shuffle(shown)
        value = owner.facts[name]
        bare = phrase(name, value) == value
        said = phrasing.say(rng, "which" if bare else "which_has", x=phrase(name, value))
        questions.append(Question(said, tuple(shown), f"[{shown.index(owner) + 1}]"))
    return questions


async def answer_all(engine: Engine, questions: Sequence[Question], encoder_version: str) -> list[str]:
    """What a person is shown as the answer to each question, given the items that it is about."""
    answers = []
    config = engine.config
    lexicon = Lexicon({}, seen=tuple(config.vocabulary), told_which=config.told_which, sight=engine.sight)
    for question in questions:
        intent = ShoppingIntent(action="ask", item_refs=question.refs)
        shown = tuple(known.shown for known in question.shown)
        notes = notes_of(question.user, intent, shown, (), lexicon)
        messages = answer_messages((), question.user, intent, shown, notes=notes)
        prompt = engine.processor.encode(messages, encoder_version=encoder_version)
        asked = asked_property(question.user, intent, shown, lexicon)
        grounding = Grounding(
            [entry.item for entry in shown],
            given=question.user,
            asked=question.user,
            settled=settled_by(notes),
            untold=asked.untold if asked is not None else None,
        )
        answer = await generate_text(engine, prompt, Sampling(max_tokens=60))
        answers.append(grounding.feed(answer) + grounding.finish())
    return answers


def by_item(questions: Sequence[Question], values: Sequence[float]) -> dict[str, float]:
    """By the item that questions are about, the mean of their values.

    What one item is taken for, it is taken for in every question: it is items that are drawn, where two Navigators are
    compared.
    """
    found: dict[str, list[float]] = {}
    for question, value in zip(questions, values, strict=True):
        found.setdefault(question.about, []).append(value)
    return {item: sum(some) / len(some) for item, some in found.items()}


def accuracy(questions: Sequence[Question], answers: Sequence[str]) -> float:
    """Share of answers that say what is right; of citations, that one alone."""
    right = 0
    for question, answer in zip(questions, answers, strict=True):
        cited = set(re.findall(r"\[\d+\]", answer))
        right += cited == {question.right} if question.right.startswith("[") else says(answer, question.right)
    return right / max(len(questions), 1)


def invented(answer: str, shown: Sequence[Known], asked: str, vocabulary: Iterable[str]) -> list[str]:
    """Property values that an answer claims although no item on show has them and nobody asked for them.

    Bare numbers (two seats) are left out: a citation or a price is no claim of such a kind.
    """
    true = " ".join(
        " ".join([known.item.title, known.kind, *known.facts.values(), *known.item.colors, *known.item.materials])
        for known in shown
    )
    worded = [value for value in vocabulary if any(character.isalpha() for character in value)]
    return [value for value in worded if says(answer, value) and not says(true, value) and not says(asked, value)]


def _slots(intent: ShoppingIntent) -> set[tuple[str, str]]:
    slots = set()
    for name in _SLOTS:
        value = getattr(intent, name)
        if value in ((), None, "relevance"):
            continue
        for entry in value if isinstance(value, tuple) else (value,):
            text = f"{entry:g}" if isinstance(entry, float) else str(entry).lower()
            slots.add((name, text))
    return slots
