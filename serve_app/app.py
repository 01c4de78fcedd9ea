"""Builds the application that `ray_config.yaml` names: `serve_app.app:build`."""

import os

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application

from catalog.errors import InvalidInput
from catalog.release import ReleaseStore
from catalog.search import SearchSettings
from serve_app.api import Api, ApiSettings
from serve_app.database import DATABASE_VARIABLE, events_url
from serve_app.pictures import PictureLimits
from serve_app.query_encoder import QueryEncoder
from serve_app.retriever import Retriever
from serve_app.taste_scorer import TasteScorer

RELEASE_VARIABLE = "WINDOWSHOP_RELEASE"


class AppArgs(BaseModel):
    """Arguments of the application: `args` in `ray_config.yaml`, or `serve run serve_app.app:build release=URI`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str = Field(
        default="",
        description=f"Release store: a folder or any fsspec URI that all nodes reach. Empty: from {RELEASE_VARIABLE}.",
    )
    database: str = Field(
        default="",
        description=f"Event database, sqlite:////FILE or postgresql://...; empty: from {DATABASE_VARIABLE}, or else a "
        "file in the release store if that is a local folder.",
    )
    poll_s: float = Field(default=3.0, gt=0, description="Seconds between two looks at the release pointer.")
    device: str | None = Field(
        default=None, description="Torch device of the encoder; by default a GPU if there is one."
    )
    batch_wait_s: float = Field(
        default=0.002, ge=0, description="How long a lone query waits for others to be encoded with."
    )
    nprobes: int = Field(default=SearchSettings().nprobes, ge=1, description="Index partitions that a query visits.")
    refine_factor: int = Field(
        default=SearchSettings().refine_factor, ge=1, description="Candidates re-scored with exact vectors, per result."
    )
    max_picture_bytes: int = Field(
        default=PictureLimits().max_bytes, ge=1024, description="Largest query picture, encoded."
    )
    max_picture_pixels: int = Field(
        default=PictureLimits().max_pixels, ge=1024, description="Largest query picture, width × height."
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may call the API; none by default."
    )


def build(args: AppArgs) -> Application:
    """The application: ingress → query encoder, retriever, taste scorer. Touches nothing; replicas open what they need.

    Raises:
        InvalidInput: no release store is named, or no database where the store cannot hold one.
    """
    uri = args.release or os.environ.get(RELEASE_VARIABLE, "")
    if not uri:
        raise InvalidInput(f"no release store: set {RELEASE_VARIABLE}, or `release` in the application's args")
    release_uri = ReleaseStore(uri).uri
    pictures = PictureLimits(max_bytes=args.max_picture_bytes, max_pixels=args.max_picture_pixels)
    settings = SearchSettings(nprobes=args.nprobes, refine_factor=args.refine_factor)
    encoder = serve.deployment()(QueryEncoder).bind(
        release_uri, device=args.device, poll_s=args.poll_s, batch_wait_s=args.batch_wait_s
    )
    retriever = serve.deployment()(Retriever).bind(release_uri, poll_s=args.poll_s, settings=settings)
    database = events_url(args.database or os.environ.get(DATABASE_VARIABLE, ""), ReleaseStore(uri))
    scorer = serve.deployment()(TasteScorer).bind(release_uri, database, poll_s=args.poll_s)
    return serve.deployment()(Api).bind(
        encoder, retriever, scorer, ApiSettings(pictures=pictures, cors_origins=args.cors_origins)
    )
