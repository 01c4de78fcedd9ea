from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taste.events import KINDS, WEIGHTS, Event, from_microseconds, to_microseconds

NOW = "2026-11-23T10:00:00+01:00"


def test_an_event_reads_what_a_client_sends():
    """The wire form is plain JSON; times come out in UTC whatever zone they came in."""
    event = Event.model_validate_json(
        f'{{"id": "1", "person": "ana", "kind": "save", "item": "sofa", "board": "loft", "time": "{NOW}"}}'
    )
    assert event.time == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert event.time.tzinfo is UTC
    assert Event.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize(
    "change",
    [
        {"item": None},
        {"kind": "follow_board"},
        {"kind": "follow_board", "item": None},
        {"kind": "love"},
        {"time": "2026-11-23T10:00:00"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"id": ""},
        {"id": "x" * 257},
        {"person": "a\x00b"},
        {"person": "a\nb"},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_an_event_is_refused(change):
    """An event without a subject, a zone or a usable name would be stored and never mean anything."""
    with pytest.raises(ValidationError):
        Event.model_validate({"id": "1", "person": "ana", "kind": "view", "item": "sofa", "time": NOW, **change})


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_microseconds_keep_every_moment_exactly(moment):
    """Order by time must survive storage, also for moments a microsecond apart or before 1970."""
    assume_in_range = datetime(1, 1, 2, tzinfo=UTC) < moment < datetime(9999, 12, 30, tzinfo=UTC)
    if assume_in_range:
        assert from_microseconds(to_microseconds(moment)) == moment


def test_every_kind_has_a_weight():
    """A kind without a weight would break the profile of whoever does it first; only hiding counts against."""
    assert set(WEIGHTS) == set(KINDS)
    assert [kind for kind, weight in WEIGHTS.items() if weight < 0] == ["hide"]
