"""What people do: one event is one act of one person on one item or board."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Kind = Literal["view", "save", "click", "cart", "buy", "hide", "follow_board"]
KINDS: tuple[Kind, ...] = get_args(Kind)

WEIGHTS: dict[Kind, float] = {
    "view": 0.3,
    "click": 0.5,
    "save": 1.0,
    "follow_board": 0.7,
    "cart": 1.5,
    "buy": 2.0,
    "hide": -1.0,
}
"""How much one event says about taste, before its age is counted. A `hide` says the opposite."""

TAKES_BACK: frozenset[Kind] = frozenset(("save", "cart", "buy"))
"""What takes an earlier hide of the same item back, however long ago both are."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _printable(value: str) -> str:
    """Control characters have no place in a name, and PostgreSQL refuses NUL in text."""
    if not value.isprintable():
        raise ValueError("has control characters")
    return value


def in_utc(value: datetime) -> datetime:
    """A time in UTC. Raises ValueError where that lies outside the years: some clients' "no date" is year 1."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from error


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256), AfterValidator(_printable)
]


class Event(BaseModel):
    """One act of one person.

    `id` is made by the client, so that a batch sent again after a lost answer counts once; it need only be unique
    among the person's own events. `time` is when it happened, not when it arrived: late and out-of-order events land
    where they belong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    person: Name
    kind: Kind
    item: Name | None = Field(default=None, description="Every kind but follow_board is about an item.")
    board: Name | None = Field(default=None, description="The board followed, or the board an item was saved to.")
    time: Annotated[AwareDatetime, AfterValidator(in_utc)] = Field(description="ISO 8601 with a time zone.")
    visit: Name | None = Field(default=None, description="The client's session; the current one is short-term intent.")

    @model_validator(mode="after")
    def _subject(self) -> Self:
        if self.kind == "follow_board":
            if self.board is None or self.item is not None:
                raise ValueError("follow_board needs a board and no item")
        elif self.item is None:
            raise ValueError(f"{self.kind} needs an item")
        return self


def to_microseconds(time: datetime) -> int:
    """Microseconds since 1970 UTC, exact: datetimes in databases differ, integers do not."""
    delta = time - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """The inverse of `to_microseconds`, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
