"""What all tests share."""

from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# How long it takes to make up an input tells of the machine and its load, not of the code.
settings.register_profile("windowshop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("windowshop")

TOGETHER = ("tests/batch/test_precompute", "tests/batch/", "tests/cluster/")
"""Files whose tests share a Ray, or a port: the first that fits."""


class _ByFile(LoadScopeScheduling):
    """Where processes share the tests, one has all of a file, or of files that share more than that."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return next((some for some in TOGETHER if file.startswith(some)), file)


def pytest_xdist_make_scheduler(config, log):
    return _ByFile(config, log)
