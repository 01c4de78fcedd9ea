"""The demo catalogue that is shipped: counts, sizes, texts that keep their secrets, and references that hold."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.demo import load
from catalog.demo.kinds import KINDS
from catalog.demo.palette import COLORS
from catalog.demo.truth import says
from catalog.item import Item, parse_item

DATA = load.DATA
PICTURE_BYTES = 16_000_000


@pytest.fixture(scope="module")
def items() -> dict[str, Item]:
    lines = load.items_path().read_text(encoding="utf-8").splitlines()
    return {item.id: item for item in (parse_item(json.loads(line)) for line in lines)}


def test_every_line_is_an_item_and_nothing_more() -> None:
    for line in load.items_path().read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) == set(Item.model_fields)
        assert parse_item(row).id == row["id"]


def test_about_a_thousand_items_in_more_than_twenty_categories(items: dict[str, Item]) -> None:
    assert len(items) == 1000
    counts = Counter(item.category for item in items.values())
    assert len(counts) == len(KINDS) == 26
    assert min(counts.values()) >= 25


def test_no_two_titles_or_descriptions_are_the_same(items: dict[str, Item]) -> None:
    assert len({item.title for item in items.values()}) == len(items)
    assert len({item.description for item in items.values()}) == len(items)
    assert all(len(item.description) > 60 for item in items.values())


def test_every_item_has_what_a_shop_shows(items: dict[str, Item]) -> None:
    for item in items.values():
        assert item.brand and item.currency == "EUR" and item.price is not None and 5 < item.price < 5000
        assert item.styles and item.category and {"width_cm", "depth_cm", "height_cm"} <= set(item.attributes)
        assert item.image is not None and (DATA / item.image).is_file()
    assert {item.availability for item in items.values()} == {"in_stock", "out_of_stock", "preorder", "discontinued"}


def test_a_third_keeps_something_back_and_never_says_it(items: dict[str, Item]) -> None:
    truth = load.truth()
    assert set(truth) == set(items)
    quiet = [entry for entry in truth.values() if entry.hidden]
    assert 0.3 < len(quiet) / len(truth) < 0.37
    for entry in quiet:
        item = items[entry.id]
        said = [item.title, item.description, item.brand or "", *item.colors, *item.materials, *item.styles]
        said += [*item.category, *item.attributes.values()]
        for name in entry.hidden:
            assert not says(" | ".join(said), entry.visual[name]), f"{entry.id} says its {name}"


def test_what_is_not_held_back_is_said(items: dict[str, Item]) -> None:
    for entry in load.truth().values():
        if "color" not in entry.hidden and not entry.hidden:
            assert entry.color in items[entry.id].colors
        assert COLORS[entry.color] == entry.srgb


def test_boards_hold_five_to_fourteen_existing_items(items: dict[str, Item]) -> None:
    boards = load.boards()
    assert len(boards) == 240
    assert len({board.title for board in boards}) == 240
    for board in boards:
        assert 5 <= len(board.items) <= 14
        assert len(set(board.items)) == len(board.items)
        assert set(board.items) <= set(items)


def test_boards_go_together_by_style(items: dict[str, Item]) -> None:
    shares = [
        sum(board.style in items[item].styles for item in board.items) / len(board.items) for board in load.boards()
    ]
    assert sum(shares) / len(shares) > 0.75


def test_events_are_dated_ordered_and_about_existing_items(items: dict[str, Item]) -> None:
    events = load.events()
    assert len({event.user_id for event in events}) == 400
    assert len({event.event_id for event in events}) == len(events)
    assert {event.kind for event in events} == {"view", "save", "click", "cart", "buy", "hide"}
    assert all(event.item_id in items for event in events)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert datetime(2026, 1, 5, tzinfo=UTC) <= events[0].at and events[-1].at < datetime(2026, 3, 31, tzinfo=UTC)
    counts = Counter(event.user_id for event in events)
    assert min(counts.values()) >= 10 and 40 < len(events) / 400 < 120


def test_tastes_rule_what_shoppers_take(items: dict[str, Item]) -> None:
    rows = [json.loads(line) for line in (DATA / "shoppers.jsonl").read_text(encoding="utf-8").splitlines()]
    favorites = {row["user_id"]: max(row["styles_before"], key=row["styles_before"].__getitem__) for row in rows}
    taken = [event for event in load.events() if event.kind in ("save", "cart", "buy")]
    share = sum(favorites[event.user_id] in items[event.item_id].styles for event in taken) / len(taken)
    assert share > 2 / 8


def test_second_views_show_250_items(items: dict[str, Item]) -> None:
    views = load.second_views()
    assert len({view.item_id for view in views}) == 250
    for view in views:
        assert view.item_id in items and view.image.is_file()
        assert view.image.read_bytes() != (DATA / f"images/{view.item_id}.webp").read_bytes()


def test_rooms_have_boxes_inside_the_frame(items: dict[str, Item]) -> None:
    rooms = load.rooms()
    assert len(rooms) == 40
    for room in rooms:
        assert room.image.is_file()
        assert len(room.boxes) >= 4
        for box in room.boxes:
            assert box.item_id in items
            assert 0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1
            assert (box.x1 - box.x0) * (box.y1 - box.y0) > 0.0005


def test_pictures_are_small_enough_to_ship() -> None:
    pictures = [*DATA.rglob("*.webp")]
    assert len(pictures) == 1000 + 250 + 40
    assert sum(picture.stat().st_size for picture in pictures) < PICTURE_BYTES


def test_nothing_lies_about_that_is_not_part_of_the_catalogue() -> None:
    known = {
        Path("items.jsonl"),
        Path("truth.jsonl"),
        Path("boards.jsonl"),
        Path("shoppers.jsonl"),
        Path("renders.json"),
    }
    known |= {Path("events.jsonl.gz"), Path("second_views.jsonl"), Path("rooms.jsonl")}
    found = {path.relative_to(DATA) for path in DATA.rglob("*") if path.is_file() and path.suffix != ".webp"}
    assert found == known
