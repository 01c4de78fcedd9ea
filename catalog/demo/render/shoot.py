"""Take pictures: `python -m catalog.demo.render.shoot JOBS.json`, run by `catalog.demo.build` where `bpy` is."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from catalog.demo.geometry.kit import Part, bounds
from catalog.demo.products import Product, draw
from catalog.demo.render import scene, studio
from catalog.demo.render.nodes import bpy
from catalog.demo.render.room import room
from catalog.demo.rooms import draw_rooms
from catalog.demo.shapes import parts_of
from catalog.demo.views import View, first_view, second_view


def portrait(
    product: Product, view: View, path: Path, size: int, samples: int, threads: int, quality: int
) -> list[list[float]]:
    """Photograph one product; say at which points of the picture its main surface shows."""
    scene.clear()
    parts = parts_of(product)
    surfaces = product.surfaces()
    # Light finds its way through glass by chance: more samples.
    clear = any(surface.kind == "glass" for surface in surfaces.values())
    studio.setup((size, size), samples * (4 if clear else 1), threads, quality)
    if view.hung:
        parts = _longer_cord(parts)
    scene.add_parts(parts, surfaces, "product", shift=(product.form.seed % 997) / 97)
    at, radius = studio.frame(parts, view)
    low, high = bounds([part for part in parts if part.slot != "cord"])
    middle = (low + high) / 2
    studio.camera(at, studio.direction(view))
    studio.light(middle, radius, view)
    if view.hung:
        studio.backdrop(radius, view, floor=float(low[2] - 2.2 * radius))
    else:
        studio.backdrop(radius, view)
    bpy.context.view_layer.update()
    points = studio.points_on(at, studio.direction(view), f"product|{product.main}|")
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return points


def _longer_cord(parts: list[Part]) -> list[Part]:
    """Draw the cords out beyond the top of the frame."""
    out = []
    for part in parts:
        if part.slot == "cord":
            top = part.verts[:, 2].max()
            verts = part.verts.copy()
            verts[verts[:, 2] > top - 0.02, 2] += 3.0
            part = Part(verts, part.faces, part.slot, part.uv)
        out.append(part)
    return out


def main(jobs_path: str) -> None:
    """Work off a list of jobs; print one line of JSON per picture, beginning with SHOT."""
    plan = json.loads(Path(jobs_path).read_text())
    out, seed = Path(plan["out"]), plan["seed"]
    products = {product.id: product for product in draw(seed)}
    scenes = (
        {scene.id: scene for scene in draw_rooms(list(products.values()), seed)}
        if any(job["view"] == "rooms" for job in plan["jobs"])
        else {}
    )
    for job in plan["jobs"]:
        began = time.perf_counter()
        path, samples = out / job["path"], plan["samples"][job["view"]]
        if job["view"] == "rooms":
            facts: dict[str, Any] = {
                "boxes": room(scenes[job["id"]], products, path, samples, plan["threads"], plan["quality"])
            }
        else:
            product = products[job["id"]]
            view = second_view(product) if job["view"] == "second_views" else first_view(product)
            facts = {"points": portrait(product, view, path, plan["size"], samples, plan["threads"], plan["quality"])}
        print("SHOT " + json.dumps({**job, **facts, "seconds": round(time.perf_counter() - began, 2)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
