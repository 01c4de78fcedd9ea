"""The quality suites beside the conversations: intents read, properties seen in pictures, items found again."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from heapq import nsmallest
from random import Random
from typing import TypeVar

from PIL import Image

from batch.conversation_gold import Conversation, as_intent, demo_facts
from batch.conversation_suite import Talk, read_gold, run_conversations
from batch.local_search import LocalSearch
from batch.navigator_data import Catalogue
from batch.navigator_gate import gold_cases
from batch.rules_reader import RulesReader
from batch.suite_report import Report
from catalog.demo import load as demo
from catalog.search import query_probes
from catalog.table import ItemTable
from navigator.carry import carry
from navigator.engine import Engine
from navigator.evaluation import (
    IntentCase,
    Question,
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
from navigator.lexicon import KINDS, Kind, Lexicon
from navigator.prompt import Exchange

AT_ONCE = 8
QUESTIONS = 240
"""Questions of each kind at most, drawn with the same seed for every release."""
CHOICES = 400
"""Choices among eight: of so many a share's standard error is two hundredths."""

Say = Callable[[int, int], None]
T = TypeVar("T")
R = TypeVar("R")


async def intents(
    search: LocalSearch, engine: Engine, catalogue: Catalogue, conversations: Sequence[Conversation], say: Say
) -> Report:
    """Messages read as they should be: those of `navigator/gold.jsonl`, and gold turns after what should have come.

    A slot counts by the catalogue's values that its words mean, so that couch is sofa. The rules-only reader stands
    beside it.
    """
    sets = {"messages": gold_cases(catalogue.test), "turns": await _gold_turns(search, conversations)}
    rules = RulesReader(catalogue.train)
    total = sum(len(cases) for cases in sets.values())
    scores: dict[str, dict[str, float | int]] = {}
    samples: dict[str, dict[str, float]] = {}
    failures = []
    done = 0
    for name, cases in sets.items():

        async def read(case: IntentCase) -> ShoppingIntent | None:
            pairs = [pair async for pair in read_intents(engine, [case], search.release.encoder.version)]
            return pairs[0][1]

        given = await each(cases, read, lambda count, _, done=done: say(done + count, total))  # type: ignore[misc]
        done += len(cases)
        by_rules = [_by_rules(rules, case) for case in cases]
        for reader, answers in (("", given), (", rules only", by_rules)):
            pairs = [
                (_in_values(case.want, search.lexicon), got and _in_values(carry(got, case.history), search.lexicon))
                for case, got in zip(cases, answers, strict=True)
            ]
            found = score_intents(pairs)
            scores[name + reader] = {"action": found.action, "slots F1": found.f1, "cases": found.cases}
            if not reader:
                parts = [score_intents([pair]) for pair in pairs]
                samples[f"action ({name})"] = {str(i): part.action for i, part in enumerate(parts)}
                samples[f"slots F1 ({name})"] = {
                    str(i): part.f1 for i, part in enumerate(parts) if part.precision or part.recall or pairs[i][0]
                }
        failures += [
            {"message": case.user, "want": _plain(case.want), "read": _plain(got)}
            for case, got in zip(cases, given, strict=True)
            if got is None or score_intents([(case.want, got)]).f1 < 1 or got.action != case.want.action
        ]
    return Report("intents", search.release.id, scores, samples, tuple(failures))


async def attributes(engine: Engine, catalogue: Catalogue, hidden: dict[str, tuple[str, ...]], say: Say) -> Report:
    """What only the picture of a held-out item shows, asked for, and found among eight; and what is made up."""
    rng = Random(0)
    asked = attribute_questions(catalogue.test, hidden, rng)
    asked = rng.sample(asked, min(QUESTIONS, len(asked)))
    sets = {
        "named right": asked,
        "chosen among 8": choice_questions(catalogue.test, hidden, CHOICES, rng),
    }
    values = {value for known in (*catalogue.test.known, *catalogue.train.known) for value in known.facts.values()}
    vocabulary = sorted(values)
    questions = [question for some in sets.values() for question in some]

    async def answer(question: Question) -> str:
        return (await answer_all(engine, [question], catalogue.encoder_version))[0]

    answers = dict(zip(map(id, questions), await each(questions, answer, say), strict=True))
    scores: dict[str, dict[str, float | int]] = {}
    samples: dict[str, dict[str, float]] = {}
    failures = []
    for name, some in sets.items():
        right = [accuracy([question], [answers[id(question)]]) for question in some]
        made_up = [invented(answers[id(one)], one.shown, one.user, vocabulary) for one in some]
        scores[name] = {"right": _mean(right), "invented": _mean([len(one) for one in made_up]), "questions": len(some)}
        samples[name] = by_item(some, right)
        samples[f"invented ({name})"] = by_item(some, [float(len(one)) for one in made_up])
        failures += [
            {"asked": one.user, "items": [k.item.id for k in one.shown], "right": one.right, "answer": answers[id(one)]}
            for one, value in zip(some, right, strict=True)
            if not value
        ]
    return Report("attributes", catalogue.encoder_version, scores, samples, tuple(failures))


async def retrieval(search: LocalSearch, titles: Mapping[str, str], say: Say) -> Report:
    """Items found again: the demo's by another picture, by colour and kind; any catalogue's by their own title.

    Args:
        titles: by id, of the items whose titles are asked for, see `drawn_titles`.
    """
    samples: dict[str, dict[str, float]] = {}
    failures: list[dict[str, object]] = []
    known = await search.items(list(demo.truth()))
    if len(known) * 2 > len(demo.truth()):
        samples, failures = await _demo_again(search, say)
    samples |= await _titles_again(search, titles, say)
    scores: dict[str, dict[str, float | int]] = {
        name: {"share": _mean(list(some.values())), "queries": len(some)} for name, some in samples.items()
    }
    return Report("retrieval", search.release.id, scores, samples, tuple(failures))


async def _demo_again(search: LocalSearch, say: Say) -> tuple[dict[str, dict[str, float]], list[dict[str, object]]]:
    truth = demo.truth()
    views = demo.second_views()
    alike: dict[str, set[str]] = defaultdict(set)
    for known in truth.values():
        alike[f"{known.color} {known.category.replace('-', ' ')}"].add(known.id)
    words = {query: wanted for query, wanted in alike.items() if len(wanted) > 1}
    total = len(views) + len(words)

    async def by_picture(view: demo.SecondView) -> list[str]:
        with Image.open(view.image) as image:
            vectors = await search.encode(None, image.convert("RGB"))
        return await _ranked(search, None, vectors, has_picture=True)

    seen = await each(views, by_picture, lambda count, _: say(count, total))
    said = await each(list(words), partial(_by_words, search), lambda count, _: say(len(views) + count, total))
    samples = {
        f"second view, recall@{k}": {
            view.item_id: float(view.item_id in found[:k]) for view, found in zip(views, seen, strict=True)
        }
        for k in (1, 10)
    }
    samples["colour and kind, recall@10"] = {
        query: len(words[query] & set(found)) / min(10, len(words[query]))
        for query, found in zip(words, said, strict=True)
    }
    failures: list[dict[str, object]] = [
        {"query": query, "missing": sorted(words[query] - set(found))[:10]}
        for query, found in zip(words, said, strict=True)
        if not words[query] & set(found)
    ]
    return samples, failures


def drawn_titles(table: ItemTable, most: int = QUESTIONS) -> dict[str, str]:
    """Titles of items drawn by a hash of their ids, so that two releases are asked for the same ones."""
    pairs = (
        (row["id"], row["title"])
        for batch in table.batches(["id", "title"])
        for row in batch.to_pylist()
        if row["title"]
    )
    return dict(nsmallest(most, pairs, key=lambda pair: blake2b(pair[0].encode(), digest_size=8).digest()))


async def _titles_again(search: LocalSearch, titles: Mapping[str, str], say: Say) -> dict[str, dict[str, float]]:
    found = await each(list(titles.values()), partial(_by_words, search), say)
    return {
        f"own title, recall@{k}": {item: float(item in ids[:k]) for item, ids in zip(titles, found, strict=True)}
        for k in (1, 10)
    }


async def _by_words(search: LocalSearch, query: str) -> list[str]:
    return await _ranked(search, query, await search.encode(query), has_picture=False)


async def _gold_turns(search: LocalSearch, conversations: Sequence[Conversation]) -> list[IntentCase]:
    """Every gold turn, after turns that were understood and answered as they should be."""
    known = demo_facts(await search.items(list(demo.truth())))
    talk = Talk(search, None, known, [], read=read_gold)
    results = await run_conversations(talk, conversations, [0], lambda *_: None)
    cases: list[IntentCase] = []
    history: list[Exchange] = []
    by_id = {conversation.id: conversation for conversation in conversations}
    for result in results:
        history = [] if result.turn == 1 else history
        turn = by_id[result.conversation].turns[result.turn - 1]
        # A turn that could rightly be read as more than one thing tells nothing about reading.
        if len(turn.actions) == 1 and turn.holds.cheaper_than is None:
            want = as_intent(turn, len(result.outcome.list_before))
            cases.append(IntentCase(result.message, want, tuple(history)))
        history.append(replace(result.exchange, answer="Have a look at [1]." if result.outcome.shown else "All right."))
    return cases


async def _ranked(search: LocalSearch, text: str | None, vectors: dict, *, has_picture: bool) -> list[str]:
    probes = query_probes(text, vectors, has_picture=has_picture)
    found = await search.search.find(probes, limit=10, with_vectors=False)
    ids: list[str] = found["id"].to_pylist()
    return ids


async def each(asked: Sequence[T], answer: Callable[[T], Awaitable[R]], say: Say) -> list[R]:
    """Answers to all, in order, several at a time."""
    free = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(question: T) -> R:
        nonlocal done
        async with free:
            found = await answer(question)
        done += 1
        say(done, len(asked))
        return found

    return await asyncio.gather(*(one(question) for question in asked))


def _by_rules(rules: RulesReader, case: IntentCase) -> ShoppingIntent:
    last = case.history[-1] if case.history else None
    return rules.read(case.user, last.intent if last else None, len(last.shown) if last else 0)


def _in_values(intent: ShoppingIntent, lexicon: Lexicon) -> ShoppingIntent:
    """An intent with the catalogue's values in place of words, as far as they mean any."""
    slots: dict[str, Kind] = {"categories": "category", "colors": "color", "materials": "material", "styles": "style"}
    found = {
        slot: tuple(value for word in getattr(intent, slot) for value in lexicon.resolve(kind, word) or (word,))
        for slot, kind in slots.items()
    }
    excluded = [
        value
        for word in intent.exclude
        for value in ([one for kind in KINDS for one in lexicon.resolve(kind, word)] or [word])
    ]
    return intent.model_copy(update={**found, "exclude": tuple(excluded)})


def _plain(intent: ShoppingIntent | None) -> object:
    return intent and intent.model_dump(mode="json", exclude_defaults=True)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
