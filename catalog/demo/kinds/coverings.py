"""Coverings that several kinds of furniture share."""

from catalog.demo.materials import METAL, PAINTED, WOOD

DARK = ("soft", "#171513")
FRAME = (*WOOD, *PAINTED)
STAND = ("oak", "walnut", "ash", "smoked oak", "ebonised ash", "brass", "iron", "steel", "powder-coated steel")
PULL = ("brass", "iron", "steel", "copper")
METAL_LEGS = "legs@legs=hairpin|sled|cage"
WOOD_LEGS = "legs@legs=turned|trestle|cross|block|slab ends"
LEGS = {METAL_LEGS: METAL, WOOD_LEGS: FRAME}
SOFT_LEGS = {
    METAL_LEGS: METAL,
    "legs@legs=turned|block": WOOD,
    "legs@legs=plinth": (*WOOD, "iron"),
    "legs@legs=pedestal": METAL,
    "legs": STAND,
}
TOPS = ("rectangular", "round", "oval", "hexagonal", "octagonal", "squircle", "pebble", "pill")
