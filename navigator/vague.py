"""Messages that name nothing which the shop knows: what there is at all, or a kind of thing that it does not have."""

import re
from functools import lru_cache

from navigator import english, phrasing
from navigator.families import names_a_kind
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon, says
from navigator.plain_words import Said
from navigator.unheard import stems

_ANYTHING = re.compile(
    r"\bwhat (?:(?:kinds?|sorts?|types?) of )?(?:things?|stuff|products?|items?|furniture)?\s?"
    r"(?:do|can|have) (?:you|u|i) (?:guys )?(?:sell|have|got|carry|offer|stock|buy|find|get)"
    r"(?: here| in (?:the|your|this) shop)?\W*$"
    r"|\bwhat(?:'s| is)? (?:there|(?:in|on) (?:the|your|this) (?:shop|store|range|catalogue))\b"
    r"|^(?:just )?(?:browsing|looking around|show me (?:around|everything|anything|what you have|what you've got))\W*$"
    r"|^(?:hi,? |hello,? )?i (?:really )?(?:don'?t|do not) (?:really )?know (?:yet )?what"
    r" (?:i (?:want|need)|to (?:get|buy))\W*$"
    r"|^(?:surprise|inspire) me\W*$"
    r"|^(?:so |and )?(?:what(?:'s| is|s)|anything|show me what(?:'s| is)|what sells) (?:\w+ )?"
    r"(?:popular|trending|hot|bestselling|best)(?: (?:right now|now|at the moment|these days|here|with you))*\W*$"
    r"|^(?:best ?sellers?|popular items)\W*$"
)
_WHAT = r"(?P<what>[a-z]+(?: [a-z]+)??)"
_ENDS = (
    r"(?=\s*(?:$|[.,;:!?]|\b(?:under|below|for|max|around|about|up to|in|that|which|with|please|and|here|somewhere)\b))"
)
_WANTED = (
    re.compile(
        r"\b(?:(?:i|we) (?:really |also )?(?:need|want)|looking for|look for|find me|show me|got|sell|stock"
        r"|you (?:guys )?(?:have|got|carry)|can i (?:find|get|buy)|(?:what|how) about)\s"
        rf"(?:me |any |some |a pair of |new |nice |good |cheap |an? |your )*{_WHAT}{_ENDS}"
    ),
    re.compile(
        rf"^(?:and |so |ok )?what (?:kinds? of |sorts? of )?{_WHAT} (?:do|have) you (?:have|got|sell|stock|carry)\b"
    ),
)
_MORE = re.compile(
    r"^(?:(?:and|ok|so|can|could|you|please|i|we|me|see|show|give|are|is|there|do|have|got|any|some|what|let's|the"
    r"|something|anything) )*"
    r"(?:more|others?|other ones|else|next(?: page| ones)?)"
    r"(?: (?:of (?:them|these|those)|ones?|options?|is there|are there|do you have|have you got|you got|please))*\W*$"
)
_NONE_OF_THEM = re.compile(
    r"^(?:(?:hm+|no|sorry|well|but|and|,) ?)*"
    r"(?:i (?:do not|don'?t) (?:really )?(?:like|love|want) (?:any|either) of (?:these|them|those)"
    r"|none of (?:these|them|those)|not (?:any of )?(?:these|those)"
    r"|(?:they(?:'re| are) |these are |those are |all )?(?:too |a bit |so |rather )*(?:boring|plain|meh))"
    r"(?: please| really)?\W*$"
)
"""Then the next ones may do."""
_FOR_A_ROOM = re.compile(
    r"^(?:(?:it'?s|maybe|perhaps|mainly|mostly|and|ok|that'?s|something) )*(?:for|in) (?:the|my|our|an?) "
    r"(?P<room>(?:\w+ )?(?:\w*room|lounge|kitchen|hall(?:way)?|office|study|balcony|terrace|nursery))(?: please)?\W*$"
)
_PRESENT = re.compile(
    r"(?:\bi (?:need|want)|\bi(?:'m| am) looking for)?\s?"
    r"\b(?:(?:the|an?|some|best|nice|good|great|perfect|ideal|small|little) )*(?:gift|present)s?(?: ideas?)?"
    r" for (?:(?:an?|my|our|the) )?\w+(?: \w+)?[,.;:]?"
    r" (?:who|that|s?he|they) (?:(?:really|just|also|is|are) )*"
    r"(?:loves?|likes?|enjoys?|adores?|collects?|into|crazy about|fond of) ",
    re.IGNORECASE,
)
_LIKES = re.compile(
    r"^(?:and |well |so |hmm,? )?(?:s?he|they|my \w+|it's for (?:someone|somebody|a \w+) who)(?:'s| is| are)?"
    r" (?:really |just |also |very )*(?:loves?|likes?|enjoys?|adores?|collects?|into|crazy about|fond of) (?P<what>.+)$"
)
_WORD = re.compile(r"[a-z]{4,}")
_ARTICLE = re.compile(r"\b(?:an?|any|some|a pair of) (?:new |nice |good |cheap )*$")
_OTHERWISE_MEANT = ("service", "ordering", "off_topic", "self", "trimmings", "openers")
"""Ways of saying, in phrases.json, what is no search for a thing: the words in them are none."""

_USUAL = 400_000
"""Count of a word in the dictionary's corpus from which on it is no particular thing: help, time, idea."""

_PARTICULAR = 200_000
"""Count from which on it says nothing in particular."""

_NO_WISH = frozenset({"euro", "dollar", "pound", "buck", "quid", "turning", "turn", "birthday", "anniversary"})
"""Words of a wish that say what it may cost and on what occasion."""

_NO_THING = frozenset(
    {"advice", "inspiration", "information", "info", "recommendation", "suggestion", "discount", "refund", "voucher"}
    | {"sale", "bargain", "deal", "offer", "favour", "favor", "surprise", "makeover", "opinion", "tip", "answer"}
    | {"policy", "account", "question", "problem", "job", "hour", "budget", "change", "look", "way", "place", "plan"}
    | {"size", "colour", "color", "kind", "brand", "version", "price", "style", "type", "shape", "shade", "alternative"}
)


def asks_for_anything(message: str) -> bool:
    """Whether somebody asks what there is in this shop at all."""
    return _ANYTHING.search(message.casefold().strip()) is not None


def with_unknown_thing(intent: ShoppingIntent, message: str, plainly: Said, lexicon: Lexicon) -> ShoppingIntent:
    """A search for the thing that a message asks for by a name that nothing here knows: I need curtains.

    So that it can be said not to be there. A small model takes what it never heard of for small talk, for a question,
    or for something that sounds like it. What the catalogue, or the model's own words, speak of is left as it was read.

    Args:
        plainly: what the message plainly says.
    """
    known = plainly.kinds or plainly.refs or any(says(message, word) for word in intent.categories)
    if intent.action not in ("search", "refine", "chat", "ask") or known or lexicon.heard is None:
        return intent
    thing = _unknown_thing(message, lexicon)
    if thing is None:
        return intent
    heard: dict[str, object] = {
        slot: tuple(word for word in getattr(intent, slot) if says(message, word))
        for slot in ("colors", "materials", "styles")
    }
    return intent.model_copy(
        update={**heard, "action": "search", "categories": (thing,), "query": "", "item_refs": (), "sort": "relevance"}
    )


def _unknown_thing(message: str, lexicon: Lexicon) -> str | None:
    """The thing that a message asks for, singular, where neither the catalogue nor the model's words speak of it."""
    text = message.casefold().strip()
    found = next(filter(None, (wanted.search(text) for wanted in _WANTED)), None)
    if found is None:
        return None
    *before, last = found["what"].split()
    thing = singular(last)
    counted = thing != last or _ARTICLE.search(text[: found.start("what")])
    if not counted or thing in _NO_THING or not names_a_kind(thing) or not 0 < english.count(thing) < _USUAL:
        return None
    some = stems([thing])
    if some & (lexicon.heard or frozenset()) or some & _no_things():
        return None
    if lexicon.kinds_of(found["what"]) or lexicon.kinds_of(thing):
        return None
    return " ".join((*before, thing))


@lru_cache
def _no_things() -> frozenset[str]:
    return stems(
        word
        for name in _OTHERWISE_MEANT
        for wording in phrasing.wordings(name)
        for word in wording.split()
        if english.count(word.strip(".,?!").casefold()) < _USUAL
    )


def asks_for_more(message: str) -> bool:
    """Whether somebody wants to see more of what was found: show me others, what else do you have, none of these."""
    text = message.casefold().replace("\u2019", "'").strip()
    return _MORE.search(text) is not None or _NONE_OF_THEM.search(text) is not None


def with_lost_words(intent: ShoppingIntent, message: str) -> ShoppingIntent:
    """A search that names no kind of thing, with the words of its message that say something in particular.

    Of `something for my plants on the balcony`, a model that has no word for it may have kept the balcony alone.
    """
    if intent.action != "search" or intent.categories or not intent.query:
        return intent
    slots = (*intent.colors, *intent.materials, *intent.styles, *intent.exclude, intent.query)
    told = {singular(word) for slot in slots for word in _WORD.findall(slot.casefold())}
    words = dict.fromkeys(_WORD.findall(message.casefold()))
    lost = [word for word in words if singular(word) not in told | _NO_WISH and 0 < english.count(word) < _PARTICULAR]
    return intent.model_copy(update={"query": " ".join((intent.query, *lost))[:200]}) if lost else intent


def room_alone(message: str) -> str | None:
    """The room that a message names, and nothing but it: for the bedroom."""
    found = _FOR_A_ROOM.search(message.casefold().strip())
    return found["room"] if found else None


def liking(message: str, base: ShoppingIntent | None) -> ShoppingIntent | None:
    """A search for a gift that names no kind of thing, with what it is said that somebody likes as its words."""
    found = _LIKES.search(message.casefold().strip().rstrip(".!"))
    if base is None or found is None or base.categories or base.action not in ("search", "refine"):
        return None
    return base.model_copy(update={"action": "refine", "query": found["what"][:200], "page": 0})


def without_present(intent: ShoppingIntent) -> ShoppingIntent:
    """A search with what somebody likes as its words, without those that say who: a gift for a friend who loves tea."""
    liked = _PRESENT.sub("", intent.query).strip()
    return intent.model_copy(update={"query": liked}) if liked and liked != intent.query else intent
