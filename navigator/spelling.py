"""Words of the shop that were mistyped, put right: `gren sofa udner 900` is a green sofa under 900.

Only words that nobody would mean otherwise are changed: four letters or more, one slip away from one word that the
catalogue or a plain wish has, and no English word themselves (`near_words.json` lists those that lie that near).
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase

from navigator.families import COLORS, KINDS, MATERIALS, STYLES
from navigator.knowledge import plural, singular
from navigator.lexicon import Lexicon

_LEAST = 4
_WORD = re.compile(r"(?<![\w\[-])[^\W\d_]{4,}(?![\w-])")
_PLAIN = (
    *("under", "below", "between", "without", "nothing", "cheaper", "cheapest", "expensive", "cheap", "together"),
    *("first", "second", "third", "fourth", "fifth", "similar", "compare", "instead", "wooden", "maximum", "budget"),
)
"""Words that rules go by."""


def respelt(message: str, lexicon: Lexicon) -> str:
    """A message with the mistyped words of the shop put right; everything else as it was."""
    known = _words(lexicon)

    def put_right(found: re.Match[str]) -> str:
        word = found[0].casefold()
        if word in known or word in _near_words() or singular(word) in known:
            return found[0]
        return _meant(word, known) or found[0]

    return _WORD.sub(put_right, message)


def _meant(word: str, known: frozenset[str]) -> str | None:
    """The one word that is a slip away; letters are swapped, dropped or doubled sooner than hit beside."""
    for slips in (_swapped(word), _longer_or_shorter(word), _other_letter(word)):
        near = {slip for slip in slips if slip in known and len(slip) >= _LEAST}
        # A first letter is hardly ever wrong, but for being swapped with the second.
        near = {slip for slip in near if slip[0] in (word[0], word[1] if slip[1] == word[0] else "")}
        if len({singular(slip) for slip in near}) == 1:
            # Of sofa and sofas, the one that ends as what was typed does.
            return min(near, key=lambda slip: (slip[-1] != word[-1], len(slip)))
        if near:
            return None
    return None


def _swapped(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))


def _longer_or_shorter(word: str) -> Iterable[str]:
    for i in range(len(word) + 1):
        yield word[:i] + word[i + 1 :]
        yield from (word[:i] + letter + word[i:] for letter in ascii_lowercase)


def _other_letter(word: str) -> Iterable[str]:
    return (word[:i] + letter + word[i + 1 :] for i in range(len(word)) for letter in ascii_lowercase)


def _words(lexicon: Lexicon) -> frozenset[str]:
    """Single words of the catalogue's values and of what people call them."""
    values = [value for kind in ("category", "color", "material", "style") for value in lexicon.values.get(kind, ())]
    return _spelt(tuple(values))


@lru_cache(maxsize=8)
def _spelt(values: tuple[str, ...]) -> frozenset[str]:
    said = [*values, *COLORS, *MATERIALS, *STYLES, *KINDS]
    words = {word for text in said for word in re.findall(r"[^\W\d_]+", text.casefold()) if len(word) >= _LEAST}
    return frozenset({*words, *map(singular, words), *(plural(singular(word)) for word in words), *_PLAIN})


@lru_cache
def _near_words() -> frozenset[str]:
    return frozenset(json.loads(Path(__file__).with_name("near_words.json").read_text()))
