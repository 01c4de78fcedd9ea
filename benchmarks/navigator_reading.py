"""How well a small language model learns to read items in a given way, within a given budget.

Questions are asked in the fewest tokens, as `navigator.drills` trains them: a property of an item, or which of several
items has a value. Soft tokens begin as words by alignment, the projector rests, and adapters are trained: every way is
given the same items and questions in the same order, and as many steps. Answers are written greedily, token by token.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import cast

import numpy as np
import torch
from torch import nn
from transformers import AutoTokenizer

from batch.convert import convert
from catalog.precision import fast_dtype
from navigator.alignment import Heard, align, hear
from navigator.config import NavigatorConfig
from navigator.examples import Example, Row, pack
from navigator.knowledge import Known, phrase
from navigator.learnt import Shape
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.packaged import PACKAGED
from navigator.packed_attention import pack_attention
from navigator.processing import NavigatorProcessor
from navigator.prompt import metadata
from navigator.training import Recipe, train

_TOGETHER = 8
"""Drills in a step."""
_ALIGNED_RANK = 320
SIZES = (1, 1, 2, 3, 4, 8)


@dataclass(frozen=True)
class Way:
    """How an item is read.

    Args:
        tokens: soft tokens that its vector becomes; 0 leaves the vector out.
        words: whether its metadata stands beside them.
    """

    tokens: int
    words: bool = False


@dataclass(frozen=True)
class Asked:
    """Items, and questions about them with what is to be written after each."""

    items: tuple[Known, ...]
    questions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reader:
    """A language model that has learnt to read items in one way."""

    model: NavigatorForConditionalGeneration
    processor: NavigatorProcessor
    way: Way

    def example(self, asked: Asked) -> Example:
        """The question in tokens, with what is to be written marked as such."""
        return _example(self.processor, self.way, asked)

    @torch.no_grad()
    def accuracy(self, asked: Sequence[Asked]) -> float:
        """Share of questions, each asked alone, that are answered to the letter."""
        right = 0
        for some in _together(asked):
            row = one_row([self.example(entry) for entry in some], self.processor)
            output = self.model.hidden_states(
                row.ids, row.items, None, position_ids=row.positions, lengths=row.lengths, use_cache=False
            )
            hidden = cast(torch.Tensor, output.last_hidden_state)[0]  # [T, H]
            ends = np.cumsum(row.lengths)
            for start, end in zip([0, *ends], ends, strict=False):
                wanted = torch.nonzero(row.learn[0, start:end])[:, 0] + int(start)
                logits = self.model.get_output_embeddings()(hidden[wanted - 1])
                right += bool((logits.argmax(-1) == row.ids[0, wanted]).all())
        return right / max(len(asked), 1)


def listen(train_on: Sequence[Known]) -> Heard | None:
    """Read-outs of items' properties, which soft tokens are made of."""
    return hear(train_on, _ALIGNED_RANK)


def learn_to_read(
    way: Way,
    train_on: Sequence[Known],
    drills: Sequence[Asked],
    folder: Path,
    *,
    heard: Heard | None = None,
    lora_layers: int = 15,
) -> Reader:
    """Align and train over SmolLM2-135M.

    Args:
        train_on: items with one vector `[1, D]` each; soft tokens learn their words from these.
        drills: what adapters are trained on, eight to a step.
        folder: for checkpoints.
        heard: what `listen` gave for these items, to hear them once for several ways.
    """
    shape = Shape(
        train_on[0].shown.vectors.shape[-1],
        tokens_per_item=max(way.tokens, 1),
        projector_rank=_ALIGNED_RANK,
        projector_dim=8,
    )
    convert(PACKAGED, str(folder / "start"), shape)
    dtype = fast_dtype("cpu")
    model = NavigatorForConditionalGeneration.from_pretrained(folder / "start", dtype=dtype)
    processor = NavigatorProcessor(AutoTokenizer.from_pretrained(folder / "start"), cast(NavigatorConfig, model.config))
    if way.tokens:
        model.item_projector.float()
        words = cast(nn.Embedding, model.get_input_embeddings())
        align(model.item_projector, train_on, processor.tokenizer, words, heard=heard or listen(train_on))
        model.item_projector.to(dtype)
    steps = len(drills) // _TOGETHER
    recipe = Recipe(steps=steps, warmup=steps // 10 + 1, lora_layers=lora_layers, save_every=steps)
    rows = (one_row([_example(processor, way, entry) for entry in some], processor) for some in _together(drills))
    model.train()
    for _ in train(model, rows, recipe, folder):
        pass
    pack_attention(model.language_model)
    return Reader(model.eval(), processor, way)


def make_drills(
    known: Sequence[Known], names: Collection[str], count: int, rng: Random, sizes: Sequence[int] = SIZES
) -> Iterator[Asked]:
    """Items, mostly of one kind, with questions about each of them.

    Args:
        names: the properties that are asked about.
        sizes: how many items a drill may have.
    """
    of_kind: dict[str, list[Known]] = {}
    for entry in known:
        of_kind.setdefault(entry.kind, []).append(entry)
    for _ in range(count):
        size = rng.choice(sizes)
        pool = of_kind[rng.choice(known).kind] if rng.random() < 0.8 else known
        items = tuple(rng.sample(pool if len(pool) >= size else known, size))
        yield Asked(items, tuple(_questions(items, names, rng)))


def ask_property(entry: Known, name: str) -> Asked:
    """A property of one item."""
    return Asked((entry,), ((f" {name}:", f" {entry.facts[name]};"),))


def ask_which(owner: Known, rivals: Sequence[Known], name: str, rng: Random) -> Asked:
    """Which item has the owner's value of a property, which no rival has."""
    items = [owner, *rivals]
    rng.shuffle(items)
    value = phrase(name, owner.facts[name])
    return Asked(tuple(items), ((f" {value}:", f" [{items.index(owner) + 1}];"),))


def hidden_questions(
    known: Sequence[Known], hidden: Mapping[str, Collection[str]], names: Collection[str], rng: Random
) -> tuple[list[Asked], list[Asked]]:
    """Of items' properties that no text tells: each asked for, and each that no seven others share looked for among 8.

    Args:
        hidden: such properties, by item id.
    """
    attributes, choices = [], []
    for entry in known:
        for name in sorted(set(hidden.get(entry.item.id, ())) & set(names) & entry.facts.keys()):
            attributes.append(ask_property(entry, name))
            others = [other for other in known if other.facts.get(name) not in (None, entry.facts[name])]
            alike = [other for other in others if other.kind == entry.kind]
            pool = alike if len(alike) >= 7 else others
            if len(pool) >= 7:
                choices.append(ask_which(entry, rng.sample(pool, 7), name, rng))
    return attributes, choices


def _questions(items: Sequence[Known], names: Collection[str], rng: Random) -> Iterator[tuple[str, str]]:
    facts = [{name: value for name, value in known.facts.items() if name in names} for known in items]
    if len(items) == 1:
        yield from ((f" {name}:", f" {value};") for name, value in rng.sample(list(facts[0].items()), len(facts[0])))
        return
    for _ in range(4 + 2 * len(items)):
        number = rng.randrange(len(items))
        if not facts[number]:
            continue
        name, value = rng.choice(list(facts[number].items()))
        if rng.random() < 0.3:
            yield f" [{number + 1}] {name}:", f" {value};"
            continue
        owners = [place for place, of in enumerate(facts, 1) if of.get(name) == value]
        yield f" {phrase(name, value)}:", f" {' and '.join(f'[{place}]' for place in owners)};"


def _example(processor: NavigatorProcessor, way: Way, asked: Asked) -> Example:
    ids = list(processor.header("system"))
    for number, known in enumerate(asked.items, 1):
        ids += processor.encode_text(f"[{number}]")
        ids += [processor.config.item_token_id] * way.tokens
        ids += processor.encode_text(f"{metadata(known.item)}\n" if way.words else "\n")
    ids += [processor.turn_end_id, *processor.encode_text("\n"), *processor.header("assistant")]
    learn = [False] * len(ids)
    for asks, wants in asked.questions:
        for text, own in ((asks, False), (wants, True)):
            piece = processor.encode_text(text)
            ids += piece
            learn += [own] * len(piece)
    vectors = np.stack([known.shown.vectors for known in asked.items if way.tokens] or [_NOTHING])
    taste = np.zeros((0, processor.config.taste_dim), np.float32)
    return Example(np.array(ids), np.array(learn), vectors[: len(asked.items) if way.tokens else 0], taste)


_NOTHING = np.zeros((1, 1), np.float32)


def _together(asked: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    return (asked[start : start + _TOGETHER] for start in range(0, len(asked), _TOGETHER))


def one_row(examples: Sequence[Example], processor: NavigatorProcessor) -> Row:
    """All examples in one row that is as long as they are."""
    return next(pack(examples, sum(len(example.ids) for example in examples), processor.turn_end_id))
