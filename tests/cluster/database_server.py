"""A PostgreSQL server of a test's own, for the hosts of a test cluster to reach."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PORT = 54329


def binaries() -> Path | None:
    """Where PostgreSQL's programs lie, if they are installed."""
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def running_database(address: str, network: str) -> Iterator[str]:
    """Its URL. It listens on `address` and trusts `network`; it refuses to run as root, so root lends it a user."""
    programs = binaries()
    assert programs is not None
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="ws-pg-", dir="/tmp"))
    data = folder / "data"
    if prefix:
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str) -> None:
        # No pipes: the server that pg_ctl leaves behind would keep them open.
        subprocess.run(
            [*prefix, str(programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            timeout=60,
        )

    try:
        run("initdb", "-D", str(data), "-A", "trust", "-U", "shop", "-E", "UTF8", "--no-sync")
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")
        options = f"-c listen_addresses={address} -p {PORT} -k {folder} -c shared_buffers=32MB"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://shop@{address}:{PORT}/postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
