"""Turned and thrown things: vases, bowls, mugs, teapots, candle holders."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Part, curve, lathe, slab, tube

Profile = list[tuple[float, float]]

VASES: dict[str, Profile] = {
    "bottle": [(0.5, 0), (0.52, 0.03), (0.54, 0.3), (0.46, 0.5), (0.17, 0.68), (0.14, 0.88), (0.19, 1)],
    "bulb": [(0.32, 0), (0.44, 0.06), (0.56, 0.3), (0.5, 0.55), (0.28, 0.76), (0.24, 0.88), (0.33, 1)],
    "cylinder": [(0.42, 0), (0.44, 0.03), (0.44, 0.5), (0.44, 0.97), (0.43, 1)],
    "amphora": [(0.26, 0), (0.3, 0.05), (0.52, 0.42), (0.54, 0.58), (0.4, 0.74), (0.22, 0.84), (0.21, 0.93), (0.3, 1)],
    "bud": [(0.36, 0), (0.42, 0.04), (0.54, 0.25), (0.44, 0.46), (0.14, 0.58), (0.1, 0.8), (0.13, 1)],
    "gourd": [
        (0.36, 0),
        (0.46, 0.06),
        (0.54, 0.24),
        (0.42, 0.45),
        (0.28, 0.55),
        (0.36, 0.68),
        (0.34, 0.82),
        (0.2, 0.94),
        (0.22, 1),
    ],
    "trumpet": [(0.34, 0), (0.35, 0.03), (0.2, 0.14), (0.18, 0.4), (0.26, 0.7), (0.5, 0.97), (0.54, 1)],
    "moon": [(0.26, 0), (0.32, 0.04), (0.56, 0.38), (0.57, 0.55), (0.4, 0.84), (0.24, 0.93), (0.26, 1)],
    "tulip": [(0.34, 0), (0.36, 0.03), (0.5, 0.28), (0.54, 0.48), (0.42, 0.76), (0.44, 0.9), (0.54, 1)],
    "tapered": [(0.3, 0), (0.32, 0.03), (0.44, 0.5), (0.54, 0.97), (0.53, 1)],
    "shouldered": [
        (0.34, 0),
        (0.36, 0.03),
        (0.48, 0.4),
        (0.55, 0.7),
        (0.48, 0.84),
        (0.22, 0.9),
        (0.2, 0.96),
        (0.25, 1),
    ],
}
"""Radius (of the width) and height (of the height) from foot to lip."""


def pot(
    profile: Profile,
    width: float,
    height: float,
    wall: float,
    slot: str = "main",
    flutes: int = 0,
    depth: float = 0.0,
    segments: int = 64,
) -> Part:
    """A hollow vessel from its outer profile, with a rounded lip and an inside."""
    line = curve([(r * width / 1.1, z * height) for r, z in profile], 5)
    outer = [(float(r), float(z)) for r, z in line]
    inner = [(max(r - wall, 0.002), max(z, wall * 1.5)) for r, z in reversed(outer[2:])]
    lip = [(outer[-1][0] - wall * 0.25, height + wall * 0.35), (outer[-1][0] - wall * 0.75, height + wall * 0.35)]
    return lathe([(0, 0), *outer, *lip, *inner, (0, wall * 1.5)], slot, segments=segments, flutes=flutes, depth=depth)


def vase(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    shape = f["silhouette"]
    wall = max(0.004, w * 0.028)
    flutes, depth = relief(f)
    if shape == "ring":
        r = w * 0.36
        parts = [
            tube(
                [
                    (math.sin(t) * r, 0, r + w * 0.13 - math.cos(t) * r)
                    for t in [2 * math.pi * i / 64 for i in range(64)]
                ],
                w * 0.125,
                "main",
                28,
                closed=True,
            )
        ]
        neck = [
            (w * 0.085, 0),
            (w * 0.075, w * 0.05),
            (w * 0.07, w * 0.12),
            (w * 0.095, w * 0.18),
            (w * 0.08, w * 0.182),
            (w * 0.055, w * 0.12),
            (w * 0.055, 0),
        ]
        return [
            *parts,
            lathe(neck, "main", (0, 0, 2 * r + w * 0.22), 36),
            slab(outlines.ellipse(w * 0.34, w * 0.2), 0, w * 0.05, "main", 0.005),
        ]
    if shape == "faceted":
        corners = [(r * w / 1.1, z * h) for r, z in [(0.3, 0), (0.54, 0.4), (0.28, 0.82), (0.34, 1)]]
        return [_faceted(corners, 9, wall)]
    if shape == "double neck":
        line = curve(
            [
                (r * w / 1.1, z * h * 0.66)
                for r, z in [(0.3, 0), (0.4, 0.04), (0.55, 0.4), (0.44, 0.78), (0.24, 0.95), (0.002, 1)]
            ],
            6,
        )
        out = [lathe([(0, 0), *[(float(r), float(z)) for r, z in line]], "main", segments=64)]
        for s in (-1, 1):
            path = [(s * w * 0.12, 0, h * 0.5), (s * w * 0.23, 0, h * 0.76), (s * w * 0.25, 0, h)]
            out.append(tube(path, (w * 0.17, w * 0.09, w * 0.095), "main", 24, steps=6))
            out.append(
                slab(outlines.ellipse(w * 0.15, w * 0.15), h - 0.001, h + 0.0015, "shadow", 0.0005).move(s * w * 0.25)
            )
        return out
    parts = [pot(VASES[shape], w, h, wall, flutes=flutes, depth=depth)]
    if shape == "amphora":
        for s in (-1, 1):
            path = [
                (s * w * 0.2, 0, h * 0.9),
                (s * w * 0.36, 0, h * 0.95),
                (s * w * 0.5, 0, h * 0.84),
                (s * w * 0.44, 0, h * 0.66),
            ]
            parts.append(tube(path, w * 0.042, "main", 14, steps=8))
    return parts


def relief(f: Form) -> tuple[int, float]:
    relief = f.traits.get("relief", "smooth")
    return {"fluted": (26, 0.09), "ribbed": (46, 0.05), "lobed": (9, 0.16)}.get(relief, (0, 0.0))


def _faceted(line: Profile, sides: int, wall: float) -> Part:
    """Flat triangular facets between rings that are turned against each other."""
    verts: list[tuple[float, float, float]] = []
    faces: list[tuple[int, ...]] = []

    def add(*points: tuple[float, float, float]) -> None:
        faces.append(tuple(range(len(verts), len(verts) + len(points))))
        verts.extend(points)

    rings = []
    for k, (r, z) in enumerate(line):
        rings.append(
            [
                (r * math.cos(2 * math.pi * (i + k / 2) / sides), r * math.sin(2 * math.pi * (i + k / 2) / sides), z)
                for i in range(sides)
            ]
        )
    for k in range(len(rings) - 1):
        low, high = rings[k], rings[k + 1]
        for i in range(sides):
            j = (i + 1) % sides
            add(low[i], low[j], high[i])
            add(low[j], high[j], high[i])
    rim = rings[-1]
    inner = [(x * (1 - wall * 2.2 / line[-1][0]), y * (1 - wall * 2.2 / line[-1][0]), z) for x, y, z in rim]
    deep = [(x, y, z - 0.06) for x, y, z in inner]
    for i in range(sides):
        j = (i + 1) % sides
        add(rim[i], rim[j], inner[j], inner[i])
        add(inner[i], inner[j], deep[j], deep[i])
    add(*deep)
    add(*reversed(rings[0]))
    return Part(np.array(verts), faces, "main")
