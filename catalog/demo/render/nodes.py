"""A short way to write shader graphs: every call adds one node and returns its output socket."""

import importlib
from typing import Any

bpy: Any = importlib.import_module("bpy")


def linear(color: str) -> tuple[float, float, float, float]:
    """#RRGGBB in sRGB to linear light, with alpha 1."""
    out = []
    for i in (1, 3, 5):
        c = int(color[i : i + 2], 16) / 255
        out.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return (out[0], out[1], out[2], 1.0)


class Graph:
    """A material under construction. Values may be sockets, numbers, vectors or #RRGGBB colors."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.output = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def put(self, socket: Any, value: Any) -> None:
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif isinstance(value, str) and value.startswith("#"):
            socket.default_value = linear(value)
        else:
            socket.default_value = value

    def node(self, kind: str, settings: dict[str, Any] | None = None, **inputs: Any) -> Any:
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for key, value in (settings or {}).items():
            setattr(node, key, value)
        for key, value in inputs.items():
            self.put(node.inputs[key.replace("_", " ")], value)
        return node

    def math(self, operation: str, a: Any, b: Any = 0.0, c: Any = 0.0) -> Any:
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for i, value in enumerate((a, b, c)):
            self.put(node.inputs[i], value)
        return node.outputs[0]

    def mix(self, factor: Any, a: Any, b: Any) -> Any:
        """Mix two colors."""
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type = "RGBA"
        self.put(node.inputs[0], factor)
        self.put(node.inputs[6], a)
        self.put(node.inputs[7], b)
        return node.outputs[2]

    def shade(self, color: Any, value: Any) -> Any:
        """Multiply a color's brightness by a value around 1."""
        node = self.tree.nodes.new("ShaderNodeHueSaturation")
        self.put(node.inputs["Color"], color)
        self.put(node.inputs["Value"], value)
        return node.outputs[0]

    def ramp(self, value: Any, low: float, high: float, to_low: float = 0.0, to_high: float = 1.0) -> Any:
        """Map low..high to to_low..to_high, clamped."""
        node = self.tree.nodes.new("ShaderNodeMapRange")
        for name, v in (
            ("Value", value),
            ("From Min", low),
            ("From Max", high),
            ("To Min", to_low),
            ("To Max", to_high),
        ):
            self.put(node.inputs[name], v)
        return node.outputs[0]

    def noise(self, vector: Any, scale: float, detail: float = 3.0, distortion: float = 0.0) -> Any:
        return self.node("TexNoise", Vector=vector, Scale=scale, Detail=detail, Distortion=distortion).outputs[0]

    def stretch(self, vector: Any, x: float, y: float, z: float, shift: float = 0.0) -> Any:
        return self.node("Mapping", Vector=vector, Scale=(x, y, z), Location=(shift, shift, shift)).outputs[0]

    def bump(self, height: Any, strength: float, distance: float) -> Any:
        return self.node("Bump", Strength=strength, Distance=distance, Height=height).outputs[0]

    def principled(self, color: Any, roughness: Any = 0.5, **inputs: Any) -> Any:
        return self.node("BsdfPrincipled", Base_Color=color, Roughness=roughness, **inputs).outputs[0]

    def coated(self, color: Any, roughness: float, sheen: tuple[float, float], normal: Any = None) -> Any:
        """A dull body under a thin gloss whose share runs from sheen[0] seen from above to sheen[1] at a glance.

        True Fresnel glare would turn every dark table top seen from the side into a pale one.
        """
        body = self.node("BsdfDiffuse", Color=color)
        gloss = self.node("BsdfGlossy", Color="#FFFFFF", Roughness=roughness)
        if normal is not None:
            self.put(body.inputs["Normal"], normal)
            self.put(gloss.inputs["Normal"], normal)
        facing = self.node("LayerWeight", Blend=0.3).outputs["Facing"]
        mixed = self.node("MixShader", Fac=self.ramp(facing, 0.0, 1.0, *sheen))
        self.put(mixed.inputs[1], body.outputs[0])
        self.put(mixed.inputs[2], gloss.outputs[0])
        return mixed.outputs[0]

    def finish(self, shader: Any) -> Any:
        self.tree.links.new(shader, self.output.inputs["Surface"])
        return self.material

    def position(self) -> Any:
        """Object coordinates in metres."""
        return self.node("TexCoord").outputs["Object"]

    def uv(self) -> tuple[Any, Any]:
        """The two surface coordinates in metres."""
        split = self.node("SeparateXYZ", Vector=self.node("TexCoord").outputs["UV"])
        return split.outputs[0], split.outputs[1]
