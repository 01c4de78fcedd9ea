from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taste.events import KINDS, Event
from taste.profile import MAX_INTERESTS, build_profile, profile_view
from tests.taste.world import NOW, act, item_id


def saves(style, kind, numbers, first=0, **fields):
    return [act(first + n, item_id(style, kind, n), **fields) for n in numbers]


TWO_TASTES = [*saves("Japandi", "Sofas", range(4), days=1), *saves("Boho", "Vases", range(3), first=10, days=2)]


def profile_of(world, events, **more):
    return build_profile("ana", sorted(events, key=lambda e: e.time), world.model, now=NOW, **more)


def test_two_tastes_are_two_interests(world):
    """The average of a sofa and a vase is nothing that anybody likes; each taste keeps its items, events and name."""
    profile = profile_of(world, TWO_TASTES)
    assert [set(i.items) for i in profile.interests] == [
        {item_id("Japandi", "Sofas", n) for n in range(4)},
        {item_id("Boho", "Vases", n) for n in range(3)},
    ]
    first = profile.interests[0]
    assert first.id in first.items and set(first.events) == {"e0", "e1", "e2", "e3"}
    assert {"style:Japandi", "category:Sofas"} <= set(first.concepts)
    assert sum(i.importance for i in profile.interests) == pytest.approx(1)


def test_importance_follows_recency_and_frequency(world):
    """What was liked last month must give way to what is liked today, though it was liked more often."""
    events = [*saves("Japandi", "Sofas", range(4), days=60), *saves("Boho", "Vases", range(2), first=10, days=0.5)]
    old, new = sorted(profile_of(world, events).interests, key=lambda i: i.last)
    assert new.importance > 0.8 and new.life_cycle == "new"
    assert old.life_cycle == "fading"
    kept = [*saves("Boho", "Vases", range(2), days=10), *saves("Boho", "Vases", [3], first=20, days=1)]
    assert profile_of(world, kept).interests[0].life_cycle == "active"


def test_the_very_next_event_counts(world):
    """A profile is a function of events: one more and the interest, the intent and the stage are there."""
    before = profile_of(world, TWO_TASTES)
    after = profile_of(world, [*TWO_TASTES, act(30, item_id("Classic", "Rugs", 1), visit="now")])
    assert len(after.interests) == len(before.interests) + 1
    assert after.intent_items == (item_id("Classic", "Rugs", 1),)
    assert not before.intent.any() and after.intent.any()


def test_intent_is_the_current_visit_only(world):
    """The visit ends with its session id, or with half an hour of silence."""
    events = [
        act(1, item_id("Boho", "Vases", 1), days=0.02, visit="a"),
        act(2, item_id("Boho", "Lamps", 1), days=0.01, visit="b"),
        act(3, item_id("Boho", "Rugs", 1), days=0.001, visit="b"),
    ]
    assert set(profile_of(world, events).intent_items) == {item_id("Boho", "Lamps", 1), item_id("Boho", "Rugs", 1)}
    stale = [act(1, item_id("Boho", "Vases", 1), days=0.1, visit="a")]
    assert profile_of(world, stale).intent_items == ()


def test_a_hidden_item_is_a_dislike_until_saved_again(world):
    """Hiding takes the item out of the likes; saving it later takes the hide back."""
    sofa = item_id("Japandi", "Sofas", 0)
    hidden = [*TWO_TASTES, act(40, sofa, kind="hide", days=0.5)]
    profile = profile_of(world, hidden)
    assert profile.hidden == {sofa} and len(profile.disliked) == 1
    assert all(sofa not in interest.items for interest in profile.interests)
    assert profile_of(world, [*hidden, act(41, sofa, days=0.1)]).hidden == frozenset()


@pytest.mark.parametrize("kind", ["save", "cart", "buy"])
def test_a_hide_that_was_taken_back_stays_so(world, kind):
    """However long ago both are: the weight of an act fades, what it said about the hide does not."""
    sofa = item_id("Japandi", "Sofas", 0)
    past = [act(40, sofa, kind="hide", days=200), act(41, sofa, kind=kind, days=199)]
    assert profile_of(world, [*past, *TWO_TASTES]).hidden == frozenset()
    looked = [
        act(50 + n, sofa, kind=k, days=d) for n, (k, d) in enumerate([("hide", 0.5), ("click", 0.3), ("click", 0.2)])
    ]
    assert profile_of(world, [*looked, *TWO_TASTES]).hidden == {sofa}


def test_a_mark_survives_new_clusters(world):
    """Muting hangs on an item: when the interest grows or its medoid changes, or the item itself is gone, it stays."""
    muted = profile_of(world, TWO_TASTES).interests[0].id
    grown = [*TWO_TASTES, *saves("Japandi", "Sofas", range(4, 9), first=50)]
    profile = profile_of(world, grown, marks={muted: "muted"})
    marked = [i for i in profile.interests if i.mark == "muted"]
    assert len(marked) == 1 and muted in marked[0].items
    assert all(i.mark is None for i in profile.active) and len(profile.active) == 1
    assert len(profile.disliked) == len(marked[0].items)
    without = [e for e in grown if e.item != muted]
    assert [i.mark for i in profile_of(world, without, marks={muted: "muted"}).interests].count("muted") == 1
    pinned = profile_of(world, TWO_TASTES, marks={item_id("Boho", "Vases", 1): "pinned"})
    assert pinned.interests[0].mark == "pinned"


def test_what_is_forgotten_leaves_no_trace(world):
    """Without its events an interest is gone from every part of the profile."""
    kept = [e for e in TWO_TASTES if "Vases" not in (e.item or "")]
    one, other = profile_of(world, kept), profile_of(world, saves("Japandi", "Sofas", range(4), days=1))
    assert profile_view(one) == profile_view(other)
    assert np.array_equal(one.vector, other.vector) and one.seen == other.seen


def test_items_newer_than_the_model_count_by_their_content(world):
    """A save of an item that came in after training must not be lost."""
    event = act(60, "fresh", days=0.1)
    assert profile_of(world, [event]).interests == ()
    look = world.content("Boho", "Rugs")
    profile = profile_of(world, [event, act(61, item_id("Boho", "Rugs", 2), days=0.2)], content={"fresh": look})
    assert set(profile.interests[0].items) == {"fresh", item_id("Boho", "Rugs", 2)}


def test_journey_stages(world):
    """From looking around, through looking at much of one kind, to the cart; a purchase begins anew."""
    browsing = [
        act(n, item_id(s, k, n), kind="view", days=n / 10)
        for n, (s, k) in enumerate(
            [("Japandi", "Sofas"), ("Boho", "Rugs"), ("Classic", "Vases"), ("Industrial", "Chairs")]
        )
    ]
    assert profile_of(world, browsing).journey.stage == "inspiration"
    sofas = [act(10 + n, item_id("Japandi", "Sofas", n), kind="click", days=0.1 + n / 100) for n in range(5)]
    assert profile_of(world, sofas).journey.stage == "comparing"
    cart = act(20, item_id("Japandi", "Sofas", 1), kind="cart", days=0.05)
    ready = profile_of(world, [*sofas, cart]).journey
    assert ready.stage == "ready_to_buy" and ready.item == cart.item
    bought = act(21, item_id("Japandi", "Sofas", 1), kind="buy", days=0.01)
    assert profile_of(world, [*sofas, cart, bought]).journey.stage != "ready_to_buy"
    again = [act(30 + n, item_id("Japandi", "Sofas", 7), kind="view", days=n / 4 + 0.1) for n in range(3)]
    assert profile_of(world, again).journey.stage == "ready_to_buy"


def test_the_map_is_the_same_for_everybody(world):
    """Two people's maps can be laid over each other: the same interest lies at the same place, within the frame."""
    alone = profile_of(world, saves("Japandi", "Sofas", range(4), days=1)).interests[0]
    among = profile_of(world, TWO_TASTES).interests[0]
    assert alone.position == pytest.approx(among.position, abs=1e-6)
    assert max(map(abs, among.position)) <= 1.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.integers(0, 250),
            st.floats(-2, 4000),
            st.sampled_from([None, "v1", "v2"]),
        ),
        max_size=60,
    ),
    st.dictionaries(st.integers(0, 250).map(str), st.sampled_from(["muted", "pinned"]), max_size=4),
)
def test_any_history_gives_a_sound_profile(world, acts, marks):
    """Unknown items, clocks ahead, one item a hundred times, only hides: always finite, consistent and JSON."""
    known = world.model.items
    name = lambda n: known[n] if n < len(known) else f"gone-{n}"  # noqa: E731
    events = [
        Event(
            id=f"e{i}",
            person="ana",
            kind=kind,
            item=None if kind == "follow_board" else name(n),
            board="room-1" if kind == "follow_board" else None,
            time=NOW - timedelta(days=days),
            visit=visit,
        )
        for i, (kind, n, days, visit) in enumerate(acts)
    ]
    profile = profile_of(world, events, marks={name(int(n)): m for n, m in marks.items()})
    view = profile_view(profile)
    assert len(profile.interests) <= MAX_INTERESTS
    assert np.isfinite(profile.vector).all() and np.isfinite(profile.intent).all()
    named = [item for interest in view["interests"] for item in interest["items"]]
    assert len(named) == len(set(named)) and not set(named) & profile.hidden
    assert {e for i in view["interests"] for e in i["events"]} <= {e.id for e in events}
    assert sum(i["importance"] for i in view["interests"]) == pytest.approx(1 if named else 0, abs=1e-3)
