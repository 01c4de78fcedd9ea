"""How a conversation is laid out for the model, in the same way for training and for use.

    system     the shared prompt, the same for everyone, so that engines compute it once
    user       what the person said
    assistant  the intent, as JSON
    system     the items on show: number, soft tokens, lean metadata; the person's taste; facts
    assistant  the answer, which cites items as [1]
    user       ...

Each request extends the one before it, so that an engine's prefix cache holds all but the new part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.item import Item
from navigator.facts import details, facts, money
from navigator.intent import ShoppingIntent
from navigator.message import Floats, ItemSlot, Message, TasteSlot

SYSTEM = (
    "You help people shop. Write what they want as JSON. Then answer about the numbered items only, citing them as [1]."
)
"""The shared prompt; changing it asks for retraining."""

MAX_EXCHANGES = 6
"""Earlier exchanges that a prompt repeats; older ones are left out."""

_MAX_TITLE = 80
_MAX_MESSAGE = 2000


@dataclass(frozen=True)
class Shown:
    """An item on show, with the vectors `[V, D]` float32 that were read when it was found."""

    item: Item
    vectors: Floats


@dataclass(frozen=True)
class Exchange:
    """A message and what came of it.

    Args:
        user: the person's words.
        intent: how they were read; None if that is not known any more.
        shown: the items that were shown, numbered from 1 in the text.
        answer: what was answered.
        notes: what was told about the search beside the items, e.g. which condition was given up.
    """

    user: str
    intent: ShoppingIntent | None = None
    shown: tuple[Shown, ...] = ()
    answer: str = ""
    notes: tuple[str, ...] = ()


def intent_messages(history: Sequence[Exchange], user: str) -> list[Message]:
    """The prompt after which the model writes a `ShoppingIntent`."""
    return [*_past(history), Message.of("user", _clipped(user))]


def answer_messages(
    history: Sequence[Exchange],
    user: str,
    intent: ShoppingIntent,
    shown: Sequence[Shown],
    taste: Floats | None = None,
    notes: Sequence[str] = (),
) -> list[Message]:
    """The prompt after which the model writes an answer about the items shown.

    Args:
        taste: interest vectors `[M, Dt]` float32 of the person; None or M = 0 for someone unknown.
        notes: what is to be known of the search, e.g. "nothing under $300: shown without the price limit".
    """
    return [
        *intent_messages(history, user),
        Message.of("assistant", intent.written()),
        Message("system", cards(shown, taste, intent, notes)),
    ]


def trace(exchanges: Sequence[Exchange], taste: Floats | None = None) -> list[Message]:
    """A finished conversation as the model saw and wrote it; `taste` was known in the last exchange."""
    last = exchanges[-1]
    messages = _past(exchanges[:-1])
    if last.intent is None:
        return [*messages, Message.of("user", _clipped(last.user)), Message.of("assistant", last.answer)]
    asked = answer_messages(exchanges[:-1], last.user, last.intent, last.shown, taste, last.notes)
    return [*asked, Message.of("assistant", last.answer)]


def cards(
    shown: Sequence[Shown],
    taste: Floats | None = None,
    intent: ShoppingIntent | None = None,
    notes: Sequence[str] = (),
) -> tuple[str | ItemSlot | TasteSlot, ...]:
    """The items on show as parts of a message."""
    parts: list[str | ItemSlot | TasteSlot] = []
    if taste is not None and len(taste):
        parts += ["Taste:", TasteSlot(taste), "\n"]
    if not shown:
        parts.append("No items.")
    for number, entry in enumerate(shown, 1):
        parts += [f"[{number}]", ItemSlot(entry.item.id, entry.vectors), f"{metadata(entry.item)}\n"]
    asked = [details(shown[0].item)] if intent and intent.action == "ask" and len(shown) == 1 else []
    said = [*notes, *asked, *facts([entry.item for entry in shown], intent.budget_total if intent else None)]
    if said:
        parts.append(f"Facts: {'; '.join(said)}.")
    return tuple(parts)


def metadata(item: Item) -> str:
    """What the catalogue says of an item, in few words: title, look, price, and whether it can be had.

    Colours, materials and styles that the title already names are not said twice.
    """
    title = item.title[:_MAX_TITLE]
    said = title.casefold()
    look = dict.fromkeys([*item.colors[:2], *item.materials[:2], *item.styles[:1]])
    parts = [title, " ".join(word for word in look if word.casefold() not in said)]
    parts = [part for part in parts if part]
    if item.price is not None:
        parts.append(money(item.price, item.currency))
    if not item.in_stock:
        parts.append(item.availability.replace("_", " "))
    return ", ".join(parts)


def _past(history: Sequence[Exchange]) -> list[Message]:
    messages = [Message.of("system", SYSTEM)]
    for exchange in history[-MAX_EXCHANGES:]:
        messages.append(Message.of("user", _clipped(exchange.user)))
        if exchange.intent is not None:
            messages.append(Message.of("assistant", exchange.intent.written()))
        if exchange.intent is not None or exchange.shown:
            messages.append(Message("system", cards(exchange.shown, None, exchange.intent, exchange.notes)))
        messages.append(Message.of("assistant", exchange.answer))
    return messages


def _clipped(text: str) -> str:
    return text.strip()[:_MAX_MESSAGE]
