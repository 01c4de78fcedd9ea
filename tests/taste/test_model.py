import dataclasses
import json
import time
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from taste.graph import EDGE_SCHEMA, board_edges, sum_edges
from taste.model import TasteModel, capped, column_vectors, content_of, train_model
from taste.profile import build_profile
from taste.rank import rank
from tests.taste.world import ENCODER, NOW, SETTINGS, act, item_id


def test_a_saved_model_answers_the_same(world, tmp_path):
    """What a job writes is what a replica serves, to the bit, and mapped rather than copied."""
    world.model.save(tmp_path)
    loaded = TasteModel.load(tmp_path, encoder_version=ENCODER)
    events = [act(n, item_id("Boho", "Rugs", n)) for n in range(3)]
    answers = [
        rank(world.items, model, build_profile("ana", events, model, now=NOW)) for model in (world.model, loaded)
    ]
    assert answers[0] == answers[1]
    assert isinstance(loaded.factors.outputs.base, np.memmap)


def test_vectors_of_another_encoder_are_refused(world, tmp_path):
    """A model must not be found out by bad answers to have met vectors that it was not trained on."""
    world.model.save(tmp_path)
    with pytest.raises(VersionMismatch, match="other-encoder"):
        TasteModel.load(tmp_path, encoder_version="other-encoder")
    about = json.loads((tmp_path / "taste.json").read_text())
    (tmp_path / "taste.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(VersionMismatch, match="99"):
        TasteModel.load(tmp_path)
    with pytest.raises(NotFound):
        TasteModel.load(tmp_path / "nowhere")


def test_nothing_of_a_person_is_in_a_model(world, tmp_path):
    """Forgetting somebody must not need a new model: no id of a person is written, and nothing pickled."""
    world.model.save(tmp_path)
    for file in tmp_path.rglob("*"):
        if file.suffix == ".npy":
            np.load(file, allow_pickle=False)
        elif file.is_file():
            assert file.suffix in (".json", ".arrow")
            assert b"p17" not in file.read_bytes()


def test_a_shop_without_events_starts_from_content(world):
    """On the first day likeness is all there is; it must do, with one item and with none too."""
    for count in (240, 2, 1, 0):
        items = world.items.slice(0, count)
        model = train_model(
            items, EDGE_SCHEMA.empty_table(), encoder_version=ENCODER, columns=["joint_vector"], settings=SETTINGS
        )
        profile = build_profile("ana", [act(1, item_id("Japandi", "Sofas", 0))], model, now=NOW)
        shown = rank(items, model, profile)
        assert len(shown) == min(count, 20)
        assert all(one.id.startswith("Japandi-Sofas") for one in shown[:1])


def test_training_goes_on_from_the_incumbent(world):
    """The catalogue changes overnight: rows move, items come and go, and what was learnt is kept."""
    items = world.items.take(list(range(239, 20, -1)))
    still = SETTINGS.__class__(dim=24, epochs=0)
    model = train_model(
        items, world.edges, encoder_version=ENCODER, columns=["joint_vector"], settings=still, incumbent=world.model
    )
    some = [item_id("Boho", "Rugs", n) for n in range(5)]
    assert np.allclose(model.embed(some).outputs, world.model.embed(some).outputs, atol=1e-3)


def test_one_vector_that_is_no_number_spoils_no_model(world):
    """An encoder that overflowed on one picture must not make NaN of all, nor of tomorrow's model."""
    vectors = column_vectors(world.items, "joint_vector").copy()
    vectors[3], vectors[4, 2] = np.nan, np.inf
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    place = world.items.column_names.index("joint_vector")
    items = world.items.set_column(place, "joint_vector", column)
    assert not column_vectors(items, "joint_vector")[[3, 4]].any()
    how = {"encoder_version": ENCODER, "columns": ["joint_vector"], "settings": SETTINGS}
    model = train_model(items, world.edges, **how)
    good = model.factors
    for array in (good.inputs, good.outputs, good.bias, good.input_map):
        assert np.isfinite(array).all()
    outputs = good.outputs.copy()
    outputs[0] = np.nan
    spoiled = dataclasses.replace(model, factors=dataclasses.replace(good, outputs=outputs))
    assert np.isfinite(train_model(world.items, world.edges, incumbent=spoiled, **how).factors.outputs).all()
    rows = items.slice(0, 20).set_column(0, "id", pa.array([f"new-{n}" for n in range(20)]))
    profile = build_profile("ana", [act(n, item_id("Boho", "Rugs", n)) for n in range(3)], model, now=NOW)
    assert all(np.isfinite(one.score) for one in rank(rows, model, profile))


def test_an_incumbent_of_other_columns_is_not_gone_on_from(world):
    """Columns in another order are as wide, and mean something else: maps of the one would misread the other."""
    flipped = column_vectors(world.items, "joint_vector")[:, ::-1]
    column = pa.FixedSizeListArray.from_arrays(pa.array(flipped.ravel()), flipped.shape[1])
    items = world.items.append_column("image_vector", column)
    how = {"encoder_version": ENCODER, "settings": SETTINGS.__class__(dim=24, epochs=0)}
    one = train_model(items, world.edges, columns=["joint_vector", "image_vector"], **how)
    other = train_model(items, world.edges, columns=["image_vector", "joint_vector"], incumbent=one, **how)
    fresh = train_model(items, world.edges, columns=["image_vector", "joint_vector"], **how)
    assert np.allclose(other.factors.input_map, fresh.factors.input_map)


def test_a_robots_set_costs_no_more_than_a_persons():
    """Somebody who viewed all 50,000 items, and a board that holds them, must not be counted in pairs."""
    ids = [f"i{n}" for n in range(50_000)]
    vectors = pa.array(np.random.default_rng(0).normal(size=len(ids) * 4).astype(np.float32))
    items = pa.table({"id": ids, "title": ids, "category": [["Home"]] * len(ids)})
    items = items.append_column("v", pa.FixedSizeListArray.from_arrays(vectors, 4))
    boards = pa.table({"board": ["everything"] * len(ids), "item": ids})
    views = pa.table({"node": ["robot"] * len(ids), "weight": np.linspace(1, 2, len(ids))})
    robot = pa.table([pa.repeat("people", len(ids)), views["node"], boards["item"], views["weight"]], EDGE_SCHEMA.names)
    edges = sum_edges(pa.concat_tables([board_edges(boards), robot.cast(EDGE_SCHEMA)]))
    began, settings = time.process_time(), SETTINGS.__class__(dim=4, epochs=1)
    tracemalloc.start()
    model = train_model(items, edges, encoder_version=ENCODER, columns=["v"], settings=settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - began < 20 and peak < 200e6
    assert len(model.together.neighbours(49_999)[0]) >= settings.set_cap - 1, "the robot's latest acts are counted"
    assert len(model.together.indices) < 2 * settings.set_cap**2


def test_a_capped_set_keeps_what_is_strongest():
    """Of a person the latest acts; of a board, whose items weigh alike, other ones than of the next board."""
    weights = np.stack([np.arange(1, 101), np.ones(100), np.ones(100)]).astype(np.float32)
    some = capped(sparse.csr_matrix(weights), 10)
    assert np.diff(some.indptr).tolist() == [10, 10, 10]
    rows = [set(some.indices[some.indptr[n] : some.indptr[n + 1]].tolist()) for n in range(3)]
    assert rows[0] == set(range(90, 100)) and rows[1] != rows[2] and max(rows[1]) > 30
    assert (capped(sparse.csr_matrix(weights), 10) != some).nnz == 0
    small = sparse.csr_matrix(weights[:, :5])
    assert capped(small, 10) is small


def test_a_column_of_vectors_is_read_or_named_as_missing():
    """Null vectors become zeros, sliced tables keep their rows, and a wrong column says what there is."""
    array = pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2))
    table = pa.table({"v": array, "w": [1, 2, 3]})
    assert column_vectors(table, "v").tolist() == [[1, 2], [0, 0], [3, 4]]
    assert column_vectors(table.slice(2), "v").tolist() == [[3, 4]]
    both = content_of(table, ["v", "v"])
    assert np.allclose(both @ both.T, column_vectors(table, "v") @ column_vectors(table, "v").T)
    for column in ("x", "w"):
        with pytest.raises(InvalidInput, match=column):
            column_vectors(table, column)
