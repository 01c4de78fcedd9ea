"""Words for what only pictures show, such as `round` and `with drawers`: no filter has them, so they are ranked by."""

import re

from navigator import english
from navigator.intent import ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Lexicon
from navigator.plain_words import Said
from navigator.refusals import DROPPED, NEGATION, in_plain_terms, refused_words
from navigator.size_limits import size_limits
from navigator.unheard import stems

_EVERYDAY = 200_000
"""Count of a word in the dictionary's corpus from which on it says nothing of a picture: back, open, top."""

_PROPERTIES = frozenset(["style", "color", "material", "silhouette", "finish", "pattern", "height", "base"])
"""Of the vocabulary, those that name what is told of an item, and not how it is."""

_ENDS_OF_PRICES = frozenset(["low", "high"])

_LONGEST = 8
"""Words of a message that has no room for what is not wished for; in a longer one, a flat is where somebody lives."""

_FILLERS = frozenset(
    ["any", "some", "with", "and", "or", "in", "the", "please", "maybe", "perhaps", "rather", "more", "one", "ones"]
).union(["something", "anything"])
_MOST_ALONE = 2

_WORD = re.compile(r"[^\W\d_]{3,}(?:-[^\W\d_]+)*")


def with_seen_words(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """An intent whose query has the words of a short message by which the Navigator names what it sees.

    So has it those of the search that it changes, as long as that is about the same kind of thing. They rule nothing
    out. Where something is refused, or somebody's own things are spoken of, all is left as it was read.

    Args:
        plainly: what the message plainly says.
        base: the search that the intent changes; None if it is another one.
    """
    text = size_limits(message.casefold())[1]  # no deeper than 60 cm refuses nothing that is seen
    aside = plainly.beside or NEGATION.search(text) or DROPPED.search(text)
    if not lexicon.seen or aside or plainly.words > _LONGEST:
        return intent
    slots = (*intent.categories, *intent.colors, *intent.materials, *intent.styles, *intent.exclude, intent.query)
    told = {singular(word) for slot in slots for word in _WORD.findall(slot.casefold())}
    names = {name.casefold() for name in lexicon.seen} - _PROPERTIES
    names -= _ENDS_OF_PRICES if plainly.sort in ("price_low", "price_high") else frozenset()
    same = base is not None and base.categories == intent.categories
    said = dict.fromkeys(_WORD.findall(f"{base.query.casefold() if base is not None and same else ''} {text}"))
    missing = [
        word
        for word in said
        if {word, singular(word)} & names and singular(word) not in told and english.count(word) < _EVERYDAY
        if not lexicon.kinds_of(word)
    ]
    return intent.model_copy(update={"query": " ".join((*missing, intent.query)).strip()[:200]}) if missing else intent


def without_refused_sights(intent: ShoppingIntent, message: str, lexicon: Lexicon) -> ShoppingIntent:
    """An intent that looks for nothing that a message refuses and only pictures show: a mirror that isn't round."""
    names = {stems([name]) for name in {name.casefold() for name in lexicon.seen} - _PROPERTIES}
    words = refused_words(in_plain_terms(message.casefold(), lexicon))
    gone = {stems([word]): word for word in words if stems([word]) in names and not lexicon.kinds_of(word)}
    if not gone:
        return intent
    left = " ".join(word for word in intent.query.split() if stems([word]) not in gone)
    exclude = dict.fromkeys((*intent.exclude, *gone.values()))
    return intent.model_copy(update={"query": left, "exclude": tuple(exclude)[:6]})


def seen_alone(message: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The Navigator's own words for what a short message names, and nothing else: `stripes?` is striped; else ()."""
    text = message.casefold()
    words = [word for word in _WORD.findall(text) if word not in _FILLERS]
    if not 0 < len(words) <= _MOST_ALONE or NEGATION.search(text):
        return ()
    names = {name.casefold() for name in lexicon.seen} - _PROPERTIES
    by_stems = {stems([name]): name for name in sorted(names, reverse=True)}
    parts = {part for name in names for part in stems([name])}
    told = [by_stems.get(stems([word])) or (word if stems([word]) <= parts else None) for word in words]
    return tuple(word for word in told if word is not None) if None not in told else ()
