"""Coffee, dining and side tables, and desks."""

import math

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Part, block, lathe, slab, tube
from catalog.demo.geometry.legs import legs, outline, top


def table(f: Form) -> list[Part]:
    """A top on legs; coffee and dining tables differ in size alone."""
    w, d, h, thick = f.m("w"), f.m("d"), f.m("h"), f.m("top")
    round_top = f["top"] in ("round", "oval", "pebble", "hexagonal", "octagonal", "squircle", "pill")
    kind = f["legs"]
    inner = 0.74 if round_top and kind not in ("pedestal", "drum", "plinth") else 1.0
    parts = [top(f["top"], w, d, h - thick, h, "main", min(thick * 0.42, 0.014), f.seed)]
    low = h - thick
    if kind == "plinth":
        return [*parts, top(f["top"], w * 0.8, d * 0.8, 0, low, "legs", 0.008, f.seed)]
    if kind == "twin drums":
        for sx in (-1, 1):
            r = min(d * 0.27, w * 0.16)
            parts.append(lathe([(0, 0), (r, 0), (r, low)], "legs", (sx * w * 0.25, 0, 0), flutes=28, depth=0.07))
        return parts
    if kind == "slab ends":
        for sx in (-1, 1):
            parts.append(
                block((thick * 1.2, d * 0.86 * inner, low), (sx * w * 0.36 * (inner**0.4), 0, low / 2), "legs", 0.006)
            )
        return parts
    if kind == "three cylinders":
        r = min(w, d) * 0.12
        for k in range(3):
            a = math.radians(90 + 120 * k)
            parts.append(
                lathe([(0, 0), (r, 0), (r, low)], "legs", (math.cos(a) * w * 0.26, math.sin(a) * d * 0.26, 0), 36)
            )
        return parts
    if kind == "cage":
        r = min(w, d) * 0.4
        rings = [
            [(math.cos(t) * r * k, math.sin(t) * r * k, z) for t in [2 * math.pi * i / 48 for i in range(48)]]
            for k, z in ((0.82, 0.008), (1.0, low - 0.006))
        ]
        parts += [tube(ring, 0.008, "legs", 8, closed=True) for ring in rings]
        for i in range(18):
            a = 2 * math.pi * i / 18
            b = a + 0.5
            parts.append(
                tube(
                    [
                        (math.cos(a) * r * 0.82, math.sin(a) * r * 0.82, 0.008),
                        (math.cos(b) * r, math.sin(b) * r, low - 0.006),
                    ],
                    0.006,
                    "legs",
                    8,
                )
            )
        return parts
    parts += legs(kind, w * inner, d * inner, low + 0.002, f.m("leg"))
    if kind in ("square", "turned", "tapered", "block") and f.traits.get("apron", "none") != "none":
        x, y, a = w * inner / 2 - f.m("leg") - 0.02, d * inner / 2 - f.m("leg") - 0.02, 0.08 if h > 0.6 else 0.05
        for sy in (-1, 1):
            parts.append(block((2 * x, 0.02, a), (0, sy * (y + 0.01), low - a / 2), "legs", 0.003))
        for sx in (-1, 1):
            parts.append(block((0.02, 2 * y, a), (sx * (x + 0.01), 0, low - a / 2), "legs", 0.003))
    if f.traits.get("shelf") == "lower shelf":
        parts.append(top(f["top"], w * inner * 0.86, d * inner * 0.8, h * 0.3, h * 0.3 + 0.018, "main", 0.005, f.seed))
    return parts


def side_table(f: Form) -> list[Part]:
    w, h = f.m("w"), f.m("h")
    form = f["silhouette"]
    thick = 0.022
    if form == "tray":
        rim = [
            (0, h - 0.05),
            (w / 2 - 0.006, h - 0.05),
            (w / 2, h - 0.044),
            (w / 2, h),
            (w / 2 - 0.006, h),
            (w / 2 - 0.006, h - 0.04),
            (0, h - 0.04),
        ]
        return [lathe(rim, "main", segments=64), *legs(f["legs"], w * 0.74, w * 0.74, h - 0.048, 0.028)]
    if form == "drum":
        r = w / 2
        return [
            lathe([(0, 0), (r * 0.97, 0), (r, 0.01), (r, h - 0.035)], "main", flutes=int(f.m("flutes")), depth=0.07),
            slab(outlines.ellipse(w * 1.03, w * 1.03), h - 0.035, h, "top", 0.006),
        ]
    if form == "C-shaped":
        t = 0.014
        parts = [block((w, w * 0.72, thick), (0, 0, h - thick / 2), "main", 0.005)]
        for sy in (-1, 1):
            y = sy * w * 0.3
            parts.append(
                tube(
                    [
                        (w * 0.42, y, h - thick),
                        (-w * 0.36, y, h - thick - 0.012),
                        (-w * 0.42, y, h - 0.06),
                        (-w * 0.42, y, 0.05),
                        (-w * 0.37, y, t),
                        (w * 0.4, y, t),
                    ],
                    t * 0.85,
                    "legs",
                    12,
                )
            )
        return [*parts, tube([(-w * 0.42, -w * 0.3, 0.4 * h), (-w * 0.42, w * 0.3, 0.4 * h)], t * 0.7, "legs")]
    if form == "hourglass":
        r = w / 2
        return [
            lathe(
                [
                    (0, 0),
                    (r * 0.8, 0),
                    (r * 0.82, 0.012),
                    (r * 0.34, h * 0.5),
                    (r * 0.98, h - 0.03),
                    (r, h - 0.012),
                    (r * 0.98, h),
                    (0, h),
                ],
                "main",
                segments=64,
            )
        ]
    if form == "stacked":
        r = w / 2
        parts = []
        z = 0.0
        for k, (rr, hh) in enumerate(((0.72, 0.24), (0.5, 0.3), (0.66, 0.2), (1.0, 0.26))):
            parts.append(
                slab(outlines.ellipse(2 * r * rr, 2 * r * rr), z, z + h * hh, "main" if k != 1 else "legs", 0.02)
            )
            z += h * hh
        return parts
    if form == "pedestal":
        return [
            slab(outline(f["top"], w, w, f.seed), h - thick, h, "main", 0.007),
            *legs("pedestal", w, w, h - thick, 0.04),
        ]
    if form == "tripod":
        parts = [slab(outline(f["top"], w, w, f.seed), h - thick, h, "main", 0.007)]
        for k in range(3):
            a = math.radians(90 + 120 * k)
            c, s = math.cos(a), math.sin(a)
            parts.append(
                tube(
                    [(c * w * 0.44, s * w * 0.44, 0), (c * w * 0.14, s * w * 0.14, h - thick)],
                    (0.011, 0.018),
                    "legs",
                    14,
                )
            )
        return parts
    if form == "two-tier":
        d = w * 0.86
        return [
            top("rectangular", w, d, h - thick, h),
            top("rectangular", w * 0.94, d * 0.94, h * 0.28, h * 0.28 + thick),
            *legs(f["legs"], w, d, h - thick, 0.032),
        ]
    box_h = 0.16
    d = w * 0.84
    body = block((w, d, box_h), (0, 0, h - box_h / 2), "main", 0.008)
    front = block((w - 0.03, 0.018, box_h - 0.03), (0, -d / 2, h - box_h / 2), "main", 0.004)
    groove = block((w - 0.02, 0.01, box_h - 0.02), (0, -d / 2 + 0.001, h - box_h / 2), "shadow", 0.002)
    knob = (
        lathe([(0.006, 0), (0.006, 0.012), (0.013, 0.016), (0.012, 0.026), (0, 0.027)], "handle", segments=20)
        .turn("x", 90)
        .move(0, -d / 2 - 0.008, h - box_h / 2)
    )
    return [body, groove, front, knob, *legs(f["legs"], w, d, h - box_h + 0.004, 0.036)]


def desk(f: Form) -> list[Part]:
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    thick = 0.028
    parts = [top(f["top"], w, d, h - thick, h, "main", 0.006, f.seed)]
    low = h - thick
    storage = f["storage"]
    if storage == "pedestal drawers":
        pw = 0.4
        x = w / 2 - pw / 2 - 0.03
        ph = low - 0.1
        parts.append(block((pw, d * 0.9, ph), (x, 0, low - ph / 2), "main", 0.005))
        parts += _drawers(x, -d * 0.45, low - ph, pw, ph, 3)
        parts += legs(f["legs"], w * 0.98, d * 0.92, low + 0.002, 0.045)
        return parts
    if storage == "drawer":
        parts.append(block((w * 0.9, d * 0.86, 0.11), (0, 0.01, low - 0.055), "main", 0.005))
        for k in range(2):
            parts += _drawers((k - 0.5) * w * 0.44, -d * 0.42, low - 0.11, w * 0.42, 0.11, 1)
        return parts + legs(
            f["legs"],
            w * 0.97,
            d * 0.94,
            low - 0.108 if f["legs"] in ("hairpin", "sled", "cross", "trestle") else low,
            0.045,
        )
    if storage == "hutch":
        parts.append(block((w * 0.98, 0.22, 0.018), (0, d / 2 - 0.12, h + 0.2), "main", 0.004))
        for x in (-w * 0.485, -w * 0.16, w * 0.16, w * 0.485):
            parts.append(block((0.018, 0.22, 0.2), (x, d / 2 - 0.12, h + 0.1), "main", 0.003))
        parts.append(block((w * 0.98, 0.012, 0.2), (0, d / 2 - 0.014, h + 0.1), "main", 0.003))
    return parts + legs(f["legs"], w * 0.97, d * 0.94, low + 0.002, 0.045)


def _drawers(x: float, y: float, z: float, w: float, h: float, count: int) -> list[Part]:
    """Drawer fronts on a face that looks towards -y, over a dark gap, each with a pull."""
    parts = [block((w - 0.016, 0.006, h - 0.016), (x, y - 0.001, z + h / 2), "shadow", 0.001)]
    each = (h - 0.02) / count
    for i in range(count):
        middle = z + 0.01 + each * (i + 0.5)
        parts.append(block((w - 0.026, 0.018, each - 0.008), (x, y - 0.006, middle), "main", 0.003))
        parts.append(block((min(0.12, w * 0.3), 0.014, 0.012), (x, y - 0.022, middle), "handle", 0.004))
    return parts
