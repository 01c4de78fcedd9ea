"""The nightly routine on Kubernetes: a CronJob that makes a RayJob, checked without a Kubernetes."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from batch.refresh.cli import app
from batch.refresh.routine import read_routine

ROOT = Path(__file__).parents[2]
DOCUMENTS: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "cluster" / "refresh-cronjob.yaml").read_text()))
ROUTINE = DOCUMENTS[0]["data"]
RAYJOB: dict[str, Any] = yaml.safe_load(ROUTINE["rayjob.yaml"])


def pods() -> list[dict[str, Any]]:
    cluster = RAYJOB["spec"]["rayClusterSpec"]
    return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


def test_the_routine_is_one(tmp_path, monkeypatch):
    """The routine in the ConfigMap is read as strictly as any, with the variables that the pods have."""
    for variable in pods()[0]["containers"][0]["env"]:
        monkeypatch.setenv(variable["name"], "s3://bucket/shop")
    (tmp_path / "shop.yaml").write_text(ROUTINE["shop.yaml"])
    assert read_routine(tmp_path / "shop.yaml").taste.events == "s3://bucket/shop"


def test_the_entrypoint_is_the_command():
    """The RayJob runs a module that exists on the file that is mounted, which the command accepts."""
    python, dash, module, file = shlex.split(RAYJOB["spec"]["entrypoint"])
    assert (python, dash, module) == ("python", "-m", "batch.refresh")
    assert (ROOT / module.replace(".", "/") / "__main__.py").exists()
    (mount,) = pods()[0]["containers"][0]["volumeMounts"]
    assert file == f"{mount['mountPath']}/shop.yaml"
    assert "shop.yaml" in ROUTINE
    assert "YAML" in CliRunner().invoke(app, ["--help"], env={"COLUMNS": "160"}).output


def test_it_runs_the_locked_ray_and_bounded_pods():
    """The same Ray as the lock, nothing takes more than it asked for, every pod knows the store and the database."""
    locked = re.search(r"^ray==(.+)$", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert locked
    assert RAYJOB["spec"]["rayClusterSpec"]["rayVersion"] == locked[1]
    for pod in pods():
        (container,) = pod["containers"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert {one["name"] for one in container["env"]} >= {"WINDOWSHOP_RELEASE", "WINDOWSHOP_DATABASE"}
    assert RAYJOB["spec"]["shutdownAfterJobFinishes"]


def test_one_night_at_a_time():
    """Nights do not overlap, the job's name is what the script replaces, and the script is shell."""
    cron = DOCUMENTS[1]["spec"]
    assert cron["concurrencyPolicy"] == "Forbid"
    pod = cron["jobTemplate"]["spec"]["template"]["spec"]
    (script,) = pod["containers"][0]["args"]
    subprocess.run(["sh", "-n", "-c", script], check=True)
    assert RAYJOB["metadata"]["name"] in script
    assert pod["volumes"][0]["configMap"]["name"] == DOCUMENTS[0]["metadata"]["name"]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ("0 Running\n1 -\n0 Complete", 0),  # an API server that is away for a moment ends nothing
        ("0 Running\n0 Failed", 1),
        ("0 Running\n0 -", 1),  # taken away, by hand or by its ttl
        ("refused", 1),
    ],
)
def test_no_night_waits_for_ever(tmp_path, answers, status):
    """The script ends when the RayJob has ended, failed or gone, or was never taken; and its pod has a deadline."""
    job = DOCUMENTS[1]["spec"]["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] < 24 * 3600
    (tmp_path / "answers").write_text(answers + "\n")
    (tmp_path / "kubectl").write_text(f"""#!/bin/sh
cd {tmp_path}
if [ "$1" = apply ]; then grep -q refused answers && exit 1; exit 0; fi
read code state < answers
sed -i 1d answers
[ "$state" = - ] || printf "is %s" "$state"
exit "$code"
""")
    (tmp_path / "sleep").write_text("#!/bin/sh\nexit 0\n")
    for name in ("kubectl", "sleep"):
        (tmp_path / name).chmod(0o755)
    (script,) = job["template"]["spec"]["containers"][0]["args"]
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert subprocess.run(["sh", "-c", script], env=path, timeout=30, stderr=subprocess.DEVNULL).returncode == status


@pytest.mark.parametrize("kind", ["ConfigMap", "CronJob"])
def test_kinds(kind):
    assert kind in {document["kind"] for document in DOCUMENTS}
