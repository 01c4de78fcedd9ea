"""What a replica holds of one release for taste: its model, mapped into memory, or nothing if it has none."""

import logging
import tempfile
from collections.abc import Sequence
from functools import cached_property

import fsspec
import numpy as np
from numpy.typing import NDArray

from catalog.errors import NotFound, VersionMismatch
from catalog.release import ModelRef, Release, ReleaseStore
from serve_app.personal_cursor import HASH_BYTES, as_numbers
from taste.model import TasteModel

LANDMARKS = 14
"""Named regions of the taste map."""

_KINDS_OF_LANDMARKS = ("style", "category")

logger = logging.getLogger(__name__)


class LoadedTaste:
    """A taste model and what is worked out from it once. Shared by releases that have the same model."""

    def __init__(self, ref: ModelRef, model: TasteModel, copy: tempfile.TemporaryDirectory[str] | None) -> None:
        self.ref = ref
        self.model = model
        self._copy = copy  # lives as long as the arrays that are mapped from it
        self.warm_up()

    def warm_up(self) -> None:
        """Work out what the first request would otherwise wait for."""
        _ = (self.model.popular, self.model.plane, self.model.typical_distance, self.landmarks)

    def shown(self, hashes: bytes) -> frozenset[str]:
        """Ids of the model's items that have one of these hashes."""
        if not hashes:
            return frozenset()
        rows = self.model.rows.beginning(as_numbers(hashes), 8 * HASH_BYTES)
        return frozenset(self.model.items[row] for row in rows.tolist())

    def positions(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Items' places on the taste map: [n] rows → [n, 2]."""
        centre, axes = self.model.plane
        positions: NDArray[np.float32] = np.asarray((self.model.factors.outputs[rows] - centre) @ axes, np.float32)
        return positions

    @cached_property
    def landmarks(self) -> tuple[tuple[str, float, float], ...]:
        """(name, x, y) of the most frequent styles and kinds of thing, each in the middle of its items."""
        graph = self.model.graph
        names = graph.names.get("concepts", [])
        back = graph.links["concepts"].back
        counts = np.diff(back.indptr)
        found = []
        for node in np.argsort(-counts, kind="stable"):
            kind, _, name = names[node].partition(":") if node < len(names) else ("", "", "")
            common = counts[node] > len(self.model.items) / 2  # what everything is says nothing
            if kind in _KINDS_OF_LANDMARKS and counts[node] > 1 and not common:
                x, y = self.positions(back.neighbours(int(node))).mean(axis=0)
                found.append((name, float(x), float(y)))
            if len(found) == LANDMARKS:
                break
        return tuple(found)


class TasteShelf:
    """One release: `taste` is None where it has no model, or one that must not be used with its vectors."""

    def __init__(self, release: Release, taste: LoadedTaste | None) -> None:
        self.release = release
        self.taste = taste


def open_shelf(store: ReleaseStore, release: Release, held: Sequence[TasteShelf]) -> TasteShelf:
    """Load a release's taste model, or take it over from a release that is open and has the same.

    A model that is missing, or was trained on vectors of another encoder, is refused with a line in the log; the shop
    goes on without personal taste rather than with a wrong one.
    """
    ref = release.taste
    if ref is None:
        return TasteShelf(release, None)
    for shelf in held:
        if shelf.taste is not None and shelf.taste.ref == ref and _encoder(shelf.release) == _encoder(release):
            return TasteShelf(release, shelf.taste)
    try:
        return TasteShelf(release, _load(store, ref, _encoder(release)))
    except (NotFound, VersionMismatch) as error:
        logger.error("release %s is served without taste: %s", release.id, error)
        return TasteShelf(release, None)


def _load(store: ReleaseStore, ref: ModelRef, encoder_version: str) -> LoadedTaste:
    if ref.encoder_version != encoder_version:
        raise VersionMismatch(
            f"its taste model was trained on vectors of encoder {ref.encoder_version!r}, not of {encoder_version!r}"
        )
    copy = None if store.is_local else tempfile.TemporaryDirectory(prefix="windowshop-taste-")
    folder = store.path(ref.path)
    if copy is not None:  # arrays can be mapped from a disk only
        filesystem, root = fsspec.core.url_to_fs(folder, **store.storage_options)
        if not filesystem.exists(root):
            raise NotFound(f"there is no taste model at {folder}")
        filesystem.get(root.rstrip("/") + "/", copy.name, recursive=True)
        folder = copy.name
    return LoadedTaste(ref, TasteModel.load(folder, encoder_version=encoder_version), copy)


def _encoder(release: Release) -> str:
    return release.encoder.version
