"""What is known of a run between two processes: enough to go on after a kill at any moment."""

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from batch.precompute.files import Folder

RUN_FILE = "run.json"


@dataclass(frozen=True)
class RunState:
    """Progress of one run; written whole after each step, so that a step is either done or done again.

    Attributes:
        id: id of the run, and of the release that it makes.
        signature: of the source and of all settings that shape the rows.
        staged: the whole source lies in `items/`, and duplicate ids are known.
        rows: rows of the source, once staged.
        ids: different ids among them.
        duplicates: rows whose id came before.
        waves_merged: waves that are in the table and whose own files may go.
        counts: outcomes of the merged waves: encoded, updated, unchanged, rejected.
        reasons: rejected rows by reason.
        gone: items that left, once they were taken out; None before.
        kept: items that stay as they were, for their row cannot be used.
        finished: the release is written.
    """

    id: str
    signature: str
    staged: bool = False
    rows: int = 0
    ids: int = 0
    duplicates: int = 0
    waves_merged: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    gone: int | None = None
    kept: int = 0
    finished: bool = False


class RunBook:
    """The working folder of a release store, and the state of the run in it."""

    def __init__(self, store_uri: str) -> None:
        self.folder = Folder(f"{store_uri}/work")

    def load(self) -> RunState | None:
        found = self.folder.read_json(RUN_FILE)
        return RunState(**found) if found else None

    def save(self, state: RunState, **changes: Any) -> RunState:
        changed = replace(state, **changes)
        self.folder.write_json(RUN_FILE, asdict(changed))
        return changed

    def of(self, state: RunState) -> Folder:
        """Where the files of a run lie."""
        return self.folder / state.id

    def locked(self) -> AbstractContextManager[None]:
        """Keep a second job off the same store; local stores only. Raises InvalidInput: another job holds it."""
        return self.folder.locked(f"another precompute job is writing to {self.folder.uri.rpartition('/')[0]}")
