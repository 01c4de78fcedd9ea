"""The page of sizes is what the measured units and the stated assumptions come to."""

import pytest

from benchmarks.sizing import PAGE, refreshed
from benchmarks.sizing_units import CALLS_A_MONTH, Shop, Units, search_model

SEARCHES = {
    "exact scan": {"p50_ms": 500.0},
    "IVF-PQ, 20 probes, refine 10": {"p50_ms": 24.0},
    "IVF-PQ, 40 probes, refine 10": {"p50_ms": 28.0},
    "IVF-PQ, 80 probes, refine 20": {"p50_ms": 46.0},
}


def shop(**changed):
    units = Units(
        pictures_per_core_s=50.0,
        index_core_h_per_million=0.4,
        rows_written_per_s=10_000.0,
        row_bytes=1000.0,
        row_parts={},
        search_ms=search_model(1_000_000, SEARCHES),
        call_core_ms=dict.fromkeys(CALLS_A_MONTH, 10.0),
        navigator_core_ms=4.0,
        propose_core_ms=14.0,
        event_bytes=100.0,
        turn_tflop=4.0,
        turn_tflop_with_pictures=40.0,
    )
    return Shop(**{"items": 1_000_000, "users": 1_000_000, "units": units} | changed)


def test_the_page_is_what_the_results_come_to():
    """docs/sizing.md says what its script says today."""
    text = PAGE.read_text()
    assert refreshed(text) == text, "run python -m benchmarks --page-only"


def test_search_is_a_line_through_what_was_measured():
    """The three settings come out as they went in; ten times the items visit √10 times the codes."""
    units = shop().units
    fixed, per_thousand, per_refine = units.search_ms
    assert (fixed, per_thousand, per_refine) == pytest.approx((10.0, 0.2, 1.0))
    assert units.vector_search_ms(1_000_000) == pytest.approx(28.0)
    assert units.vector_search_ms(100_000_000) == pytest.approx(20.0 + 0.2 * 400)


def test_cost_follows_users_and_items():
    """Twice the users are twice the cores and the events; the catalogue costs the same."""
    one, two = shop(), shop(users=2_000_000)
    assert two.all_cores == pytest.approx(2 * one.all_cores)
    assert two.events_gb == pytest.approx(2 * one.events_gb)
    assert two.store_gb == one.store_gb == pytest.approx(1.0)
    assert shop(items=4_000_000).index_core_h == pytest.approx(8 * one.index_core_h)


def test_a_shop_has_gpus_to_lose():
    """A small one has two; a large one as many as its turns take."""
    assert shop().gpus(4.0) == 2
    large = shop(users=600_000_000)
    assert large.gpus(40.0) == pytest.approx(10 * large.gpus(4.0), rel=0.02)


def test_a_feed_costs_its_call_and_its_candidates():
    """An index finds them, so a larger catalogue's feed costs no more."""
    assert [shop(items=items).core_ms("feed") for items in (1_000_000, 1_000_000_000)] == [24.0, 24.0]
