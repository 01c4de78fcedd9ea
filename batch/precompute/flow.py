"""One wave of rows on Ray Data: prepare on CPU tasks, encode on an actor pool, write Parquet with a checkpoint.

Each attempt at a wave writes into a folder of its own, `attempt-NN/`: `rows/` has the Parquet files and `committed/`
the checkpoint, in which Ray Data notes a file's ordinals once the file is whole. A later attempt leaves those rows out.
(Ray Data's own filter would do that too, with an actor that holds a whole CPU; one look-up per row does not need it.)
"""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from PIL import Image
from ray.data import ActorPoolStrategy, DataContext
from ray.data.checkpoint import CheckpointConfig

from batch.precompute.features import features_to_arrow
from batch.precompute.files import Folder
from batch.precompute.prepare import PrepareOptions, prepare_batch
from catalog.encoder import BaseEncoder, Pixels

LoadEncoder = Callable[[], BaseEncoder]
"""Loads the base encoder in a worker; travels there by pickle."""

LEAST_CPUS = 2
"""Ray Data begins none of a wave's stages on fewer: it keeps some for each of them."""

_TO_ENCODER = ("words", "pixels")


@dataclass(frozen=True)
class EncoderInfo:
    """What the driver needs to know of a base encoder without loading it.

    Attributes:
        version: names weights and preprocessing.
        image_dim, text_dim, detail_dim: sizes of the features.
        image_size: side of the square that the picture tower reads, in pixels.
        shared_space: whether words and pictures can be compared as they come.
        preprocess: RGB picture → uint8 [S, S, 3], without the weights.
    """

    version: str
    image_dim: int
    text_dim: int
    detail_dim: int
    image_size: int
    shared_space: bool
    preprocess: Callable[[Image.Image], Pixels]

    @classmethod
    def of(cls, encoder: BaseEncoder) -> "EncoderInfo":
        # `preprocess` reads nothing of its encoder but the size, so tasks that only prepare need not load weights.
        bare = object.__new__(type(encoder))
        bare.image_size = encoder.image_size
        return cls(
            encoder.version,
            encoder.image_dim,
            encoder.text_dim,
            encoder.detail_dim,
            encoder.image_size,
            encoder.shared_space,
            bare.preprocess,
        )


@dataclass(frozen=True)
class FlowOptions:
    """How a wave is spread over the cluster.

    Attributes:
        encoders: actors that encode; by default one per GPU share, or one per CPU where there is no GPU.
        gpus_per_encoder: share of a GPU that each takes; 0 runs on CPUs. By default 1 if the cluster has GPUs.
        batch_size: pictures per call of the encoder.
        rows_per_task: rows that one CPU task prepares; between stages they lie in the object store, 150 kB each.
        rows_per_file: rows that are lost at most, per file in the making, when the job is killed.
    """

    encoders: int | None = None
    gpus_per_encoder: float | None = None
    batch_size: int | None = None
    rows_per_file: int = 256
    rows_per_task: int = 64


def probe_encoder(load: LoadEncoder) -> EncoderInfo:
    """Load the encoder once in a worker of its own, to learn its version and sizes."""

    def probe() -> EncoderInfo:
        return EncoderInfo.of(load())

    info: EncoderInfo = ray.get(ray.remote(num_cpus=1, max_calls=1)(probe).remote())
    return info


def run_wave(
    staged: Sequence[str],
    wave: Folder,
    load: LoadEncoder,
    info: EncoderInfo,
    prepare: PrepareOptions,
    flow: FlowOptions,
    duplicates: dict[int, int],
    tally: Any = None,
) -> None:
    """Prepare and encode the rows of some staged files that no earlier attempt at this wave has finished.

    Args:
        staged: addresses of staged Parquet files.
        wave: the wave's folder.
        load, info: the base encoder.
        prepare, flow: options.
        duplicates: {ordinal: first ordinal} of rows in this wave whose id came before.
        tally: an actor with `add(**counts)`, told of rows as they pass; for progress only.
    """
    done = finished_ordinals(wave)
    shared = ray.put((done, duplicates))
    attempt = wave / f"attempt-{len(wave.names()) + 1:03d}"
    gpus, actors, batch_size = _resources(flow)

    def prepare_task(batch: pa.Table) -> pa.Table:
        already, repeats = ray.get(shared)
        out = prepare_batch(batch, info.preprocess, prepare, repeats, already)
        if tally is not None:
            outcome = out["action"].to_pylist()
            tally.add.remote(read=len(batch), rejected=outcome.count("reject"), kept=_kept(outcome, batch))
        return out

    context = quiet_context()
    context.checkpoint_config = CheckpointConfig(
        "ordinal", attempt.path("committed"), delete_checkpoint_on_success=False
    )
    try:
        (
            ray.data.read_parquet(list(staged), num_cpus=0.25)
            .repartition(target_num_rows_per_block=flow.rows_per_task)
            .map_batches(prepare_task, batch_size=flow.rows_per_task, batch_format="pyarrow", num_cpus=0.5)
            .map_batches(
                EncodeActor,
                fn_constructor_args=(load, info, tally),
                batch_size=batch_size,
                batch_format="pyarrow",
                compute=ActorPoolStrategy(size=actors),
                num_cpus=0.25,
                num_gpus=gpus or None,
            )
            .write_parquet(
                attempt.path("rows"), min_rows_per_file=flow.rows_per_file, ray_remote_args={"num_cpus": 0.25}
            )
        )
    finally:
        context.checkpoint_config = None


def quiet_context() -> DataContext:
    """Ray Data's context of this process, with its own bars and plans turned off: `progress` shows what matters."""
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return context


class EncodeActor:
    """Holds one base encoder. Replaces a batch's words and pixels by features."""

    def __init__(self, load: LoadEncoder, info: EncoderInfo, tally: Any = None) -> None:
        self.encoder = load()
        if torch := sys.modules.get("torch"):
            # Many single-threaded actors do more than few with many threads; on a GPU the CPU only feeds.
            torch.set_num_threads(1)
        self.info = info
        self.tally = tally

    def __call__(self, batch: pa.Table) -> pa.Table:
        encoded = encode_batch(batch, self.encoder, self.info)
        if self.tally is not None:
            count = len(batch) - batch["words"].null_count
            self.tally.add.remote(encoded=count)
        return encoded


def encode_batch(prepared: pa.Table, encoder: BaseEncoder, info: EncoderInfo) -> pa.Table:
    """Rows of `PREPARED` → the same without words and pixels, with features as float16.

    Adds `image` [image_dim], `text` [text_dim] and `detail` [detail_dim], fixed-size lists: null in rows that are not
    to be encoded, zero in `image` and `detail` where there is no picture. An encoder without details adds none.
    """
    words = prepared["words"].to_pylist()
    pixels = prepared["pixels"].to_pylist()
    chosen = [i for i, text in enumerate(words) if text is not None]
    pictured = [i for i in chosen if pixels[i] is not None]
    image = np.zeros((len(words), info.image_dim), np.float32)  # [n, Di]
    text = np.zeros((len(words), info.text_dim), np.float32)  # [n, Dt]
    detail = np.zeros((len(words), info.detail_dim), np.float32)  # [n, Dd]
    if pictured:
        side = info.image_size
        stacked = np.stack([np.frombuffer(pixels[i], np.uint8).reshape(side, side, 3) for i in pictured])
        image[pictured], detail[pictured] = encoder.encode_items(stacked)
    if chosen:
        text[chosen] = encoder.encode_texts([words[i] for i in chosen])
    missing = np.ones(len(words), bool)
    missing[chosen] = False
    kept = prepared.drop_columns(list(_TO_ENCODER))
    kept = kept.append_column("image", features_to_arrow(image, missing))
    kept = kept.append_column("text", features_to_arrow(text, missing))
    return kept.append_column("detail", features_to_arrow(detail, missing)) if info.detail_dim else kept


def committed_files(wave: Folder) -> Iterator[tuple[Folder, str]]:
    """The files that attempts at a wave completed, as (folder, name); files in the making are passed over."""
    for attempt in wave.names():
        folder = wave / attempt
        # Until a file is whole its note is called `.pending.parquet`; then note and file share their stem.
        notes = {n.removesuffix(".parquet") for n in (folder / "committed").names() if ".pending." not in n}
        for name in (folder / "rows").names(".parquet"):
            if name.removesuffix(".parquet").rsplit("-", 1)[0] in notes:
                yield folder / "rows", name


def finished_ordinals(wave: Folder) -> np.ndarray:
    """Ordinals of a wave's rows that are written for good: int64, sorted. Bounded by the size of a wave."""
    columns = []
    for folder, name in committed_files(wave):
        columns.append(folder.parquet([name]).to_table(columns=["ordinal"])["ordinal"].to_numpy())
    return np.unique(np.concatenate(columns)) if columns else np.array([], np.int64)


def _kept(outcome: list[str], batch: pa.Table) -> int:
    """Rows that an earlier run or attempt has done."""
    return outcome.count("unchanged") + outcome.count("update") + len(batch) - len(outcome)


def _resources(flow: FlowOptions) -> tuple[float, int, int]:
    """(GPUs per actor, actors, batch size) for the cluster as it is."""
    cluster = ray.cluster_resources()
    gpus = cluster.get("GPU", 0.0)
    share = flow.gpus_per_encoder if flow.gpus_per_encoder is not None else (1.0 if gpus else 0.0)
    ceiling = int(gpus / share) if share else int(cluster.get("CPU", 1))
    return share, flow.encoders or max(1, ceiling), flow.batch_size or (256 if share else 32)
