"""Whether a newly trained Navigator may replace the one in service."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from batch.navigator_data import Catalogue
from navigator.engine import Engine
from navigator.evaluation import (
    IntentCase,
    accuracy,
    answer_all,
    attribute_questions,
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
"""How much worse than the incumbent a share may be: about its noise on a few hundred questions."""


@dataclass(frozen=True)
class Gate:
    """Shares, 0 to 1, but `invented`, which is a mean per answer.

    Args:
        attribute: properties that only the picture shows, named right, on held-out items.
        choice: the right one of 8 candidates, by such a property.
        action, slots: intents of the gold messages: actions right, F1 of slots.
        invented: property values claimed per answer that no item on show has.
        answers: how many answers that is of.
    """

    attribute: float
    choice: float
    action: float
    slots: float
    invented: float
    answers: int


async def measure(
    engine: Engine,
    catalogue: Catalogue,
    gold: list[IntentCase],
    hidden: dict[str, tuple[str, ...]],
    rng: Random,
    *,
    most: int = 120,
) -> Gate:
    """Ask an engine about held-out items and gold messages.

    Args:
        hidden: by item id, properties that only the picture shows; where there are none, every fact is asked.
        most: questions of each kind at most.
    """
    shelf, version = catalogue.test, catalogue.encoder_version
    hidden = hidden or {known.item.id: tuple(known.telling) for known in shelf.known}
    attributes = attribute_questions(shelf, hidden, rng)
    attributes = rng.sample(attributes, min(most, len(attributes)))
    choices = choice_questions(shelf, hidden, most // 2, rng)
    questions = [*attributes, *choices]
    answers = await answer_all(engine, questions, version)
    vocabulary = sorted({value for known in (*shelf.known, *catalogue.train.known) for value in known.facts.values()})
    made_up = [
        len(invented(answer, question.shown, question.user, vocabulary))
        for question, answer in zip(questions, answers, strict=True)
    ]
    intents = score_intents([pair async for pair in read_intents(engine, gold, version)])
    return Gate(
        attribute=accuracy(attributes, answers[: len(attributes)]),
        choice=accuracy(choices, answers[len(attributes) :]),
        action=intents.action,
        slots=intents.f1,
        invented=sum(made_up) / max(len(made_up), 1),
        answers=len(answers),
    )


def passes(new: Gate, incumbent: Gate | None) -> bool:
    """No share may be worse than the incumbent's by more than the tolerance, nor more be invented."""
    if incumbent is None:
        return True
    shares = ("attribute", "choice", "action", "slots")
    kept = all(getattr(new, name) >= getattr(incumbent, name) - TOLERANCE for name in shares)
    return kept and new.invented <= incumbent.invented + TOLERANCE


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
