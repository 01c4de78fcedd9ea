"""What is served here, whether it is well, and how to use it."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from catalog.errors import WindowshopError
from serve_app.assistant import Assistant
from serve_app.auth import needs
from serve_app.docs_page import docs_page
from serve_app.problems import documented
from serve_app.readiness import check_ready
from serve_app.retriever import Facets
from serve_app.schemas import FacetsResponse, FacetValue, Health, PriceRange, ReleaseResponse
from serve_app.shop import Shop


def about_routes(shop: Shop, assistant: Assistant | None = None) -> APIRouter:
    """Routes about the catalogue and the service."""
    router = APIRouter()

    @router.get(
        "/v1/facets",
        response_model=FacetsResponse,
        responses=documented(401, 403, 429, 503),
        tags=["catalogue"],
        dependencies=needs("search"),
        summary="What can be filtered by",
    )
    async def facets() -> Response:
        """The values of each facet with the number of items that have them, most frequent first, and the prices."""
        return Response(_facets(await shop.facets()).model_dump_json(), media_type="application/json")

    @router.get(
        "/v1/release",
        response_model=ReleaseResponse,
        responses=documented(401, 429, 503),
        tags=["catalogue"],
        dependencies=needs(None),
        summary="The live release",
    )
    async def release() -> ReleaseResponse:
        """Which release of the catalogue answers here."""
        live = await shop.release()
        return ReleaseResponse(
            release=live.id,
            encoder=live.encoder.version,
            items=live.items.rows,
            created=live.created.isoformat(),
            assistant=await _has_navigator(assistant),
        )

    @router.get("/healthz", response_model=Health, tags=["health"], summary="Is the process alive")
    async def healthz() -> Health:
        """Always 200 while the process answers."""
        return Health()

    @router.get(
        "/readyz", response_model=Health, responses=documented(503), tags=["health"], summary="Does every part answer"
    )
    async def readyz() -> Health:
        """200 where a release is open and encoder, scorer and database answer; else 503 that names what does not.

        A missing assistant is told, and is no reason: everything else goes on without it.
        """
        return await check_ready(shop, assistant)

    @router.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(docs_page(request.app.openapi()))

    return router


async def _has_navigator(assistant: Assistant | None) -> bool:
    try:
        return assistant is not None and (await assistant.state()).version is not None
    except WindowshopError:  # the shop goes on where the assistant is not up yet
        return False


def _facets(facets: Facets) -> FacetsResponse:
    values = {
        kind: tuple(FacetValue.model_construct(value=value, count=count) for value, count in counts)
        for kind, counts in facets.counts.items()
    }
    price = facets.price and PriceRange(min=facets.price[0], max=facets.price[1], currency=facets.price[2])
    return FacetsResponse.model_construct(
        release=facets.release,
        items=facets.items,
        categories=values["category"],
        brands=values["brand"],
        colors=values["color"],
        materials=values["material"],
        styles=values["style"],
        in_stock=dict(facets.counts["availability"]).get("in_stock", 0),
        price=price,
    )
