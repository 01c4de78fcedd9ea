"""The shapes of the personal part of the HTTP API: events, feed, complements, a person's own view."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from serve_app.schemas import ItemOut, Shape
from taste.events import Event, Kind, Name, in_utc
from taste.journey import Stage
from taste.profile import LifeCycle
from taste.store import Mark

MAX_EVENTS_PER_REQUEST = 1000
_SKEW = timedelta(days=1)


def _not_ahead(time: datetime) -> datetime:
    """A clock a little fast is set right; one that is days ahead would date every later event as old."""
    time = in_utc(time)
    now = datetime.now(UTC)
    if time > now + _SKEW:
        raise ValueError("lies more than a day in the future")
    return min(time, now)


UserId = Annotated[Name, Field(description="Whom it is about; any id that the shop uses.", examples=["user-7"])]
Adventurousness = Annotated[
    float, Field(ge=0, le=1, description="From 0, more like what the person likes, to 1, what lies just beyond it.")
]
DEFAULT_ADVENTUROUSNESS = 0.3


class EventIn(Shape):
    """One act of one person on one item or board."""

    id: Name = Field(
        description="Made by the client and unique among the person's events: sent again, it counts once.",
        examples=["3f6c1d3e"],
    )
    user_id: UserId
    kind: Kind = Field(description="What was done. `hide` means: never show me this again.", examples=["save"])
    item_id: Name | None = Field(
        default=None, description="What it was done to; every kind but follow_board has one.", examples=["chair-0042"]
    )
    board_id: Name | None = Field(default=None, description="The board followed, or the board an item was saved to.")
    time: Annotated[AwareDatetime, AfterValidator(_not_ahead)] | None = Field(
        default=None, description="When it happened, ISO 8601 with a time zone; by default now. It may be long ago."
    )
    visit: Name | None = Field(default=None, description="The client's session, if it has such a thing.")

    @model_validator(mode="after")
    def _has_subject(self) -> "EventIn":
        if self.kind == "follow_board":
            if self.board_id is None or self.item_id is not None:
                raise ValueError("follow_board needs a board_id and no item_id")
        elif self.item_id is None:
            raise ValueError(f"{self.kind} needs an item_id")
        return self

    def to_event(self, now: datetime) -> Event:
        """As the store keeps it."""
        return Event.model_construct(
            id=self.id,
            person=self.user_id,
            kind=self.kind,
            item=self.item_id,
            board=self.board_id,
            time=(self.time or now).astimezone(UTC),
            visit=self.visit,
        )


class EventsRequest(Shape):
    """A batch of events, of one person or of many."""

    events: Annotated[tuple[EventIn, ...], Field(min_length=1, max_length=MAX_EVENTS_PER_REQUEST)]


class EventsResponse(Shape):
    """What became of a batch, once it is on disk. The three add up to its length."""

    added: int = Field(description="New events.")
    duplicates: int = Field(description="Known already, from this batch or an earlier one.")
    forgotten: int = Field(description="Dropped, for the person has had them forgotten.")


class FeedItem(ItemOut):
    """An item of a personal list, and why it is there."""

    reason: str = Field(description="Why it is shown, in a sentence.", examples=["Because you like Japandi Sofas"])
    reason_kind: Literal["query", "intent", "interest", "frontier", "popular", "together", "catalogue"] = Field(
        description="The same for a program.", examples=["interest"]
    )
    interest: str | None = Field(default=None, description="Id of the interest that it follows from.")
    because_of: str | None = Field(default=None, description="Id of the item that it follows from.")
    path: dict[str, Any] | None = Field(
        default=None, description="How something beyond the person's interests is joined to one of them."
    )


class FeedResponse(Shape):
    """One page of a feed."""

    items: tuple[FeedItem, ...] = Field(description="In order of showing.")
    next_cursor: str | None = Field(description="Send it for the next page; null at the end.")
    release: str = Field(description="The release that answered.")
    personal: bool = Field(description="Whether anything is known of the person that could shape the feed.")
    stage: Stage = Field(description="Where the person stands between looking around and buying.")


class ComplementsResponse(Shape):
    """What goes with an item."""

    items: tuple[FeedItem, ...] = Field(description="Best first; of other kinds than the item itself.")
    release: str = Field(description="The release that answered.")


class Position(Shape):
    """A place on the taste map, which is the same for everybody; x and y within about -1 to 1."""

    x: float
    y: float


class EventOut(Shape):
    """One event, as it is kept."""

    id: str
    kind: Kind
    item_id: str | None
    board_id: str | None
    time: datetime


class InterestItem(Shape):
    """An item of an interest, and what the person did with it."""

    id: str = Field(description="Id of the item.")
    position: Position
    events: tuple[EventOut, ...] = Field(description="Latest first.")


class InterestOut(Shape):
    """Something that a person likes, and what says so."""

    id: str = Field(description="Id of the item that stands for it; it may change as the interest does.")
    name: str = Field(description="What to call it.", examples=["Japandi Sofas"])
    title: str = Field(description="Title of the item that stands for it.")
    concepts: tuple[str, ...] = Field(description="What its items have in common.", examples=[["style:Japandi"]])
    importance: float = Field(description="Its share of all interests, from 0 to 1.")
    life_cycle: LifeCycle = Field(description="Whether it is new, active or fading.")
    mark: Mark | None = Field(description="`muted` interests shape nothing, `pinned` ones count double.")
    position: Position
    last: datetime = Field(description="When it was last acted on.")
    items: tuple[InterestItem, ...] = Field(description="Latest first.")


class Landmark(Shape):
    """A named region of the taste map, for orientation."""

    name: str = Field(examples=["Japandi"])
    position: Position


class JourneyOut(Shape):
    """Where a person stands between looking around and buying."""

    stage: Stage
    because: str = Field(description="What says so.")


class TasteResponse(Shape):
    """All that is believed about a person, with the events that each belief comes from."""

    user_id: str
    events: int = Field(description="Events that were read for this: the latest 500 at most.")
    interests: tuple[InterestOut, ...] = Field(description="Pinned ones first, then by importance.")
    others: tuple[EventOut, ...] = Field(description="Events that belong to no interest, latest first.")
    hidden: tuple[str, ...] = Field(description="Ids of items that are never shown.")
    journey: JourneyOut
    landmarks: tuple[Landmark, ...]
    release: str | None = Field(description="The release whose taste model answered; null if it has none.")


class MarkRequest(Shape):
    """What to do with an interest."""

    mark: Mark | None = Field(description="`muted`, `pinned`, or null for neither.")


class ForgottenResponse(Shape):
    """How much was forgotten."""

    forgotten: int = Field(description="Events deleted; 0 if there were none.")
