"""What a geometry function is given: the kind of thing, its traits, its size and a seed for the unruly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from catalog.demo.geometry.kit import Part


@dataclass(frozen=True)
class Form:
    """One product's shape. `traits` are its visible, named choices; `size` holds metres by letter (w, d, h, ...)."""

    kind: str
    traits: Mapping[str, str]
    size: Mapping[str, float]
    seed: int

    def __getitem__(self, trait: str) -> str:
        return self.traits[trait]

    def m(self, name: str) -> float:
        """A measure in metres."""
        return self.size[name]

    @property
    def rng(self) -> Random:
        return Random(self.seed)


Build = Callable[[Form], list[Part]]
