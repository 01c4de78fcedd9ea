"""Conversations to train on, made from a catalogue: what people ask, how it is read, what is shown, what is true of it.

A conversation is a chain of moves. The first asks for something; each further one reacts to what is on show: refine,
ask, compare, find similar ones or what goes with one, choose, chat. Facts come from the catalogue and its labels, so
that an answer is true by construction; wordings come from `navigator.phrasing` and `navigator.answers`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from navigator import phrasing, presenting
from navigator.dialogue_changes import complete, refine, similar
from navigator.dialogue_questions import ask, ask_all, chat, compare, pick
from navigator.dialogue_searches import (
    by_picture,
    furnish,
    gift,
    not_that_kind,
    on_show,
    search,
    several,
    too_cheap,
    unsold,
    vague,
)
from navigator.dialogue_state import State
from navigator.intent import ShoppingIntent
from navigator.knowledge import Shelf
from navigator.message import Floats
from navigator.prompt import Exchange

_MAX_TURNS = 4

_Move = Callable[[State], None]

_OPENINGS: tuple[tuple[_Move, float], ...] = (
    (search, 0.18),
    (gift, 0.06),
    (unsold, 0.14),
    (too_cheap, 0.04),
    (several, 0.05),
    (furnish, 0.10),
    (vague, 0.06),
    (by_picture, 0.02),
    (chat, 0.06),
    (on_show, 0.38),
)
_MOVES: tuple[tuple[_Move, float], ...] = (
    (refine, 0.46),
    (ask, 0.12),
    (ask_all, 0.14),
    (compare, 0.08),
    (similar, 0.08),
    (complete, 0.06),
    (pick, 0.06),
    (chat, 0.04),
    (search, 0.04),
    (unsold, 0.02),
    (not_that_kind, 0.02),
    (too_cheap, 0.03),
)

_QUESTIONS: tuple[tuple[_Move, float], ...] = (
    (ask, 0.45),
    (ask_all, 0.36),
    (compare, 0.08),
    (similar, 0.06),
    (complete, 0.05),
    (search, 0.05),
)


@dataclass(frozen=True)
class Dialogue:
    """A finished conversation; the person's taste `[M, Dt]` was known in its last exchange."""

    exchanges: tuple[Exchange, ...]
    taste: Floats | None = None


def dialogues(shelf: Shelf, rng: Random, count: int) -> Iterator[Dialogue]:
    """Make `count` conversations; the same generator makes the same ones.

    A shelf needs at least two items; kinds with a single item are talked about less.
    """
    for _ in range(count):
        state = State(shelf, rng)
        _one_of(rng, _OPENINGS)(state)
        moves = _MOVES if state.exchanges else _QUESTIONS
        if not state.exchanges:
            (ask if len(state.shown) == 1 else ask_all)(state)
        for _ in range(rng.choice((0, 1, 1, 2, 2, _MAX_TURNS - 1))):
            if not state.shown:
                search(state)
                continue
            _one_of(rng, moves)(state)
        if state.shown and rng.random() < 0.05:
            yield _by_taste(state)
            continue
        yield Dialogue(tuple(state.exchanges), _some_taste(state) if rng.random() < 0.2 else None)


def _one_of(rng: Random, moves: tuple[tuple[_Move, float], ...]) -> _Move:
    return rng.choices([move for move, _ in moves], [weight for _, weight in moves])[0]


def _some_taste(state: State) -> Floats | None:
    """Interest vectors of a person who is known, where the answer does not turn on them: `[M, Dt]`."""
    liked = state.rng.sample(list(state.shelf.known), state.rng.choice((1, 2, 3, 4)))
    return np.stack([known.shown.vectors.mean(0) for known in liked]) if state.shown else None


def _by_taste(state: State) -> Dialogue:
    """Ask for a recommendation, and be known: interest vectors of things that share a look with one item on show."""
    rng = state.rng
    place = rng.randrange(len(state.shown)) + 1
    chosen = state.shown[place - 1]
    names = [name for name in ("color", "material", "style") if name in chosen.facts]
    name = rng.choice(names) if names else ""
    rivals = [known for known in state.shown if known is not chosen and known.facts.get(name) == chosen.facts.get(name)]
    liked = [
        known for known in state.shelf.known if known.facts.get(name) == chosen.facts.get(name) and known is not chosen
    ]
    if not name or rivals or not liked:
        return Dialogue(tuple(state.exchanges))
    some = rng.sample(liked, min(len(liked), rng.choice((1, 2, 3, 4))))
    taste = np.stack([known.shown.vectors.mean(0) for known in some])  # [M, D]
    answer = presenting.for_taste(place, [chosen.facts[name]])
    state.add(phrasing.say(rng, "pick"), ShoppingIntent(action="ask"), state.shown, answer)
    return Dialogue(tuple(state.exchanges), taste)
