"""`/v1/events`: what people do."""

from fastapi import APIRouter

from serve_app.auth import Caller, guarded
from serve_app.personal import Personal
from serve_app.problems import documented
from serve_app.taste_schemas import EventsRequest, EventsResponse


def event_routes(personal: Personal) -> APIRouter:
    """Routes that take events in."""
    router = APIRouter(tags=["people"], **guarded("events"))

    @router.post(
        "/v1/events",
        response_model=EventsResponse,
        responses=documented(413, 422, 503),
        summary="Record what people do",
    )
    async def events(request: EventsRequest, rights: Caller) -> EventsResponse:
        """Keeps views, saves, clicks, cart additions, purchases, hides and followed boards.

        The answer comes when the events are on disk, and the next request of any kind takes them into account. Send a
        batch again if the answer was lost or was a 503: each id counts once. Events may be late or out of order.
        """
        for user in {event.user_id for event in request.events}:
            rights.act_for(user)
        return await personal.record(request)

    return router
