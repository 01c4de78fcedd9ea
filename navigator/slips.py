"""Slips of the finger, as people who type make them: letters dropped, doubled, swapped, or hit beside."""

import re
from random import Random

_BESIDE = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w\[#$€£])[^\W\d_]{4,}(?!\w)")


def misspelt(rng: Random, text: str) -> str:
    """A text with one to three of its longer words mistyped; numbers and references stay as they are."""
    words = list(_WORD.finditer(text))
    for found in sorted(rng.sample(words, min(len(words), rng.choice((1, 1, 2, 3)))), key=lambda word: -word.start()):
        text = text[: found.start()] + slip(rng, found[0]) + text[found.end() :]
    if rng.random() < 0.15:
        spaces = [place.start() for place in re.finditer(r"(?<=[a-z]) (?=[a-z])", text)]
        if spaces:
            cut = rng.choice(spaces)
            text = text[:cut] + text[cut + 1 :]
    return text


def slip(rng: Random, word: str) -> str:
    """A word of two letters or more with one slip."""
    i = rng.randrange(1, len(word)) if rng.random() < 0.9 else 0
    kind = rng.random()
    if kind < 0.3:
        return word[:i] + word[i + 1 :]
    if kind < 0.45:
        return word[:i] + word[i] + word[i:]
    if kind < 0.8:
        i = min(i, len(word) - 2)
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word[:i] + rng.choice(_BESIDE.get(word[i].lower(), word[i])) + word[i + 1 :]
