"""Dining chairs, stools and benches."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, Warp, block, lathe, slab, tube
from catalog.demo.geometry.legs import legs, outline, top


def dining_chair(f: Form) -> list[Part]:
    w, d, seat = f.m("w"), f.m("d"), 0.455
    back = f["back"]
    high = f.m("h") - seat
    parts = [] if back == "shell" else _chair_seat(f, w, d, seat)
    lower = seat - (0.055 if f["seat"] == "upholstered" else 0.032)
    parts += legs(f["legs"], w * 0.94, d * 0.94, lower, f.m("leg"))
    if back == "shell":
        return [*parts, _shell(w, d, seat, high)]
    lean = 0.1
    y0 = d / 2 - 0.03

    def post(x: float, share: float = 1.0) -> Part:
        """One of the two uprights, up to a share of the back's height."""
        line = [
            (x, y0, lower),
            (x, y0 + lean * 0.35 * share, seat + high * 0.45 * share),
            (x, y0 + lean * share, seat + high * share),
        ]
        return tube(line, (0.017, 0.016, 0.012), "legs", 12, steps=4)

    x = w * 0.43
    bowed = _bow(w, 0.05)
    top_y = y0 + lean
    if back in ("spindle", "slat", "ladder", "cane", "wishbone"):
        rail_h = 0.07 if back != "wishbone" else 0.03
        rail = block((2 * x + 0.04, 0.022, rail_h), (0, top_y, seat + high - rail_h / 2), "main", 0.01, cells=10).warp(
            bowed
        )
        parts += [post(-x), post(x), rail]
        foot_z = seat + 0.01
        if back == "spindle":
            for i in range(7):
                t = -1 + 2 * (i + 0.5) / 7
                parts.append(
                    tube(
                        [(t * x * 0.92, y0, foot_z), (t * x, top_y + _dip(t, 0.05), seat + high - 0.03)],
                        (0.007, 0.009, 0.006),
                        "main",
                        8,
                    )
                )
        elif back == "slat":
            for i in range(4):
                t = -0.66 + 1.32 * i / 3
                parts.append(
                    block(
                        (0.045, 0.012, high * 0.86),
                        (t * x, y0 + lean * 0.5 + _dip(t, 0.05) * 0.6, seat + high * 0.47),
                        "main",
                        0.004,
                    ).turn("x", -math.degrees(math.atan2(lean, high)), (t * x, y0 + lean * 0.5, seat + high * 0.47))
                )
        elif back == "ladder":
            for k in range(3):
                z = 0.28 + 0.22 * k
                parts.append(
                    block((2 * x, 0.016, 0.055), (0, y0 + lean * z, seat + high * z), "main", 0.007, cells=10).warp(
                        bowed
                    )
                )
        elif back == "wishbone":
            for s in (-1, 1):
                parts.append(
                    tube(
                        [
                            (0, y0 - 0.01, foot_z),
                            (s * 0.012, y0 + 0.02, seat + high * 0.35),
                            (s * 0.075, top_y + 0.03, seat + high * 0.95),
                        ],
                        (0.014, 0.012, 0.012),
                        "main",
                        10,
                        steps=5,
                    )
                )
        else:
            panel = block(
                (2 * x - 0.03, 0.008, high * 0.6), (0, y0 + lean * 0.55, seat + high * 0.56), "cane", 0.003, cells=10
            ).warp(bowed)
            parts += [
                panel,
                block((2 * x, 0.022, 0.05), (0, y0 + lean * 0.25, seat + high * 0.24), "main", 0.008, cells=10).warp(
                    bowed
                ),
            ]
        return parts
    thick, share = (0.055, 0.72) if back == "upholstered" else (0.02, 0.5)
    tilt = -math.degrees(math.atan2(lean, high))
    middle = 1 - share / 2
    forward = y0 + lean * middle - thick / 2 - 0.01
    pad = block(
        (w * 0.96, thick, high * share),
        (0, 0, 0),
        "main",
        thick * 0.49,
        (0, 0.012, 0) if back == "upholstered" else (0, 0, 0),
        cells=10,
    )
    if back == "round pad":
        pad = (
            slab(outlines.ellipse(w * 0.98, high * 0.72), -0.025, 0.025, "main", 0.022)
            .turn("x", 90 + tilt)
            .move(0, y0 + lean * 0.62 - 0.034, seat + high * 0.62)
        )
        parts += [post(-x * 0.62, 0.7), post(x * 0.62, 0.7)]
        return [*parts, pad]
    parts += [
        post(-x * 0.8, 0.96),
        post(x * 0.8, 0.96),
        pad.warp(_bow(w, 0.02)).turn("x", tilt).move(0, forward - 0.014, seat + high * middle),
    ]
    return parts


def _dip(t: float, depth: float) -> float:
    return depth * (1 - t * t)


def _bow(width: float, depth: float) -> Warp:
    """Bend things backwards in the middle, as backs are bent."""

    def change(v: Array) -> Array:
        t = np.clip(v[:, 0] / (width / 2), -1, 1)
        v[:, 1] += depth * (1 - t * t)
        return v

    return change


def _chair_seat(f: Form, w: float, d: float, z: float) -> list[Part]:
    if f["seat"] == "upholstered":
        slot = "main" if f["back"] in ("upholstered", "round pad") else "pad"
        return [block((w, d, 0.075), (0, 0, z - 0.0375), slot, 0.034, (0, 0, 0.014), cells=8)]
    shape = {"round": "round", "saddle": "squircle"}.get(f["seat"], "rectangular")
    slot = "cord" if f["seat"] == "woven cord" else "main"
    seat = top(shape, w, d, z - 0.034, z, slot, 0.014)
    if f["seat"] == "woven cord":
        return [seat] + [
            tube([(sx * w * 0.49, -d * 0.48, z - 0.02), (sx * w * 0.49, d * 0.48, z - 0.02)], 0.016, "legs")
            for sx in (-1, 1)
        ]
    return [seat]


def _shell(w: float, d: float, seat: float, high: float) -> Part:
    """A moulded bucket: one sheet that runs along the seat, bends, and sweeps up into the back."""
    bend_r, flat = 0.13, d - 0.12
    turn = math.radians(74)
    rise = high - 0.1
    total = flat + bend_r * turn + rise
    plate = block((w, total, 0.014), (0, 0, 0), "main", 0.006, cells=26)

    def press(v: Array) -> Array:
        a = v[:, 0] / (w / 2)
        run = v[:, 1] + total / 2
        t = run / total
        narrow = (
            1 - 0.3 * np.clip((t - 0.82) / 0.18, 0, 1) ** 2 - 0.22 * np.clip((0.14 - t) / 0.14, 0, 1) ** 2 - 0.08 * t
        )
        angle = np.clip((run - flat) / bend_r, 0, turn)
        past = np.maximum(run - flat - bend_r * turn, 0)
        before = np.minimum(run, flat)
        y = -d / 2 + before + bend_r * np.sin(angle) + past * math.cos(turn)
        z = seat + bend_r * (1 - np.cos(angle)) + past * math.sin(turn)
        # The sides curl up, most of all where seat and back meet; the front lip rolls down.
        curl = a**2 * (0.035 + 0.075 * np.exp(-(((t - 0.45) / 0.22) ** 2))) + v[:, 2]
        z = z + curl * np.cos(angle) - 0.03 * np.clip((0.12 - t) / 0.12, 0, 1) ** 2
        y = y - curl * np.sin(angle)
        return np.column_stack([v[:, 0] * narrow, y, z])

    return plate.warp(press)


def stool(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    form = f["seat"]
    if f["legs"] == "drum":
        r = w / 2
        return [
            lathe(
                [
                    (0, 0),
                    (r * 0.8, 0),
                    (r * 0.86, 0.01),
                    (r, h * 0.45),
                    (r * 0.96, h * 0.8),
                    (r * 0.84, h - 0.012),
                    (r * 0.8, h),
                    (0, h),
                ],
                "main",
                flutes=0,
            )
        ]
    if f["legs"] == "hourglass":
        r = w / 2
        profile = [
            (0, 0),
            (r * 0.95, 0),
            (r, 0.02),
            (r * 0.92, h * 0.1),
            (r * 0.5, h * 0.46),
            (r * 0.5, h * 0.54),
            (r * 0.92, h * 0.9),
            (r, h - 0.02),
            (r * 0.95, h),
            (0, h),
        ]
        return [lathe(profile, "main", segments=64)]
    thick = 0.075 if form == "upholstered" else 0.036
    if form == "upholstered":
        parts = [slab(outlines.ellipse(w, w), h - thick, h, "main", 0.034)]
    elif form == "saddle":

        def dish(v: Array) -> Array:
            v[:, 2] += 0.05 * (v[:, 0] / (w / 2)) ** 2
            return v

        parts = [block((w, w * 0.72, thick), (0, 0, h - thick / 2 - 0.03), "main", 0.014, cells=12).warp(dish)]
    elif form == "square":
        parts = [block((w * 0.9, w * 0.9, thick), (0, 0, h - thick / 2), "main", 0.008)]
    elif form == "woven cord":
        parts = [block((w * 0.94, w * 0.94, thick), (0, 0, h - thick / 2), "cord", 0.016)]
    else:
        parts = [slab(outlines.ellipse(w, w), h - thick, h, "main", 0.012)]
    depth = w * (0.72 if form == "saddle" else 1.0)
    share = {"square": 0.9, "saddle": 1.0, "woven cord": 0.94}.get(form, 0.86)
    span, span_d = w * share, depth * share
    if f["legs"] == "three-legged":
        for k in range(3):
            a = math.radians(90 + 120 * k)
            c, s = math.cos(a), math.sin(a)
            parts.append(
                tube([(c * w * 0.5, s * w * 0.5, 0), (c * w * 0.3, s * w * 0.3, h - thick)], (0.012, 0.018), "legs", 14)
            )
        ring = [
            (math.cos(t) * w * 0.415, math.sin(t) * w * 0.415, h * 0.42)
            for t in np.linspace(0, 2 * math.pi, 40, endpoint=False)
        ]
        return parts + ([tube(ring, 0.007, "legs", 10, closed=True)] if h > 0.55 else [])
    parts += legs(f["legs"], span, span_d, h - thick + (-0.012 if form == "saddle" else 0.004), 0.036)
    if h > 0.55 and f["legs"] in ("square", "tapered", "splayed", "turned"):
        lean = {"splayed": 0.055}.get(f["legs"], 0.02)
        x, y = span / 2 - 0.034 + lean * 0.3, span_d / 2 - 0.034 + lean * 0.3
        z = h * 0.32
        for sy in (-1, 1):
            parts.append(tube([(-x, sy * y, z), (x, sy * y, z)], 0.009, "legs"))
        for sx in (-1, 1):
            parts.append(tube([(sx * x, -y, z + 0.05), (sx * x, y, z + 0.05)], 0.009, "legs"))
    return parts


def bench(f: Form) -> list[Part]:
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    seat = f["seat"]
    parts: list[Part] = []
    thick = 0.04
    if seat == "slatted":
        count = 6
        for i in range(count):
            y = -d / 2 + d * (i + 0.5) / count
            parts.append(block((w, d / count - 0.014, 0.026), (0, y, h - 0.013), "main", 0.005))
        for sx in (-1, 1):
            parts.append(block((0.04, d * 0.96, 0.03), (sx * w * 0.38, 0, h - 0.041), "main", 0.004))
        thick = 0.05
    elif seat == "upholstered":
        parts = [
            block((w, d, 0.1), (0, 0, h - 0.05), "main", 0.045, (0, 0, 0.02), cells=10),
            block((w * 0.97, d * 0.95, 0.03), (0, 0, h - 0.105), "legs", 0.004),
        ]
        thick = 0.115
    elif seat == "channelled":
        count = max(5, round(w / 0.13))
        for i in range(count):
            x = -w / 2 + w * (i + 0.5) / count
            parts.append(block((w / count + 0.006, d, 0.12), (x, 0, h - 0.06), "main", 0.05, (0, 0, 0.012), cells=6))
        thick = 0.11
    elif seat == "woven cord":
        parts = [block((w, d, 0.035), (0, 0, h - 0.0175), "cord", 0.016)]
        parts += [
            tube([(sx * w * 0.495, -d * 0.49, h - 0.02), (sx * w * 0.495, d * 0.49, h - 0.02)], 0.019, "legs")
            for sx in (-1, 1)
        ]
        thick = 0.034
    elif seat == "tufted":
        parts = [block((w, d, 0.1), (0, 0, h - 0.05), "main", 0.04, cells=12)]
        cols = max(4, round(w / 0.22))
        for i in range(cols):
            for j in range(2):
                x, y = -w / 2 + w * (i + 0.5) / cols, -d / 4 + d / 2 * j
                parts.append(block((w / cols, d / 2, 0.04), (x, y, h - 0.012), "main", 0.019, (0, 0, 0.016), cells=6))
                if i < cols - 1:
                    parts.append(
                        lathe([(0.013, -0.004), (0.011, 0.004), (0, 0.006)], "main", (x + w / cols / 2, y, h), 12)
                    )
        thick = 0.09
    else:
        parts = [slab(outline(f["top"], w, d, f.seed), h - 0.045, h, "main", 0.008)]
    return parts + legs(f["legs"], w * 0.96, d * 0.94, h - thick + 0.004, 0.042)
