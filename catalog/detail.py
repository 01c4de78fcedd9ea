"""What a picture shows in detail: colours where they are, for readers to whom a pooled feature says too little.

A network that was trained to tell kinds of thing apart throws away on its way what does not help with that, colours
first. A linear read-out names the colour of the demo's products right in one of five from the packaged encoder's pooled
features, and in five of six from details (`benchmarks/navigator_readouts.py`).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from catalog.encoder import Pixels, Vectors

_FROM_BACKGROUND = 12.0  # CIELAB units: what differs less than this from the border is taken for background
_FEWEST = 60  # pixels of a thing; below that the whole picture counts
_EDGES = (np.linspace(0, 100, 9), np.linspace(-50, 50, 9), np.linspace(-50, 60, 9))  # of L*, a*, b*

COLOR_DIM = 3 + 3 + 15 + 27 + 8 * 8 * 8
"""Floats of `color_profiles`."""


def color_profiles(pixels: Pixels) -> Vectors:
    """uint8 `[n, S, S, 3]` → float32 `[n, COLOR_DIM]`: the thing's colours in CIELAB, the picture's border left out.

    Mean and deviation, percentiles, median and spread of the upper, middle and lower third, and the square roots of a
    histogram (so that distances are Hellinger distances).
    """
    return np.stack([_profile(picture) for picture in pixels]).astype(np.float32)


def lab(pixels: Pixels) -> NDArray[np.float64]:
    """sRGB bytes `[..., 3]` → CIELAB under D65 `[..., 3]` (IEC 61966-2-1, CIE 15)."""
    linear = _LINEAR[pixels]
    xyz = linear @ _TO_XYZ.T
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def _profile(picture: Pixels) -> NDArray[np.float64]:
    seen = lab(picture[::2, ::2])  # [s, s, 3]
    border = np.median(np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]]), 0)
    thing = np.linalg.norm(seen - border, axis=-1) > _FROM_BACKGROUND  # [s, s]
    if thing.sum() < _FEWEST:
        thing = np.ones_like(thing)
    colors = seen[thing]  # [m, 3]
    counts, _ = np.histogramdd(colors, bins=_EDGES)
    return np.concatenate(
        [
            colors.mean(0),
            colors.std(0),
            np.percentile(colors, [5, 25, 50, 75, 95], axis=0).ravel(),
            *_thirds(seen, thing, colors),
            3 * np.sqrt(counts.ravel() / len(colors)),
        ]
    )


def _thirds(
    seen: NDArray[np.float64], thing: NDArray[np.bool_], colors: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Percentiles 50, 20 and 80 of the upper, middle and lower third; where a third is empty, of the whole."""
    rows = np.flatnonzero(thing.any(1))
    bounds = np.linspace(rows[0], rows[-1] + 1, 4)
    height = np.arange(len(thing))[:, None]
    parts = []
    for low, high in pairwise(bounds):
        inside = seen[thing & (height >= low) & (height < high)]
        parts.append(np.percentile(inside if len(inside) > 10 else colors, [50, 20, 80], axis=0).ravel())
    return parts


_BYTES = np.arange(256) / 255
_LINEAR = np.where(_BYTES > 0.04045, ((_BYTES + 0.055) / 1.055) ** 2.4, _BYTES / 12.92)
_D65 = np.array([0.9505, 1.0, 1.089])
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) / _D65[:, None]
