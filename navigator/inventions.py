"""What a model wrote into an intent that nobody said: kinds that no shop knows, orders, looks that were taken back."""

import difflib
import re
from collections.abc import Sequence, Set

from navigator.families import LOOKS, taken_in
from navigator.intent import BY_SIZE, ShoppingIntent
from navigator.knowledge import singular
from navigator.lexicon import Kind, Lexicon, plain, says
from navigator.named_things import SLOTS
from navigator.plain_words import PRICED, SIZED, Said
from navigator.prompt import Exchange
from navigator.refusals import NEGATION
from navigator.size_limits import size_limits
from navigator.unheard import stems

_LIKE = 0.7
"""Least likeness of a word to one that it may be a slip of."""

ROOM = re.compile(
    r"\b(?:\w*rooms?|lounge|kitchen|hall(?:way)?|entrance|study|office|workspace|corner|nook|area|space|place"
    r"|flat|apartment|house|home|studio|balcony|terrace)\b"
)
"""Where people furnish."""


def without_inventions(
    intent: ShoppingIntent, message: str, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """An intent without what neither the message nor the catalogue knows, nor an order unasked."""
    heard = set(plain(message)) | {singular(word) for word in plain(message)}

    def known(word: str) -> bool:
        return bool(lexicon.kinds_of(word)) or set(plain(word)) <= heard

    carried = base.exclude if base is not None else ()
    limits = plainly.sizes  # no wider than 80 cm: `wider` is nothing that must not be
    refused = [word for word in intent.exclude if word in carried or not _unheard_kind(word, heard, lexicon)]
    exclude = [word for word in refused if (known(word) and not (limits and _sized(word))) or word in carried]
    if not NEGATION.search(message.casefold()):
        # Mostly the bedroom: no bed is refused by that.
        named = [word for word in exclude if lexicon.kinds_of(word) and set(plain(word)) <= heard]
        exclude = [word for word in exclude if word in carried or word in named]
    spoken_of = SIZED if intent.sort in BY_SIZE else PRICED
    sorts = bool(spoken_of.search(message.casefold())) or (base is not None and base.sort == intent.sort)
    kept: dict[str, object] = {
        slot: tuple(
            word
            for word in getattr(intent, slot)
            if not _is_invented(kind, word, message, base, lexicon)
            # A rug is no material, unless one was spoken of.
            if lexicon.resolve(kind, word)
            or (set(plain(word)) <= heard and not _is_part(kind, word, lexicon))
            or (base is not None and word in getattr(base, slot))
            or (lexicon.kinds_of(word) and not lexicon.resolve("category", word))
        )
        for kind, slot in SLOTS.items()
    }
    # A reading nook is no thing to be had, but where it is to stand, and a drawer what a thing is to have.
    places = [
        word
        for word in intent.categories
        if (ROOM.fullmatch(word.split()[-1]) or _is_seen(word, lexicon)) and not lexicon.kinds_of(word)
    ]
    places = places if len(places) < len(intent.categories) or not any(_is_seen(w, lexicon) for w in places) else []
    kept |= {
        "categories": tuple(word for word in intent.categories if known(word) and word not in places),
        "query": " ".join((*(word for word in places if word not in intent.query), intent.query)).strip()[:200],
        "exclude": tuple(exclude),
        "sort": intent.sort if sorts or intent.sort == "newest" else "relevance",
    }
    return intent.model_copy(update=kept)


def _is_invented(kind: Kind, word: str, message: str, base: ShoppingIntent | None, lexicon: Lexicon) -> bool:
    """Whether a narrow word for a look, terrazzo or cobalt, is like nothing in a message, and was not wished before."""
    if taken_in(kind, word.casefold()) or (base is not None and word in getattr(base, SLOTS[kind])):
        return False
    words = re.findall(r"[^\W_]+", message.casefold())
    if stems([word]) & stems(words) or difflib.get_close_matches(word.casefold(), words, n=1, cutoff=_LIKE):
        return False
    meant = {value for values in lexicon.kinds_of(word).values() for value in values}
    phrases = (" ".join(words[at : at + size]) for size in (1, 2) for at in range(len(words)))
    return not any(meant & set(lexicon.resolve(its, phrase)) for phrase in phrases for its in SLOTS)


def _unheard_kind(word: str, heard: Set[str], lexicon: Lexicon) -> bool:
    """Whether a word is a kind of thing alone, and nobody said it."""
    return set(lexicon.kinds_of(word)) == {"category"} and not set(plain(word)) <= heard


def _is_part(kind: Kind, word: str, lexicon: Lexicon) -> bool:
    """Whether a word is one by which the Navigator names what it sees, and no look of this kind: a drawer."""
    return _is_seen(word, lexicon) and word.casefold() not in LOOKS[kind]


def _is_seen(word: str, lexicon: Lexicon) -> bool:
    return plain(word) in {plain(name) for name in lexicon.seen}


def without_echoes(
    intent: ShoppingIntent, message: str, history: Sequence[Exchange], base: ShoppingIntent
) -> ShoppingIntent:
    """An intent without what only earlier turns had: looks that were taken back since, and, where no kind of thing was
    asked for, the kind of one that the last answer spoke of.

    Args:
        base: the last search.
    """
    told = next((exchange.answer for exchange in reversed(history) if exchange.shown), "")
    if not base.categories:
        categories = (word for word in intent.categories if says(message, word) or not says(told, word))
        intent = intent.model_copy(update={"categories": tuple(categories)})
    if intent.action != "refine":
        return intent
    earlier = [exchange.intent for exchange in history if exchange.intent is not None]
    kept: dict[str, object] = {
        slot: tuple(
            word
            for word in getattr(intent, slot)
            if word in getattr(base, slot)
            or says(message, word)
            or not any(word in getattr(before, slot) for before in earlier)
        )
        for slot in SLOTS.values()
    }
    return intent.model_copy(update=kept)


def _sized(word: str) -> bool:
    """Whether a word compares sizes or names one."""
    return bool(SIZED.search(word.casefold()) or size_limits(word.casefold())[0] or any(map(str.isdigit, word)))
