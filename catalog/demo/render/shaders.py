"""Surfaces as Cycles materials: wood, cloth, metal, clay, stone, glass, cane, paper."""

from collections.abc import Callable
from typing import Any

from catalog.demo.render.nodes import Graph
from catalog.demo.render.patterns import mask
from catalog.demo.surface import Surface

GLOSS = {"matt": 0.75, "satin": 0.42, "gloss": 0.12, "polished": 0.16, "brushed": 0.36, "natural": 0.6}
"""Roughness of a finish, 0 a mirror and 1 chalk."""


def material(surface: Surface, grain: int, shift: float) -> Any:
    """Build the material; `grain` is the axis (0, 1, 2) along which wood runs, `shift` moves its texture (metres)."""
    g = Graph(f"{surface.kind}-{surface.color}")
    # What glows is seen but lights nothing: the studio's lamps do that, with less noise.
    g.material.cycles.emission_sampling = "NONE"
    return g.finish(KINDS[surface.kind](g, surface, grain, shift))


def _color(g: Graph, s: Surface) -> Any:
    if s.pattern == "plain":
        return s.color
    return g.mix(mask(g, s.pattern, s.scale), s.color, s.second)


def _wood(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    along = [1.0, 1.0, 1.0]
    along[grain] = 0.07
    p = g.stretch(g.position(), along[0], along[1], along[2], shift)
    broad = g.noise(p, 14.0, 2.0, 1.2)
    rings = g.math("FRACT", g.math("MULTIPLY", broad, 9.0))
    fibre = g.noise(g.stretch(p, 1, 1, 1), 260.0, 2.0)
    light = g.math("ADD", g.ramp(rings, 0, 1, 0.86, 1.1), g.ramp(fibre, 0.3, 0.7, -0.1, 0.1))
    color = g.shade(s.color, light)
    if s.pattern != "plain":
        color = g.mix(mask(g, s.pattern, s.scale), color, g.shade(s.second, light))
    return g.coated(color, 0.42, (0.012, 0.04), g.bump(fibre, 0.12, 0.0008))


def _weave(g: Graph, size: float) -> Any:
    u, v = g.uv()
    a = g.math("SINE", g.math("MULTIPLY", u, 6.283 / size))
    b = g.math("SINE", g.math("MULTIPLY", v, 6.283 / size))
    return g.math("MULTIPLY", a, b)


def _cloth(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    fine = g.noise(g.position(), 420.0, 2.0)
    broad = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 9.0, 3.0)
    light = g.math("ADD", g.ramp(fine, 0.25, 0.75, 0.84, 1.14), g.ramp(broad, 0.3, 0.7, -0.04, 0.04))
    weave = _weave(g, 0.007)
    light = g.math("ADD", light, g.math("MULTIPLY", weave, 0.05))
    height = g.math("ADD", g.math("MULTIPLY", weave, 0.5), g.math("ADD", fine, g.math("MULTIPLY", broad, 5.0)))
    return g.principled(
        g.shade(_color(g, s), light),
        0.92,
        Sheen_Weight=0.15,
        Specular_IOR_Level=0.2,
        Normal=g.bump(height, 0.5, 0.0022),
    )


def _boucle(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    loops = g.node("TexVoronoi", {"feature": "SMOOTH_F1"}, Vector=g.position(), Scale=85.0).outputs[0]
    light = g.ramp(loops, 0.15, 0.75, 1.1, 0.82)
    height = g.math("SUBTRACT", 1.0, loops)
    return g.principled(
        g.shade(_color(g, s), light), 0.95, Sheen_Weight=0.2, Specular_IOR_Level=0.15, Normal=g.bump(height, 0.9, 0.012)
    )


def _velvet(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    nap = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 5.0, 4.0)
    rim = g.node("LayerWeight", Blend=0.35).outputs["Facing"]
    light = g.math("ADD", g.ramp(nap, 0.3, 0.7, 0.82, 1.08), g.ramp(rim, 0.1, 0.95, -0.04, 0.5))
    color = _color(g, s)
    return g.principled(
        g.shade(color, light),
        0.7,
        Sheen_Weight=0.45,
        Sheen_Roughness=0.35,
        Sheen_Tint=color,
        Specular_IOR_Level=0.1,
        Normal=g.bump(nap, 0.25, 0.012),
    )


def _corduroy(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    u, _ = g.uv()
    wale = g.math("ABSOLUTE", g.math("SINE", g.math("MULTIPLY", u, 3.1416 / 0.016)))
    light = g.ramp(wale, 0.0, 0.6, 0.62, 1.08)
    return g.principled(g.shade(_color(g, s), light), 0.9, Sheen_Weight=0.3, Normal=g.bump(wale, 0.8, 0.006))


def _leather(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    pores = g.node("TexVoronoi", Vector=g.position(), Scale=260.0).outputs[0]
    worn = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 6.0, 5.0)
    light = g.ramp(worn, 0.3, 0.7, 0.84, 1.1)
    return g.principled(
        g.shade(_color(g, s), light),
        0.42,
        Specular_IOR_Level=0.25,
        Normal=g.bump(g.math("ADD", pores, g.math("MULTIPLY", worn, 6.0)), 0.3, 0.0015),
    )


def _metal(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    rough: Any = GLOSS.get(s.finish, 0.3)
    if s.finish == "brushed":
        along = [1.0, 1.0, 1.0]
        along[grain] = 0.02
        rough = g.ramp(g.noise(g.stretch(g.position(), *along), 420.0, 1.0), 0.3, 0.7, 0.26, 0.5)
    if s.finish == "hammered":
        dents = g.node("TexVoronoi", Vector=g.position(), Scale=62.0).outputs[0]
        return g.principled(s.color, 0.24, Metallic=1.0, Normal=g.bump(dents, 0.7, 0.008))
    return g.principled(s.color, rough, Metallic=1.0)


def _lacquer(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    return g.coated(_color(g, s), GLOSS.get(s.finish, 0.5), (0.03, 0.1) if s.finish == "gloss" else (0.008, 0.03))


def _clay(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    broad = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 16.0, 3.0)
    light = g.ramp(broad, 0.3, 0.7, 0.93, 1.05)
    color = g.shade(_color(g, s), light)
    if s.finish == "reactive glaze":
        _, _v = g.uv()
        pool = g.noise(g.stretch(g.position(), 1, 1, 0.5, shift), 30.0, 4.0, 1.0)
        color = g.mix(g.ramp(pool, 0.56, 0.72, 0.0, 0.85), color, s.second)
        return g.coated(color, 0.16, (0.03, 0.14))
    if s.finish in ("gloss", "crackle"):
        return g.coated(color, 0.13, (0.03, 0.15), g.bump(broad, 0.05, 0.002))
    grit = g.noise(g.position(), 300.0, 2.0)
    return g.coated(color, 0.6, (0.006, 0.03), g.bump(grit, 0.25, 0.0012))


def _stone(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    p = g.stretch(g.position(), 1, 1, 1, shift)
    if s.pattern == "veined":
        warp = g.noise(p, 3.2, 6.0, 1.6)
        vein = g.ramp(g.math("ABSOLUTE", g.math("SUBTRACT", warp, 0.5)), 0.0, 0.02, 1.0, 0.0)
        cloud = g.noise(p, 6.0, 4.0)
        color = g.mix(
            g.math("MULTIPLY", vein, g.ramp(cloud, 0.35, 0.6, 0.2, 0.9)),
            g.shade(s.color, g.ramp(cloud, 0.3, 0.7, 0.92, 1.04)),
            s.second,
        )
        return g.coated(color, 0.2, (0.02, 0.08))
    if s.pattern == "terrazzo":
        return g.coated(_color(g, s), 0.4, (0.01, 0.04))
    pits = g.noise(g.stretch(p, 1, 1, 3.0), 60.0, 3.0)
    layers = g.noise(g.stretch(p, 0.4, 0.4, 7.0), 7.0, 3.0, 0.4)
    color = g.shade(s.color, g.math("ADD", g.ramp(layers, 0.3, 0.7, 0.92, 1.06), g.ramp(pits, 0.66, 0.74, 0.0, -0.22)))
    return g.principled(color, 0.7, Normal=g.bump(pits, 0.2, 0.002))


def _concrete(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    p = g.stretch(g.position(), 1, 1, 1, shift)
    cloud, pits = g.noise(p, 7.0, 6.0), g.noise(p, 120.0, 2.0)
    light = g.math("ADD", g.ramp(cloud, 0.3, 0.7, 0.88, 1.08), g.ramp(pits, 0.68, 0.74, 0.0, -0.3))
    return g.principled(g.shade(_color(g, s), light), 0.85, Normal=g.bump(pits, 0.2, 0.002))


def _glass(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    clear = g.node("BsdfTransparent", Color=g.mix(0.25, s.color, "#FFFFFF")).outputs[0]
    # A thin wall lets light straight through: no refraction, hence no noise and a quick picture.
    body = g.principled(s.color, 0.1)
    gloss = g.node("BsdfGlossy", Color="#FFFFFF", Roughness=0.03).outputs[0]
    rim = g.node("LayerWeight", Blend=0.3).outputs["Facing"]
    tinted = g.node("MixShader", Fac=g.ramp(rim, 0.15, 1.0, 0.3, 0.75)).outputs[0].node
    g.put(tinted.inputs[1], clear)
    g.put(tinted.inputs[2], body)
    shiny = g.node("MixShader", Fac=g.ramp(g.node("Fresnel", IOR=1.45).outputs[0], 0.0, 1.0, 0.0, 0.4)).outputs[0].node
    g.put(shiny.inputs[1], tinted.outputs[0])
    g.put(shiny.inputs[2], gloss)
    return shiny.outputs[0]


def _cane(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """Plaited strands: two crossing sets of ridges, one over the other by turns."""
    u, v = g.uv()
    pitch = s.scale if s.pattern == "plain" else 0.024
    a, b = g.math("DIVIDE", u, pitch), g.math("DIVIDE", v, pitch * 0.55)
    odd = g.math("MULTIPLY", g.math("FLOOR", b), 0.5)
    over = g.math("ABSOLUTE", g.math("SINE", g.math("MULTIPLY", g.math("ADD", a, odd), 3.1416)))
    strand = g.math("ABSOLUTE", g.math("SINE", g.math("MULTIPLY", b, 3.1416)))
    height = g.math("MULTIPLY", g.math("POWER", over, 0.5), g.math("POWER", strand, 0.6))
    vary = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 40.0, 2.0)
    light = g.math("ADD", g.ramp(height, 0.05, 0.7, 0.5, 1.08), g.ramp(vary, 0.3, 0.7, -0.07, 0.07))
    color = g.shade(_color(g, s), light)
    return g.principled(color, 0.65, Specular_IOR_Level=0.25, Normal=g.bump(height, 0.9, 0.006))


def _webbing(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """Cane webbing as in chair backs: an open grid through which one sees."""
    u, v = g.uv()
    a, b = g.math("DIVIDE", u, 0.016), g.math("DIVIDE", v, 0.016)
    hole = g.math(
        "MULTIPLY",
        g.math("GREATER_THAN", g.math("PINGPONG", a, 0.5), 0.2),
        g.math("GREATER_THAN", g.math("PINGPONG", b, 0.5), 0.2),
    )
    solid = g.principled(s.color, 0.6)
    shader = g.node("MixShader", Fac=g.math("MULTIPLY", hole, 0.85)).outputs[0].node
    g.put(shader.inputs[1], solid)
    g.put(shader.inputs[2], g.node("BsdfTransparent").outputs[0])
    return shader.outputs[0]


def _rope(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """Coiled cord: rows along the second surface coordinate, twisted."""
    u, v = g.uv()
    pitch = s.scale if s.pattern == "plain" else 0.018
    row = g.math("DIVIDE", v, pitch)
    coil = g.math("ABSOLUTE", g.math("SINE", g.math("MULTIPLY", row, 3.1416)))
    twist = g.math(
        "ABSOLUTE",
        g.math("SINE", g.math("MULTIPLY", g.math("ADD", g.math("DIVIDE", u, pitch), g.math("FRACT", row)), 3.1416)),
    )
    light = g.math("ADD", g.ramp(coil, 0.0, 0.6, 0.6, 1.0), g.ramp(twist, 0.0, 0.5, -0.1, 0.07))
    height = g.math("ADD", coil, g.math("MULTIPLY", twist, 0.3))
    return g.principled(g.shade(_color(g, s), light), 0.9, Specular_IOR_Level=0.15, Normal=g.bump(height, 0.8, 0.006))


def _pile(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    tuft = g.noise(g.position(), 170.0, 2.0)
    knot = g.node("TexVoronoi", Vector=g.position(), Scale=75.0).outputs[0]
    light = g.math("ADD", g.ramp(tuft, 0.25, 0.75, 0.82, 1.12), g.ramp(knot, 0.0, 0.7, 0.06, -0.14))
    height = g.math("ADD", tuft, g.math("SUBTRACT", 1.0, knot))
    return g.principled(
        g.shade(_color(g, s), light), 0.95, Sheen_Weight=0.2, Specular_IOR_Level=0.1, Normal=g.bump(height, 0.6, 0.012)
    )


def _paper(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """A lampshade: thin, lit from within."""
    fibre = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 90.0, 3.0)
    color = g.shade(_color(g, s), g.ramp(fibre, 0.3, 0.7, 0.93, 1.05))
    body = g.principled(color, 0.9, Specular_IOR_Level=0.1)
    glow = g.node("Emission", Color=color, Strength=0.16).outputs[0]
    add = g.node("AddShader").outputs[0].node
    g.put(add.inputs[0], body)
    g.put(add.inputs[1], glow)
    return add.outputs[0]


def _mirror(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """A bright room as a mirror shows it: a soft gradient with two slanting streaks of light.

    An empty studio has nothing to reflect; a true mirror in it is a grey plate.
    """
    x, _, z = g.node("SeparateXYZ", Vector=g.position()).outputs
    slant = g.math("ADD", g.math("MULTIPLY", x, 0.9), z)
    up = g.ramp(z, -0.6, 0.6, 0.0, 1.0)
    color = g.mix(up, "#C3CFD4", "#E3EBEE")
    for at, wide in ((0.12, 0.1), (-0.1, 0.035)):
        far = g.math("ABSOLUTE", g.math("SUBTRACT", slant, at))
        color = g.mix(g.ramp(far, wide * 0.75, wide, 0.55, 0.0), color, "#FAFCFC")
    return g.node("Emission", Color=color, Strength=0.95).outputs[0]


def _glow(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    return g.node("Emission", Color=s.color, Strength=1.25).outputs[0]


def _opal(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    body = g.principled(s.color, 0.12)
    glow = g.node("Emission", Color=s.color, Strength=0.3).outputs[0]
    add = g.node("AddShader").outputs[0].node
    g.put(add.inputs[0], body)
    g.put(add.inputs[1], glow)
    return add.outputs[0]


def _soft(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """Leaves, wax, soil: plain matter with a little unevenness."""
    vary = g.noise(g.stretch(g.position(), 1, 1, 1, shift), 30.0, 3.0)
    return g.principled(g.shade(s.color, g.ramp(vary, 0.3, 0.7, 0.82, 1.14)), 0.55, Specular_IOR_Level=0.3)


def _planks(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """A wooden floor: boards along x, each a little lighter or darker, with dark joints."""
    x, y, _ = g.node("SeparateXYZ", Vector=g.position()).outputs
    row = g.math("DIVIDE", y, 0.13)
    number = g.math("FLOOR", row)
    length = g.math("DIVIDE", g.math("ADD", x, g.math("MULTIPLY", number, 0.77)), 1.6)
    cell = g.node("CombineXYZ", X=number, Y=g.math("FLOOR", length)).outputs[0]
    tone = g.node("TexWhiteNoise", {"noise_dimensions": "2D"}, Vector=cell).outputs[0]
    fibre = g.noise(g.stretch(g.position(), 0.06, 1, 1), 40.0, 3.0)
    light = g.math("ADD", g.ramp(tone, 0, 1, 0.84, 1.08), g.ramp(fibre, 0.3, 0.7, -0.08, 0.08))
    joint = g.math(
        "MAXIMUM", g.math("LESS_THAN", g.math("FRACT", row), 0.03), g.math("LESS_THAN", g.math("FRACT", length), 0.003)
    )
    return g.coated(g.mix(g.math("MULTIPLY", joint, 0.6), g.shade(s.color, light), "#2A1C12"), 0.35, (0.015, 0.08))


def _sweep(g: Graph, s: Surface, grain: int, shift: float) -> Any:
    """The studio's floor: lit and shadowed near the product, an even glow beyond, which is quick and never noisy.

    `scale` is the product's radius in metres.
    """
    near = g.node("VectorMath", {"operation": "LENGTH"}, Vector=g.position()).outputs["Value"]
    floor = g.node("BsdfDiffuse", Color=s.color).outputs[0]
    glow = g.node("Emission", Color=s.second, Strength=1.0).outputs[0]
    mixed = g.node("MixShader", Fac=g.ramp(near, 1.15 * s.scale, 2.3 * s.scale)).outputs[0].node
    g.put(mixed.inputs[1], floor)
    g.put(mixed.inputs[2], glow)
    return mixed.outputs[0]


Shader = Callable[[Graph, Surface, int, float], Any]

KINDS: dict[str, Shader] = {
    "wood": _wood,
    "cloth": _cloth,
    "boucle": _boucle,
    "velvet": _velvet,
    "corduroy": _corduroy,
    "leather": _leather,
    "metal": _metal,
    "lacquer": _lacquer,
    "clay": _clay,
    "stone": _stone,
    "concrete": _concrete,
    "glass": _glass,
    "cane": _cane,
    "webbing": _webbing,
    "rope": _rope,
    "pile": _pile,
    "paper": _paper,
    "mirror": _mirror,
    "glow": _glow,
    "opal": _opal,
    "soft": _soft,
    "sweep": _sweep,
    "planks": _planks,
}
"""Every kind of surface that `Surface.kind` may name."""
