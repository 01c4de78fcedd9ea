"""Sofas and armchairs: frames, arms, loose and fixed cushions."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, Warp, block, curve, lathe, sheet, slab, tube
from catalog.demo.geometry.legs import legs


def sofa(f: Form) -> list[Part]:
    silhouette = f["silhouette"]
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    lift = 0.03 if f["legs"] == "plinth" else f.m("lift")
    seats = int(f["seats"])
    if silhouette == "curved":
        return _curved(f, w, d, h, lift) + legs(f["legs"], w * 0.72, d * 0.7, lift + 0.02, 0.045)
    base_h = 0.17
    seat_z = lift + base_h
    arm_w = {
        "track arm": 0.12,
        "rolled arm": 0.19,
        "chesterfield": 0.2,
        "low platform": 0.24,
        "tuxedo": 0.1,
        "wooden frame": 0.05,
    }[silhouette]
    inner = w - 2 * arm_w
    soft = 0.05
    parts: list[Part] = []
    frame = "legs" if silhouette == "wooden frame" else "main"
    if silhouette == "wooden frame":
        parts.append(block((w - 0.06, d * 0.86, 0.05), (0, 0, seat_z - 0.06), frame, 0.012))
        for sx in (-1, 1):
            x = sx * (w / 2 - 0.03)
            parts.append(block((0.055, d * 0.98, 0.035), (x, -0.01, h * 0.72), frame, 0.016))
            parts.append(tube([(x, -d * 0.44, 0), (x, -d * 0.42, h * 0.72)], (0.016, 0.023), frame, 14))
            parts.append(tube([(x, d * 0.46, 0), (x, d * 0.42, h * 0.72)], (0.016, 0.023), frame, 14))
            parts.append(
                tube([(x * 0.99, d * 0.36, seat_z - 0.05), (x * 0.99, d * 0.47, h * 0.96)], (0.02, 0.016), frame, 14)
            )
        for k in range(3):
            z = seat_z + 0.12 + k * (h - seat_z - 0.2) / 2
            parts.append(
                tube(
                    [(-w / 2 + 0.05, d * (0.39 + 0.025 * k), z), (w / 2 - 0.05, d * (0.39 + 0.025 * k), z)],
                    0.014,
                    frame,
                )
            )
    else:
        parts.append(block((w - 0.02, d * 0.94, base_h), (0, 0.0, lift + base_h / 2), "main", 0.03))
    back_d = 0.2 if silhouette != "tuxedo" else 0.12
    arm_h = {
        "track arm": h * 0.7,
        "rolled arm": h * 0.72,
        "chesterfield": h,
        "low platform": h * 0.72,
        "tuxedo": h,
    }.get(silhouette, 0.0)
    if silhouette != "wooden frame":
        y = d / 2 - back_d / 2
        back_h = h - lift
        parts.append(
            block(
                (w - (0.04 if arm_h < h * 0.9 else 0), back_d, back_h), (0, y, lift + back_h / 2), "main", 0.07, cells=6
            )
        )
        for sx in (-1, 1):
            x = sx * (w / 2 - arm_w / 2)
            parts.append(
                block(
                    (arm_w, d * 0.98, arm_h - lift),
                    (x, -0.01, lift + (arm_h - lift) / 2),
                    "main",
                    min(0.05, arm_w * 0.45),
                    cells=4,
                )
            )
            if silhouette in ("rolled arm", "chesterfield"):
                parts.append(_roll(x + sx * 0.02, -d / 2 - 0.005, d / 2, arm_h - 0.06, 0.1))
        if silhouette == "chesterfield":
            parts.append(
                tube([(-w / 2 + 0.02, d / 2 - 0.09, h - 0.06), (w / 2 - 0.02, d / 2 - 0.09, h - 0.06)], 0.1, "main", 20)
            )
            parts += _buttons(inner, d / 2 - back_d - 0.001, seat_z + 0.2, h - 0.14)
    seat_d = d - (back_d if silhouette != "wooden frame" else 0.14)
    cushion_h = 0.16
    per = inner / seats
    front = -d / 2 - 0.01
    for i in range(seats):
        x = -inner / 2 + per * (i + 0.5)
        parts.append(
            block(
                (per - 0.008, seat_d, cushion_h),
                (x, front + seat_d / 2, seat_z + cushion_h / 2 - 0.01),
                "main",
                soft,
                (0, 0, 0.03),
                cells=8,
            )
        )
        if f["cushions"] == "loose back" and silhouette != "chesterfield":
            tall = h - seat_z - cushion_h + (0.07 if silhouette != "wooden frame" else 0.02)
            parts.append(
                block((per - 0.015, 0.17, tall), (x, 0, 0), "main", 0.065, (0, 0.035, 0.015), cells=8)
                .turn("x", -11)
                .move(0, d / 2 - back_d - 0.06, seat_z + cushion_h + tall / 2 - 0.02)
            )
        elif silhouette == "wooden frame":
            tall = h - seat_z - 0.06
            parts.append(
                block((per - 0.015, 0.13, tall), (x, 0, 0), "main", 0.05, (0, 0.02, 0), cells=8)
                .turn("x", -9)
                .move(0, d * 0.33, seat_z + 0.1 + tall / 2)
            )
    if f["pillows"] == "pillow pair":
        for sx in (-1, 1):
            parts.append(
                _pillow(0.42, "accent")
                .turn("x", -20)
                .turn("z", sx * 14)
                .move(sx * (inner / 2 - 0.2), d / 2 - back_d - 0.2, seat_z + cushion_h + 0.2)
            )
    if silhouette == "wooden frame":
        return parts
    return parts + legs(f["legs"], w * 0.95, d * 0.88, lift + 0.012, 0.05)


def _roll(x: float, y0: float, y1: float, z: float, r: float) -> Part:
    return tube([(x, y0, z), (x, y0 + 0.012, z), (x, y1 - 0.02, z)], (r * 0.97, r, r), "main", 24)


def _buttons(width: float, y: float, z0: float, z1: float) -> list[Part]:
    """Tufting: rows of buttons between puffs on the inside of a back."""
    parts = []
    count = max(4, round(width / 0.17))
    for row in range(2):
        z = z0 + (z1 - z0) * (row + 0.5) / 2
        for i in range(count):
            x = -width / 2 + width * (i + 0.5) / count
            parts.append(
                block((width / count, 0.05, (z1 - z0) / 2 + 0.01), (x, y, z), "main", 0.024, (0, 0.016, 0), cells=6)
            )
            if i:
                parts.append(
                    lathe([(0.014, 0), (0.012, 0.008), (0, 0.011)], "main", (0, 0, 0), 12)
                    .turn("x", 90)
                    .move(x - width / count / 2, y - 0.018, z)
                )
    return parts


def _pillow(size: float, slot: str) -> Part:
    return block((size, 0.13, size), (0, 0, 0), slot, 0.05, (0, 0.02, 0), cells=10).warp(_pinch(size))


def _pinch(size: float) -> Warp:
    """Thin the corners and draw the sides in a little, as a stuffed cover does."""

    def change(v: Array) -> Array:
        a, b = np.abs(v[:, 0]) / (size / 2), np.abs(v[:, 2]) / (size / 2)
        v[:, 1] *= np.sqrt(np.clip((1.02 - np.minimum(a, 1) ** 4) * (1.02 - np.minimum(b, 1) ** 4), 0.02, 1))
        v[:, 0] *= 1 - 0.05 * (1 - np.minimum(b, 1) ** 2)
        v[:, 2] *= 1 - 0.05 * (1 - np.minimum(a, 1) ** 2)
        return v

    return change


def _curved(f: Form, w: float, d: float, h: float, lift: float) -> list[Part]:
    """A crescent: seat and back as bent blocks."""
    depth = d * 0.26

    def bend(v: Array) -> Array:
        t = v[:, 0] / (w / 2)
        v[:, 1] += depth * (1 - t * t) - depth * 0.75
        v[:, 0] *= 1 - 0.05 * (v[:, 1] / d + 0.5)
        return v

    seat_h = 0.4 - lift

    def crown(v: Array) -> Array:
        t = np.clip(np.abs(v[:, 0]) / (w / 2), 0, 1)
        v[:, 2] = lift + (v[:, 2] - lift) * (1 - 0.34 * t**3)
        return v

    parts = [
        block((w, d * 0.74, seat_h), (0, -0.04, lift + seat_h / 2), "main", 0.11, (0, 0, 0.02), cells=18).warp(bend)
    ]
    back = block((w * 0.985, 0.22, h - lift), (0, d * 0.3, lift + (h - lift) / 2), "main", 0.1, cells=18).warp(crown)
    return [*parts, back.warp(bend)]


def armchair(f: Form) -> list[Part]:
    silhouette = f["silhouette"]
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    lift = f.m("lift")
    seat_z = lift + 0.16
    if silhouette in ("tub", "barrel"):
        parts = _tub(f, w, d, h, lift)
    elif silhouette == "lounge frame":
        return sofa(
            Form(
                "sofa",
                {
                    "silhouette": "wooden frame",
                    "legs": "tapered",
                    "seats": "1",
                    "cushions": "tight back",
                    "pillows": "none",
                },
                {**f.size},
                f.seed,
            )
        )
    elif silhouette == "slipper":
        parts = [
            block((w * 0.9, d * 0.86, 0.22), (0, -0.04, lift + 0.11), "main", 0.06, (0, 0, 0.03), cells=8),
            block((w * 0.9, 0.17, h - lift - 0.1), (0, 0, 0), "main", 0.07, (0, 0.02, 0), cells=8)
            .turn("x", -10)
            .move(0, d * 0.36, lift + 0.1 + (h - lift - 0.1) / 2),
        ]
    elif silhouette == "egg":
        parts = _egg(w, d, h, lift)
    else:
        wing = silhouette == "wingback"
        arm_w, arm_h = (0.1, 0.6) if wing else (0.17, h * 0.76)
        parts = [
            block((w - 0.02, d * 0.92, 0.16), (0, 0, lift + 0.08), "main", 0.03),
            block(
                (w - 2 * arm_w - 0.01, d - 0.17, 0.16), (0, -0.09, seat_z + 0.07), "main", 0.05, (0, 0, 0.03), cells=8
            ),
        ]
        back = block((w - (0.1 if wing else 0.04), 0.17, h - lift), (0, 0, 0), "main", 0.07, (0, 0.02, 0), cells=8)
        parts.append(back.turn("x", -6).move(0, d / 2 - 0.1, lift + (h - lift) / 2))
        for sx in (-1, 1):
            x = sx * (w / 2 - arm_w / 2)
            parts.append(
                block(
                    (arm_w, d * 0.97, arm_h - lift),
                    (x, -0.01, lift + (arm_h - lift) / 2),
                    "main",
                    arm_w * 0.45,
                    cells=4,
                )
            )
            if wing:
                parts.append(_wing(sx * (w / 2 - 0.06), d, arm_h - 0.05, h - 0.01))
                parts.append(_roll(x, -d / 2 - 0.004, d * 0.35, arm_h - 0.03, 0.065))
    spread = {"tub": 0.74, "barrel": 0.74, "egg": 0.56}.get(silhouette, 0.9)
    return parts + legs(f["legs"], w * spread, d * spread, lift + 0.03, 0.045)


def _wing(x: float, d: float, z0: float, z1: float) -> Part:
    outline = np.array(
        [
            (0.0, z0),
            (0.30, z0),
            (0.27, z0 + 0.12),
            (0.25, (z0 + z1) / 2),
            (0.22, z1 - 0.1),
            (0.14, z1 - 0.02),
            (0.0, z1),
        ]
    )
    smooth = curve(outline, 4, closed=True)
    plate = slab(smooth, -0.035, 0.035, "main", 0.03)
    turned = plate.verts[:, [2, 0, 1]] * np.array([1, -1, 1])
    return Part(turned + np.array([x, d / 2 - 0.06, 0]), [tuple(reversed(face)) for face in plate.faces], "main")


def _tub(f: Form, w: float, d: float, h: float, lift: float) -> list[Part]:
    """A round seat inside a wall that falls towards the front; a barrel's wall is made of channels."""
    channels = f["silhouette"] == "barrel"
    count = 15 if channels else 1
    seat = slab(outlines.superellipse(w * 0.84, d * 0.86, 2.6), lift, lift + 0.26, "main", 0.06).move(y=-0.05)
    parts = [
        seat,
        slab(outlines.superellipse(w * 0.8, d * 0.8, 2.6), lift + 0.22, lift + 0.3, "main", 0.04).move(y=-0.05),
    ]
    span = 250.0
    for k in range(count):
        a0, a1 = -span / 2 + span * k / count, -span / 2 + span * (k + 1) / count
        wall = block((1.0, 0.13, 1.0), (0, 0, 0), "main", 0.062, (0, 0.012, 0), cells=20 if not channels else 6)
        lo, hi = math.radians(a0 - (1.0 if channels else 0)), math.radians(a1 + (1.0 if channels else 0))

        def bend(v: Array, lo: float = lo, hi: float = hi) -> Array:
            t = v[:, 0] + 0.5
            angle = lo + (hi - lo) * t
            r = 1 + v[:, 1] / (w / 2)
            falling = np.clip((np.abs(angle) - 0.9) / 1.2, 0, 1)
            tall = h - lift - (h - lift) * 0.34 * falling**1.5
            z = lift + (v[:, 2] + 0.5) * tall
            return np.column_stack([np.sin(angle) * r * (w / 2 - 0.065), np.cos(angle) * r * (d / 2 - 0.065), z])

        parts.append(wall.warp(bend))
    return parts


def _egg(w: float, d: float, h: float, lift: float) -> list[Part]:
    """A hooded shell around a seat cushion."""

    def shell(inset: float) -> Part:
        def corner(u: Array, v: Array) -> Array:
            a = (u - 0.5) * math.radians(235)
            t = v
            r = (0.62 + 0.42 * np.sin(np.clip(t * 0.9 + 0.08, 0, 1) * math.pi) ** 0.7) * (1 - inset)
            open_side = np.abs(u - 0.5) * 2
            top = h - (h - 0.62) * np.clip((open_side - 0.45) / 0.55, 0, 1) ** 1.6
            z = lift + 0.02 + (top - lift - 0.02) * t
            return np.stack([np.sin(a) * r * w / 2, np.cos(a) * r * d / 2, z], axis=-1)

        return sheet(corner, 36, 18, "main", (w * 2, h))

    outer, inner = shell(0.0), shell(0.14)
    n = len(outer.verts)
    across, along = 37, 19
    rim = [i * along for i in range(across)] + [(across - 1) * along + j for j in range(1, along)]
    rim += [i * along + along - 1 for i in range(across - 2, -1, -1)] + list(range(along - 2, 0, -1))
    band = [(rim[k], rim[(k + 1) % len(rim)], n + rim[(k + 1) % len(rim)], n + rim[k]) for k in range(len(rim))]
    faces = (
        [tuple(reversed(face)) for face in outer.faces] + [tuple(i + n for i in face) for face in inner.faces] + band
    )
    wall = Part(np.concatenate([outer.verts, inner.verts]), faces, "main")
    seat = slab(outlines.superellipse(w * 0.74, d * 0.78, 2.4), lift + 0.02, lift + 0.24, "main", 0.06).move(y=-0.05)
    return [wall, seat]
