"""Catalogues of a few coloured squares, and an encoder small enough to load in no time."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.encoder import normalise


class TinyEncoder:
    """Sees the mean colour of four quarters, hears a digest of the words, and notes all that it hears in a log."""

    name = "tiny"
    version = "tiny-v1"
    image_dim = 16
    text_dim = 8
    detail_dim = 12
    image_size = 8
    shared_space = False

    def __init__(self, log: str | None = None, slowly_s: float = 0.0) -> None:
        self.log = log
        self.slowly_s = slowly_s

    def preprocess(self, image):
        return np.asarray(image.resize((self.image_size, self.image_size)))

    def encode_pixels(self, pixels):
        n = len(pixels)
        quarters = pixels.reshape(n, 2, 4, 2, 4, 3).mean(axis=(2, 4)).reshape(n, 12)
        return normalise(np.concatenate([quarters, np.ones((n, 4))], axis=1).astype(np.float32))

    def encode_items(self, pixels):
        quarters = pixels.reshape(len(pixels), 2, 4, 2, 4, 3).mean(axis=(2, 4)).reshape(len(pixels), 12)
        return self.encode_pixels(pixels), quarters.astype(np.float32)

    def encode_texts(self, texts):
        if self.slowly_s:
            import time

            time.sleep(self.slowly_s * len(texts))
        if self.log:
            with Path(self.log).open("a") as file:
                file.write("".join(text.splitlines()[0] + "\n" for text in texts))
        digests = [np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], np.uint8) for text in texts]
        return normalise(np.stack(digests).astype(np.float32))


def heard(log: Path) -> list[str]:
    """The words that were encoded, in order."""
    return log.read_text().splitlines() if log.exists() else []


def picture(number: int, side: int = 24, kind: str = "JPEG") -> bytes:
    """A square whose colour tells its number."""
    colour = (number * 37 % 256, number * 91 % 256, number * 53 % 256)
    Image.new("RGB", (side, side), colour).save(out := io.BytesIO(), kind)
    return out.getvalue()


def rows_of(n: int, start: int = 0) -> list[dict]:
    return [
        {"id": f"p{i}", "title": f"Thing {i}", "price": float(i), "image": f"images/{i}.jpg"}
        for i in range(start, start + n)
    ]


def write_catalogue(folder: Path, rows: list[dict], name: str = "items.jsonl") -> Path:
    """Write rows, and the pictures that they name and that are not there."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for row in rows:
        target = folder / str(row.get("image") or "images/none.jpg")
        if row.get("image", "").startswith("images/") and not target.exists():
            target.write_bytes(picture(int(target.stem)))
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
