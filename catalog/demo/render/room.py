"""Photograph a furnished room and find where each of its products shows."""

from pathlib import Path
from typing import Any

import numpy as np

from catalog.demo.geometry.kit import Array, Part, sheet
from catalog.demo.products import Product
from catalog.demo.render import scene as stage
from catalog.demo.render import studio
from catalog.demo.render.nodes import bpy
from catalog.demo.rooms import HEIGHT, WALL, WIDTH, Scene, parts_in_room
from catalog.demo.surface import Surface
from catalog.demo.views import View

LENS_MM = 42.0
GRID = (160, 120)
LEAST_CELLS = 24
"""A product that shows in fewer cells of the grid gets no box."""

LEAST_SHARE = 0.5
"""A box must span this share of what the product would span alone."""


def room(
    plan: Scene, products: dict[str, Product], path: Path, samples: int, threads: int, quality: int
) -> list[dict[str, Any]]:
    """Take the picture; return one box per product that can be recognised, as shares of the frame."""
    boxes = furnish(plan, products, samples, threads, quality)
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return boxes


def furnish(
    plan: Scene, products: dict[str, Product], samples: int, threads: int, quality: int
) -> list[dict[str, Any]]:
    """Set the scene up for the picture, and find the boxes."""
    stage.clear()
    studio.setup((WIDTH, HEIGHT), samples, threads, quality)
    everything: list[Part] = []
    for number, placed in enumerate(plan.placed):
        product = products[placed.item_id]
        parts = parts_in_room(product, placed)
        everything += [part for part in parts if part.slot != "cord"]
        stage.add_parts(parts, product.surfaces(), f"{number:02d}", shift=(product.form.seed % 997) / 97)
    _shell(plan)
    view = View(plan.azimuth, plan.elevation, 0.93)
    back = studio.direction(view)
    at = _stand(everything, back)
    studio.camera(at, back, LENS_MM)
    studio.area(np.array([-2.6, -2.4, 3.6]), np.array([0.0, 0.9, 0.5]), 2.6, 225, (1.0, 0.96, 0.9))
    studio.area(np.array([3.0, -2.6, 2.4]), np.array([0.0, 0.8, 0.6]), 2.2, 85)
    studio.sky(0.68)
    bpy.context.view_layer.update()
    return _boxes(plan, products, at, back)


def _shell(plan: Scene) -> None:
    """Floor, back wall and a skirting board."""
    floor = sheet(lambda u, v: np.stack([(u - 0.5) * 24, (v - 1) * 14 + WALL, 0 * u], axis=-1), 1, 1, "floor", (24, 14))
    wall = sheet(lambda u, v: np.stack([(u - 0.5) * 24, 0 * u + WALL + 0.001, v * 7], axis=-1), 1, 1, "wall", (24, 7))
    skirting = sheet(
        lambda u, v: np.stack([(u - 0.5) * 24, 0 * u + WALL - 0.014, v * 0.09], axis=-1), 1, 1, "skirting", (24, 1)
    )
    stone = plan.style in ("industrial", "minimalist")
    surfaces = {
        "floor": Surface("concrete", plan.floor) if stone else Surface("planks", plan.floor),
        "wall": Surface("lacquer", plan.wall),
        "skirting": Surface("lacquer", "#F0EEE9"),
    }
    stage.add_parts([floor, wall, skirting], surfaces, "room")


def _stand(parts: list[Part], back: Array) -> Array:
    """Where the camera stands so that everything fits the frame, four to three."""
    points = np.concatenate([part.verts for part in parts])
    right, up = studio.axes(back)
    half_x = studio.SENSOR_MM / 2 / LENS_MM * 0.94
    half_y = half_x * HEIGHT / WIDTH
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    distance = 6.0
    for _ in range(8):
        away = distance - (points - target) @ back
        x, y = (points - target) @ right / away, (points - target) @ up / away
        target = target + (right * (x.max() + x.min()) / 2 + up * (y.max() + y.min()) / 2) * distance
        distance *= max((x.max() - x.min()) / 2 / half_x, (y.max() - y.min()) / 2 / half_y)
    return np.asarray(target + back * distance)


def _boxes(plan: Scene, products: dict[str, Product], at: Array, back: Array) -> list[dict[str, Any]]:
    """Cast a ray through every cell of a grid; a product's box spans the cells in which it is what one sees.

    What is mostly hidden behind other things gets no box.
    """
    across, down = GRID
    seen: dict[int, list[tuple[int, int]]] = {}
    cells = [(i, j) for j in range(down) for i in range(across)]
    points = [((i + 0.5) / across, (j + 0.5) / down) for i, j in cells]
    for cell, name in zip(cells, studio.rays(at, back, points, LENS_MM, HEIGHT / WIDTH), strict=True):
        number, _, rest = name.partition("|")
        if number.isdigit() and not rest.startswith("cord"):
            seen.setdefault(int(number), []).append(cell)
    out = []
    for which, own in sorted(seen.items()):
        xs, ys = [i for i, _ in own], [j for _, j in own]
        x0, y0, x1, y1 = min(xs) / across, min(ys) / down, (max(xs) + 1) / across, (max(ys) + 1) / down
        placed = plan.placed[which]
        whole = _frame_share(parts_in_room(products[placed.item_id], placed), at, back)
        if len(own) >= LEAST_CELLS and (x1 - x0) * (y1 - y0) >= LEAST_SHARE * whole:
            box = {"x0": round(x0, 4), "y0": round(y0, 4), "x1": round(x1, 4), "y1": round(y1, 4)}
            out.append({"item_id": placed.item_id, **box})
    return out


def _frame_share(parts: list[Part], at: Array, back: Array) -> float:
    """The share of the frame that the parts' box would take up if nothing stood before them."""
    points = np.concatenate([part.verts for part in parts if part.slot != "cord"]) - at
    right, up = studio.axes(back)
    half = studio.SENSOR_MM / 2 / LENS_MM
    away = -points @ back
    x = np.clip((points @ right / away / half + 1) / 2, 0, 1)
    y = np.clip((points @ up / away / half / HEIGHT * WIDTH + 1) / 2, 0, 1)
    return float((x.max() - x.min()) * (y.max() - y.min()))
