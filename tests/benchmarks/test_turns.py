"""What a whole turn costs is measured on a real engine."""

import json
import subprocess
import sys

import pytest

MEASURES = """
import json, sys
import numba  # as the command has it loaded
from benchmarks.navigator_latency import LanguageShape
from benchmarks.navigator_turns import measure
shape = LanguageShape(256, 512, 4, 4, 2, 64, 1000)
print(json.dumps(measure("2B", {"precomputed": 0.01, "512x512": 5.0}, (1, 4), 1, lambda _: None, shape)))
"""


@pytest.mark.slow
def test_a_turn_is_what_its_parts_come_to():
    """Reading, writing and the intent add up; what is read costs each of many turns the same, writing less."""
    done = subprocess.run([sys.executable, "-c", MEASURES], capture_output=True, text=True, check=True, timeout=240)
    rows = json.loads(done.stdout.splitlines()[-1])
    for row in rows.values():
        assert row["turn_s"] == pytest.approx(row["intent_s"] + row["read_s"] + row["write_s"])
        assert min(row["intent_s"], row["write_s"]) > 0
    assert rows["512x512, 4 at once"]["share_left"] < 0.5
    assert rows["precomputed, 4 at once"]["write_s"] < rows["precomputed, 1 at once"]["write_s"]
