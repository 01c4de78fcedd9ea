"""The API with people in it, in this process: a client with the calls that the tests of feeds and taste make."""

import itertools
from contextlib import asynccontextmanager

import httpx
from ray import serve
from ray.serve import batching

from serve_app.api import ApiSettings, create_api
from serve_app.personal import Personal
from serve_app.pictures import PictureReader
from serve_app.query_encoder import QueryEncoder
from serve_app.retriever import Retriever
from serve_app.shop import Shop
from serve_app.taste_scorer import TasteScorer

_numbers = itertools.count()


def deploy(release_uri, database, holders=()):
    """Local handles (encoder, retriever, scorer) over a store. `holders`: classes that hold the shards of a model."""
    batching._BatchQueue._warn_if_max_batch_size_exceeds_max_ongoing_requests = lambda self: None
    number = next(_numbers)

    def bound(deployment, name, *args):
        return serve.deployment(name=name)(deployment).bind(release_uri, *args, poll_s=0.3)

    def run(deployment, name, *args):
        return serve.run(bound(deployment, name, *args), name=f"{name}-{number}", _local_testing_mode=True)

    shards = [bound(holder, f"shard-{n}", n, len(holders)) for n, holder in enumerate(holders)]
    return run(QueryEncoder, "encoder"), run(Retriever, "retriever"), run(TasteScorer, "scorer", database, shards)


def application(encoder, retriever, scorer):
    """The FastAPI application over such handles."""
    return create_api(Shop(encoder, retriever, PictureReader(), Personal(scorer, retriever)), ApiSettings())


class Client:
    """Calls the API and unwraps its answers."""

    def __init__(self, http):
        self.http = http

    async def act(self, person, items, kind="save", **more):
        """One event for each item; returns what became of them."""
        events = [
            {"id": f"{person}-{next(_numbers)}", "user_id": person, "kind": kind, "item_id": item, **more}
            for item in items
        ]
        return await self.record(events)

    async def record(self, events):
        return self._ok(await self.http.post("/v1/events", json={"events": events}))

    async def feed(self, person=None, **more):
        asked = {"user_id": person, **more} if person else more
        return self._ok(await self.http.get("/v1/feed", params=asked))

    async def taste(self, person):
        return self._ok(await self.http.get(f"/v1/users/{person}/taste"))

    async def mark(self, person, interest, mark):
        return self._ok(await self.http.patch(f"/v1/users/{person}/taste/interests/{interest}", json={"mark": mark}))

    async def forget(self, person, what=""):
        return self._ok(await self.http.delete(f"/v1/users/{person}/taste{what}"))["forgotten"]

    async def search(self, **request):
        return self._ok(await self.http.post("/v1/search", json=request))

    @staticmethod
    def _ok(answer):
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def client(handles):
    """A client over handles."""
    transport = httpx.ASGITransport(app=application(*handles), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as http:
        yield Client(http)
