"""From conversations to rows of tokens that a model is trained on: which tokens it must write, several to a row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from navigator import answers
from navigator.dialogues import Dialogue
from navigator.knowledge import Known
from navigator.message import Floats, ItemSlot, Message
from navigator.processing import NavigatorProcessor, expand
from navigator.prompt import metadata, trace


@dataclass(frozen=True)
class Example:
    """One conversation in tokens.

    Args:
        ids: `[T]` int64, placeholders repeated for every soft token.
        learn: `[T]` bool, the tokens that the model writes itself.
        items: `[N, V, D]` float32.
        taste: `[M, Dt]` float32.
    """

    ids: NDArray[np.int64]
    learn: NDArray[np.bool_]
    items: Floats
    taste: Floats


@dataclass(frozen=True)
class Row:
    """Several examples in one row of fixed length; none sees another.

    Args:
        ids: `[1, T]` int64.
        learn: `[1, T]` bool.
        positions: `[1, T]` int64, from 0 in each example.
        lengths: tokens of each example, and of what the row is filled up with; T together.
        items: `[N, V, D]` float32, taste: `[M, Dt]` float32; None where there is none.
    """

    ids: Tensor
    learn: Tensor
    positions: Tensor
    lengths: tuple[int, ...]
    items: Tensor | None
    taste: Tensor | None


def from_dialogue(processor: NavigatorProcessor, dialogue: Dialogue, encoder_version: str) -> Example:
    """A conversation of which the model learns to write every assistant turn."""
    return from_messages(processor, trace(dialogue.exchanges, dialogue.taste), encoder_version)


def from_messages(processor: NavigatorProcessor, messages: Sequence[Message], encoder_version: str) -> Example:
    """Messages of which the model learns to write the assistant's, their end included."""
    ids: list[int] = []
    learn: list[bool] = []
    items: list[Floats] = []
    taste: list[Floats] = []
    for message in messages:
        prompt = processor.encode([message], encoder_version=encoder_version, add_generation_prompt=False)
        piece = expand(prompt, processor.config)
        own = message.role == "assistant"
        header = len(processor.header("assistant")) if own else len(piece)
        after = len(processor.encode_text("\n"))
        ids += piece
        learn += [False] * header + [True] * (len(piece) - header - after) + [False] * (after if own else 0)
        items += [slot.vectors for slot in prompt.items]
        taste.append(prompt.taste)
    config = processor.config
    stacked = np.stack(items) if items else np.zeros((0, config.vectors_per_item, config.item_dim), np.float32)
    return Example(np.array(ids), np.array(learn), stacked, np.concatenate(taste))


def descriptions(known: Iterable[Known], rng: Random) -> Iterator[list[Message]]:
    """Messages that name what one item's vector shows; half of them without a word of metadata."""
    for entry in known:
        words = f"{metadata(entry.item)}\n" if rng.random() < 0.3 else "\n"
        yield [
            Message.of("system", "[1]", ItemSlot(entry.item.id, entry.shown.vectors), words),
            Message.of("assistant", answers.describe(rng, entry)),
        ]


def pack(examples: Iterable[Example], length: int, pad_id: int, *, room: int = 64) -> Iterator[Row]:
    """Fill rows of `length` tokens; examples that do not fit into one are left out.

    Args:
        room: examples that wait for a row into which they fit; more of them fill rows better.
    """
    waiting: list[Example] = []
    for example in examples:
        if len(example.ids) > length:
            continue
        waiting.append(example)
        if len(waiting) >= room:
            yield _row(_fill(waiting, length), length, pad_id)
    while waiting:
        yield _row(_fill(waiting, length), length, pad_id)


def _fill(waiting: list[Example], length: int) -> list[Example]:
    """Take examples out of `waiting` for one row: the one that waits longest first, then the largest that fit."""
    chosen = [waiting.pop(0)]
    left = length - len(chosen[0].ids)
    for example in sorted(waiting, key=lambda entry: -len(entry.ids)):
        if len(example.ids) <= left:
            chosen.append(example)
            left -= len(example.ids)
    taken = {id(example) for example in chosen}
    waiting[:] = [example for example in waiting if id(example) not in taken]
    return chosen


def _row(examples: Sequence[Example], length: int, pad_id: int) -> Row:
    ids = np.full(length, pad_id, np.int64)
    learn = np.zeros(length, bool)
    positions = np.zeros(length, np.int64)
    start = 0
    for example in examples:
        end = start + len(example.ids)
        ids[start:end], learn[start:end] = example.ids, example.learn
        positions[start:end] = np.arange(end - start)
        start = end
    lengths = [*(len(example.ids) for example in examples), length - start]
    return Row(
        ids=torch.from_numpy(ids)[None],
        learn=torch.from_numpy(learn)[None],
        positions=torch.from_numpy(positions)[None],
        lengths=tuple(size for size in lengths if size),
        items=_joined([example.items for example in examples]),
        taste=_joined([example.taste for example in examples]),
    )


def _joined(arrays: Sequence[Floats]) -> Tensor | None:
    joined = np.concatenate(arrays)
    return torch.from_numpy(joined) if len(joined) else None
