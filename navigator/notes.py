"""What the model is told beside the items on show."""

from collections.abc import Sequence

from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.prompt import Shown
from navigator.unheard import note, unheard


def notes_of(
    said: str, intent: ShoppingIntent | None, shown: Sequence[Shown], relaxed: Sequence[str], lexicon: Lexicon | None
) -> tuple[str, ...]:
    """What gave way to find the items, and which words of a question about them nothing here speaks of.

    Args:
        said: the person's message, without what is mistyped.
        relaxed: what gave way, in words.
    """
    beyond: tuple[str, ...] = ()
    if intent is not None and intent.action == "ask" and lexicon is not None and lexicon.heard is not None:
        beyond = note(unheard(said, lexicon.heard, [entry.item for entry in shown]))
    return (*relaxed, *beyond)
