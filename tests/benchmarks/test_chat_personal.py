"""What the benchmark of personal turns takes for the next save, and what it must not have been told of."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks.chat_personal import _gain, _last_save
from taste.events import Event

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def history(*acts):
    """Events of one person from (minutes, kind, item)."""
    return [
        Event(id=f"e{n}", person="ana", kind=kind, item=item, time=DAY + timedelta(minutes=minutes))
        for n, (minutes, kind, item) in enumerate(acts)
    ]


def test_the_glance_before_a_save_is_not_known():
    """What was done with the piece itself is left out, and the rest ends where the save was, which is now."""
    moment = _last_save(history((0, "save", "a"), (50, "click", "b"), (58, "view", "c"), (60, "save", "c")), DAY)
    assert moment.saved == "c"
    assert [event.item for event in moment.before] == ["a", "b"]
    age = datetime.now(UTC) - moment.before[-1].time
    assert timedelta(minutes=10) <= age < timedelta(minutes=11)


def test_a_piece_met_days_before_is_nothing_to_foretell():
    """Its profile would hold it already; the last save of something new counts, if it is in the test days."""
    days = 24 * 60
    acts = ((0, "view", "a"), (1, "save", "b"), (days, "view", "c"), (days + 2, "save", "c"), (2 * days, "save", "a"))
    assert _last_save(history(*acts), DAY).saved == "c"
    assert _last_save(history(*acts), DAY + timedelta(days=1, minutes=30)) is None
    assert _last_save(history((0, "save", "a")), DAY) is None  # nothing is known of them


def test_the_gain_is_of_hits():
    """Half as many again, and how sure that is by the differences of pairs."""
    hits = np.array([[1, 1], [1, 1], [0, 1], [0, 0]], float)
    gain = _gain(hits)
    assert (gain["unknown"], gain["known"], gain["relative_gain"]) == (0.5, 0.75, pytest.approx(0.5))
    assert gain["difference_error"] == pytest.approx(0.25)
