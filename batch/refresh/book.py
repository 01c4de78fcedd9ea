"""What is known between two runs of a routine: what each release was made from, and the run that was cut off."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from batch.precompute.files import Folder

Outcome = Literal["made", "unchanged", "refused"]
FOLDER = "refresh"
RUN_FILE = "run.json"


class Done(BaseModel):
    """One step, done.

    `made`: there is a new release. `unchanged`: it looked and found nothing to do. `refused`: what it trained was worse
    than what was there, and is not tried again until its inputs change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: dict[str, str] = Field(description="Fingerprints of what it depended on, by name.")
    outcome: Outcome
    release: str
    sketch: list[int] = Field(default_factory=list, description="Of the items that a model was trained on.")
    seconds: float = 0.0
    at: str = ""


Lineage = dict[str, Done]
"""By step: what a release was made from."""


class Run(BaseModel):
    """One run of a routine, written whole after each step.

    Attributes:
        live: the release that was live when it began; None if nothing was.
        asked: fingerprint of everything that goes into the routine.
        gate: fingerprint of what the candidate was measured by; "" where it was not.
        lineage: of the candidate so far.
        outcome: how it ended; None while it has not.
        why: what was worse, or what else there is to say.
    """

    model_config = ConfigDict(extra="forbid")

    live: str | None
    asked: str
    gate: str = ""
    lineage: Lineage = Field(default_factory=dict)
    outcome: Literal["promoted", "worse", "nothing", "held"] | None = None
    candidate: str | None = None
    why: list[str] = Field(default_factory=list)


class Book:
    """The folder `refresh` of a release store."""

    def __init__(self, store_uri: str) -> None:
        self.folder = Folder(f"{store_uri}/{FOLDER}")

    def run(self) -> Run | None:
        """The last run, whether it ended or not."""
        found = self.folder.read_json(RUN_FILE)
        return Run.model_validate(found) if found else None

    def save(self, run: Run) -> None:
        self.folder.write_json(RUN_FILE, run.model_dump(mode="json"))

    def lineage(self, release_id: str | None) -> Lineage:
        """What a release was made from; nothing is known of one that the routine did not make."""
        found = self.folder.read_json(f"made-{release_id}.json") if release_id else None
        return {step: Done.model_validate(one) for step, one in (found or {}).items()}

    def keep(self, release_id: str, lineage: Lineage) -> None:
        self.folder.write_json(f"made-{release_id}.json", {name: one.model_dump() for name, one in lineage.items()})

    def measured(self, key: str) -> dict[str, Any] | None:
        """A suite's report on a release, kept by what was asked of which."""
        return self.folder.read_json(f"measured-{key}.json")

    def keep_measured(self, key: str, report: dict[str, Any]) -> None:
        self.folder.write_json(f"measured-{key}.json", report)

    def locked(self) -> AbstractContextManager[None]:
        """Keep a second routine off the same store; local stores only. Raises InvalidInput: another holds it."""
        return self.folder.locked(f"another refresh of {self.folder.uri.rpartition('/')[0]} is running")
