"""Planters with their plants, and baskets."""

import math
from random import Random

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, block, curve, lathe, sheet, tube
from catalog.demo.geometry.vessels import pot

POTS = {
    "cylinder": [(0.46, 0), (0.48, 0.03), (0.49, 0.3), (0.49, 0.8), (0.49, 1)],
    "tapered": [(0.34, 0), (0.36, 0.03), (0.43, 0.5), (0.49, 0.95), (0.49, 1)],
    "belly": [(0.3, 0), (0.36, 0.04), (0.53, 0.42), (0.52, 0.64), (0.42, 0.92), (0.43, 1)],
    "bowl": [(0.26, 0), (0.34, 0.05), (0.48, 0.4), (0.54, 0.8), (0.55, 1)],
    "footed": [(0.36, 0), (0.34, 0.06), (0.22, 0.16), (0.36, 0.36), (0.46, 0.6), (0.5, 1)],
    "rimmed": [(0.32, 0), (0.34, 0.03), (0.42, 0.6), (0.44, 0.78), (0.5, 0.8), (0.5, 0.98), (0.49, 1)],
}
"""Outer profiles, radius of the width and height of the height."""


def planter(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    shape = f["silhouette"]
    relief = f.traits.get("relief", "smooth")
    flutes, depth = {"fluted": (24, 0.08), "ribbed": (44, 0.045)}.get(relief, (0, 0.0))
    lift = 0.0
    parts: list[Part] = []
    if shape == "on stand":
        lift = h * 0.45
        stand = w * 0.52
        for k in range(4):
            a = math.radians(45 + 90 * k)
            c, s = math.cos(a), math.sin(a)
            parts.append(
                tube(
                    [(c * stand * 1.08, s * stand * 1.08, 0), (c * stand, s * stand, lift + h * 0.3)], 0.011, "legs", 14
                )
            )
        for a in (45, 135):
            c, s = math.cos(math.radians(a)) * stand, math.sin(math.radians(a)) * stand
            parts.append(tube([(-c, -s, lift - 0.01), (c, s, lift - 0.01)], 0.01, "legs", 12))
        parts.append(pot(POTS["cylinder"], w, h * 0.8, 0.012, flutes=flutes, depth=depth).move(z=lift))
        soil = lift + h * 0.8 * 0.9
    elif shape == "square":
        parts.append(block((w * 0.9, w * 0.9, h), (0, 0, h / 2), "main", 0.012))
        parts.append(block((w * 0.82, w * 0.82, 0.01), (0, 0, h - 0.001), "soil", 0.002))
        soil = h
    else:
        parts.append(pot(POTS[shape], w, h, max(0.006, w * 0.03), flutes=flutes, depth=depth))
        soil = h * 0.9
    r = w * 0.42
    if shape != "square":
        parts.append(lathe([(r * 1.04, soil - 0.004), (r * 0.6, soil + 0.004), (0, soil + 0.006)], "soil", segments=32))
    return parts + plant(f["plant"], r, soil, f.m("plant"), f.rng)


def plant(kind: str, r: float, z: float, tall: float, rng: Random) -> list[Part]:
    """A plant that grows from a disc of radius r at height z; `tall` in metres."""
    out: list[Part] = []
    if kind == "snake plant":
        for _ in range(13):
            a, far = rng.uniform(0, 2 * math.pi), r * 0.62 * math.sqrt(rng.random())
            height = tall * rng.uniform(0.55, 1.0)
            out.append(
                _blade(height, tall * 0.075, 0.1 * height, 0.35)
                .turn("z", rng.uniform(0, 360))
                .turn("x", rng.uniform(-7, 7))
                .move(math.cos(a) * far, math.sin(a) * far, z)
            )
    elif kind == "rubber plant":
        for shoot in range(3):
            a = 2 * math.pi * shoot / 3 + rng.random()
            lean = rng.uniform(0.06, 0.2) * tall
            height = tall * (1.0, 0.82, 0.66)[shoot]
            tip = (math.cos(a) * lean, math.sin(a) * lean, z + height * 0.92)
            base = (math.cos(a) * r * 0.15, math.sin(a) * r * 0.15, z)
            out.append(tube([base, tip], (0.008, 0.005), "stem", 8))
            count = 8
            for i in range(count):
                t = 0.22 + 0.78 * i / (count - 1)
                at = [base[k] + (tip[k] - base[k]) * t for k in range(3)]
                size = tall * rng.uniform(0.25, 0.33)
                out.append(
                    _leaf(size, size * 0.48, rng.uniform(0.1, 0.3))
                    .turn("y", -rng.uniform(20, 55))
                    .turn("z", 137.5 * i + 40 * shoot)
                    .move(*at)
                )
    elif kind == "palm":
        for i in range(11):
            out += [
                p.turn("z", 360 / 11 * i * 2 + rng.uniform(-14, 14)).move(z=z)
                for p in _frond(tall * rng.uniform(0.75, 1.0), rng.uniform(0.28, 0.62))
            ]
    elif kind == "cactus":
        for x, y, height, width in (
            (0.0, 0.0, tall, 0.36),
            (r * 0.5, 0.1 * r, tall * 0.62, 0.27),
            (-r * 0.48, -0.2 * r, tall * 0.46, 0.25),
        ):
            q = r * width * 1.25
            line = [
                (q * 0.8, 0),
                (q, height * 0.2),
                (q, height * 0.78),
                (q * 0.72, height * 0.93),
                (q * 0.3, height * 0.99),
                (0, height),
            ]
            out.append(lathe(line, "leaf", (x, y, z), flutes=11, depth=0.2))
    elif kind == "fern":
        for i in range(34):
            length = tall * rng.uniform(0.7, 1.15)
            out.append(_blade(length, length * 0.12, length * 0.7, 0.8).turn("z", 137.5 * i).move(z=z))
    elif kind == "trailing":
        for i in range(10):
            a = 2 * math.pi * i / 10 + rng.uniform(-0.15, 0.15)
            c, s = math.cos(a), math.sin(a)
            drop = rng.uniform(0.1, 0.62) * z
            rise = tall * rng.uniform(0.15, 0.4)
            path = [
                (0, 0, z),
                (c * r * 0.7, s * r * 0.7, z + rise),
                (c * r * 1.3, s * r * 1.3, z + 0.02),
                (c * r * 1.4, s * r * 1.4, z - drop),
            ]
            vine = curve(path, 5)
            out.append(tube(vine, 0.0025, "stem", 6))
            for k in range(1, len(vine)):
                size = 0.05 + 0.02 * rng.random()
                out.append(
                    _leaf(size * 1.2, size, 0.2)
                    .turn("y", rng.uniform(-50, 50))
                    .turn("z", rng.uniform(0, 360))
                    .move(*[float(q) for q in vine[k]])
                )
    else:
        for i in range(11):
            degrees = 137.5 * i
            height = tall * rng.uniform(0.45, 1.0)
            lean = height * rng.uniform(0.15, 0.42)
            c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            tip = (c * lean, s * lean, z + height * 0.86)
            out.append(
                tube(
                    [(c * r * 0.1, s * r * 0.1, z), (c * lean * 0.4, s * lean * 0.4, z + height * 0.5), tip],
                    0.004,
                    "stem",
                    8,
                    steps=4,
                )
            )
            size = tall * rng.uniform(0.32, 0.44)
            out.append(_monstera(size).turn("y", rng.uniform(10, 45)).turn("z", degrees).move(*tip))
    return out


def _blade(length: float, width: float, bow: float, tip: float) -> Part:
    """A strap leaf that rises and leans towards +x by `bow`."""

    def corner(u: Array, v: Array) -> Array:
        a = (u - 0.5) * 2
        wide = width * np.sin(np.clip(0.25 + v * 0.75, 0, 1) * math.pi) ** tip * (1 - v**6)
        x = bow * v**2
        z = length * (v - 0.28 * (bow / length) * v**3)
        return np.stack([x + 0.18 * wide * a**2, a * wide / 2, z], axis=-1)

    return sheet(corner, 4, 10, "leaf", (width, length))


def _leaf(length: float, width: float, droop: float) -> Part:
    """A broad leaf that lies along +x from the origin."""

    def corner(u: Array, v: Array) -> Array:
        a = (u - 0.5) * 2
        wide = width * np.sin(np.clip(v * 0.96 + 0.02, 0, 1) ** 0.8 * math.pi) ** 0.75
        return np.stack([length * v, a * wide / 2, np.abs(a) * wide * 0.16 - droop * length * v**2], axis=-1)

    return sheet(corner, 6, 10, "leaf", (width, length))


def _monstera(size: float) -> Part:
    """A heart-shaped leaf with deep notches."""

    def corner(u: Array, v: Array) -> Array:
        a = (u - 0.5) * 2
        wide = size * 0.95 * np.sin(np.clip(v * 0.9 + 0.08, 0, 1) ** 0.62 * math.pi) ** 0.7
        notch = 1 - 0.42 * np.clip(np.sin(v * 26) - 0.25, 0, 1) * np.abs(a) ** 1.5
        return np.stack(
            [
                size * (v - 0.14 * np.abs(a) * (1 - v)),
                a * wide * notch / 2,
                -0.35 * size * v**2 + np.abs(a) * 0.05 * size,
            ],
            axis=-1,
        )

    return sheet(corner, 8, 28, "leaf", (size, size))


def _frond(length: float, lean: float) -> list[Part]:
    """A palm frond: a bowed rib with leaflets on both sides."""
    path = [(lean * length * t**1.6, 0.0, length * (t - lean * 0.62 * t**2.4)) for t in np.linspace(0, 1, 12)]
    out = [tube(path, (0.006, 0.002), "stem", 6)]
    for i in range(2, 12):
        for s in (-1, 1):
            size = length * (0.34 - 0.02 * i)
            x, y, z = path[i]
            out.append(
                _leaf(size, size * 0.16, 0.35).turn("y", -18).turn("z", s * 62).move(float(x), float(y), float(z))
            )
    return out


def basket(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    shape = f["silhouette"]
    bodies = {
        "round": [(0.42, 0), (0.45, 0.03), (0.49, 0.4), (0.5, 0.8), (0.5, 1)],
        "belly": [(0.34, 0), (0.38, 0.03), (0.53, 0.35), (0.53, 0.6), (0.4, 0.9), (0.4, 1)],
        "tapered": [(0.34, 0), (0.36, 0.03), (0.44, 0.5), (0.51, 0.96), (0.51, 1)],
        "lidded": [(0.4, 0), (0.43, 0.03), (0.5, 0.4), (0.48, 0.8), (0.44, 1)],
        "oval": [(0.42, 0), (0.45, 0.03), (0.49, 0.4), (0.5, 0.8), (0.5, 1)],
        "rectangular": [],
        "tray": [(0.46, 0), (0.48, 0.05), (0.51, 0.5), (0.53, 0.96), (0.53, 1)],
    }
    wall = max(0.008, w * 0.03)
    parts: list[Part] = []
    if shape == "rectangular":
        line = outlines.rounded(w, w * 0.7, 0.05)
        rings = []
        for inset, z in ((0.02, 0.0), (0.0, h * 0.5), (-0.004, h), (wall, h), (wall + 0.004, h * 0.1)):
            rings.append(np.column_stack([outlines.offset(line, inset), np.full(len(line), z)]))
        count = len(line)
        lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.roll(line, -1, axis=0) - line, axis=1))])
        faces: list[tuple[int, ...]] = []
        uv: list[tuple[float, float]] = []
        heights = [0.0, h * 0.5, h, h + wall, 2 * h]
        for i in range(len(rings) - 1):
            for j in range(count):
                k = (j + 1) % count
                faces.append((i * count + j, i * count + k, (i + 1) * count + k, (i + 1) * count + j))
                uv += [
                    (lengths[j], heights[i]),
                    (lengths[j + 1], heights[i]),
                    (lengths[j + 1], heights[i + 1]),
                    (lengths[j], heights[i + 1]),
                ]
        faces.append(tuple(range((len(rings) - 1) * count, len(rings) * count)))
        uv += [(0.0, 0.0)] * count
        parts.append(Part(np.concatenate(rings), faces, "main", np.array(uv)))
        parts.append(tube(np.column_stack([line, np.full(count, h)]), wall * 0.62, "rim", 12, closed=True))
        half = (w / 2, w * 0.35)
    else:
        body = pot(bodies[shape], w, h, wall)
        rim_r = bodies[shape][-1][0] * w / 1.1
        ring = tube(
            [(math.cos(t) * rim_r, math.sin(t) * rim_r, h) for t in [2 * math.pi * i / 56 for i in range(56)]],
            wall * 0.66,
            "rim",
            12,
            closed=True,
        )
        parts += [body, ring]
        if shape == "oval":
            parts = [p.scale(y=0.68) for p in parts]
        if shape == "lidded":
            r = rim_r * 1.05
            parts.append(
                lathe(
                    [(r, h + 0.002), (r, h + 0.02), (r * 0.92, h + 0.04), (r * 0.5, h + 0.075), (0, h + 0.085)],
                    "main",
                    segments=56,
                )
            )
            parts.append(
                lathe(
                    [(0.012, h + 0.08), (0.012, h + 0.095), (0.024, h + 0.105), (0.02, h + 0.125), (0, h + 0.128)],
                    "rim",
                    segments=24,
                )
            )
        half = (rim_r, rim_r)
    x = half[0]
    handle = f["handle"]
    if handle == "loop handles":
        for s in (-1, 1):
            path = [
                (s * x, -w * 0.12, h - 0.01),
                (s * (x + 0.015), -w * 0.1, h + 0.05),
                (s * (x + 0.02), 0, h + 0.085),
                (s * (x + 0.015), w * 0.1, h + 0.05),
                (s * x, w * 0.12, h - 0.01),
            ]
            parts.append(tube(path, 0.009, "rim", 10, steps=6))
    elif handle == "top handle":
        path = [
            (-x, 0, h - 0.02),
            (-x * 0.96, 0, h + w * 0.3),
            (-x * 0.5, 0, h + w * 0.52),
            (0, 0, h + w * 0.58),
            (x * 0.5, 0, h + w * 0.52),
            (x * 0.96, 0, h + w * 0.3),
            (x, 0, h - 0.02),
        ]
        parts.append(tube(path, 0.011, "rim", 12, steps=6))
    elif handle == "leather tabs":
        for s in (-1, 1):
            parts.append(block((0.006, 0.045, 0.12), (s * (x + 0.008), 0, h - 0.03), "tab", 0.002))
    return parts
