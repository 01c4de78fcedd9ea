"""Engines across releases: shared, opened beside each other, or exchanged where memory holds only one."""

import shutil
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from catalog.release import ReleaseStore
from navigator.errors import BadCheckpoint
from serve_app import navigator_shelf, telemetry
from serve_app.navigator_shelf import EngineSettings, open_navigator_shelf
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_shop import add_release, made_items

SETTINGS = EngineSettings("transformers", {"dtype": "float32"})


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    first = add_navigator(folder, add_release(folder, made_items(8), "r1"), "n1")
    add_navigator(folder, first, "n2", seed=1)
    return ReleaseStore(folder)


async def test_a_release_with_the_same_navigator_shares_its_engine(store):
    """New items alone load no model again."""
    first = await open_navigator_shelf(store, store.get("n1"), [], SETTINGS)
    again = store.get("n1").model_copy(update={"id": "r9"})
    assert (await open_navigator_shelf(store, again, [first], SETTINGS)).navigator is first.navigator


async def test_two_engines_stand_side_by_side_where_they_fit(store, monkeypatch):
    """The old one goes on writing while the new one opens."""
    monkeypatch.setattr(navigator_shelf, "fits_beside", lambda *_: True)
    first = await open_navigator_shelf(store, store.get("n1"), [], SETTINGS)
    second = await open_navigator_shelf(store, store.get("n2"), [first], SETTINGS)
    assert first.navigator.engine is not None
    assert second.navigator.engine is not None


async def test_engines_are_exchanged_where_only_one_fits(store, monkeypatch):
    """The old one is closed before the new one is opened."""
    monkeypatch.setattr(navigator_shelf, "fits_beside", lambda *_: False)
    first = await open_navigator_shelf(store, store.get("n1"), [], SETTINGS)
    second = await open_navigator_shelf(store, store.get("n2"), [first], SETTINGS)
    assert first.navigator.engine is None
    assert second.navigator.engine is not None


async def test_a_navigator_that_does_not_open_leaves_the_old_one_in_place(store, monkeypatch):
    """Even where the old one had to be closed first, it is there again afterwards."""
    monkeypatch.setattr(navigator_shelf, "fits_beside", lambda *_: False)
    first = await open_navigator_shelf(store, store.get("n1"), [], SETTINGS)
    broken = store.get("n2").model_copy(deep=True)
    ref = broken.navigator.model_copy(update={"path": "models/navigator/broken"})
    copy = Path(store.path("models", "navigator", "broken"))
    shutil.copytree(store.path("models", "navigator", "n2"), copy, dirs_exist_ok=True)
    for weights in copy.glob("*.safetensors"):
        weights.write_bytes(b"no weights")
    release = broken.model_copy(update={"navigator": ref})
    with pytest.raises(BadCheckpoint, match="models/navigator/broken"):
        await open_navigator_shelf(store, release, [first], SETTINGS)
    assert first.navigator.engine is not None
    alone = await open_navigator_shelf(store, release, [], SETTINGS)
    assert alone.navigator is None
    assert "does not open" in alone.why


def test_memory_decides(store):
    """A cache larger than any machine does not fit beside; a small model does."""
    folder = Path(store.path("models", "navigator", "n1"))
    assert not navigator_shelf.fits_beside(folder, {"cpu_cache_gib": 10**6, "gpu_memory_utilization": 2.0})


def test_a_turn_leaves_spans(monkeypatch):
    """A slow stage can be named from a trace: the turn, and within it reading, finding, answering."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("windowshop"))
    timings = {"intent": 100.0, "encode": 5.0, "find": 20.0, "score": 1.0, "first_item": 130.0, "first_text": 200.0}
    telemetry.record_turn({**timings, "total": 900.0}, {"release": "r1"})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"windowshop.turn", "windowshop.intent", "windowshop.find", "windowshop.answer"}
    turn = spans["windowshop.turn"]
    assert turn.attributes["release"] == "r1"
    lengths = {name: (span.end_time - span.start_time) / 1e6 for name, span in spans.items()}
    assert lengths == pytest.approx(
        {"windowshop.turn": 900, "windowshop.intent": 100, "windowshop.find": 30, "windowshop.answer": 770}, abs=1
    )
    assert all(span.parent.span_id == turn.context.span_id for span in spans.values() if span is not turn)
