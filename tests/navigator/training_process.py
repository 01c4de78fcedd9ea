"""One of two processes that train together, by test_training_workers: `training_process.py START FOLDER RANK`."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed as dist

from navigator.examples import Row
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.training import Recipe, train


def rows(rank: int) -> Iterator[Row]:
    """Endless, other ones in each process."""
    generator = torch.Generator().manual_seed(rank)
    while True:
        ids = torch.randint(5, 200, (1, 24), generator=generator)
        yield Row(ids, torch.ones_like(ids, dtype=torch.bool), torch.arange(24)[None], (24,), None, None)


def main(start: str, folder: str, rank: int) -> None:
    """Train until the time is up, and leave what there is then."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    model = NavigatorForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    time.sleep(1.5 * rank)  # clocks of two machines do not start together
    recipe = Recipe(steps=10**6, lora_rank=2, warmup=2, max_seconds=5)
    steps = [progress.step for progress in train(model, rows(rank), recipe, Path(folder) / "run")]
    weights = {name: float(p.detach().abs().sum()) for name, p in model.named_parameters() if "lora_" in name}
    (Path(folder) / f"{rank}.json").write_text(json.dumps([steps[-1], weights]))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
