"""One small Ray for all tests of this room that need one."""

import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Ray goes with the last test of this room: what it leaves running would slow all other rooms down."""
    del nextitem  # which need not be the last of the room
    items = item.session.items
    if not any(HERE in other.path.parents for other in items[items.index(item) + 1 :]):
        import ray

        ray.shutdown()


@pytest.fixture(scope="session")
def local_ray():
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    os.environ["RAY_num_workers_soft_limit"] = "8"  # noqa: SIM112
    import ray
    import tiny_catalogue
    import tiny_store

    ray.cloudpickle.register_pickle_by_value(tiny_catalogue)
    ray.cloudpickle.register_pickle_by_value(tiny_store)
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    ray.init(
        address="local",
        _temp_dir=folder,
        include_dashboard=False,
        num_cpus=2,
        object_store_memory=200 * 2**20,
        log_to_driver=False,
    )
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(local_ray, tmp_path):
    """Run a small job over a source and return its report."""
    from tiny_catalogue import TinyEncoder

    from batch.precompute import Job, precompute
    from batch.precompute.flow import FlowOptions
    from catalog.fetch import FetchLimits
    from catalog.sources import FieldMap, open_source

    def run(spec, maps=(), progress=None, **options):
        job = Job(
            source=open_source(str(spec), FieldMap.parse(maps)),
            release=options.pop("release", str(tmp_path / "shop")),
            encoder="tiny",
            load=partial(TinyEncoder, str(tmp_path / "log"), options.pop("slowly_s", 0.0)),
            flow=FlowOptions(encoders=1, batch_size=8, rows_per_file=16, rows_per_task=8),
            limits=FetchLimits(max_bytes=2_000_000, timeout_s=0.5, total_s=1, retries=0),
            **options,
        )
        return precompute(job, progress)

    return run
