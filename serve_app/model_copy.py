"""A model's folder on a disk of this machine: arrays can be mapped from a disk only."""

import tempfile

import fsspec

from catalog.errors import NotFound
from catalog.release import ReleaseStore

Copy = tempfile.TemporaryDirectory[str] | None
"""Lives as long as the arrays that are mapped from it."""


def fetch(store: ReleaseStore, path: str) -> tuple[str, Copy]:
    """A folder of the store, or the copy of one that is far away.

    Raises:
        NotFound: there is no such folder.
    """
    folder = store.path(path)
    filesystem, root = fsspec.core.url_to_fs(folder, **store.storage_options)
    if not filesystem.exists(root):
        raise NotFound(f"there is no taste model at {folder}")
    if store.is_local:
        return folder, None
    copy = tempfile.TemporaryDirectory(prefix="windowshop-taste-")
    filesystem.get(root.rstrip("/") + "/", copy.name, recursive=True)
    return copy.name, copy
