"""Questions that a shop's data cannot answer must be left open, and those that it can must not be."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from batch.navigator_data import Catalogue
from batch.quality_suites import each
from batch.suite_report import Report
from navigator import phrasing
from navigator.engine import Engine
from navigator.evaluation import Question, answer_all, says
from navigator.grounding import Grounding
from navigator.knowledge import Known, phrase
from navigator.prompt import metadata

QUESTIONS = Path(__file__).with_name("gold") / "unanswerable.txt"
"""Written by hand, one a line, about one item (`{ref}`) or about all on show; no such wording is trained on."""

TIMES = 3
"""Each question is asked so often, of other items."""

_SEVERAL = 4

YES_OR_NO = 120

OPEN = "left open"
"""The right answer to what nobody can tell."""

_LEAVES_OPEN = re.compile(
    r"\b(?:(?:do|does|did)(?:n't| not) (?:know|say|tell)|(?:can't|cannot) (?:tell|make|say))\b", re.I
)


async def unanswerable(engine: Engine, catalogue: Catalogue, release: str, say: Callable[[int, int], None]) -> Report:
    """Ask of held-out items what nothing in the demo tells, and whether they are what their own text says or not.

    An answer that neither leaves a question open nor says yes or no ("[1] is oak.") is neither right nor wrong.

    Args:
        release: what is measured, for the report.
        say: is told (questions answered, of all).
    """
    rng = Random(0)
    asked = open_questions(catalogue.test.known, rng)
    sets = {
        "nobody can tell": [question for question in asked if len(question.shown) == 1],
        "nobody can tell, of several": [question for question in asked if len(question.shown) > 1],
        "yes or no": told_questions(catalogue, rng),
    }
    questions = [question for some in sets.values() for question in some]

    async def answer(question: Question) -> str:
        return _as_shown((await answer_all(engine, [question], catalogue.encoder_version))[0], question)

    answers = dict(zip(map(id, questions), await each(questions, answer, say), strict=True))
    scores: dict[str, dict[str, float | int]] = {}
    samples: dict[str, dict[str, float]] = {}
    failures = []
    for name, some in sets.items():
        said = [(conclusion(answers[id(question)]), question.right) for question in some]
        right = [one == wanted for one, wanted in said]
        wrong = [one not in (wanted, None) for one, wanted in said]
        scores[name] = {"right": _share(right), "wrong": _share(wrong), "questions": len(some)}
        samples[name] = {str(i): float(value) for i, value in enumerate(right)}
        samples[f"wrong ({name})"] = {str(i): float(value) for i, value in enumerate(wrong)}
        failures += [
            {"asked": one.user, "item": one.shown[0].item.id, "right": one.right, "answer": answers[id(one)]}
            for one, value in zip(some, right, strict=True)
            if not value
        ]
    return Report("unanswerable", release, scores, samples, tuple(failures))


def open_questions(items: Sequence[Known], rng: Random) -> list[Question]:
    """Each question of `QUESTIONS`, several times."""
    questions = []
    for pattern in QUESTIONS.read_text(encoding="utf-8").splitlines():
        for _ in range(TIMES):
            one = "{ref}" in pattern
            shown = tuple(rng.sample(items, 1 if one else _SEVERAL))
            questions.append(Question(pattern.format(ref="it"), shown, OPEN, (1,) if one else ()))
    return questions


def told_questions(catalogue: Catalogue, rng: Random) -> list[Question]:
    """Whether an item is what its own text says, or what another one is: the answer is yes half of the time."""
    values = [(name, value) for known in catalogue.test.known for name, value in told(known).items()]
    questions = []
    for known in rng.sample(catalogue.test.known, min(YES_OR_NO, len(catalogue.test.known))):
        facts = told(known)
        if not facts:
            continue
        name = rng.choice(list(facts))
        others = [value for other, value in values if other == name and value != facts[name]]
        right = rng.random() < 0.5 or not others
        asked = facts[name] if right else rng.choice(others)
        said = phrasing.say(rng, "is" if phrase(name, asked) == asked else "has", ref="it", x=phrase(name, asked))
        questions.append(Question(said, (known,), "Yes" if right else "No", (1,)))
    return questions


def told(known: Known) -> dict[str, str]:
    """The properties that people talk about first and that the item's text, as a prompt has it, says."""
    text = metadata(known.item)
    return {name: value for name, value in known.telling.items() if says(text, value)}


def conclusion(answer: str) -> str | None:
    """What an answer comes to: `OPEN`, Yes, No, or None where it says something else, or both."""
    denies, confirms = re.search(r"^no\b|, not ", answer, re.I), re.search(r"\byes\b", answer, re.I)
    if _LEAVES_OPEN.search(answer):
        return None if denies or confirms else OPEN
    return None if bool(denies) == bool(confirms) else "No" if denies else "Yes"


def _as_shown(answer: str, question: Question) -> str:
    """An answer as a person sees it, see `navigator.grounding`."""
    grounding = Grounding([known.item for known in question.shown], given=question.user, asked=question.user)
    return grounding.feed(answer) + grounding.finish()


def _share(values: Sequence[bool]) -> float:
    return sum(values) / max(len(values), 1)
