"""What `serve deploy` does, without a dashboard to send it to: `python -m benchmarks.scale_out.deploy CONFIG`."""

import logging
from pathlib import Path

import ray
import typer
import yaml


def main(config: Path) -> None:
    """Deploy a Serve configuration on the cluster that RAY_ADDRESS names, and leave it there."""
    from ray.serve._private import api
    from ray.serve.schema import ServeDeploySchema

    ray.init(logging_level=logging.ERROR, log_to_driver=False)
    wanted = ServeDeploySchema.model_validate(yaml.safe_load(config.read_text()))
    client = api.serve_start(http_options=wanted.http_options.model_dump(), proxy_location=wanted.proxy_location)
    client.deploy_apps(wanted, _blocking=False)


if __name__ == "__main__":
    typer.run(main)
