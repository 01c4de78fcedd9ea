from datetime import timedelta

import pyarrow as pa

from taste.evaluate import next_day, to_events
from taste.store import EVENT_SCHEMA
from tests.taste.world import NOW, item_id


def table(*rows):
    """Rows of (person, kind, item, days before now)."""
    return pa.Table.from_pylist(
        [
            {"person": p, "kind": k, "item": i, "board": None, "time": NOW - timedelta(days=days), "visit": None}
            for p, k, i, days in rows
        ],
        schema=EVENT_SCHEMA,
    )


def test_who_is_judged(world):
    """Only people with a history and a new like that the catalogue has count: others would blur or flatter the gate."""
    rug, sofa = item_id("Boho", "Rugs", 1), item_id("Boho", "Sofas", 1)
    history = [("ana", "save", item_id("Boho", "Rugs", n), 5) for n in range(2, 6)]
    outcome = next_day(
        world.model,
        table(
            *history,
            ("ana", "save", rug, 0.5),
            ("new", "save", rug, 0.5),
            ("again", "save", sofa, 5),
            ("again", "save", sofa, 0.5),
            ("glance", "save", sofa, 5),
            ("glance", "view", rug, 0.5),
            ("gone", "save", sofa, 5),
            ("gone", "save", "withdrawn", 0.5),
        ),
        NOW - timedelta(days=1),
        k=240,
    )
    assert outcome.people == 1 and outcome.hit == 1.0 and 0 < outcome.ndcg <= 1
    assert next_day(world.model, table(*history), NOW - timedelta(days=1)).people == 0
    assert next_day(world.model, table(), NOW).people == 0


def test_the_held_out_day_does_not_leak(world):
    """What was liked on the day must not help to foretell it: the order of rows, and later events, change nothing."""
    rows = [("ana", "save", item_id("Boho", "Rugs", n), 5 + n) for n in range(4)]
    later = [("ana", "save", item_id("Classic", kind, 3), 0.5) for kind in ("Lamps", "Chairs", "Vases")]
    one = next_day(world.model, table(*rows, later[0]), NOW - timedelta(days=1))
    other = next_day(world.model, table(*later[:1], *reversed(rows)), NOW - timedelta(days=1))
    assert one == other and one.hit == 0.0
    assert next_day(world.model, table(*rows, *later), NOW - timedelta(days=1)).hit == 0.0


def test_rows_become_events_in_order():
    """Arrow rows in any order give a history that a profile can read."""
    events = to_events(table(("ana", "save", "b", 1), ("ana", "view", "a", 2)))
    assert [e.item for e in events] == ["a", "b"] and events[0].time == NOW - timedelta(days=2)
