"""The pictures that are shipped: as named, unlike each other, unclipped, and what the generator takes again."""

import json
import statistics
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.demo import load
from catalog.demo.build import SIZE, BlenderMissing, blender_python, take_pictures
from catalog.demo.materials import MATERIALS
from catalog.demo.palette import nearest
from catalog.demo.products import SEED, draw

DATA = load.DATA
SEE_THROUGH = ("glass",)
"""Materials whose picture shows what is behind them too."""


def _pixels(path: Path, size: int | None = None) -> np.ndarray:
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
        return np.asarray(rgb.resize((size, size), Image.Resampling.BOX) if size else rgb, dtype=np.float64)


def test_every_picture_has_the_size_that_is_stated() -> None:
    for path in sorted(DATA.glob("images/*.webp"))[::25]:
        with Image.open(path) as picture:
            assert picture.size == (SIZE, SIZE) and picture.format == "WEBP"
    for room in load.rooms():
        with Image.open(room.image) as picture:
            assert picture.size == (room.width, room.height)


def test_colors_are_as_named() -> None:
    """Where the main surface shows, its median is nearest to its own name, for nearly all.

    Of a pattern, the main color must be one of the two names that show most.
    """
    truth, points = load.truth(), load.main_surface_points()
    right, total = 0, 0
    for entry in truth.values():
        picture = f"images/{entry.id}.webp"
        if entry.visual["material"] in SEE_THROUGH or len(points[picture]) < 6:
            continue
        pixels = _pixels(DATA / picture)
        here = [pixels[int(y * SIZE), int(x * SIZE)] for x, y in points[picture]]
        material = MATERIALS.get(entry.visual["material"])
        metal = material is not None and material.shader == "metal"
        median = [statistics.median(channel) for channel in zip(*here, strict=True)]
        shares = Counter(nearest(pixel, metal) for pixel in here).most_common(2 if entry.second_color else 1)
        seen = {nearest(median, metal), *(name for name, _ in shares)}
        total += 1
        right += entry.color in seen
    assert total > 850
    assert right / total > 0.92, f"{right} of {total}"


def test_no_two_pictures_are_alike() -> None:
    """Pictures at 24 x 24 pixels differ by more than half a grey level on average."""
    paths = sorted(DATA.glob("images/*.webp"))
    small = np.stack([_pixels(path, 24).ravel() for path in paths])
    square = (small**2).sum(axis=1)
    far = np.sqrt(np.maximum(square[:, None] + square[None, :] - 2 * small @ small.T, 0) / small.shape[1])
    np.fill_diagonal(far, np.inf)
    i, j = np.unravel_index(int(far.argmin()), far.shape)
    assert far.min() > 1.0, f"{paths[i].name} and {paths[j].name}"


def test_nothing_is_clipped() -> None:
    """Along its edges a picture is backdrop, but for cords, which leave it at the top."""
    for path in sorted(DATA.glob("images/*.webp")):
        pixels = _pixels(path)
        edges = {"left": pixels[:, :3], "right": pixels[:, -3:], "bottom": pixels[-3:], "top": pixels[:3]}
        for side, edge in edges.items():
            if side == "top" and path.name.startswith("pendant-lamp"):
                continue
            assert edge.min() > 120, f"{path.name} touches the {side}"


@pytest.mark.slow
def test_pictures_are_what_the_generator_takes(tmp_path: Path) -> None:
    try:
        blender_python()
    except BlenderMissing as error:
        pytest.skip(str(error))
    chosen = ["vase-003", "dining-chair-010", "clock-006"]
    take_pictures(tmp_path, SEED, draw(), chosen, workers=1)
    account = json.loads((tmp_path / "renders.json").read_text())
    shipped = json.loads((DATA / "renders.json").read_text())
    for item in chosen:
        picture = f"images/{item}.webp"
        assert account[picture]["fingerprint"] == shipped[picture]["fingerprint"]
        far = np.abs(_pixels(tmp_path / picture, 96) - _pixels(DATA / picture, 96)).mean()
        assert far < 2.5, f"{item} differs by {far:.2f} grey levels"


@pytest.mark.slow
def test_a_small_picture_is_the_large_one_made_small(tmp_path: Path) -> None:
    """What a Navigator practises on is small, and what it is asked about is not."""
    try:
        blender_python()
    except BlenderMissing as error:
        pytest.skip(str(error))
    take_pictures(tmp_path, SEED, draw(), ["dining-chair-010"], {"images": 2}, workers=1, size=256)
    small, large = (folder / "images" / "dining-chair-010.webp" for folder in (tmp_path, DATA))
    assert _pixels(small).shape == (256, 256, 3)
    assert np.abs(_pixels(small, 96) - _pixels(large, 96)).mean() < 4
