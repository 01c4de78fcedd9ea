"""Counter-clockwise outlines [K, 2] in metres for tops, seats, mirrors and rugs."""

import math
from random import Random

import numpy as np

from catalog.demo.geometry.kit import Array, curve


def ellipse(width: float, depth: float, count: int = 72) -> Array:
    a = np.arange(count) * 2 * math.pi / count
    return np.column_stack([np.cos(a) * width / 2, np.sin(a) * depth / 2])


def superellipse(width: float, depth: float, power: float = 4.0, count: int = 96) -> Array:
    """Between an ellipse (power 2) and a rectangle (a high power)."""
    a = np.arange(count) * 2 * math.pi / count
    c, s = np.cos(a), np.sin(a)
    x = np.sign(c) * np.abs(c) ** (2 / power) * width / 2
    y = np.sign(s) * np.abs(s) ** (2 / power) * depth / 2
    return np.column_stack([x, y])


def rounded(width: float, depth: float, radius: float = 0.02, steps: int = 6) -> Array:
    """A rectangle with round corners."""
    r = min(radius, width * 0.49, depth * 0.49)
    points = []
    for cx, cy, start in ((1, 1, 0), (-1, 1, 90), (-1, -1, 180), (1, -1, 270)):
        for k in range(steps + 1):
            a = math.radians(start + 90 * k / steps)
            points.append((cx * (width / 2 - r) + r * math.cos(a), cy * (depth / 2 - r) + r * math.sin(a)))
    return np.array(points)


def polygon(sides: int, width: float, depth: float, radius: float = 0.02, start: float = 0.0) -> Array:
    """A regular polygon with rounded corners, stretched to the given size; `start` in degrees."""
    corners = [
        (
            math.cos(math.radians(start) + 2 * math.pi * i / sides),
            math.sin(math.radians(start) + 2 * math.pi * i / sides),
        )
        for i in range(sides)
    ]
    p = np.array(corners)
    p = p / (p.max(axis=0) - p.min(axis=0)) * np.array([width, depth])
    out = []
    for i in range(sides):
        here, back, on = p[i], p[i - 1], p[(i + 1) % sides]
        cut = min(radius, 0.3 * float(np.linalg.norm(here - back)))
        a = here + (back - here) / np.linalg.norm(back - here) * cut
        b = here + (on - here) / np.linalg.norm(on - here) * cut
        for t in (0, 0.25, 0.5, 0.75, 1):
            out.append((1 - t) ** 2 * a + 2 * t * (1 - t) * here + t**2 * b)
    return np.array(out)


def organic(width: float, depth: float, rng: Random, count: int = 7, unrest: float = 0.13) -> Array:
    """A pebble: a closed curve through points that stray from an ellipse by up to `unrest` of its radius."""
    start = rng.random() * math.pi
    points = []
    for i in range(count):
        a = start + 2 * math.pi * i / count
        r = 1 + rng.uniform(-unrest, unrest)
        points.append((r * math.cos(a), r * math.sin(a)))
    p = curve(points, 12, closed=True)
    low, high = p.min(axis=0), p.max(axis=0)
    return (p - (low + high) / 2) / (high - low) * np.array([width, depth])


def arch(width: float, height: float, steps: int = 36) -> Array:
    """A rectangle under a half circle; the base corners slightly rounded."""
    r = width / 2
    foot = min(0.02, width / 8)
    points: list[tuple[float, float]] = []
    for k in range(5):
        a = math.radians(270 + 90 * k / 4)
        points.append((width / 2 - foot + foot * math.cos(a), -height / 2 + foot + foot * math.sin(a)))
    for k in range(steps + 1):
        a = math.pi * k / steps
        points.append((r * math.cos(a), height / 2 - r + r * math.sin(a)))
    for k in range(5):
        a = math.radians(180 + 90 * k / 4)
        points.append((-width / 2 + foot + foot * math.cos(a), -height / 2 + foot + foot * math.sin(a)))
    return np.array(points)


def offset(outline: Array, inset: float) -> Array:
    """The outline drawn in by `inset` metres on each side of its bounding box; it never crosses itself."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    middle, extent = (low + high) / 2, high - low
    return np.asarray(middle + (outline - middle) * (1 - 2 * inset / extent))
