"""`/v1/search` and what is like an item."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from catalog.filters import Id
from serve_app import metrics
from serve_app.auth import Caller, guarded
from serve_app.keys import Rights
from serve_app.problems import documented
from serve_app.schemas import DEFAULT_LIMIT, MAX_LIMIT, SearchRequest, SearchResponse
from serve_app.shop import Shop
from serve_app.timing import Stages


def search_routes(shop: Shop) -> APIRouter:
    """Routes that find items."""
    router = APIRouter(tags=["search"], **guarded("search"))

    @router.post(
        "/v1/search",
        response_model=SearchResponse,
        responses=documented(404, 410, 413, 422, 503),
        summary="Search by words, a picture, items, or any mix of them",
    )
    async def search(request: SearchRequest, rights: Caller) -> Response:
        """Items that fit everything that was asked for, best first.

        Words are looked for both as they stand (but for those of `something to put ... in`) and by what they mean; a
        picture, or a region of it, by how it looks; `item_ids` by what those items have in common. The lists are fused
        into one ranking, and `why` says in which of them an item was found. Without words, picture or items, the
        catalogue is browsed.

        For the next page send the same request with `cursor` set to `next_cursor`. Pages of one search stay on the
        release that it began with. The header `Server-Timing` says how long each stage took.
        """
        return await _answer(shop, request, rights)

    @router.post(
        "/v1/search/picture",
        response_model=SearchResponse,
        responses=documented(404, 410, 413, 422, 503),
        summary="Search by an uploaded picture",
    )
    async def search_by_upload(
        rights: Caller,
        picture: Annotated[UploadFile, File(description="The picture's file.")],
        query: Annotated[
            str,
            Form(
                description="The rest of the request as JSON: a SearchRequest without `picture`.",
                examples=['{"text": "but in green", "limit": 12}'],
            ),
        ] = "{}",
    ) -> Response:
        """The same as `/v1/search`, for clients that would rather send a form (`multipart/form-data`) than base64."""
        try:
            # The upload stands in for `picture`, so that a region has something to be a region of.
            request = SearchRequest.model_validate_json(query, context={"uploaded": True})
        except ValidationError as error:
            raise RequestValidationError(
                [{**e, "loc": ("body", "query", *e["loc"])} for e in error.errors()]
            ) from error
        return await _answer(shop, request, rights, upload=await picture.read())

    @router.get(
        "/v1/items/{item_id:path}/similar",
        response_model=SearchResponse,
        responses=documented(404, 410, 422, 503),
        summary="Items like one item",
    )
    async def similar(
        item_id: Id,
        rights: Caller,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items per page.")] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")] = None,
    ) -> Response:
        """What looks and reads most like an item, which itself is left out."""
        return await _answer(shop, SearchRequest(item_ids=(item_id,), limit=limit, cursor=cursor), rights)

    return router


async def _answer(shop: Shop, request: SearchRequest, rights: Rights, upload: bytes | None = None) -> Response:
    rights.act_for(request.user_id)
    stages = Stages()
    found = await shop.search(request, stages, upload=upload)
    body = found.model_dump_json()
    metrics.stages_took("search", stages.all_ms())
    return Response(body, media_type="application/json", headers={"Server-Timing": stages.header()})
