"""The dashboard asks only for what is really exported, and the files that show it fit together."""

import json
import re
from pathlib import Path

import pytest
import ray
import yaml

from serve_app.metrics import MEASURES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "cluster" / "dashboards"
DASHBOARD = json.loads((FOLDER / "windowshop.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
NAME = re.compile(r"\bray_[a-z0-9_]+")
SUFFIXES = ("_bucket", "_count", "_sum")


def plain(name):
    """A metric's name without what Prometheus adds to it."""
    for suffix in (*SUFFIXES, "_total"):
        name = name.removesuffix(suffix)
    return name.removeprefix("ray_")


@pytest.fixture(scope="module")
def known():
    """Every string in Ray's source of Serve and of the node's reporter that could name a metric."""
    sources = [*Path(ray.__file__).parent.glob("serve/_private/**/*.py")]
    sources.append(Path(ray.__file__).parent / "dashboard" / "modules" / "reporter" / "reporter_agent.py")
    texts = [source.read_text().replace("{protocol_name}", "http") for source in sources]
    return {name for text in texts for name in re.findall(r'"([a-z0-9_]{5,})"', text)}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_is_one_that_is_exported(expression, known):
    names = NAME.findall(expression)
    assert names
    for name in names:
        if "windowshop" in name:
            measure = MEASURES[plain(name)]
            assert name.removesuffix("_bucket") == measure.exported
            by = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")}
            assert by <= {*measure.labels, "le", "application", "deployment", "replica"}
        else:
            assert plain(name) in known


def test_every_metric_of_ours_is_shown():
    shown = {plain(name) for expression in EXPRESSIONS for name in NAME.findall(expression)}
    assert set(MEASURES) <= shown


def test_panels_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_compose_mounts_what_is_there_and_names_it_alike():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    mounts = [volume.split(":") for service in compose["services"].values() for volume in service["volumes"]]
    inside = {}
    for source, target, *_ in mounts:
        if source.startswith("./"):
            assert (FOLDER / source).is_file()
            inside[target] = FOLDER / source
    provider = yaml.safe_load((FOLDER / "grafana-dashboards.yaml").read_text())["providers"][0]
    assert f"{provider['options']['path']}/windowshop.json" in inside
    assert compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] in inside
    source = yaml.safe_load((FOLDER / "grafana-sources.yaml").read_text())["datasources"][0]
    assert source["url"].endswith("127.0.0.1:9090")
    assert "--web.listen-address=127.0.0.1:9090" in compose["services"]["prometheus"]["command"]
    scrape = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"][0]
    assert scrape["file_sd_configs"][0]["files"] == ["/ray/prom_metrics_service_discovery.json"]
