"""How the product reads the demo catalogue that is shipped beside this file."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Board:
    """A made-up collection: items that go together by room, style and palette."""

    id: str
    title: str
    room: str
    style: str
    palette: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(frozen=True)
class ShopperEvent:
    """Something that a made-up shopper did; `kind` is view, click, save, cart, buy or hide, `at` is in UTC."""

    event_id: str
    user_id: str
    kind: str
    item_id: str
    at: datetime


@dataclass(frozen=True)
class Truth:
    """What can be seen of an item. `hidden` names the properties in `visual` that its text leaves out."""

    id: str
    category: str
    style: str
    color: str
    srgb: str
    second_color: str | None
    visual: Mapping[str, str]
    dimensions_cm: Mapping[str, int]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class SecondView:
    """Another picture of an item, from another angle and in other light; never part of the catalogue."""

    item_id: str
    image: Path


@dataclass(frozen=True)
class Box:
    """Where an item shows in a room's picture, as shares of its width and height from the upper left."""

    item_id: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class RoomScene:
    """A furnished room with the boxes of its products; `width` and `height` in pixels."""

    id: str
    title: str
    room: str
    style: str
    image: Path
    width: int
    height: int
    boxes: tuple[Box, ...]


def items_path() -> Path:
    """The catalogue itself: JSON lines with exactly the fields of `catalog.item.Item`; images are relative to it."""
    return DATA / "items.jsonl"


def boards() -> tuple[Board, ...]:
    return tuple(
        Board(row["id"], row["title"], row["room"], row["style"], tuple(row["palette"]), tuple(row["items"]))
        for row in _rows("boards.jsonl")
    )


def events() -> tuple[ShopperEvent, ...]:
    """All events, in the order of time."""
    with gzip.open(DATA / "events.jsonl.gz", "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return tuple(
        ShopperEvent(row["event_id"], row["user_id"], row["kind"], row["item_id"], datetime.fromisoformat(row["at"]))
        for row in entries
    )


def truth() -> dict[str, Truth]:
    """Item id to what can be seen of it."""
    return {
        row["id"]: Truth(
            row["id"],
            row["category"],
            row["style"],
            row["main_color"]["name"],
            row["main_color"]["srgb"],
            row["second_color"]["name"] if row["second_color"] else None,
            row["visual"],
            row["dimensions_cm"],
            tuple(row["hidden"]),
        )
        for row in _rows("truth.jsonl")
    }


def second_views() -> tuple[SecondView, ...]:
    return tuple(SecondView(row["item_id"], DATA / row["image"]) for row in _rows("second_views.jsonl"))


def rooms() -> tuple[RoomScene, ...]:
    return tuple(
        RoomScene(
            row["id"],
            row["title"],
            row["room"],
            row["style"],
            DATA / row["image"],
            row["width"],
            row["height"],
            tuple(Box(**box) for box in row["boxes"]),
        )
        for row in _rows("rooms.jsonl")
    )


def main_surface_points() -> dict[str, list[tuple[float, float]]]:
    """Picture path (relative to the data) to points where the item's main color shows, as shares of the frame."""
    account = json.loads((DATA / "renders.json").read_text(encoding="utf-8"))
    return {path: [(x, y) for x, y in entry["points"]] for path, entry in account.items() if "points" in entry}


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
