"""Words of the shop that were mistyped, put right: `gren sofa udner 900` is a green sofa under 900.

Only words that nobody would mean otherwise are changed: no English words themselves, and one slip away from one word
that the catalogue or a plain wish has. What people leave out when they type is put back: `hw much`, `sidetable`, `5oo`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import ascii_lowercase

from navigator import english
from navigator.families import COLORS, KINDS, MATERIALS, STYLES
from navigator.knowledge import plural, singular
from navigator.lexicon import Lexicon

_LEAST = 3
_WORD = re.compile(r"(?<![\w\[-])[^\W\d_]{3,}(?![\w-])")

_USUAL = 300
"""Least count of an English word in the dictionary's corpus of films' subtitles; `oka` and `dinning` lie below."""

_PLAIN = (
    *("under", "below", "between", "without", "nothing", "cheaper", "cheapest", "expensive", "cheap", "together"),
    *("first", "second", "third", "fourth", "fifth", "similar", "compare", "instead", "wooden", "maximum", "budget"),
    *("what", "which", "where", "when", "how", "much", "many", "with", "goes", "more", "less", "than", "like", "only"),
    *("either", "neither", "tell", "about", "price", "heavy", "tall", "wide", "deep", "large", "small", "beside"),
    *("the", "guess", "pricey", "pricy", "poss", "made"),
    *("these", "those", "them", "hundred", "thousand", "show", "need", "want", "looking", "something", "anything"),
    *("match", "matching", "same", "style", "brand", "please", "thanks", "ones", "another", "other", "different"),
)
"""Words by which people ask for things, and that rules go by."""

_HASTY = {
    "hw": "how", "w/": "with", "w": "with", "wit": "with", "wat": "what", "bout": "about", "n": "and", "lite": "light",
}  # fmt: skip
"""What is left of words that are typed in haste; in capitals they are names."""
_HASTY_WORD = re.compile(rf"(?<![\w'\[/-])(?:{'|'.join(_HASTY)})(?![\w'/-])")
_NOUGHTS = re.compile(r"(?<=\d)[oO]+(?![\w])")
_FOR = re.compile(
    r"(?<=[a-z] )4(?= (?:the|my|our|an?|this|that|these|those|it|him|her|them|mum|mom|dad|[1-8](?:st|nd|rd|th))\b)",
    re.IGNORECASE,
)
_FOUR = re.compile(r"([^\W\d_]+) 4(?= [^\W\d_])")


def respelt(message: str, lexicon: Lexicon) -> str:
    """A message with the mistyped words of the shop put right; everything else as it was."""
    known = _words(lexicon)

    def put_right(found: re.Match[str]) -> str:
        word = found[0].casefold()
        if word in known:
            return known[word] if " " in known[word] else found[0]
        if is_usual(word) or singular(word) in known:
            return found[0]
        return _meant(word, known) or found[0]

    message = _NOUGHTS.sub(lambda found: "0" * len(found[0]), message)
    message = _HASTY_WORD.sub(lambda found: _HASTY[found[0]], message)
    message = _WORD.sub(put_right, message)
    # `Cushions 4 grey sofas` are for them; `need 4 chairs` are four.
    message = _FOUR.sub(lambda found: f"{found[1]} for" if lexicon.knows("category", found[1]) else found[0], message)
    return _FOR.sub("for", message)


def is_usual(words: str) -> bool:
    """Whether all of these words are usual in English."""
    return all(english.count(word) >= _USUAL for word in words.casefold().split())


def _meant(word: str, known: Mapping[str, str]) -> str | None:
    """The one word that is a slip away; letters are swapped, dropped or doubled sooner than hit beside.

    Three letters are little to go by: they are swapped, or one was dropped.
    """
    ways = (_swapped(word), _longer_or_shorter(word), _other_letter(word))
    for slips in ways if len(word) > _LEAST else (_swapped(word), _longer(word)):
        near = {slip for slip in slips if slip in known}
        # A first letter is hardly ever wrong, but for being swapped with the second.
        near = {slip for slip in near if slip[0] in (word[0], word[1] if slip[1] == word[0] else "")}
        near = {slip for slip in near if len(slip) > _LEAST or len(word) == _LEAST}
        near = {slip for slip in near if slip not in _PLAIN} or near  # walnut, rather than what is wanted
        if len({singular(slip) for slip in near}) == 1:
            # Of sofa and sofas, the one that ends as what was typed does.
            return known[min(near, key=lambda slip: (slip[-1] != word[-1], len(slip)))]
        if near:
            return None
    return None


def _swapped(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))


def _longer(word: str) -> Iterable[str]:
    return (word[:i] + letter + word[i:] for i in range(len(word) + 1) for letter in ascii_lowercase)


def _longer_or_shorter(word: str) -> Iterable[str]:
    yield from (word[:i] + word[i + 1 :] for i in range(len(word)))
    yield from _longer(word)


def _other_letter(word: str) -> Iterable[str]:
    return (word[:i] + letter + word[i + 1 :] for i in range(len(word)) for letter in ascii_lowercase)


def _words(lexicon: Lexicon) -> Mapping[str, str]:
    """Single words of the catalogue's values and of what people call them, and kinds of two words run together."""
    values = [value for kind in ("color", "material", "style") for value in lexicon.values.get(kind, ())]
    return _spelt(tuple(values), lexicon.values.get("category", ()), lexicon.values.get("brand", ()))


@lru_cache(maxsize=8)
def _spelt(looks: tuple[str, ...], kinds: tuple[str, ...], brands: tuple[str, ...]) -> Mapping[str, str]:
    """By how a word may be written, how it is: itself, but for `sidetable`."""
    names = {name.casefold() for name in (*kinds, *KINDS)}
    said = [*looks, *names, *COLORS, *MATERIALS, *STYLES]
    words = {word for text in said for word in re.findall(r"[^\W\d_]+", text.casefold()) if len(word) >= _LEAST}
    words |= {*map(singular, words), *(plural(singular(word)) for word in words), *_PLAIN}
    words |= {word for brand in brands for word in re.findall(r"[^\W\d_]{3,}", brand.casefold())}
    paired = {name for name in names if re.fullmatch(r"[a-z]+ [a-z]+", name)}
    paired |= {singular(name) for name in paired}
    joined = {name.replace(" ", ""): name for name in paired}
    return {word: name for word, name in joined.items() if word not in words} | {word: word for word in words}
