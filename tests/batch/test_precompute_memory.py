"""The catalogue is never held in memory: eight times the items take no more of it."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from tiny_catalogue import picture, rows_of

PROCESS = Path(__file__).with_name("precompute_process.py")


def private_bytes(process: psutil.Process) -> int:
    """Memory of its own, in bytes; what processes share, such as the object store, is left out."""
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0


def peak_bytes(folder: Path, n: int, wave_rows: int) -> int:
    """Run a job over `n` items; the highest sum of the memory of the driver and of all workers."""
    (folder / "images").mkdir(parents=True)
    for number in range(16):
        (folder / "images" / f"{number}.jpg").write_bytes(picture(number, side=200))
    source = folder / "items.jsonl"
    with source.open("w") as file:
        for number, row in enumerate(rows_of(n)):
            row |= {"image": f"images/{number % 16}.jpg", "description": "word " * 200}
            file.write(json.dumps(row) + "\n")
    temp = tempfile.mkdtemp(prefix="m", dir="/tmp")
    command = [sys.executable, PROCESS, source, folder / "shop", folder / "log", "0", temp, str(wave_rows), "64"]
    peak = 0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            family = [root, *root.children(recursive=True)]
            # Ray's own servers keep logs and events whose size is not ours.
            ours = [p for p in family if p == root or "ray::" in " ".join(_command(p))]
            peak = max(peak, sum(map(private_bytes, ours)))
            time.sleep(0.2)
        assert process.stdout is not None
        assert process.returncode == 0, process.stdout.read()[-2000:]
    shutil.rmtree(temp, ignore_errors=True)
    return peak


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_does_not_grow_with_the_catalogue(tmp_path):
    """1,000 against 8,000 items of 1.2 kB of words and 120 kB of decoded picture each: 0.8 GB more, if it were held."""
    small = peak_bytes(tmp_path / "small", 1_000, 1_000)
    large = peak_bytes(tmp_path / "large", 8_000, 1_000)
    print(f"peak {small / 2**20:.0f} MiB for 1,000 items, {large / 2**20:.0f} MiB for 8,000")
    assert large < small * 1.25 + 100 * 2**20
