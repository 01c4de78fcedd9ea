"""The peak of memory that a benchmark tells is the measured process's own."""

import subprocess
import sys

import numpy as np

from benchmarks.memory import peak_mb

_MEASURE = "from benchmarks.memory import peak_mb; print(peak_mb())"


def test_a_process_does_not_inherit_the_peak_of_its_parent():
    """Growth is measured in processes that a large one starts; each has a peak of its own."""
    before = peak_mb()
    large = np.ones(400 * 2**17)  # 400 MB
    assert peak_mb() > before + 300
    child = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True)
    assert 1 < float(child.stdout) < 150
    assert large[0] == 1
