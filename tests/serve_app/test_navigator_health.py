"""An engine that dies while nobody asks makes its replica unhealthy, so that Serve replaces it before somebody does."""

import pytest

from navigator.errors import EngineFailed
from serve_app.navigator import Navigator
from serve_app.navigator_shelf import EngineSettings
from tests.serve_app.tiny_navigator import add_navigator
from tests.serve_app.tiny_shop import add_release, made_items


async def test_a_dead_engine_is_seen_without_a_request(tmp_path):
    """Healthy with a living engine and without any; unhealthy with one that answers nothing any more."""
    first = add_release(tmp_path, made_items(8), "r1")
    replica = Navigator.__new__(Navigator)
    await replica.__init__(str(tmp_path), enabled=False)
    await replica.check_health()
    add_navigator(tmp_path, first, "n1")
    replica = Navigator.__new__(Navigator)
    await replica.__init__(str(tmp_path), settings=EngineSettings("transformers", {"dtype": "float32"}))
    await replica.check_health()
    await replica._live.current.navigator.engine.close()
    with pytest.raises(EngineFailed):
        await replica.check_health()
