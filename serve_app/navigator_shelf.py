"""One release's Navigator: fetched, checked against the release's vectors, and opened beside the one before it.

A release without a Navigator, or with one that was trained on another encoder's vectors, has a shelf that says why
there is none: the shop goes on without an assistant rather than with one that misreads every picture.

Torch and transformers are loaded by the functions that need them: whoever binds the deployment imports this, too.
"""

import asyncio
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec

from catalog.errors import MissingDependency, NotFound, VersionMismatch
from catalog.release import ModelRef, Release, ReleaseStore
from navigator.engine import Engine, Kind, open_engine
from navigator.errors import BadCheckpoint, WrongEncoder

MAX_MODEL_LEN = 8192
"""Tokens of prompt and answer unless told otherwise, or what the language model takes, if that is less."""

_OVERHEAD = 1.5
"""Memory of an engine without a GPU over the size of its weights, its cache apart."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineSettings:
    """How engines are opened: see `navigator.engine.open_engine` and `VLLMEngine`.

    Args:
        kind: vllm, transformers, or auto: vLLM where it is installed.
        options: further arguments, such as tensor_parallel_size, quantization or max_model_len.
    """

    kind: Kind = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)


class OpenNavigator:
    """An engine that one or more releases use, and how many answers it is writing."""

    def __init__(self, ref: ModelRef, folder: Path, copy: tempfile.TemporaryDirectory[str] | None) -> None:
        self.ref = ref
        self.folder = folder
        self.engine: Engine | None = None
        self.writing = 0
        self._copy = copy  # goes with the object

    async def open(self, settings: EngineSettings) -> None:
        """Load it, in a thread: weights take seconds."""
        from navigator.loading import load_config

        config = load_config(self.folder)
        longest = int(config.text_config.max_position_embeddings)
        options = {"max_model_len": min(MAX_MODEL_LEN, longest), **settings.options}
        if settings.kind == "transformers":
            options = {name: value for name, value in options.items() if name in ("dtype", "device")}
        self.engine = await asyncio.to_thread(lambda: open_engine(self.folder, settings.kind, **options))

    async def close(self) -> None:
        """Let the answers that are being written end, then give the memory back."""
        engine, self.engine = self.engine, None
        while self.writing:
            await asyncio.sleep(0.05)
        if engine is not None:
            await engine.close()


@dataclass
class NavigatorShelf:
    """One release: `navigator` is None where there is none to use, and `why` says why."""

    release: Release
    navigator: OpenNavigator | None = None
    why: str = ""


async def open_navigator_shelf(
    store: ReleaseStore, release: Release, held: Sequence[NavigatorShelf], settings: EngineSettings
) -> NavigatorShelf:
    """Open a release's Navigator, or take it over from a release that is open and has the same.

    The new one is loaded beside the old. Where memory does not allow that, the old one ends its answers and is closed
    first; should the new one then not open, the old one is opened again.

    Raises:
        BadCheckpoint: it does not open, and there is a release before that can stay.
    """
    ref = release.navigator
    if ref is None:
        return NavigatorShelf(release, why=f"release {release.id} has no Navigator; train one: batch.train_navigator")
    others = list({id(shelf.navigator): shelf.navigator for shelf in held if shelf.navigator}.values())
    for other in others:
        if other.ref == ref and other.engine is not None:
            return NavigatorShelf(release, other)
    try:
        navigator = await asyncio.to_thread(_fetch, store, ref, release.encoder.version)
    except (NotFound, VersionMismatch, MissingDependency) as error:
        logger.error("release %s is served without an assistant: %s", release.id, error)
        return NavigatorShelf(release, why=str(error))
    if others and not await asyncio.to_thread(fits_beside, navigator.folder, settings.options):
        await asyncio.gather(*(other.close() for other in others))
    try:
        await navigator.open(settings)
    except Exception as error:  # engines and readers of weights raise what they like
        await asyncio.gather(*(other.open(settings) for other in others if other.engine is None))
        said = f"the Navigator at {ref.path} does not open: {error}"
        if held:
            raise BadCheckpoint(said) from error  # the release before stays, with its own
        logger.error("release %s is served without an assistant: %s", release.id, said)
        return NavigatorShelf(release, why=said)
    return NavigatorShelf(release, navigator)


def fits_beside(folder: Path, options: Mapping[str, Any]) -> bool:
    """Whether memory holds another engine beside the one that is open."""
    import torch

    from catalog.precision import MEMORY_BOUND, named_dtype

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return bool(free >= float(options.get("gpu_memory_utilization", 0.9)) * total)
    weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    if named_dtype(options.get("dtype", "auto"), "cpu", MEMORY_BOUND) is torch.float32:
        weights *= 2  # checkpoints have 16 bits
    needed = _OVERHEAD * weights + float(options.get("cpu_cache_gib", 1)) * 2**30
    return _available_bytes() >= needed


def _available_bytes() -> float:
    """Memory that could be had without swapping; boundless where the system does not say."""
    meminfo = Path("/proc/meminfo")
    lines = meminfo.read_text().splitlines() if meminfo.exists() else []
    kib = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return float("inf") if kib is None else int(kib) * 1024


def _fetch(store: ReleaseStore, ref: ModelRef, encoder_version: str) -> OpenNavigator:
    """A local copy of the checkpoint, refused if it reads other vectors than the release has."""
    if ref.encoder_version != encoder_version:
        raise WrongEncoder(
            f"its Navigator reads vectors of encoder {ref.encoder_version!r}, not of {encoder_version!r}; train one on "
            "this release: batch.train_navigator"
        )
    folder = store.path(*ref.path.split("/"))
    copy = None
    if not store.is_local:  # engines map weights from a disk
        copy = tempfile.TemporaryDirectory(prefix="windowshop-navigator-")
        filesystem, root = fsspec.core.url_to_fs(folder, **store.storage_options)
        if not filesystem.exists(root):
            raise NotFound(f"there is no Navigator at {folder}")
        filesystem.get(root.rstrip("/") + "/", copy.name, recursive=True)
        folder = copy.name
    if not (Path(folder) / "config.json").is_file():
        raise NotFound(f"there is no Navigator at {folder}")
    from navigator.loading import load_config

    found = load_config(folder).encoder_version
    if found != encoder_version:
        raise WrongEncoder(
            f"the Navigator at {ref.path} reads vectors of encoder {found!r}, not of {encoder_version!r}"
        )
    return OpenNavigator(ref, Path(folder), copy)
