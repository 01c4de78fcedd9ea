"""What the packaged encoder makes of pictures for Navigator, kept in `.cache/navigator`: details, and whole grids."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.progress import track

from catalog.detail import lab
from catalog.encoder import Pixels, Vectors
from catalog.packaged import PackagedEncoder

CACHE = Path(".cache/navigator")
SIDE = 7
"""Cells of a grid along each side."""
_BATCH = 32
_LAST_STAGE = 15


def details_of(name: str, paths: Sequence[Path]) -> Vectors:
    """float32 [n, 1888] of picture files: what a release stores for Navigator."""
    encoder = PackagedEncoder("cpu")
    return _cached(f"{name}-details", paths, encoder, lambda pixels: encoder.encode_items(pixels)[1])


def grids_of(name: str, paths: Sequence[Path]) -> Vectors:
    """float32 [n, 49 * 323 + 1888] of picture files: every cell of the grid, and the details."""
    encoder = PackagedEncoder("cpu")
    return _cached(f"{name}-grids", paths, encoder, lambda pixels: see_grid(encoder, pixels))


@torch.inference_mode()
def see_grid(encoder: PackagedEncoder, pixels: Pixels) -> Vectors:
    """What a model that sees pictures at request time could know of them, uint8 [n, 224, 224, 3].

    Of each of 7 × 7 cells the 320 channels that the last stage ends with and the mean colour in CIELAB; and the
    details, so that nothing is known ahead that is not known here too.
    """
    network: Any = encoder._pictures
    batch = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)  # [n, 3, S, S]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = network._swish(network._bn0(network._conv_stem((batch.float() - 127.0) / 128.0)))
        for block in network._blocks[: _LAST_STAGE + 1]:
            x = block(x)  # at last [n, 320, 7, 7]
    half = lab(pixels[:, ::2, ::2])  # [n, S / 2, S / 2, 3]
    cell = half.shape[1] // SIDE
    colors = half.reshape(len(half), SIDE, cell, SIDE, cell, 3).mean((2, 4))  # [n, 7, 7, 3]
    seen = [x.float().flatten(1).numpy(), colors.reshape(len(half), -1), encoder.encode_items(pixels)[1]]
    return np.concatenate(seen, axis=1).astype(np.float32)


def load_pixels(encoder: PackagedEncoder, paths: Sequence[Path]) -> Pixels:
    """Picture files, decoded and fitted: uint8 [n, 224, 224, 3]."""
    return np.stack([encoder.preprocess(Image.open(path)) for path in paths])


def _cached(name: str, paths: Sequence[Path], encoder: PackagedEncoder, encode: Callable[[Pixels], Vectors]) -> Vectors:
    these = blake2b("\n".join(map(str, paths)).encode(), digest_size=4).hexdigest()  # other pictures, another file
    file = CACHE / f"{PackagedEncoder.version}-{name}-{these}.npy"
    if file.exists():
        return np.load(file)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # twice as fast as two threads for bfloat16 convolutions
    parts = [
        encode(load_pixels(encoder, paths[start : start + _BATCH]))
        for start in track(range(0, len(paths), _BATCH), name)
    ]
    torch.set_num_threads(threads)
    CACHE.mkdir(parents=True, exist_ok=True)
    np.save(file, made := np.concatenate(parts))
    return made
