"""What is asked of the taste scorer, and what it chose: what passes between its deployment and those who call it."""

from dataclasses import dataclass

import pyarrow as pa

from taste.journey import Stage
from taste.rank import Ranked


@dataclass(frozen=True)
class Asked:
    """For whom, and how."""

    person: str | None = None
    adventurousness: float = 0.3
    count: int = 24
    shown: bytes = b""
    """`item_hashes` of what is not to be shown again."""
    seed: int = 0
    release: str | None = None
    """Use this release's model; None for the live one."""
    content: pa.Table | None = None
    """`id` and vector columns, of that release, for items that its model does not know."""
    taste: float | None = None
    """Weight of taste against how well something fits a query; None for the usual one."""


@dataclass(frozen=True)
class Chosen:
    """What came out, best first.

    Attributes:
        release: whose model chose; None where it has none, and nothing was chosen.
        unknown: items that the person acted on and the model does not know; asked again with their content, they count.
        personal: whether anything is known of the person.
        hidden: items that the person must not be shown.
    """

    release: str | None
    picks: tuple[Ranked, ...] = ()
    unknown: tuple[str, ...] = ()
    personal: bool = False
    stage: Stage = "inspiration"
    hidden: frozenset[str] = frozenset()
