from datetime import timedelta

import pyarrow as pa
import pytest

from taste import evaluate
from taste.evaluate import Contender, NextDay, compare, foretell, sample_people, to_be_judged, to_events
from taste.model import train_model
from taste.profile import MAX_EVENTS
from taste.store import EVENT_SCHEMA
from tests.taste.world import ENCODER, NOW, SETTINGS, item_id


def table(*rows):
    """Rows of (person, kind, item, days before now)."""
    return pa.Table.from_pylist(
        [
            {"person": p, "kind": k, "item": i, "board": None, "time": NOW - timedelta(days=days), "visit": None}
            for p, k, i, days in rows
        ],
        schema=EVENT_SCHEMA,
    )


def next_day(model, events, day, **settings):
    return NextDay.of(list(foretell(model, events, day, **settings)))


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


@pytest.fixture(scope="module")
def older(world):
    """A model of yesterday, when there were no vases."""
    items = world.items.filter(pa.array("-Vases-" not in id_ for id_ in world.items["id"].to_pylist()))
    return train_model(items, world.edges, encoder_version=ENCODER, columns=["joint_vector"], settings=SETTINGS)


def test_models_are_compared_on_the_same_people_and_acts(world, older):
    """What came into the catalogue overnight is asked of both models, or the new one would be judged on more."""
    rugs = [("ana", "save", item_id("Boho", "Rugs", n), 5 + n) for n in range(4)]
    vases = [("ben", "save", item_id("Boho", "Vases", n), 5 + n) for n in range(4)]  # whom only the new model knows
    vase, lamp = item_id("Boho", "Vases", 5), item_id("Boho", "Lamps", 1)
    events = table(*rugs, *vases, ("ana", "save", vase, 0.5), ("ben", "save", lamp, 0.5))
    assert not list(foretell(older, table(*rugs, ("ana", "save", vase, 0.5)), NOW - timedelta(days=1)))
    both = [Contender.of(model, world.items) for model in (world.model, older)]
    pairs = list(compare(both, world.model.rows, events, NOW - timedelta(days=1), k=80))
    assert [[one.person for one in pair] for pair in pairs] == [["ana", "ana"], ["ben", "ben"]]
    assert all(one.hit for pair in pairs for one in pair), "new items are met by their content"
    twice = [Contender.of(world.model, world.items)] * 2
    assert all(one == other for one, other in compare(twice, world.model.rows, events, NOW - timedelta(days=1)))


def test_blocks_of_the_catalogue_do_not_show(world, older, monkeypatch):
    """Large catalogues are scored some items at a time; the outcome is that of all at once."""
    contenders = [Contender.of(model, world.items) for model in (world.model, older)]
    day = NOW - timedelta(days=3)
    whole = list(compare(contenders, world.model.rows, world.events, day))
    monkeypatch.setattr(evaluate, "_BLOCK", 7)
    assert list(compare(contenders, world.model.rows, world.events, day)) == whole and len(whole) > 20


def test_the_same_people_are_judged_each_time():
    """A sample must not hang on the order of events, nor draw other people when a few come and go."""
    people = [f"p{n} ü" for n in range(1_000)]
    sample = sample_people(people, 100)
    assert len(sample) == 100 == len(set(sample)) and sample == sample_people([*reversed(people), *people], 100)
    assert len(set(sample) & set(sample_people(people[:900], 100))) >= 85
    assert sample_people(people[:3], 100) == people[:3] and sample_people([], 5) == []


def test_of_a_crawler_no_more_is_kept_than_of_others():
    """A robot's hundred thousand acts are its latest ones, for the profile reads no more."""
    many = [("robot", "view", f"i{n}", 2 + n / 1_000) for n in range(3_000)]
    few = [("ana", "save", "a", 5), ("ana", "save", "b", 0.5), ("ben", "save", "c", 5)]
    kept = to_be_judged(table(*many, *few), NOW - timedelta(days=1), ["ana", "robot"])
    rows = [(row["person"], row["item"]) for row in kept.to_pylist()]
    assert sorted(rows) == sorted([("ana", "a"), ("ana", "b"), *(("robot", f"i{n}") for n in range(MAX_EVENTS))])


def test_rows_become_events_in_order():
    """Arrow rows in any order give a history that a profile can read."""
    events = to_events(table(("ana", "save", "b", 1), ("ana", "view", "a", 2)))
    assert [e.item for e in events] == ["a", "b"] and events[0].time == NOW - timedelta(days=2)
