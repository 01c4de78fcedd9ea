"""Encoder versions while releases change: vectors of one version never meet a table of another."""

import asyncio

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import NotFound
from catalog.release import ReleaseStore
from serve_app.errors import EncoderBehind, NoRelease, ReleaseGone
from serve_app.live import KEEP, Live
from serve_app.pictures import PictureReader
from serve_app.query import EncodedQuery
from serve_app.retriever import Found, Lookup
from serve_app.shop import Shop
from serve_app.timing import Stages
from tests.serve_app.tiny_shop import add_release, made_items


class Method:
    """A deployment's method behind a handle."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = []

    async def remote(self, argument):
        self.calls.append(argument)
        return self.answer(argument)


class Deployments:
    """An encoder and a retriever that hold given encoder versions, the live one first."""

    def __init__(self, encoder, retriever):
        self.encoders, self.releases = encoder, retriever
        self.encode, self.find = Method(self._encode), Method(self._find)

    def _encode(self, query):
        version = query.version if query.version in self.encoders else self.encoders[0]
        words = np.ones(3, np.float32) if query.changes_items else None
        return EncodedQuery(version, {"joint_vector": [np.zeros(2, np.float32)]}, words)

    def _find(self, lookup):
        for version in self.releases:
            if version == lookup.encoder_version:
                return Found(f"r-{version}", pa.table({"id": ["a"]}), live_encoder=self.releases[0])
        raise EncoderBehind(self.releases[0], lookup.encoder_version)


async def answered_by(both, shop=None, **lookup):
    shop = shop or Shop(both, both, PictureReader())
    return (await shop.find(Lookup(text="lamp", **lookup), None, Stages())).release


async def test_the_encoder_is_ahead():
    """The query is encoded once more, with the version that the open release has."""
    both = Deployments(encoder=["v2", "v1"], retriever=["v1"])
    assert await answered_by(both) == "r-v1"
    assert [query.version for query in both.encode.calls] == [None, "v1"]


async def test_the_table_is_ahead():
    """Until the new encoder is loaded, the release before goes on answering."""
    assert await answered_by(Deployments(encoder=["v1"], retriever=["v2", "v1"])) == "r-v1"


async def test_they_cannot_meet():
    """Rather no answer, and soon another try, than vectors of two versions compared."""
    with pytest.raises(EncoderBehind):
        await answered_by(Deployments(encoder=["v2"], retriever=["v1"]))


async def test_a_page_of_a_release_whose_encoder_is_gone():
    """A cursor of a release that can no longer be searched says so instead of asking to try again for ever."""
    with pytest.raises(ReleaseGone):
        await answered_by(Deployments(encoder=["v2"], retriever=["v1"]), release="r-v1")


async def test_what_was_remembered_is_not_kept_past_its_encoder():
    """A popular query that is remembered moves on to the new release with everybody else."""
    both = Deployments(encoder=["v1"], retriever=["v1"])
    shop = Shop(both, both, PictureReader())
    assert await answered_by(both, shop) == "r-v1"
    both.encoders, both.releases = ["v2", "v1"], ["v2", "v1"]
    assert await answered_by(both, shop) == "r-v2"


async def test_words_beside_items_are_read_as_a_change_of_them():
    """ "Like these, but in red": the composer's reading of the words travels to where the items' vectors are."""
    both = Deployments(encoder=["v1"], retriever=["v1"])
    shop = Shop(both, both, PictureReader())
    assert await answered_by(both, shop) == await answered_by(both, shop, item_ids=("a",)) == "r-v1"
    assert [query.changes_items for query in both.encode.calls] == [False, True]
    assert [lookup.words is None for lookup in both.find.calls] == [True, False]


async def test_following_the_pointer(tmp_path):
    """A replica waits for the first release, follows each promotion, and keeps the last few open."""

    async def load(release):
        if release.id == "bad":
            raise NotFound("its table is missing")
        if release.id == "odd":
            raise KeyError("format")
        return release.id

    live = Live(ReleaseStore(tmp_path), load, poll_s=0.05)
    await live.start()
    with pytest.raises(NoRelease):
        _ = live.current
    for number in range(KEEP + 2):
        add_release(tmp_path, made_items(2), f"r{number}")
        await _until(lambda number=number: live.id == f"r{number}")
    assert live.held == ["r4", "r3", "r2"]
    assert await live.get("r0") == "r0"  # opened again for a page cursor
    assert live.current == "r4"
    for broken in ("bad", "odd"):
        add_release(tmp_path, made_items(2), broken)
        await asyncio.sleep(0.3)
        assert live.current == "r4"
    add_release(tmp_path, made_items(2), "mended")
    await _until(lambda: live.id == "mended")
    with pytest.raises(ReleaseGone):
        await live.get("never-was")
    live.stop()


async def _until(condition, seconds=30.0):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to pass")
