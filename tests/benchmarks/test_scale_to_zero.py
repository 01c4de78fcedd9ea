"""A deployment may have no replica at all while nobody asks, and the next customer is served all the same."""

import pytest

from benchmarks.scale_out import zero
from catalog.release import ReleaseStore
from tests.serve_app.tiny_shop import add_release, made_items


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_idle_shop_sleeps_and_wakes(tmp_path):
    """With min_replicas 0, encoder and retriever go; the next search starts them and is answered, not refused."""
    add_release(tmp_path, made_items(), "r1")
    figures = zero.measure(ReleaseStore(tmp_path))
    assert figures["replicas_gone_after_s"] >= figures["idle_before_that_s"]
    assert figures["next_search_s"] < figures["first_search_s"] < 60
