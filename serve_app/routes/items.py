"""`/v1/items`: one item and its picture."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from catalog.filters import Id
from serve_app.auth import guarded
from serve_app.problems import documented
from serve_app.schemas import ItemResponse
from serve_app.shop import Shop

IMAGE_MAX_AGE_S = 3600
"""How long a browser may keep an item's picture before it asks again; asking is cheap, for the ETag mostly holds."""


def item_routes(shop: Shop) -> APIRouter:
    """Routes that show one item."""
    router = APIRouter(tags=["items"], **guarded("search"))

    # Ids may hold slashes, so the longer path is tried first.
    @router.get(
        "/v1/items/{item_id:path}/image",
        response_class=Response,
        responses={
            200: {"content": {"image/webp": {}}, "description": "The picture, its long side at most 384 pixels."},
            304: {"description": "The picture is still the one of `If-None-Match`."},
            **documented(404, 422, 503),
        },
        summary="A small picture of an item",
    )
    async def image(
        item_id: Id, if_none_match: Annotated[str | None, Header(description="ETags that the client has.")] = None
    ) -> Response:
        """The item's picture as WebP, with an ETag. 404 if the item has none."""
        thumbnail = await shop.thumbnail(item_id)
        etag = f'"{thumbnail.etag}"'
        headers = {"ETag": etag, "Cache-Control": f"public, max-age={IMAGE_MAX_AGE_S}"}
        known = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
        if etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(thumbnail.data, media_type="image/webp", headers=headers)

    @router.get(
        "/v1/items/{item_id:path}",
        response_model=ItemResponse,
        responses=documented(404, 422, 503),
        summary="One item",
    )
    async def item(item_id: Id) -> Response:
        """Everything that the catalogue says about an item."""
        found = await shop.item(item_id)
        return Response(found.model_dump_json(), media_type="application/json")

    return router
