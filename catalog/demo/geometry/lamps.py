"""Floor and table lamps."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Part, block, curve, lathe, slab, tube
from catalog.demo.geometry.shades import shade


def floor_lamp(f: Form) -> list[Part]:
    h, w = f.m("h"), f.m("w")
    form, kind = f["silhouette"], f["shade"]
    sh = w * {
        "drum": 0.62,
        "empire": 0.68,
        "pleated": 0.66,
        "dome": 0.5,
        "cone": 0.62,
        "globe": 1.0,
        "bell": 0.7,
        "lantern": 1.15,
    }.get(kind, 0.5)
    base = slab(outlines.ellipse(0.3, 0.3), 0, 0.022, "base", 0.006)
    if form == "arc":
        reach = w * 1.5 + 0.25
        path = [
            (-reach / 2, 0, 0.02),
            (-reach / 2, 0, h * 0.55),
            (-reach / 2 + 0.08, 0, h * 0.8),
            (-reach * 0.1, 0, h * 0.985),
            (reach * 0.3, 0, h * 0.95),
            (reach / 2, 0, h * 0.8),
        ]
        parts = [
            tube(path, 0.011, "base", 12, steps=8),
            slab(outlines.ellipse(0.32, 0.32), 0, 0.045, "base", 0.008).move(-reach / 2),
        ]
        top_z = h * 0.8
        return parts + [p.move(reach / 2) for p in shade(kind, w, sh, top_z - sh * 0.95)]
    if form == "tripod":
        hub = h - sh - 0.06
        parts = [
            lathe(
                [
                    (0, hub - 0.05),
                    (0.035, hub - 0.05),
                    (0.035, hub + 0.015),
                    (0.012, hub + 0.03),
                    (0.012, hub + sh * 0.5),
                    (0, hub + sh * 0.5),
                ],
                "base",
                segments=24,
            )
        ]
        for k in range(3):
            a = math.radians(90 + 120 * k)
            parts.append(
                tube(
                    [(math.cos(a) * 0.32, math.sin(a) * 0.32, 0), (math.cos(a) * 0.02, math.sin(a) * 0.02, hub)],
                    (0.012, 0.016),
                    "legs",
                    14,
                )
            )
        return parts + shade(kind, w, sh, hub + 0.03)
    if form == "task arm":
        elbow, tip = (0.0, 0.0, h * 0.86), (0.3, 0.0, h * 0.97)
        parts = [
            base,
            tube([(0, 0, 0.02), elbow], 0.009, "base"),
            tube([(-0.12, 0, h * 0.815), tip], 0.008, "base"),
            lathe([(0, -0.02), (0.02, -0.02), (0.02, 0.02), (0, 0.02)], "base", segments=20)
            .turn("x", 90)
            .move(0, 0, h * 0.86),
        ]
        head = [
            p.move(0, 0, -sh).turn("y", -28).move(tip[0] + 0.02, 0, tip[2] + 0.01)
            for p in shade(kind, w * 0.72, sh * 0.8, 0.2 * sh)
        ]
        return parts + head
    if form == "globe stem":
        r = w / 2
        return [
            base,
            tube([(0, 0, 0.02), (0, 0, h - w + 0.01)], 0.01, "base"),
            lathe([(0, 0), (r * 0.3, 0), (r * 0.34, 0.03), (0, 0.03)], "base", (0, 0, h - w - 0.012), 28),
            *shade("globe", w, w, h - w),
        ]
    if form == "paper column":
        r = w * 0.42
        frames = [(r, 0.03)]
        n = 12
        for i in range(n):
            z0 = 0.03 + (h - 0.03) * i / n
            frames += [(r * 1.0, z0 + 0.004), (r * 0.93, z0 + (h - 0.03) / n * 0.5), (r, z0 + (h - 0.03) / n)]
        return [
            lathe([*frames, (0, h)], "shade", segments=4 * 12),
            slab(outlines.ellipse(2 * r * 1.04, 2 * r * 1.04), 0, 0.03, "base", 0.004),
        ]
    stem = h - sh
    parts = [base]
    if form == "turned column":
        t = 0.022
        profile = [
            (0, 0.02),
            (t * 2.2, 0.022),
            (t * 2.2, 0.05),
            (t * 1.1, 0.09),
            (t * 1.5, 0.2),
            (t, 0.32),
            (t * 1.2, stem * 0.5),
            (t * 1.9, stem * 0.72),
            (t * 0.9, stem * 0.82),
            (t * 1.3, stem * 0.88),
            (t * 0.7, stem),
            (t * 0.5, stem + sh * 0.5),
        ]
        parts.append(lathe(profile, "base", segments=32))
    elif form == "stacked column":
        n = 6
        for i in range(n):
            r = 0.055 + 0.015 * (i % 2)
            z = 0.02 + (stem - 0.02) * i / n
            parts.append(
                slab(
                    outlines.ellipse(2 * r, 2 * r), z, z + (stem - 0.02) / n + 0.001, "legs" if i % 2 else "base", 0.012
                )
            )
        parts.append(tube([(0, 0, stem), (0, 0, stem + sh * 0.5)], 0.008, "base"))
    else:
        parts.append(tube([(0, 0, 0.02), (0, 0, stem + sh * 0.5)], 0.011, "base"))
    return parts + shade(kind, w, sh, stem)


def table_lamp(f: Form) -> list[Part]:
    h, w = f.m("h"), f.m("w")
    base, kind = f["base"], f["shade"]
    if base == "mushroom":
        r = w * 0.3
        line = [(0, 0), (r, 0), (r, 0.008), (r * 0.55, h * 0.12), (r * 0.36, h * 0.35), (r * 0.36, h * 0.62)]
        return [lathe(line, "main", segments=40), *shade("mushroom", w, h * 0.42, h * 0.56, "main")]
    if base == "task arm":
        parts = [slab(outlines.ellipse(0.19, 0.19), 0, 0.022, "main", 0.006)]
        a, b, c = (0.0, 0.0, 0.02), (-0.11, 0.0, h * 0.55), (0.13, 0.0, h * 0.93)
        parts += [tube([a, b], 0.0075, "main"), tube([b, c], 0.0075, "main")]
        for x, _, z in (b, c):
            parts.append(
                lathe([(0, -0.014), (0.016, -0.014), (0.016, 0.014), (0, 0.014)], "accent", segments=18)
                .turn("x", 90)
                .move(x, 0, z)
            )
        head = [
            p.move(0, 0, -0.12).turn("y", -22).move(c[0] + 0.015, 0, c[2] + 0.01)
            for p in shade("cone" if kind != "dome" else "dome", 0.19, 0.15, 0.0, "main")
        ]
        return parts + head
    if base == "globe":
        d = w * 0.8
        return [
            lathe([(0, 0), (d * 0.26, 0), (d * 0.27, 0.014), (d * 0.2, 0.04), (d * 0.2, 0.055)], "main", segments=36),
            *shade("globe", d, d, 0.05),
        ]
    sh = (
        h
        * {
            "drum": 0.42,
            "empire": 0.44,
            "pleated": 0.42,
            "dome": 0.36,
            "cone": 0.42,
            "bell": 0.42,
            "globe": 0.42,
            "lantern": 0.46,
        }[kind]
    )
    body = h - sh * 0.97
    r = w * 0.27
    neck = 0.014
    profiles: dict[str, list[tuple[float, float]]] = {
        "gourd": [
            (r * 0.6, 0),
            (r * 0.66, 0.01),
            (r, body * 0.26),
            (r * 0.72, body * 0.5),
            (r * 0.42, body * 0.62),
            (r * 0.56, body * 0.76),
            (r * 0.3, body * 0.92),
            (neck, body),
        ],
        "bottle": [
            (r * 0.86, 0),
            (r * 0.9, 0.008),
            (r * 0.92, body * 0.45),
            (r * 0.74, body * 0.62),
            (r * 0.3, body * 0.78),
            (r * 0.26, body * 0.92),
            (neck, body),
        ],
        "urn": [
            (r * 0.7, 0),
            (r * 0.72, 0.02),
            (r * 0.36, body * 0.1),
            (r * 0.62, body * 0.3),
            (r * 1.02, body * 0.68),
            (r * 0.9, body * 0.82),
            (r * 0.34, body * 0.9),
            (neck, body),
        ],
        "cone": [(r * 1.02, 0), (r * 1.0, 0.012), (r * 0.34, body * 0.92), (neck, body)],
        "cylinder": [
            (r * 0.7, 0),
            (r * 0.72, 0.01),
            (r * 0.72, body * 0.86),
            (r * 0.66, body * 0.9),
            (neck, body * 0.91),
            (neck, body),
        ],
    }
    parts = []
    if base in ("gourd", "bottle", "urn"):
        p = profiles[base]
        line = [(0.0, 0.0), *[tuple(q) for q in curve(p[1:], 5)]]
        parts = [lathe([(0, 0), p[0], *line[1:]], "main", flutes=int(f.m("flutes")), depth=0.06)]
    elif base in ("cone", "cylinder"):
        parts = [lathe([(0, 0), *profiles[base]], "main", flutes=int(f.m("flutes")), depth=0.06)]
    elif base == "sphere":
        s = min(r * 1.05, body * 0.45)
        ball = [(s * math.sin(a), s + 0.012 - s * math.cos(a)) for a in np.linspace(0.3, math.pi - 0.1, 22)]
        parts = [
            lathe([(0, 0), (s * 0.5, 0), (s * 0.5, 0.014)], "accent"),
            lathe(ball, "main", flutes=int(f.m("flutes")), depth=0.06),
            tube([(0, 0, 2 * s), (0, 0, body)], neck, "accent"),
        ]
    elif base == "stacked spheres":
        z = 0.012
        parts = [lathe([(0, 0), (r * 0.7, 0), (r * 0.7, 0.014), (0, 0.014)], "accent")]
        for k in (1.0, 0.82, 0.66):
            s = body * 0.185 * k * 1.1
            parts.append(
                lathe([(s * math.sin(a), z + s - s * math.cos(a)) for a in np.linspace(0, math.pi, 20)], "main")
            )
            z += 2 * s * 0.96
        parts.append(tube([(0, 0, z - 0.01), (0, 0, body)], neck * 0.8, "accent"))
    elif base == "arch":
        s = min(body * 0.4, w * 0.27)
        path = (
            [(-s, 0, 0), (-s, 0, body - s - 0.03)]
            + [(-s * math.cos(a), 0, body - s - 0.03 + s * math.sin(a)) for a in np.linspace(0.15, math.pi - 0.15, 14)]
            + [(s, 0, body - s - 0.03), (s, 0, 0)]
        )
        parts = [tube(path, 0.026, "main", 20), tube([(0, 0, body - 0.03), (0, 0, body)], neck, "accent")]
    elif base == "block":
        parts = [
            block((r * 1.3, r * 1.3, body * 0.82), (0, 0, body * 0.41), "main", 0.01),
            tube([(0, 0, body * 0.8), (0, 0, body)], neck * 0.7, "accent"),
        ]
    else:
        parts = [
            slab(outlines.ellipse(r * 1.7, r * 1.7), 0, 0.02, "main", 0.005),
            tube([(0, 0, 0.015), (0, 0, body)], 0.009, "main"),
        ]
    if kind != "globe":
        parts.append(tube([(0, 0, body - 0.01), (0, 0, body + sh * 0.5)], 0.006, "accent"))
    return parts + shade(kind, w if kind != "globe" else sh, sh, body)
