"""A PostgreSQL of the soak's own, on a disk small enough to be filled, kept running as a service manager would."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

DISK_MIB = 192
_KEEP_EVERY_S = 0.5


class Database:
    """One server. Its processes and its disk may be hurt; it is started again whenever it is found dead.

    Args:
        folder: for its data; a disk of its own if `small_disk`.
        port: on loopback.
    """

    def __init__(self, folder: Path, port: int, small_disk: bool) -> None:
        self.url = f"postgresql://shop@127.0.0.1:{port}/postgres"
        self.small_disk = small_disk
        self._folder, self._data = folder, folder / "data"
        self._options = (
            f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c shared_buffers=32MB -c max_wal_size=32MB"
            " -c min_wal_size=32MB -c fsync=on"
        )
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to run as root
        self._programs = programs()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeps-postgres", daemon=True)

    def start(self) -> None:
        """Make the cluster of databases, start its server, and keep it."""
        if self._as:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "shop", "-E", "UTF8", "--no-sync")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", self._options, "start")
        self._keeper.start()

    def stop(self) -> None:
        """For good."""
        self._stopping.set()
        self._keeper.join()
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop", check=False)

    def cut_connections(self) -> int:
        """End every client's connection; returns how many."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            row = connection.execute(others + " AND backend_type = 'client backend'").fetchone()
            return int(row[0]) if row else 0

    def kill(self) -> None:
        """End the server and all of its processes, as a crash of its machine would."""
        server = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def fill_disk(self) -> None:
        """Leave no byte."""
        with (self._folder / "filler").open("wb", buffering=0) as filler:
            for block in (1 << 20, 4096, 1):
                try:
                    while filler.write(bytes(block)) == block:
                        pass
                except OSError:
                    continue

    def empty_disk(self) -> None:
        """Take the filler away."""
        (self._folder / "filler").unlink(missing_ok=True)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _keep(self) -> None:
        while not self._stopping.wait(_KEEP_EVERY_S):
            if self._run("pg_ctl", "-D", str(self._data), "status", check=False) != 0:
                (self._data / "postmaster.pid").unlink(missing_ok=True)  # of the one that was killed
                log, options = str(self._folder / "log"), self._options
                self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", options, "start", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        # No pipes: the server that pg_ctl leaves behind would keep them open.
        command = [*self._as, str(self._programs / program), *arguments]
        nowhere = subprocess.DEVNULL
        return subprocess.run(
            command, check=check, stdout=nowhere, stderr=nowhere, cwd=self._folder, timeout=90
        ).returncode


@contextmanager
def running_database(port: int) -> Iterator[Database]:
    """A server that ends with the block. Its disk is small where this account may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="ws-pg-", dir="/tmp"))
    mounted = _mount(folder)
    database = Database(folder, port, mounted)
    try:
        database.start()
        try:
            yield database
        finally:
            database.stop()
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """Where PostgreSQL's programs lie. Raises FileNotFoundError where they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not found:
        raise FileNotFoundError("the soak needs a PostgreSQL server: apt install postgresql")
    return found[0]


def _mount(folder: Path) -> bool:
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
