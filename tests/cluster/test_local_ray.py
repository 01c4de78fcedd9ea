"""A Ray of one's own starts behind a progress display, whatever has been imported before it."""

import subprocess
import sys

PROGRAM = """
import lancedb
from rich.console import Console
from cluster.local import local_ray
with Console(force_terminal=True).status("Starting Ray"), local_ray():
    print("started")
"""


def test_nothing_is_written_in_forks():
    """What a fork writes can wait for ever for the display's lock, and Ray for the fork: `windowshop demo` hung so."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "started" in ran.stdout
    assert "Warning" not in ran.stdout + ran.stderr
