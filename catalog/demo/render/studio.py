"""The photo studio: a sweep or a wall, three lights and a camera that fits what it looks at."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from catalog.demo.geometry.kit import Array, Part, sheet
from catalog.demo.render.nodes import bpy, linear
from catalog.demo.render.scene import add_parts
from catalog.demo.surface import Surface
from catalog.demo.views import View

LENS_MM = 70.0
SENSOR_MM = 36.0


def setup(size: tuple[int, int] = (384, 384), samples: int = 12, threads: int = 2, quality: int = 78) -> None:
    """Engine, size in pixels, samples, and a view transform that shows a color as it is named."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling = False
    # Three lights are found quicker without a tree.
    cycles.use_light_tree = False
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "FAST"
    cycles.denoising_quality = "BALANCED"
    cycles.max_bounces = 4
    cycles.diffuse_bounces = 3
    cycles.glossy_bounces = 3
    cycles.transmission_bounces = 2
    cycles.transparent_max_bounces = 8
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    cycles.seed = 7
    scene.render.threads_mode = "FIXED"
    scene.render.threads = threads
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    cycles.filter_width = min(1.5, size[0] / 256)  # a small picture is as sharp as a large one made small
    scene.render.use_persistent_data = False
    scene.render.image_settings.file_format = "WEBP"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.image_settings.quality = quality
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.render.dither_intensity = 0.0


def direction(view: View) -> Array:
    """From the product towards the camera, of length 1."""
    a, e = math.radians(view.azimuth), math.radians(view.elevation)
    return np.array([math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)])


def axes(back: Array) -> tuple[Array, Array]:
    """The camera's right and up, given the direction back to it."""
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    return np.asarray(right), np.cross(back, right)


def frame(parts: Sequence[Part], view: View) -> tuple[Array, float]:
    """Where the camera stands so that the parts fill the frame and lie in its middle; and their radius (metres).

    A cord is left out of the measure: it runs out of the frame at the top.
    """
    points = np.concatenate([part.verts for part in parts if part.slot != "cord"])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    back = direction(view)
    right, up = axes(back)
    half = SENSOR_MM / 2 / LENS_MM * view.fill
    target, distance = middle.copy(), radius / half
    for _ in range(6):
        away = distance - (points - target) @ back
        x, y = (points - target) @ right / away, (points - target) @ up / away
        target = target + (right * (x.max() + x.min()) / 2 + up * (y.max() + y.min()) / 2) * distance
        distance *= max(x.max() - x.min(), y.max() - y.min()) / 2 / half
    return target + back * distance, radius


def camera(at: Array, back: Array, lens: float = LENS_MM) -> Any:
    """Put a camera at a point, looking against `back`."""
    right, up = axes(back)
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width = lens, SENSOR_MM
    data.clip_start, data.clip_end = 0.01, 500
    thing = bpy.data.objects.new("camera", data)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = right, up, back, at
    thing.matrix_world = matrix.T.tolist()
    bpy.context.collection.objects.link(thing)
    bpy.context.scene.camera = thing
    return thing


def area(at: Array, towards: Array, size: float, power: float, color: tuple[float, float, float] = (1, 1, 1)) -> Any:
    """A square area light of the given side (metres) and power (watts)."""
    data = bpy.data.lights.new("light", "AREA")
    data.size, data.energy, data.color = size, power, color
    thing = bpy.data.objects.new("light", data)
    back = np.asarray(at) - np.asarray(towards)
    back = back / np.linalg.norm(back)
    right, up = axes(back)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = right, up, back, at
    thing.matrix_world = matrix.T.tolist()
    bpy.context.collection.objects.link(thing)
    return thing


def sky(strength: float, color: str = "#FFFFFF") -> None:
    """An even light from everywhere."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    node = world.node_tree.nodes["Background"]
    node.inputs[0].default_value = linear(color)
    node.inputs[1].default_value = strength


def light(middle: Array, radius: float, view: View) -> None:
    """A large soft key from the upper left (or right), a weak fill opposite, and the sky."""
    r = radius
    warm = (1.0, 1.0 - 0.1 * view.warmth, 1.0 - 0.22 * view.warmth)
    turn = math.radians(view.azimuth)
    cos, sin = math.cos(turn), math.sin(turn)

    def around(x: float, y: float, z: float) -> Array:
        return middle + np.array([x * cos - y * sin, x * sin + y * cos, z]) * r

    area(around(view.light * 3.4, -2.6, 4.6), middle, 4.4 * r, 170 * r * r, warm)
    area(around(-view.light * 4.2, -2.8, 2.2), middle, 4.0 * r, 46 * r * r)
    sky(0.62)


def backdrop(radius: float, view: View, floor: float = 0.0) -> None:
    """A floor (at height `floor`) that sweeps up into the background, or a wall behind things that hang on it."""
    surfaces = {"sweep": Surface("sweep", view.backdrop, view.backdrop, scale=radius)}
    r = radius
    if view.wall:
        wall = sheet(
            lambda u, v: np.stack([(u - 0.5) * 60 * r, 0 * u, (v - 0.5) * 60 * r], axis=-1), 1, 1, "sweep", (1, 1)
        )
        add_parts([wall], surfaces, "backdrop")
        return
    turn = math.radians(view.azimuth)

    def sweep(u: Array, v: Array) -> Array:
        # Along v: flat floor, a quarter circle of radius 3 r beginning 7 r behind the product, then upwards.
        s = v * 40 - 16
        bend = np.clip((s - 7) / (3 * math.pi / 2), 0, 1) * math.pi / 2
        rest = np.maximum(s - 7 - 3 * math.pi / 2, 0)
        y = np.where(s < 7, s, 7 + 3 * np.sin(bend))
        z = np.where(s < 7, 0, 3 * (1 - np.cos(bend)) + rest)
        x = (u - 0.5) * 60
        return np.stack(
            [(x * math.cos(turn) - y * math.sin(turn)) * r, (x * math.sin(turn) + y * math.cos(turn)) * r, z * r],
            axis=-1,
        )

    add_parts([sheet(sweep, 1, 120, "sweep", (1, 1)).move(z=floor)], surfaces, "backdrop")


def points_on(at: Array, back: Array, prefix: str, grid: int = 56, count: int = 48) -> list[list[float]]:
    """Where objects whose name begins with `prefix` show: up to `count` points (x, y in 0..1 from the upper left).

    Points whose neighbours show something else are left out, for there the picture mixes two things.
    """
    middles = [(i + 0.5) / grid for i in range(grid)]
    seen = rays(at, back, [(x, y) for y in middles for x in middles])
    hits = [[name.startswith(prefix) for name in seen[row * grid : (row + 1) * grid]] for row in range(grid)]
    inside = [
        ((i + 0.5) / grid, (j + 0.5) / grid)
        for j in range(1, grid - 1)
        for i in range(1, grid - 1)
        if all(hits[j + dj][i + di] for dj in (-1, 0, 1) for di in (-1, 0, 1))
    ]
    if not inside:
        inside = [((i + 0.5) / grid, (j + 0.5) / grid) for j in range(grid) for i in range(grid) if hits[j][i]]
    step = max(1, len(inside) // count)
    return [[round(x, 3), round(y, 3)] for x, y in inside[step // 2 :: step][:count]]


def rays(
    at: Array, back: Array, points: Sequence[tuple[float, float]], lens: float = LENS_MM, aspect: float = 1.0
) -> list[str]:
    """The names of the objects that show at points of the picture, each an empty text where nothing does."""
    right, up = axes(back)
    half = SENSOR_MM / 2 / lens
    x, y = np.array(points).T[..., None]  # each [N, 1]
    towards = -back + right * (2 * x - 1) * half + up * (1 - 2 * y) * half * aspect  # [N, 3]
    scene, depsgraph, origin = bpy.context.scene, bpy.context.evaluated_depsgraph_get(), at.tolist()
    found = (scene.ray_cast(depsgraph, origin, way) for way in towards.tolist())
    return [str(thing.name) if hit else "" for hit, _, _, _, thing, _ in found]
