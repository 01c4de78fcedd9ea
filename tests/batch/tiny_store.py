"""A release store with cached features and no encoder: items of a few styles, and boards that hold one style each."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from batch.precompute.features import feature_schema, features_to_arrow
from batch.precompute.files import Folder
from catalog.encoder import Space, normalise
from catalog.item import Item
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable, item_rows

BASE = "tiny-base-1"
STYLES, KINDS, EACH = 6, 5, 6
"""180 items: 6 of every kind in every style."""


def made_features(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures float32 [180, 40] and texts [180, 32]: kind is loud in them, style is faint."""
    rng = np.random.default_rng(seed)
    style, kind = np.divmod(np.arange(STYLES * KINDS * EACH) // EACH, KINDS)
    halves = []
    for dim in (40, 32):
        styles, kinds = rng.standard_normal((STYLES, dim)), rng.standard_normal((KINDS, dim))
        noise = rng.standard_normal((len(style), dim))
        halves.append(normalise((0.6 * styles[style] + 1.5 * kinds[kind] + 0.4 * noise).astype(np.float32)))
    return halves[0], halves[1]


def made_boards(count: int = 60, seed: int = 1) -> list[list[str]]:
    """Boards of 6 items of one style."""
    rng = np.random.default_rng(seed)
    per_style = KINDS * EACH
    return [
        [f"p{i}" for i in rng.choice(per_style, 6, replace=False) + per_style * (board % STYLES)]
        for board in range(count)
    ]


class KindTower:
    """A text tower that knows the kinds and the titles as the items' own words tell them, and nothing else."""

    def encode_texts(self, texts):
        _, text = made_features()
        kind = np.arange(len(text)) // EACH % KINDS
        known = {f"kind {k}": text[kind == k].mean(axis=0) for k in range(KINDS)}
        known |= {f"thing {i}": row for i, row in enumerate(text)}
        return normalise(np.stack([known.get(t, np.zeros(text.shape[1])) for t in texts]).astype(np.float32))


def make_store(folder: str, cached: int | None = None) -> ReleaseStore:
    """A store with one live release; features of the first `cached` items only, if given."""
    store = ReleaseStore(folder)
    image, text = made_features()
    n = len(image)
    items = [Item(id=f"p{i}", title=f"Thing {i}", category=(f"kind {i // EACH % KINDS}",)) for i in range(n)]
    spaces = [Space("image", 40, frozenset({"image"})), Space("text", 32, frozenset({"text"}))]
    table = ItemTable.open_or_create(store.tables_uri, f"items-{BASE}", BASE, spaces)
    prints = [f"a{i}.b{i}.c{i}" for i in range(n)]
    rows = item_rows(items, {"image_vector": image, "text_vector": text}, prints, [b"webp"] * n)
    table.upsert(rows.select(table.schema.names))
    table.index()
    release = Release(
        id="first",
        created=datetime.now(UTC),
        encoder=EncoderRef(base="tiny", version=BASE),
        items=TableRef(name=table.name, version=table.tag("release-first"), rows=n),
    )
    store.write(release)
    store.promote("first")
    kept = slice(0, cached)
    columns = [
        pa.array([item.id for item in items[kept]]),
        pa.array(prints[kept]),
        features_to_arrow(image[kept]),
        features_to_arrow(text[kept]),
    ]
    schema = feature_schema(40, 32)
    cache = Folder(store.path("features", BASE))
    cache.write_parquet("first.parquet", [pa.Table.from_arrays(columns, schema=schema)], schema)
    return store
