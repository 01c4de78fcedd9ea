"""What is known of items, in a form that conversations can be made from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from catalog.item import Item
from navigator.prompt import Shown, metadata

BARE = frozenset({"color", "material", "style", "pattern", "silhouette", "shape", "finish"})
"""Facts whose value says it all: a `striped` cushion, but `hairpin legs`."""


@dataclass(frozen=True)
class Known:
    """An item, its vectors, and what is true of it.

    Args:
        shown: the item as a prompt shows it.
        kind: what it is, singular, in lower case: "dining chair".
        facts: name to value, e.g. {"color": "mustard", "legs": "hairpin"}; from the catalogue, and from labels of what
            only the picture shows.
        untold: names of what neither its vectors nor its text tell, as far as that is known.
    """

    shown: Shown
    kind: str
    facts: Mapping[str, str]
    untold: tuple[str, ...] = ()

    @property
    def item(self) -> Item:
        return self.shown.item

    @property
    def telling(self) -> dict[str, str]:
        """The facts that people talk about first: not the legs' material, say, but the legs."""
        return {name: value for name, value in self.facts.items() if " " not in name}


@dataclass(frozen=True)
class Shelf:
    """A catalogue to talk about.

    Args:
        known: its items.
        boards: items that belong together, by their places in `known`.
    """

    known: Sequence[Known]
    boards: Sequence[tuple[int, ...]] = field(default=())

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that its facts are told in: names, values, kinds and brands."""
        facts = {text for known in self.known for fact in known.facts.items() for text in fact}
        brands = {known.item.brand for known in self.known if known.item.brand}
        return tuple(sorted(facts | brands | {known.kind for known in self.known}))

    def of_kind(self, kind: str) -> list[Known]:
        return [known for known in self.known if known.kind == kind]


def know(shown: Shown, labels: Mapping[str, str] | None = None) -> Known:
    """Gather what can be said of an item at a glance.

    Args:
        shown: the item with its vectors.
        labels: what its picture shows, name to value, where somebody has labelled it; without labels, the catalogue's
            own short attributes are taken to be visible.
    """
    item = shown.item
    visible = labels or {name: value for name, value in item.attributes.items() if _short(value)}
    stated = {
        "color": item.colors[0] if item.colors else "",
        "material": item.materials[0] if item.materials else "",
        "style": item.styles[0] if item.styles else "",
        **{name.lower().replace("_", " "): value for name, value in visible.items()},
    }
    kind = item.category[-1] if item.category else "item"
    return Known(shown, singular(kind.lower()), {name: value for name, value in stated.items() if value})


def legible(shelf: Shelf, told: Collection[str]) -> Shelf:
    """A shelf whose items' facts are those that a model can know: told by vectors, or said in the items' text.

    Args:
        told: properties that vectors tell.
    """
    return Shelf([_legible(known, told) for known in shelf.known], shelf.boards)


def _legible(known: Known, told: Collection[str]) -> Known:
    said = f" {metadata(known.item).casefold()} "
    facts = {name: value for name, value in known.facts.items() if name in told or f" {value.casefold()}" in said}
    return replace(known, facts=facts, untold=tuple(name for name in known.facts if name not in facts))


def _short(value: str) -> bool:
    return 0 < len(value) <= 24 and not any(character.isdigit() for character in value)


def phrase(name: str, value: str) -> str:
    """A fact as people say it: "mustard", "hairpin legs", and for the legs' color "black legs"."""
    if name in BARE or singular(name) in value:
        return value
    part, _, what = name.rpartition(" ")
    return f"{value} {part}" if part and what in ("color", "material") and part != "second" else f"{value} {name}"


_SINGULARS = {
    **{word: word for word in ("canvas", "lens", "atlas", "gas", "series", "iris")},
    **{f"{stem}ves": f"{stem}f" for stem in ("shel", "scar", "lea", "loa", "hal")},
    "knives": "knife",
}
_ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("us", "us"), ("ss", "ss"))


def singular(noun: str) -> str:
    """An English noun's singular, as far as catalogues' plurals go: dining chairs, benches, shelves, boxes."""
    for ending, replacement in (*_SINGULARS.items(), *_ENDINGS):
        if noun.endswith(ending):
            return noun[: -len(ending)] + replacement
    return noun.removesuffix("s")


def plural(noun: str) -> str:
    """The other way."""
    if noun.endswith("shelf"):
        return noun[:-1] + "ves"
    if noun.endswith(("ch", "sh", "ss", "x")):
        return noun + "es"
    return noun + "s"


def article(words: str) -> str:
    """The words with a or an before them."""
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"
