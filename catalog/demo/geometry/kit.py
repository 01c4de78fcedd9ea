"""The mesh kit: parts, and the five shapes from which every product is made (block, lathe, tube, slab, sheet)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vec3 = tuple[float, float, float]
Warp = Callable[[Array], Array]
"""A function of the [N, 3] array of vertices."""


@dataclass(frozen=True)
class Part:
    """One mesh with one surface.

    `slot` names the product's surface that covers it. `uv` holds one pair per face corner, in metres; without it
    the renderer maps each face along its dominant axis.
    """

    verts: Array  # [N, 3]
    faces: list[tuple[int, ...]]
    slot: str
    uv: Array | None = None  # [corners, 2]

    def move(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Part":
        return replace(self, verts=self.verts + np.array([x, y, z]))

    def turn(self, axis: str, degrees: float, about: Vec3 = (0.0, 0.0, 0.0)) -> "Part":
        """Rotate counter-clockwise around an axis through the point `about`."""
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        a, b = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        matrix = np.eye(3)
        matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = c, -s, s, c
        origin = np.array(about)
        return replace(self, verts=(self.verts - origin) @ matrix.T + origin)

    def scale(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> "Part":
        return replace(self, verts=self.verts * np.array([x, y, z]))

    def mirror(self) -> "Part":
        """The mirror image across the plane x = 0."""
        count = 0
        uv = self.uv
        if uv is not None:
            rows: list[int] = []
            for face in self.faces:
                rows.extend(range(count + len(face) - 1, count - 1, -1))
                count += len(face)
            uv = uv[rows]
        return replace(
            self,
            verts=self.verts * np.array([-1.0, 1.0, 1.0]),
            faces=[tuple(reversed(face)) for face in self.faces],
            uv=uv,
        )

    def warp(self, change: Callable[[Array], Array]) -> "Part":
        """Move every vertex by a function of the [N, 3] array of vertices."""
        return replace(self, verts=change(self.verts.copy()))

    def on(self, slot: str) -> "Part":
        return replace(self, slot=slot)


def bounds(parts: Sequence[Part]) -> tuple[Array, Array]:
    """The lowest and the highest corner of all parts, each of shape [3]."""
    points = np.concatenate([part.verts for part in parts])
    return points.min(axis=0), points.max(axis=0)


def grounded(parts: Sequence[Part]) -> list[Part]:
    """The same parts, standing on the floor and centred over the origin."""
    low, high = bounds(parts)
    middle = (low + high) / 2
    return [part.move(-middle[0], -middle[1], -low[2]) for part in parts]


def block(
    size: Vec3,
    at: Vec3 = (0.0, 0.0, 0.0),
    slot: str = "main",
    radius: float = 0.004,
    crown: Vec3 = (0.0, 0.0, 0.0),
    cells: int = 1,
) -> Part:
    """A box with rounded edges, centred at `at`.

    `crown` swells the faces along x, y and z, as stuffing does; `cells` divides flat faces so that they can swell
    or be warped.
    """
    half = np.array(size) / 2
    r = min(radius, *(half * 0.999))
    inner = half - r
    cells = max(cells, 8) if any(crown) else cells
    arc = [math.tan(math.radians(a)) for a in ((0, 15, 30, 45) if r > 0.03 else (0, 22.5, 45))]
    ticks = []
    for axis in range(3):
        flat = np.linspace(-inner[axis], inner[axis], cells + 1)
        ends = [inner[axis] + r * t for t in arc[1:]]
        ticks.append(np.array([-e for e in reversed(ends)] + list(flat) + ends))
    lattice, faces = _lattice((len(ticks[0]), len(ticks[1]), len(ticks[2])))
    cube = np.column_stack([ticks[axis][lattice[:, axis]] for axis in range(3)])
    core = np.clip(cube, -inner, inner)
    out = cube - core
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    verts = core + r * out
    if any(crown):
        ratio = np.clip(verts / half, -1, 1)
        swell = 1 - ratio**2
        for axis in range(3):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            verts[:, axis] += crown[axis] * ratio[:, axis] * swell[:, u] * swell[:, v]
    return Part(verts + np.array(at), list(faces), slot)


@lru_cache(maxsize=256)
def _lattice(counts: tuple[int, int, int]) -> tuple[NDArray[np.int64], list[tuple[int, ...]]]:
    """The surface of a grid of counts[0] x counts[1] x counts[2] points: their indices [N, 3], and quads."""
    index: dict[tuple[int, int, int], int] = {}
    faces: list[tuple[int, ...]] = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for end in (0, counts[axis] - 1):
            for i in range(counts[u] - 1):
                for j in range(counts[v] - 1):
                    ring = []
                    for di, dj in ((0, 0), (1, 0), (1, 1), (0, 1)):
                        key = [0, 0, 0]
                        key[axis], key[u], key[v] = end, i + di, j + dj
                        ring.append(index.setdefault((key[0], key[1], key[2]), len(index)))
                    faces.append(tuple(ring if end else reversed(ring)))
    return np.array(list(index)), faces


def curve(points: Sequence[Sequence[float]] | Array, steps: int = 6, closed: bool = False) -> Array:
    """A Catmull-Rom curve through the points, `steps` pieces between each pair."""
    p = np.array(points, dtype=float)
    n = len(p)
    spans = n if closed else n - 1
    out = []
    for i in range(spans):
        if closed:
            a, b, c, d = p[(i - 1) % n], p[i], p[(i + 1) % n], p[(i + 2) % n]
        else:
            b, c = p[i], p[i + 1]
            a = p[i - 1] if i else 2 * b - c
            d = p[i + 2] if i + 2 < n else 2 * c - b
        for k in range(steps):
            t = k / steps
            out.append(
                0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
            )
    if not closed:
        out.append(p[-1])
    return np.array(out)


def lathe(
    profile: Sequence[Sequence[float]],
    slot: str = "main",
    at: Vec3 = (0.0, 0.0, 0.0),
    segments: int = 48,
    flutes: int = 0,
    depth: float = 0.0,
    sweep: float = 360.0,
) -> Part:
    """Turn a profile of (radius, height) pairs around the z axis; go up the outside, then down the inside.

    A corner sharper than 40 degrees stays sharp. `flutes` grooves of relative `depth` run along the height.
    """
    raw = [(max(float(r), 1e-4), float(z)) for r, z in profile]
    line: list[tuple[float, float]] = []
    for i, point in enumerate(raw):
        line.append(point)
        if 0 < i < len(raw) - 1:
            before = math.atan2(point[1] - raw[i - 1][1], point[0] - raw[i - 1][0])
            after = math.atan2(raw[i + 1][1] - point[1], raw[i + 1][0] - point[0])
            bend = abs((after - before + math.pi) % (2 * math.pi) - math.pi)
            if bend > math.radians(40):
                line.append(point)
    if flutes:
        segments = max(segments, flutes * 6)
    full = sweep >= 360
    columns = segments if full else segments + 1
    # The first column lies at the back, where a pattern's seam is not seen.
    angles = math.pi / 2 + np.arange(columns) * math.radians(sweep) / segments
    groove = 1 + depth * (np.abs(np.sin(angles * flutes / 2)) - 1) if flutes else np.ones(columns)
    r = np.array([p[0] for p in line])[:, None] * groove[None, :]
    x, y = r * np.cos(angles), r * np.sin(angles)
    z = np.repeat(np.array([p[1] for p in line])[:, None], columns, axis=1)
    verts = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    widest = max(p[0] for p in raw)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(np.array(line), axis=0).T))])
    around = np.arange(segments + 1) / segments * 2 * math.pi * widest * sweep / 360
    faces: list[tuple[int, ...]] = []
    uv: list[tuple[float, float]] = []
    for i in range(len(line) - 1):
        if line[i] == line[i + 1]:
            continue
        for j in range(segments):
            k = (j + 1) % columns
            faces.append((i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j))
            uv += [
                (around[j], length[i]),
                (around[j + 1], length[i]),
                (around[j + 1], length[i + 1]),
                (around[j], length[i + 1]),
            ]
    return Part(verts + np.array(at), faces, slot, np.array(uv))


def tube(
    points: Sequence[Sequence[float]] | Array,
    radius: float | Sequence[float],
    slot: str = "legs",
    segments: int = 12,
    closed: bool = False,
    steps: int = 0,
) -> Part:
    """Sweep a circle along a line; `steps` > 0 smooths the line first. A list of radii tapers it."""
    path = curve(points, steps, closed) if steps else np.array(points, dtype=float)
    n = len(path)
    if isinstance(radius, int | float):
        radii = np.full(n, float(radius))
    else:
        radii = np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(radius)), np.array(radius, dtype=float))
    tangents = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    if not closed:
        tangents[0], tangents[-1] = path[1] - path[0], path[-1] - path[-2]
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-12)
    side = np.cross(tangents[0], [0.0, 0.0, 1.0] if abs(tangents[0][2]) < 0.9 else [0.0, 1.0, 0.0])
    rings = []
    angles = np.arange(segments) * 2 * math.pi / segments
    for i in range(n):
        side = side - np.dot(side, tangents[i]) * tangents[i]
        side /= max(float(np.linalg.norm(side)), 1e-12)
        other = np.cross(tangents[i], side)
        rings.append(path[i] + radii[i] * (np.outer(np.cos(angles), side) + np.outer(np.sin(angles), other)))
    verts = np.concatenate(rings)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    faces: list[tuple[int, ...]] = []
    uv: list[tuple[float, float]] = []
    girth = 2 * math.pi * float(radii.max()) / segments
    for i in range(n if closed else n - 1):
        a, b = i * segments, ((i + 1) % n) * segments
        top = length[i + 1] if i + 1 < n else length[i] + 0.01
        for j in range(segments):
            k = (j + 1) % segments
            faces.append((a + j, a + k, b + k, b + j))
            uv += [(j * girth, length[i]), ((j + 1) * girth, length[i]), ((j + 1) * girth, top), (j * girth, top)]
    if not closed:
        faces.append(tuple(range(segments - 1, -1, -1)))
        faces.append(tuple(range((n - 1) * segments, n * segments)))
        for ring, r in ((range(segments - 1, -1, -1), radii[0]), (range(segments), radii[-1])):
            uv += [(math.cos(angles[j]) * r, math.sin(angles[j]) * r) for j in ring]
    return Part(verts, faces, slot, np.array(uv))


def slab(outline: Array, bottom: float, top: float, slot: str = "main", bevel: float = 0.004) -> Part:
    """Extrude a counter-clockwise outline [K, 2] from `bottom` to `top`, with rounded upper and lower edges."""
    bevel = min(bevel, (top - bottom) / 2.01)
    count = len(outline)
    edge = np.roll(outline, -1, axis=0) - outline
    edge /= np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-12)
    normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1)
    mean = normal + np.roll(normal, 1, axis=0)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    rings = []
    turns = [math.radians(a) for a in (0, 22.5, 45, 67.5, 90)]
    for a in turns:
        rings.append((bevel * (1 - math.sin(a)), bottom + bevel * (1 - math.cos(a))))
    for a in reversed(turns):
        rings.append((bevel * (1 - math.sin(a)), top - bevel * (1 - math.cos(a))))
    layers = [np.column_stack([outline - mean * inset, np.full(count, z)]) for inset, z in rings]
    faces: list[tuple[int, ...]] = []
    for i in range(len(rings) - 1):
        for j in range(count):
            k = (j + 1) % count
            faces.append((i * count + j, i * count + k, (i + 1) * count + k, (i + 1) * count + j))
    faces.append(tuple(range(count - 1, -1, -1)))
    last = (len(rings) - 1) * count
    faces.append(tuple(range(last, last + count)))
    return Part(np.concatenate(layers), faces, slot)


def sheet(
    corner: Callable[[Array, Array], Array], across: int, along: int, slot: str, size: tuple[float, float]
) -> Part:
    """A surface from a function of two grids u and v in 0..1 that returns points [..., 3]; `size` is in metres."""
    u, v = np.meshgrid(np.linspace(0, 1, across + 1), np.linspace(0, 1, along + 1), indexing="ij")
    verts = corner(u, v).reshape(-1, 3)
    step = along + 1
    flat = np.stack([u * size[0], v * size[1]], axis=-1).reshape(-1, 2)
    faces: list[tuple[int, ...]] = []
    uv: list[Array] = []
    for i in range(across):
        for j in range(along):
            face = (i * step + j, (i + 1) * step + j, (i + 1) * step + j + 1, i * step + j + 1)
            faces.append(face)
            uv += [flat[f] for f in face]
    return Part(verts, faces, slot, np.array(uv))
