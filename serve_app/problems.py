"""Errors as RFC 9457 problem documents: the one place where exceptions become HTTP statuses."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from ray.exceptions import RayTaskError
from ray.serve.exceptions import RequestCancelledError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from catalog import errors
from navigator.errors import EngineFailed
from serve_app import metrics
from serve_app.errors import (
    EncoderBehind,
    Forbidden,
    Full,
    NoNavigator,
    NoRelease,
    NotReady,
    RateLimited,
    ReleaseGone,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from taste.store import StoreUnavailable
from taste.writer import StoreBusy

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:windowshop:problem:"

logger = logging.getLogger(__name__)


class InvalidField(BaseModel):
    """One field that was refused."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="Where in the request.", examples=["filters.price_min"])
    detail: str = Field(description="What is wrong with it.", examples=["Input should be greater than or equal to 0"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(
        description="A URN that names the kind of problem.", examples=["urn:windowshop:problem:not_found"]
    )
    title: str = Field(description="The kind of problem in words.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What exactly, and what would do instead.", examples=["there is no item 'chair-1'"])
    instance: str | None = Field(default=None, description="The id of the request, also in the header `X-Request-ID`.")
    errors: list[InvalidField] | None = Field(default=None, description="The fields that were refused, if any were.")


@dataclass(frozen=True)
class Kind:
    """How one kind of error is answered."""

    status: int
    code: str | None = None
    """Name of the kind; by default the exception's own `code`."""
    retry_after_s: int | None = None
    detail: str | None = None
    """Said instead of the exception's own words, where those are for operators."""


# The first match wins, so the narrower come first.
KINDS: tuple[tuple[type[BaseException], Kind], ...] = (
    (Unauthorized, Kind(401)),
    (Forbidden, Kind(403)),
    (RateLimited, Kind(429)),
    (TooLarge, Kind(413)),
    (ReleaseGone, Kind(410)),
    (errors.NotFound, Kind(404)),
    (errors.InvalidInput, Kind(422)),
    (errors.Fetch, Kind(422, code="picture_not_fetched")),
    (StoreBusy, Kind(503, retry_after_s=1, detail="too many events wait to be written; send them again in a moment")),
    (StoreUnavailable, Kind(503, retry_after_s=2, detail="the event database does not answer; try again in a moment")),
    (NoRelease, Kind(503, retry_after_s=5)),
    (NotReady, Kind(503, retry_after_s=5)),
    (NoNavigator, Kind(404)),
    (EngineFailed, Kind(503, retry_after_s=5, detail="the assistant had to start anew; ask again in a moment")),
    (EncoderBehind, Kind(503, retry_after_s=1, detail="a new release is coming in; try again in a moment")),
    (errors.VersionMismatch, Kind(503, retry_after_s=1, detail="a new release is coming in; try again in a moment")),
    (Full, Kind(503, retry_after_s=1, detail="all places are taken; try again in a moment")),
    (Unavailable, Kind(503, retry_after_s=5, detail="a part of the service is not up; try again in a moment")),
    (RequestCancelledError, Kind(499, "cancelled", detail="the request was given up")),
    (TimeoutError, Kind(504, "timeout", detail="the request took too long")),
)

_UNKNOWN = Kind(500, "internal", detail="something went wrong on our side; the id of this request names it in the logs")


def problem_response(error: BaseException, request_id: str | None = None) -> Response:
    """The answer to a request that ended in an exception."""
    if isinstance(error, RayTaskError) and isinstance(getattr(error, "cause", None), BaseException):
        error = error.cause  # what the deployment raised, out of the wrapper that Ray sends it in
    if isinstance(error, HTTPException):
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return _respond(error.status_code, code, str(error.detail), request_id, headers=error.headers)
    if isinstance(error, RequestValidationError):
        return _validation(error, request_id)
    kind = _kind_of(error)
    if kind.status >= 500 and not kind.retry_after_s:
        logger.error("request %s failed", request_id, exc_info=error)
    code = str(kind.code or getattr(error, "code", "error"))
    headers = {"Retry-After": str(kind.retry_after_s)} if kind.retry_after_s else getattr(error, "headers", None)
    return _respond(kind.status, code, kind.detail or str(error), request_id, headers=headers)


def told(error: Exception) -> str:
    """What a caller is told of an error: nothing of a database's address or a library's own words."""
    return _kind_of(error).detail or str(error)


def _kind_of(error: BaseException) -> Kind:
    return next((kind for types, kind in KINDS if isinstance(error, types)), _UNKNOWN)


def install(app: FastAPI) -> None:
    """Answer the exceptions that routes raise on purpose with problem documents; `Edge` does so with all others."""

    async def handler(request: Request, error: Exception) -> Response:
        return problem_response(error, getattr(request.state, "request_id", None))

    for types in (RequestValidationError, HTTPException, errors.WindowshopError):
        app.add_exception_handler(types, handler)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
        for status in statuses
    }


def _validation(error: RequestValidationError, request_id: str | None) -> Response:
    refused = [
        InvalidField(
            field=".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]), detail=found["msg"]
        )
        for found in error.errors()[:20]
    ]
    summary = "; ".join(f"{entry.field}: {entry.detail}" for entry in refused[:3])
    return _respond(422, "invalid_request", summary, request_id, refused=refused)


def _respond(
    status: int,
    code: str,
    detail: str,
    request_id: str | None,
    *,
    headers: Mapping[str, str] | None = None,
    refused: list[InvalidField] | None = None,
) -> Response:
    metrics.problem(code, status)
    problem = Problem(
        type=TYPE_PREFIX + code,
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        instance=f"urn:request:{request_id}" if request_id else None,
        errors=refused,
    )
    return Response(
        problem.model_dump_json(exclude_none=True), status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )
