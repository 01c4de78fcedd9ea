"""The shapes of conversations in the HTTP API."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from catalog.filters import Id
from navigator.intent import ShoppingIntent
from serve_app.schemas import FoundItem, Picture, Region, Shape
from taste.events import Name

MAX_MESSAGE = 2000


def _readable(text: str) -> str:
    """Line breaks are a person's own, and any other space is one; control characters are none of the message."""
    plain = (c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in text)
    return "".join(plain).strip()


ConversationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class ChatRequest(Shape):
    """One message to the assistant."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"message": "a reading lamp in brass, under 150"},
                {"message": "the second one but in oak", "conversation_id": "kq3fX0a1bC8d"},
                {"message": "anything like this?", "picture": {"url": "https://example.com/armchair.jpg"}},
            ]
        },
    )

    message: Annotated[
        str,
        StringConstraints(max_length=MAX_MESSAGE),
        AfterValidator(_readable),
        Field(description="The person's words; may be empty beside a picture, items or an intent."),
    ] = ""
    conversation_id: ConversationId | None = Field(default=None, description="Go on with this one; null begins one.")
    user_id: Name | None = Field(
        default=None, description="Who asks: their taste orders what is found, and the conversation is theirs."
    )
    picture: Picture | None = Field(default=None, description="A picture that the message is about.")
    region: Region | None = Field(default=None, description="Look only at this part of the picture.")
    item_ids: Annotated[
        tuple[Id, ...], Field(max_length=8, description="Items pointed at, e.g. by `goes with` on a card.")
    ] = ()
    intent: ShoppingIntent | None = Field(
        default=None, description="Take the message to mean this instead of reading it, e.g. with one condition less."
    )
    edit: bool = Field(default=False, description="Replace the conversation's last turn by this one.")
    adventurousness: Annotated[
        float | None, Field(ge=0, le=1, description="With a user_id: from 0, what they like, to 1, what lies beyond.")
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> "ChatRequest":
        if not (self.message or self.picture or self.item_ids or self.intent):
            raise ValueError("say something: a message, a picture, items or an intent")
        if self.region and not self.picture:
            raise ValueError("region needs a picture")
        if self.edit and not self.conversation_id:
            raise ValueError("edit needs the conversation whose last turn it replaces")
        return self


class RelaxedOut(Shape):
    """A condition that was given up because nothing met it."""

    field: str = Field(description="As the intent names it.", examples=["price_max"])
    value: str = Field(description="What was asked for.", examples=["300"])
    text: str = Field(description="In words.", examples=["nothing under $300: shown without the price limit"])


class CitationOut(Shape):
    """An item that an answer cites."""

    number: int = Field(description="As cited, from 1.")
    id: str


class CitationsOut(Shape):
    """What an answer cites, checked."""

    items: tuple[CitationOut, ...] = ()
    corrected: int = Field(default=0, description="Claims that were taken out because nothing on show bore them out.")


class UsageOut(Shape):
    """What a turn took."""

    prompt_tokens: int
    cached_tokens: int = Field(description="Of those, found in the engine's prefix cache.")
    output_tokens: int
    pictures_encoded: int = Field(description="Pictures encoded for this turn: an upload, or none.")
    timings_ms: dict[str, float]


class TotalOut(Shape):
    """What several things cost together."""

    amount: float
    currency: str | None


class TurnOut(Shape):
    """One message and what came of it."""

    turn: int = Field(description="From 1.")
    message: str
    item_ids: tuple[str, ...] = Field(default=(), description="Items that were pointed at.")
    has_picture: bool = False
    picture: str | None = Field(default=None, description="The picture that came with it, small, as a data: URI.")
    intent: dict[str, Any] = Field(description="How the message was read.")
    items: tuple[FoundItem, ...] = Field(description="The items shown, as they were then; [1] is the first.")
    relaxed: tuple[RelaxedOut, ...] = ()
    total: TotalOut | None = Field(
        default=None, description="Of things that were asked for together, or whose total was asked."
    )
    answer: str
    citations: CitationsOut = CitationsOut()
    usage: UsageOut | None = None


class ConversationOut(Shape):
    """A whole conversation."""

    id: str
    title: str
    user_id: str | None
    created: str = Field(description="ISO 8601.")
    turns: tuple[TurnOut, ...]


class ConversationEntry(Shape):
    """A conversation in a list."""

    id: str
    title: str
    created: str
    updated: str
    turns: int


class ConversationsResponse(Shape):
    """A person's conversations, the latest first."""

    conversations: tuple[ConversationEntry, ...]
