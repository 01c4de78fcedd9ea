"""The Serve configurations, read strictly: Serve itself accepts any misspelt key and then uses a default."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import (
    DeploymentSchema,
    HTTPOptionsSchema,
    LoggingConfig,
    RayActorOptionsSchema,
    ServeApplicationSchema,
    ServeDeploySchema,
)

from serve_app.app import SHARD_OPTIONS, AppArgs, build

ROOT = Path(__file__).parents[2]
CONFIGS = ("ray_config.yaml", "serve_app/laptop.yaml")
REQUIRED = {
    "autoscaling_config",
    "max_ongoing_requests",
    "max_queued_requests",
    "backpressure_config",
    "graceful_shutdown_timeout_s",
    "health_check_period_s",
    "health_check_timeout_s",
}


def _check(model: type[BaseModel], given: dict[str, Any], where: str) -> None:
    """Every key is a field of the model, and the values are valid."""
    unknown = set(given) - set(model.model_fields)
    assert not unknown, f"{where} has unknown keys {sorted(unknown)}"
    model.model_validate(given)


def _check_all(config: dict[str, Any]) -> None:
    _check(ServeDeploySchema, config, "the file")
    _check(HTTPOptionsSchema, config["http_options"], "http_options")
    _check(LoggingConfig, config["logging_config"], "logging_config")
    for application in config["applications"]:
        _check(ServeApplicationSchema, application, application["name"])
        AppArgs.model_validate(application["args"])
        for deployment in application["deployments"]:
            name = deployment["name"]
            _check(DeploymentSchema, deployment, name)
            _check(AutoscalingConfig, deployment["autoscaling_config"], f"{name}.autoscaling_config")
            _check(RayActorOptionsSchema, deployment["ray_actor_options"], f"{name}.ray_actor_options")


def _load(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return config


@pytest.mark.parametrize("name", CONFIGS)
def test_every_key_is_known(name):
    """A misspelt key is found here and not by an overloaded cluster."""
    _check_all(_load(name))


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("where", ["top", "http", "app", "args", "deployment", "autoscaling", "actor"])
def test_a_typo_is_noticed_at_every_level(name, where):
    """The check above would fail if somebody misspelt a key anywhere."""
    config = _load(name)
    application = config["applications"][0]
    deployment = application["deployments"][0]
    place = {
        "top": config,
        "http": config["http_options"],
        "app": application,
        "args": application["args"],
        "deployment": deployment,
        "autoscaling": deployment["autoscaling_config"],
        "actor": deployment["ray_actor_options"],
    }[where]
    place["max_ongoing_request"] = 5
    with pytest.raises((AssertionError, ValueError)):
        _check_all(config)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_deployment_is_limited_and_checked(name, tmp_path):
    """No deployment runs on Serve's defaults: an unbounded queue, five requests at a time."""
    application = _load(name)["applications"][0]
    configured = {deployment["name"]: deployment for deployment in application["deployments"]}
    for deployment in configured.values():
        assert set(deployment) >= REQUIRED, deployment["name"]
        assert 0 < deployment["max_queued_requests"] < 1000
    assert application["import_path"] == f"{build.__module__}:{build.__name__}"
    assert set(configured) == _deployments_of(build(AppArgs(release=str(tmp_path))))


def test_both_profiles_differ_in_numbers_only():
    """Who reads one knows the other."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(part) for key, part in value.items()}
        return [shape(part) for part in value] if isinstance(value, list) else None

    production, laptop = (_load(name) for name in CONFIGS)
    assert shape(production) == shape(laptop)


def test_shards_are_limited_and_checked_too(tmp_path):
    """As many deployments for shards as asked for, which no configuration needs to list."""
    built = _deployments_of(build(AppArgs(release=str(tmp_path), taste_shards=3)))
    assert {name for name in built if "Shard" in name} == {"TasteShard0", "TasteShard1", "TasteShard2"}
    assert set(SHARD_OPTIONS) >= REQUIRED - {"backpressure_config"}
    _check(DeploymentSchema, {"name": "TasteShard0", **SHARD_OPTIONS}, "TasteShard0")
    _check(AutoscalingConfig, SHARD_OPTIONS["autoscaling_config"], "TasteShard0.autoscaling_config")
    _check(RayActorOptionsSchema, SHARD_OPTIONS["ray_actor_options"], "TasteShard0.ray_actor_options")


def test_building_touches_nothing(tmp_path):
    """The builder runs in the driver, which may have no model, no table and no network."""
    build(AppArgs(release=str(tmp_path / "nothing-here")))
    assert not (tmp_path / "nothing-here").exists()


def test_no_release_store_says_what_to_set(monkeypatch):
    """The commonest mistake is answered with its remedy."""
    monkeypatch.delenv("WINDOWSHOP_RELEASE", raising=False)
    with pytest.raises(ValueError, match="WINDOWSHOP_RELEASE"):
        build(AppArgs())


def _deployments_of(application: Any) -> set[str]:
    """Names of the deployments of an application graph."""
    bound = application._bound_deployment
    names = {bound.name}
    given = (*bound.init_args, *bound.init_kwargs.values())
    for argument in (one for some in given for one in (some if isinstance(some, list) else [some])):
        if hasattr(argument, "_bound_deployment"):
            names |= _deployments_of(argument)
    return names
