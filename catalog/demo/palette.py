"""Named colors with their exact sRGB, and how far two colors are apart."""

from collections.abc import Iterable

COLORS: dict[str, str] = {
    "white": "#F3F1EB",
    "cream": "#EBDDBC",
    "sand": "#D2B588",
    "taupe": "#9C8876",
    "grey": "#97999B",
    "charcoal": "#494B4F",
    "black": "#1D1C1C",
    "navy": "#1F2F57",
    "cobalt": "#2A58B5",
    "sky blue": "#9CC3DE",
    "teal": "#1B6A6E",
    "mint": "#A6DBC0",
    "sage": "#9BAA84",
    "olive": "#6F6D2C",
    "forest green": "#21482F",
    "emerald": "#1C8C5C",
    "mustard": "#D6A029",
    "yellow": "#F4D54E",
    "orange": "#E67A2B",
    "terracotta": "#B85C3C",
    "coral": "#EE8070",
    "red": "#BA232C",
    "burgundy": "#6B1A2E",
    "blush": "#E8BDB4",
    "raspberry": "#BB3A6D",
    "lilac": "#B7A5D4",
    "plum": "#5C3059",
    "caramel": "#B57E45",
    "chestnut": "#7A4A2B",
    "espresso": "#3E291D",
    "gold": "#CBA258",
    "copper": "#C07A58",
    "silver": "#C4C6C8",
}
"""Color name to sRGB. A product's main color is one of these, to the digit."""

STYLE_COLORS: dict[str, tuple[str, ...]] = {
    "mid-century": ("mustard", "teal", "orange", "olive", "chestnut", "caramel", "cream", "red", "navy", "charcoal"),
    "Scandinavian": ("white", "grey", "sky blue", "sage", "sand", "blush", "cream", "mustard", "navy", "mint"),
    "industrial": ("black", "charcoal", "grey", "chestnut", "espresso", "copper", "taupe", "olive", "navy"),
    "rustic": ("cream", "terracotta", "chestnut", "caramel", "olive", "taupe", "forest green", "burgundy", "sand"),
    "art deco": ("emerald", "navy", "black", "blush", "gold", "burgundy", "plum", "teal", "forest green", "raspberry"),
    "Japandi": ("sand", "cream", "charcoal", "taupe", "sage", "espresso", "black", "white", "terracotta"),
    "boho": ("terracotta", "mustard", "coral", "teal", "raspberry", "sand", "orange", "plum", "cream", "lilac"),
    "minimalist": ("white", "black", "grey", "sand", "cobalt", "red", "yellow", "lilac", "cream", "mint", "coral"),
}
"""The colors that each style likes."""

STYLES = tuple(STYLE_COLORS)

Lab = tuple[float, float, float]


def rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def lab(pixel: Iterable[float]) -> Lab:
    """CIE L*a*b* under D65 of an sRGB pixel 0..255."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in pixel))
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(a: Lab, b: Lab, lightness: float = 0.6) -> float:
    """Distance in L*a*b*; lightness counts less than hue, because light and shade change it on one thing."""
    return float(((lightness * (a[0] - b[0])) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2) ** 0.5)


def apart(a: str, b: str) -> float:
    """How far two named colors are apart, with lightness in full."""
    return distance(lab(rgb(COLORS[a])), lab(rgb(COLORS[b])), 1.0)


METALS = ("gold", "copper", "silver")
"""Colors that only bare metal has; they are told from paint by their sheen."""


def nearest(pixel: Iterable[float], metal: bool = False) -> str:
    """The palette's name for an sRGB pixel 0..255, among the names that metals or other things bear."""
    seen = lab(pixel)
    names = [name for name in COLORS if metal or name not in METALS]
    return min(names, key=lambda name: distance(seen, lab(rgb(COLORS[name]))))
