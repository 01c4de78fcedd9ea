"""An intent in the catalogue's own terms: what every item must meet, and what it is ranked by."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from catalog.item import Item
from navigator.intent import ShoppingIntent, SizeLimit, Sort
from navigator.knowledge import singular
from navigator.lexicon import Kind, Lexicon, plain
from navigator.plain_words import named_brands
from navigator.size_limits import fits

Condition = Literal["stock", "style", "material", "color", "brand", "price", "size", "category"]
"""What may be given up, the least important first; exclusions never are."""

Values = Mapping[Kind, tuple[str, ...]]


@dataclass(frozen=True)
class Wish:
    """One thing that is looked for.

    Args:
        text: the words to rank by; may be empty.
        wanted: values by kind; an item has one of each kind.
        said: the person's words behind them, by kind.
        price_min, price_max: of one item.
        sizes: limits that an item is known to be within.
        excluded: values by kind; an item has none of them.
        unwanted: words, and titles, that no item's text may have.
        in_stock: whether only what can be had now is wanted.
        like: ids of items that the found ones resemble.
        picture: whether a picture is part of the query.
        without: ids that are not to be found.
        page: how many lots of what is found were seen before.
    """

    text: str = ""
    wanted: Values = field(default_factory=dict)
    said: Values = field(default_factory=dict)
    price_min: float | None = None
    price_max: float | None = None
    sizes: tuple[SizeLimit, ...] = ()
    excluded: Values = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()
    in_stock: bool = True
    sort: Sort = "relevance"
    like: tuple[str, ...] = ()
    picture: bool = False
    without: tuple[str, ...] = ()
    page: int = 0

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What could be given up, the least important first."""
        held: list[Condition] = ["stock"] if self.in_stock else []
        held += [kind for kind in ("style", "material", "color", "brand") if self.wanted.get(kind)]
        if self.price_min is not None or self.price_max is not None:
            held.append("price")
        if self.sizes:
            held.append("size")
        return (*held, "category") if self.wanted.get("category") else tuple(held)

    def lacking(self, *given_up: Condition) -> "Wish":
        """The same wish without some of its conditions; their words still rank."""
        wanted = {kind: values for kind, values in self.wanted.items() if kind not in given_up}
        sizes = () if "size" in given_up else self.sizes
        wish = replace(self, wanted=wanted, sizes=sizes, in_stock=self.in_stock and "stock" not in given_up)
        if "price" in given_up:
            # Whoever has a limit is best served by what comes next to it.
            wish = replace(
                wish, price_min=None, price_max=None, sort="price_low" if self.price_max is not None else "price_high"
            )
        return wish

    def allows(self, item: Item) -> bool:
        """Whether an item is of the sizes asked for and free of all that must not be.

        Its words count as much as its stated values.
        """
        if not fits(self.sizes, item):
            return False
        stated = [item.title, *item.colors, *item.materials, *item.styles, *item.category[-1:]]
        told = _spelt([*stated, *item.attributes.values()])
        banned = [_spelt([value]) for values in self.excluded.values() for value in values]
        if any(value in told for value in banned):
            return False
        described = f"{told}{_spelt([item.description])}"
        return not any(_spelt([word]) in described for word in self.unwanted)


def speaks_of(item: Item, word: str) -> bool:
    """Whether an item's words have this one."""
    return _spelt([word]) in _spelt([item.title, item.description, *item.category, *item.attributes.values()])


def _spelt(texts: Sequence[str]) -> str:
    """The words of texts, singular, one space before and after each."""
    words = re.findall(r"[^\W_]+", " ".join(texts).casefold())
    return f" {' '.join(singular(word) for word in words)} "


def read_wish(intent: ShoppingIntent, lexicon: Lexicon) -> Wish:
    """Put an intent into the catalogue's terms; a word that no value answers to stays in the text, as no condition."""
    given: dict[Kind, Sequence[str]] = {
        "category": intent.categories,
        "color": intent.colors,
        "material": intent.materials,
        "style": intent.styles,
    }
    wanted: dict[Kind, tuple[str, ...]] = {}
    said: dict[Kind, tuple[str, ...]] = {}
    for kind, words in given.items():
        for word in words:
            # The model now and then puts velvet among the colours.
            found = lexicon.resolve(kind, word)
            place = {kind: found} if found else dict(list(lexicon.kinds_of(word).items())[:1])
            for where, values in place.items():
                wanted[where] = tuple(dict.fromkeys((*wanted.get(where, ()), *values)))
                said[where] = (*said.get(where, ()), word)
    if brands := named_brands(intent.query.casefold(), lexicon):
        wanted["brand"] = tuple(dict.fromkeys((*wanted.get("brand", ()), *brands)))
        said["brand"] = wanted["brand"]
    excluded, unwanted = read_exclusions(intent.exclude, lexicon)
    # What is ruled out by one word and wanted by a broader one: green, but not olive.
    wanted = {
        kind: tuple(value for value in values if value not in excluded.get(kind, ())) or values
        for kind, values in wanted.items()
    }
    return Wish(
        text=query_text(intent),
        wanted=wanted,
        said=said,
        price_min=intent.price_min,
        price_max=intent.price_max,
        sizes=intent.sizes,
        excluded=excluded,
        unwanted=(*unwanted, *intent.rejected),
        sort=intent.sort,
        page=intent.page,
    )


def read_exclusions(words: Sequence[str], lexicon: Lexicon) -> tuple[dict[Kind, tuple[str, ...]], tuple[str, ...]]:
    """What must not be: (values by kind, words that no value answers to)."""
    excluded: dict[Kind, tuple[str, ...]] = {}
    unknown = []
    for word in words:
        # Black legs make nothing black.
        of_a_part = " " in word and lexicon.sight is not None and lexicon.sight.properties(word)
        kinds = {} if of_a_part else lexicon.kinds_of(word)
        for kind, values in kinds.items():
            excluded[kind] = tuple(dict.fromkeys((*excluded.get(kind, ()), *values)))
        if not kinds:
            unknown.append(word)
    return excluded, tuple(unknown)


def query_text(intent: ShoppingIntent) -> str:
    """The words to rank by: the query, and what the slots say beyond it."""
    said = f" {' '.join(plain(intent.query))} "
    slots = (*intent.colors, *intent.materials, *intent.styles, *intent.categories)
    more = [word for word in dict.fromkeys(slots) if f" {' '.join(plain(word))} " not in said]
    return " ".join(part for part in (*more, intent.query) if part)


def meets(wish: Wish, item: Item) -> bool:
    """Whether an item that was found some other way meets every condition of a wish."""
    has: dict[Kind, tuple[str, ...]] = {
        "category": item.category,
        "color": item.colors,
        "material": item.materials,
        "style": item.styles,
        "brand": (item.brand,) if item.brand else (),
    }
    for kind, values in wish.wanted.items():
        if not {value.casefold() for value in values} & {value.casefold() for value in has[kind]}:
            return False
    if wish.price_min is not None and (item.price is None or item.price < wish.price_min):
        return False
    if wish.price_max is not None and (item.price is None or item.price > wish.price_max):
        return False
    return (item.in_stock or not wish.in_stock) and item.id not in wish.without and wish.allows(item)


def aside(wish: Wish, item: Item) -> tuple[Kind, ...]:
    """Of which kinds an item has what is asked for only beside another: lists of them name the main one first."""
    main: dict[Kind, tuple[str, ...]] = {"color": item.colors[:1], "material": item.materials[:1]}
    return tuple(
        kind
        for kind, first in main.items()
        if first
        and (wanted := wish.wanted.get(kind, ()))
        and first[0].casefold() not in {value.casefold() for value in wanted}
    )
