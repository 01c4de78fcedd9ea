"""The command line: errors are one clear line, and what happened is told in a few."""

import errno
import io

import pytest
import ray
import ray.data
from rich.console import Console
from typer.testing import CliRunner

from batch.command import DISK_FULL, explain
from batch.precompute.cli import app, show
from batch.precompute.job import Report
from batch.precompute.progress import describe
from catalog.errors import BadSource


def test_help_teaches():
    """A person who has only --help can write the command."""
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    for word in ("--map", "--set", "jsonl:", "s3://", "ray job submit", "--require-image"):
        assert word in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--source", "jsonl:/no/such.jsonl"], "no such file"),
        (["--source", "xml:x"], "write SCHEME:PATH"),
        (["--source", "jsonl:x", "--map", "titel=x"], "did you mean 'title'"),
    ],
)
def test_mistakes_are_one_line_and_start_nothing(arguments, says, tmp_path):
    """No traceback, exit status 1, and Ray is not even started."""
    result = CliRunner().invoke(app, [*arguments, "--release", str(tmp_path / "shop")])
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output


def test_errors_of_workers_are_explained(local_ray):
    """An error keeps its meaning on its way through Ray; a bug is not explained away."""

    def raised(error: Exception) -> Exception:
        def task() -> None:
            raise error

        with pytest.raises(Exception) as caught:
            ray.get(ray.remote(max_retries=0)(task).remote())
        return caught.value

    assert explain(raised(BadSource("items.gz: cut off"))) == "items.gz: cut off"
    assert explain(raised(OSError(errno.ENOSPC, "No space left on device", "/x"))) == DISK_FULL
    assert explain(raised(KeyError("bug"))) is None

    def full(row: dict) -> dict:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Exception) as caught:
        list(ray.data.from_items([1]).map(full).iter_rows())
    assert explain(caught.value) == DISK_FULL


def test_summary_names_reasons_and_release():
    """Rejected rows by reason, where they are listed, and the release."""
    report = Report(
        "r1", True, 10, 7, 7, 0, 0, 3, 0, 0, {"missing_id": 1, "duplicate_id": 2}, "/shop/rejects/r1.parquet"
    )
    show(report, Console(file=(out := io.StringIO()), width=100))
    for word in ("missing_id", "duplicate_id", "/shop/rejects/r1.parquet", "release r1"):
        assert word in out.getvalue()


def test_progress_in_words():
    """Rate and time left follow from what has passed."""
    detail, left = describe({"encoded": 100, "kept": 50, "rejected": 10}, 1600, 60)
    assert detail == "100 encoded (1.7/s), 50 known, 10 rejected"
    assert left == "; about 9 min left"
