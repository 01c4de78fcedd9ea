"""Meshes into Blender: one object per surface and grain direction, with normals that keep flat faces flat."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from catalog.demo.geometry.kit import Array, Part
from catalog.demo.render.nodes import bpy
from catalog.demo.render.shaders import material
from catalog.demo.surface import Surface


def clear() -> None:
    """Remove everything from the file, orphans too: hundreds of pictures are taken in one process."""
    for group in (
        bpy.data.objects,
        bpy.data.meshes,
        bpy.data.materials,
        bpy.data.lights,
        bpy.data.cameras,
        bpy.data.worlds,
    ):
        for entry in list(group):
            group.remove(entry)


def add_parts(parts: Sequence[Part], surfaces: Mapping[str, Surface], name: str, shift: float = 0.0) -> list[Any]:
    """Add a product's parts; the objects' names are `NAME|SLOT|...`, by which rays find them again."""
    groups: dict[tuple[str, int], list[Part]] = {}
    for part in parts:
        extent = part.verts.max(axis=0) - part.verts.min(axis=0)
        groups.setdefault((part.slot, int(np.argmax(extent))), []).append(part)
    out = []
    for (slot, grain), members in groups.items():
        data = _mesh(members, f"{name}|{slot}|{grain}")
        data.materials.append(material(surfaces[slot], grain, shift))
        thing = bpy.data.objects.new(data.name, data)
        bpy.context.collection.objects.link(thing)
        out.append(thing)
    return out


def _mesh(parts: Sequence[Part], name: str) -> Any:
    verts = np.concatenate([part.verts for part in parts])
    sizes: list[int] = []
    corners: list[int] = []
    uvs = []
    base = 0
    for part in parts:
        for face in part.faces:
            sizes.append(len(face))
            corners.extend(base + i for i in face)
        uvs.append(part.uv if part.uv is not None else box_uv(part))
        base += len(part.verts)
    data = bpy.data.meshes.new(name)
    data.vertices.add(len(verts))
    data.vertices.foreach_set("co", verts.astype(np.float32).ravel())
    data.loops.add(len(corners))
    data.loops.foreach_set("vertex_index", np.array(corners, dtype=np.int32))
    data.polygons.add(len(sizes))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    data.polygons.foreach_set("loop_start", starts.astype(np.int32))
    layer = data.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", np.concatenate(uvs).astype(np.float32).ravel())
    data.update(calc_edges=True)
    data.polygons.foreach_set("use_smooth", np.ones(len(sizes), dtype=bool))
    data.normals_split_custom_set_from_vertices(normals(verts, corners, sizes))
    return data


def face_normals(verts: Array, corners: Array, sizes: Array) -> Array:
    """Newell normals [F, 3]; their length is twice the face's area."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    following = np.arange(len(corners)) + 1
    following[starts + sizes - 1] = starts
    a, b = verts[corners], verts[corners[following]]
    return np.asarray(np.add.reduceat(np.cross(a, b), starts, axis=0))


def normals(verts: Array, corners: Sequence[int], sizes: Sequence[int]) -> Array:
    """Vertex normals weighted by area [N, 3], so that a large flat face beside a small bevel stays flat."""
    index, count = np.array(corners), np.array(sizes)
    per_corner = np.repeat(face_normals(verts, index, count), count, axis=0)
    out = np.zeros_like(verts)
    np.add.at(out, index, per_corner)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1e-14, out / np.maximum(length, 1e-14), [0.0, 0.0, 1.0]))


def box_uv(part: Part) -> Array:
    """Map each face along its dominant axis, in metres: [corners, 2]."""
    sizes = np.array([len(face) for face in part.faces])
    corners = np.array([i for face in part.faces for i in face])
    axis = np.argmax(np.abs(face_normals(part.verts, corners, sizes)), axis=1)
    per_corner = np.repeat(axis, sizes)
    p = part.verts[corners]
    u = np.where(per_corner == 0, p[:, 1], p[:, 0])
    v = np.where(per_corner == 2, p[:, 1], p[:, 2])
    return np.column_stack([u, v])
