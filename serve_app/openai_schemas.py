"""The shapes of OpenAI's chat completions, as far as the assistant has a use for them.

Fields that it has none for are passed over, so that clients work unchanged.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.errors import InvalidInput
from navigator.engine import Sampling
from navigator.intent import ShoppingIntent
from serve_app.chat_schemas import MAX_MESSAGE, ChatRequest
from serve_app.conversations import KeptTurn
from serve_app.schemas import Picture

MAX_MESSAGES = 100
MAX_OUTPUT = 1024


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ImageUrl(_Lenient):
    """Where a picture is: a public address or a `data:` URI."""

    url: str


class Part(_Lenient):
    """A part of a message: words or a picture."""

    type: str
    text: str | None = None
    image_url: ImageUrl | None = None


class ItemRef(_Lenient):
    """An item that an answer showed."""

    id: str


class CompletionMessage(_Lenient):
    """One message. Answers carry `items` and `intent`, which mean what they meant when they are sent back."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    items: tuple[ItemRef, ...] = ()
    intent: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """Its words."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""

    @property
    def picture(self) -> Picture | None:
        """Its first picture."""
        parts = self.content if isinstance(self.content, list) else []
        url = next((part.image_url.url for part in parts if part.image_url), None)
        if url is None:
            return None
        return Picture(data=url) if url.startswith("data:") else Picture(url=url)


class StreamOptions(_Lenient):
    """Of a streamed answer."""

    include_usage: bool = False


class CompletionRequest(_Lenient):
    """A chat completion. `conversation_id`, `item_ids` and `adventurousness` are our own, as in `/v1/chat`."""

    model: str
    messages: Annotated[list[CompletionMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: str | None = None
    n: Annotated[int | None, Field(ge=1, le=1, description="One answer.")] = None
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    seed: int | None = None
    item_ids: tuple[str, ...] = ()
    adventurousness: Annotated[float | None, Field(ge=0, le=1)] = None

    def sampling(self, usual: Sampling) -> Sampling:
        """How the answer is drawn, the usual way where nothing is said."""
        longest = self.max_completion_tokens or self.max_tokens or usual.max_tokens
        return Sampling(
            max_tokens=min(longest, MAX_OUTPUT),
            temperature=usual.temperature if self.temperature is None else self.temperature,
            top_p=usual.top_p if self.top_p is None else self.top_p,
            seed=self.seed if self.seed is not None else usual.seed,
        )


def last_message(request: CompletionRequest) -> ChatRequest:
    """What is asked now.

    Raises:
        InvalidInput: the last message is not a person's, or says nothing.
    """
    last = request.messages[-1]
    if last.role != "user":
        raise InvalidInput(f"the last message is of role {last.role!r}; it must be the user's")
    text, picture = last.text.strip(), last.picture
    if not (text or picture or request.item_ids):
        raise InvalidInput("the last message is empty; give it text or an image_url")
    if len(text) > MAX_MESSAGE:
        raise InvalidInput(f"the last message has {len(text):,} characters; at most {MAX_MESSAGE:,} are read")
    return ChatRequest(
        message=text,
        picture=picture,
        user_id=request.user,
        item_ids=request.item_ids,
        adventurousness=request.adventurousness,
    )


def earlier_turns(messages: list[CompletionMessage]) -> tuple[KeptTurn, ...]:
    """What was said before, as turns. System messages are passed over: the assistant has instructions of its own."""
    turns: list[KeptTurn] = []
    user: CompletionMessage | None = None
    for message in messages:
        if message.role == "user":
            user = message
        elif message.role == "assistant" and user is not None:
            body = {
                "message": user.text[:MAX_MESSAGE],
                "intent": _intent(message.intent),
                "items": [{"id": item.id} for item in message.items[:8]],
                "relaxed": [],
                "answer": message.text,
            }
            turns.append(KeptTurn(len(turns) + 1, body, None))
            user = None
    return tuple(turns)


def _intent(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """An intent that came back as it went out; anything else is none."""
    try:
        return ShoppingIntent.model_validate(sent).model_dump(mode="json") if sent else None
    except ValueError:
        return None
