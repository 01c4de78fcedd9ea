"""`/readyz` says what is missing, `/healthz` does not care."""

import asyncio
import itertools

import httpx
from ray import serve

from serve_app import readiness
from serve_app.api import ApiSettings, create_api
from serve_app.personal import Personal
from serve_app.pictures import PictureReader
from serve_app.retriever import Retriever
from serve_app.shop import Shop
from serve_app.taste_scorer import TasteScorer

NO_DATABASE = "postgresql://shop@127.0.0.1:1/none"
_numbers = itertools.count()


def local(deployment, *arguments):
    application = serve.deployment()(deployment).bind(*arguments)
    return serve.run(application, name=f"readiness-{next(_numbers)}", _local_testing_mode=True)


async def ask(shop, path="/readyz"):
    transport = httpx.ASGITransport(app=create_api(shop, ApiSettings()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        return await client.get(path)


async def test_ready_with_every_part(handles, release_uri, tmp_path):
    encoder, retriever = handles
    scorer = local(TasteScorer, release_uri, f"sqlite:///{tmp_path}/events.db")
    answer = await ask(Shop(encoder, retriever, PictureReader(), Personal(scorer, retriever)))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"status": "ok", "release": "r1", "assistant": False}


async def test_a_database_that_is_away_is_named(handles, release_uri):
    encoder, retriever = handles
    shop = Shop(encoder, retriever, PictureReader(), Personal(local(TasteScorer, release_uri, NO_DATABASE), retriever))
    answer = await ask(shop)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    problem = answer.json()
    assert problem["type"] == "urn:windowshop:problem:not_ready"
    assert "events: the event database does not answer" in problem["detail"]
    assert "127.0.0.1" not in answer.text  # the probe needs no key, and tells nobody where the database is
    assert "encoder" not in problem["detail"]
    assert (await ask(shop, "/healthz")).status_code == 200


async def test_a_release_that_is_missing_is_named(handles, tmp_path):
    encoder, _ = handles
    answer = await ask(Shop(encoder, local(Retriever, str(tmp_path)), PictureReader()))
    assert answer.status_code == 503
    assert "release: no release is live" in answer.json()["detail"]


class Stuck:
    async def version(self):
        await asyncio.sleep(60)


async def test_a_part_that_hangs_does_not_hang_the_probe(handles, monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    answer = await ask(Shop(local(Stuck), handles[1], PictureReader()))
    assert answer.status_code == 503
    assert "encoder: no answer within 0.05 s" in answer.json()["detail"]
