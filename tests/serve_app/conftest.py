"""The application in local testing mode: real deployments in this process, a real release, no cluster."""

import httpx
import pytest
from ray import serve
from ray.serve import batching

from serve_app.api import ApiSettings, create_api
from serve_app.pictures import PictureLimits, PictureReader
from serve_app.query_encoder import QueryEncoder
from serve_app.retriever import Retriever
from serve_app.shop import Shop
from tests.serve_app.tiny_shop import add_release, made_items

LIMITS = PictureLimits(max_bytes=200_000, max_pixels=1_000_000, fetch_timeout_s=1.0)


@pytest.fixture(scope="session")
def release_uri(tmp_path_factory):
    """A store with one live release, `r1`, of forty items."""
    folder = tmp_path_factory.mktemp("store")
    add_release(folder, made_items(), "r1")
    return str(folder)


@pytest.fixture(scope="session")
def handles(release_uri):
    """Local handles of encoder and retriever."""
    # A batch queue warns of odd settings when it starts; in local testing mode it cannot look them up, and fails.
    batching._BatchQueue._warn_if_max_batch_size_exceeds_max_ongoing_requests = lambda self: None
    encoder = serve.run(
        serve.deployment()(QueryEncoder).bind(release_uri, poll_s=0.3), name="encoder", _local_testing_mode=True
    )
    retriever = serve.run(
        serve.deployment()(Retriever).bind(release_uri, poll_s=0.3), name="retriever", _local_testing_mode=True
    )
    return encoder, retriever


@pytest.fixture
async def api(handles):
    """An HTTP client of the API over those handles."""
    app = create_api(Shop(*handles, PictureReader(LIMITS)), ApiSettings(pictures=LIMITS))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client
