"""Items on show that a person would rather not have: not the second one, I don't like the rug, another lamp."""

import re
from collections.abc import Sequence

from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.named_things import named_things
from navigator.plain_words import Said
from navigator.prompt import Shown
from navigator.set_parts import is_set

_DISLIKES = re.compile(
    r"\b(?:(?:do|does)(?:n't| not) (?:really |much |quite )?(?:like|love)|dont (?:really )?like|hates?|dislikes?"
    r"|not (?:really )?(?:a fan of|keen on|into|fond of|crazy about|sure about)|(?:swap|change|exchange|replace|switch)"
    r"|another(?! (?:question|thing|topic|day|time)\b)|a different|some other|^not)\s+(?P<what>.*)"
)
_SOMETHING_ELSE = re.compile(
    r"\bwould(?:n't| not)|\bmind\b|\bi have\b|\bbut\b|\btell me\b|\b(?:what|which|how|why)\b"
    r"|\bchange (?:the |its |their )?(?!(?:first|second|third|fourth|fifth|last)\b)\w+ (?:of|on|in)\b"
    r"|^(?:is|are) (?!(?:there|it possible)\b)|[,;.!?] (?:is|are|does|do|has|can) "
)
"""What else it may be: a polite question, a change of mind, one's own things, another one named instead, or a question
about a part: can I change the height of the second?"""


def disliked(
    message: str, plainly: Said, base: ShoppingIntent | None, listed: Sequence[Shown], lexicon: Lexicon
) -> tuple[Shown, ...]:
    """The items of the last list that a message wants to have exchanged, and says nothing else.

    By their numbers, or of a set by what they are. Whoever says what the other one is to be like changes the search.

    Args:
        plainly: what the message plainly says.
        base: the last search; listed: what it found.
    """
    text = " ".join(message.casefold().replace("’", "'").split())
    found = _DISLIKES.search(text)
    if base is None or not listed or found is None or _SOMETHING_ELSE.search(text):
        return ()
    if plainly.otherwise or plainly.named or plainly.refused or plainly.limits or plainly.sizes or plainly.sort:
        return ()
    if re.search(r"\blike\b", found["what"]):
        return ()  # another one like the second
    if plainly.refs:
        return tuple(listed[number - 1] for number in plainly.refs if number <= len(listed))
    if not is_set(base):
        return ()
    things, _ = named_things(found["what"], lexicon)
    kinds = {value.casefold() for thing in things for value in lexicon.resolve("category", thing.kind)}
    gone = tuple(one for one in listed if one.item.category and one.item.category[-1].casefold() in kinds)
    return gone if len(gone) < len(listed) else ()


def without_disliked(base: ShoppingIntent, gone: Sequence[Shown]) -> ShoppingIntent:
    """The last search again, without items that were disliked."""
    rejected = tuple(dict.fromkeys((*base.rejected, *(entry.item.title[:200] for entry in gone))))[-12:]
    action = "complete" if is_set(base) else "refine"
    return base.model_copy(update={"action": action, "rejected": rejected, "item_refs": ()})
