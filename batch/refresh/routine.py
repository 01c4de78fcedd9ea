"""The YAML file of a routine: what goes in, and how each step is done. A section that is missing is a step left out."""

import os
import re
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from batch.encoder_loop import TrainSettings
from batch.precompute.leavers import MAX_GONE
from batch.suite_report import Suite
from catalog.errors import InvalidInput
from navigator.packaged import PACKAGED
from navigator.training import Recipe
from taste.factors import FactorSettings

EXAMPLE = """\
release: shop/                        # folder or object-store URI of the release store

catalogue:                            # the only section that must be there; as options of batch.precompute
  source: jsonl:items.jsonl
  map: [title=name, image=photo]

taste:                                # as options of batch.train_taste
  events: ${WINDOWSHOP_DATABASE}      # taken from the environment, so that no password is in this file
  boards: boards.jsonl

encoder:                              # as options of batch.train_encoder
  boards: boards.jsonl
  retrain_share: 0.1                  # again once a tenth of the items is new or looks different

navigator:                            # as options of batch.train_navigator
  labels: labels.jsonl
  minutes: 60

gate:                                 # what the new release must not do worse than the live one
  suites: [retrieval, boards, taste]
  boards: held-out-boards.jsonl       # boards that no step above trains on
"""


class Section(BaseModel):
    """What all sections share: a key that is misspelt is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CatalogueSection(Section):
    """Precompute."""

    source: str = Field(description="SCHEME:WHERE, as for batch.precompute.")
    map: tuple[str, ...] = Field(default=(), description="TARGET=FIELD.")
    set: tuple[str, ...] = Field(default=(), description="TARGET=VALUE.")
    attributes_rest: bool = False
    language: str = "en"
    encoder: str = "packaged"
    require_image: bool = False
    trust_addresses: bool = False
    max_gone: float = Field(
        default=MAX_GONE, ge=0, le=1, description="Share of the live items that may leave the shop at once."
    )
    encoders: int | None = Field(default=None, ge=1, description="Encoding actors.")
    gpus_per_encoder: float | None = Field(default=None, ge=0)
    wave_rows: int = Field(default=200_000, ge=1)


class EncoderSection(Section):
    """Training of the encoder's head."""

    boards: str | None = None
    epochs: int = TrainSettings.epochs
    dim: int | None = Field(default=None, description="64, 128 or 256.")
    quantise: str = Field(default="float32", pattern="^(float32|float16|int8)$")
    max_items: int = 500_000
    workers: int = Field(default=1, ge=1)
    gpus: int = Field(default=0, ge=0, le=1)
    retrain_share: float = Field(
        default=0.1, ge=0, le=1, description="Share of the items that is new or looks different since."
    )


class TasteSection(Section):
    """Training of the taste model."""

    events: str | None = None
    boards: str | None = None
    epochs: int = FactorSettings.epochs
    dim: int = FactorSettings.dim
    shards: int | None = Field(default=None, ge=0, description="By default as many as the live release's model has.")


class NavigatorSection(Section):
    """Training of the Navigator."""

    base: str = PACKAGED
    labels: str | None = None
    boards: str | None = None
    conversations: str | None = None
    practice: tuple[str, ...] = Field(default=(), description="Stores of other catalogues to train on besides.")
    practice_labels: tuple[str, ...] = Field(default=(), description="Labels of each, in the same order.")
    steps: int = Recipe.steps
    minutes: float | None = None
    tokens_per_item: int = 8
    workers: int = Field(default=0, ge=0)
    gpus: int = Field(default=0, ge=0, le=1)
    work: str = Field(default=".windowshop/train-navigator", description="Shared storage on a cluster.")
    retrain_share: float = Field(default=0.2, ge=0, le=1, description="As the encoder's.")

    @model_validator(mode="after")
    def _every_practice_is_labelled(self) -> Self:
        if len(self.practice) != len(self.practice_labels):
            raise ValueError("every store of practice needs its file of practice_labels")
        return self


class GateSection(Section):
    """What is measured before promotion."""

    suites: tuple[Suite, ...] | None = Field(
        default=None, description="By default those of retrieval, boards and taste that the routine has the data for."
    )
    boards: str | None = Field(default=None, description="Boards for the suite of that name [the encoder's or taste's]")
    events: str | None = Field(default=None, description="Events for taste and exploration [the taste section's].")
    labels: str | None = None
    tolerance: float = Field(default=0.02, ge=0, description="How much worse a measure may be where it surely is.")
    gpus: float = Field(default=0, ge=0, description="GPUs for suites with a Navigator.")


class Routine(Section):
    """All there is to say about one shop's routine."""

    release: str
    catalogue: CatalogueSection
    encoder: EncoderSection | None = None
    taste: TasteSection | None = None
    navigator: NavigatorSection | None = None
    gate: GateSection = GateSection()

    @property
    def gate_events(self) -> str | None:
        return self.gate.events or (self.taste.events if self.taste else None)

    @property
    def gate_boards(self) -> str | None:
        trained_on = [section.boards for section in (self.encoder, self.taste) if section and section.boards]
        return self.gate.boards or (trained_on[0] if trained_on else None)


def read_routine(path: Path) -> Routine:
    """Read a routine's file.

    `${NAME}` anywhere in a value, and a value that is `$NAME` and nothing else, are taken from the environment. Any
    other `$` is what it says, for it may well be in an address or a password.

    Raises:
        InvalidInput: there is no such file, it is no YAML, a key is unknown, or a variable is not set.
    """
    try:
        found: Any = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise InvalidInput(f"there is no routine at {path}; write one: python -m batch.refresh --example") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is not YAML: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path} is not a routine; see python -m batch.refresh --example")
    try:
        return Routine.model_validate(_expanded(found))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidInput(f"{path}: {wrong}") from error


_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|^\$([A-Z_][A-Z0-9_]*)$")


def _expanded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _expanded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_expanded(inner) for inner in value]
    return _VARIABLE.sub(_from_environment, value) if isinstance(value, str) else value


def _from_environment(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    if name not in os.environ:
        raise InvalidInput(f"{found[0]!r} names a variable that is not set in the environment")
    return os.environ[name]
