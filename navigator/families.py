"""What broad words take in: green takes in sage, wood takes in oak, a couch is a sofa.

Catalogues name shades and kinds of wood; people say green and wood. The basic colour terms follow Berlin and Kay; what
stands under each are names that shops use. A word that is not here is taken as it is.
"""

import re
from collections.abc import Mapping

from navigator.knowledge import singular

_COLORS: Mapping[str, str] = {
    "white": "white|ivory|snow|off-white|alabaster|pearl",
    "black": "black|ebony|jet|onyx",
    "grey": "grey|gray|charcoal|slate|graphite|anthracite|ash grey|stone|pewter",
    "brown": "brown|chestnut|espresso|caramel|chocolate|tan|taupe|camel|cognac|mocha|walnut|umber|coffee|bronze",
    "beige": "beige|sand|cream|taupe|ecru|oatmeal|nude|khaki|natural|linen|ivory",
    "red": "red|burgundy|crimson|scarlet|ruby|maroon|cherry|wine|raspberry|brick",
    "orange": "orange|terracotta|rust|apricot|peach|coral|tangerine|amber",
    "yellow": "yellow|mustard|lemon|ochre|saffron|honey|butter",
    "green": "green|forest green|sage|mint|emerald|olive|moss|lime|jade|teal|pine|khaki|bottle green|pistachio",
    "blue": "blue|navy|cobalt|sky blue|teal|turquoise|indigo|azure|denim|aqua|midnight|royal blue|petrol|cyan",
    "purple": "purple|plum|lilac|lavender|violet|aubergine|mauve|burgundy",
    "pink": "pink|blush|rose|raspberry|fuchsia|magenta|salmon|coral|dusty pink",
    "dark": "black|charcoal|navy|espresso|chocolate|anthracite|burgundy|plum|forest green|midnight|aubergine|chestnut",
    "light": "white|ivory|cream|off-white|sand|beige|sky blue|mint|blush|lilac|ecru|oatmeal|pearl",
    "pastel": "mint|blush|lilac|sky blue|apricot|lavender|peach",
    "neutral": "white|ivory|cream|off-white|sand|beige|taupe|oatmeal|ecru|grey|charcoal|black",
    "earthy": "terracotta|rust|ochre|sand|caramel|chestnut|espresso|olive|umber|clay|brick|moss|brown|camel",
    "warm colour": "terracotta|rust|mustard|ochre|caramel|chestnut|apricot|coral|burgundy|brick|amber|honey|red|orange|"
    "yellow|peach|cognac|saffron|cherry",
    "cool colour": "blue|navy|cobalt|sky blue|teal|turquoise|mint|sage|forest green|emerald|lilac|lavender|grey|slate",
    "bright colour": "red|orange|yellow|cobalt|coral|raspberry|teal|turquoise|mustard|lime|fuchsia|magenta|emerald",
}
COLORS = {**_COLORS, "light colour": _COLORS["light"], "dark colour": _COLORS["dark"]}

MATERIALS: Mapping[str, str] = {
    "wood": "wood|oak|smoked oak|walnut|ash|ebonised ash|beech|birch|pine|teak|mahogany|cherry|maple|elm|reclaimed elm|"
    "mango wood|painted wood|acacia|bamboo|plywood|veneer|willow",
    "dark wood": "walnut|smoked oak|ebonised ash|mahogany|wenge|teak|reclaimed elm|rosewood|dark wood",
    "light wood": "oak|ash|beech|birch|maple|pine|bamboo|light wood",
    "metal": "metal|brass|steel|powder-coated steel|stainless steel|iron|copper|aluminium|bronze|chrome|zinc",
    "stone": "stone|marble|travertine|terrazzo|granite|slate|limestone|concrete|onyx",
    "ceramic": "ceramic|stoneware|porcelain|earthenware|terracotta|bone china|clay",
    "fabric": "fabric|linen|cotton|wool|velvet|boucle|corduroy|polyester|canvas|silk|flatwoven wool|chenille|tweed",
    "wicker": "wicker|rattan|willow|seagrass|cane|bamboo|water hyacinth|jute",
    "glass": "glass|opal glass|crystal|smoked glass",
}

STYLES: Mapping[str, str] = {
    "scandi": "scandinavian",
    "nordic": "scandinavian",
    "bohemian": "boho",
    "mcm": "mid-century",
    "retro": "mid-century",
    "farmhouse": "rustic",
    "country": "rustic",
    "japanese": "japandi",
    "zen": "japandi",
    "loft": "industrial",
    "minimal": "minimalist",
    "modern": "modern|contemporary|minimalist",
}

KINDS: Mapping[str, str] = {
    "couch": "sofa",
    "settee": "sofa",
    "loveseat": "sofa",
    "carpet": "rug",
    "bookcase": "shelf",
    "bookshelf": "shelf",
    "shelving": "shelf",
    "nightstand": "side table",
    "bedside table": "side table",
    "night table": "side table",
    "end table": "side table",
    "pillow": "cushion",
    "flowerpot": "planter",
    "plant pot": "planter",
    "pot": "planter",
    "cup": "mug",
    "hamper": "basket",
    "buffet": "sideboard",
    "credenza": "sideboard",
    "chandelier": "pendant lamp",
    "hanging lamp": "pendant lamp",
    "ceiling lamp": "pendant lamp",
    "standing lamp": "floor lamp",
    "reading lamp": "floor lamp",
    "light": "lamp",
    "bed": "bed frame",
    "easy chair": "armchair",
    "lounge chair": "armchair",
    "tea pot": "teapot",
    "pendant": "pendant lamp",
    "pendant light": "pendant lamp",
    "desk lamp": "table lamp",
    "bedside lamp": "table lamp",
    "pouf": "stool",
    "ottoman": "stool",
    "tv stand": "sideboard",
    "tv unit": "sideboard",
    "console": "sideboard",
    "recliner": "armchair",
    "candlestick": "candle holder",
    "candleholder": "candle holder",
}

FAMILIES = {"color": COLORS, "material": MATERIALS, "style": STYLES}
"""Broad words of each kind of look, with what each takes in."""

LOOKS = {
    kind: frozenset(word for broad, narrow in family.items() for word in (broad, *narrow.split("|")))
    for kind, family in FAMILIES.items()
}
"""All words of each kind of look, broad and narrow."""

SAME = {"gray": "grey", "wooden": "wood", "metallic": "metal", "woven": "wicker"}
"""Other forms of broad words."""

_ANYTHING = frozenset(
    {"thing", "item", "piece", "product", "something", "anything", "everything", "stuff", "gift", "present"}
    | {"furniture", "decor", "decoration", "accessory", "set", "option", "idea", "one"}
)


_SHADE = re.compile(
    r"\b(light|dark|warm|cool|bright|neutral|earth)(?:er|y)? (?:in )?"
    r"(?:colou?r(?:ed|s)?|toned?s?|shades?|hues?|palette)\b"
)
_COMPARED = re.compile(r"\b(light|dark|warm|bright)er\b(?=\s*(?:$|[.,;:!?]|\b(?:ones?|please|if|though|but)\b))")
"""Something darker: in colour, where nothing else is said."""
_SUBDUED = re.compile(
    r"\b(?:(?:not|nothing) (?:so|too|that|as|very)|less) (?:colou?rful|bright|loud)\b|\bmore subdued\b"
)
_COLOURFUL = re.compile(
    r"\b(?:(?:more|very|really) )?colou?rful\b|\bbright(?=\s*(?:$|[.,;!]))|\bmore colou?rs?\b(?! (?:option|choice))"
    r"|\bbrighter colou?rs?\b"
)
_ALONE = {"neutral": "neutral", "earth": "earthy"}
SHADES = frozenset(("neutral", "earthy", *(name for name in COLORS if name.endswith(" colour"))))
"""Names of many colours at once, as `with_shades` writes them."""


def with_shades(text: str) -> str:
    """A text in lower case with its shades as `COLORS` names them: warmer in colour, in light tones, a darker one."""
    text = _SHADE.sub(lambda found: _ALONE.get(found[1], f"{found[1]} colour"), text)
    text = _COMPARED.sub(r"\1 colour", _SUBDUED.sub("neutral", text))
    return _COLOURFUL.sub("bright colour", text)


def names_a_kind(word: str) -> bool:
    """Whether a word says what a thing is, unlike `gift` and `something`."""
    return bool(word.split()) and singular(word.split()[-1].casefold()) not in _ANYTHING


def taken_in(kind: str, word: str) -> tuple[str, ...]:
    """The narrower words under a broad one; () if it is not known as broad.

    Args:
        kind: `color`, `material`, `style` or `category`.
        word: in lower case, singular.
    """
    if kind == "category":
        return (KINDS[word],) if word in KINDS else ()
    word = SAME.get(word, word)
    return tuple(FAMILIES.get(kind, {}).get(word, "").split("|")) if word in FAMILIES.get(kind, {}) else ()


def is_also(value: str, word: str) -> bool:
    """Whether what has a value is what a word says, the same or a broader one: oak is wood. Both in lower case."""
    return value == word or any(value in taken_in(kind, word) for kind in FAMILIES)
