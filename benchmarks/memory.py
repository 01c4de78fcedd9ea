"""How much memory a process came to hold at most."""

import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """The highest resident memory of this process so far, in MB.

    Linux hands `ru_maxrss` on to the programs that a process starts, so that a small one would seem as large as the
    one that started it; VmHWM begins anew.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
