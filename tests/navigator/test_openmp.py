"""The process that serves Navigator computes on Intel's OpenMP, on which a token takes half as long."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from navigator.openmp import load_intel_openmp

ASK = """
import ctypes
from importlib import metadata
import {module}
import torch
library = next(file.locate() for file in metadata.files("intel-openmp") if file.name == "libiomp5.so")
torch.set_num_threads(3)
print(ctypes.CDLL(str(library)).omp_get_max_threads())
"""


@pytest.mark.skipif(find_spec("vllm") is None or sys.platform != "linux", reason="comes with vLLM for CPUs")
@pytest.mark.parametrize("module", ["serve_app.navigator", "navigator.engine_vllm"])
def test_torch_counts_threads_with_intels_openmp(module):
    """What torch is told arrives in that library: in the replica's process, whatever it imports first."""
    # vLLM, once it ran in this process, has its children preload GNU's.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    ask = [sys.executable, "-c", ASK.format(module=module)]
    done = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "3"


FORK = """
import os
import subprocess
import navigator
import torch
child = "import os; print(sorted(os.sched_getaffinity(0)) == {cores})"
print(subprocess.check_output([{python!r}, "-c", child], text=True, preexec_fn=lambda: None))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the cores of a process")
def test_what_is_started_from_here_may_use_all_cores():
    """Ray's processes are forked from the one that starts it: bound to one core, they would share that one."""
    code = FORK.format(cores=sorted(os.sched_getaffinity(0)), python=sys.executable)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LD_PRELOAD", "KMP"))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "True"


def test_it_is_left_alone_once_torch_is_there():
    import torch  # noqa: F401

    assert not load_intel_openmp()
