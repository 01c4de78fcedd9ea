"""Several processes train one Navigator: in step to the end, and by way of the device that each trains on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import navigator_tiny as tiny
import pytest
import torch
import torch.distributed as dist

from batch.convert import convert
from navigator import training
from navigator.learnt import Shape

ROOT = Path(__file__).parents[2]


def test_they_stop_together(tmp_path):
    """Time is up at another moment in each; all stop after the same step, with the same weights."""
    tiny.save_causal(tmp_path / "base")
    convert(str(tmp_path / "base"), str(tmp_path / "nav"), Shape(item_dim=32, tokens_per_item=2, projector_dim=64))
    script = Path(__file__).with_name("training_process.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "nav"), str(tmp_path), str(rank)],
            env=environment,
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=120)[1].decode()[-2000:] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], said
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first[0] == second[0] > 1
    assert first[1] == pytest.approx(second[1], rel=1e-6)


def test_numbers_go_by_way_of_the_workers_device(monkeypatch):
    """nccl refuses what lies on the CPU."""
    seen: list[torch.Tensor] = []

    class Seen(Exception):
        """What would come next reads the number, which a tensor on torch's meta device does not have."""

    def collective(tensor: torch.Tensor, src: int = 0) -> None:
        seen.append(tensor)
        raise Seen

    monkeypatch.setattr(training, "_world", lambda: 2)
    monkeypatch.setattr(dist, "all_reduce", collective)
    monkeypatch.setattr(dist, "broadcast", collective)
    for share in (training._shared_sum, training._of_first):
        with pytest.raises(Seen):
            share(3.0, torch.device("meta"))
    assert [tensor.device.type for tensor in seen] == ["meta", "meta"]
