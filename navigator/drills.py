"""Drills: items by their vectors, and what can be told of them, asked and answered in the fewest tokens.

A conversation has a handful of words that only the vectors tell; a drill has little else. Half of it names an item and
a property and asks for the value; the other half names the value and asks for the item.
"""

from collections.abc import Collection, Sequence
from random import Random

import numpy as np

from navigator.examples import Example
from navigator.knowledge import Known, Shelf, phrase
from navigator.processing import NavigatorProcessor
from navigator.prompt import metadata

_SIZES = (1, 1, 2, 3, 4, 6, 8, 8)
WORDED = 0.3
"""Share of drills in which items come with their metadata, as they do in conversations."""

Piece = tuple[str, bool]
"""Text, and whether the model writes it."""


def drill(
    processor: NavigatorProcessor,
    shelf: Shelf,
    told: Collection[str] | None,
    rng: Random,
    encoder_version: str,
    *,
    worded: bool = False,
) -> Example:
    """Items of a shelf, mostly of one kind, and questions about all of them.

    Args:
        told: properties that the vectors tell; None for all.
        worded: whether the items come with their metadata.
    """
    size = rng.choice(_SIZES)
    kind = rng.choice(shelf.known).kind
    pool = shelf.of_kind(kind) if rng.random() < 0.8 else list(shelf.known)
    pool = pool if len(pool) >= size else list(shelf.known)
    items = rng.sample(pool, min(size, len(pool)))
    return _example(processor, items, _questions(items, told, rng), worded, encoder_version)


def _questions(items: Sequence[Known], told: Collection[str] | None, rng: Random) -> list[Piece]:
    facts = [{name: value for name, value in known.facts.items() if told is None or name in told} for known in items]
    pieces: list[Piece] = []
    if len(items) == 1:
        names = rng.sample(list(facts[0]), len(facts[0]))
        return [piece for name in names for piece in ((f" {name}:", False), (f" {facts[0][name]};", True))]
    for _ in range(6 + 2 * len(items)):
        number = rng.randrange(len(items))
        if not facts[number]:
            continue
        name, value = rng.choice(list(facts[number].items()))
        if rng.random() < 0.4:
            pieces += [(f" [{number + 1}] {name}:", False), (f" {value};", True)]
            continue
        if rng.random() < 0.1:
            value = rng.choice([of[name] for of in facts if name in of])
        owners = [i for i, of in enumerate(facts, 1) if of.get(name) == value]
        pieces += [(f" {phrase(name, value)}:", False), (f" {' and '.join(f'[{i}]' for i in owners)};", True)]
    return pieces


def _example(
    processor: NavigatorProcessor, items: Sequence[Known], pieces: Sequence[Piece], worded: bool, version: str
) -> Example:
    ids = list(processor.header("system"))
    for number, known in enumerate(items, 1):
        ids += processor.encode_text(f"[{number}]")
        ids += [processor.config.item_token_id] * processor.config.tokens_per_item
        ids += processor.encode_text(f"{metadata(known.item)}\n" if worded else "\n")
    ids += [processor.turn_end_id, *processor.encode_text("\n"), *processor.header("assistant")]
    learn = [False] * len(ids)
    for text, own in pieces:
        piece = processor.encode_text(text)
        ids += piece
        learn += [own] * len(piece)
    vectors = np.stack([known.shown.vectors for known in items])
    taste = np.zeros((0, processor.config.taste_dim), np.float32)
    return Example(np.array(ids), np.array(learn), vectors, taste)
