"""Of several things that are wanted together: the looks that one of them is to have, and those that stay as they are.

What one thing alone is to look like stands in its name: of a desk, a chair and a lamp, `brass lamp`.
"""

import re
from collections.abc import Mapping, Sequence

from navigator.intent import ShoppingIntent
from navigator.lexicon import Kind, Lexicon, plain
from navigator.named_things import SLOTS, Looks, named_looks
from navigator.plain_words import Said
from navigator.prompt import Shown

_WHOLE_ROOM = re.compile(
    r"\b(?:(?:an?|the|my|our|one)\s+(?:whole|entire|complete|full)|furnish(?:ing)?|(?:whole|entire))\s+"
    r"(?:(?:an?|the|my|our)\s+)?(?:(?!the\b)\w+\s+){0,2}?"
    r"(?:\w*room|lounge|kitchen|hall(?:way)?|(?:home )?office|study|flat|apartment|house|home|studio|balcony|terrace)\b"
)

_ALL_OVER = re.compile(
    r"\b(?:cover|fill|light|fit|heat)\w*\s+(?:up\s+)?(?:(?:an?|the|my|our)\s+)?(?:whole|entire|complete|full)\b"
)
"""One thing for all of it: a rug that covers the entire living room."""


def furnishes_a_room(message: str) -> bool:
    """Whether somebody looks for all that a room needs: a whole living room around 2000."""
    text = message.casefold()
    return _WHOLE_ROOM.search(text) is not None and not _ALL_OVER.search(text)


def is_set(intent: ShoppingIntent | None) -> bool:
    """Whether several things are wanted together, one of each."""
    if intent is None or len(intent.categories) < 2:
        return False
    return intent.action == "complete" or intent.budget_total is not None


def split_thing(thing: str, lexicon: Lexicon) -> tuple[str, Looks]:
    """A thing's kind, and the looks that stand before it: ("lamp", (("material", "brass"),)) of `brass lamp`."""
    words = thing.split()
    if any(plain(value) == plain(thing) for value in lexicon.values.get("category", ())):
        return thing, ()
    for place in range(1, len(words)):
        kind, looks = " ".join(words[place:]), named_looks(" ".join(words[:place]), lexicon)
        if looks and not named_looks(kind, lexicon) and lexicon.resolve("category", kind):
            return kind, looks
    return thing, ()


def with_own_looks(
    intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """A set in which the looks that were said of one thing are that thing's, and no other's.

    Args:
        base: what the message changes; its looks stay what they were.
    """
    among = is_set(base) and len(intent.categories) > 1
    if not (is_set(intent) or among):
        return intent
    own = _owners(intent, plainly, _spoken_of(intent, plainly, lexicon) if among else (), lexicon)
    if not own:
        return intent
    moved = {look for looks in own.values() for look in looks}
    words = {plain(word) for _, word in moved}
    gone = {plain(word) for _, word in (*plainly.refused, *plainly.dropped)}
    things = (_in_its_looks(thing, own.get(thing, ()), lexicon) for thing in intent.categories)
    changed: dict[str, object] = {"categories": tuple(dict.fromkeys(things))}
    for kind, slot in SLOTS.items():
        left = [word for word in getattr(intent, slot) if plain(word) not in words]
        if base is not None and kind in {kind for kind, _ in moved}:
            left = [word for word in getattr(base, slot) if plain(word) not in gone]
        changed[slot] = tuple(left)
    return ShoppingIntent(**{**intent.model_dump(), **changed})


def without_spared(
    intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None, lexicon: Lexicon
) -> ShoppingIntent:
    """A set without those of its things that a message does not want any more: `no lamp then`."""
    if base is None or not is_set(base) or not set(intent.categories) <= set(base.categories) or plainly.kinds:
        return intent
    spared = {value for kind in plainly.spared for value in lexicon.resolve("category", kind)}
    left = tuple(thing for thing in base.categories if not spared & set(lexicon.resolve("category", thing)))
    if not left or len(left) == len(base.categories):
        return intent
    exclude = tuple(word for word in intent.exclude if not spared & set(lexicon.resolve("category", word)))
    return intent.model_copy(update={"categories": left, "exclude": exclude})


def staying(
    intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None, shown: Sequence[Shown], lexicon: Lexicon
) -> tuple[Shown, ...]:
    """The items of a set on show that a change of it leaves: chair and lamp, by `a cheaper desk` or `no desk then`."""
    if base is None or not (is_set(base) and is_set(intent)):
        return ()
    spoken = _spoken_of(intent, plainly, lexicon)
    fewer = bool(plainly.spared) and len(intent.categories) < len(base.categories)
    others = {
        value.casefold()
        for thing in intent.categories
        if (spoken or fewer) and thing not in spoken
        for value in lexicon.resolve("category", thing)
    }
    return tuple(entry for entry in shown if entry.item.category and entry.item.category[-1].casefold() in others)


def _spoken_of(intent: ShoppingIntent, plainly: Said, lexicon: Lexicon) -> tuple[str, ...]:
    """The things of a set that a message names, unless it names all of them."""
    named = {value for kind in plainly.kinds for value in lexicon.resolve("category", kind)}
    spoken = tuple(thing for thing in intent.categories if named & set(lexicon.resolve("category", thing)))
    return spoken if len(spoken) < len(intent.categories) else ()


def _owners(intent: ShoppingIntent, plainly: Said, spoken: Sequence[str], lexicon: Lexicon) -> Mapping[str, Looks]:
    """Looks by thing, of those that have their own."""
    if len(spoken) == 1:
        looks = plainly.described if plainly.beside else plainly.named
        return {spoken[0]: looks} if looks else {}
    own: dict[str, Looks] = {}
    for kind, looks in plainly.own:
        values = set(lexicon.resolve("category", kind))
        thing = next((one for one in intent.categories if values & set(lexicon.resolve("category", one))), None)
        if thing is not None:
            own[thing] = looks
    return own if own or not plainly.described else dict.fromkeys(spoken, plainly.described)


def _in_its_looks(thing: str, looks: Looks, lexicon: Lexicon) -> str:
    """A thing's name with new looks before it, in place of those of their kind: a glass lamp, no brass one."""
    kind, before = split_thing(thing, lexicon)
    kinds: set[Kind] = {its for its, _ in looks}
    words = dict.fromkeys(word for its, word in (*((k, w) for k, w in before if k not in kinds), *looks))
    return " ".join((*words, kind)) if looks and len(" ".join((*words, kind))) <= 40 else thing
