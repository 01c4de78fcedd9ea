"""What a replica of the scorer holds of one release for taste: its model, the way to its shards, or nothing."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from ray.serve.handle import DeploymentHandle

from catalog.errors import NotFound, VersionMismatch
from catalog.release import ModelRef, Release, ReleaseStore
from serve_app.model_copy import Copy, fetch
from serve_app.taste_shards import NO_ROWS, ShardedTaste
from taste.complements import Scored, find_company, find_kin
from taste.excerpt import Working
from taste.model import Floats, TasteModel
from taste.nominate import Nominations, Pick, Wanted, nominate
from taste.shards import load_common, shards_of
from taste.walk import sources_of

logger = logging.getLogger(__name__)


class Taste(Protocol):
    """A taste model, whoever holds its items. A `Working` is a model with all that was asked for, and maybe more."""

    async def ready(self) -> None:
        """Wait until it can answer, or until that takes too long."""

    async def about(
        self, ids: Sequence[str], working: Working | None = None, beside: NDArray[np.integer] = NO_ROWS
    ) -> Working:
        """A model that has these items, those of them that there are, beside what `working` has, and the company that
        they keep with the items at rows `beside` of it."""

    async def nominate(self, wanted: Wanted) -> list[Nominations]:
        """Candidates, by shard."""

    async def picked(
        self, working: Working, picks: Sequence[Pick], rows: NDArray[np.integer]
    ) -> tuple[list[str | None], Working]:
        """The ids of chosen candidates, None of one that is gone, and a model that has them too, with the company that
        they keep with `rows`."""

    async def kin(self, output: Floats, kind: str | None, item: str) -> tuple[Scored, Working]:
        """The nearest items of a kind, as rows of a model."""

    async def company(self, working: Working, rows: NDArray[np.integer], weights: Floats) -> tuple[Scored, Working]:
        """Items that are found with those at `rows` of `working`, as rows of a model."""


class WholeTaste:
    """A model that this replica maps into memory. Shared by releases that have the same."""

    def __init__(self, model: TasteModel, copy: Copy = None) -> None:
        self.model = model
        self._working = Working(model)
        self._copy = copy  # lives as long as the arrays that are mapped from it
        _ = (model.popular, model.survey)  # which the first request would otherwise wait for

    async def ready(self) -> None:
        """See Taste."""

    async def about(
        self, ids: Sequence[str], working: Working | None = None, beside: NDArray[np.integer] = NO_ROWS
    ) -> Working:
        """See Taste."""
        return self._working

    async def nominate(self, wanted: Wanted) -> list[Nominations]:
        """See Taste."""
        return [await asyncio.to_thread(nominate, self.model, wanted)]

    async def picked(
        self, working: Working, picks: Sequence[Pick], rows: NDArray[np.integer]
    ) -> tuple[list[str | None], Working]:
        """See Taste."""
        return [self.model.items[pick.row] for pick in picks], self._working

    async def kin(self, output: Floats, kind: str | None, item: str) -> tuple[Scored, Working]:
        """See Taste."""
        return await asyncio.to_thread(find_kin, self.model, output, kind, item), self._working

    async def company(self, working: Working, rows: NDArray[np.integer], weights: Floats) -> tuple[Scored, Working]:
        """See Taste."""
        sources = sources_of(self.model.graph, rows)
        return await asyncio.to_thread(find_company, self.model, sources, rows.tolist(), weights), self._working


class TasteShelf:
    """One release: `taste` is None where it has no model, or one that must not be used with its vectors."""

    def __init__(self, release: Release, taste: Taste | None) -> None:
        self.release = release
        self.taste = taste


def open_shelf(
    store: ReleaseStore, release: Release, held: Sequence[TasteShelf], shards: Sequence[DeploymentHandle] = ()
) -> TasteShelf:
    """Load a release's taste model, or take it over from a release that is open and has the same.

    A model that is missing, or was trained on vectors of another encoder, is refused with a line in the log; the shop
    goes on without personal taste rather than with a wrong one.

    Args:
        shards: deployments that hold the shards of models that have some; without any, models are held whole.
    """
    ref = release.taste
    if ref is None:
        return TasteShelf(release, None)
    for shelf in held:
        if shelf.taste is not None and shelf.release.taste == ref and _encoder(shelf.release) == _encoder(release):
            same = shelf.taste
            return TasteShelf(release, same.of(release.id) if isinstance(same, ShardedTaste) else same)
    try:
        if ref.encoder_version != _encoder(release):
            raise VersionMismatch(
                f"its taste model was trained on vectors of encoder {ref.encoder_version!r}, not of "
                f"{_encoder(release)!r}"
            )
        return TasteShelf(release, _open(store, release, ref, shards))
    except (NotFound, VersionMismatch) as error:
        logger.error("release %s is served without taste: %s", release.id, error)
        return TasteShelf(release, None)


def _open(store: ReleaseStore, release: Release, ref: ModelRef, shards: Sequence[DeploymentHandle]) -> Taste:
    version = _encoder(release)
    if shards:
        try:
            folder, copy = fetch(store, f"{shards_of(ref.path)}/common")
            return ShardedTaste(load_common(folder, encoder_version=version), release.id, shards, copy)
        except NotFound:
            logger.warning(
                "the taste model of release %s is not split: every replica maps all of it. "
                "`python -m batch.train_taste --shards N` splits the next one",
                release.id,
            )
    folder, copy = fetch(store, ref.path)
    return WholeTaste(TasteModel.load(folder, encoder_version=version), copy)


def _encoder(release: Release) -> str:
    return release.encoder.version
