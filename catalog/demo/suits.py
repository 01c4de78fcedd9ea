"""What cannot go together, and what sizes go with which traits."""

from collections.abc import Mapping
from random import Random

ROUND_TOPS = ("round", "oval", "pebble", "hexagonal", "octagonal", "squircle", "pill")


def settle(
    kind: str, traits: Mapping[str, str], size: Mapping[str, float], rng: Random
) -> tuple[dict[str, str], dict[str, float]]:
    """Replace combinations that nobody would build, and fit sizes to the traits."""
    t, s = dict(traits), dict(size)
    settle_one = {
        "dining-chair": _chair,
        "armchair": _armchair,
        "sofa": _sofa,
        "stool": _stool,
        "bench": _bench,
        "coffee-table": _coffee_table,
        "dining-table": _dining_table,
        "side-table": _side_table,
        "desk": _desk,
        "shelf": _shelf,
        "sideboard": _sideboard,
        "bed": _bed,
        "floor-lamp": _floor_lamp,
        "table-lamp": _table_lamp,
        "pendant-lamp": _pendant,
        "vase": _vase,
        "planter": _planter,
        "mirror": _mirror,
        "rug": _rug,
        "cushion": _cushion,
        "clock": _clock,
        "candle-holder": _candle,
        "basket": _basket,
        "bowl": _bowl,
    }.get(kind)
    if settle_one:
        settle_one(t, s, rng)
    return t, s


Traits = dict[str, str]
Sizes = dict[str, float]


def _chair(t: Traits, s: Sizes, rng: Random) -> None:
    if t["back"] in ("upholstered", "round pad"):
        t["seat"] = "upholstered"
    elif t["back"] == "shell":
        t["seat"] = "moulded"
        t["legs"] = t["legs"] if t["legs"] in ("tapered", "splayed", "sled", "hairpin", "pedestal") else "splayed"
    elif t["legs"] in ("pedestal", "hairpin"):
        t["legs"] = rng.choice(("tapered", "splayed", "square", "turned"))
    if t["back"] == "curved panel" and t["seat"] == "woven cord":
        t["seat"] = "flat"
    if t["seat"] == "woven cord":
        t["legs"] = rng.choice(("tapered", "square"))


def _armchair(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] in ("tub", "barrel", "club", "slipper"):
        s["h"] = 0.7 + 0.1 * rng.random()
    elif t["silhouette"] in ("wingback", "egg"):
        s["h"] = 1.0 + 0.1 * rng.random()
    else:
        s["h"], t["legs"] = 0.78 + 0.06 * rng.random(), "tapered"
    if t["legs"] == "plinth":
        s["lift"] = 0.07
        if t["silhouette"] in ("tub", "barrel", "egg"):
            t["legs"], s["lift"] = "cylinder", 0.1


def _sofa(t: Traits, s: Sizes, rng: Random) -> None:
    s["w"] = (1.45 + 0.25 * rng.random()) if t["seats"] == "2" else (1.95 + 0.35 * rng.random())
    if t["silhouette"] in ("chesterfield", "curved", "wooden frame"):
        t["cushions"] = "tight back"
    if t["silhouette"] == "curved":
        s["w"], t["seats"], t["pillows"] = 2.0 + 0.4 * rng.random(), "3", "none"
        t["legs"] = rng.choice(("plinth", "cylinder", "tapered"))
        s["lift"] = 0.05 if t["legs"] == "plinth" else 0.1
    if t["silhouette"] == "wooden frame":
        t["legs"], s["lift"] = "tapered", 0.2
    if t["silhouette"] == "low platform":
        t["legs"] = rng.choice(("plinth", "block", "cylinder"))
        s["h"], s["lift"] = 0.66, 0.06


def _stool(t: Traits, s: Sizes, rng: Random) -> None:
    if t["legs"] in ("drum", "hourglass"):
        t["height"], t["seat"] = "low", "round"
    s["h"] = {"low": 0.45, "counter": 0.64, "bar": 0.76}[t["height"]] + 0.02 * rng.random()
    if t["seat"] in ("saddle", "woven cord") and t["legs"] in ("pedestal", "three-legged", "hairpin"):
        t["legs"] = rng.choice(("tapered", "square", "turned"))


def _bench(t: Traits, s: Sizes, rng: Random) -> None:
    if t["seat"] != "solid":
        t["top"] = "rectangular"
    if t["seat"] == "woven cord":
        t["legs"] = rng.choice(("tapered", "square", "cylinder"))


def _coffee_table(t: Traits, s: Sizes, rng: Random) -> None:
    _fit_legs(t, rng, ("pedestal", "drum", "tapered", "splayed", "hairpin", "three cylinders", "cage", "plinth"))
    if t["top"] in ("round", "hexagonal", "octagonal"):
        s["w"] = s["d"] = 0.72 + 0.2 * rng.random()
    if t["top"] == "squircle":
        s["d"] = s["w"] * 0.9
    if t["legs"] in ("pedestal", "drum", "plinth", "three cylinders", "cage", "slab ends", "cross"):
        t["shelf"] = "none"
    if t["top"] in ("pebble", "pill", "octagonal"):
        t["shelf"] = "none"
    if t["legs"] in ("pedestal", "cage") and s["w"] > 1.4 * s["d"]:
        t["legs"] = "drum"


def _dining_table(t: Traits, s: Sizes, rng: Random) -> None:
    _fit_legs(t, rng, ("pedestal", "drum", "tapered", "hairpin"))
    if t["top"] in ("round", "octagonal"):
        s["w"] = s["d"] = 1.1 + 0.25 * rng.random()
    if t["top"] in ("oval", "pill") and t["legs"] in ("pedestal", "drum"):
        t["legs"] = "twin drums"
    if t["top"] != "rectangular" or t["legs"] not in ("square", "turned", "tapered", "block"):
        t["apron"] = "none"
    if t["legs"] in ("hairpin",):
        s["leg"] = 0.05


def _fit_legs(t: Traits, rng: Random, round_ones: tuple[str, ...]) -> None:
    if t["top"] in ROUND_TOPS and t["legs"] not in round_ones:
        t["legs"] = rng.choice(round_ones)
    if t["top"] == "rectangular" and t["legs"] in ("pedestal", "cage", "three cylinders", "drum"):
        t["legs"] = rng.choice(("square", "tapered", "cross", "slab ends", "turned"))


def _side_table(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] not in ("pedestal", "tripod"):
        t["top"] = "round" if t["silhouette"] in ("tray", "drum", "hourglass", "stacked") else "rectangular"
    if t["silhouette"] not in ("tray", "two-tier", "drawer box"):
        t["legs"] = {"pedestal": "pedestal", "tripod": "three-legged", "C-shaped": "sled"}.get(t["silhouette"], "none")


def _desk(t: Traits, s: Sizes, rng: Random) -> None:
    if t["storage"] in ("pedestal drawers", "hutch"):
        t["top"] = "rectangular"
    if t["storage"] == "pedestal drawers":
        t["legs"] = rng.choice(("tapered", "square", "cylinder"))
    if t["storage"] == "drawer" and t["legs"] == "trestle":
        t["legs"] = "square"


def _shelf(t: Traits, s: Sizes, rng: Random) -> None:
    form = t["silhouette"]
    if form == "wavy":
        s["h"], t["tiers"] = 1.1 + 0.3 * rng.random(), rng.choice(("3", "4"))
    if form in ("cube grid", "stepped"):
        t["tiers"] = rng.choice(("3", "4"))
        s["w"], s["h"] = rng.choice((0.74, 1.1)), int(t["tiers"]) * 0.37
    if form == "arched":
        t["tiers"] = rng.choice(("4", "5"))
        s["h"] = 1.6 + 0.3 * rng.random()
    if form == "ladder":
        t["tiers"] = rng.choice(("4", "5"))


def _sideboard(t: Traits, s: Sizes, rng: Random) -> None:
    if t["front"] == "drawers":
        t["handles"] = "bar handles"
    if t["front"] == "cane doors" and t["handles"] == "bar handles":
        t["handles"] = "round knobs"


def _bed(t: Traits, s: Sizes, rng: Random) -> None:
    if t["headboard"] == "metal bars":
        t["legs"] = "cylinder"
    if t["headboard"] == "four-poster":
        t["legs"] = "square"


def _floor_lamp(t: Traits, s: Sizes, rng: Random) -> None:
    form = t["silhouette"]
    if form in ("arc", "task arm"):
        t["shade"] = t["shade"] if t["shade"] in ("dome", "cone", "bell") else rng.choice(("dome", "cone", "bell"))
    elif form == "globe stem":
        t["shade"], s["w"] = "globe", 0.26 + 0.08 * rng.random()
    elif form == "paper column":
        t["shade"], s["h"] = "column", 1.0 + 0.4 * rng.random()
    elif t["shade"] == "globe":
        t["shade"] = "drum"
    if form in ("turned column", "stacked column", "tripod") and t["shade"] in ("dome", "cone", "bell"):
        t["shade"] = rng.choice(("drum", "empire", "pleated"))


def _table_lamp(t: Traits, s: Sizes, rng: Random) -> None:
    base = t["base"]
    if base == "mushroom":
        t["shade"], s["h"] = "mushroom", 0.32 + 0.1 * rng.random()
    elif base == "globe":
        t["shade"] = "globe"
    elif base == "task arm":
        t["shade"] = rng.choice(("cone", "dome"))
    elif base not in ("stem", "cylinder", "cone", "block") and t["shade"] in ("globe", "dome", "cone", "bell"):
        t["shade"] = rng.choice(("drum", "empire", "pleated"))
    if base not in ("gourd", "bottle", "urn", "cone", "cylinder", "sphere"):
        t["relief"] = "smooth"
    s["flutes"] = 22.0 if t["relief"] == "fluted" else 0.0


def _pendant(t: Traits, s: Sizes, rng: Random) -> None:
    if t["shade"] in ("lantern", "cage", "petal"):
        s["h"] = s["w"] * rng.uniform(0.75, 1.05)
    if t["shade"] == "globe":
        s["w"] *= 0.75
    if t["shade"] in ("ring", "linear"):
        s["w"] = 0.55 + 0.15 * rng.random()


def _vase(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] in ("ring", "faceted", "double neck"):
        t["relief"] = "smooth"
    if t["silhouette"] in ("moon", "bulb"):
        s["h"] = s["w"] * rng.uniform(1.0, 1.2)
    if t["silhouette"] in ("trumpet", "bottle", "bud", "amphora", "shouldered"):
        s["h"] = max(s["h"], s["w"] * 1.5)


def _planter(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] == "on stand":
        s["h"], s["w"] = 0.4 + 0.08 * rng.random(), 0.26 + 0.05 * rng.random()
    if t["silhouette"] in ("square", "bowl"):
        t["relief"] = "smooth"
    if t["plant"] == "trailing":
        s["h"] = max(s["h"], 0.28)
    if t["plant"] in ("cactus", "fern"):
        s["plant"] *= 0.7


def _mirror(t: Traits, s: Sizes, rng: Random) -> None:
    shape = t["silhouette"]
    if shape == "sunburst":
        t["frame"] = rng.choice(("starburst balls", "tapered rays"))
    elif t["frame"] in ("rope", "beaded") and shape not in ("round", "oval", "arched"):
        t["frame"] = rng.choice(("flat", "rounded", "bevelled"))
    elif shape == "scalloped":
        t["frame"] = rng.choice(("flat", "rounded"))
    if shape == "window-pane":
        t["frame"] = "flat"
        s["border"] = 0.03
    if t["frame"] in ("stepped", "bevelled", "rounded", "beaded"):
        s["border"] = max(s["border"], 0.045)
    if shape in ("oval", "arched", "pill", "octagonal", "rectangle", "rounded rectangle", "window-pane"):
        s["h"] = s["w"] * rng.uniform(1.35, 1.7)
    if shape == "pebble":
        s["h"] = s["w"] * rng.uniform(1.1, 1.35)


def _rug(t: Traits, s: Sizes, rng: Random) -> None:
    shape = t["silhouette"]
    if shape in ("round", "scalloped edge"):
        s["d"] = s["w"] = 1.6 + 0.6 * rng.random()
    if shape == "runner":
        s["w"], s["d"] = 0.75 + 0.15 * rng.random(), 2.2 + 0.4 * rng.random()
    if t["edge"] == "fringed" and shape not in ("rectangular", "runner"):
        t["edge"] = "plain edge"
    if t["edge"] == "bordered" and shape == "scalloped edge":
        t["edge"] = "plain edge"


def _cushion(t: Traits, s: Sizes, rng: Random) -> None:
    shape = t["silhouette"]
    if shape == "lumbar":
        s["w"], s["h"] = 0.55 + 0.1 * rng.random(), 0.32 + 0.06 * rng.random()
    elif shape == "bolster":
        s["w"], s["h"] = 0.5 + 0.1 * rng.random(), 0.17 + 0.04 * rng.random()
        t["trim"] = rng.choice(("plain edge", "piped"))
    elif shape == "ball":
        s["w"] = s["h"] = 0.26 + 0.06 * rng.random()
        t["trim"] = "plain edge"
    else:
        s["h"] = s["w"]
    if shape == "round" and t["trim"] in ("tasselled", "fringed"):
        t["trim"] = rng.choice(("piped", "buttoned"))
    if shape in ("square", "lumbar") and t["trim"] == "buttoned":
        t["trim"] = rng.choice(("piped", "plain edge"))


def _clock(t: Traits, s: Sizes, rng: Random) -> None:
    shape = t["silhouette"]
    if shape in ("sunburst", "mantel", "table"):
        t["frame"] = "framed"
    if shape == "sunburst":
        s["w"] = 0.55 + 0.1 * rng.random()
    elif t["ends"] == "balls":
        t["ends"] = "blades"
    if shape in ("mantel", "table"):
        s["w"] = 0.17 + 0.05 * rng.random()
    if t["frame"] == "frameless" and t["dial"] == "bare" and rng.random() < 0.5:
        t["dial"] = "dots"


def _candle(t: Traits, s: Sizes, rng: Random) -> None:
    form = t["silhouette"]
    if form != "tealight cup":
        t["relief"] = "smooth"
    if form == "chamberstick":
        s["h"] = 0.05 + 0.02 * rng.random()
    if form == "tealight cup":
        s["w"], s["h"] = 0.075 + 0.02 * rng.random(), 0.07 + 0.025 * rng.random()
    if form == "three-arm candelabra":
        s["w"], s["h"] = 0.24 + 0.06 * rng.random(), 0.2 + 0.06 * rng.random()
    if form == "arch":
        s["w"], s["h"] = 0.26 + 0.05 * rng.random(), 0.15 + 0.05 * rng.random()
    if form == "lantern":
        s["w"], s["h"] = 0.13 + 0.03 * rng.random(), 0.2 + 0.08 * rng.random()
    if form == "pillar trio":
        s["w"], s["h"] = 0.26 + 0.05 * rng.random(), 0.2 + 0.06 * rng.random()


def _basket(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] == "lidded":
        t["handle"] = rng.choice(("loop handles", "handleless"))
    if t["silhouette"] == "tray":
        s["h"] = 0.08 + 0.03 * rng.random()
        t["handle"] = rng.choice(("loop handles", "handleless"))
    if t["handle"] == "top handle":
        s["h"] = min(s["h"], 0.28)


def _bowl(t: Traits, s: Sizes, rng: Random) -> None:
    if t["silhouette"] == "shallow":
        s["h"] = s["w"] * 0.2
    if t["rim"] != "level":
        t["relief"] = "smooth"
    if t["silhouette"] == "footed":
        s["h"] = s["w"] * rng.uniform(0.45, 0.6)
