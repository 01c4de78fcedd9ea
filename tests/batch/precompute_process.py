"""A job as a process of its own, to be killed: SOURCE RELEASE LOG SLOWLY_S TEMP [WAVE_ROWS ROWS_PER_TASK]."""

import os
import sys
from functools import partial
from pathlib import Path

os.environ["RAY_AUTH_MODE"] = "disabled"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
os.environ["RAY_num_workers_soft_limit"] = "8"  # noqa: SIM112
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

if __name__ == "__main__":
    import ray
    import tiny_catalogue

    from batch.precompute import Job, precompute
    from batch.precompute.flow import FlowOptions
    from catalog.sources import open_source

    source, release, log, slowly_s, temp = sys.argv[1:6]
    wave_rows, rows_per_task = map(int, sys.argv[6:8] or (60, 8))
    ray.cloudpickle.register_pickle_by_value(tiny_catalogue)
    ray.init(
        address="local",
        _temp_dir=temp,
        include_dashboard=False,
        num_cpus=2,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
    )
    report = precompute(
        Job(
            source=open_source(f"jsonl:{source}"),
            release=release,
            encoder="tiny",
            load=partial(tiny_catalogue.TinyEncoder, log, float(slowly_s)),
            flow=FlowOptions(encoders=1, batch_size=8, rows_per_file=rows_per_task, rows_per_task=rows_per_task),
            wave_rows=wave_rows,
            rows_per_shard=wave_rows // 3,
        )
    )
    print(f"DONE {report.release} encoded={report.encoded} items={report.items}")
