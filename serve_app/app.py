"""Builds the application that `ray_config.yaml` names: `serve_app.app:build`."""

import os
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application

from catalog.errors import InvalidInput
from catalog.release import ReleaseStore
from catalog.search import SearchSettings
from serve_app.access import Access
from serve_app.api import Api, ApiSettings
from serve_app.database import DATABASE_VARIABLE, RELEASE_VARIABLE, events_url
from serve_app.navigator import Navigator
from serve_app.navigator_shelf import EngineSettings
from serve_app.pictures import PictureLimits
from serve_app.query_encoder import QueryEncoder
from serve_app.retriever import Retriever
from serve_app.taste_scorer import TasteScorer
from serve_app.taste_shard import TasteShard


class NavigatorArgs(BaseModel):
    """How the Navigator's engine runs; anything that is not given is the engine's own choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["auto", "vllm", "transformers"] = Field(default="auto", description="auto: vLLM if installed.")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto", description="auto: bfloat16, or float32 on a CPU that is much faster at it."
    )
    max_model_len: int | None = Field(default=None, ge=512, description="Tokens of prompt and answer together.")
    max_num_seqs: int | None = Field(default=None, ge=1, description="Answers written at the same time.")
    tensor_parallel_size: int | None = Field(default=None, ge=1, description="GPUs that share the model.")
    quantization: str | None = Field(default=None, description='A scheme of vLLM\'s, e.g. "fp8".')
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    cpu_cache_gib: int | None = Field(default=None, ge=1, description="Key-value cache where there is no GPU.")
    options: dict[str, Any] | None = Field(default=None, description="Further fields of vLLM's AsyncEngineArgs.")

    def settings(self) -> EngineSettings:
        """As the deployment takes them."""
        return EngineSettings(self.engine, self.model_dump(exclude={"engine"}, exclude_none=True))


SHARD_OPTIONS: dict[str, Any] = {
    "max_ongoing_requests": 64,  # each of them a few milliseconds
    "max_queued_requests": 200,
    "autoscaling_config": {
        "min_replicas": 1,
        "max_replicas": 4,
        "target_ongoing_requests": 8,
        "upscale_delay_s": 10,
        "downscale_delay_s": 600,
    },
    "graceful_shutdown_timeout_s": 40,
    "health_check_period_s": 10,
    "health_check_timeout_s": 10,
    "ray_actor_options": {"num_cpus": 1, "label_selector": {"market": "!spot"}},
}
"""Of each TasteShard; a configuration may say otherwise under the name of one."""


class AppArgs(BaseModel):
    """Arguments of the application: `args` in `ray_config.yaml`, or `serve run serve_app.app:build release=URI`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str = Field(
        default="",
        description=f"Release store: a folder or any fsspec URI that all nodes reach. Empty: from {RELEASE_VARIABLE}.",
    )
    database: str = Field(
        default="",
        repr=False,  # it may hold a password
        description=f"Event database, sqlite:////FILE or postgresql://...; empty: from {DATABASE_VARIABLE}, or else a "
        "file in the release store if that is a local folder.",
    )
    poll_s: float = Field(default=3.0, gt=0, description="Seconds between two looks at the release pointer.")
    assistant: Literal["auto", "off"] = Field(
        default="auto", description="auto: there is an assistant where the live release has a Navigator."
    )
    navigator: NavigatorArgs = Field(default=NavigatorArgs(), description="How the Navigator's engine runs.")
    taste_shards: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Deployments, TasteShard0 and so on, that hold taste models that are split (`python -m "
        "batch.train_taste --shards N`); 0: every replica of TasteScorer maps all of a model.",
    )
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
    searches_at_once: int = Field(
        default=ApiSettings().searches_at_once,
        ge=1,
        description="Searches and feeds that an ingress replica works on at the same time; those beyond get a 503.",
    )
    access: Access = Field(
        default="keys",
        description="keys: every request needs an API key. loopback: none does, and the API is served to this machine "
        "only; it does not start on another address. anyone: none does, wherever it is served.",
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may call the API; none by default."
    )


def build(args: AppArgs) -> Application:
    """The application: ingress → query encoder, retriever, taste scorer, Navigator.

    Touches nothing; replicas open what they need.

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
    shards = [
        serve.deployment(name=f"TasteShard{n}", **SHARD_OPTIONS)(TasteShard).bind(
            release_uri, n, args.taste_shards, poll_s=args.poll_s
        )
        for n in range(args.taste_shards)
    ]
    scorer = serve.deployment()(TasteScorer).bind(release_uri, database, shards, poll_s=args.poll_s)
    navigator = serve.deployment()(Navigator).bind(
        release_uri, enabled=args.assistant == "auto", settings=args.navigator.settings(), poll_s=args.poll_s
    )
    api = ApiSettings(
        pictures=pictures,
        access=args.access,
        cors_origins=args.cors_origins,
        searches_at_once=args.searches_at_once,
    )
    return serve.deployment()(Api).bind(encoder, retriever, scorer, navigator, database, api)
