"""What a prompt is made of: turns of text, items and taste.

Nothing here reads a model's files, so that whoever only writes prompts (the API's replicas) starts without torch.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["system", "user", "assistant"]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ItemSlot:
    """One item in a prompt: its vectors, read from the release.

    Args:
        id: the item's id.
        vectors: `[V, D]` float32 (`[D]` is taken as one vector).
    """

    id: str
    vectors: Floats


@dataclass(frozen=True)
class TasteSlot:
    """A person's taste in a prompt: interest vectors `[M, Dt]` float32, one soft token each."""

    vectors: Floats


@dataclass(frozen=True)
class Message:
    """One turn: text, items and taste in the order in which they are read."""

    role: Role
    parts: tuple[str | ItemSlot | TasteSlot, ...]

    @classmethod
    def of(cls, role: Role, *parts: str | ItemSlot | TasteSlot) -> "Message":
        return cls(role, parts)
