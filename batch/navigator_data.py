"""What a Navigator is trained on: a release's items and vectors, labels, boards, and operators' conversations."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from random import Random
from typing import Any

import fsspec

from catalog.errors import InvalidInput, NotFound
from catalog.release import Release, ReleaseStore
from catalog.table import DETAIL_COLUMN, ITEM_COLUMNS, ItemTable, item_from_row, number_columns, vectors_from_arrow
from navigator.alterations import Alterations
from navigator.dialogues import Dialogue, dialogues
from navigator.drills import WORDED, drill
from navigator.examples import Example, descriptions, from_dialogue, from_messages
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, Shelf, know, legible
from navigator.processing import NavigatorProcessor
from navigator.prompt import Exchange, Shown

DRILLS, DESCRIPTIONS = 0.2, 0.05
"""Shares of training examples that read vectors and do little else; the rest are conversations. With twice as many
drills a Navigator sees more and understands what people say worse (`docs/navigator.md`)."""

_RENEWED = 200
"""Examples after which other values are altered."""

HELD_OUT = 0.15
"""Share of items that are never trained on, by a hash of their id: the same ones in every run."""


@dataclass(frozen=True)
class Catalogue:
    """A release's items as conversations can be made of them, apart for training and for testing."""

    train: Shelf
    test: Shelf
    encoder_version: str
    item_dim: int


def vector_column(names: Iterable[str]) -> str:
    """The column that Navigator reads: details, else joint vectors, else the pictures' own.

    Raises:
        InvalidInput: a table without either.
    """
    names = list(names)
    for name in (DETAIL_COLUMN, "joint_vector", "image_vector"):
        if name in names:
            return name
    raise InvalidInput(
        f"the item table has no detail, joint_vector or image_vector; it has {', '.join(names) or 'none'}"
    )


def load_catalogue(
    store: ReleaseStore,
    release: Release,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    boards: Iterable[Iterable[str]] = (),
    limit: int = 200_000,
) -> Catalogue:
    """Read a release's items and vectors.

    Args:
        labels: by item id, what its picture shows: {"legs": "hairpin", ...}.
        boards: lists of ids that belong together.
        limit: items at most; a larger catalogue is sampled by its table's order.

    Raises:
        NotFound: fewer than two items have a picture's vector.
    """
    items = ItemTable.of(store, release)
    column = vector_column(number_columns(items.schema))
    known: list[Known] = []
    for batch in items.batches([*ITEM_COLUMNS, column]):
        vectors = vectors_from_arrow(batch.column(column))  # [n, D]
        for row, vector in zip(batch.select(ITEM_COLUMNS).to_pylist(), vectors, strict=True):
            if vector.any():
                shown = Shown(item_from_row(row), vector[None])
                known.append(know(shown, (labels or {}).get(shown.item.id)))
        if len(known) >= limit:
            break
    if len(known) < 2:
        raise NotFound(f"release {release.id} has no items with a {column}; run batch.precompute with pictures")
    return split(known, boards, release.encoder.version)


def split(known: list[Known], boards: Iterable[Iterable[str]], encoder_version: str) -> Catalogue:
    """Hold a fixed share of the items out, and of each board what remains of it on either side."""
    boards_of_ids = [list(board) for board in boards]
    return Catalogue(
        train=_shelf([entry for entry in known if not is_held_out(entry.item.id)], boards_of_ids),
        test=_shelf([entry for entry in known if is_held_out(entry.item.id)], boards_of_ids),
        encoder_version=encoder_version,
        item_dim=known[0].shown.vectors.shape[-1],
    )


def practised(catalogue: Catalogue, others: Iterable[Catalogue]) -> Catalogue:
    """The same catalogue with all items of others to train on besides; what is held out stays as it is.

    A thousand labelled pictures teach a reader of vectors less than three thousand do, and other catalogues of the same
    trade have the same legs and patterns. Their boards are left alone.

    Raises:
        InvalidInput: one was read by another encoder, or keeps other vectors.
    """
    known = list(catalogue.train.known)
    for other in others:
        if (other.encoder_version, other.item_dim) != (catalogue.encoder_version, catalogue.item_dim):
            raise InvalidInput(
                f"a catalogue to practise on has vectors of {other.encoder_version} ({other.item_dim}), the release "
                f"those of {catalogue.encoder_version} ({catalogue.item_dim}); precompute it with the same encoder"
            )
        known += [*other.train.known, *other.test.known]
    return replace(catalogue, train=Shelf(known, catalogue.train.boards))


def is_held_out(item_id: str) -> bool:
    digest = blake2b(item_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32 < HELD_OUT


def examples(
    processor: NavigatorProcessor,
    catalogue: Catalogue,
    seed: int,
    own: list[Dialogue] | None = None,
    told: Collection[str] = (),
    drills: float = DRILLS,
    alterations: Alterations | None = None,
) -> Iterator[Example]:
    """Endless training examples: conversations, drills in reading vectors, a few descriptions, and operators' own.

    Args:
        own: operators' conversations; one in ten examples is one of them.
        told: properties that the vectors tell; () for all.
        drills: share of drills, 0 to 0.95.
        alterations: what changes items' values, others every `_RENEWED` examples; None leaves all.
    """
    rng = Random(seed)
    version = catalogue.encoder_version
    shelf = legible(catalogue.train, told) if told else catalogue.train
    real = bare = shelf
    for number in count():
        if alterations is not None and number % _RENEWED == 0:
            shelf, bare = (alterations.altered(real, rng, worded=worded) for worded in (True, False))
        draw = rng.random()
        if own and draw < 0.1:
            yield from_dialogue(processor, rng.choice(own), version)
        elif draw < drills:
            worded = rng.random() < WORDED
            yield drill(processor, shelf if worded else bare, told or None, rng, version, worded=worded)
        elif draw < drills + DESCRIPTIONS:
            messages = next(descriptions([rng.choice(shelf.known)], rng))
            yield from_messages(processor, messages, version)
        else:
            yield from_dialogue(processor, next(dialogues(shelf, rng, 1)), version)


def read_labels(path: str | None) -> dict[str, dict[str, str]]:
    """JSON lines {"id": ..., "visual": {name: value}} as {id: {name: value}}; values that are no text are left out."""
    rows = read_jsonl(path) if path else []
    return {
        str(row["id"]): {name: value for name, value in row["visual"].items() if isinstance(value, str)} for row in rows
    }


def read_hidden(path: str | None) -> dict[str, tuple[str, ...]]:
    """Of the same file: names of the properties that an item's text leaves out, by id."""
    return {str(row["id"]): tuple(row.get("hidden", ())) for row in (read_jsonl(path) if path else [])}


def read_boards(path: str | None) -> list[list[str]]:
    """JSON lines {"items": [ids]}."""
    return [[str(item) for item in row["items"]] for row in read_jsonl(path)] if path else []


def read_conversations(path: str | None, catalogue: Catalogue) -> list[Dialogue]:
    """Operators' own conversations.

    JSON lines {"exchanges": [{"user": text, "intent": {...}, "items": [ids], "answer": text}, ...]}; the ids are what
    was on show, in order. An exchange without an intent teaches the answer alone.

    Raises:
        InvalidInput: an intent that is none, or an id that is not in the catalogue.
    """
    shelf = {entry.item.id: entry.shown for entry in (*catalogue.train.known, *catalogue.test.known)}
    return [_dialogue(row, shelf) for row in read_jsonl(path)] if path else []


def read_jsonl(uri: str) -> list[dict[str, Any]]:
    """All rows of a JSON-lines file at a path or URI."""
    with fsspec.open(uri, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _dialogue(row: Mapping[str, Any], shelf: Mapping[str, Shown]) -> Dialogue:
    exchanges = []
    for entry in row["exchanges"]:
        unknown = [item for item in entry.get("items", ()) if item not in shelf]
        if unknown:
            raise InvalidInput(f"a conversation shows {unknown[0]!r}, which is not in the release")
        intent = ShoppingIntent.model_validate(entry["intent"]) if entry.get("intent") else None
        shown = tuple(shelf[item] for item in entry.get("items", ()))
        exchanges.append(Exchange(entry["user"], intent, shown, entry["answer"]))
    return Dialogue(tuple(exchanges))


def _shelf(known: list[Known], boards: list[list[str]]) -> Shelf:
    place = {entry.item.id: i for i, entry in enumerate(known)}
    inside = [tuple(place[item] for item in board if item in place) for board in boards]
    return Shelf(known, [board for board in inside if len(board) > 1])
