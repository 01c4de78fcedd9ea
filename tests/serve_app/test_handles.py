"""A replica that dies with a request in it costs the caller a moment, not an answer."""

import pytest
from ray.exceptions import ActorDiedError

from catalog.errors import NotFound
from serve_app import handles
from serve_app.errors import Unavailable


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(handles, "_PAUSE_S", 0.001)


class Deployment:
    """Stands in for a handle's method; each replica that is asked dies until `deaths` are used up."""

    def __init__(self, deaths, *, words=("one", "two"), dies_after=0):
        self.deaths, self.words, self.dies_after = deaths, words, dies_after
        self.asked = self.cancelled = 0

    def options(self, **_):
        return _Streaming(self)

    async def remote(self, *arguments, **named):
        self.asked += 1
        if self.asked <= self.deaths:
            raise ActorDiedError()
        return arguments, named


class _Streaming:
    def __init__(self, deployment):
        self.of = deployment

    def remote(self, *_):
        self.of.asked += 1
        self.words = iter(self.of.words)
        self.left = self.of.dies_after if self.of.asked <= self.of.deaths else None
        return self

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise ActorDiedError()
        if self.left is not None:
            self.left -= 1
        word = next(self.words, None)
        if word is None:
            raise StopAsyncIteration
        return word

    def cancel(self):
        self.of.cancelled += 1


async def test_another_replica_is_asked_where_one_dies():
    deployment = Deployment(deaths=2)
    assert await handles.call(deployment, 1, two=2) == ((1,), {"two": 2})
    assert deployment.asked == 3


async def test_what_keeps_dying_is_unavailable():
    with pytest.raises(Unavailable):
        await handles.call(Deployment(deaths=3))


async def test_what_a_deployment_raises_is_not_asked_again():
    class Refuses(Deployment):
        async def remote(self, *_, **__):
            self.asked += 1
            raise NotFound("no such thing")

    deployment = Refuses(0)
    with pytest.raises(NotFound):
        await handles.call(deployment)
    assert deployment.asked == 1


async def test_an_answer_begins_anew_only_before_its_first_word():
    early = Deployment(deaths=1, dies_after=0)
    assert [word async for word in handles.stream(early)] == ["one", "two"]
    late, heard = Deployment(deaths=1, dies_after=1), []
    with pytest.raises(Unavailable):
        async for word in handles.stream(late):
            heard.append(word)
    assert (heard, late.asked) == (["one"], 1)


async def test_leaving_a_stream_ends_the_work_over_there():
    deployment = Deployment(deaths=0)
    stream = handles.stream(deployment)
    assert await anext(stream) == "one"
    await stream.aclose()
    assert deployment.cancelled == 1
