"""Lampshades and the bulbs under them."""

import math

import numpy as np

from catalog.demo.geometry.kit import Part, curve, lathe


def shade(kind: str, width: float, height: float, z: float, slot: str = "shade") -> list[Part]:
    """A lampshade whose lower rim lies at z; open shades get a glowing bulb inside."""
    r = width / 2
    bulb = lathe(
        [
            (0, z + height * 0.28),
            (0.026, z + height * 0.33),
            (0.034, z + height * 0.45),
            (0.02, z + height * 0.62),
            (0, z + height * 0.66),
        ],
        "bulb",
        segments=20,
    )
    thin = 0.003
    if kind == "globe":
        return [lathe([(r * math.sin(a), z + r - r * math.cos(a)) for a in np.linspace(0.0, math.pi, 28)], "globe")]
    if kind == "drum":
        return [open_shade([(r, z), (r, z + height)], thin, slot), bulb]
    if kind == "empire":
        return [open_shade([(r, z), (r * 0.55, z + height)], thin, slot), bulb]
    if kind == "pleated":
        return [open_shade([(r, z), (r * 0.6, z + height)], thin, slot, 44, 0.07), bulb]
    if kind == "dome":
        curve_ = [(r * math.cos(a), z + height * math.sin(a)) for a in np.linspace(0, math.pi / 2 - 0.06, 16)]
        return [open_shade(curve_, thin, slot), bulb.move(z=-height * 0.25)]
    if kind == "cone":
        return [
            open_shade([(r, z), (r * 0.2, z + height * 0.82), (r * 0.16, z + height)], thin, slot),
            bulb.move(z=-height * 0.2),
        ]
    if kind == "bell":
        line = [
            (r, z),
            (r * 0.86, z + height * 0.1),
            (r * 0.68, z + height * 0.38),
            (r * 0.58, z + height * 0.66),
            (r * 0.34, z + height * 0.9),
            (r * 0.1, z + height),
        ]
        return [open_shade([tuple(p) for p in curve(line, 4)], thin, slot), bulb.move(z=-height * 0.2)]
    if kind == "lantern":
        ribs = 13
        line = []
        for i in range(ribs * 4 + 1):
            a = math.pi * i / (ribs * 4)
            bulge = 1 - 0.025 * abs(math.cos(math.pi * i / 4))
            line.append((max(0.16 * r, r * max(math.sin(a), 0.0) ** 0.8) * bulge, z + height * (1 - math.cos(a)) / 2))
        return [lathe(line, slot, segments=56)]
    if kind == "mushroom":
        line = [(r * math.cos(a), z + height * math.sin(a)) for a in np.linspace(0, math.pi / 2 - 0.02, 16)]
        return [open_shade([(r * 0.9, z - height * 0.07), *line], thin, slot)]
    raise ValueError(f"no shade {kind!r}")


def open_shade(line: list[tuple[float, float]], thin: float, slot: str, flutes: int = 0, depth: float = 0.0) -> Part:
    inside = [(max(r - thin, 0.001), z) for r, z in reversed(line)]
    return lathe([*line, *inside], slot, segments=64, flutes=flutes, depth=depth)
