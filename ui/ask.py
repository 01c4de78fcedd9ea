"""What the browser asks of `/turns`: read up to a size, and held against a shape, before anything is done with it."""

from typing import Annotated, Any

from fastapi import HTTPException, Request
from pydantic import BaseModel, Field, ValidationError

MAX_BYTES = 24 * 2**20
"""Of one ask: a picture of 16 MiB as text, and more words than anybody types."""


class TurnAsk(BaseModel):
    """One turn as the browser sends it; what is empty is left out of the request to the API.

    Args:
        picture: as base64.
        replaces: number of the turn that this one is put in the place of.
    """

    message: str | None = None
    picture: str | None = None
    intent: dict[str, Any] | None = None
    item_ids: list[str] = []
    conversation_id: str | None = None
    user_id: str | None = None
    adventurousness: Annotated[float, Field(allow_inf_nan=False)] | None = None
    replaces: int | None = None

    def request(self) -> dict[str, Any]:
        """The ask as a request of the API."""
        given = self.model_dump(include={"conversation_id", "user_id", "item_ids", "intent"})
        request: dict[str, Any] = {name: value for name, value in given.items() if value}
        request["message"] = (self.message or "").strip()
        if self.picture:
            request["picture"] = {"data": self.picture}
        if self.adventurousness is not None:
            request["adventurousness"] = self.adventurousness
        return request


async def read_ask(request: Request) -> TurnAsk:
    """Read an ask off the wire.

    Raises:
        HTTPException: 413 above `MAX_BYTES`, as soon as that is seen; 422 for what is no ask.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"a turn has at most {MAX_BYTES:,} bytes")
    try:
        return TurnAsk.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(422, f"{field}: {first['msg']}") from error
