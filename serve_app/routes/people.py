"""`/v1/users/{user_id}/taste`: what is believed of a person, for that person to see, steer and take back."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from serve_app.auth import acts_for_user, needs
from serve_app.personal import Personal
from serve_app.problems import documented
from serve_app.routes.feed import PRIVATE
from serve_app.taste_schemas import ForgottenResponse, MarkRequest, TasteResponse, UserId
from taste.events import Name

_TASTE = "/v1/users/{user_id:path}/taste"


def people_routes(personal: Personal) -> APIRouter:
    """Routes of a person's own view."""
    router = APIRouter(
        tags=["people"],
        dependencies=[*needs("taste"), Depends(acts_for_user)],
        responses=documented(401, 403, 429),
    )

    # Ids may hold slashes, so the longer paths come first.
    @router.patch(
        _TASTE + "/interests/{interest_id:path}",
        response_model=TasteResponse,
        responses=documented(404, 422, 503),
        summary="Mute or pin an interest",
    )
    async def mark(user_id: UserId, interest_id: Name, request: MarkRequest) -> Response:
        """A muted interest shapes nothing and counts as dislike; a pinned one counts double. Answers the new view."""
        return _view(await personal.mark(user_id, interest_id, request.mark))

    @router.delete(
        _TASTE + "/interests/{interest_id:path}",
        response_model=ForgottenResponse,
        responses=documented(404, 422, 503),
        summary="Forget an interest",
    )
    async def forget_interest(user_id: UserId, interest_id: Name) -> ForgottenResponse:
        """Deletes every event of the person on the interest's items, for good."""
        return ForgottenResponse(forgotten=await personal.forget_interest(user_id, interest_id))

    @router.delete(
        _TASTE + "/events/{event_id:path}",
        response_model=ForgottenResponse,
        responses=documented(422, 503),
        summary="Forget an event",
    )
    async def forget_event(user_id: UserId, event_id: Name) -> ForgottenResponse:
        """Deletes one event for good: should it be sent once more, it is dropped."""
        return ForgottenResponse(forgotten=await personal.forget(user_id, event_id))

    @router.get(_TASTE, response_model=TasteResponse, responses=documented(422, 503), summary="A person's own view")
    async def taste(user_id: UserId) -> Response:
        """The person's interests with the events that they come from, places on the taste map, what is hidden, and the
        stage of their journey. Computed at this moment from the events that are kept."""
        return _view(await personal.taste(user_id))

    @router.delete(
        _TASTE, response_model=ForgottenResponse, responses=documented(422, 503), summary="Forget everything"
    )
    async def forget_everything(user_id: UserId) -> ForgottenResponse:
        """Deletes every event, mark and conversation of the person, for good. What they do afterwards is kept again."""
        return ForgottenResponse(forgotten=await personal.forget(user_id))

    return router


def _view(view: TasteResponse) -> Response:
    return Response(view.model_dump_json(), media_type="application/json", headers=PRIVATE)
