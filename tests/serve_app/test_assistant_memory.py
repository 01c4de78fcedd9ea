"""A kept turn comes back as the prompt had it, so that an engine finds the prefix of the next one in its cache."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import pytest

from catalog.item import Item
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.notes import notes_of
from navigator.prompt import MAX_EXCHANGES, Exchange, Shown, intent_messages
from navigator.spelling import respelt
from serve_app.assistant_memory import exchange, remembered
from serve_app.conversations import KeptTurn
from serve_app.turn_search import TurnSearch

CHAIR = Shown(Item(id="chair", title="Marlow dining chair, oak", price=90.0), np.ones((1, 4), np.float32))
VASE = Shown(Item(id="vase", title="Lume vase, glass", price=20.0), np.zeros((1, 4), np.float32))
LEXICON = Lexicon({"material": ("oak", "glass"), "category": ("Dining chairs", "Vases")}, seen=("oak", "legs"))
RELAXED = "nothing here is red"


class Shelf:
    """A release that has lost what is not in it any more."""

    def __init__(self, *shown: Shown) -> None:
        self.shown = {one.item.id: one for one in shown}

    async def items(self, ids: Sequence[str]) -> list[Shown]:
        return [self.shown[one] for one in ids if one in self.shown]


def kept(message: str, intent: ShoppingIntent | None, items: Sequence[Shown], relaxed: Sequence[str] = ()) -> KeptTurn:
    body = {
        "message": message,
        "intent": intent.model_dump(mode="json") if intent else None,
        "items": [{"id": one.item.id} for one in items],
        "relaxed": [{"text": text} for text in relaxed],
        "answer": "[1] is oak.",
    }
    return KeptTurn(1, body, None)


@pytest.mark.parametrize(
    ("message", "intent", "shown", "relaxed"),
    [
        ("is it waterprof?", ShoppingIntent(action="ask", item_refs=(1,)), (CHAIR,), ()),
        ("red chairs", ShoppingIntent(action="search", query="chair", colors=("red",)), (CHAIR, VASE), (RELAXED,)),
        ("hello", ShoppingIntent(action="chat"), (), ()),
        ("what is this", None, (VASE,), ()),
    ],
)
async def test_what_the_model_was_told_is_told_again(message, intent, shown, relaxed):
    """Which words nothing speaks of, what gave way, the items and the answer: the same prompt, to the letter."""
    notes = notes_of(respelt(message, LEXICON), intent, shown, relaxed, LEXICON)
    then = Exchange(message, intent, shown, "[1] is oak.", notes)
    again = await exchange(kept(message, intent, shown, relaxed), cast(TurnSearch, Shelf(CHAIR, VASE)), LEXICON)
    assert again == then
    assert intent_messages([again], "and?") == intent_messages([then], "and?")


async def test_some_of_these_turns_have_notes():
    """The test above would hold of notes that are forgotten on both sides."""
    turns = [kept("is it waterproof?", ShoppingIntent(action="ask"), (CHAIR,)), kept("red", None, (VASE,), (RELAXED,))]
    told = [await exchange(turn, cast(TurnSearch, Shelf(CHAIR, VASE)), LEXICON) for turn in turns]
    assert [one.notes for one in told] == [("nothing known of waterproof",), (RELAXED,)]


async def test_numbers_stay_right_where_an_item_is_gone():
    """What stood behind an item that the release has lost would be taken for it: it is left out."""
    turn = kept("chairs", ShoppingIntent(action="search", query="chair"), (CHAIR, VASE))
    assert (await exchange(turn, cast(TurnSearch, Shelf(VASE)), LEXICON)).shown == ()
    assert (await exchange(turn, cast(TurnSearch, Shelf(CHAIR)), LEXICON)).shown == (CHAIR,)


def test_a_list_outlives_the_questions_about_it():
    """Who asks which of them is striped means the list that was found, however much was asked since."""
    search, ask = ShoppingIntent(action="search", query="chair"), ShoppingIntent(action="ask", item_refs=(1,))
    turns = [kept("vases", search, (VASE,)), kept("chairs", search, (CHAIR, VASE))]
    turns += [kept(f"question {number}", ask, (CHAIR,)) for number in range(12)]
    for count in range(2, len(turns) + 1):
        repeated = remembered(turns[:count])
        assert len(repeated) <= MAX_EXCHANGES
        assert turns[1] in repeated
        assert repeated[-1] is turns[count - 1]
        assert [turns.index(turn) for turn in repeated] == sorted(map(turns.index, repeated))
    again = remembered([*turns, kept("rugs", search, (VASE,))])
    assert turns[1] not in again


def test_a_prompt_mostly_begins_as_the_one_before():
    """A list that is kept before the latest turns does not undo the engine's prefix cache."""
    search, ask = ShoppingIntent(action="search", query="chair"), ShoppingIntent(action="ask", item_refs=(1,))
    turns = [kept("chairs", search, (CHAIR,)), *(kept(f"question {number}", ask, (CHAIR,)) for number in range(18))]
    prompts = [remembered(turns[:count]) for count in range(1, len(turns) + 1)]
    extended = sum(later[: len(one)] == one for one, later in pairwise(prompts))
    assert extended >= len(turns) * 0.6
