"""A model in shards says what the whole one says: of people, of candidates, of what goes together, and how walks go."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.taste_shards import LocalShards
from catalog.errors import InvalidInput, NotFound, VersionMismatch
from taste.explore import path_of, proposals, propose
from taste.graph import RELATIONS
from taste.model import largest
from taste.nominate import choose, nominate, want
from taste.profile import build_profile, profile_view
from taste.rank import RankSettings, rank, ranked_table
from taste.shards import load_common, save_shards, shard_of
from taste.walk import Sources, WalkSettings, sources_of, walk
from tests.taste.world import NOW, act, item_id

SHARDS = 3
NO_ROWS = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def split(world, tmp_path_factory):
    return LocalShards(world.model, tmp_path_factory.mktemp("shards"), SHARDS)


@pytest.fixture(scope="module")
def history():
    liked = [item_id("Boho", kind, n) for kind in ("Lamps", "Rugs") for n in range(3)]
    liked += [item_id("Classic", "Chairs", n) for n in range(2)]
    events = [act(n, item, days=8 - n) for n, item in enumerate(liked)]
    return [*events, act(50, item_id("Industrial", "Sofas", 1), kind="hide", days=0.01)]


def ids_of(events):
    return list(dict.fromkeys(event.item for event in events))


def test_every_item_is_in_one_shard(world, split):
    """No item is lost or kept twice, and each is where its id says."""
    held = [list(shard.model.items) for shard in split.shards]
    assert sorted(id_ for ids in held for id_ in ids) == sorted(world.model.items)
    for n, ids in enumerate(held):
        assert len(ids) > 40 and set(shard_of(ids, SHARDS).tolist()) == {n}


def test_a_person_is_the_same(world, split, history):
    """A profile made from excerpts is the whole model's to the last digit, names and places on the map included."""
    whole = build_profile("ana", history, world.model, now=NOW)
    working = split.about(ids_of(history))
    found = build_profile("ana", history, working.model, now=NOW)
    assert profile_view(found) == profile_view(whole)
    assert len(whole.interests) >= 2 and any(interest.concepts for interest in whole.interests)
    np.testing.assert_allclose(found.vector, whole.vector, atol=1e-6)
    np.testing.assert_allclose(found.disliked, whole.disliked, atol=1e-6)
    assert list(working.whole_rows(found.rows)) == list(whole.rows)


def test_candidates_are_ranked_the_same(world, split, history):
    """Scores, order and reasons of candidates are the whole model's, co-occurrence included."""
    whole = build_profile("ana", history, world.model, now=NOW)
    candidates = world.items.take(np.arange(0, world.items.num_rows, 3))
    person = split.about(ids_of(history))
    found = build_profile("ana", history, person.model, now=NOW)
    working = split.about(candidates["id"].to_pylist(), person, person.whole_rows(found.rows))
    settings = RankSettings(count=40)
    expected = ranked_table(rank(candidates, world.model, whole, settings))
    answer = ranked_table(rank(candidates, working.model, found, settings))
    assert answer["id"].to_pylist() == expected["id"].to_pylist()
    assert answer["reason"].to_pylist() == expected["reason"].to_pylist()
    np.testing.assert_allclose(answer["score"], expected["score"], atol=1e-4)


def test_company_is_the_same(world, split):
    """What an item is found with, gathered from all shards, is its row of the whole model."""
    model = world.model
    for row in (0, 17, 101):
        rows, weights = model.together.neighbours(row)
        expected = {model.items[r]: w for r, w in zip(rows, weights, strict=True)}
        found = {}
        for shard in split.shards:
            near, strength = shard.model.together.neighbours(row)
            found |= {shard.model.items[r]: w for r, w in zip(near, strength, strict=True)}
        assert found == expected and expected


def test_the_best_for_a_vector_are_the_same(world, split, history):
    """The best of all shards' best are the whole model's."""
    profile = build_profile("ana", history, world.model, now=NOW)
    rows, scores = world.model.best(profile.vector, 20, NO_ROWS)
    found = [(shard, *shard.model.best(profile.vector, 20, NO_ROWS)) for shard in split.shards]
    names = [shard.model.items[row] for shard, near, _ in found for row in near]
    merged = np.concatenate([part for _, _, part in found])
    order = largest(merged, 20)
    assert [names[n] for n in order] == [world.model.items[row] for row in rows]
    np.testing.assert_allclose(merged[order], scores, atol=1e-5)


def test_shares_add_up(world, split):
    """Of each node's weight every shard knows its share, and together they know all of it."""
    for relation in RELATIONS:
        back = world.model.graph.links[relation].back
        total = sum(shard.model.graph.links[relation].back.share for shard in split.shards)
        np.testing.assert_allclose(total[np.diff(back.indptr) > 0], 1.0, atol=1e-4)


@pytest.mark.parametrize("restart", [1.0, 0.4], ids=["a step", "farther"])
def test_walks_come_by_as_often(world, split, restart):
    """From any item, one's own or another shard's: visits are the whole graph's, exactly (but for chance) at one step,
    and nearly so where a walk passes items of other shards."""
    graph, sources = world.model.graph, [int(shard.in_whole[5]) for shard in split.shards]
    settings = WalkSettings(steps=300_000, restart=restart, enough=10**9)
    visits = walk(graph, np.array(sources), settings=settings)
    expected = np.zeros(len(graph.items))
    expected[visits.items] = visits.scores
    start, found = sources_of(graph, sources), np.zeros(len(graph.items))
    for shard in split.shards:
        rows = shard.model.rows.find([graph.items[row] for row in sources])
        assert (rows < 0).any(), "some source is another shard's"
        part = walk(shard.model.graph, Sources(rows, start.out), settings=settings)
        found[shard.in_whole[part.items]] = part.scores
    often = expected > np.quantile(expected, 0.8)
    off = np.abs(found[often] / expected[often] - 1)
    assert np.median(off) < (0.04 if restart == 1.0 else 0.2)
    assert off.max() < (0.1 if restart == 1.0 else 0.6)
    assert np.corrcoef(found, expected)[0, 1] > 0.98


def feed_of(split, history, **asked):
    person = split.about(ids_of(history))
    profile = build_profile("ana", history, person.model, now=NOW)
    wanted, owners = want(person.model, profile, **asked)
    picks = choose([nominate(shard.model, wanted) for shard in split.shards], wanted)
    ids = [split.shards[pick.shard].model.items[pick.row] for pick in picks]
    found = proposals(picks, ids, wanted, owners)
    return found, split.about(ids, person, person.whole_rows(profile.rows)), profile


def test_a_feed_of_shards_is_a_feed(world, split, history):
    """As many candidates as asked for, of the same kinds in the same shares, none twice, none that is not wanted."""
    profile = build_profile("ana", history, world.model, now=NOW)
    banned = frozenset(item_id("Boho", "Vases", n) for n in range(4))
    asked = {"count": 80, "adventurousness": 0.5, "exclude": banned}
    whole = propose(world.model, profile, **asked)
    found, working, _ = feed_of(split, history, **asked)
    assert len(found) == len({p.item for p in found}) == 80
    assert not {p.item for p in found} & (banned | profile.hidden)
    for source in ("frontier", "intent", "interest"):
        counts = [sum(p.source == source for p in some) for some in (found, whole)]
        assert abs(counts[0] - counts[1]) <= 6, source
    inside = [{p.item for p in some if p.source in ("interest", "intent")} for some in (found, whole)]
    assert len(inside[0] & inside[1]) > 0.7 * len(inside[1])
    paths = [path_of(working.model, p) for p in found if p.source == "frontier"]
    assert all(path and path.sentence for path in paths)
    assert {path.via for path in paths} >= {"board", "people"} or {path.via for path in paths} >= {"board", "concept"}


def test_seeds_draw_other_items(split, history):
    """As from the whole: the same feed for a seed, another for another."""
    first, again, other = (
        [p.item for p in feed_of(split, history, count=40, adventurousness=0.8, seed=seed)[0]] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_stranger_gets_what_many_like(world, tmp_path):
    """Without a single event a feed of shards is the most popular items of all, a little shuffled."""
    bias = np.random.default_rng(0).permutation(len(world.model.items)).astype(np.float32) / 20
    model = replace(world.model, factors=replace(world.model.factors, bias=bias))
    found, _, _ = feed_of(
        LocalShards(model, tmp_path, SHARDS), [act(1, "never-heard-of")], count=30, adventurousness=0.3
    )
    assert {p.source for p in found} == {"popular"} and len(found) == 30
    ranks = [int((bias > bias[model.rows[p.item]]).sum()) for p in found]
    assert max(ranks) < 90 and np.median(ranks) < 25


def test_what_is_new_is_known_by_its_content(world, split):
    """An item that no shard has counts with its vector, as it does with the whole model."""
    events = [act(1, "new-sofa"), act(2, item_id("Japandi", "Lamps", 0), days=1)]
    content = {"new-sofa": world.content("Japandi", "Sofas")}
    now = NOW + timedelta(minutes=1)
    whole = build_profile("ana", events, world.model, now=now, content=content)
    found = build_profile("ana", events, split.about(ids_of(events)).model, now=now, content=content)
    assert profile_view(found) == profile_view(whole) and any("new-sofa" in i.items for i in found.interests)


def test_mistakes_are_told(world, tmp_path):
    """No shards, too few, or another encoder's: an error that says what to do."""
    with pytest.raises(InvalidInput, match="1 to"):
        save_shards(world.model, tmp_path, 0)
    with pytest.raises(NotFound, match="no shards"):
        load_common(tmp_path / "common")
    save_shards(world.model, tmp_path, 1)
    with pytest.raises(VersionMismatch, match="--shards"):
        load_common(tmp_path / "common", encoder_version="another")
