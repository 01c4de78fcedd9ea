"""How people say what they want: many ways, half sentences, small talk, slang and slips of the finger.

Everything here draws from a random generator, so that a seed makes the same conversations again.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from navigator.knowledge import article, plural
from navigator.slips import misspelt


def need(rng: Random, noun: str, details: str) -> str:
    """Ask for a thing: `noun` with its adjectives, then what else it should have."""
    pattern = rng.choice(wordings("wants_one") if rng.random() < 0.7 else wordings("wants_many"))
    tail = f" {details}" if details else ""
    words = {"one": article(noun) + tail, "bare": noun + tail, "many": plural(noun) + tail}
    return pattern.format(**words)


def uses(kind: str) -> list[str]:
    """A kind of thing by what it is for: something to sit on, a seat for the corner; [] where nothing is known."""
    return _file()["uses"].get(kind, [])


def is_liked(kind: str) -> bool:
    """Whether it is known what somebody likes who would like such a thing."""
    return kind in _file()["fond"]


def gift(rng: Random, kind: str) -> str:
    """Ask for a present for somebody who would like such a thing, which is not named: he loves coffee."""
    she, her = rng.choice((("she", "her"), ("he", "his")))
    likes = rng.choice(_file()["fond"][kind]).format(s=she, h=her)
    said = [rng.choice(wordings("gift")).format(p=rng.choice(_file()["people"][she])), likes]
    return rng.choice((", ", ". ", ", ")).join(said if rng.random() < 0.8 else said[::-1])


def rooms() -> dict[str, list[str]]:
    """Rooms, and the kinds of things that furnish one, the most necessary first."""
    return _file()["rooms"]


def asked_by_other_names(name: str) -> list[str]:
    """Ways of asking for a property without naming it: what is it made of; [] where nothing is known."""
    return _file().get(f"what_{name}", [])


def need_for(rng: Random, use: str, looks: Sequence[str], extras: Sequence[str]) -> str:
    """Ask for a thing by its use, then how it should look and what it should have."""
    pattern = rng.choice([wanted for wanted in wordings("wants_one") if "{one}" in wanted])
    details = f"{rng.choice((' in ', ', '))}{' and '.join(looks)}" if looks else ""
    details += "".join(f" with {extra}" for extra in extras)
    return pattern.format(one=use + details)


def narrower(rng: Random, kind: str) -> str:
    """Say of which kind the things that are looked for should be: by its name, or by its use."""
    pattern = rng.choice(wordings("narrower"))
    named = uses(kind) if rng.random() < 0.4 else []
    return pattern.format(one=rng.choice(named or [article(kind)]), many=plural(kind))


def together(rng: Random, *pieces: str) -> str:
    """Put the pieces of a message together, with a greeting and a reason now and then."""
    reason = rng.choice(wordings("reasons"))
    said = [piece for piece in (*pieces, reason) if piece]
    head, rest = said[0], said[1:]
    rng.shuffle(rest)
    text = head
    for piece in rest:
        joint = rng.choice((", ", ", ", " ", ". ", " - "))
        text = text.rstrip("?") + joint + piece + ("?" if text.endswith("?") else "")
    return rng.choice(wordings("greetings")) + text


def noun_phrase(rng: Random, kind: str, adjectives: Sequence[str], extras: Sequence[str]) -> tuple[str, str]:
    """A thing and its properties in one of the orders in which people put them: (noun, details)."""
    adjectives = list(adjectives)
    rng.shuffle(adjectives)
    if adjectives and rng.random() < 0.3:
        late = adjectives.pop()
        details = rng.choice((f"in {late}", f", {late}", f"that is {late}", f"({late})"))
    else:
        details = ""
    for extra in extras:
        details += rng.choice((f" with {extra}", f", {extra}", f" and {extra}" if details else f" with {extra}"))
    return " ".join([*adjectives, kind]), details.strip()


def reference(rng: Random, number: int, count: int, name: str | None = None, look: str | None = None) -> str:
    """Point at item `number` of `count` on show: by place, by name, or by a look that only it has."""
    ways = [
        f"the {wordings('ordinals')[number - 1]} one" if number <= 8 else f"number {number}",
        f"number {number}",
        f"[{number}]",
    ]
    ways += [f"no. {number}", f"#{number}", f"option {number}", f"the {wordings('ordinals')[min(number, 8) - 1]}"]
    if number == count and count > 1:
        ways += ["the last one", "the last"]
    if count == 1:
        ways += ["it", "this", "this one", "that one"] * 2
    if name:
        ways += [name, f"the {name}"]
    if look:
        ways += [f"the {look} one"] * 3
    return rng.choice(ways)


def amount(rng: Random, value: float) -> str:
    """A sum as people type it."""
    number = f"{value:.0f}"
    grouped = f"{value:,.0f}"
    return rng.choice(
        (
            f"${number}",
            f"${number}",
            number,
            f"{number} dollars",
            f"{number} bucks",
            f"${grouped}",
            f"{number}$",
            f"€{number}",
            f"{number} euros",
            f"{number}€",
            f"{number} eur",
            f"£{number}",
            f"{value / 1000:g}k" if value >= 1000 else f"{number} quid",
            in_words(rng, round(value)),
        )
    )


_ONES = (
    *("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(rng: Random, number: int) -> str:
    """A whole number from 1 to 9,999 as people say prices: a hundred and fifty, two fifty, fifteen hundred."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return f"{_TENS[number // 10]}{'-' if number % 10 else ''}{_ONES[number % 10]}"
    hundreds, rest = divmod(number, 100)
    if rest == 0 and (hundreds < 10 or (hundreds < 20 and rng.random() < 0.5 and hundreds % 10)):
        return f"{'a' if hundreds == 1 else _ONES[hundreds]} hundred"
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = f"{'a' if thousands == 1 and not rest else _ONES[thousands]} thousand"
        return f"{head} {in_words(rng, rest)}" if rest else head
    if rest >= 20 and rng.random() < 0.4:
        return f"{_ONES[hundreds]} {in_words(rng, rest)}"
    return f"{_ONES[hundreds]} hundred {rng.choice(('', 'and '))}{in_words(rng, rest)}"


def cap(rng: Random, value: float) -> str:
    return rng.choice(wordings("caps")).format(m=amount(rng, value))


def floor(rng: Random, value: float) -> str:
    return rng.choice(wordings("floors")).format(m=amount(rng, value))


def price_range(rng: Random, low: float, high: float) -> str:
    return rng.choice(wordings("ranges")).format(a=amount(rng, low), b=amount(rng, high))


def total(rng: Random, value: float) -> str:
    return rng.choice(wordings("totals")).format(m=amount(rng, value))


def without(rng: Random, word: str) -> str:
    return rng.choice(wordings("not")).format(x=word)


def say(rng: Random, kind: str, **words: str) -> str:
    """One of the ways to say a simple thing; `kind` names the list in phrases.json."""
    return rng.choice(wordings(kind)).format(**words)


def roughen(rng: Random, text: str) -> str:
    """Type it as people do: no capitals, no full stops, slang, and a third of the time with slips of the finger."""
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.35:
        text = text.lower()
    if rng.random() < 0.3:
        text = text.rstrip("?.! ")
    if rng.random() < 0.2:
        for formal, short in _slang().items():
            if rng.random() < 0.5:
                text = text.replace(formal, short)
    if rng.random() < 0.35:
        text = misspelt(rng, text)
    if rng.random() < 0.05:
        text += rng.choice(("!!", " :)", "...", " ??", " haha"))
    return text


def wordings(kind: str) -> list[str]:
    """The wordings of one kind; a wording that is listed twice is twice as frequent."""
    return _file()[kind]


def _slang() -> dict[str, str]:
    return _file()["slang"]


@lru_cache
def _file() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("phrases.json").read_text())
