"""How far a training on the cluster is: its metrics file, read while it grows."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from batch.precompute.files import Folder
from batch.refresh.isolated import Say

EVERY_S = 10.0


@contextmanager
def following(folder: str, name: str, tell: Callable[[dict[str, float]], str], say: Say) -> Iterator[None]:
    """Say the last line of a file of JSON lines in other words, whenever it has grown and some seconds have passed.

    Args:
        folder: URI; neither it nor the file need be there yet.
        tell: a line of it as a person reads it.
    """
    ended = threading.Event()

    def watch() -> None:
        said = ""
        while not ended.wait(EVERY_S):
            last = _last_line(folder, name)
            if last and last != said:
                say(tell(json.loads(last)))
                said = last

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(timeout=5)


def _last_line(folder: str, name: str) -> str:
    try:
        with Folder(folder).open(name) as file:
            lines = file.read().decode().splitlines()
    except (OSError, UnicodeDecodeError):  # not there yet, or just being written: progress is never worth a failure
        return ""
    return lines[-1] if lines and lines[-1].endswith("}") else ""
