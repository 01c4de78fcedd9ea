"""Joining Ray, or starting one."""

import logging
import os
import warnings
from pathlib import Path

import ray


def connect(*, show_workers: bool | None = None) -> None:
    """Join the cluster that this job was submitted to, or start a Ray on this machine; nothing if there is one.

    Args:
        show_workers: print what workers print; by default on a cluster only, where a job's log is all there is.
    """
    if ray.is_initialized():
        return
    quiet_forks()
    if os.environ.get("RAY_ADDRESS"):
        ray.init(logging_level=logging.WARNING, log_to_driver=show_workers is not False)
        return
    # A local Ray would otherwise turn token authentication on for the whole account.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    # Ray runs its workers at niceness 15; on a machine that does anything else besides, they would starve.
    os.environ.setdefault("RAY_worker_niceness", "0")
    # By default it ends idle workers beyond one per CPU at once, and each step would start its own anew.
    os.environ.setdefault("RAY_num_workers_soft_limit", str(4 * cpus()))
    ray.init(
        address="local",
        include_dashboard=False,
        logging_level=logging.WARNING,
        log_to_driver=bool(show_workers),
        num_cpus=max(2, cpus()),
    )


def quiet_forks() -> None:
    """Let processes that Ray starts say nothing before they are others: to be called before it starts any.

    LanceDB warns in every fork. Nothing of it runs there, for Ray executes another program at once; but where a
    progress display writes on the same terminal, its lock may be held by a thread that the fork has not: it would wait
    for ever, and Ray for it.
    """
    warnings.filterwarnings("ignore", message="lancedb fork support")


def for_workers(where: str | None) -> str | None:
    """A path or URI as workers find it, whose working folder is another than that of who started the job."""
    return where if where is None or "://" in where else str(Path(where).resolve())


def cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
