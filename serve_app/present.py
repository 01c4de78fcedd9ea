"""Rows of the item table as the API shows them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from catalog.table import item_fields
from serve_app.schemas import FoundItem, ItemOut, Reason

SECOND_REASON_RANK = 30
"""A further list is worth a word if the item stands at least this high in it."""

_WORDS = {
    "words": "matches your words",
    "meaning": "close to what you mean",
    "picture": "looks like your picture",
    "similar": "like what you picked",
}


def found_items(table: pa.Table) -> tuple[FoundItem, ...]:
    """The items of a result, without their vectors."""
    shown = without_numbers(table)
    return tuple(_found(row) for row in shown.to_pylist())


def items(table: pa.Table) -> tuple[ItemOut, ...]:
    """Items by id, without their vectors."""
    shown = without_numbers(table)
    return tuple(ItemOut.model_construct(**_fields(row)) for row in shown.to_pylist())


def without_numbers(table: pa.Table) -> pa.Table:
    """Rows without what an encoder filled in."""
    return table.select([name for name in table.column_names if not name.endswith("_vector") and name != "detail"])


def in_words(why: Sequence[Reason]) -> str:
    """Why an item was found, as a person would say it: the list where it stands highest, and another good one."""
    best: dict[str, int] = {}
    for reason in why:
        best[reason.by] = min(reason.rank, best.get(reason.by, reason.rank))
    ordered = sorted(best, key=lambda by: best[by])
    told = [by for i, by in enumerate(ordered) if i == 0 or best[by] <= SECOND_REASON_RANK][:2]
    return ", ".join(_WORDS.get(by, by) for by in told)


def image_path(item_id: str) -> str:
    """Where the API serves an item's small picture."""
    return f"/v1/items/{quote(item_id, safe='')}/image"


def _found(row: dict[str, Any]) -> FoundItem:
    why = tuple(_reason(entry["by"], entry["rank"]) for entry in row["why"])
    return FoundItem.model_construct(**_fields(row), score=round(row["score"], 4), why=why, reason=in_words(why))


@lru_cache(maxsize=4096)
def _reason(by: str, rank: int) -> Reason:
    """The same few of them stand in every answer, and are never changed."""
    return Reason.model_construct(by=by, rank=rank)


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    fields = item_fields(row)
    image = fields.pop("image")
    return {**fields, "image_url": image_path(fields["id"]) if image else None}
