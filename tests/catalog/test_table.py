"""Writing the item table."""

import time
from datetime import timedelta

import numpy as np
import pytest

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.table import ItemTable, item_from_row, item_rows, items_to_arrow, vectors_from_arrow
from tests.catalog.conftest import SPACES, made_items, made_rows


def test_items_survive_the_table():
    """What goes into the table as an item comes out as the same item."""
    items = made_items(12)
    assert [item_from_row(row) for row in items_to_arrow(items).to_pylist()] == items


def test_upsert_replaces_by_id(tmp_path):
    """The same id twice is one row, with the later words and vector."""
    items = made_items(10)
    table = ItemTable.open_or_create(str(tmp_path), "items", "enc-1", SPACES)
    table.upsert(made_rows(items)[0])
    changed = [items[4].model_copy(update={"title": "Changed"})]
    vectors = {s.column: np.eye(1, s.dim, dtype=np.float32) for s in SPACES}
    table.upsert(item_rows(changed, vectors, ["new"], [None]))
    assert len(table) == 10
    row = table.rows(["p4"], ["title", "fingerprint", "image_vector"])
    assert row["title"].to_pylist() == ["Changed"]
    assert vectors_from_arrow(row["image_vector"])[0, 0] == 1


def test_update_items_keeps_vectors_and_pictures(tmp_path):
    """A changed price is written without touching what was encoded."""
    items = made_items(10)
    table = ItemTable.open_or_create(str(tmp_path), "items", "enc-1", SPACES)
    table.upsert(made_rows(items)[0])
    before = table.rows(["p5"], ["image_vector", "thumbnail", "fingerprint"])
    table.update_items([items[5].model_copy(update={"price": 1.0}), items[0].model_copy(update={"id": "unknown"})])
    after = table.rows(["p5"], ["image_vector", "thumbnail", "fingerprint"])
    assert before == after
    assert table.rows(["p5"], ["price"])["price"].to_pylist() == [1.0]
    assert len(table) == 10


def test_ids_are_indexed_while_rows_pour_in(tmp_path):
    """Look-ups and upserts need not read all ids of a table that is being filled; a few more make no new index."""
    table = ItemTable.open_or_create(str(tmp_path), "items", "v1", SPACES)
    table.index_ids(unindexed=8)
    assert not table._table.list_indices()
    rows, _ = made_rows(made_items(20))
    indexed = []
    for start in (0, 4, 8, 12, 16):
        table.upsert(rows.slice(start, 4))
        table.index_ids(unindexed=8)
        indexed.append([index.num_indexed_rows for index in table._table.list_indices()])
    assert indexed == [[], [8], [8], [16], [16]]
    version = table.version
    table.index_ids(unindexed=8)
    assert table.version == version
    assert sorted(table.rows(["p3", "p19", "none"], [])["id"].to_pylist()) == ["p19", "p3"]
    plan = table._table.search().where("id IN ('p3', 'p19')").explain_plan()
    assert "ScalarIndexQuery" in plan


def test_an_old_release_does_not_keep_a_new_one_from_being_made(tmp_path, monkeypatch):
    """Every release is tagged, and LanceDB refuses to clean up where a tagged version is as old as what is cleaned."""
    monkeypatch.setattr("catalog.table.KEPT_FOR", timedelta(seconds=1))
    items = made_items(12)
    rows, _ = made_rows(items)
    table = ItemTable.open_or_create(str(tmp_path), "items", "enc-1", SPACES)
    table.upsert(rows)
    table.tag("old")
    time.sleep(1.2)
    table.delete([items[0].id])
    table.index()
    pinned = ItemTable.open(str(tmp_path), "items")
    pinned._table.checkout("old")
    assert len(pinned) == 12


def test_deleted_items_are_gone_but_a_tag_still_has_them(tmp_path):
    """A release that pinned the table before a deletion is not changed by it."""
    table = ItemTable.open_or_create(str(tmp_path), "items", "enc-1", SPACES)
    table.upsert(made_rows(made_items(10))[0])
    version = table.tag("before")
    table.delete(["p1", "p2"])
    assert len(table) == 8
    assert table.rows(["p1"], ["title"]).num_rows == 0
    pinned = ItemTable.open(str(tmp_path), "items")
    pinned._table.checkout("before")
    assert len(pinned) == 10 and pinned.version == version


def test_vectors_of_another_encoder_are_refused(tmp_path):
    """Two encoders never share a table."""
    ItemTable.open_or_create(str(tmp_path), "items", "enc-1", SPACES)
    with pytest.raises(VersionMismatch, match="enc-1"):
        ItemTable.open_or_create(str(tmp_path), "items", "enc-2", SPACES)


def test_wrong_vectors_are_refused():
    """NaN and a wrong count never reach the table."""
    items = made_items(2)
    for bad in (np.full((2, 4), np.nan, np.float32), np.zeros((3, 4), np.float32)):
        with pytest.raises(InvalidInput, match="image_vector"):
            item_rows(items, {"image_vector": bad}, ["a", "b"], [None, None])


def test_a_missing_table_is_not_found(tmp_path):
    """Opening what is not there says so."""
    with pytest.raises(NotFound, match="nothing"):
        ItemTable.open(str(tmp_path), "nothing")
