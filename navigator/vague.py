"""Messages that name nothing which the shop knows: what there is at all, or a kind of thing that it does not have."""

import re

from navigator import english
from navigator.families import names_a_kind
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon
from navigator.unheard import stems

_ANYTHING = re.compile(
    r"\bwhat (?:(?:kinds?|sorts?|types?) of )?(?:things?|stuff|products?|items?|furniture)?\s?"
    r"(?:do|can|have) (?:you|u|i) (?:guys )?(?:sell|have|got|carry|offer|stock|buy|find|get)"
    r"(?: here| in (?:the|your|this) shop)?\W*$"
    r"|\bwhat(?:'s| is)? (?:there|(?:in|on) (?:the|your|this) (?:shop|store|range|catalogue))\b"
    r"|^(?:just )?(?:browsing|looking around|show me (?:around|everything|anything|what you have|what you've got))\W*$"
)
_WANTED = re.compile(
    r"\b(?:need|want|looking for|look for|after|have|sell|find|show me|see|buy|get)\s"
    r"(?:me |any |some |a pair of |new |nice |good |cheap |an? )*"
    r"(?P<what>[a-z]+(?: (?!please)[a-z]+)?)\W*(?:please\W*)?$"
)
_WORD = re.compile(r"[a-z]{4,}")
_ARTICLE = re.compile(r"\b(?:an?|any|some|a pair of) (?:new |nice |good |cheap )*$")

_USUAL = 400_000
"""Count of a word in the dictionary's corpus from which on it is no particular thing: help, time, idea."""

_PARTICULAR = 200_000
"""Count from which on it says nothing in particular."""

_NO_THING = frozenset(
    {"advice", "inspiration", "information", "info", "recommendation", "suggestion", "discount", "refund", "voucher"}
    | {"sale", "bargain", "deal", "offer", "favour", "favor", "surprise", "makeover", "opinion", "tip", "answer"}
)


def asks_for_anything(message: str) -> bool:
    """Whether somebody asks what there is in this shop at all."""
    return _ANYTHING.search(message.casefold().strip()) is not None


def with_unknown_thing(intent: ShoppingIntent, message: str, lexicon: Lexicon) -> ShoppingIntent:
    """A search for nothing that was read, as one for the thing that its short message names: `I need curtains`.

    What the catalogue, or the model's own words, speak of is left to be ranked by.
    """
    named = (intent.categories, intent.colors, intent.materials, intent.styles, intent.item_refs)
    if intent.action != "search" or any(named) or lexicon.heard is None:
        return intent
    found = _WANTED.search(message.casefold().strip())
    if found is None:
        return intent
    what = found["what"]
    last = what.split()[-1]
    thing = singular(last)
    counted = thing != last or _ARTICLE.search(message.casefold()[: found.start("what")])
    if not counted or thing in _NO_THING or not names_a_kind(what) or not 0 < english.count(thing) < _USUAL:
        return intent
    if stems([what]) & lexicon.heard or any(lexicon.kinds_of(word) for word in (what, *what.split())):
        return intent
    return intent.model_copy(update={"categories": (" ".join((*what.split()[:-1], thing)),), "query": ""})


def with_lost_words(intent: ShoppingIntent, message: str) -> ShoppingIntent:
    """A search that names no kind of thing, with the words of its message that say something in particular.

    Of `something for my plants on the balcony`, a model that has no word for it may have kept the balcony alone.
    """
    if intent.action != "search" or intent.categories or not intent.query:
        return intent
    slots = (*intent.colors, *intent.materials, *intent.styles, *intent.exclude, intent.query)
    told = {singular(word) for slot in slots for word in _WORD.findall(slot.casefold())}
    words = dict.fromkeys(_WORD.findall(message.casefold()))
    lost = [word for word in words if singular(word) not in told and 0 < english.count(word) < _PARTICULAR]
    return intent.model_copy(update={"query": " ".join((intent.query, *lost))[:200]}) if lost else intent
