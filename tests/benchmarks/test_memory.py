"""The peak of memory that a benchmark tells is the measured process's own."""

import subprocess
import sys

_CHILD = "from benchmarks.memory import peak_mb; print(peak_mb())"
_PARENT = f"""
import subprocess, sys
import numpy as np
large = np.ones(400 * 2**17)  # 400 MB
{_CHILD}
print(subprocess.run([sys.executable, "-c", {_CHILD!r}], capture_output=True, text=True, check=True).stdout)
"""


def test_a_process_does_not_inherit_the_peak_of_its_parent():
    """Growth is measured in processes that a large one starts; each has a peak of its own."""
    told = subprocess.run([sys.executable, "-c", _PARENT], capture_output=True, text=True, check=True).stdout
    parent, child = map(float, told.split())
    assert parent > 400
    assert 1 < child < 150
