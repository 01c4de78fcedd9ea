"""Looks of a part: the black of `a desk with black legs` is the legs', and no colour of the desk.

A model puts such a look among the colours or materials, which are conditions of the whole. Where read-outs tell the
look of that part (`navigator.sight`), it is ranked by instead, and so are other looks that pictures alone show.
"""

import re
from collections.abc import Iterator, Sequence

from navigator import english
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon, plain, says
from navigator.plain_words import Said
from navigator.refusals import NEGATION, in_plain_terms, taken_out
from navigator.sight import Sight

_EVERYDAY = 200_000
"""Count of a word in the dictionary's corpus from which on it says nothing of a picture: back, open, top."""

_LONGEST = 8
"""Words of a message in which a single word is a look; in a longer one, a flat is where somebody lives."""

_LAMPS = re.compile(r"lamp|light|lantern|pendant|chandelier|sconce")
_OWNER = re.compile(r"\b(?:my|our|his|her|their)\b")
_SLOTS = ("colors", "materials")
_MOST = 6
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_MADE_OF = ("in", "of", "made of", "made from", "made out of")
_BETWEEN = ("and", "or")


def with_part_looks(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """An intent in which looks of parts, and others that only pictures show, are words to rank by.

    Args:
        plainly: what the message plainly says.
        base: the search that the intent changes, whose own colours stay; None if it is another one.
    """
    sight = lexicon.sight
    if sight is None or len(intent.categories) > 1 or _OWNER.search(message.casefold()):
        return intent
    whole = in_plain_terms(message.casefold(), lexicon)
    text = taken_out(NEGATION, whole, lexicon)[2]
    words = _TOKEN.findall(text)
    lamps = bool(_LAMPS.search(text))  # a sofa in a green shade has none
    found = [one for one in _of_parts(words, sight) if lamps or one[1] != "shade"]
    phrases = list(dict.fromkeys(f"{look} {part}" for look, part, _ in found))
    spoken_of = _of_parts(_TOKEN.findall(whole), sight)
    refused = {f"{look} {part}" for look, part, _ in spoken_of if lamps or part != "shade"} - {*phrases}
    short = not plainly.beside and plainly.words <= _LONGEST
    more = [look for look in sight.looks_in(text) if short and (lamps or not look.endswith("shade"))]
    places = {place for _, _, places in found for place in places}
    elsewhere = " ".join(word for place, word in enumerate(words) if place not in places)
    for look in more:
        elsewhere = elsewhere.replace(look, " ") if " " in look else elsewhere
    heads = {plain(look) for look, _, _ in found} | {plain(look.rpartition(" ")[0]) for look in more if " " in look}

    def of_whole(slot: str, word: str) -> bool:
        return plain(word) not in heads or says(elsewhere, word) or (base is not None and word in getattr(base, slot))

    kept: dict[str, object] = {
        slot: tuple(word for word in getattr(intent, slot) if of_whole(slot, word)) for slot in _SLOTS
    }
    if refused:
        own = {word for phrase in refused for word in phrase.split()}
        others = [word for word in intent.exclude if not set(word.split()) <= own]
        kept["exclude"] = (*others, *sorted(refused))[:_MOST]
    slots = (*intent.categories, *intent.styles, *kept["colors"], *kept["materials"], intent.query, *phrases)  # type: ignore[misc]
    phrases += [look for look in more if _is_new(look, slots, lexicon)]
    gone = {singular(word) for phrase in phrases for word in phrase.split()}
    rest = (word for word in intent.query.split() if singular(word.casefold()) not in gone)
    return intent.model_copy(update={**kept, "query": " ".join((*phrases, *rest)).strip()[:200]})


def _of_parts(words: Sequence[str], sight: Sight) -> Iterator[tuple[str, str, range]]:
    """Looks of parts that read-outs tell, each with its part and the places of both: black legs, legs made of oak."""
    for place, word in enumerate(words):
        part = next((name for name in sight.parts if singular(name) == singular(word)), None)
        if part is None:
            continue
        start = place
        while size := next((n for n in (2, 1) if _tells(sight, words[max(0, start - n) : start], part)), 0):
            yield " ".join(words[start - size : start]), part, range(start - size, place + 1)
            start -= size
            start -= start > 0 and words[start - 1] in _BETWEEN
        for joint in _MADE_OF:
            after = place + 1 + len(joint.split())
            if " ".join(words[place + 1 : after]) != joint:
                continue
            if size := next((n for n in (2, 1) if _tells(sight, words[after : after + n], part)), 0):
                yield " ".join(words[after : after + size]), part, range(place, after + size)


def _tells(sight: Sight, words: Sequence[str], part: str) -> bool:
    """Whether words are a colour or a material of a part that read-outs tell."""
    names = sight.properties(" ".join((*words, part))) if words else frozenset()
    return bool(names) and names <= {f"{part} color", f"{part} material"}


def _is_new(look: str, slots: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether a look is said nowhere in an intent yet, and can be nothing else."""
    if any(says(slot, look) for slot in slots):
        return False
    return " " in look or (english.count(look) < _EVERYDAY and not lexicon.kinds_of(look))
