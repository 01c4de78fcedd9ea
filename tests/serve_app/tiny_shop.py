"""A tiny release on disk: forty things with pictures drawn on the spot, encoded by the packaged encoder."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from catalog.encoder import Encoder, Features, load_base_encoder
from catalog.images import thumbnail
from catalog.item import Item, embedding_text
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable, item_rows

COLORS = {"red": "#c03028", "blue": "#2848b0", "green": "#288040", "yellow": "#e0b820", "black": "#202020"}
SHAPES = ("lamp", "chair", "table", "vase")
MATERIALS = ("oak", "steel", "glass")


def draw(shape: str, color: str, size: tuple[int, int] = (240, 240)) -> Image.Image:
    """A thing of one colour on white, so simple that its kind and colour are what an encoder sees."""
    image = Image.new("RGB", size, "white")
    pen, fill = ImageDraw.Draw(image), COLORS[color]
    w, h = size
    if shape == "lamp":
        pen.polygon([(w * 0.5, h * 0.1), (w * 0.2, h * 0.45), (w * 0.8, h * 0.45)], fill=fill)
        pen.rectangle([w * 0.47, h * 0.45, w * 0.53, h * 0.9], fill="#888888")
    elif shape == "chair":
        pen.rectangle([w * 0.25, h * 0.1, w * 0.35, h * 0.9], fill=fill)
        pen.rectangle([w * 0.25, h * 0.5, w * 0.75, h * 0.6], fill=fill)
        pen.rectangle([w * 0.65, h * 0.6, w * 0.75, h * 0.9], fill=fill)
    elif shape == "table":
        pen.rectangle([w * 0.1, h * 0.4, w * 0.9, h * 0.5], fill=fill)
        pen.rectangle([w * 0.15, h * 0.5, w * 0.22, h * 0.85], fill=fill)
        pen.rectangle([w * 0.78, h * 0.5, w * 0.85, h * 0.85], fill=fill)
    else:
        pen.ellipse([w * 0.3, h * 0.35, w * 0.7, h * 0.9], fill=fill)
        pen.rectangle([w * 0.43, h * 0.12, w * 0.57, h * 0.45], fill=fill)
    return image


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def made_items(n: int = 40, prefix: str = "") -> list[Item]:
    """n items; every combination of shape and colour comes twice, all words in place, item 3 without a picture."""
    items = []
    for i in range(n):
        shape, color = SHAPES[i % 4], list(COLORS)[i % 5]
        items.append(
            Item(
                id=f"{prefix}{shape}-{i}",
                title=f"{color.title()} {shape} {'Uno' if i < 20 else 'Duo'}",
                description=f"A {color} {shape} for the {'kitchen' if i % 2 else 'living room'}.",
                category=("Home", f"{shape.title()}s"),
                colors=(color,),
                materials=(MATERIALS[i % 3],),
                styles=("modern",) if i % 2 else ("classic",),
                brand='O\'Hara & "Söhne"' if i % 7 == 0 else "Nord",
                price=None if i == 5 else 10.0 * (i + 1),
                currency="EUR",
                attributes={"room": "kitchen" if i % 2 else "living room"},
                image=None if i == 3 else f"{i}.png",
                availability="out_of_stock" if i % 10 == 9 else "in_stock",
            )
        )
    return items


@cache
def encoder() -> Encoder:
    """The packaged encoder, loaded once per test process."""
    return Encoder(load_base_encoder("packaged"))


def add_release(
    folder: str | Path, items: Sequence[Item], release_id: str, *, table: str = "items", version: str | None = None
) -> Release:
    """Write items to a store as a release of their own, and promote it.

    Args:
        folder: the release store.
        items: what the release has; the table is replaced by them.
        release_id: its id.
        table: name of its table.
        version: pretend encoder version; by default the packaged encoder's own.
    """
    made_by = encoder()
    store = ReleaseStore(folder)
    writer = ItemTable.open_or_create(store.tables_uri, table, version or made_by.version, made_by.spaces)
    pictures = [draw(i.id.split("-")[-2], i.colors[0]) if i.image else None for i in items]
    features = Features(
        image=np.zeros((len(items), made_by.base.image_dim), np.float32),
        text=made_by.base.encode_texts([embedding_text(item) for item in items]),
    )
    shown = [row for row, picture in enumerate(pictures) if picture]
    squares = np.stack([made_by.base.preprocess(pictures[row]) for row in shown])
    features.image[shown] = made_by.base.encode_pixels(squares)
    thumbnails = [picture and thumbnail(picture) for picture in pictures]
    old = [row["id"] for batch in writer.batches(["id"]) for row in batch.to_pylist()]
    writer.upsert(item_rows(items, made_by.item_vectors(features), [item.id for item in items], thumbnails))
    writer.delete([known for known in old if known not in {item.id for item in items}])
    writer.index()
    release = Release(
        id=release_id,
        created=datetime.now(UTC),
        encoder=EncoderRef(base="packaged", version=version or made_by.version),
        items=TableRef(name=table, version=writer.tag(f"release-{release_id}"), rows=len(items)),
    )
    store.write(release)
    return store.promote(release_id)
