"""The deployment that holds shards of taste models, for models that outgrow the memory of the scorer's node.

There is one deployment for each share of the shards, `TasteShard0`, `TasteShard1` and so on, for requests go to the
share that holds an item and not to any replica; the replicas of one deployment hold the same. The scorer asks all of
them and puts the answers together.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from catalog.errors import NotFound
from catalog.release import ModelRef, Release, ReleaseStore
from serve_app.errors import Unavailable
from serve_app.live import Live
from serve_app.logs import join_serve_log
from serve_app.model_copy import Copy, fetch
from taste.complements import Scored, find_company, find_kin
from taste.excerpt import Excerpt, cut_out
from taste.model import Floats
from taste.nominate import Nominations, Wanted, nominate
from taste.shards import Shard, load_common, load_shard, shard_name, shards_of
from taste.walk import Sources, warm_up

if TYPE_CHECKING:
    from taste.graph import Csr, Relation


@dataclass(frozen=True, eq=False)
class HeldShards:
    """Of one release's model, those that are this deployment's; none where it has none."""

    model: ModelRef | None
    shards: dict[int, Shard]
    copies: tuple[Copy, ...]


class TasteShard:
    """Answers for some of a taste model's items.

    Args:
        release_uri: the release store.
        number: of this deployment, from 0; it holds each shard n with n mod `deployments` = `number`.
        deployments: how many there are.
    """

    async def __init__(self, release_uri: str, number: int, deployments: int, *, poll_s: float = 3.0) -> None:  # type: ignore[misc]  # Serve awaits it
        join_serve_log()
        self._store = ReleaseStore(release_uri)
        self._number, self._deployments = number, deployments
        self._live: Live[HeldShards] = Live(self._store, self._open, poll_s)
        await asyncio.to_thread(warm_up)
        await self._live.start()

    async def check_health(self) -> None:
        """Called by Serve: a thread must be free within the health check's time limit."""
        await asyncio.to_thread(int)

    async def hold(self, release: str) -> None:
        """Open a release's shards, and answer when they are open. Raises ReleaseGone."""
        await self._live.get(release)

    async def cut_out(
        self, release: str, shard: int, ids: Sequence[str], rows: Sequence[int], beside: NDArray[np.int64]
    ) -> Excerpt:
        """Items by id, those that are here, and by the shard's rows. `beside`: as `taste.excerpt.cut_out` has it."""
        held = await self._shard(release, shard)
        found = held.model.rows.find(ids)
        wanted = np.union1d(found[found >= 0], np.asarray(rows, np.int64))
        return await asyncio.to_thread(cut_out, held.model, wanted, held.in_whole, beside)

    async def nominate(self, release: str, shard: int, wanted: Wanted) -> Nominations:
        """Candidates among a shard's items."""
        return await asyncio.to_thread(nominate, (await self._shard(release, shard)).model, wanted)

    async def find_kin(self, release: str, shard: int, output: Floats, kind: str | None, item: str) -> Scored:
        """The nearest of a kind among a shard's items."""
        return await asyncio.to_thread(find_kin, (await self._shard(release, shard)).model, output, kind, item)

    async def find_company(
        self,
        release: str,
        shard: int,
        ids: Sequence[str],
        out: "dict[Relation, Csr]",
        in_whole: NDArray[np.int64],
        weights: Floats,
        most: int,
    ) -> Scored:
        """A shard's items that are found with some of any shard: at most so many, best first."""
        model = (await self._shard(release, shard)).model
        sources = Sources(model.rows.find(ids), out)
        found = await asyncio.to_thread(find_company, model, sources, in_whole, weights)
        return Scored(found.rows[:most], found.scores[:most])

    async def _shard(self, release: str, shard: int) -> Shard:
        held = await self._live.get(release)
        if shard not in held.shards:
            raise Unavailable(f"shard {shard} of the taste model of release {release} is not kept here")
        return held.shards[shard]

    async def _open(self, release: Release) -> HeldShards:
        for held in self._live.held:
            if held.model == release.taste:
                return held
        return await asyncio.to_thread(self._load, release)

    def _load(self, release: Release) -> HeldShards:
        if release.taste is None:
            return HeldShards(None, {}, ())
        root = shards_of(release.taste.path)
        try:
            folder, copy = fetch(self._store, f"{root}/common")
            common = load_common(folder)
        except NotFound:  # it is not split, and the scorer holds it
            return HeldShards(release.taste, {}, ())
        shards, copies = {}, [copy]
        for number in range(self._number, common.shards, self._deployments):
            folder, copy = fetch(self._store, f"{root}/{shard_name(number)}")
            shards[number] = load_shard(folder, common.model)
            _ = shards[number].model.popular  # which the first request would otherwise wait for
            copies.append(copy)
        return HeldShards(release.taste, shards, tuple(copies))
