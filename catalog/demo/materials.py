"""Materials: how each is shaded, in which colors and finishes it comes, and which styles like it."""

from dataclasses import dataclass

PAINTS = (
    "white",
    "cream",
    "black",
    "charcoal",
    "grey",
    "sage",
    "forest green",
    "navy",
    "cobalt",
    "sky blue",
    "teal",
    "mustard",
    "yellow",
    "orange",
    "terracotta",
    "coral",
    "red",
    "burgundy",
    "blush",
    "lilac",
    "mint",
    "olive",
    "emerald",
    "raspberry",
)
DYES = (*PAINTS, "sand", "taupe", "plum", "caramel", "chestnut")
GLAZES = (
    "white",
    "cream",
    "sand",
    "taupe",
    "charcoal",
    "black",
    "sage",
    "olive",
    "forest green",
    "emerald",
    "teal",
    "sky blue",
    "cobalt",
    "navy",
    "mustard",
    "terracotta",
    "coral",
    "blush",
    "burgundy",
    "lilac",
    "mint",
    "chestnut",
)


@dataclass(frozen=True)
class Material:
    """`shader` is a kind of `Surface`; `finishes` are those one can see; `styles` like it best."""

    shader: str
    colors: tuple[str, ...]
    finishes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


MATERIALS: dict[str, Material] = {
    "oak": Material("wood", ("caramel",), styles=("Scandinavian", "mid-century", "minimalist", "rustic")),
    "ash": Material("wood", ("sand",), styles=("Scandinavian", "Japandi", "minimalist")),
    "walnut": Material("wood", ("chestnut",), styles=("mid-century", "art deco", "industrial")),
    "smoked oak": Material("wood", ("espresso",), styles=("Japandi", "industrial", "art deco")),
    "ebonised ash": Material("wood", ("black",), styles=("Japandi", "art deco", "minimalist")),
    "mango wood": Material("wood", ("caramel",), styles=("boho", "rustic")),
    "reclaimed elm": Material("wood", ("chestnut",), styles=("rustic", "industrial")),
    "painted wood": Material("lacquer", PAINTS, ("matt", "gloss"), ("minimalist", "Scandinavian", "boho")),
    "linen": Material("cloth", DYES, styles=("Scandinavian", "Japandi", "rustic", "boho")),
    "cotton": Material("cloth", DYES, styles=("Scandinavian", "boho", "minimalist")),
    "wool": Material("cloth", DYES, styles=("mid-century", "Scandinavian", "industrial")),
    "boucle": Material(
        "boucle",
        ("white", "cream", "sand", "taupe", "grey", "charcoal", "sage", "mustard", "blush", "terracotta"),
        styles=("Japandi", "minimalist", "Scandinavian"),
    ),
    "velvet": Material("velvet", DYES, styles=("art deco", "mid-century", "boho")),
    "corduroy": Material(
        "corduroy",
        ("mustard", "olive", "caramel", "terracotta", "taupe", "navy", "sage", "burgundy", "teal", "cream"),
        styles=("mid-century", "boho"),
    ),
    "leather": Material(
        "leather",
        ("chestnut", "caramel", "black", "espresso", "burgundy", "olive"),
        styles=("industrial", "mid-century", "rustic"),
    ),
    "brass": Material("metal", ("gold",), ("polished", "brushed"), ("art deco", "mid-century")),
    "copper": Material("metal", ("copper",), ("polished", "brushed", "hammered"), ("industrial", "rustic", "boho")),
    "steel": Material("metal", ("silver",), ("polished", "brushed"), ("minimalist", "industrial")),
    "iron": Material("lacquer", ("black",), styles=("industrial", "rustic", "Japandi")),
    "powder-coated steel": Material(
        "lacquer", PAINTS, ("matt", "gloss"), ("minimalist", "industrial", "mid-century", "Scandinavian")
    ),
    "aluminium": Material(
        "lacquer", PAINTS, ("matt", "gloss"), ("mid-century", "Scandinavian", "minimalist", "industrial")
    ),
    "stoneware": Material(
        "clay", GLAZES, ("matt", "gloss", "reactive glaze"), ("Japandi", "rustic", "Scandinavian", "boho")
    ),
    "porcelain": Material(
        "clay",
        ("white", "cream", "blush", "sky blue", "cobalt", "mint", "black", "lilac", "emerald"),
        ("gloss", "matt"),
        ("art deco", "minimalist", "Scandinavian"),
    ),
    "earthenware": Material(
        "clay",
        ("terracotta", "white", "cream", "sand", "mustard", "teal", "coral"),
        ("matt", "gloss"),
        ("rustic", "boho"),
    ),
    "marble": Material(
        "stone",
        ("white", "black", "forest green", "burgundy"),
        ("polished",),
        ("art deco", "minimalist", "mid-century"),
    ),
    "travertine": Material("stone", ("cream", "sand"), styles=("Japandi", "minimalist", "art deco")),
    "terrazzo": Material(
        "stone", ("white", "cream", "grey", "blush", "charcoal", "sage"), styles=("mid-century", "boho", "minimalist")
    ),
    "concrete": Material("concrete", ("grey", "charcoal", "white"), styles=("industrial", "minimalist")),
    "glass": Material(
        "glass",
        ("teal", "olive", "cobalt", "orange", "raspberry", "emerald", "sky blue", "burgundy", "mustard"),
        styles=("mid-century", "art deco", "minimalist", "boho"),
    ),
    "rattan": Material("cane", ("caramel", "sand", "chestnut", "black"), styles=("boho", "mid-century", "rustic")),
    "seagrass": Material("cane", ("sand", "caramel"), styles=("boho", "rustic", "Scandinavian")),
    "willow": Material("cane", ("chestnut", "espresso", "taupe"), styles=("rustic", "boho")),
    "jute": Material("rope", ("sand", "caramel"), styles=("rustic", "boho", "Japandi")),
    "cotton rope": Material(
        "rope",
        ("white", "cream", "grey", "blush", "sage", "mustard", "navy", "charcoal"),
        styles=("Scandinavian", "minimalist", "boho"),
    ),
    "wool pile": Material(
        "pile", DYES, styles=("Scandinavian", "mid-century", "minimalist", "art deco", "Japandi", "boho")
    ),
    "flatwoven wool": Material("cloth", DYES, styles=("boho", "rustic", "Scandinavian", "industrial")),
    "woven jute": Material("rope", ("sand", "caramel"), styles=("rustic", "boho", "Japandi")),
    "rice paper": Material("paper", ("white", "cream"), styles=("Japandi", "Scandinavian", "minimalist")),
    "linen shade": Material(
        "paper",
        (
            "white",
            "cream",
            "sand",
            "sage",
            "blush",
            "mustard",
            "terracotta",
            "teal",
            "navy",
            "charcoal",
            "grey",
            "emerald",
        ),
        styles=("Scandinavian", "rustic", "art deco", "mid-century"),
    ),
    "opal glass": Material("opal", ("white",), styles=("mid-century", "art deco", "minimalist")),
    "moulded plastic": Material("lacquer", PAINTS, ("matt", "gloss"), ("mid-century", "minimalist", "Scandinavian")),
}

WOOD = ("oak", "ash", "walnut", "smoked oak", "ebonised ash", "mango wood", "reclaimed elm")
METAL = ("brass", "copper", "steel", "iron", "powder-coated steel")
SEATING = ("linen", "wool", "boucle", "velvet", "corduroy", "leather", "cotton")
COVERS = ("linen", "cotton", "wool", "velvet", "boucle", "corduroy")
CERAMIC = ("stoneware", "porcelain", "earthenware")
STONE = ("marble", "travertine", "terrazzo", "concrete")
WOVEN = ("rattan", "seagrass", "willow", "jute", "cotton rope")
SHADES = ("linen shade", "rice paper")
PAINTED = ("painted wood",)
