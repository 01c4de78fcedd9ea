"""Whether a newly trained Navigator may replace the one in service."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random

from batch.navigator_data import Catalogue
from batch.paired import difference
from batch.suite_report import got_worse
from navigator.engine import Engine
from navigator.evaluation import (
    IntentCase,
    accuracy,
    answer_all,
    attribute_questions,
    by_item,
    choice_questions,
    invented,
    read_intents,
    score_intents,
)
from navigator.intent import ShoppingIntent
from navigator.knowledge import Shelf
from navigator.prompt import Exchange

GOLD = Path(__file__).parent.parent / "navigator" / "gold.jsonl"
"""Messages written by hand, with how they should be read; none of their wordings is trained on."""

TOLERANCE = 0.02
"""How much worse than the incumbent a measure may be, where it is surely worse at all."""

Samples = Mapping[str, Mapping[str, float]]
"""By measure, what was found of each item that was asked about, or of each message."""


@dataclass(frozen=True)
class Gate:
    """Shares, 0 to 1, but `invented`, which is a mean per answer.

    Args:
        attribute: properties that only the picture shows, named right, on held-out items.
        choice: the right one of 8 candidates, by such a property.
        action, slots: intents of the gold messages: actions right, F1 of slots.
        invented: property values claimed per answer that no item on show has.
        answers: how many answers that is of.
        samples: the same, item by item and message by message.
    """

    attribute: float
    choice: float
    action: float
    slots: float
    invented: float
    answers: int
    samples: Samples = field(repr=False)

    def shares(self) -> dict[str, float]:
        """By name, all but the samples."""
        return {entry.name: float(getattr(self, entry.name)) for entry in fields(self) if entry.name != "samples"}


async def measure(
    engine: Engine,
    catalogue: Catalogue,
    gold: list[IntentCase],
    hidden: dict[str, tuple[str, ...]],
    rng: Random,
    *,
    most: int = 400,
) -> Gate:
    """Ask an engine about held-out items and gold messages.

    Args:
        hidden: by item id, properties that only the picture shows; where there are none, every fact is asked.
        most: questions of each kind at most; with 120, a Navigator that had lost a tenth of what it saw passed.
    """
    shelf, version = catalogue.test, catalogue.encoder_version
    hidden = hidden or {known.item.id: tuple(known.telling) for known in shelf.known}
    attributes = attribute_questions(shelf, hidden, rng)
    attributes = rng.sample(attributes, min(most, len(attributes)))
    choices = choice_questions(shelf, hidden, most, rng)
    questions = [*attributes, *choices]
    answers = await answer_all(engine, questions, version)
    vocabulary = sorted({value for known in (*shelf.known, *catalogue.train.known) for value in known.facts.values()})
    asked = list(zip(questions, answers, strict=True))
    right = [accuracy([question], [answer]) for question, answer in asked]
    made_up = [float(len(invented(answer, one.shown, one.user, vocabulary))) for one, answer in asked]
    pairs = [pair async for pair in read_intents(engine, gold, version)]
    intents, alone = score_intents(pairs), [score_intents([pair]) for pair in pairs]
    named, chosen = right[: len(attributes)], right[len(attributes) :]
    samples = {
        "attribute": by_item(attributes, named),
        "choice": by_item(choices, chosen),
        "action": {str(place): score.action for place, score in enumerate(alone)},
        "slots": {str(place): score.f1 for place, score in enumerate(alone)},
        "invented": by_item(questions, made_up),
    }
    return Gate(
        attribute=_mean(named),
        choice=_mean(chosen),
        action=intents.action,
        slots=intents.f1,
        invented=_mean(made_up),
        answers=len(answers),
        samples=samples,
    )


def got_behind(new: Gate, incumbent: Gate | None) -> list[str]:
    """In what a Navigator is surely worse than the incumbent that was asked the same, in words; nothing: it passes.

    Item by item: by its share alone, one in two of those that are as good would be refused for bad luck.
    """
    if incumbent is None:
        return []
    apart = {name: difference(samples, incumbent.samples[name]) for name, samples in new.samples.items()}
    return got_worse(apart, TOLERANCE)


def gold_cases(shelf: Shelf, path: Path = GOLD) -> list[IntentCase]:
    """The gold messages, with items of the shelf on show where a message points at some."""
    cases = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        history: tuple[Exchange, ...] = ()
        if before := row.get("before"):
            intent = ShoppingIntent.model_validate(before["intent"])
            fitting = [known for known in shelf.known if known.kind in intent.categories] or list(shelf.known)
            shown = tuple(known.shown for known in (fitting * before["shown"])[: before["shown"]])
            history = (Exchange(before["user"], intent, shown, "Have a look at [1]."),)
        cases.append(IntentCase(row["user"], ShoppingIntent.model_validate(row["intent"]), history))
    return cases


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
