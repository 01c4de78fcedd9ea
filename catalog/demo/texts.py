"""Titles and descriptions, composed from a product's facts; what is held back is never said."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from catalog.demo.products import Product
from catalog.demo.truth import says, visual
from catalog.demo.words import LEGS, PHRASES


@dataclass(frozen=True)
class Facts:
    """What may be said: the visible properties that are not held back, and the measures."""

    product: Product
    seen: dict[str, str]
    hidden: tuple[str, ...]
    size: dict[str, int]

    def free(self, text: str) -> bool:
        """Whether a text says nothing that is held back."""
        return not any(says(text, value) for value in self.hidden)


def facts(product: Product, held_back: Sequence[str], size: dict[str, int]) -> Facts:
    """Sort a product's visible properties into what may be said and what may not; `size` in centimetres."""
    seen = visual(product)
    hidden = tuple(seen[name] for name in held_back)
    open_ = {
        name: value for name, value in seen.items() if name not in held_back and not any(says(value, h) for h in hidden)
    }
    return Facts(product, open_, hidden, size)


def shape_word(f: Facts) -> str:
    """The silhouette before the noun, if it may be said."""
    shape = f.seen.get("shade" if f.product.kind.key == "pendant-lamp" else "silhouette", "")
    if f.product.kind.key == "stool":
        shape = {"low": "low", "counter": "counter", "bar": "bar"}[f.product.form["height"]]
    return shape if f.free(shape) else ""


def features(f: Facts) -> list[str]:
    """What can be said after "with", most telling first."""
    out = []
    color, material = f.seen.get("legs color"), f.seen.get("legs material")
    legs = LEGS.get(f.seen.get("legs", ""), "")
    if legs and material and not legs.startswith("an hourglass"):
        article, _, noun = legs.partition(" ") if legs.startswith(("a ", "an ")) else ("", "", legs)
        article = "an" if article and material[0] in "aeiou" else article
        legs = f"{article} {material} {noun}".strip()
        if color and material in ("painted wood", "powder-coated steel"):
            legs += f" in {color}"
    if legs:
        out.append(legs)
    for trait, phrases in PHRASES.items():
        if f.product.kind.key == "pendant-lamp" and trait == "shade":
            continue
        value = f.seen.get(trait)
        if value in phrases and not (
            trait == "shade" and f.product.form.traits.get("base") in ("mushroom", "task arm", "globe")
        ):
            out.append(phrases[value])
    return [phrase for phrase in out if f.free(phrase)]


def substance(f: Facts) -> str:
    """Color, pattern and material in a few words, as far as they may be said."""
    words = [f.seen.get("pattern", ""), f.seen.get("color", "")]
    material = f.seen.get("material", "")
    if material in (
        "oak",
        "ash",
        "walnut",
        "smoked oak",
        "ebonised ash",
        "mango wood",
        "reclaimed elm",
        "brass",
        "copper",
        "steel",
        "iron",
        "opal glass",
    ):
        words = []
    finish = f.seen.get("finish", "")
    text = " ".join(
        w for w in (finish if finish in ("brushed", "polished", "hammered", "matt") else "", *words, material) if w
    )
    return text if f.free(text) else (material if f.free(material) else "")


def title(f: Facts, model: str, rng: Random) -> str:
    """A model name, the kind and a telling property."""
    kind, shape, stuff = f.product.kind.name, shape_word(f), substance(f)
    noun = f"{shape} {kind}".strip()
    if f.product.kind.key == "shelf":
        noun = {
            "bookcase": "bookcase",
            "bookcase with doors": "bookcase with doors",
            "ladder": "ladder shelf",
            "etagere": "etagere shelf",
        }.get(shape, noun)
    telling = features(f)
    options = [f"{model} {noun}"]
    if stuff:
        options += [f"{model} {noun} in {stuff}"] * 3 + [f"{model} {kind}, {stuff}"]
        if len(stuff.split()) <= 2:
            options += [f"{model} {stuff} {kind}"] * 2
    if telling:
        options += [f"{model} {noun} with {telling[0]}"] * 2
        if stuff and len(stuff.split()) <= 2:
            options.append(f"{model} {stuff} {kind} with {telling[0]}")
    fit = [option for option in options if f.free(option)]
    return rng.choice(fit or [f"{model} {kind}"])


OPENINGS = (
    "{The} {model} is our idea of {a_style} {kind}.",
    "A {kind} with {a_style} temper, made to be used every day.",
    "{Model} began as a sketch for one flat and stayed in the collection.",
    "Drawn with a light hand, the {model} {kind} feels at home in {a_style} room.",
    "There is nothing loud about {model}, and that is why one keeps looking at it.",
    "{Maker} makes the {model} in small runs.",
    "If you are after {a_style} interior, start with this {kind}.",
    "Some things simply look right from every side; the {model} {kind} is one of them.",
    "{Model} brings {a_style} note to the {room}.",
    "The {model} {kind} from {maker} was made to stay for years.",
    "Honest work and good proportions: that is {model}.",
    "A {kind} for people who like {style} pieces and dislike fuss.",
    "We have been looking for {a_style} {kind} like this one for a long time.",
    "One look at {model} and the {room} falls into place.",
)

MADE = (
    "It is made of {stuff}.",
    "Made of {stuff}.",
    "The maker chose {stuff} for it.",
    "You get {stuff}, and nothing that only pretends to be.",
    "In {stuff}, it ages well.",
    "The main part is {stuff}.",
    "What you touch is {stuff}.",
    "{Stuff} gives it its character.",
    "Worked in {stuff}.",
    "Our buyers fell for the {stuff}.",
)

SHAPED = (
    "It comes with {features}.",
    "Look for {features}.",
    "{Features} set it apart.",
    "Details: {features}.",
    "You will notice {features}.",
    "It stands out by {features}.",
    "Note {features}.",
    "{Features} complete the picture.",
    "The design rests on {features}.",
)

SIZES = (
    "It measures {w} by {d} cm and is {h} cm high.",
    "{w} cm wide, {d} cm deep, {h} cm high.",
    "Size: {w} x {d} x {h} cm (width, depth, height).",
    "At {w} cm across and {h} cm in height it fits where larger pieces do not.",
    "Allow {w} x {d} cm of space; the height is {h} cm.",
    "Width {w} cm, depth {d} cm, height {h} cm.",
    "With {w} x {d} x {h} cm it holds its own without crowding the {room}.",
)

CLOSINGS = (
    "Goes well with linen and plain walls.",
    "Wipe with a soft dry cloth.",
    "Pair it with things that are older than it is.",
    "Arrives ready to use.",
    "Made for the {room}, and not out of place elsewhere.",
    "Spare parts are kept for ten years.",
    "Small marks of the making are part of it.",
    "It looks as good by lamplight as by day.",
    "A good present for a new home.",
    "Easy to live with, easy to move.",
    "Assembly takes a few minutes, or none.",
    "Returns are free within thirty days.",
    "Looks best with a little air around it.",
    "Best in the {room}.",
    "Try it beside something rough and something glossy.",
)


def description(f: Facts, model: str, maker: str, rng: Random) -> str:
    """Three to five sentences, in varying order, each from one of several patterns."""
    style, kind = f.product.style, f.product.kind.name
    stuff, telling = substance(f), features(f)
    room = rng.choice(f.product.kind.rooms)
    words = {
        "style": style,
        "model": model,
        "Model": model,
        "The": "The",
        "kind": kind,
        "maker": maker,
        "Maker": maker,
        "room": room,
        "a_style": ("an " if style[0] in "aei" else "a ") + style,
        "stuff": stuff,
        "Stuff": stuff[:1].upper() + stuff[1:],
        "w": f.size["width_cm"],
        "d": f.size["depth_cm"],
        "h": f.size["height_cm"],
    }
    told = rng.sample(telling, min(len(telling), rng.choice((2, 3)))) if telling else []
    listed = told[0] if len(told) == 1 else ", ".join(told[:-1]) + " and " + told[-1] if told else ""
    words |= {"features": listed, "Features": listed[:1].upper() + listed[1:]}

    def say(patterns: Sequence[str]) -> str:
        options = [text for text in (pattern.format(**words) for pattern in patterns) if f.free(text)]
        return rng.choice(options) if options else ""

    shaped = SHAPED if len(told) > 1 else tuple(p for p in SHAPED if "{Features}" not in p)
    body = [say(MADE) if stuff else "", say(shaped) if listed else "", say(SIZES)]
    rng.shuffle(body)
    sentences = [say(OPENINGS), *body, say(CLOSINGS) if rng.random() < 0.75 else ""]
    return " ".join(sentence for sentence in sentences if sentence)
