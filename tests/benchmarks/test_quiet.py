"""Measurements wait for a quiet machine."""

import psutil
import pytest

from benchmarks.quiet import QUIET_WITHIN_S, wait_until_quiet


@pytest.mark.parametrize(("loads", "looks", "warned"), [([90.0, 40.0, 3.0, 90.0], 3, False), ([90.0] * 100, 60, True)])
def test_until_little_else_runs(monkeypatch, capsys, loads, looks, warned):
    """It goes on as soon as others are done, and after a minute all the same, saying so."""
    seen = iter(loads)
    left = loads[looks:]
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: next(seen))
    wait_until_quiet()
    assert list(seen) == left
    assert QUIET_WITHIN_S == 60
    assert ("busy machine" in capsys.readouterr().err) == warned
