"""What hangs on a wall or stands on a mantel: mirrors and clocks. Wall pieces touch the plane y = 0 from the front."""

import math

import numpy as np

from catalog.demo.geometry import outlines
from catalog.demo.geometry.form import Form
from catalog.demo.geometry.kit import Array, Part, block, lathe, slab, tube


def _upright(part: Part) -> Part:
    """Stand a slab up: its top faces the front, its underside touches the wall."""
    return part.turn("x", 90)


def mirror(f: Form) -> list[Part]:
    w, h, border = f.m("w"), f.m("h"), f.m("border")
    shape = f["silhouette"]
    if shape == "sunburst":
        return _rays(w, f, True)
    line = _outline(shape, w, h, f)
    deep = 0.03
    parts: list[Part] = []
    if border > 0.001:
        parts.append(_upright(_frame(line, border, deep, f["frame"])))
        if f["frame"] == "rope":
            inner = outlines.offset(line, border / 2)
            parts = [
                _upright(
                    tube(
                        np.column_stack([inner, np.full(len(inner), deep * 0.5)]), border * 0.5, "main", 16, closed=True
                    )
                )
            ]
        if f["frame"] == "beaded":
            inner = outlines.offset(line, border / 2)
            walk = np.linalg.norm(np.roll(inner, -1, axis=0) - inner, axis=1)
            total = float(walk.sum())
            count = int(total / (border * 0.98))
            at = np.linspace(0, total, count, endpoint=False)
            s = np.concatenate([[0], np.cumsum(walk)])
            closed = np.vstack([inner, inner[:1]])
            r = total / count / 2
            ball = [(r * math.sin(a), r - r * math.cos(a)) for a in np.linspace(0, math.pi, 10)]
            for q in at:
                parts.append(
                    _upright(
                        lathe(
                            ball,
                            "main",
                            (float(np.interp(q, s, closed[:, 0])), float(np.interp(q, s, closed[:, 1])), deep * 0.2),
                            14,
                        )
                    )
                )
    glass = outlines.offset(line, max(border - 0.004, 0.0)) if border > 0.001 else line
    parts.append(_upright(slab(glass, 0.004, 0.014, "mirror", 0.001 if border > 0.001 else 0.004)))
    if shape == "window-pane":
        x, z = w / 2 - border, h / 2 - border
        parts += [
            block((0.022, 0.02, 2 * z), (0, -0.016, 0), "main", 0.003),
            *[block((2 * x, 0.02, 0.022), (0, -0.016, k * z * 2 / 3 - z / 3), "main", 0.003) for k in (0, 1)],
        ]
    return parts


def _outline(shape: str, w: float, h: float, f: Form) -> Array:
    if shape == "round":
        return outlines.ellipse(w, w, 96)
    if shape == "oval":
        return outlines.ellipse(w, h, 96)
    if shape == "arched":
        return outlines.arch(w, h)
    if shape == "pebble":
        return outlines.organic(w, h, f.rng, 6, 0.16)
    if shape == "pill":
        return outlines.rounded(w, h, w / 2, 18)
    if shape == "hexagonal":
        return outlines.polygon(6, w, w * 1.05, 0.02, 30)
    if shape == "octagonal":
        return outlines.polygon(8, w, h, 0.012, 22.5)
    if shape == "scalloped":
        count = 14
        a = np.arange(count * 12) * 2 * math.pi / (count * 12)
        r = w / 2 * (0.9 + 0.1 * np.abs(np.sin(a * count / 2)))
        return np.column_stack([np.cos(a) * r, np.sin(a) * r])
    return outlines.rounded(w, h, 0.04 if shape == "rounded rectangle" else 0.008)


def _frame(line: Array, border: float, deep: float, kind: str) -> Part:
    """A moulding swept around the outline: its section runs from the wall over the front to the glass."""
    sections = {
        "stepped": [(0.0, 0.0), (0.0, 0.5), (0.3, 0.5), (0.3, 0.8), (0.62, 0.8), (0.62, 1.0), (1.0, 1.0), (1.0, 0.3)],
        "rounded": [
            (0.0, 0.0),
            (0.02, 0.45),
            (0.15, 0.8),
            (0.4, 1.0),
            (0.6, 1.0),
            (0.85, 0.8),
            (0.98, 0.45),
            (1.0, 0.3),
        ],
        "bevelled": [(0.0, 0.0), (0.0, 1.0), (0.12, 1.0), (1.0, 0.45), (1.0, 0.3)],
    }
    section = sections.get(kind, [(0.0, 0.0), (0.0, 0.92), (0.06, 1.0), (0.94, 1.0), (1.0, 0.92), (1.0, 0.3)])
    count = len(line)
    verts: list[Array] = []
    faces: list[tuple[int, ...]] = []
    for i in range(len(section) - 1):
        base = 2 * i * count
        for inset, z in (section[i], section[i + 1]):
            verts.append(np.column_stack([outlines.offset(line, inset * border), np.full(count, z * deep)]))
        for j in range(count):
            k = (j + 1) % count
            faces.append((base + j, base + k, base + count + k, base + count + j))
    return Part(np.concatenate(verts), faces, "main")


def _rays(w: float, f: Form, glass: bool) -> list[Part]:
    core = w * 0.24
    parts: list[Part] = []
    count = int(f.m("rays"))
    for i in range(count):
        a = 2 * math.pi * i / count
        far = w / 2 * (1.0 if i % 2 == 0 else 0.8)
        if f["frame"] == "starburst balls" or (not glass and f.traits.get("ends") == "balls"):
            parts.append(
                tube(
                    [
                        (math.cos(a) * core * 0.8, -0.02, math.sin(a) * core * 0.8),
                        (math.cos(a) * far, -0.02, math.sin(a) * far),
                    ],
                    0.005,
                    "main",
                    8,
                )
            )
            r = w * 0.026
            parts.append(
                lathe(
                    [(r * math.sin(t), -r * math.cos(t)) for t in np.linspace(0, math.pi, 12)], "main", segments=18
                ).move(math.cos(a) * far, -0.026, math.sin(a) * far)
            )
        else:
            ray = block((far - core * 0.7, 0.008, w * 0.022), ((far + core * 0.7) / 2, -0.018, 0), "main", 0.003)
            width = w * 0.02

            def thin(v: Array, far: float = far, width: float = width) -> Array:
                v[:, 2] *= 1.35 - 0.9 * (v[:, 0] / far)
                return v

            parts.append(ray.warp(thin).turn("y", -math.degrees(a)))
    line = outlines.ellipse(core * 2, core * 2, 72)
    parts.append(_upright(_frame(line, core * 0.16, 0.036, "rounded")))
    if glass:
        parts.append(_upright(slab(outlines.ellipse(core * 1.72, core * 1.72, 72), 0.0, 0.03, "mirror", 0.001)))
    return parts


def clock(f: Form) -> list[Part]:
    w = f.m("w")
    shape = f["silhouette"]
    deep = 0.04
    parts: list[Part] = []
    face_r = w / 2
    face_y = -deep
    if shape == "sunburst":
        parts = _rays(w, f, False)
        face_r = w * 0.24 * 0.86
        parts.append(_upright(slab(outlines.ellipse(face_r * 2, face_r * 2), 0, 0.03, "face", 0.001)))
        face_y = -0.03
    elif shape == "mantel":
        h = w * 0.86
        line = outlines.arch(w, h)
        parts = [slab(line, -0.05, 0.05, "main", 0.008).turn("x", 90).move(0, 0, 0)]
        face_r = w * 0.34
        parts.append(
            _upright(slab(outlines.ellipse(face_r * 2, face_r * 2), 0, 0.056, "face", 0.001)).move(z=h / 2 - w / 2)
        )
        parts.append(
            _upright(
                _frame(outlines.ellipse(face_r * 2.1, face_r * 2.1), face_r * 0.09, 0.062, "rounded").on("hands")
            ).move(z=h / 2 - w / 2)
        )
        return [*parts, *_dial(f, face_r, -0.057, h / 2 - w / 2)]
    elif shape == "table":
        line = outlines.rounded(w, w * 0.8, w * 0.12)
        parts = [slab(line, -0.04, 0.04, "main", 0.014).turn("x", 90)]
        face_r = w * 0.33
        parts.append(_upright(slab(outlines.ellipse(face_r * 2, face_r * 2), 0, 0.044, "face", 0.001)))
        for s in (-1, 1):
            parts.append(tube([(s * w * 0.3, -0.01, -w * 0.46), (s * w * 0.28, 0, -w * 0.36)], 0.009, "legs", 12))
        return [*parts, *_dial(f, face_r, -0.045, 0.0)]
    else:
        outline = {
            "round": lambda: outlines.ellipse(w, w, 96),
            "square": lambda: outlines.rounded(w, w, w * 0.1),
            "octagonal": lambda: outlines.polygon(8, w, w, 0.01, 22.5),
            "pebble": lambda: outlines.organic(w, w * 0.94, f.rng, 7, 0.09),
            "scalloped": lambda: _outline("scalloped", w, w, f),
            "squircle": lambda: outlines.superellipse(w, w, 3.4),
        }[shape]()
        border = f.m("border")
        if f["frame"] == "frameless":
            parts.append(_upright(slab(outline, 0, deep * 0.7, "main", 0.008)))
            face_y, face_r = -deep * 0.7, w / 2 * 0.9
        else:
            parts.append(_upright(_frame(outline, border, deep, "rounded")))
            parts.append(_upright(slab(outlines.offset(outline, border * 0.8), 0, deep * 0.4, "face", 0.001)))
            face_y, face_r = -deep * 0.4, w / 2 - border * 1.15
        if shape == "scalloped":
            face_r *= 0.88
    return [*parts, *_dial(f, face_r, face_y, 0.0)]


def _dial(f: Form, r: float, y: float, z: float) -> list[Part]:
    """Marks and hands on a face at depth y; the time differs from clock to clock."""
    parts: list[Part] = []
    marks = f["dial"]
    slot = "hands"
    for i in range(12):
        a = math.pi / 2 - 2 * math.pi * i / 12
        x, up = math.cos(a), math.sin(a)
        if marks == "dots":
            parts.append(
                _upright(slab(outlines.ellipse(r * 0.075, r * 0.075, 20), 0, 0.004, slot, 0.001)).move(
                    x * r * 0.84, y, z + up * r * 0.84
                )
            )
        elif marks == "bars":
            size = r * (0.2 if i % 3 == 0 else 0.12)
            parts.append(
                block((size, 0.004, r * 0.035), (0, 0, 0), slot, 0.001)
                .turn("y", -math.degrees(a))
                .move(x * (r * 0.92 - size / 2), y - 0.001, z + up * (r * 0.92 - size / 2))
            )
        elif marks == "four marks" and i % 3 == 0:
            parts.append(
                block((r * 0.2, 0.004, r * 0.06), (0, 0, 0), slot, 0.001)
                .turn("y", -math.degrees(a))
                .move(x * r * 0.8, y - 0.001, z + up * r * 0.8)
            )
        elif marks == "roman numerals":
            numeral = ("XII", "I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI")[i]
            parts += [
                p.turn("y", 90 - math.degrees(a)).move(x * r * 0.8, y - 0.001, z + up * r * 0.8)
                for p in _roman(numeral, r * 0.24)
            ]
    hour, minute = f.m("hour"), f.m("minute")
    for angle, length, wide in ((90 - 30 * (hour + minute / 60), 0.5, 0.07), (90 - 6 * minute, 0.76, 0.048)):
        parts.append(
            block((r * (length + 0.1), 0.003, r * wide), (r * (length - 0.1) / 2, -0.006, 0), slot, 0.001)
            .turn("y", -angle)
            .move(0, y, z)
        )
    parts.append(_upright(slab(outlines.ellipse(r * 0.13, r * 0.13, 24), 0, 0.011, slot, 0.002)).move(0, y, z))
    return parts


def _roman(text: str, size: float) -> list[Part]:
    """A numeral of bars, centred, upright."""
    bar = size * 0.13
    width = {"I": 0.24, "V": 0.55, "X": 0.55}
    total = sum(width[c] for c in text) * size
    x = -total / 2
    parts = []
    for c in text:
        middle = x + width[c] * size / 2
        if c == "I":
            parts.append(block((bar, 0.003, size), (middle, 0, 0), "hands", 0.001))
        elif c == "V":
            for s in (-1, 1):
                parts.append(
                    block((bar, 0.003, size), (0, 0, 0), "hands", 0.001)
                    .turn("y", s * 13)
                    .move(middle + s * size * 0.12)
                )
        else:
            for s in (-1, 1):
                parts.append(block((bar, 0.003, size * 1.04), (0, 0, 0), "hands", 0.001).turn("y", s * 24).move(middle))
        x += width[c] * size
    return parts
