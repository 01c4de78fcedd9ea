"""The generator: the same seed gives the same bytes, and its geometry stands on the floor."""

import subprocess
import sys

import numpy as np
import pytest

from catalog.demo import load
from catalog.demo.build import BlenderMissing, blender_python, lines_of, metadata
from catalog.demo.fingerprint import fingerprint
from catalog.demo.geometry.kit import block, bounds, lathe, slab, tube
from catalog.demo.geometry.outlines import arch, ellipse, offset, organic, rounded
from catalog.demo.palette import COLORS, STYLE_COLORS, nearest, rgb
from catalog.demo.products import SEED, Product, draw
from catalog.demo.rooms import draw_rooms, parts_in_room
from catalog.demo.shapes import hangs, parts_of
from catalog.demo.views import first_view


@pytest.fixture(scope="module")
def products() -> list[Product]:
    return draw()


@pytest.mark.slow
def test_the_shipped_metadata_is_what_the_seed_gives(products: list[Product]) -> None:
    for name, content in metadata(SEED, products).items():
        assert (load.DATA / name).read_bytes() == content, name


@pytest.mark.timeout(60)
def test_every_process_is_listened_to() -> None:
    """One that says more than its pipe holds is not left waiting for one that has not said anything yet."""
    loud = "for _ in range(5000): print('x' * 99)"
    quiet = "import sys; sys.stdin.read(); print('done')"
    pipe = subprocess.PIPE
    waits = subprocess.Popen([sys.executable, "-c", quiet], stdin=pipe, stdout=pipe, text=True)
    talks = subprocess.Popen([sys.executable, "-c", loud], stdout=pipe, text=True)
    heard = []
    for line in lines_of([waits, talks]):
        heard.append(line.strip())
        if len(heard) == 5000:
            assert waits.stdin is not None
            waits.stdin.close()
    assert heard == ["x" * 99] * 5000 + ["done"]


def test_another_seed_gives_another_shop(products: list[Product]) -> None:
    other = draw(SEED + 1)
    assert [p.id for p in other] == [p.id for p in products]
    assert sum(a.coats == b.coats and a.form.traits == b.form.traits for a, b in zip(products, other, strict=True)) < 30


def test_no_two_products_look_alike(products: list[Product]) -> None:
    looks = {
        (
            p.kind.key,
            tuple(sorted(p.form.traits.items())),
            tuple(sorted((s, repr(c)) for s, c in p.coats.items())),
            p.pattern,
        )
        for p in products
    }
    assert len(looks) == len(products)


def test_everything_stands_on_the_floor_or_hangs_on_the_wall(products: list[Product]) -> None:
    for product in products[::9]:
        parts = parts_of(product)
        low, high = bounds(parts)
        assert np.isfinite(low).all() and np.isfinite(high).all()
        if hangs(product):
            assert high[1] == pytest.approx(0.0, abs=1e-6)
        else:
            assert low[2] == pytest.approx(0.0, abs=1e-6)
        assert {part.slot for part in parts} <= set(product.surfaces()), product.id


def test_face_corners_and_uv_agree(products: list[Product]) -> None:
    for product in products[::23]:
        for part in parts_of(product):
            corners = [i for face in part.faces for i in face]
            assert max(corners) < len(part.verts)
            assert part.uv is None or len(part.uv) == len(corners)


def test_the_fingerprint_changes_with_the_surface(products: list[Product]) -> None:
    a, b = products[0], products[1]
    assert fingerprint(a, first_view(a), 384, 5) == fingerprint(a, first_view(a), 384, 5)
    assert fingerprint(a, first_view(a), 384, 5) != fingerprint(b, first_view(b), 384, 5)
    assert fingerprint(a, first_view(a), 384, 5) != fingerprint(a, first_view(a), 384, 6)


def test_rooms_hold_products_in_front_of_the_wall(products: list[Product]) -> None:
    by_id = {product.id: product for product in products}
    scenes = draw_rooms(products, SEED)
    assert len(scenes) == 40
    for scene in scenes[::5]:
        for placed in scene.placed:
            low, high = bounds(parts_in_room(by_id[placed.item_id], placed))
            assert low[2] > -0.01
            assert high[1] < 1.9 + 0.06, f"{scene.id}: {placed.item_id} stands in the wall"


def test_shapes_of_the_kit() -> None:
    low, high = bounds([block((1.0, 2.0, 3.0), radius=0.1)])
    assert high - low == pytest.approx([1.0, 2.0, 3.0])
    low, high = bounds([lathe([(0, 0), (0.5, 0), (0.5, 1)])])
    assert high[2] - low[2] == pytest.approx(1.0)
    low, high = bounds([slab(ellipse(1.0, 0.5), 0.0, 0.1)])
    assert high - low == pytest.approx([1.0, 0.5, 0.1], abs=1e-6)
    assert bounds([tube([(0, 0, 0), (0, 0, 1)], 0.1, segments=16)])[1][0] == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("outline", [ellipse(1, 2), rounded(1, 2, 0.1), arch(1, 2)])
def test_outlines_run_counter_clockwise_and_shrink(outline: np.ndarray) -> None:
    def area(p: np.ndarray) -> float:
        x, y = p[:, 0], p[:, 1]
        return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)

    assert area(outline) > 0
    assert 0 < area(offset(outline, 0.05)) < area(outline)


def test_a_pebble_has_the_size_that_was_asked_for() -> None:
    from random import Random

    pebble = organic(1.2, 0.8, Random(3))
    assert pebble.max(axis=0) - pebble.min(axis=0) == pytest.approx([1.2, 0.8])


def test_a_color_is_nearest_to_itself() -> None:
    for name, color in COLORS.items():
        assert nearest(rgb(color), metal=True) == name
    assert {name for liked in STYLE_COLORS.values() for name in liked} <= set(COLORS)


def test_without_blender_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDOWSHOP_BLENDER_PYTHON", "/nowhere/python")
    with pytest.raises(BlenderMissing, match="bpy"):
        blender_python()
