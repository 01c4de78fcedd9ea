"""`/v1/feed` and what goes with an item."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from catalog.filters import Id
from serve_app.auth import Caller, guarded
from serve_app.personal import Personal
from serve_app.problems import documented
from serve_app.schemas import DEFAULT_LIMIT, MAX_LIMIT
from serve_app.taste_schemas import (
    DEFAULT_ADVENTUROUSNESS,
    Adventurousness,
    ComplementsResponse,
    FeedResponse,
    UserId,
)

PRIVATE = {"Cache-Control": "private, no-store"}
_COMPLEMENTS = 8


def feed_routes(personal: Personal) -> APIRouter:
    """Routes that propose items to a person."""
    router = APIRouter(tags=["people"], **guarded("search"))

    @router.get(
        "/v1/feed", response_model=FeedResponse, responses=documented(410, 422, 503), summary="A person's home feed"
    )
    async def feed(
        rights: Caller,
        user_id: Annotated[UserId | None, Query(description="Whose feed; without it, a stranger's.")] = None,
        adventurousness: Annotated[Adventurousness, Query()] = DEFAULT_ADVENTUROUSNESS,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items per page.")] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=4000, description="`next_cursor` of the page before.")] = None,
    ) -> Response:
        """Items for a person, each with its reason: their interests, what lies just beyond them, what many like.

        Of somebody new nothing is known, and they get a varied choice of what many like. Nothing that the person has
        acted on is proposed, and no page repeats an item of an earlier one, although each is computed from the newest
        events: a save on the first page shapes the second. A feed ends after some 600 items.
        """
        rights.act_for(user_id)
        found = await personal.feed(user_id, adventurousness, limit, cursor)
        return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)

    @router.get(
        "/v1/items/{item_id:path}/complements",
        response_model=ComplementsResponse,
        responses=documented(404, 422, 503),
        summary="What goes with an item",
    )
    async def complements(
        item_id: Id,
        rights: Caller,
        user_id: Annotated[UserId | None, Query(description="For whom; what they hid is left out.")] = None,
        limit: Annotated[int, Query(ge=1, le=24, description="Items.")] = _COMPLEMENTS,
    ) -> Response:
        """Items of other kinds that people put together with this one; empty where nothing is known to go with it."""
        rights.act_for(user_id)
        found = await personal.complements(item_id, user_id, limit)
        return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)

    return router
