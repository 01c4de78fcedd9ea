"""Ray Train, as the training jobs of encoders use it: run to the end, keep checkpoints, go on from the last one."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import torch
from ray import train as ray_train
from ray.train import Checkpoint, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from catalog.errors import WindowshopError
from catalog.release import ReleaseStore


@dataclass(frozen=True)
class Workers:
    """Processes that train side by side.

    Attributes:
        number: how many.
        gpus: GPUs of each, 0 or 1.
    """

    number: int = 1
    gpus: int = 0

    def device(self) -> str:
        """Where the worker that asks trains."""
        return str(ray_train.torch.get_device()) if self.gpus else "cpu"


def fit(
    worker: Callable[[dict[str, Any]], None],
    config: dict[str, Any],
    store: ReleaseStore,
    run_id: str,
    workers: Workers,
) -> dict[str, Any]:
    """Run a training on the Ray that this process is connected to, and return what its first worker left by `leave`.

    Args:
        worker: one training process; given `config`.
        config: what is pickled to the workers.
        store: whose `work` folder keeps checkpoints.
        run_id: a killed run goes on under the same one.
        workers: how many, with what.

    Raises:
        WindowshopError: the one that a worker raised.
    """
    trainer = TorchTrainer(
        worker,
        train_loop_config=config,
        scaling_config=ScalingConfig(num_workers=workers.number, use_gpu=workers.gpus > 0),
        # The same name at the same place goes on from the last checkpoint.
        run_config=RunConfig(name=run_id, storage_path=store.path("work")),
    )
    try:
        trainer.fit()
    except Exception as error:  # Ray wraps what went wrong in a worker
        if cause := _own_error(error):
            raise cause from error
        raise
    with fsspec.open(_outcome(store, run_id), "rb") as file:
        return dict(json.load(file))


def leave(store: ReleaseStore, run_id: str, outcome: dict[str, Any]) -> None:
    """Leave what a training made, as JSON, for `fit` to return."""
    with fsspec.open(_outcome(store, run_id), "wb", auto_mkdir=True) as file:
        file.write(json.dumps(outcome).encode())


def forget(store: ReleaseStore, run_id: str) -> None:
    """Remove a finished run's checkpoints."""
    fs, folder = fsspec.core.url_to_fs(store.path("work", run_id))
    if fs.exists(folder):
        fs.rm(folder, recursive=True)


def rank() -> int:
    """Number of the worker that asks, from 0."""
    return int(ray_train.get_context().get_world_rank())


def is_first() -> bool:
    """Whether the worker that asks is the one that writes files."""
    return rank() == 0


def report(metrics: dict[str, float], state: Callable[[], dict[str, Any]]) -> None:
    """Tell Ray Train how a training stands; the first worker's state becomes the checkpoint.

    Args:
        metrics: by name.
        state: gives tensors and plain values; asked in the first worker only, for it copies what it gives.
    """
    if not is_first():
        ray_train.report(metrics)
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.save(state(), Path(folder) / "state.pt")
        ray_train.report(metrics, checkpoint=Checkpoint.from_directory(folder))


def restored() -> dict[str, Any] | None:
    """The state of the last checkpoint, on the CPU; None where a training begins."""
    checkpoint = ray_train.get_checkpoint()
    if checkpoint is None:
        return None
    with checkpoint.as_directory() as folder:
        return dict(torch.load(Path(folder) / "state.pt", map_location="cpu", weights_only=True))


def _outcome(store: ReleaseStore, run_id: str) -> str:
    return store.path("work", run_id, "trained.json")


def _own_error(error: BaseException) -> WindowshopError | None:
    """The error of ours that lies under what Ray Train raised; None where there is none, which is a bug."""
    seen: list[BaseException] = []
    stack: list[Any] = [error]
    while stack:
        found = stack.pop()
        if not isinstance(found, BaseException) or found in seen:
            continue
        if isinstance(found, WindowshopError):
            return found
        seen.append(found)
        stack += [found.__cause__, getattr(found, "cause", None), *getattr(found, "worker_failures", {}).values()]
    return None
