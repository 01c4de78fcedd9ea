"""How much of a picture reaches the answers: the same language model and budget, reading items in six ways."""

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from batch.navigator_data import Catalogue
from batch.navigator_gate import gold_cases
from batch.rules_reader import RulesReader
from benchmarks.navigator_pictures import grids_of, load_pixels, see_grid
from benchmarks.navigator_reading import Asked, Reader, Way, hidden_questions, learn_to_read, listen, make_drills
from catalog.packaged import PackagedEncoder
from navigator.evaluation import score_intents
from navigator.examples import Example
from navigator.knowledge import Known
from navigator.prompt import Shown

WAYS = {
    "metadata only": Way(tokens=0, words=True),
    "one token": Way(tokens=1),
    "four tokens": Way(tokens=4),
    "four tokens + metadata": Way(tokens=4, words=True),
    "eleven tokens": Way(tokens=11),
    "7 × 7 grid at request time": Way(tokens=49),
}
_PRECOMPUTED = 11
"""So many tokens at most stand for details that were ready; more are a grid's."""
_FEWEST_HIDDEN = 12
_REPEATS = 5


def compare(
    catalogue: Catalogue,
    hidden: dict[str, tuple[str, ...]],
    drills: int,
    say: Callable[[str], None],
    ways: Sequence[str] = tuple(WAYS),
) -> Iterator[dict[str, Any]]:
    """Teach every way with the same drills and steps, and ask for properties that no text of held-out items tells.

    Yields the figures so far after each of them.

    Soft tokens begin as words for what read-outs tell of these properties. The grid's read-outs are of every cell and
    of the details, so that it knows all that the others know.

    Args:
        catalogue: the demo's, with details as vectors, and perhaps others' items to learn from besides; as items'
            pictures, files.
        hidden: by item id, properties that only the picture shows.
        drills: items with questions to learn from.
    """
    counts = Counter(name for names in hidden.values() for name in names)
    names = [name for name, count in counts.most_common() if count >= _FEWEST_HIDDEN]
    learns_from = len(catalogue.train.known)
    results: dict[str, Any] = {"properties": len(names), "drills": drills, "items_to_learn_from": learns_from}
    ahead = (_about(catalogue.train.known, names), _about(catalogue.test.known, names))
    heard = listen(ahead[0])
    for name in ways:
        way = WAYS[name]
        on_request = way.tokens > _PRECOMPUTED
        train, test = map(_with_grids, ahead) if on_request else ahead
        attributes, choices = hidden_questions(test, hidden, names, Random(1))
        lessons = list(make_drills(train, names, drills, Random(0)))
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            reader = learn_to_read(way, train, lessons, Path(folder), heard=None if on_request else heard)
            spent = time.process_time() - began
        results[name] = {
            "attribute": reader.accuracy(attributes),
            "attributes_asked": len(attributes),
            "choice_of_8": reader.accuracy(choices),
            "choices_asked": len(choices),
            "soft_tokens_per_item": way.tokens,
            "training_cpu_s": spent,
            **first_token_ms(reader, choices[0]),
        }
        say(f"{name}: {results[name]}")
        yield results


def first_token_ms(reader: Reader, asked: Asked) -> dict[str, float]:
    """Milliseconds of CPU time, on one thread, until the first word about 8 items, reading their pictures included.

    CPU time is what a quiet core would take, whatever else runs on the machine.
    """
    example = reader.example(asked)
    prompt = int(example.learn.argmax())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    read = statistics.median(_cpu_ms(lambda: _first_token(reader, example, prompt)) for _ in range(_REPEATS))
    seen = 0.0
    if reader.way.tokens > _PRECOMPUTED:
        encoder = PackagedEncoder("cpu")
        paths = [_picture(entry) for entry in asked.items]
        seen = statistics.median(_cpu_ms(lambda: see_grid(encoder, load_pixels(encoder, paths))) for _ in range(3))
    torch.set_num_threads(threads)
    return {"prompt_tokens_8_items": float(prompt), "first_token_cpu_ms": seen + read, "of_that_pictures_ms": seen}


def rules_baseline(catalogue: Catalogue) -> dict[str, float]:
    """Actions and slots of the gold messages, read by rules."""
    reader = RulesReader(catalogue.train)
    pairs = []
    for case in gold_cases(catalogue.test):
        last = case.history[-1] if case.history else None
        read = reader.read(case.user, last.intent if last else None, len(last.shown) if last else 0)
        pairs.append((case.want, read))
    score = score_intents(pairs)
    return {"action": score.action, "slots": score.f1, "cases": float(score.cases)}


@torch.no_grad()
def _first_token(reader: Reader, example: Example, prompt: int) -> None:
    ids = torch.from_numpy(example.ids[:prompt])[None]
    items = torch.from_numpy(example.items) if len(example.items) else None
    output = reader.model.hidden_states(ids, items, None, lengths=(prompt,), use_cache=False)
    assert output.last_hidden_state is not None
    reader.model.get_output_embeddings()(output.last_hidden_state[:, -1]).argmax(-1)


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return 1000 * (time.thread_time() - began)


def _about(known: Sequence[Known], names: Collection[str]) -> list[Known]:
    return [
        replace(entry, facts={name: value for name, value in entry.facts.items() if name in names}) for entry in known
    ]


def _with_grids(known: Sequence[Known]) -> list[Known]:
    grids = grids_of("demo", [_picture(entry) for entry in known])  # [N, D]
    return [
        replace(entry, shown=Shown(entry.item, grid[None].astype(np.float32)))
        for entry, grid in zip(known, grids, strict=True)
    ]


def _picture(known: Known) -> Path:
    return Path(known.item.image or "")
