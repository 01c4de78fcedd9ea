"""Sums in words, as digits: under a hundred, two fifty, fifteen hundred, 1.5k."""

import re

UP_TO_TWELVE = "one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_BY_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: number for number, word in enumerate(f"{UP_TO_TWELVE} {_TEENS}".split(), 1)}
_TENS = {word: number * 10 for number, word in enumerate(_BY_TENS.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000}
_WORD = "|".join((*_ONES, *_TENS, *_SCALES))
_SUM = re.compile(rf"\b(?:an?\s+(?=hundred|thousand|grand))?(?:{_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_WORD}))*\b")
_THOUSANDS = re.compile(r"\b(\d+(?:[.,]\d)?)\s?k\b")


def in_digits(text: str) -> str:
    """A text in lower case with its sums in digits. Small numbers stay words: two chairs are no sum."""
    text = _THOUSANDS.sub(lambda found: f"{float(found[1].replace(',', '.')) * 1000:.0f}", text)
    return _SUM.sub(lambda found: str(_value(found[0])) if _value(found[0]) >= 20 else found[0], text)


def _value(said: str) -> int:
    total = current = last = 0
    for word in re.findall(r"[a-z]+", said):
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] == 1000:
                total, current = total + current, 0
        elif word in _TENS and 0 < last < 10:
            current = current * 100 + _TENS[word]  # two fifty
        elif word in _ONES or word in _TENS:
            current += _ONES.get(word, 0) + _TENS.get(word, 0)
        last = _ONES.get(word, 0)
    return total + current
