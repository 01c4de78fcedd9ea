"""The precompute job of `workers`, on the head of its cluster: `python -m benchmarks.scale_out.job ITEMS ENCODERS`."""

import json
from pathlib import Path

import ray
import typer

from batch.ray_session import connect
from benchmarks.precompute import ray_data
from catalog.sources import FieldMap, open_source


def main(items: Path, encoders: int) -> None:
    """Print products a second as one line of JSON. The store is a temporary folder, so TMPDIR must be a shared one."""
    rows = sum(1 for _ in items.open(encoding="utf-8"))
    connect()
    found = ray_data(open_source(f"jsonl:{items}", FieldMap.parse([])), rows, encoders)
    ray.shutdown()
    print(json.dumps({"precompute_steady_per_s": found["steady"], "precompute_whole_per_s": found["whole"]}))


if __name__ == "__main__":
    typer.run(main)
