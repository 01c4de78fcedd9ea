"""Shelves and sideboards."""

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, block, lathe, slab, tube
from catalog.demo.geometry.legs import legs


def shelf(f: Form) -> list[Part]:
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    form, tiers = f["silhouette"], int(f["tiers"])
    t = 0.022
    if form == "ladder":
        parts = []
        lean = d * 0.75
        for sx in (-1, 1):
            parts.append(tube([(sx * w / 2, -d / 2 - 0.04, 0), (sx * w / 2, -d / 2 + lean, h)], 0.016, "legs", 14))
        for k in range(tiers):
            z = h * (0.12 + 0.78 * k / (tiers - 1))
            depth = d * (1.05 - 0.6 * k / (tiers - 1))
            y = -d / 2 - 0.04 + (lean + 0.04) * z / h
            parts.append(block((w - 0.02, depth, t), (0, y + depth / 2 - 0.02, z), "main", 0.004))
            parts.append(block((w - 0.02, 0.012, 0.04), (0, y + depth - 0.026, z + 0.02), "main", 0.003))
        return parts
    if form == "etagere":
        parts = [
            block((w, d, t), (0, 0, h * (0.06 + 0.93 * k / (tiers - 1)) if k else h * 0.06), "main", 0.003)
            for k in range(tiers)
        ]
        for sx in (-1, 1):
            for sy in (-1, 1):
                parts.append(block((0.02, 0.02, h), (sx * (w / 2 + 0.002), sy * (d / 2 - 0.012), h / 2), "legs", 0.003))
        for sy in (-1, 1):
            parts.append(block((w, 0.016, 0.016), (0, sy * (d / 2 - 0.012), h - 0.01), "legs", 0.002))
        return parts
    if form == "arched":
        line = outlines.arch(w, h, 40)
        inner = outlines.offset(line, 0.035)
        back = slab(line, -0.012, 0.012, "main", 0.002).turn("x", 90).move(0, d / 2, h / 2)
        frame = _ring(line, inner, d).move(0, 0, h / 2)
        parts = [back, frame]
        for k in range(1, tiers):
            z = h * 0.92 * k / tiers
            half = w / 2 - 0.03
            if z > h - w / 2:
                half = float(np.sqrt(max((w / 2) ** 2 - (z - (h - w / 2)) ** 2, 0.0))) - 0.03
            parts.append(block((2 * half, d - 0.02, t), (0, 0, z), "main", 0.003))
        return parts
    if form == "cube grid":
        cols = max(2, round(w / 0.36))
        rows = tiers
        parts = [block((w - 0.01, 0.012, h - 0.01), (0, d / 2 - 0.01, h / 2), "back", 0.001)]
        parts += [
            block((t, d, h), (-w / 2 + t / 2 + (w - t) * i / cols, 0, h / 2), "main", 0.002) for i in range(cols + 1)
        ]
        parts += [
            block((w - 0.01, d - 0.006, t), (0, 0, 0.002 + t / 2 + (h - t - 0.004) * j / rows), "main", 0.002)
            for j in range(rows + 1)
        ]
        return parts
    if form == "stepped":
        parts = []
        for k in range(tiers):
            width = w * (1 - 0.2 * k)
            x = -w / 2 + width / 2
            z0, z1 = h * k / tiers, h * (k + 1) / tiers
            parts.append(block((width, d, t), (x, 0, z1 - t / 2), "main", 0.003))
            parts += [
                block(
                    (t, d - 0.006, z1 - z0 - t),
                    (x + s * (width / 2 - t / 2 - 0.002), 0, (z0 + z1 - t) / 2),
                    "main",
                    0.002,
                )
                for s in (-1, 1)
            ]
            parts.append(block((width - 0.01, 0.01, z1 - z0 - t), (x, d / 2 - 0.01, (z0 + z1 - t) / 2), "back", 0.001))
        return [*parts, block((w - 0.01, d - 0.008, t), (0, 0, t / 2 + 0.001), "main", 0.002)]
    if form == "wavy":
        parts = []
        for k in range(tiers):
            z = h * (0.04 + 0.94 * k / (tiers - 1))
            parts.append(slab(outlines.rounded(w, d, d * 0.45, 10), z - 0.014, z + 0.014, "main", 0.008))
            if k:
                z0 = h * (0.04 + 0.94 * (k - 1) / (tiers - 1))
                for s in (-1, 1):
                    x = s * w * (0.34 if k % 2 else 0.26)
                    parts.append(lathe([(0.03, z0), (0.03, z)], "legs", (x, 0, 0), 28))
        return parts
    # Boards end just inside the sides: faces that coincide would throw shadows on each other.
    parts = [block((t, d, h), (s * (w / 2 - t / 2), 0, h / 2), "main", 0.003) for s in (-1, 1)]
    parts.append(block((w - t, 0.01, h - 0.06), (0, d / 2 - 0.008, h / 2 + 0.02), "back", 0.001))
    parts += [
        block((w - 1.6 * t, d - 0.006, t), (0, 0, z), "main", 0.002)
        for z in np.linspace(0.08, h - t / 2 - 0.003, tiers + 1)
    ]
    parts.append(block((w - 0.02, 0.018, 0.07), (0, -d / 2 + 0.03, 0.035), "main", 0.002))
    if form == "bookcase with doors":
        z = 0.08 + (h - 0.09) / tiers
        for s in (-1, 1):
            parts.append(
                block(
                    (w / 2 - t - 0.004, 0.02, z - 0.09),
                    (s * (w / 4 - t / 4), -d / 2 + 0.006, (z + 0.08) / 2),
                    "main",
                    0.003,
                )
            )
            parts.append(block((0.01, 0.014, 0.09), (s * 0.03, -d / 2 - 0.01, (z + 0.08) / 2), "handle", 0.003))
    return parts


def _ring(outer: Array, inner: Array, depth: float) -> Part:
    """A standing frame between two outlines, centred on y = 0."""
    count = len(outer)
    y0, y1 = -depth / 2, depth / 2
    rings = [
        np.column_stack([line[:, 0], np.full(count, y), line[:, 1]])
        for line, y in ((outer, y1), (outer, y0), (inner, y0), (inner, y1))
    ]
    faces: list[tuple[int, ...]] = []
    verts: list[Array] = []
    for i in range(3):
        base = len(verts) * count
        verts += [rings[i], rings[i + 1]]
        for j in range(count):
            k = (j + 1) % count
            faces.append((base + j, base + k, base + count + k, base + count + j))
    return Part(np.concatenate(verts), faces, "main")


def sideboard(f: Form) -> list[Part]:
    w, d, h = f.m("w"), f.m("d"), f.m("h")
    front = f["front"]
    lift = 0.06 if f["legs"] == "plinth" else f.m("lift")
    body = h - lift
    mid = lift + body / 2
    y = -d / 2
    t = 0.024
    parts = [
        block((w, d, t), (0, 0, h - t / 2), "main", 0.005),
        block((w, d, t), (0, 0, lift + t / 2), "main", 0.005),
        block((w - 0.02, 0.012, body - 0.02), (0, d / 2 - 0.008, mid), "main", 0.002),
    ]
    parts += [
        block((t, d - 0.004, body - 2 * t + 0.004), (s * (w / 2 - t / 2 - 0.001), 0, mid), "main", 0.003)
        for s in (-1, 1)
    ]
    inner_w, inner_h = w - 2 * t, body - 2 * t
    cells = max(2, round(w / 0.5))
    each = inner_w / cells
    for i in range(cells):
        x = -inner_w / 2 + each * (i + 0.5)
        style = front
        if front == "drawers and doors":
            style = "drawers" if i in (0, cells - 1) else "plain doors"
        elif front == "open middle":
            style = "open" if i == cells // 2 else "plain doors"
        if style == "open":
            parts += [
                block((each, d - 0.03, 0.018), (x, 0.01, mid), "main", 0.003),
                block((0.018, d - 0.02, inner_h), (x - each / 2, 0.01, mid), "main", 0.002),
                block((0.018, d - 0.02, inner_h), (x + each / 2, 0.01, mid), "main", 0.002),
            ]
            continue
        parts.append(block((each - 0.001, 0.01, inner_h), (x, y + 0.024, mid), "shadow", 0.001))
        if style == "drawers":
            for k in range(3):
                z = lift + t + inner_h * (k + 0.5) / 3
                parts.append(block((each - 0.008, 0.02, inner_h / 3 - 0.008), (x, y + 0.012, z), "front", 0.003))
                parts.append(block((each * 0.3, 0.014, 0.012), (x, y - 0.004, z), "handle", 0.004))
            continue
        if style == "fluted doors":
            count = max(8, round(each / 0.03))
            step = (each - 0.008) / count
            parts += [
                lathe(
                    [(0, 0), (step * 0.52, 0), (step * 0.52, inner_h - 0.008), (0, inner_h - 0.008)],
                    "front",
                    (x - (each - 0.008) / 2 + step * (j + 0.5), y + 0.016, lift + t + 0.004),
                    14,
                )
                for j in range(count)
            ]
        elif style == "slatted doors":
            count = max(6, round(each / 0.045))
            step = (each - 0.008) / count
            parts.append(block((each - 0.008, 0.008, inner_h - 0.008), (x, y + 0.02, mid), "front", 0.001))
            parts += [
                block(
                    (step * 0.6, 0.014, inner_h - 0.01),
                    (x - (each - 0.008) / 2 + step * (j + 0.5), y + 0.012, mid),
                    "front",
                    0.002,
                )
                for j in range(count)
            ]
        elif style == "cane doors":
            parts.append(block((each - 0.06, 0.006, inner_h - 0.06), (x, y + 0.014, mid), "cane", 0.001))
            for s in (-1, 1):
                parts.append(
                    block((0.04, 0.02, inner_h - 0.008), (x + s * (each / 2 - 0.024), y + 0.012, mid), "front", 0.003)
                )
                parts.append(
                    block((each - 0.06, 0.018, 0.04), (x, y + 0.012, mid + s * (inner_h / 2 - 0.024)), "front", 0.003)
                )
        elif style == "panelled doors":
            parts.append(block((each - 0.008, 0.014, inner_h - 0.008), (x, y + 0.016, mid), "front", 0.002))
            for s in (-1, 1):
                parts.append(
                    block((0.055, 0.012, inner_h - 0.008), (x + s * (each / 2 - 0.032), y + 0.006, mid), "front", 0.003)
                )
                parts.append(
                    block((each - 0.1, 0.01, 0.055), (x, y + 0.007, mid + s * (inner_h / 2 - 0.032)), "front", 0.003)
                )
        else:
            parts.append(block((each - 0.008, 0.02, inner_h - 0.008), (x, y + 0.012, mid), "front", 0.003))
        side = 1 if i % 2 == 0 else -1
        hx = x + side * (each / 2 - 0.035)
        if f["handles"] == "round knobs":
            parts.append(
                lathe([(0.005, 0), (0.005, 0.014), (0.013, 0.018), (0.012, 0.028), (0, 0.03)], "handle", segments=20)
                .turn("x", 90)
                .move(hx, y + 0.004, mid)
            )
        elif f["handles"] == "bar handles":
            parts.append(block((0.01, 0.016, 0.14), (hx, y - 0.006, mid), "handle", 0.004))
    return parts + legs(f["legs"], w * 0.97, d * 0.94, lift + 0.006, 0.045)
