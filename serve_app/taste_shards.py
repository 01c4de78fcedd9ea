"""A taste model whose items are in other deployments: asked of all of them, and put together.

A shard that does not answer in time, or has no replica left, is left out: what it holds is not proposed and counts as
unknown until it is back. A page of a feed without some of the catalogue is better than none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from ray.serve.handle import DeploymentHandle

from serve_app import metrics
from serve_app.errors import Full, Unavailable
from serve_app.handles import call
from serve_app.model_copy import Copy
from taste.complements import KIN, NOBODY, Scored
from taste.excerpt import Excerpt, Working, join
from taste.model import Floats, largest
from taste.nominate import Nominations, Pick, Wanted
from taste.shards import Common, shard_of
from taste.walk import sources_of

T = TypeVar("T")

PATIENCE_S = 2.0
"""How long a shard may take."""

OPENED_WITHIN_S = 60.0
"""How long the shards of a new release are waited for before it becomes the one that requests get."""

_MOST_COMPANY = 300
"""Of an item's company, so many are looked at for those of other kinds."""

NO_ROWS: NDArray[np.int64] = np.empty(0, np.int64)

logger = logging.getLogger(__name__)


class ShardedTaste:
    """The model of a release, whose shard n is held by `deployments[n mod their number]`. See `Taste`."""

    def __init__(
        self, common: Common, release: str, deployments: Sequence[DeploymentHandle], copy: Copy = None
    ) -> None:
        self._common = common
        self._release = release
        self._deployments = deployments
        self._copy = copy
        self._all = range(common.shards)

    def of(self, release: str) -> "ShardedTaste":
        """The same model as another release has it."""
        return ShardedTaste(self._common, release, self._deployments, self._copy)

    async def ready(self) -> None:
        """See Taste."""
        opened = asyncio.gather(*(call(one.hold, self._release) for one in self._deployments))
        try:
            await asyncio.wait_for(opened, OPENED_WITHIN_S)
        except (Unavailable, Full, TimeoutError) as error:
            logger.warning("not every taste shard of release %s is open: %s", self._release, error)

    async def about(
        self, ids: Sequence[str], working: Working | None = None, beside: NDArray[np.integer] = NO_ROWS
    ) -> Working:
        """See Taste."""
        owners = shard_of(ids, self._common.shards) if ids else NO_ROWS
        by_shard: dict[int, list[str]] = {}
        for id_, owner in zip(ids, owners.tolist(), strict=True):
            by_shard.setdefault(owner, []).append(id_)
        rows = working.whole_rows(beside) if working else NO_ROWS
        return self._joined(working, await self._cut_out(by_shard, {}, rows))

    async def nominate(self, wanted: Wanted) -> list[Nominations]:
        """See Taste."""
        found = await self._ask(self._all, lambda shard: self._call("nominate", shard, wanted))
        return [found.get(shard, Nominations.none(len(wanted.vectors))) for shard in self._all]

    async def picked(
        self, working: Working, picks: Sequence[Pick], rows: NDArray[np.integer]
    ) -> tuple[list[str | None], Working]:
        """See Taste."""
        places = [(pick.shard, pick.row) for pick in picks]
        excerpts = await self._cut_out({}, _by_shard(places), working.whole_rows(rows))
        names = _names(_by_shard(places), excerpts)
        return [names.get(place) for place in places], self._joined(working, excerpts)

    async def kin(self, output: Floats, kind: str | None, item: str) -> tuple[Scored, Working]:
        """See Taste."""
        found = await self._ask(self._all, lambda shard: self._call("find_kin", shard, output, kind, item))
        return await self._best(found, KIN)

    async def company(self, working: Working, rows: NDArray[np.integer], weights: Floats) -> tuple[Scored, Working]:
        """See Taste."""
        model = working.model
        asked = (
            [model.items[row] for row in rows],
            sources_of(model.graph, rows).out,
            working.whole_rows(rows),
            weights,
            _MOST_COMPANY,
        )
        found = await self._ask(self._all, lambda shard: self._call("find_company", shard, *asked))
        return await self._best(found, _MOST_COMPANY)

    async def _best(self, found: Mapping[int, Scored], most: int) -> tuple[Scored, Working]:
        """The best of what several shards found, as rows of a model that is made of them."""
        scores = np.concatenate([NOBODY.scores, *(one.scores for one in found.values())])
        places = [(shard, row) for shard, one in found.items() for row in one.rows.tolist()]
        order = largest(scores, most)
        best = [places[n] for n in order]
        excerpts = await self._cut_out({}, _by_shard(best), NO_ROWS)
        names = _names(_by_shard(best), excerpts)
        working = join(self._common.model, list(excerpts.values()))
        here = [n for n, place in enumerate(best) if place in names]
        rows = working.model.rows.find([names[best[n]] for n in here])
        return Scored(rows, scores[order][here]), working

    def _joined(self, working: Working | None, excerpts: Mapping[int, Excerpt]) -> Working:
        return join(self._common.model, [*(working.excerpts if working else ()), *excerpts.values()])

    async def _cut_out(
        self, ids: Mapping[int, Sequence[str]], rows: Mapping[int, Sequence[int]], beside: NDArray[np.int64]
    ) -> dict[int, Excerpt]:
        """Items of each shard, by id or by row."""
        asked = sorted({*ids, *rows})
        return await self._ask(
            asked, lambda shard: self._call("cut_out", shard, ids.get(shard, ()), rows.get(shard, ()), beside)
        )

    def _call(self, method: str, shard: int, *arguments: Any) -> Awaitable[Any]:
        deployment = self._deployments[shard % len(self._deployments)]
        return call(getattr(deployment, method), self._release, shard, *arguments)

    async def _ask(self, shards: Sequence[int], one: Callable[[int], Awaitable[T]]) -> dict[int, T]:
        """Ask shards side by side; those that cannot answer are left out.

        Raises:
            Unavailable: all were asked, and none answered.
        """
        asked = {asyncio.ensure_future(one(shard)): shard for shard in shards}
        try:
            done, _ = await asyncio.wait(asked, timeout=PATIENCE_S) if asked else (set(), set())
        finally:
            for task in asked:
                task.add_done_callback(_hear)
                task.cancel()
        found = {asked[task]: task.result() for task in done if not isinstance(task.exception(), _MISSING)}
        if missing := len(shards) - len(found):
            metrics.shards_missing(missing)
            logger.warning("%d of %d taste shards did not answer", missing, len(shards))
            if not found and len(shards) == self._common.shards:
                raise Unavailable("no shard of the taste model answers")
        return {shard: found[shard] for shard in shards if shard in found}


_MISSING = (Unavailable, Full)


def _hear(task: asyncio.Future[Any]) -> None:
    """Take note of how a call ended that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _by_shard(places: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    rows: dict[int, set[int]] = {}
    for shard, row in places:
        rows.setdefault(shard, set()).add(row)
    return {shard: sorted(some) for shard, some in rows.items()}


def _names(rows: Mapping[int, Sequence[int]], excerpts: Mapping[int, Excerpt]) -> dict[tuple[int, int], str]:
    """Ids of rows [ascending] of shards; rows of those that did not answer have none."""
    return {
        (shard, row): id_
        for shard, excerpt in excerpts.items()
        for row, id_ in zip(rows[shard], excerpt.ids, strict=True)
    }
