"""A taste model that other deployments share: what happens when some of them are gone, late, or not asked."""

import asyncio
import logging

import psutil
import pytest

from serve_app import taste_shards
from serve_app.errors import Unavailable
from serve_app.taste_shard import TasteShard
from taste.shards import shard_of
from tests.serve_app.personal_api import client, deploy
from tests.serve_app.serve_process import answers, serve_run
from tests.serve_app.tiny_taste import ITEMS, add_tasteful_release, of_color, split


class Gone(TasteShard):
    """A deployment without a replica."""

    async def cut_out(self, *arguments):
        raise Unavailable("no replica")

    nominate = find_kin = find_company = cut_out


class Late(TasteShard):
    """A deployment whose node is paging."""

    async def nominate(self, *arguments):
        await asyncio.sleep(5)
        return await super().nominate(*arguments)


@pytest.fixture
def store(tmp_path):
    add_tasteful_release(tmp_path)
    split(tmp_path, 2)
    return tmp_path


def serving(store, *holders):
    return client(deploy(str(store), f"sqlite:///{store / 'events.db'}", holders))


def in_shard(number, ids):
    ids = list(ids)
    return {id_ for id_, shard in zip(ids, shard_of(ids, 2), strict=True) if shard == number}


@pytest.mark.parametrize("other", [Gone, Late], ids=["gone", "late"])
async def test_a_feed_does_without_a_shard_that_does_not_answer(store, other, monkeypatch, caplog):
    """Half of the catalogue is not proposed, and the page is there in time all the same."""
    monkeypatch.setattr(taste_shards, "PATIENCE_S", 0.5)
    green = of_color("green")
    async with serving(store, TasteShard, other) as api:
        await api.act("ana", green[:8])
        page = await asyncio.wait_for(api.feed("ana", adventurousness=0, limit=12), 4)
    shown = {item["id"] for item in page["items"]}
    assert len(shown) == 12 and shown <= in_shard(0, ITEMS)
    assert page["personal"] and "1 of 2 taste shards did not answer" in caplog.text
    assert any(item["colors"] == ["green"] for item in page["items"])


async def test_events_and_searches_do_not_need_shards(store):
    """With no shard left a feed is a 503 that says so; events are kept, and a stranger's search finds."""
    async with serving(store, Gone, Gone) as api:
        assert (await api.act("ana", of_color("red")[:3]))["added"] == 3
        answer = await api.http.get("/v1/feed", params={"user_id": "ana"})
        assert answer.status_code == 503 and "try again" in answer.json()["detail"]
        assert (await api.search(text="lamp", limit=5))["items"]


async def test_a_model_that_is_not_split_is_held_whole(tmp_path, caplog):
    """Deployments for shards that the model does not have are no reason to be without taste."""
    add_tasteful_release(tmp_path)
    with caplog.at_level(logging.WARNING):
        async with serving(tmp_path, TasteShard) as api:
            await api.act("ana", of_color("blue")[:6])
            page = await api.feed("ana", adventurousness=0, limit=10)
    assert page["personal"] and "--shards" in caplog.text


async def test_both_ways_choose_alike(store):
    """The same events lead to nearly the same page from the whole model and from its shards."""
    pages = []
    for holders in ((), (TasteShard, TasteShard)):
        async with serving(store, *holders) as api:
            if not pages:
                await api.act("ana", [*of_color("green", "lamp")[:5], *of_color("red", "vase")[:5]])
            pages.append([item["id"] for item in (await api.feed("ana", adventurousness=0, limit=24))["items"]])
    assert len({*pages[0]} & {*pages[1]}) >= 18
    assert in_shard(0, pages[1]) and in_shard(1, pages[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_real_shard_dies_and_comes_back(store, tmp_path):
    """On a real Serve: kill -9 of a shard's replica costs no request, and what it held is back after its restart."""
    import httpx

    small = [{"name": f"TasteShard{n}", "ray_actor_options": {"num_cpus": 0.1}} for n in range(2)]

    def change(config):
        config["applications"][0]["args"] |= {"release": str(store), "taste_shards": 2}
        config["applications"][0]["deployments"] += small

    with serve_run(tmp_path, change) as serving:
        serving.wait_until(lambda url: answers(f"{url}/readyz"))
        async with httpx.AsyncClient(base_url=serving.url, timeout=60) as http:
            events = [
                {"id": f"e{n}", "user_id": "ana", "kind": "save", "item_id": item}
                for n, item in enumerate(of_color("green")[:8])
            ]
            assert (await http.post("/v1/events", json={"events": events})).status_code == 200

            async def feed():
                answer = await http.get("/v1/feed", params={"user_id": "ana", "limit": 24})
                assert answer.status_code == 200, answer.text
                return {item["id"] for item in answer.json()["items"]}

            before = await feed()
            assert in_shard(0, before) and in_shard(1, before)
            _replica(serving.process, "TasteShard0").kill()
            for _ in range(120):
                if in_shard(0, shown := await feed()) and in_shard(1, shown):
                    break
                assert in_shard(1, shown)
                await asyncio.sleep(0.5)
            assert in_shard(0, shown) and in_shard(1, shown), serving.log.read_text()[-3000:]


def _replica(process, deployment):
    """The process of a deployment's replica, below a `serve run`."""
    for child in psutil.Process(process.pid).children(recursive=True):
        if deployment in " ".join(child.cmdline()):
            return child
    raise LookupError(deployment)
