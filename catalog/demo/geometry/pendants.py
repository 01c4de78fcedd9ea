"""Lamps that hang from a cord."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, block, lathe, sheet, slab, tube
from catalog.demo.geometry.shades import open_shade, shade


def pendant(f: Form) -> list[Part]:
    """Hangs from a cord that leaves the picture at the top; the lowest point is at z = 0."""
    w = f.m("w")
    kind = f["shade"]
    cord = f.m("drop")
    h = f.m("h")
    if kind == "cluster":
        parts: list[Part] = []
        spots = [(-0.3, 0.02, 0.16), (0.28, -0.05, 0.34), (0.02, 0.1, 0.0)]
        for x, y, z in spots:
            g = w * 0.36
            parts += [p.move(x * w, y * w, z * w) for p in shade("globe", g, g, 0)]
            parts.append(
                lathe([(0, 0), (0.022, 0), (0.022, 0.04), (0, 0.04)], "base", (x * w, y * w, z * w + g - 0.006), 20)
            )
            parts.append(tube([(x * w, y * w, z * w + g), (x * w, y * w, w * 0.8 + cord)], 0.003, "cord", 8))
        return parts
    if kind == "linear":
        parts = [
            block((w * 1.5, 0.05, 0.06), (0, 0, 0.05), "shade", 0.012),
            block((w * 1.46, 0.036, 0.01), (0, 0, 0.02), "bulb", 0.003),
        ]
        return parts + [
            tube([(sx * w * 0.5, 0, 0.07), (sx * w * 0.5, 0, 0.2 + cord)], 0.0028, "cord", 8) for sx in (-1, 1)
        ]
    if kind == "ring":
        ring = [(math.cos(t) * w / 2, math.sin(t) * w / 2, 0.03) for t in [2 * math.pi * i / 72 for i in range(72)]]
        parts = [
            tube(ring, 0.02, "shade", 14, closed=True),
            tube([(x, y, 0.012) for x, y, _ in ring], 0.009, "bulb", 8, closed=True),
        ]
        for k in range(3):
            a = math.radians(30 + 120 * k)
            parts.append(
                tube(
                    [(math.cos(a) * w / 2, math.sin(a) * w / 2, 0.04), (0, 0, w * 0.75), (0, 0, w * 0.75 + cord)],
                    0.0026,
                    "cord",
                    8,
                )
            )
        return parts
    if kind == "cage":
        parts = [
            lathe([(0, 0.12), (0.03, 0.14), (0.045, 0.19), (0.03, 0.26), (0.018, 0.3), (0, 0.3)], "bulb", segments=20)
        ]
        line = [(0.02, 0, 0.0), (w * 0.4, 0, h * 0.12), (w * 0.5, 0, h * 0.4), (w * 0.36, 0, h * 0.75), (0.03, 0, h)]
        for k in range(12):
            parts.append(tube(line, 0.0045, "shade", 8, steps=5).turn("z", 30 * k))
        for r, z in ((0.4, 0.12), (0.5, 0.4), (0.36, 0.75)):
            parts.append(
                tube(
                    [
                        (math.cos(t) * r * w, math.sin(t) * r * w, z * h)
                        for t in [2 * math.pi * i / 48 for i in range(48)]
                    ],
                    0.0045,
                    "shade",
                    8,
                    closed=True,
                )
            )
        parts.append(
            lathe(
                [(0, h - 0.08), (0.03, h - 0.08), (0.034, h + 0.01), (0.02, h + 0.05), (0, h + 0.05)],
                "base",
                segments=24,
            )
        )
        return [*parts, tube([(0, 0, h), (0, 0, h + cord)], 0.0032, "cord", 8)]
    if kind == "tiered":
        parts = []
        for r, z in ((0.5, 0.0), (0.4, 0.34), (0.28, 0.64)):
            parts.append(open_shade([(r * w, z * h), (r * w * 0.62, z * h + h * 0.3)], 0.003, "shade"))
        parts.append(lathe([(0, h * 0.1), (0.035, h * 0.16), (0.04, h * 0.25), (0, h * 0.4)], "bulb", segments=20))
        parts.append(tube([(0, 0, h * 0.3), (0, 0, h)], 0.012, "base"))
        return [*parts, tube([(0, 0, h * 0.9), (0, 0, h + cord)], 0.003, "cord", 8)]
    if kind == "fringed":
        parts = [open_shade([(w / 2, h * 0.45), (w / 2, h)], 0.004, "shade")]
        strands = 110
        for i in range(strands):
            a = 2 * math.pi * i / strands
            x, y = math.cos(a) * w * 0.497, math.sin(a) * w * 0.497
            parts.append(tube([(x, y, h * 0.46), (x * 1.005, y * 1.005, h * 0.0)], (0.0055, 0.004), "shade", 5))
        return [
            *parts,
            slab(outlines.ellipse(w * 0.98, w * 0.98), h - 0.01, h, "shade", 0.003),
            tube([(0, 0, h), (0, 0, h + cord)], 0.003, "cord", 8),
        ]
    if kind == "petal":

        def leaf(u: Array, v: Array) -> Array:
            a = (u - 0.5) * 2
            width = w * 0.2 * np.sin(np.clip(v * 0.92 + 0.06, 0, 1) * math.pi) ** 0.7
            out = w * 0.06 + w * 0.42 * np.sin(v * 1.75)
            z = h * (1 - v) + w * 0.03 * a**2
            return np.stack([a * width, -out, z], axis=-1)

        parts = []
        for k in range(9):
            parts.append(sheet(leaf, 6, 14, "shade", (0.2, 0.4)).turn("z", 40 * k))
        for k in range(9):
            parts.append(
                sheet(leaf, 6, 14, "shade", (0.2, 0.4)).scale(0.7, 0.62, 0.86).move(z=h * 0.13).turn("z", 40 * k + 20)
            )
        parts.append(lathe([(0, h - 0.05), (0.035, h - 0.05), (0.03, h + 0.02), (0, h + 0.03)], "base", segments=20))
        return [*parts, tube([(0, 0, h), (0, 0, h + cord)], 0.003, "cord", 8)]
    height = w if kind == "globe" else h
    parts = shade(kind, w, height, 0.0)
    cap = lathe([(0, -0.02), (0.026, -0.02), (0.028, 0.02), (0.016, 0.045), (0, 0.045)], "base", (0, 0, height), 24)
    parts += [cap, tube([(0, 0, height + 0.02), (0, 0, height + cord)], 0.0034, "cord", 8)]
    if kind in ("drum", "empire", "pleated"):
        top_r = {"drum": 0.5, "empire": 0.275, "pleated": 0.3}[kind] * w
        for k in range(3):
            a = math.radians(90 + 120 * k)
            parts.append(
                tube(
                    [(math.cos(a) * top_r, math.sin(a) * top_r, height - 0.006), (0, 0, height + 0.01)],
                    0.003,
                    "base",
                    8,
                )
            )
    return parts
