"""Turn a base model into a Navigator checkpoint: `python -m batch.convert --base ID --out URI`."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import fsspec
import typer

from batch.command import ends_plainly
from catalog.errors import InvalidInput, MissingDependency
from navigator.checkpoint import make_checkpoint
from navigator.config import NavigatorConfig
from navigator.learnt import Learnt, Shape, load_learnt
from navigator.packaged import PACKAGED, unpack
from navigator.surgery import DEFAULT_SHARD_BYTES


def convert(
    base: str,
    out: str,
    shape: Shape | None = None,
    *,
    learnt: Learnt | None = None,
    shard_bytes: int = DEFAULT_SHARD_BYTES,
) -> NavigatorConfig:
    """Write a Navigator over `base` to `out`.

    Args:
        base: a local folder, a model's id on the Hugging Face Hub, or `packaged:smollm2-135m`.
        out: a folder, local or any that fsspec can write; one shard at a time passes through the local disk.
        shape: sizes of the projectors.
        learnt: what was trained over the same base, to be put in.
        shard_bytes: largest output file, and about the memory needed.

    Raises:
        BadCheckpoint: the base is of a kind whose vision encoder cannot be taken out.
        MissingDependency: there is no such base, here or on the hub.
    """
    with TemporaryDirectory() as scratch:
        folder = _fetch(base, Path(scratch) / "base")
        store, root = fsspec.core.url_to_fs(out)
        store.makedirs(root, exist_ok=True)

        def put(name: str, path: Path) -> None:
            store.put_file(str(path), f"{root}/{name}")
            path.unlink()

        return make_checkpoint(folder, put, shape, learnt=learnt, shard_bytes=shard_bytes)


def check_base(learnt: Learnt, base: str) -> None:
    """Whether weights were learnt over a base: a model is known by its last name, in a folder or on the hub.

    Raises:
        InvalidInput: they were learnt over another; adapters change weights that they have seen, and spoil all others.
    """
    if _last_name(learnt.base) != _last_name(base):
        raise InvalidInput(
            f"these weights were learnt over {learnt.base!r}, not over {base!r}; give that base with --base, by its id "
            "or as a folder of the same name"
        )


def _last_name(base: str) -> str:
    return base.rstrip("/").rsplit("/", 1)[-1]


def _fetch(base: str, scratch: Path) -> Path:
    """A local folder with the base's files; of a hub's model, only those that hold a part of the language model."""
    if base == PACKAGED:
        unpack(scratch)
        return scratch
    if Path(base).is_dir():
        return Path(base)
    try:
        return _from_hub(base)
    except (OSError, ValueError) as error:  # no such name, no network, a name that is none
        raise MissingDependency(
            f"cannot fetch base {base!r}: it is no folder here, and the Hugging Face Hub gave no such model ({error}); "
            f"a base is a folder, a hub id such as Qwen/Qwen3-VL-2B-Instruct, or {PACKAGED}"
        ) from error


def _from_hub(base: str) -> Path:
    from huggingface_hub import snapshot_download

    small = ["*.json", "*.jinja", "*.txt", "*.model"]
    folder = Path(snapshot_download(base, allow_patterns=small))
    index = folder / "model.safetensors.index.json"
    shards = ["model.safetensors"]
    if index.exists():
        names = json.loads(index.read_text())["weight_map"].items()
        shards = sorted({shard for name, shard in names if not name.startswith("model.visual.")})
    return Path(snapshot_download(base, allow_patterns=[*small, *shards]))


app = typer.Typer(add_completion=False)


@app.command()
def main(
    base: Annotated[str, typer.Option(help="Folder, hub id, or packaged:smollm2-135m.")],
    out: Annotated[str, typer.Option(help="Folder or URI to write the Navigator to.")],
    item_dim: Annotated[int, typer.Option(help="Floats in one item vector.")] = 256,
    vectors_per_item: Annotated[int, typer.Option(help="Vectors that the release stores for one item.")] = 1,
    tokens_per_item: Annotated[int, typer.Option(help="Soft tokens that one item becomes.")] = 4,
    taste_dim: Annotated[int | None, typer.Option(help="Floats in one interest vector [item-dim].")] = None,
    projector_rank: Annotated[int | None, typer.Option(help="Floats kept of a vector [all].")] = None,
    projector_dim: Annotated[int, typer.Option(help="Width of the projectors' hidden layer.")] = 1024,
    weights: Annotated[
        Path | None, typer.Option(help="Adapters and projectors, trained over this base, to put in.")
    ] = None,
    shard_gib: Annotated[float, typer.Option(help="Largest file to write, in GiB.")] = DEFAULT_SHARD_BYTES / 2**30,
) -> None:
    """Turn a Qwen3-VL, or any causal language model, into a Navigator that has still to be trained."""
    shape = Shape(item_dim, vectors_per_item, tokens_per_item, taste_dim, projector_rank, projector_dim)
    with ends_plainly("Stopped. What was written so far is no whole checkpoint; the same command begins again."):
        learnt = load_learnt(weights) if weights else None
        if learnt:
            check_base(learnt, base)
        config = convert(base, out, shape, learnt=learnt, shard_bytes=int(shard_gib * 2**30))
    text = config.text_config
    state = "trained" if learnt else "untrained"
    typer.echo(f"{out}: {text.model_type}, {text.num_hidden_layers} layers × {text.hidden_size}, {state}")


if __name__ == "__main__":
    app()
