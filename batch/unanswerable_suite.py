"""Questions that a shop's data cannot answer must be left open, and those that it can must be answered right."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from batch.navigator_data import Catalogue
from batch.quality_suites import each
from batch.suite_report import Report
from batch.unsold_wishes import unsold
from navigator import phrasing
from navigator.engine import Engine
from navigator.evaluation import Question, answer_all
from navigator.extremes import extreme_of, extremes
from navigator.knowledge import Known, phrase
from navigator.prompt import metadata
from navigator.verdicts import says

QUESTIONS = Path(__file__).with_name("gold") / "unanswerable.txt"
"""Written by hand, one a line, about one item (`{ref}`) or about all on show; no such wording is trained on."""

TIMES = 3
"""Each question is asked so often, of other items."""

OF_SEVERAL = Path(__file__).with_name("gold") / "of_several.txt"
"""Ways of asking which of several have a look, written by hand; no such wording is trained on."""

SIZES_OF_SEVERAL = Path(__file__).with_name("gold") / "of_several_sizes.txt"
"""Ways of asking which of several is the widest."""

_SEVERAL = 4

_SHELF = 6
"""Things of one kind of which it is asked which have a look."""

_WHICH, _SIZED = 90, 45
"""Questions which of several have a look, or are the widest."""

YES_OR_NO = 120

OPEN = "left open"
"""The right answer to what nobody can tell."""

_LEAVES_OPEN = re.compile(
    r"\b(?:(?:do|does|did)(?:n't| not) (?:know|say|tell)|(?:can't|cannot) (?:tell|make|say))\b", re.I
)


async def unanswerable(engine: Engine, catalogue: Catalogue, release: str, say: Callable[[int, int], None]) -> Report:
    """Ask of held-out items what nothing in the demo tells, whether they are what their own text says or not, which of
    several have what the text of one of them says, and for kinds of things that the demo does not have.

    An answer that neither leaves a question open nor says yes or no ("[1] is oak.") is neither right nor wrong; of
    several, exactly those that have it are right.

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
        "which of several": which_questions(catalogue.test.known, rng),
        "the widest of several": size_questions(catalogue.test.known, rng),
    }
    questions = [question for some in sets.values() for question in some]

    async def answer(question: Question) -> str:
        return (await answer_all(engine, [question], catalogue.encoder_version))[0]

    answers = dict(zip(map(id, questions), await each(questions, answer, say), strict=True))
    scores: dict[str, dict[str, float | int]] = {}
    samples: dict[str, dict[str, float]] = {}
    failures = []
    for name, some in sets.items():
        said = [(_comes_to(answers[id(question)], question), question.right) for question in some]
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
    for name, outcomes in (await unsold(engine, catalogue)).items():
        right = [outcome.right for outcome in outcomes]
        scores[name] = {"right": _share(right), "questions": len(outcomes)}
        samples[name] = {str(i): float(value) for i, value in enumerate(right)}
        failures += [
            {"asked": one.user, "item": "", "right": name, "answer": one.written} for one in outcomes if not one.right
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


def which_questions(items: Sequence[Known], rng: Random) -> list[Question]:
    """Which of several of a kind have a look that the text of one of them says: of each question, all that have it."""
    wordings = OF_SEVERAL.read_text(encoding="utf-8").splitlines()
    questions = []
    for shown in _shelves(items, rng, _WHICH):
        facts = {name: value for name, value in told(rng.choice(shown)).items() if phrase(name, value) == value}
        if not facts:
            continue
        name, value = rng.choice(list(facts.items()))
        right = [number for number, known in enumerate(shown, 1) if known.facts.get(name) == value]
        questions.append(Question(rng.choice(wordings).format(x=value), shown, _cited(right)))
    return questions


def size_questions(items: Sequence[Known], rng: Random) -> list[Question]:
    """Which of several of a kind is the widest, the tallest, the smallest."""
    wordings = SIZES_OF_SEVERAL.read_text(encoding="utf-8").splitlines()
    questions = []
    for shown in _shelves(items, rng, _SIZED):
        if extreme := extreme_of(rng.choice(extremes()), [known.item for known in shown]):
            said = rng.choice(wordings).format(x=extreme.word)
            questions.append(Question(said, shown, _cited(extreme.numbers)))
    return questions


def _shelves(items: Sequence[Known], rng: Random, count: int) -> Iterator[tuple[Known, ...]]:
    """Things of one kind, a few at a time."""
    kinds = sorted({known.kind for known in items})
    by_kind = {kind: [known for known in items if known.kind == kind] for kind in kinds}
    large = [some for some in by_kind.values() if len(some) >= _SEVERAL]
    for _ in range(count if large else 0):
        some = rng.choice(large)
        yield tuple(rng.sample(some, min(_SHELF, len(some))))


def _cited(numbers: Iterable[int]) -> str:
    return " ".join(f"[{number}]" for number in sorted(set(numbers)))


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


def cited_by(answer: str) -> str:
    """The items that an answer about several cites, each once, in their order; `OPEN` where it cites none."""
    return _cited(map(int, re.findall(r"\[(\d+)\]", answer))) or OPEN


def _comes_to(answer: str, question: Question) -> str | None:
    return cited_by(answer) if question.right.startswith("[") else conclusion(answer)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / max(len(values), 1)
