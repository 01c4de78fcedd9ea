"""What an operator starts a cluster with, checked without a cloud: cluster YAMLs, the RayService, the images."""

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
CLOUDS = ("aws.yaml", "gcp.yaml")
CLUSTERS = (*CLOUDS, "local.yaml")
ROOMS = ("batch", "catalog", "cluster", "navigator", "serve_app", "taste", "ui")
REPLICAS_REFUSE = {"market": "!spot"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def dockerfile(kind: str) -> list[str]:
    """Its instructions, one a line, without comments."""
    text = re.sub(r"^\s*#.*\n", "", (CLUSTER / f"Dockerfile.{kind}").read_text(), flags=re.MULTILINE)
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]


def rayservice() -> Any:
    return load(CLUSTER / "kuberay.yaml")


def deployments(bound: str) -> float:
    """CPUs that all replicas of ray_config.yaml take together, at `min_replicas` or `max_replicas`."""
    return sum(
        one["autoscaling_config"][bound] * one["ray_actor_options"]["num_cpus"]
        for one in load(ROOT / "ray_config.yaml")["applications"][0]["deployments"]
    )


@pytest.mark.parametrize("name", CLUSTERS)
def test_ray_accepts_the_cluster(name):
    """`ray up` finds nothing to complain about: Ray's own defaults, schema and checks."""
    validate_config(prepare_config(load(CLUSTER / name)))


@pytest.mark.parametrize("name", CLUSTERS)
def test_ray_would_notice_a_typo(name):
    """The check above can fail: a misspelt key is refused."""
    config = load(CLUSTER / name)
    config["idle_timeout_minute"] = 5
    with pytest.raises(jsonschema.ValidationError):
        validate_config(prepare_config(config))


@pytest.mark.parametrize("name", CLUSTERS)
def test_nodes_get_the_rooms_and_the_lock(name):
    """Everything that the set-up installs from, and every room, is mounted from a path that exists."""
    mounts = {
        remote: local for remote, local in load(CLUSTER / name)["file_mounts"].items() if "auth_token" not in remote
    }
    assert set(mounts.values()) >= {*ROOMS, "requirements.lock", "pyproject.toml", "README.md"}
    for remote, local in mounts.items():
        assert (ROOT / local).exists() and remote == f"~/windowshop/{local}"


@pytest.mark.parametrize("name", CLUSTERS)
def test_set_up_commands_are_shell(name):
    """Bash parses every command, and the set-up names a release store where all nodes reach it."""
    config = load(CLUSTER / name)
    commands = config["setup_commands"] + config["head_start_ray_commands"] + config["worker_start_ray_commands"]
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)
    (setup,) = config["setup_commands"]
    script, *pairs = shlex.split(setup)
    assert (CLUSTER / Path(script).name).stat().st_mode & 0o111
    given = dict(pair.split("=", 1) for pair in pairs)
    assert re.match({"aws.yaml": "s3://", "gcp.yaml": "gs://", "local.yaml": "/"}[name], given["WINDOWSHOP_RELEASE"])
    assert given["RAY_AUTH_MODE"] == "token"
    assert ":" not in given["WINDOWSHOP_DATABASE"].split("://")[1].split("@")[0], "no password in a file of the project"


@pytest.mark.parametrize("name", CLOUDS)
def test_losing_a_node_leaves_room_for_every_replica(name):
    """All deployments at their smallest fit on the CPU nodes that always run, less one; at their largest, on all."""
    types = load(CLUSTER / name)["available_node_types"]
    per_node = types["cpu"]["resources"]["CPU"]
    assert deployments("min_replicas") <= (types["cpu"]["min_workers"] - 1) * per_node
    assert deployments("max_replicas") <= types["cpu"]["max_workers"] * per_node
    assert load(CLUSTER / name)["max_workers"] == sum(one.get("max_workers", 0) for one in types.values())


@pytest.mark.parametrize("name", CLOUDS)
def test_spot_nodes_are_for_batch_alone(name):
    """Each spot node is labelled and comes first for jobs; nothing that is always there is spot."""
    for kind, node in load(CLUSTER / name)["available_node_types"].items():
        spot = "spot" in str(node["node_config"]).lower()
        assert spot == (node.get("labels") == {"market": "spot"}), kind
        if spot:
            assert node["priority"] > 0 and node["min_workers"] == 0


@pytest.mark.parametrize("name", ["ray_config.yaml", "serve_app/laptop.yaml"])
def test_no_replica_stands_on_a_spot_node(name):
    """A reclaimed spot node takes no replica with it."""
    for deployment in load(ROOT / name)["applications"][0]["deployments"]:
        assert deployment["ray_actor_options"]["label_selector"] == REPLICAS_REFUSE, deployment["name"]


def test_the_rayservice_serves_ray_config():
    """Kubernetes gets ray_config.yaml as it is, which the tests of the configuration read strictly."""
    served = yaml.safe_load(rayservice()["spec"]["serveConfigV2"])
    assert served == load(ROOT / "ray_config.yaml"), "copy ray_config.yaml into serveConfigV2 of cluster/kuberay.yaml"


def test_the_rayservice_runs_the_locked_ray():
    """KubeRay and the images agree on Ray's version."""
    locked = re.search(r"^ray==(.+)$", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert locked and rayservice()["spec"]["rayClusterConfig"]["rayVersion"] == locked[1]


def test_the_rayservice_has_room_for_every_replica():
    """As on the clouds, and no container may take more than it asked for."""
    spec = rayservice()["spec"]["rayClusterConfig"]
    groups = {group["groupName"]: group for group in spec["workerGroupSpecs"]}
    for group in (spec["headGroupSpec"], *groups.values()):
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        assert {one["name"] for one in container["env"]} >= {"WINDOWSHOP_RELEASE", "WINDOWSHOP_DATABASE"}
    per_pod = int(groups["cpu"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"])
    assert deployments("min_replicas") <= (groups["cpu"]["minReplicas"] - 1) * per_pod
    assert deployments("max_replicas") <= groups["cpu"]["maxReplicas"] * per_pod
    assert groups["batch-spot"]["rayStartParams"]["labels"] == "market=spot"


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_images_copy_what_exists(kind):
    """Every COPY source is a file of the project that the build context lets in, and all rooms are copied."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = {
        word for line in dockerfile(kind) if line.startswith("COPY") for word in line.split()[1:-1] if word[:2] != "--"
    }
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in allowed, source
    assert sources >= set(ROOMS)


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_images_do_not_run_as_root(kind):
    """The last USER is not root, the base has a fixed version, and no instruction is unknown."""
    lines = dockerfile(kind)
    known = {"FROM", "RUN", "WORKDIR", "USER", "ARG", "ENV", "COPY", "CMD"}
    assert {line.split()[0] for line in lines} <= known
    assert [line for line in lines if line.startswith("USER")][-1] == "USER windowshop"
    assert re.match(r"FROM python:3\.11-\S+$", lines[0])
    assert isinstance(ast.literal_eval(lines[-1].removeprefix("CMD ")), list)


@pytest.mark.parametrize("store", ["s3", "gs"])
def test_drivers_do_not_replace_what_is_locked(store):
    """A driver's list pins exact versions, and none of a package that the lock pins already."""

    def pins(path: Path) -> dict[str, str]:
        return dict(line.split("==") for line in path.read_text().splitlines() if line and not line.startswith("#"))

    drivers = pins(CLUSTER / f"requirements-{store}.lock")
    assert drivers and not set(drivers) & set(pins(ROOT / "requirements.lock"))
