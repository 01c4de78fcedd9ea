"""What covers a part, as plain data: the geometry names slots, the renderer turns surfaces into shaders."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Surface:
    """One surface. Colors are exact sRGB as #RRGGBB; `scale` is the size of a pattern's repeat in metres."""

    kind: str
    color: str
    second: str = "#FFFFFF"
    pattern: str = "plain"
    finish: str = "matt"
    scale: float = 0.06


EDITION: dict[str, int] = {"cane": 1, "rope": 1}
"""How often the shader of a kind of surface has been changed since the first pictures were taken."""


def as_json(surfaces: Mapping[str, Surface]) -> str:
    """A stable text of a product's surfaces, for hashing and for sending to the renderer."""
    return json.dumps({slot: asdict(surfaces[slot]) for slot in sorted(surfaces)}, sort_keys=True)


def from_json(text: str) -> dict[str, Surface]:
    return {slot: Surface(**fields) for slot, fields in json.loads(text).items()}
