"""The API with an assistant in it, in this process, and a client that reads its streams."""

import itertools
import json
from contextlib import asynccontextmanager

import httpx
from ray import serve
from ray.serve import batching

from serve_app.api import ApiSettings, create_api
from serve_app.assistant import Assistant
from serve_app.conversations import ConversationStore
from serve_app.navigator import Navigator
from serve_app.navigator_shelf import EngineSettings
from serve_app.personal import Personal
from serve_app.pictures import PictureReader
from serve_app.query_encoder import QueryEncoder
from serve_app.retriever import Retriever
from serve_app.shop import Shop
from serve_app.taste_scorer import TasteScorer

SETTINGS = EngineSettings(options={"dtype": "float32", "max_num_seqs": 4})
_numbers = itertools.count()


def run(deployment, release_uri, *arguments, **more):
    """A local handle of one deployment."""
    batching._BatchQueue._warn_if_max_batch_size_exceeds_max_ongoing_requests = lambda self: None
    application = serve.deployment()(deployment).bind(release_uri, *arguments, poll_s=0.3, **more)
    return serve.run(application, name=f"{deployment.__name__}-{next(_numbers)}", _local_testing_mode=True)


class Handles:
    """Local handles of a whole application."""

    def __init__(self, release_uri, database, **navigator):
        self.database = database
        self.encoder = run(QueryEncoder, release_uri)
        self.retriever = run(Retriever, release_uri)
        self.scorer = run(TasteScorer, release_uri, database)
        self.navigator = run(Navigator, release_uri, **{"settings": SETTINGS, **navigator})

    def application(self, navigator=None, settings=None, keys=None, **api):
        """The FastAPI application over the handles; with another Navigator, keys, settings of turns or of the API."""
        pictures = PictureReader()
        store = ConversationStore(self.database)
        assistant = Assistant(
            navigator or self.navigator, self.encoder, self.retriever, self.scorer, pictures, store, settings
        )
        shop = Shop(self.encoder, self.retriever, pictures, Personal(self.scorer, self.retriever, store))
        return create_api(shop, ApiSettings(**api), assistant, keys=keys)


class Said:
    """The events of one turn."""

    def __init__(self, events):
        self.events = events
        self.names = [name for name, _ in events]

    def __getitem__(self, name):
        return next(data for event, data in self.events if event == name)

    @property
    def ids(self):
        return [item["id"] for item in self["items"]["items"]]

    @property
    def text(self):
        return "".join(data["text"] for name, data in self.events if name == "delta")


def read_events(text):
    """(name, data) of each event of a stream."""
    events = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


class Client:
    """Talks to the assistant."""

    def __init__(self, http):
        self.http = http

    async def say(self, message="", **more):
        answer = await self.http.post("/v1/chat", json={"message": message, **more})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return Said(read_events(answer.text))


@asynccontextmanager
async def client(application):
    """A client of an application in this process."""
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as http:
        yield Client(http)
