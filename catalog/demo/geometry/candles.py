"""Candle holders with their candles."""

import math

import numpy as np

from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Part, block, lathe, tube
from catalog.demo.geometry.vessels import pot, relief


def candle_holder(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    form = f["silhouette"]
    c = 0.011

    def candle(x: float, y: float, z: float, tall: float) -> list[Part]:
        return [
            lathe(
                [(0, 0), (c, 0), (c * 0.92, tall), (c * 0.5, tall + 0.006), (0, tall + 0.007)], "candle", (x, y, z), 24
            ),
            tube([(x, y, z + tall), (x + 0.001, y, z + tall + 0.014)], 0.001, "wick", 6),
        ]

    if form == "turned":
        t = w * 0.28
        line = [
            (0, 0),
            (w / 2, 0),
            (w / 2, 0.008),
            (w * 0.3, 0.02),
            (t * 0.5, h * 0.2),
            (t * 0.8, h * 0.3),
            (t * 0.42, h * 0.4),
            (t * 0.42, h * 0.55),
            (t * 0.85, h * 0.68),
            (t * 0.4, h * 0.78),
            (t * 0.9, h * 0.94),
            (t * 0.9, h),
            (0, h),
        ]
        return [lathe(line, "main", segments=48), *candle(0, 0, h - 0.005, 0.16)]
    if form == "slim stem":
        line = [
            (0, 0),
            (w / 2, 0),
            (w / 2, 0.006),
            (w * 0.12, 0.016),
            (0.006, 0.04),
            (0.006, h - 0.03),
            (0.016, h - 0.022),
            (0.016, h),
            (0, h),
        ]
        return [lathe(line, "main", segments=48), *candle(0, 0, h - 0.008, 0.17)]
    if form == "sphere stack":
        parts = [lathe([(0, 0), (w * 0.42, 0), (w * 0.42, 0.01), (0, 0.01)], "main")]
        z = 0.008
        for k in (1.0, 0.8, 0.62):
            r = h * 0.2 * k
            parts.append(
                lathe(
                    [(r * math.sin(a), z + r - r * math.cos(a)) for a in np.linspace(0, math.pi, 20)],
                    "main",
                    segments=40,
                )
            )
            z += 2 * r * 0.95
        parts.append(
            lathe([(0, z - 0.006), (0.018, z - 0.004), (0.018, z + 0.012), (0, z + 0.012)], "main", segments=28)
        )
        return parts + candle(0, 0, z, 0.15)
    if form == "chamberstick":
        line = [
            (0, 0),
            (w * 0.4, 0),
            (w / 2, 0.018),
            (w / 2 - 0.004, 0.021),
            (w * 0.38, 0.006),
            (0.02, 0.006),
            (0.018, h * 0.5),
            (0.018, h),
            (0, h),
        ]
        ring = [
            (w * 0.5 + 0.018 + 0.02 * math.cos(t), 0, 0.022 + 0.02 * math.sin(t))
            for t in [2 * math.pi * i / 30 for i in range(30)]
        ]
        return [
            lathe(line, "main", segments=52),
            tube(ring, 0.004, "main", 10, closed=True),
            *candle(0, 0, h - 0.006, 0.13),
        ]
    if form == "three-arm candelabra":
        parts = [
            lathe(
                [
                    (0, 0),
                    (w * 0.24, 0),
                    (w * 0.24, 0.01),
                    (0.02, 0.024),
                    (0.008, 0.05),
                    (0.008, h - 0.02),
                    (0.016, h - 0.015),
                    (0.016, h),
                    (0, h),
                ],
                "main",
                segments=40,
            )
        ]
        arc = [(-w * 0.5, 0, h * 0.88), (-w * 0.46, 0, h * 0.6), (-w * 0.2, 0, h * 0.42), (0, 0, h * 0.4)]
        for s in (-1, 1):
            path = [(s * -x, y, z) for x, y, z in arc]
            parts.append(tube(path, 0.0065, "main", 12, steps=7))
            parts.append(
                lathe([(0, 0), (0.016, 0.002), (0.016, 0.018), (0, 0.018)], "main", (s * w * 0.5, 0, h * 0.86), 28)
            )
            parts += candle(s * w * 0.5, 0, h * 0.86 + 0.01, 0.14)
        return parts + candle(0, 0, h - 0.006, 0.14)
    if form == "arch":
        half = w * 0.36
        base_z = 0.03
        path = (
            [(-half, 0, 0), (-half, 0, base_z)]
            + [
                (-half * math.cos(a), 0, base_z + (h - base_z - 0.03) * math.sin(a))
                for a in np.linspace(0.1, math.pi - 0.1, 18)
            ]
            + [(half, 0, base_z), (half, 0, 0)]
        )
        cups = []
        for x, z in (
            (-half * 0.72, base_z + (h - base_z - 0.03) * 0.69),
            (0.0, h - 0.03),
            (half * 0.72, base_z + (h - base_z - 0.03) * 0.69),
        ):
            cups.append(lathe([(0, -0.005), (0.017, 0), (0.019, 0.028), (0, 0.028)], "main", (x, 0, z), 28))
            cups += candle(x, 0, z + 0.02, 0.1)
        return [tube(path, 0.017, "main", 20), *cups]
    if form == "tealight cup":
        line = [(0.36, 0), (0.4, 0.03), (0.5, 0.4), (0.5, 0.7), (0.46, 1)]
        flutes, depth = relief(f)
        return [
            pot(line, w, h, 0.005, flutes=flutes or 20, depth=depth or 0.08),
            lathe(
                [(0, 0), (w * 0.3, 0), (w * 0.3, h * 1.22), (w * 0.27, h * 1.26), (0, h * 1.24)],
                "candle",
                (0, 0, 0.006),
                36,
            ),
            tube([(0, 0, h * 1.24), (0, 0, h * 1.24 + 0.02)], 0.0012, "wick", 6),
        ]
    if form == "lantern":
        t = 0.008
        parts = [
            block((w, w, 0.014), (0, 0, 0.007), "main", 0.003),
            block((w, w, 0.014), (0, 0, h - 0.007), "main", 0.003),
        ]
        for sx in (-1, 1):
            for sy in (-1, 1):
                parts.append(
                    block(
                        (t, t, h - 0.02),
                        (sx * (w / 2 - t / 2 - 0.002), sy * (w / 2 - t / 2 - 0.002), h / 2),
                        "main",
                        0.001,
                    )
                )
        ring = [
            (0.03 * math.cos(a), 0, h + 0.026 + 0.03 * math.sin(a)) for a in [2 * math.pi * i / 36 for i in range(36)]
        ]
        return [
            *parts,
            tube(ring, 0.003, "main", 8, closed=True),
            lathe([(0, 0), (w * 0.26, 0), (w * 0.26, h * 0.5), (0, h * 0.51)], "candle", (0, 0, 0.014), 36),
            tube([(0, 0, h * 0.52), (0, 0, h * 0.52 + 0.022)], 0.0015, "wick", 6),
        ]
    z = 0.0
    parts = []
    for x, y, tall in ((-w * 0.3, 0.01, h), (w * 0.02, -w * 0.16, h * 0.62), (w * 0.3, w * 0.1, h * 0.8)):
        r = w * 0.15
        parts.append(
            lathe(
                [
                    (0, 0),
                    (r, 0),
                    (r, 0.006),
                    (r * 0.34, 0.02),
                    (r * 0.3, tall - 0.03),
                    (r * 0.8, tall - 0.012),
                    (r * 0.8, tall),
                    (0, tall),
                ],
                "main",
                (x, y, z),
                36,
            )
        )
        parts.append(lathe([(0, 0), (0.026, 0), (0.026, 0.07), (0.022, 0.075), (0, 0.073)], "candle", (x, y, tall), 28))
        parts.append(tube([(x, y, tall + 0.07), (x, y, tall + 0.088)], 0.0012, "wick", 6))
    return parts
