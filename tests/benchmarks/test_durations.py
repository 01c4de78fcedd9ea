"""Whoever starts hours of measuring is told how many."""

import pytest

from benchmarks import report
from benchmarks.durations import expected, took


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)


def test_a_run_is_as_long_as_the_last_ones():
    """What is timed runs alone, and the rest side by side; the last of several runs of a command counts."""
    took("python -m benchmarks.a", 500)
    took("python -m benchmarks.a", 100)
    took("python -m benchmarks.b --only c", 40)
    both = {"python -m benchmarks.a": True, "python -m benchmarks.b --only c": False}
    assert expected(both, 2) == "about 2.0 hours by their last runs"
    assert expected({"python -m benchmarks.b --only c": True}, 2) == "about 40 minutes by their last runs"


def test_what_never_ran_is_counted_apart():
    """Nothing is foretold of a run of which most is unknown."""
    took("python -m benchmarks.a", 10)
    assert expected({"python -m benchmarks.a": True, "new": True}, 2).endswith("and 1 that never ran here")
    assert expected({"python -m benchmarks.a": True, "new": True, "other": True}, 2) == ""
