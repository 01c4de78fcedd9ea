"""Large catalogues: names and rows stay in files, and the best items are found without scoring all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taste.complements import complements
from taste.explore import propose
from taste.model import TasteModel
from taste.names import Rows, Strings, id_hash, id_hashes, save_strings
from taste.nearest import NearestIndex, build_index
from taste.profile import build_profile
from tests.taste.world import ENCODER, NOW, act, item_id

IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), unique=True, max_size=40)


@settings(max_examples=50, deadline=None)
@given(ids=IDS, others=IDS)
def test_every_id_leads_to_its_row(tmp_path_factory, ids, others):
    """Any text may be an id; what is read back is what was written, and unknown ids have no row."""
    path = tmp_path_factory.mktemp("names") / "items.arrow"
    save_strings(path, ids)
    saved = Strings.load(path)
    assert list(saved) == ids
    assert [saved[row] for row in range(len(ids))] == ids
    rows = Rows(saved, *(getattr(Rows.of(ids), name) for name in ("hashes", "order")))
    asked = [*others, *ids]
    place = {id_: row for row, id_ in enumerate(ids)}
    assert rows.find(asked).tolist() == [place.get(id_, -1) for id_ in asked]
    assert dict(rows) == place


def test_ids_that_share_a_hash_are_told_apart():
    """A hash says where to look, never which item it is."""
    ids = ["sofa", "lamp", "rug"]
    alike = Rows(ids, np.full(3, id_hashes(["lamp"])[0]), np.arange(3))
    assert alike.find(["lamp", "desk"]).tolist() == [1, -1]
    assert alike["lamp"] == 1 and "sofa" not in alike  # its own hash is another one


def test_rows_are_found_by_the_beginning_of_a_hash():
    """A cursor carries three bytes of each item that was shown; all items that begin so are left out."""
    ids = [f"item-{n}" for n in range(5_000)]
    rows = Rows.of(ids)
    wanted = [7, 99, 4_321]
    prefixes = [int.from_bytes(id_hash(ids[row])[:3]) for row in wanted]
    assert sorted(rows.beginning(np.array(prefixes), 24).tolist()) == wanted
    first = [row for row, id_ in enumerate(ids) if id_hash(id_)[0] == 0]
    assert sorted(rows.beginning(np.array([0]), 8).tolist()) == first
    assert not len(rows.beginning(np.empty(0, np.uint32), 24))


def test_an_index_finds_nearly_all_of_the_best(tmp_path):
    """A tenth of the items is read, and of the hundred best by far the most are among them, popularity counted in."""
    rng = np.random.default_rng(0)
    themes = rng.normal(size=(60, 32))
    outputs = (themes[rng.integers(0, 60, 20_000)] + rng.normal(0, 0.6, (20_000, 32))).astype(np.float32)
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    bias = rng.gumbel(0, 0.5, 20_000).astype(np.float32)
    build_index(outputs, bias).save(tmp_path)
    index = NearestIndex.load(tmp_path)
    recalls = []
    for vector in outputs[rng.integers(0, 20_000, 30)]:
        read = index.near(vector, 0.1, read=2_000)
        assert 2_000 <= len(set(read.tolist())) == len(read) < 4_000
        best = np.argsort(-(outputs @ vector / 0.1 + bias))[:100]
        recalls.append(np.isin(best, read).mean())
    assert np.mean(recalls) > 0.9
    assert sorted(index.near(vector, 0.1, read=10**9).tolist()) == list(range(20_000))


@pytest.mark.parametrize("count", [1, 40])
def test_an_index_of_few_items_holds_them_all(count):
    """There are never more lists than items, and none is lost."""
    outputs = np.random.default_rng(1).normal(size=(count, 8)).astype(np.float32)
    index = build_index(outputs, np.zeros(count, np.float32))
    assert sorted(index.near(outputs[0], 0.1).tolist()) == list(range(count))


def test_a_shop_with_an_index_proposes_the_same(world, tmp_path):
    """Where an index reads everything, feeds and company are those of scoring everything, before and after saving."""
    indexed = replace(world.model, nearest=build_index(world.model.factors.outputs, world.model.factors.bias))
    indexed.save(tmp_path)
    loaded = TasteModel.load(tmp_path, encoder_version=ENCODER)
    assert isinstance(loaded.nearest, NearestIndex)
    events = [act(n, item_id("Boho", "Rugs", n)) for n in range(3)]
    feeds, company = [], []
    for model in (world.model, indexed, loaded):
        profile = build_profile("ana", events, model, now=NOW)
        feeds.append({(p.item, p.source) for p in propose(model, profile, count=60, exclude=frozenset({"gone"}))})
        company.append(complements(model, item_id("Boho", "Rugs", 1)))
    assert feeds[0] == feeds[1] == feeds[2]
    assert company[0] == company[1] == company[2]
