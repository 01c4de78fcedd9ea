"""A job may be killed at any moment: nothing finished is encoded again, no row is missing, none is there twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import lancedb
import psutil
import pyarrow.parquet as pq
import pytest
from tiny_catalogue import heard, rows_of, write_catalogue

from catalog.errors import NotFound
from catalog.release import ReleaseStore

PROCESS = Path(__file__).with_name("precompute_process.py")


class Job:
    """A job that can be started, watched and killed."""

    def __init__(self, folder: Path, n: int, slowly_s: float) -> None:
        self.folder, self.n, self.slowly_s = folder, n, slowly_s
        self.shop, self.log = folder / "shop", folder / "log"
        rows = rows_of(n)
        # A second row of an id in another wave, and one with a bad picture: they too must come out the same.
        rows[n - 1]["id"] = "p0"
        rows[n - 2]["image"] = "nowhere.jpg"
        self.expected = {row["id"] for row in rows[: n - 2]}
        self.source = write_catalogue(folder, rows)

    def start(self) -> subprocess.Popen:
        self.temp = tempfile.mkdtemp(prefix="k", dir="/tmp")
        command = [sys.executable, PROCESS, self.source, self.shop, self.log, str(self.slowly_s), self.temp]
        with (self.folder / "output").open("a") as output:
            return subprocess.Popen(command, start_new_session=True, stdout=output, stderr=output)

    def kill(self, process: subprocess.Popen) -> None:
        """SIGKILL to the whole family at once: driver, raylet, workers."""
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for member in family:
            try:
                os.kill(member.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait(10)
        psutil.wait_procs(family, timeout=10)
        shutil.rmtree(self.temp, ignore_errors=True)

    def finish(self, timeout_s: float = 400) -> str:
        process = self.start()
        try:
            assert process.wait(timeout_s) == 0, (self.folder / "output").read_text()[-3000:]
        finally:
            if process.poll() is None:
                self.kill(process)
        shutil.rmtree(self.temp, ignore_errors=True)
        return (self.folder / "output").read_text()

    def finished_titles(self) -> set[str]:
        """Titles of the items whose encoding was written for good at this moment, by the files alone."""
        found: set[str] = set()
        for rows in self.shop.glob("work/*/wave-*/attempt-*/rows"):
            notes = {p.name.removesuffix(".parquet") for p in (rows.parent / "committed").glob("*.parquet")}
            for file in rows.glob("*.parquet"):
                if file.stem.rsplit("-", 1)[0] in notes:
                    table = pq.read_table(file, columns=["id", "action"]).to_pylist()
                    found |= {f"Thing {row['id'][1:]}" for row in table if row["action"] == "encode"}
        if list(self.shop.glob("tables/*")):
            table = lancedb.connect(str(self.shop / "tables")).open_table("items-tiny-v1")
            found |= set(table.search().select(["title"]).limit(10_000).to_arrow()["title"].to_pylist())
        return found

    def check(self, finished_at_kills: list[tuple[set[str], int]]) -> None:
        store = ReleaseStore(self.shop)
        release = store.current()
        table = lancedb.connect(store.tables_uri).open_table(release.items.name)
        table.checkout(release.tag)
        ids = Counter(table.to_arrow()["id"].to_pylist())
        assert set(ids) == self.expected
        assert set(ids.values()) == {1}
        rejects = pq.read_table(self.shop / "rejects" / f"{release.id}.parquet").sort_by("ordinal").to_pylist()
        assert [(r["ordinal"], r["code"]) for r in rejects] == [
            (self.n - 2, "picture_not_found"),
            (self.n - 1, "duplicate_id"),
        ]
        for finished, lines in finished_at_kills:
            again = finished & set(heard(self.log)[lines:])
            assert not again, f"encoded again although finished: {sorted(again)[:5]}"
        cached = [pq.read_table(p)["id"].to_pylist() for p in self.shop.glob("features/tiny-v1/*.parquet")]
        assert Counter(i for part in cached for i in part) == ids
        assert len(store.list()) == 1


def kill_when(job: Job, ready, limit_s: float = 400) -> tuple[set[str], int] | None:
    """Run a job until `ready`, then kill it; what was finished then, and how many lines the log had."""
    process = job.start()
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.poll() is None and not ready():
        time.sleep(0.02)
    over = process.poll() is not None
    if not over:
        job.kill(process)
    return None if over else (job.finished_titles(), len(heard(job.log)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_while_encoding_and_resumed(tmp_path):
    """One kill in the second wave, when some files of it are written."""
    job = Job(tmp_path, 120, 0.05)

    def second_wave_has_files() -> bool:
        return len(list(job.shop.glob("work/*/wave-000001/attempt-*/committed/*[!g].parquet"))) >= 2

    kills = [kill_when(job, second_wave_has_files)]
    assert kills[0] is not None
    assert 60 <= len(kills[0][0]) < 118
    job.finish()
    job.check(kills)


STAGES = {
    "staging": lambda shop: list(shop.glob("work/*/items/*.parquet")),
    "first wave": lambda shop: list(shop.glob("work/*/wave-000000/attempt-*/rows/*")),
    "merging": lambda shop: list(shop.glob("tables/*/data/*.lance")),
    "after a merge": lambda shop: list(shop.glob("features/*/*.parquet")),
    "last wave": lambda shop: list(shop.glob("work/*/wave-000002/attempt-*/rows/*")),
    "last merge": lambda shop: len(list(shop.glob("features/*/*.parquet"))) >= 3,
    "collecting rejects": lambda shop: list(shop.glob("rejects/*")),
    "indexing": lambda shop: list(shop.glob("tables/*/_indices/*")),
    "release": lambda shop: list(shop.glob("releases/*/*")),
    "promotion": lambda shop: list(shop.glob("current.json")),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_in_every_stage(tmp_path, seed):
    """The same run, killed in each of its stages in turn, a random moment after the stage began."""
    rng = random.Random(seed)
    job = Job(tmp_path, 180, 0.02)
    kills = []
    for name, begun in STAGES.items():
        began: list[float] = []
        wait_s = rng.uniform(0, 0.3)

        def ready(begun=begun, began=began, wait_s=wait_s) -> bool:
            if begun(job.shop) and not began:
                began.append(time.monotonic())
            return bool(began) and time.monotonic() - began[0] > wait_s

        killed = kill_when(job, ready)
        if killed is None:
            break
        print(f"killed in {name}: {len(killed[0])} finished")
        kills.append(killed)
        try:
            if ReleaseStore(job.shop).current():
                break
        except NotFound:
            continue
    assert len(kills) >= 5
    job.finish()
    finished_runs = (tmp_path / "output").read_text().count("DONE")
    assert finished_runs >= 1
    job.check(kills)
