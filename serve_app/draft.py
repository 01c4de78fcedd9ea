"""What callers and the Navigator's replicas hand each other; who only asks starts without torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from navigator.message import Message


@dataclass(frozen=True)
class Draft:
    """Messages to be laid out where the engine is, and the encoder of the vectors in them."""

    messages: tuple[Message, ...]
    encoder_version: str


class Drafts:
    """Stands in for the processor on this side of the handle."""

    def encode(self, messages: Sequence[Message], *, encoder_version: str) -> Draft:
        """See `navigator.turn.Processor`."""
        return Draft(tuple(messages), encoder_version)


@dataclass(frozen=True)
class NavigatorState:
    """What a Navigator replica serves: `version` is None where there is none, and `why` says why.

    `vocabulary` are the words by which it was taught to name what it sees."""

    release: str
    encoder_version: str
    version: str | None
    vectors_per_item: int = 1
    taste_dim: int = 0
    why: str = ""
    vocabulary: tuple[str, ...] = ()
    told_which: bool = False
