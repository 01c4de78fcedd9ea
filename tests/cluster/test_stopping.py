"""A person who asks `windowshop` to stop is answered at once, and it cleans up whichever way it was asked."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import time
from cluster.local import stopping_on_signals
try:
    with stopping_on_signals():
        print("up", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_it_says_that_it_stops_and_cleans_up(name):
    """Also where the shell that started it in the background has told it to ignore Ctrl-C."""
    command = ["sh", "-c", 'trap "" INT; exec "$0" -c "$1"', sys.executable, PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(name)
        said, _ = process.communicate(timeout=30)
    assert "Stopping everything" in said and said.endswith("cleaned up\n")
