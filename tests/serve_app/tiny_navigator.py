"""A release with a Navigator: two random layers over the tiny shop's vectors, behind the real engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import lancedb

from batch.convert import convert
from catalog.release import ModelRef, Release, ReleaseStore
from navigator.learnt import Shape
from serve_app.navigator_vectors import COLUMNS
from tests.navigator import navigator_tiny

READ_OUT = [["legs", ""], ["legs", "hairpin"]]


def add_navigator(
    folder: str | Path, release: Release, release_id: str, *, encoder_version: str | None = None, seed: int = 0
) -> Release:
    """Make a Navigator that reads a release's vectors, and promote a release that has it.

    Args:
        encoder_version: pretend that it was trained on this encoder's vectors.
    """
    store = ReleaseStore(folder)
    table = lancedb.connect(store.tables_uri).open_table(release.items.name)
    column = next(name for name in COLUMNS if name in table.schema.names)
    dim = table.schema.field(column).type.list_size
    path = f"models/navigator/{release_id}"
    base = Path(folder) / "base" / release_id
    base.mkdir(parents=True)
    navigator_tiny.save_causal(base, seed=seed)
    out = Path(store.path(path))
    convert(str(base), str(out), Shape(item_dim=dim, tokens_per_item=2, projector_dim=32))
    version = encoder_version or release.encoder.version
    config = json.loads((out / "config.json").read_text())
    taught = {"encoder_version": version, "vocabulary": ["legs", "hairpin"], "told_which": True, "read_out": READ_OUT}
    (out / "config.json").write_text(json.dumps({**config, **taught}))
    ref = ModelRef(path=path, version=release_id, encoder_version=version)
    new = release.model_copy(update={"id": release_id, "created": datetime.now(UTC), "navigator": ref})
    table.tags.create(new.tag, new.items.version)
    store.write(new)
    return store.promote(new.id)
