import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InvalidInput, NotFound
from taste import walk as walking
from taste.graph import (
    FOLLOW_CAP,
    RELATIONS,
    TasteGraph,
    board_edges,
    build_graph,
    concept_edges,
    event_edges,
    follow_edges,
    make_links,
    sum_edges,
)
from taste.store import EVENT_SCHEMA
from taste.walk import WalkSettings, walk

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def events(*rows):
    """Rows of (person, kind, item, board, age in days)."""
    table = [
        {"person": p, "kind": k, "item": i, "board": b, "time": NOW - timedelta(days=age), "visit": None}
        for p, k, i, b, age in rows
    ]
    return pa.Table.from_pylist(table, schema=EVENT_SCHEMA)


def weight(edges, node, item):
    return {(r["node"], r["item"]): r["weight"] for r in sum_edges(edges).to_pylist()}[node, item]


def test_edges_weigh_kind_and_age():
    """A purchase says more than a glance, and last month's half of today's."""
    edges = event_edges(
        events(("ana", "save", "sofa", None, 0), ("ana", "save", "bed", None, 30), ("ana", "buy", "rug", None, 60)), NOW
    )
    assert weight(edges, "ana", "sofa") == pytest.approx(1.0)
    assert weight(edges, "ana", "bed") == pytest.approx(0.5)
    assert weight(edges, "ana", "rug") == pytest.approx(0.5)


def test_shards_add_up():
    """A job builds edges shard by shard; where the shards were cut must not matter."""
    rows = [("ana", "view", f"i{n % 3}", None, n) for n in range(20)] + [("ben", "save", "i0", "loft", 1)]
    whole = sum_edges(event_edges(events(*rows), NOW))
    parts = sum_edges(
        pa.concat_tables([sum_edges(event_edges(events(*rows[s : s + 7]), NOW)) for s in range(0, 21, 7)])
    )
    key = lambda row: (row["relation"], row["node"], row["item"])  # noqa: E731
    for one, other in zip(sorted(whole.to_pylist(), key=key), sorted(parts.to_pylist(), key=key), strict=True):
        assert key(one) == key(other) and one["weight"] == pytest.approx(other["weight"])


def test_what_was_hidden_is_not_an_edge():
    """Someone who looked and then hid the item is no reason to show it to their like."""
    edges = sum_edges(event_edges(events(("ana", "view", "sofa", None, 0), ("ana", "hide", "sofa", None, 0)), NOW))
    graph = build_graph(edges, ["sofa"])
    assert graph.links["people"].out.edges == 0


def test_concepts_come_from_lists_and_words():
    """Category, style, colour, material and brand become named nodes; empty values and missing columns do not."""
    items = pa.table(
        {
            "id": ["sofa", "lamp", "rug"],
            "styles": [["Japandi", "Loft"], [], None],
            "brand": ["Nord", "", None],
            "category": [["Living", "Sofas"], ["Living"], None],
        }
    )
    edges = {(r["node"], r["item"]) for r in concept_edges(items).to_pylist()}
    assert edges == {
        ("style:Japandi", "sofa"),
        ("style:Loft", "sofa"),
        ("brand:Nord", "sofa"),
        ("category:Living", "sofa"),
        ("category:Sofas", "sofa"),
        ("category:Living", "lamp"),
    }


def test_following_a_board_links_to_what_it_holds():
    """A follow is spread over the board's items, so that a board of a thousand does not drown ten saves."""
    boards = pa.table({"board": ["loft"] * 4, "item": ["a", "b", "c", "d"]})
    edges = follow_edges(events(("ana", "follow_board", None, "loft", 0)), boards, NOW)
    assert weight(edges, "ana", "a") == pytest.approx(0.35)
    assert follow_edges(events(("ana", "view", "a", None, 0)), boards, NOW).num_rows == 0


def test_a_graph_survives_saving(tmp_path):
    """What a job writes is what a replica maps; people have no names in it."""
    edges = pa.concat_tables(
        [
            event_edges(events(("ana", "save", "a", "loft", 0), ("ana", "view", "b", None, 3)), NOW),
            board_edges(pa.table({"board": ["loft"], "item": ["b"]})),
        ]
    )
    graph = build_graph(sum_edges(edges), ["a", "b", "c"])
    graph.save(tmp_path)
    loaded = TasteGraph.load(tmp_path)
    assert list(loaded.items) == ["a", "b", "c"]
    assert (list(loaded.names["boards"]), list(loaded.names["people"])) == (["loft"], [])
    assert not any(b"ana" in file.read_bytes() for file in tmp_path.iterdir())
    for relation in RELATIONS:
        assert np.array_equal(loaded.links[relation].out.indices, graph.links[relation].out.indices)
    assert list(walk(loaded, np.array([0])).items) == [1]
    with pytest.raises(NotFound):
        TasteGraph.load(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput):
        build_graph(sum_edges(edges), ["a", "a"])


def test_hubs_keep_their_heaviest_edges():
    """A node with a million neighbours costs memory and joins strangers; its strongest ties are kept."""
    weights = np.arange(1, 101, dtype=np.float32)
    links = make_links(np.arange(100), np.zeros(100, int), weights, 100, 1, hub_cap=10)
    assert sorted(links.back.neighbours(0)) == list(range(90, 100))
    assert links.out.edges == 100


def chain_graph(pairs, item_count, weights=None):
    """Items joined by boards: pairs of (item, board)."""
    rows, nodes = np.array(pairs).T
    weights = np.ones(len(rows), np.float32) if weights is None else np.asarray(weights, np.float32)
    empty = make_links(np.empty(0, int), np.empty(0, int), np.empty(0, np.float32), item_count, 0)
    links = make_links(rows, nodes, weights, item_count, int(nodes.max()) + 1)
    return TasteGraph([str(n) for n in range(item_count)], {}, {"people": empty, "boards": links, "concepts": empty})


def test_near_items_are_visited_more_than_far_ones():
    """Restarts keep a walk near its source: visits fall with distance along a chain of boards."""
    graph = chain_graph([(n, b) for b in range(6) for n in (b, b + 1)], 7)
    visits = walk(graph, np.array([0]), settings=WalkSettings(steps=40_000, enough=10**9))
    assert list(visits.items) == [1, 2, 3, 4, 5, 6][: len(visits.items)]
    assert 39_000 < visits.steps < 41_000


def test_following_a_board_of_everything_links_to_some_of_it():
    """A board of 20,000 items with 200 followers must not become four million edges."""
    boards = pa.table({"board": ["everything"] * 20_000 + ["loft"], "item": [f"i{n}" for n in range(20_001)]})
    follows = [(f"p{n}", "follow_board", None, "everything", 0) for n in range(200)]
    edges = follow_edges(events(*follows, ("ana", "follow_board", None, "loft", 0)), boards, NOW)
    assert edges.num_rows == 200 * FOLLOW_CAP + 1
    assert weight(edges, "ana", "i20000") == pytest.approx(0.7)
    assert len(set(edges["item"].to_pylist())) == FOLLOW_CAP + 1, "the same ones for everybody"


def test_what_has_no_name_joins_nothing():
    """Rows of files may lack a person or a board; they teach nothing, and break nothing."""
    loose = pa.schema([field.with_nullable(True) for field in EVENT_SCHEMA])
    nobody = events(("x", "save", "a", "loft", 0)).set_column(0, loose.field("person"), pa.array([None], pa.string()))
    boards = pa.table({"board": ["loft", None, "loft"], "item": ["a", "b", None]})
    edges = sum_edges(pa.concat_tables([event_edges(nobody, NOW), board_edges(boards)]))
    assert [(row["node"], row["item"]) for row in edges.to_pylist()] == [("loft", "a")]
    assert build_graph(edges, ["a", "b"]).edges == 1


def test_a_short_walk_from_many_items_ends():
    """Few steps among many sources: the table of visits once filled up, and the walk looked for room for ever."""
    random = np.random.default_rng(0)
    items = np.repeat(np.arange(2_000), 20)
    links = make_links(items, random.integers(0, 500, len(items)), np.ones(len(items), np.float32), 2_000, 500)
    none = make_links(np.empty(0, int), np.empty(0, int), np.empty(0, np.float32), 2_000, 0)
    graph = TasteGraph([str(n) for n in range(2_000)], {}, {"people": links, "boards": none, "concepts": none})
    found = []

    def walk_shortly():
        found.append(walk(graph, np.arange(20), settings=WalkSettings(steps=20)))

    thread = threading.Thread(target=walk_shortly, daemon=True)  # compiled code cannot be interrupted
    thread.start()
    thread.join(60)
    assert found and len(found[0].items) > 0


def test_draws_follow_the_weights():
    """An edge three times as heavy is walked three times as often, up to chance."""
    graph = chain_graph([(0, 0), (1, 0), (0, 1), (2, 1)], 3, [3, 1, 1, 1])
    visits = walk(graph, np.array([0]), settings=WalkSettings(steps=50_000, restart=1.0, enough=10**9))
    counts = dict(zip(visits.items.tolist(), visits.scores.tolist(), strict=True))
    # Board 0 is entered 3 times of 4 and left to item 1 once of 4; board 1 once of 4, left to item 2 every other time.
    assert counts[1] / counts[2] == pytest.approx((3 / 4 * 1 / 4) / (1 / 4 * 1 / 2), rel=0.1)


def test_what_several_sources_lead_to_comes_first():
    """Pixie's boost: an item between two interests beats one with as many visits from a single one."""
    graph = chain_graph([(0, 0), (2, 0), (1, 1), (2, 1), (0, 2), (3, 2), (1, 3), (4, 3)], 5)
    visits = walk(graph, np.array([0, 1]), settings=WalkSettings(steps=20_000, restart=1.0, enough=10**9))
    assert visits.items[0] == 2
    assert {int(i): int(s) for i, s in zip(visits.items, visits.sources, strict=True)}[3] == 0


def test_a_walk_stops_early_when_it_knows_enough():
    """With ten items often visited the answer is known; the other 90% of the budget are saved."""
    graph = chain_graph([(n, 0) for n in range(12)], 12)
    visits = walk(graph, np.array([0]), settings=WalkSettings(steps=100_000, enough=10, often=5))
    assert visits.steps < 2_000


def test_sources_without_edges_give_nothing():
    """New items and new people must not fail, nor walk into nowhere."""
    graph = chain_graph([(0, 0), (1, 0)], 3)
    assert len(walk(graph, np.array([2])).items) == 0
    assert len(walk(graph, np.array([], int)).items) == 0
    assert list(walk(graph, np.array([2, 0])).items) == [1]
    assert len(walk(graph, np.array([0]), settings=WalkSettings(via=(("people", 1.0),))).items) == 0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 5), st.floats(0.01, 100)), min_size=1, max_size=60),
    st.lists(st.integers(0, 14), min_size=1, max_size=4),
    st.integers(0, 2**31),
)
def test_a_walk_never_leaves_the_graph(edges, sources, seed):
    """Whatever the graph: visited items exist, are reachable by an edge, are not sources, and scores are positive."""
    graph = chain_graph([(i, b) for i, b, _ in edges], 15, [w for *_, w in edges])
    visits = walk(graph, np.array(sources), settings=WalkSettings(steps=500), seed=seed)
    assert set(visits.items.tolist()) <= {i for i, _, _ in edges} - set(sources)
    assert np.all(visits.scores > 0) and np.all(np.diff(visits.scores) <= 0)
    again = walk(graph, np.array(sources), settings=WalkSettings(steps=500), seed=seed)
    assert np.array_equal(visits.items, again.items)


def test_a_walk_is_compiled_where_nothing_can_be_written(monkeypatch):
    """What was compiled is kept for the next process; an image whose disks are read-only compiles anew."""
    compiled = walking.numba.njit

    def read_only(function, *, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compiled(function, **options)

    monkeypatch.setattr(walking.numba, "njit", read_only)
    assert walking._compiled(lambda x: x + 1)(1) == 2


def test_an_act_of_years_ago_leaves_no_gap():
    """Beside much that is recent its weight is next to nothing, and still one row of it is a whole row of draws."""
    rows = np.repeat(np.arange(3), 4)
    recent = np.full(4, 3e7, np.float32)
    weights = np.concatenate([recent, [4e-14, 3e-14, 2e-14, 1e-14], recent]).astype(np.float32)
    links = make_links(rows, np.tile(np.arange(4), 3), weights, 3, 4)
    shares = links.out.cumulative.reshape(3, 4)
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares[1], [0.4, 0.7, 0.9, 1.0], atol=1e-6)
    vanished = make_links(rows, np.tile(np.arange(4), 3), np.zeros(12, np.float32), 3, 4)
    assert np.isfinite(vanished.out.cumulative).all()
