"""Open a checkpoint folder and say plainly what is wrong with it."""

from pathlib import Path

from transformers import AutoConfig

from navigator.config import NavigatorConfig, register_config
from navigator.errors import BadCheckpoint


def load_config(folder: str | Path) -> NavigatorConfig:
    """The configuration of a Navigator checkpoint.

    Raises:
        BadCheckpoint: there is none, or it is another model's.
    """
    if not (Path(folder) / "config.json").is_file():
        raise BadCheckpoint(f"{folder} has no config.json; make a Navigator with batch.convert or navigator.assemble")
    register_config()
    config = AutoConfig.from_pretrained(folder)
    if not isinstance(config, NavigatorConfig):
        raise BadCheckpoint(f"{folder} holds a {config.model_type!r}, not a Navigator; convert it with batch.convert")
    return config
