"""Woven, printed and inlaid patterns: masks between a surface's first and second color."""

from typing import Any

from catalog.demo.render.nodes import Graph


def mask(g: Graph, pattern: str, scale: float) -> Any:
    """0 where the first color shows and 1 where the second does; `scale` is one repeat in metres."""
    u, v = g.uv()
    height = g.node("SeparateXYZ", Vector=g.position()).outputs[2]
    if pattern == "color block":
        # Flat things are split along the middle of their surface, standing ones at a height.
        return g.math("LESS_THAN", height if scale else v, scale)
    if pattern == "ombre":
        return g.ramp(height, 0.0, scale * 2, 1.0, 0.0)
    s = g.math("DIVIDE", u, scale)
    t = g.math("DIVIDE", v, scale)

    def part(x: Any, share: float) -> Any:
        """1 over a share of each period."""
        return g.math("LESS_THAN", g.math("FRACT", x), share)

    def wave(x: Any) -> Any:
        """A triangle between 0 and 1 with period 1."""
        return g.math("PINGPONG", x, 0.5)

    if pattern == "striped":
        return part(s, 0.42)
    if pattern == "banded":
        return part(t, 0.4)
    if pattern == "pinstriped":
        return part(s, 0.14)
    if pattern == "checked":
        a, b = part(s, 0.4), part(t, 0.4)
        return g.math("ABSOLUTE", g.math("SUBTRACT", a, b))
    if pattern == "gingham":
        return g.math("MULTIPLY", g.math("ADD", part(s, 0.5), part(t, 0.5)), 0.5)
    if pattern == "grid":
        return g.math("MAXIMUM", part(s, 0.09), part(t, 0.09))
    if pattern == "chevron":
        return part(g.math("ADD", t, wave(s)), 0.45)
    if pattern == "herringbone":
        column = g.math("LESS_THAN", g.math("FRACT", g.math("MULTIPLY", s, 0.5)), 0.5)
        sign = g.math("SUBTRACT", g.math("MULTIPLY", column, 2.0), 1.0)
        return part(
            g.math("ADD", g.math("MULTIPLY", t, 2.4), g.math("MULTIPLY", g.math("MULTIPLY", s, sign), 2.4)), 0.45
        )
    if pattern == "diamond":
        return g.math("LESS_THAN", g.math("ABSOLUTE", g.math("SUBTRACT", g.math("ADD", wave(s), wave(t)), 0.5)), 0.07)
    if pattern == "polka dot":
        row = g.math("MULTIPLY", g.math("FLOOR", t), 0.5)
        x = g.math("SUBTRACT", g.math("FRACT", g.math("ADD", s, row)), 0.5)
        y = g.math("SUBTRACT", g.math("FRACT", t), 0.5)
        square = g.math("ADD", g.math("MULTIPLY", x, x), g.math("MULTIPLY", y, y))
        return g.math("LESS_THAN", square, 0.058)
    if pattern == "scalloped":
        row = g.math("MULTIPLY", g.math("FLOOR", t), 0.5)
        x = g.math("SUBTRACT", g.math("FRACT", g.math("ADD", s, row)), 0.5)
        y = g.math("FRACT", t)
        far = g.math("SQRT", g.math("ADD", g.math("MULTIPLY", x, x), g.math("MULTIPLY", y, y)))
        return g.math("LESS_THAN", g.math("ABSOLUTE", g.math("SUBTRACT", far, 0.5)), 0.07)
    if pattern == "abstract":
        low = g.noise(g.node("CombineXYZ", X=s, Y=t).outputs[0], 0.9, 0.0, 0.6)
        return g.math("GREATER_THAN", low, 0.54)
    if pattern == "speckled":
        cells = g.node("TexVoronoi", Vector=g.position(), Scale=1.0 / scale * 7)
        return g.ramp(cells.outputs[0], 0.17, 0.21, 1.0, 0.0)
    if pattern == "terrazzo":
        cells = g.node("TexVoronoi", Vector=g.position(), Scale=1.0 / scale * 2.6)
        edge = g.node("TexVoronoi", {"feature": "DISTANCE_TO_EDGE"}, Vector=g.position(), Scale=1.0 / scale * 2.6)
        pick = g.math("GREATER_THAN", g.node("SeparateColor", Color=cells.outputs[1]).outputs[0], 0.7)
        return g.math("MULTIPLY", pick, g.ramp(edge.outputs[0], 0.09, 0.12))
    raise ValueError(f"no pattern {pattern!r}")
