"""The things that a message names, and what they are to look like: a walnut desk, and a rug for my sofa."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from navigator.lexicon import Kind, Lexicon

Looks = tuple[tuple[Kind, str], ...]
"""Colours, materials and styles in a person's words."""

SLOTS: dict[Kind, str] = {"color": "colors", "material": "materials", "style": "styles"}
"""Kinds of looks, and where an intent has them."""

_PLACES = frozenset(
    [
        "for",
        "on",
        "with",
        "w",
        "next",
        "beside",
        "under",
        "over",
        "above",
        "behind",
        "at",
        "near",
        "around",
        "of",
        "from",
    ]
).union(["my", "our", "his", "her", "their", "this", "that", "these", "match", "like"])
"""Words after which a thing is there already, or is no thing that is looked for."""
_HAD = re.compile(r"\b(?:i|we)(?:'ve| have)(?: got)?\b")
_WISHED = re.compile(r"(?:\bwould|'d|\bid) (?:really |very much |also )?like\b")
_SOUGHT = re.compile(r"\b(?:look|search|shopp|hunt)(?:ing)? for\b|\bin (?:need of|the market for|search of)\b")
_YOURS = re.compile(r"\byour\b")
_ARTICLES = frozenset(["a", "an", "the", "some", "one", "another"])
_BETWEEN_THINGS = frozenset([",", "+", "/", "&", "and", "n", "plus", "or"])
_OWNERS = frozenset(["my", "our", "his", "her", "their"])
_TOKEN = r"[^\W_]+(?:-[^\W_]+)*"
_OWNED = re.compile(
    rf"\b(?:{'|'.join(sorted(_OWNERS))})\s+(?:(?:an?|the|some|one)\s+)?((?:{_TOKEN}\s+){{1,4}}{_TOKEN})"
)
"""Something that a person has, with a few words before it."""
_REPLACED = re.compile(r"\b((?:replac|upgrad|swap|exchang)\w*) (?:my|our|his|her|their) ")
"""Whoever replaces a sofa looks for one."""
_JOINS = frozenset({",", "+", "/", "&", "need", "want", "looking", "find"})

_THING_ENDS = r"s?(?=\s*(?:$|[,.;:!?+&]|\b(?:and|or|for|with|that|which|in|on|over|above|under|to|of|please)\b))"
_AS_A_THING = rf"(?:\b(?:an?|the|some|any|another|and|with|plus)|\+)\s*{{}}{_THING_ENDS}"
"""Where a word that may be a look is a thing, to be filled in: `a light`, `and a light, please`."""
_A_LIGHT = re.compile(rf"\b(an?|the|some|any|another) light{_THING_ENDS}")


@dataclass(frozen=True)
class Thing:
    """A kind of thing as a text names it, the looks right before it, and whether a new one begins there: `a lamp`."""

    kind: str
    looks: Looks
    begins: bool


def named_things(text: str, lexicon: Lexicon) -> tuple[tuple[Thing, ...], tuple[str, ...]]:
    """Kinds of thing that a text names: those looked for, and those that somebody has."""
    found: list[Thing] = []
    owned: list[str] = []
    for clause in re.split(r"[.:;!?]", _REPLACED.sub(r"\1 a ", _with_owners(text))):
        words = re.findall(rf"{_TOKEN}|[,+/&]", clause)
        place, aside, owner = 0, False, False
        while place < len(words):
            if words[place] in _PLACES:
                aside, owner = True, words[place] in _OWNERS
            elif words[place] in _JOINS:
                aside = False
            phrases = {n: " ".join(words[place : place + n]) for n in (3, 2, 1)}
            size = next((n for n, phrase in phrases.items() if _is_kind(phrase, lexicon)), 0)
            if size and not aside:
                looks = named_looks(" ".join(words[max(0, place - 2) : place]), lexicon)
                before = itertools.takewhile(lambda word: word not in _BETWEEN_THINGS, reversed(words[:place]))
                begins = bool(looks) or not _ARTICLES.isdisjoint(before)
                found.append(Thing(" ".join(words[place : place + size]), looks, begins))
            elif size:
                aside = False  # of what a preposition leads to, the first thing is it
                owned += [" ".join(words[place : place + size])] if owner else []
            place += size or 1
    return tuple(found), tuple(dict.fromkeys(owned))


def had_looks(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """What stands before a thing that somebody has: `dark green velvet`, of `I have a dark green velvet sofa`."""
    told = []
    for found in _OWNED.finditer(_with_owners(text)):
        words = found[1].split()
        at = next((n for n, word in enumerate(words) if _is_kind(word, lexicon)), 0)
        if named_looks(" ".join(words[:at]), lexicon):
            told.append(" ".join(words[:at]))
    return tuple(told)


def _with_owners(text: str) -> str:
    """A text in which `I have a sofa` is `my sofa`, `your sofas` are some, `I would like` is no likeness, and what is
    looked for is wanted."""
    return _YOURS.sub("some", _SOUGHT.sub("want", _WISHED.sub(" want", _HAD.sub(" my ", text))))


def is_a_thing(word: str, text: str) -> bool:
    """Whether a word that may be a look, in the singular, is a thing in a text: a light, and not a light bed."""
    return re.search(_AS_A_THING.format(re.escape(word)), text.casefold()) is not None


def names_a_light(text: str) -> bool:
    """Whether a text in lower case calls a lamp a light."""
    return _A_LIGHT.search(text) is not None


def with_lamps(text: str) -> str:
    """A text in lower case that calls `a light` a lamp."""
    return _A_LIGHT.sub(r"\1 lamp", text)


def own_looks(things: Sequence[Thing]) -> tuple[tuple[str, Looks], ...]:
    """Which of several things are to look how, unless all alike: `a walnut desk, chair and lamp` are of walnut."""
    own: dict[str, Looks] = {}
    looks: Looks = ()
    for thing in things:
        looks = thing.looks if thing.begins else looks
        own[thing.kind] = looks
    if len(set(own.values())) < 2:
        return ()
    return tuple((kind, its) for kind, its in own.items() if its)


def _is_kind(phrase: str, lexicon: Lexicon) -> bool:
    return phrase.replace(" ", "").replace("-", "").isalpha() and lexicon.knows("category", phrase)


def named_looks(text: str, lexicon: Lexicon) -> Looks:
    """Colours, materials and styles that a text names as the catalogue or everybody does, the longest first."""
    words = re.findall(rf"{_TOKEN}|,", re.sub(r"-ish\b", "", text))
    found: list[tuple[Kind, str]] = []
    place = 0
    while place < len(words):
        for size in (3, 2, 1):
            phrase = " ".join(words[place : place + size])
            known = "," not in phrase and len(phrase) > 2
            kind = next((kind for kind in SLOTS if known and lexicon.knows(kind, phrase)), None)
            if kind is not None:
                found.append((kind, phrase))
                place += size
                break
        else:
            place += 1
    return tuple(dict.fromkeys(found))
