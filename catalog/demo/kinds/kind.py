"""A kind of product: its place in the shop, its traits, sizes, coverings and how it is photographed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Cover = tuple[str, ...]
"""Names of materials."""


@dataclass(frozen=True)
class Kind:
    """One category.

    `traits` lists the visible choices; `sizes` gives ranges in metres (or counts). `covers` says which materials may
    cover a slot; a key "slot@trait=value|value" applies where the trait has one of these values, and the first
    key that applies wins. `fixed` are slots that always look the same. `view` is azimuth and elevation in degrees.
    """

    key: str
    name: str
    path: tuple[str, ...]
    count: int
    price: tuple[float, float]
    build: str
    traits: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, tuple[float, float]]
    covers: Mapping[str, Cover]
    rooms: tuple[str, ...]
    view: tuple[float, float] = (30.0, 14.0)
    fill: float = 0.8
    wall: bool = False
    patterns: tuple[str, ...] = ()
    pattern_scale: tuple[float, float] = (0.06, 0.12)
    fixed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def cover(self, slot: str, traits: Mapping[str, str]) -> Cover | None:
        """The materials that may cover a slot of a product with these traits, or None where the slot is not used."""
        for key, cover in self.covers.items():
            name, _, condition = key.partition("@")
            if name != slot:
                continue
            if not condition:
                return cover
            trait, _, values = condition.partition("=")
            if traits.get(trait) in values.split("|"):
                return cover
        return None

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that get a material, the main one first."""
        return tuple(dict.fromkeys(key.partition("@")[0] for key in self.covers))
