"""Libraries that benchmarks compare with, pinned, installed on demand beside the environment and never in it."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(".cache") / "peers"
PINS = {
    "faiss": "faiss-cpu==1.15.1",
    "hnswlib": "hnswlib==0.8.0",
    "implicit": "implicit==0.7.3",
    "llama_cpp": "llama-cpp-python==0.3.36",
    "diskcache": "diskcache==5.6.3",
}
"""Module → requirement. Not in the product's lock: no part of it imports them. hnswlib is compiled on the way, and
llama.cpp, which takes two cores 7 minutes. It imports diskcache."""


def install(*modules: str) -> dict[str, str]:
    """Make modules importable, installing them into `.cache/peers` if they are not there; their versions.

    Raises:
        subprocess.CalledProcessError: pip cannot install one.
    """
    target = FOLDER.resolve()
    if str(target) not in sys.path:
        sys.path.append(str(target))  # last, so that nothing of the environment is replaced
    missing = [PINS[module] for module in modules if not list(target.glob(f"{module}*"))]
    if missing:
        # Without their dependencies: numpy, scipy and tqdm are there already, at the product's versions.
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), *missing]
        subprocess.run(command, check=True)
    return {module: version(PINS[module].partition("==")[0]) for module in modules}
