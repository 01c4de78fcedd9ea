"""Intel's OpenMP under torch, which vLLM's documentation asks for on a CPU and its wheel brings along unused.

A token of a small model is hundreds of parallel regions of some microseconds each. GNU's threads are asleep when the
next one comes, or else, told to stay awake, take the cores from whoever prepares it. Intel's stay awake for as long as
they are told.
"""

import ctypes
import os
import sys
from importlib import metadata

AWAKE_MS = "1"

BINDING = "none"
"""Left to itself it binds every process that is forked to the first core, and so all of a Ray that is started here."""


def load_intel_openmp() -> bool:
    """Have torch use Intel's OpenMP in this process, where it is installed and torch is not loaded yet.

    What is loaded first for everybody answers for all, torch's own copy of GNU's included. Returns whether it was.
    """
    if "torch" in sys.modules:
        return False
    try:
        files = metadata.files("intel-openmp") or []
    except metadata.PackageNotFoundError:
        return False
    library = next((file.locate() for file in files if file.name == "libiomp5.so"), None)
    if library is None:
        return False
    os.environ.setdefault("KMP_BLOCKTIME", AWAKE_MS)
    os.environ.setdefault("KMP_AFFINITY", BINDING)
    try:
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    except OSError:  # not built for this processor or system
        return False
    return True
