"""Legs and bases that tables, seats and cabinets share."""

import math
from random import Random

from catalog.demo.geometry import outlines
from catalog.demo.geometry.kit import Array, Part, block, lathe, slab, tube

TURNED = (
    (0.55, 0.0),
    (0.75, 0.03),
    (0.5, 0.1),
    (0.62, 0.16),
    (0.7, 0.3),
    (0.95, 0.52),
    (1.0, 0.6),
    (0.8, 0.68),
    (0.5, 0.71),
    (0.85, 0.74),
    (0.85, 0.77),
    (0.55, 0.8),
    (0.9, 0.84),
    (0.9, 1.0),
)
"""Radius and height of a turned leg, as fractions of its widest radius and its length."""


def legs(kind: str, width: float, depth: float, height: float, thick: float = 0.04, slot: str = "legs") -> list[Part]:
    """Legs that carry something of the given footprint at `height`; `thick` is the diameter at the top, in metres."""
    r = thick / 2
    if kind == "pedestal":
        foot = min(width, depth) * 0.33
        stem = max(r * 1.1, 0.018)
        profile = [
            (0, 0),
            (foot, 0),
            (foot, 0.012),
            (foot * 0.55, 0.03),
            (stem * 1.3, 0.09 * height + 0.03),
            (stem, height * 0.35),
            (stem, height * 0.75),
            (stem * 1.8, height * 0.97),
            (stem * 2.2, height),
        ]
        return [lathe(profile, slot)]
    if kind == "drum":
        radius = min(width, depth) * 0.36
        return [lathe([(0, 0), (radius, 0), (radius, height)], slot, flutes=36, depth=0.06)]
    if kind == "trestle":
        out = []
        x = width / 2 - max(0.1 * width, r * 3)
        for sx in (-x, x):
            for sy in (-1, 1):
                out.append(tube([(sx, sy * depth * 0.4, 0), (sx, sy * depth * 0.12, height)], (r * 0.9, r), slot, 14))
            out.append(block((thick, depth * 0.6, thick * 0.8), (sx, 0, height - thick * 0.4), slot))
            out.append(block((thick * 0.8, depth * 0.52, thick * 0.7), (sx, 0, height * 0.32), slot))
        out.append(block((2 * x, thick * 0.8, thick), (0, 0, height * 0.32), slot))
        return out
    if kind == "cross":
        out = []
        x = width / 2 - max(0.09 * width, r * 2)
        for sx in (-x, x):
            for sy in (-1, 1):
                out.append(
                    block((thick, thick, math.hypot(depth * 0.78, height) - thick * 0.4), (0, 0, 0), slot)
                    .turn("x", sy * math.degrees(math.atan2(depth * 0.78, height)))
                    .move(sx + sy * thick * 0.002, 0, height / 2)
                )
        out.append(block((2 * x, thick * 0.7, thick * 0.7), (0, 0, height / 2), slot))
        return _floor(out, height)
    if kind == "sled":
        out = []
        x, y, t = width / 2 - r - 0.02, depth / 2 - r - 0.01, max(r * 0.75, 0.009)
        bend = min(0.05, height * 0.3)
        for sx in (-x, x):
            loop = [
                (sx, -y, height),
                (sx, -y, bend + t),
                (sx, -y + bend * 0.3, t + bend * 0.3),
                (sx, -y + bend, t),
                (sx, y - bend, t),
                (sx, y - bend * 0.3, t + bend * 0.3),
                (sx, y, bend + t),
                (sx, y, height),
            ]
            out.append(tube(loop, t, slot, 12))
        return out
    if kind == "plinth":
        return [block((width * 0.88, depth * 0.84, height), (0, 0, height / 2), slot)]
    if kind == "block":
        inset = max(0.06 * min(width, depth), r)
        return [
            block(
                (thick * 1.5, thick * 1.5, height),
                (sx * (width / 2 - inset), sy * (depth / 2 - inset), height / 2),
                slot,
                0.006,
            )
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
    out = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            out += _leg(kind, sx, sy, width, depth, height, r, slot)
    return out


def _leg(kind: str, sx: int, sy: int, width: float, depth: float, height: float, r: float, slot: str) -> list[Part]:
    inset = max(r * 1.6, 0.07 * min(width, depth))
    x, y = sx * (width / 2 - inset), sy * (depth / 2 - inset)
    if kind == "tapered":
        splay = min(0.14 * height, 0.06)
        return [
            tube(
                [(x + sx * splay * 0.5, y + sy * splay * 0.5, 0), (x - sx * splay * 0.5, y - sy * splay * 0.5, height)],
                (r * 0.5, r),
                slot,
                16,
            )
        ]
    if kind == "splayed":
        splay = min(0.3 * height, 0.1)
        return [
            tube(
                [(x + sx * splay * 0.4, y + sy * splay * 0.4, 0), (x - sx * splay, y - sy * splay, height)],
                (r * 0.62, r),
                slot,
                16,
            )
        ]
    if kind == "square":
        w = 2 * r * 0.92
        x, y = sx * (width / 2 - w / 2 - 0.004), sy * (depth / 2 - w / 2 - 0.004)
        return [block((w, w, height), (x, y, height / 2), slot, min(0.004, w / 6))]
    if kind == "turned":
        return [lathe([(0, 0)] + [(r * 1.15 * a, height * b) for a, b in TURNED], slot, (x, y, 0), 24)]
    if kind == "cylinder":
        return [lathe([(0, 0), (r * 1.2, 0), (r * 1.3, 0.004), (r * 1.3, height)], slot, (x, y, 0), 28)]
    if kind == "hairpin":
        wire = max(0.0055, r * 0.28)
        spread = min(0.075, height * 0.35)
        tip = (x + sx * 0.012, y + sy * 0.012)
        a, b = (x - sx * spread, y + sy * 0.005), (x + sx * 0.005, y - sy * spread)
        path = [
            (*a, height),
            (tip[0] - sx * 0.012, tip[1] - sy * 0.002, 0.03 + wire),
            (*tip, wire),
            (tip[0] - sx * 0.002, tip[1] - sy * 0.012, 0.03 + wire),
            (*b, height),
        ]
        return [tube(path, wire, slot, 10)]
    raise ValueError(f"no leg kind {kind!r}")


def _floor(parts: list[Part], height: float) -> list[Part]:
    """Squeeze parts vertically so that they run exactly from the floor to `height`."""
    low = min(float(p.verts[:, 2].min()) for p in parts)
    high = max(float(p.verts[:, 2].max()) for p in parts)
    factor = height / (high - low)
    return [part.move(z=-low).scale(z=factor) for part in parts]


def top(
    shape: str,
    width: float,
    depth: float,
    z0: float,
    z1: float,
    slot: str = "main",
    bevel: float = 0.006,
    seed: int = 0,
) -> Part:
    """A table top, seat or tray of a named outline."""
    return slab(outline(shape, width, depth, seed), z0, z1, slot, bevel)


def outline(shape: str, width: float, depth: float, seed: int = 0) -> Array:
    """The named outline of a top."""
    if shape in ("round", "oval"):
        return outlines.ellipse(width, depth)
    if shape == "hexagonal":
        return outlines.polygon(6, width, depth, 0.02)
    if shape == "octagonal":
        return outlines.polygon(8, width, depth, 0.02, 22.5)
    if shape == "pebble":
        return outlines.organic(width, depth, Random(seed))
    if shape == "squircle":
        return outlines.superellipse(width, depth, 3.6)
    if shape == "pill":
        return outlines.rounded(width, depth, min(width, depth) / 2, 14)
    return outlines.rounded(width, depth, 0.015)
