"""Put a Navigator into service: its checkpoint into the store, and a release that names it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec

from catalog.errors import InvalidInput, VersionMismatch
from catalog.release import ModelRef, Release, ReleaseStore, git_commit, new_release_id
from catalog.table import ItemTable
from navigator.assemble import SHIPPED, assemble
from navigator.learnt import Learnt, load_learnt

MODELS = "models/navigator"


def install(store: ReleaseStore, weights: Path = SHIPPED, *, promote: bool = True) -> Release:
    """Give the live release a Navigator that was trained before, without training.

    Args:
        store: the release store.
        weights: what `batch.train_navigator` saved, by default the weights that come with Windowshop.
        promote: make the new release the live one.

    Raises:
        NotFound: nothing is live.
        BadCheckpoint: the weights cannot be read.
        VersionMismatch: they were trained on vectors of another encoder than the live release's.
    """
    live = store.current()
    learnt = load_learnt(weights)
    if learnt.encoder_version != live.encoder.version:
        raise VersionMismatch(
            f"this Navigator reads vectors of {learnt.encoder_version!r}, and the live release has those of "
            f"{live.encoder.version!r}; train one with `python -m batch.train_navigator`"
        )
    with TemporaryDirectory() as scratch:
        checkpoint = assemble(Path(scratch) / "navigator", weights)
        metrics = learnt.about.get("metrics", {})
        return put_into_service(store, live, checkpoint, learnt, metrics, promote=promote)


def put_into_service(
    store: ReleaseStore,
    live: Release,
    checkpoint: Path,
    learnt: Learnt,
    metrics: Mapping[str, float],
    *,
    promote: bool = True,
) -> Release:
    """Copy a checkpoint and what was learnt into the store and write the release that names them.

    Args:
        store: the release store.
        live: the release to take everything else from.
        checkpoint: local folder, as `navigator.checkpoint` writes it.
        learnt: its adapters and projectors, kept beside it.
        metrics: what it reached.
        promote: make the new release the live one.

    Raises:
        Superseded: another release is live by now; the new one is written.
    """
    version = str(learnt.about.get("version") or "")
    if not version:
        raise InvalidInput("what was learnt has no version; it was not saved by `batch.train_navigator`")
    path = f"{MODELS}/{version}"
    fs, root = fsspec.core.url_to_fs(store.path(*path.split("/")))
    fs.makedirs(root + "/learnt", exist_ok=True)
    fs.put(f"{checkpoint}/", root + "/", recursive=True)
    with TemporaryDirectory() as scratch:
        learnt.save(Path(scratch))
        fs.put(f"{scratch}/", root + "/learnt/", recursive=True)
    release = live.model_copy(
        update={
            "id": new_release_id(),
            "created": datetime.now(UTC),
            "parent": live.id,
            "navigator": ModelRef(
                path=path, version=version, encoder_version=learnt.encoder_version, metrics=dict(metrics)
            ),
            "git_commit": git_commit(),
        }
    )
    _tag_items(store, live, release)
    store.write(release)
    if promote:
        store.promote(release.id, expected=live.id)
    return release


def _tag_items(store: ReleaseStore, live: Release, release: Release) -> None:
    """The new release reads the same version of the same table as the live one."""
    ItemTable.of(store, live).tag(release.tag, live.items.version)
