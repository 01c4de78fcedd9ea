"""Rugs, cushions and beds."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, Warp, block, curve, lathe, slab, tube
from catalog.demo.geometry.legs import legs


def rug(f: Form) -> list[Part]:
    w, d = f.m("w"), f.m("d")
    shape = f["silhouette"]
    thick = 0.014
    if shape in ("round", "oval"):
        line = outlines.ellipse(w, d, 96)
    elif shape == "pebble":
        line = outlines.organic(w, d, f.rng, 7, 0.2)
    elif shape == "scalloped edge":
        count, r = 22, w / 2
        a = np.arange(count * 10) * 2 * math.pi / (count * 10)
        radius = r * (0.95 + 0.05 * np.abs(np.sin(a * count / 2)))
        line = np.column_stack([np.cos(a) * radius, np.sin(a) * radius * d / w])
    else:
        line = outlines.rounded(w, d, 0.02)
    parts = [slab(line, 0, thick, "main", 0.006)]
    border = f["edge"]
    if border == "bordered":
        inner = outlines.offset(line, min(w, d) * 0.06)
        rim = slab(outlines.offset(line, min(w, d) * 0.045), thick - 0.004, thick + 0.0012, "border", 0.0008)
        parts += [rim, slab(inner, thick - 0.004, thick + 0.0025, "main", 0.0008)]
    elif border == "fringed":
        rng = f.rng
        count = int(w / 0.028)
        for s in (-1, 1):
            for i in range(count):
                x = -w / 2 + 0.015 + (w - 0.03) * i / (count - 1)
                sway = rng.uniform(-0.012, 0.012)
                path = [
                    (x, s * (d / 2 - 0.01), thick * 0.6),
                    (x + sway * 0.3, s * (d / 2 + 0.03), 0.005),
                    (x + sway, s * (d / 2 + 0.085), 0.004),
                ]
                parts.append(tube(path, (0.0042, 0.0042, 0.005), "border", 6))
    return parts


def cushion(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    shape, trim = f["silhouette"], f["trim"]
    puff = 0.075
    if shape == "bolster":
        r = h / 2
        body = tube(
            [
                (-w / 2, 0, 0),
                (-w / 2 + 0.012, 0, 0),
                (-w / 2 + 0.03, 0, 0),
                (0, 0, 0),
                (w / 2 - 0.03, 0, 0),
                (w / 2 - 0.012, 0, 0),
                (w / 2, 0, 0),
            ],
            (r * 0.82, r * 0.95, r, r * 1.02, r, r * 0.95, r * 0.82),
            "main",
            40,
            steps=3,
        )
        parts = [body.move(z=r)]
        for s in (-1, 1):
            parts.append(
                lathe([(0.02, 0), (0.018, 0.006), (0, 0.009)], "trim", segments=20)
                .turn("y", s * 90)
                .move(s * w / 2, 0, r)
            )
            if trim == "piped":
                parts.append(
                    tube(
                        [
                            (s * (w / 2 - 0.008), math.cos(t) * r * 0.92, r + math.sin(t) * r * 0.92)
                            for t in [2 * math.pi * i / 40 for i in range(40)]
                        ],
                        0.006,
                        "trim",
                        8,
                        closed=True,
                    )
                )
        return parts
    if shape == "ball":
        r = h / 2
        wobble = lathe(
            [(r * math.sin(a), r - r * math.cos(a)) for a in np.linspace(0, math.pi, 30)], "main", segments=60
        )
        return [wobble]
    outline = outlines.ellipse(w, w, 64) if shape == "round" else _pillow_outline(w, h)
    inset = [0.0, 0.03, 0.09, 0.2, 0.36, 0.56, 0.78, 0.95]
    shrink = [1 - t for t in inset]
    thick = [puff * (1 - s**2.6) ** 0.62 for s in shrink]
    count = len(outline)
    verts: list[Array] = []
    faces: list[tuple[int, ...]] = []
    layers = [(s, -t) for s, t in zip(reversed(shrink), reversed(thick), strict=True)] + [
        (s, t) for s, t in list(zip(shrink, thick, strict=True))[1:]
    ]
    for share, y in layers:
        verts.append(np.column_stack([outline[:, 0] * share, np.full(count, y), outline[:, 1] * share]))
    for i in range(len(layers) - 1):
        for j in range(count):
            k = (j + 1) % count
            faces.append((i * count + j, i * count + k, (i + 1) * count + k, (i + 1) * count + j))
    faces.append(tuple(range(count - 1, -1, -1)))
    faces.append(tuple(range((len(layers) - 1) * count, len(layers) * count)))
    corners = np.array([i for face in faces for i in face])
    points = np.concatenate(verts)
    body = Part(points, faces, "main", points[corners][:, [0, 2]])
    parts = [body]
    ring3 = np.column_stack([outline[:, 0], np.zeros(count), outline[:, 1]])
    if trim == "piped":
        parts.append(tube(ring3, 0.0055, "trim", 8, closed=True))
    elif trim == "tasselled" and shape != "round":
        for sx in (-1, 1):
            for sz in (-1, 1):
                x, z = sx * w * 0.492, sz * h * 0.492
                parts.append(tube([(x, 0, z), (x + sx * 0.028, 0, z + sz * 0.028)], (0.009, 0.007, 0.016), "trim", 12))
                parts.append(
                    tube(
                        [(x + sx * 0.024, 0, z + sz * 0.024), (x + sx * 0.062, 0, z + sz * 0.062)],
                        (0.013, 0.02),
                        "trim",
                        12,
                    )
                )
    elif trim == "fringed":
        rng = f.rng
        for s in (-1, 1):
            n = int((h if shape != "round" else w) / 0.013)
            for i in range(n):
                z = -h * 0.47 + h * 0.94 * i / (n - 1)
                x = s * w * 0.478
                parts.append(
                    tube(
                        [(x, 0, z), (x + s * 0.05, rng.uniform(-0.006, 0.006), z + rng.uniform(-0.007, 0.007))],
                        0.0034,
                        "trim",
                        5,
                    )
                )
    elif trim == "buttoned":
        parts.append(
            lathe([(0.02, 0), (0.018, 0.008), (0, 0.012)], "trim", segments=24).turn("x", 90).move(0, -puff * 0.98, 0)
        )
        return [body.warp(_dimple(0.07, 0.045)), parts[1].move(y=0.043)]
    if shape == "square" and trim != "tasselled":
        parts = [p.turn("y", 4.0) for p in parts]
    return [p.turn("x", -9) for p in parts]


def _dimple(radius: float, depth: float) -> Warp:
    def change(v: Array) -> Array:
        far = np.hypot(v[:, 0], v[:, 2])
        v[:, 1] -= np.sign(v[:, 1]) * depth * np.exp(-((far / radius) ** 2)) * (np.abs(v[:, 1]) > depth)
        return v

    return change


def _pillow_outline(w: float, h: float) -> Array:
    """A rectangle whose sides draw in between pointed corners."""
    points = []
    steps = 18
    for (x0, z0), (x1, z1) in zip(
        [(-1, -1), (1, -1), (1, 1), (-1, 1)], [(1, -1), (1, 1), (-1, 1), (-1, -1)], strict=True
    ):
        for k in range(steps):
            t = k / steps
            bulge = math.sin(t * math.pi)
            x, z = x0 + (x1 - x0) * t, z0 + (z1 - z0) * t
            pull = 0.045 * bulge
            points.append((x * (1 - (pull if x0 == x1 else 0)) * w / 2, z * (1 - (pull if z0 == z1 else 0)) * h / 2))
    p = np.array(points)
    return np.asarray((np.roll(p, 1, axis=0) + 2 * p + np.roll(p, -1, axis=0)) / 4)


def bed(f: Form) -> list[Part]:
    w, length, head_h = f.m("w"), 2.06, f.m("h")
    head = f["headboard"]
    lift = f.m("lift")
    rail = 0.2
    front, back = -length / 2, length / 2
    parts = [
        block(
            (w, length, rail),
            (0, 0, lift + rail / 2),
            "main",
            0.03 if head in ("panel", "channelled", "winged", "tufted") else 0.008,
        )
    ]
    top = lift + rail
    parts.append(block((w - 0.07, length - 0.1, 0.2), (0, -0.01, top + 0.07), "sheet", 0.06, (0, 0, 0.012), cells=8))
    z = top + 0.19
    duvet = block(
        (w + 0.02, length * 0.66, 0.17),
        (0, front + length * 0.33 + 0.01, z - 0.02),
        "bedding",
        0.075,
        (0, 0, 0.03),
        cells=20,
    )
    rng = f.rng
    shift = rng.uniform(0, 6)

    def crumple(v: Array) -> Array:
        v[:, 2] += 0.01 * np.sin(v[:, 0] * 7 + v[:, 1] * 4 + shift) * np.sin(v[:, 1] * 6 - v[:, 0] * 3) * (v[:, 2] > z)
        return v

    parts.append(duvet.warp(crumple))
    parts.append(
        block(
            (w + 0.03, 0.3, 0.05), (0, front + length * 0.66 - 0.1, z + 0.078), "sheet", 0.024, (0, 0, 0.012), cells=10
        )
    )
    if f["throw"] == "throw":
        parts.append(block((w + 0.06, 0.5, 0.2), (0, front + 0.5, z - 0.022), "throw", 0.085, (0, 0, 0.03), cells=14))
    for sx in (-1, 1):
        size = (w * 0.42, 0.14, 0.42)
        parts.append(
            block(size, (0, 0, 0), "pillow", 0.06, (0, 0.03, 0), cells=10)
            .turn("x", -52)
            .move(sx * w * 0.23, back - 0.3, z + 0.13)
        )
        parts.append(
            block((w * 0.36, 0.13, 0.36), (0, 0, 0), "bedding", 0.055, (0, 0.03, 0), cells=10)
            .turn("x", -48)
            .move(sx * w * 0.21, back - 0.47, z + 0.12)
        )
    parts += _headboard(f, w, back, head_h, lift)
    if f["legs"] == "plinth":
        return [*parts, block((w * 0.86, length * 0.86, lift), (0, 0, lift / 2), "legs", 0.004)]
    return parts + legs(f["legs"], w * 0.96, length * 0.96, lift + 0.006, 0.06)


def _headboard(f: Form, w: float, y: float, top: float, low: float) -> list[Part]:
    kind = f["headboard"]
    tall = top - low
    if kind in ("panel", "winged"):
        parts = [block((w, 0.09, tall), (0, y + 0.045, low + tall / 2), "main", 0.04, (0, 0.012, 0), cells=10)]
        if kind == "winged":
            parts += [block((0.08, 0.3, tall), (sx * w / 2, y - 0.06, low + tall / 2), "main", 0.036) for sx in (-1, 1)]
        return parts
    if kind == "channelled":
        count = max(7, round(w / 0.17))
        return [
            block(
                (w / count + 0.004, 0.11, tall),
                (-w / 2 + w * (i + 0.5) / count, y + 0.05, low + tall / 2),
                "main",
                0.05,
                (0, 0.012, 0),
                cells=5,
            )
            for i in range(count)
        ]
    if kind == "tufted":
        parts = [block((w, 0.08, tall), (0, y + 0.05, low + tall / 2), "main", 0.035, cells=4)]
        cols, rows = max(5, round(w / 0.24)), 3
        for i in range(cols):
            for j in range(rows):
                z = top - tall * 0.6 + tall * 0.56 * (j + 0.5) / rows
                parts.append(
                    block(
                        (w * 0.97 / cols + 0.004, 0.06, tall * 0.56 / rows + 0.004),
                        (-w * 0.485 + w * 0.97 * (i + 0.5) / cols, y + 0.008, z),
                        "main",
                        0.028,
                        (0, 0.02, 0),
                        cells=5,
                    )
                )
        return parts
    if kind == "arched":
        # A flat arch: a full half circle over a bed would reach the ceiling.
        a, r, rise = np.linspace(0, math.pi, 40), w / 2, tall * 0.42
        arc = np.column_stack([np.cos(a) * r, tall / 2 - rise + np.sin(a) * rise])
        line = np.concatenate([[(-r, -tall / 2), (r, -tall / 2)], arc]) if tall < w * 0.9 else outlines.arch(w, tall)
        return [slab(line, -0.045, 0.045, "main", 0.03).turn("x", 90).move(0, y + 0.045, low + tall / 2)]
    posts = [
        tube([(sx * (w / 2 - 0.025), y + 0.02, 0), (sx * (w / 2 - 0.025), y + 0.02, top)], 0.026, "main", 16)
        for sx in (-1, 1)
    ]
    z0 = low + 0.22
    if kind == "spindle":
        bars = [
            tube([(x, y + 0.02, z0), (x, y + 0.02, top - 0.05)], 0.012, "main", 10)
            for x in np.linspace(-w / 2 + 0.1, w / 2 - 0.1, 15)
        ]
        rails = [block((w - 0.06, 0.035, 0.05), (0, y + 0.02, z), "main", 0.012) for z in (top - 0.05, z0 + 0.02)]
        return [*posts, *bars, *rails]
    if kind == "slatted":
        bars = [
            block((w - 0.06, 0.022, 0.11), (0, y + 0.02, z), "main", 0.006)
            for z in np.linspace(z0 + 0.08, top - 0.06, 4)
        ]
        return [*posts, *bars]
    if kind == "cane":
        panel = block((w - 0.08, 0.01, top - z0 - 0.1), (0, y + 0.02, (z0 + top) / 2), "cane", 0.002)
        rails = [block((w - 0.04, 0.04, 0.06), (0, y + 0.02, z), "main", 0.012) for z in (top - 0.03, z0 + 0.03)]
        return [
            *posts,
            panel,
            *rails,
            block((0.05, 0.04, top - z0 - 0.06), (0, y + 0.02, (z0 + top) / 2), "main", 0.01),
        ]
    if kind == "four-poster":
        tall_z = 1.95
        out = [
            tube(
                [(sx * (w / 2 - 0.02), sy * (y - 0.02), 0), (sx * (w / 2 - 0.02), sy * (y - 0.02), tall_z)],
                0.022,
                "main",
                12,
            )
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
        out += [
            tube([(-w / 2 + 0.02, sy * (y - 0.02), tall_z), (w / 2 - 0.02, sy * (y - 0.02), tall_z)], 0.02, "main", 12)
            for sy in (-1, 1)
        ]
        out += [
            tube([(sx * (w / 2 - 0.02), -y + 0.02, tall_z), (sx * (w / 2 - 0.02), y - 0.02, tall_z)], 0.02, "main", 12)
            for sx in (-1, 1)
        ]
        return [*out, block((w - 0.05, 0.03, 0.5), (0, y - 0.01, low + 0.5), "main", 0.01)]
    line3 = curve(
        [
            (-w / 2 + 0.03, y + 0.02, 0),
            (-w / 2 + 0.03, y + 0.02, top - 0.2),
            (-w / 2 + 0.14, y + 0.02, top - 0.03),
            (0, y + 0.02, top),
            (w / 2 - 0.14, y + 0.02, top - 0.03),
            (w / 2 - 0.03, y + 0.02, top - 0.2),
            (w / 2 - 0.03, y + 0.02, 0),
        ],
        6,
    )
    bars = [
        tube([(x, y + 0.02, z0), (x, y + 0.02, top - 0.03)], 0.008, "main", 8)
        for x in np.linspace(-w / 2 + 0.2, w / 2 - 0.2, 9)
    ]
    return [
        tube(line3, 0.017, "main", 14),
        *bars,
        tube([(-w / 2 + 0.03, y + 0.02, z0), (w / 2 - 0.03, y + 0.02, z0)], 0.012, "main", 10),
    ]
