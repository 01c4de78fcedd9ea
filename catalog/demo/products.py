"""Draw a thousand products from a seed: style first, then traits, sizes, materials, colors and patterns that suit."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from catalog.demo.geometry.form import Form
from catalog.demo.kinds import KINDS
from catalog.demo.kinds.kind import Kind
from catalog.demo.likes import LIKES
from catalog.demo.materials import MATERIALS
from catalog.demo.palette import COLORS, STYLE_COLORS, STYLES, apart
from catalog.demo.suits import settle
from catalog.demo.surface import Surface

SEED = 20260105
"""The seed of the catalogue that is shipped."""

PLAIN_SHADERS = ("cloth", "velvet", "boucle", "clay", "pile", "rope", "cane", "lacquer")
"""Shaders on which a pattern can be woven, printed or painted."""


@dataclass(frozen=True)
class Coat:
    """What covers a slot, in the shop's words."""

    material: str
    color: str
    finish: str = ""


@dataclass(frozen=True)
class Product:
    """One product before anything is said about it."""

    id: str
    kind: Kind
    style: str
    form: Form
    coats: Mapping[str, Coat]
    pattern: str
    second: str
    scale: float

    @property
    def main(self) -> str:
        """The slot that gives the product its main color; under a seat of plain cord, that is the legs."""
        if self.kind.key in ("stool", "bench") and self.form.traits["seat"] == "woven cord":
            return "legs"
        return next((slot for slot in ("main", "shade", "globe", "base") if slot in self.coats), "base")

    def surfaces(self) -> dict[str, Surface]:
        """Slot to surface, for the renderer."""
        out = {slot: Surface(shader, color) for slot, (shader, color) in self.kind.fixed.items()}
        for slot, coat in self.coats.items():
            pattern = self.pattern if slot == self.main else "plain"
            second = COLORS[self.second] if self.second else "#FFFFFF"
            out[slot] = _surface(coat, pattern, second, self.scale)
        if self.kind.key == "sideboard":
            out["front"] = out["main"]
        if "cane" in out:
            out["cane"] = Surface("webbing", out["cane"].color)
        if self.kind.key == "clock":
            face, hands = _dial(self)
            out["face"], out["hands"] = Surface("lacquer", face), Surface("lacquer", hands)
        out["mirror"] = Surface("mirror", "#EEF1F2")
        return out


def _dial(product: Product) -> tuple[str, str]:
    """A face and hands that can be read, whatever the case's color."""
    color = product.coats["main"].color
    dark = color in (
        "black",
        "navy",
        "charcoal",
        "espresso",
        "burgundy",
        "forest green",
        "teal",
        "cobalt",
        "emerald",
        "chestnut",
        "red",
    )
    if product.form["frame"] == "frameless" and product.form["silhouette"] not in ("sunburst", "mantel", "table"):
        return COLORS[color], COLORS["cream"] if dark else COLORS["black"]
    night = product.form.seed % 4 == 0
    return (COLORS["charcoal"], COLORS["gold"]) if night else (COLORS["white"], COLORS["black"])


def _surface(coat: Coat, pattern: str, second: str, scale: float) -> Surface:
    shader = MATERIALS[coat.material].shader
    color = COLORS[coat.color]
    finish = coat.finish or {"wood": "natural", "lacquer": "satin", "clay": "matt", "metal": "polished"}.get(
        shader, "matt"
    )
    if shader in ("cane", "rope"):
        size = {"rattan": 0.024, "seagrass": 0.03, "willow": 0.026, "jute": 0.02, "cotton rope": 0.018}.get(
            coat.material, 0.024
        )
        return Surface(shader, color, second, pattern, finish, scale if pattern != "plain" else size)
    if coat.material == "marble":
        vein = COLORS["grey"] if coat.color == "white" else COLORS["cream"]
        return Surface(shader, color, vein, "veined", "polished")
    if coat.material == "terrazzo":
        # Chips as pale as the backdrop would look like bites out of the edge.
        chips = COLORS[{"grey": "charcoal", "charcoal": "sand", "sage": "forest green"}.get(coat.color, "terracotta")]
        return Surface(shader, color, chips, "terrazzo", "matt", 0.09)
    if finish == "reactive glaze":
        return Surface(shader, color, _glaze(coat.color), pattern if pattern != "plain" else "plain", finish, scale)
    return Surface(shader, color, second, pattern, finish, scale)


def _glaze(color: str) -> str:
    """The tone into which a reactive glaze breaks."""
    return (
        COLORS["espresso"]
        if color in ("white", "cream", "sand", "blush", "mint", "sky blue", "mustard", "sage")
        else COLORS["sand"]
    )


def draw(seed: int = SEED) -> list[Product]:
    """The whole catalogue, category by category; the same seed gives the same products."""
    out: list[Product] = []
    for kind in KINDS.values():
        taken: list[dict[str, str]] = []
        for i in range(kind.count):
            product = _fresh(kind, i, seed, taken)
            taken.append(_look(product))
            out.append(product)
    return out


def _look(product: Product) -> dict[str, str]:
    main = product.coats.get(product.main)
    look = dict(product.form.traits)
    look |= {
        "color": main.color if main else "",
        "material": main.material if main else "",
        "pattern": product.pattern,
        "second": product.second,
    }
    look |= {f"{slot} color": coat.color for slot, coat in product.coats.items() if slot != product.main}
    return look


def _fresh(kind: Kind, index: int, seed: int, taken: list[dict[str, str]]) -> Product:
    """Draw until the product differs from each of its kind in three or more visible ways, or the best of many tries."""
    best: tuple[int, Product] | None = None
    for attempt in range(60):
        product = _draw(kind, index, Random(f"{seed}/{kind.key}/{index}/{attempt}"))
        look = _look(product)
        least = min(
            (sum(look.get(k) != other.get(k) for k in look.keys() | other.keys()) for other in taken), default=99
        )
        same = sum(other["color"] == look["color"] for other in taken)
        score = min(least, 4) * 100 - same
        if best is None or score > best[0]:
            best = (score, product)
        if least >= 4 and same <= 1 + len(taken) // 7:
            break
    assert best is not None
    return best[1]


def _pick(rng: Random, options: tuple[str, ...], style: str, liked: float = 5.0) -> str:
    return rng.choices(options, [liked if style in LIKES.get(option, ()) else 1.0 for option in options])[0]


def _draw(kind: Kind, index: int, rng: Random) -> Product:
    style = STYLES[(index + len(kind.key)) % len(STYLES)] if rng.random() < 0.7 else rng.choice(STYLES)
    traits = {name: _pick(rng, options, style) for name, options in kind.traits.items()}
    size = {name: rng.uniform(low, high) for name, (low, high) in kind.sizes.items()}
    traits, size = settle(kind.key, traits, size, rng)
    coats: dict[str, Coat] = {}
    for slot in kind.slots:
        cover = kind.cover(slot, traits)
        if cover:
            coats[slot] = _coat(rng, cover, style, slot, coats)
    if "main" not in coats and "shade" not in coats and kind.key in ("floor-lamp", "pendant-lamp"):
        coats = {"globe": Coat("opal glass", "white"), **coats}
    product_main = "main" if "main" in coats else next(iter(coats))
    pattern, second, scale = "plain", "", 0.06
    shader = MATERIALS[coats[product_main].material].shader
    glazed = coats[product_main].finish == "reactive glaze"
    if (
        kind.patterns
        and shader in PLAIN_SHADERS
        and not glazed
        and rng.random() < (0.3 if kind.key in ("sofa", "armchair") else 0.55)
    ):
        pattern = rng.choice(kind.patterns)
        low, high = kind.pattern_scale
        scale = rng.uniform(low, high)
        if pattern in ("ombre", "color block"):
            scale = size.get("h", 0.3) * rng.uniform(0.3, 0.45) if kind.key not in ("rug", "cushion") else 0.0
        second = _second(rng, coats[product_main].color, style)
    coats = _agree(kind.key, traits, coats)
    form = Form(kind.key, traits, size, rng.randrange(1 << 30))
    return Product(f"{kind.key}-{index + 1:03d}", kind, style, form, coats, pattern, second, scale)


def _coat(rng: Random, cover: tuple[str, ...], style: str, slot: str, coats: Mapping[str, Coat]) -> Coat:
    material = rng.choices(cover, [4.0 if style in MATERIALS[name].styles else 1.0 for name in cover])[0]
    entry = MATERIALS[material]
    liked = STYLE_COLORS[style]
    weights = [5.0 if color in liked else 1.0 for color in entry.colors]
    if slot in ("legs", "base", "handle", "accent") and entry.shader == "lacquer":
        # Legs and fittings are quiet more often than loud.
        weights = [
            w * (6.0 if color in ("black", "white", "charcoal", "cream") else 1.0)
            for w, color in zip(weights, entry.colors, strict=True)
        ]
    color = rng.choices(entry.colors, weights)[0]
    return Coat(material, color, rng.choice(entry.finishes) if entry.finishes else "")


def _second(rng: Random, color: str, style: str) -> str:
    """A second color that stands out against the first."""
    options = [
        name for name in (*STYLE_COLORS[style], "white", "cream", "black", "charcoal") if apart(name, color) > 38
    ]
    return rng.choice(options or ["white", "black"])


def _agree(key: str, traits: Mapping[str, str], coats: Mapping[str, Coat]) -> dict[str, Coat]:
    """Parts that a maker would cut from one piece get one material."""
    out = dict(coats)
    main = out.get("main")
    wooden = ("wood", "lacquer")
    if (
        main
        and "legs" in out
        and MATERIALS[main.material].shader in wooden
        and MATERIALS[out["legs"].material].shader == "wood"
    ):
        one_piece = (
            key in ("dining-chair", "stool", "bench", "desk", "dining-table", "bed") or traits.get("apron") == "apron"
        )
        if one_piece and MATERIALS[main.material].shader == "wood":
            out["legs"] = main
    if (
        key == "shelf"
        and main
        and "back" in out
        and MATERIALS[main.material].shader == "wood"
        and MATERIALS[out["back"].material].shader == "wood"
    ):
        out["back"] = main
    if key == "bed" and main and MATERIALS[main.material].shader in ("wood", "lacquer"):
        out["legs"] = main
    return out
