"""What our own code logs goes where Serve's lines go, in the same form, with the id of the request that it was about.

Serve gives a logger of its own to each replica: a file beside Ray's other logs and standard error, as text or as JSON
(`logging_config` in `ray_config.yaml`), with the request's id, deployment and replica in every line. Loggers of other
names would end on standard error, without any of that.
"""

import logging
import os

_ROOMS = ("serve_app", "catalog", "navigator", "taste")
_SERVE = logging.getLogger("ray.serve")


class _ToServe(logging.Handler):
    """Hands records on; looks the logger up each time, because a new `logging_config` changes it while it runs."""

    def emit(self, record: logging.LogRecord) -> None:
        if _SERVE.isEnabledFor(record.levelno):
            _SERVE.handle(record)


def join_serve_log() -> None:
    """Send this process's log lines along with Serve's. Called by each deployment; doing so twice changes nothing."""
    for room in _ROOMS:
        _join(room, logging.DEBUG)  # which lines are kept is Serve's to say


def join_serve_log_with_vllm() -> None:
    """The same where vLLM is going to run, with its lines; to be called before vLLM is imported.

    On import vLLM configures logging for the whole process, which closes all handlers that there are: Serve's would be
    cut off from its file, and nothing more would be written there. vLLM's worker processes, where it has any, tell
    warnings on standard error.
    """
    os.environ.setdefault("VLLM_CONFIGURE_LOGGING", "0")
    join_serve_log()
    _join("vllm", logging.INFO)


def _join(name: str, level: int) -> None:
    logger = logging.getLogger(name)
    if not any(isinstance(handler, _ToServe) for handler in logger.handlers):
        logger.addHandler(_ToServe())
    logger.setLevel(level)
