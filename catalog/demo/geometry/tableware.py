"""Bowls, mugs and teapots."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, curve, lathe, slab, tube
from catalog.demo.geometry.vessels import Profile, pot, relief

BOWLS: dict[str, Profile] = {
    "hemisphere": [(0.2, 0), (0.26, 0.01), (0.42, 0.28), (0.52, 0.66), (0.55, 1)],
    "shallow": [(0.28, 0), (0.3, 0.02), (0.42, 0.3), (0.51, 0.7), (0.55, 1)],
    "footed": [(0.24, 0), (0.24, 0.03), (0.12, 0.16), (0.13, 0.26), (0.36, 0.42), (0.5, 0.7), (0.55, 1)],
    "straight-sided": [(0.46, 0), (0.5, 0.04), (0.54, 0.3), (0.55, 0.7), (0.55, 1)],
    "flared": [(0.2, 0), (0.22, 0.06), (0.24, 0.26), (0.34, 0.56), (0.48, 0.86), (0.55, 1)],
    "conical": [(0.14, 0), (0.16, 0.03), (0.29, 0.36), (0.42, 0.68), (0.55, 1)],
    "inward-curving": [(0.26, 0), (0.34, 0.05), (0.52, 0.42), (0.55, 0.66), (0.5, 0.9), (0.46, 1)],
}
"""Like `VASES`."""


def bowl(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    flutes, depth = relief(f)
    part = pot(BOWLS[f["silhouette"]], w, h, max(0.004, w * 0.018), flutes=flutes, depth=depth, segments=72)
    rim = f["rim"]
    if rim == "wavy":

        def wave(v: Array) -> Array:
            a = np.arctan2(v[:, 1], v[:, 0])
            v[:, 2] += np.sin(a * 5) * h * 0.07 * np.clip(v[:, 2] / h - 0.2, 0, 1)
            return v

        part = part.warp(wave)
    elif rim == "oval":
        part = part.scale(y=0.68)
    return [part]


MUGS: dict[str, Profile] = {
    "straight": [(0.42, 0), (0.46, 0.03), (0.47, 0.2), (0.47, 0.7), (0.47, 1)],
    "tapered": [(0.34, 0), (0.37, 0.04), (0.42, 0.4), (0.46, 0.75), (0.49, 1)],
    "barrel": [(0.36, 0), (0.4, 0.04), (0.5, 0.4), (0.5, 0.66), (0.45, 0.92), (0.45, 1)],
    "footed": [(0.32, 0), (0.32, 0.06), (0.27, 0.12), (0.42, 0.3), (0.48, 0.6), (0.48, 1)],
    "rounded": [(0.26, 0), (0.34, 0.04), (0.48, 0.34), (0.5, 0.6), (0.47, 0.85), (0.46, 1)],
    "waisted": [(0.44, 0), (0.46, 0.03), (0.42, 0.3), (0.4, 0.5), (0.43, 0.76), (0.48, 1)],
}
"""Like `VASES`."""


def mug(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    flutes, depth = relief(f)
    profile = MUGS[f["silhouette"]]
    parts = [pot(profile, w, h, 0.0038, flutes=flutes, depth=depth * 0.6)]
    handle = f["handle"]
    x = min(profile[2][0], profile[-2][0]) * w / 1.1 - 0.003
    if handle == "C handle":
        path = [
            (x, 0, h * 0.82),
            (x + w * 0.25, 0, h * 0.84),
            (x + w * 0.36, 0, h * 0.55),
            (x + w * 0.24, 0, h * 0.26),
            (x - 0.002, 0, h * 0.22),
        ]
        parts.append(tube(path, (0.0058, 0.0052, 0.0055, 0.006), "main", 14, steps=7))
    elif handle == "square handle":
        path = [
            (x, 0, h * 0.84),
            (x + w * 0.3, 0, h * 0.84),
            (x + w * 0.34, 0, h * 0.8),
            (x + w * 0.34, 0, h * 0.3),
            (x + w * 0.3, 0, h * 0.26),
            (x - 0.004, 0, h * 0.26),
        ]
        parts.append(tube(path, 0.0055, "main", 12))
    elif handle == "ring handle":
        r = h * 0.2
        parts.append(
            tube(
                [
                    (x + r * 0.9 + r * math.cos(t), 0, h * 0.55 + r * math.sin(t))
                    for t in [2 * math.pi * i / 36 for i in range(36)]
                ],
                0.0055,
                "main",
                12,
                closed=True,
            )
        )
    elif handle == "ear handle":
        path = [
            (x, 0, h * 0.9),
            (x + w * 0.26, 0, h * 1.02),
            (x + w * 0.36, 0, h * 0.8),
            (x + w * 0.2, 0, h * 0.44),
            (x - 0.002, 0, h * 0.3),
        ]
        parts.append(tube(path, (0.006, 0.005, 0.0048), "main", 14, steps=7))
    return parts


TEAPOTS: dict[str, Profile] = {
    "round": [(0.28, 0), (0.34, 0.03), (0.52, 0.36), (0.54, 0.55), (0.42, 0.88), (0.25, 1)],
    "squat": [(0.36, 0), (0.42, 0.04), (0.55, 0.4), (0.54, 0.6), (0.4, 0.88), (0.24, 1)],
    "cylinder": [(0.44, 0), (0.47, 0.04), (0.48, 0.3), (0.48, 0.8), (0.44, 0.97), (0.28, 1)],
    "pear": [(0.36, 0), (0.42, 0.04), (0.53, 0.28), (0.46, 0.58), (0.3, 0.84), (0.22, 1)],
    "cone": [(0.52, 0), (0.54, 0.04), (0.46, 0.36), (0.36, 0.7), (0.26, 0.96), (0.22, 1)],
}
"""Like `VASES`, up to the lid."""


def teapot(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    flutes, depth = relief(f)
    profile = TEAPOTS[f["silhouette"]]
    scale = w / 1.1
    line = curve([(r * scale, z * h) for r, z in profile], 6)
    parts = [
        lathe(
            [(0, 0), *[(float(r), float(z)) for r, z in line], (0, h)],
            "main",
            flutes=flutes,
            depth=depth * 0.6,
            segments=64,
        )
    ]
    lid_r = profile[-1][0] * scale
    dome = [
        (lid_r * 1.06, h - 0.001),
        (lid_r * 1.06, h + 0.004),
        (lid_r * 0.8, h + 0.013),
        (lid_r * 0.3, h + 0.02),
        (0.006, h + 0.021),
    ]
    parts.append(lathe(dome, "main", segments=40))
    k = 0.011
    if f["knob"] == "ball knob":
        parts.append(
            lathe(
                [(k * math.sin(a), h + 0.02 + k - k * math.cos(a)) for a in np.linspace(0, math.pi, 14)],
                "accent",
                segments=24,
            )
        )
    elif f["knob"] == "disc knob":
        parts.append(
            lathe(
                [(0.005, h + 0.018), (0.005, h + 0.026), (0.014, h + 0.028), (0.014, h + 0.033), (0, h + 0.034)],
                "accent",
                segments=24,
            )
        )
    else:
        parts.append(
            tube(
                [(-0.015, 0, h + 0.018), (-0.014, 0, h + 0.034), (0.014, 0, h + 0.034), (0.015, 0, h + 0.018)],
                0.004,
                "accent",
                10,
                steps=4,
            )
        )
    mid = float(np.interp(0.4, [p[1] for p in profile], [p[0] for p in profile])) * scale
    if f["spout"] == "gooseneck":
        path = [
            (-mid + 0.01, 0, h * 0.26),
            (-mid - w * 0.16, 0, h * 0.34),
            (-mid - w * 0.2, 0, h * 0.75),
            (-mid - w * 0.34, 0, h * 1.02),
        ]
        parts.append(tube(path, (0.014, 0.0095, 0.007, 0.0065), "main", 16, steps=7))
        tip = (-mid - w * 0.34, h * 1.02)
    else:
        path = [(-mid + 0.012, 0, h * 0.36), (-mid - w * 0.1, 0, h * 0.5), (-mid - w * 0.22, 0, h * 0.86)]
        parts.append(tube(path, (0.022, 0.014, 0.009), "main", 18, steps=7))
        tip = (-mid - w * 0.22, h * 0.86)
    parts.append(
        slab(outlines.ellipse(0.009, 0.009, 20), -0.0006, 0.0006, "shadow", 0.0002)
        .turn("y", -38)
        .move(tip[0] - 0.0004, 0, tip[1] + 0.0008)
    )
    x = mid - 0.004
    handle = f["handle"]
    if handle == "overhead handle":
        r = lid_r + 0.012
        shoulder = float(np.interp(0.86, [p[1] for p in profile], [p[0] for p in profile])) * scale * 0.94
        arc = [
            (-shoulder, 0, h * 0.86),
            (-shoulder * 1.06, 0, h * 1.15),
            (-r * 0.7, 0, h * 1.5),
            (0, 0, h * 1.62),
            (r * 0.7, 0, h * 1.5),
            (shoulder * 1.06, 0, h * 1.15),
            (shoulder, 0, h * 0.86),
        ]
        parts.append(tube(arc, 0.0052, "accent", 14, steps=7))
    elif handle == "straight handle":
        parts.append(
            tube([(x - 0.005, 0, h * 0.56), (x + w * 0.42, 0, h * 0.76)], (0.009, 0.0085, 0.012), "accent", 18)
        )
    else:
        path = [
            (x - 0.01, 0, h * 0.84),
            (x + w * 0.2, 0, h * 0.94),
            (x + w * 0.32, 0, h * 0.62),
            (x + w * 0.2, 0, h * 0.26),
            (x - 0.002, 0, h * 0.2),
        ]
        parts.append(
            tube(
                path,
                (0.0065, 0.006, 0.006, 0.0065),
                "accent" if handle == "contrasting loop handle" else "main",
                14,
                steps=7,
            )
        )
    return parts
