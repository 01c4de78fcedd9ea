"""What the shop does not have must be looked for by its name, and said not to be there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from batch.navigator_data import Catalogue
from navigator.engine import Engine, Sampling, generate_text
from navigator.evaluation import IntentCase, read_intents
from navigator.intent import ShoppingIntent
from navigator.knowledge import plural, singular
from navigator.prompt import answer_messages
from navigator.relax import not_sold

UNSOLD = Path(__file__).with_name("gold") / "unsold.txt"
"""Messages that ask for a kind of thing that the demo does not have, and the kind; training names none of these."""

_SHOWN = 4


@dataclass(frozen=True)
class Unsold:
    """A message and the kind of thing that it asks for."""

    user: str
    thing: str

    @property
    def intent(self) -> ShoppingIntent:
        """How it should be read."""
        return ShoppingIntent(action="search", categories=(self.thing,))


@dataclass(frozen=True)
class Outcome:
    """What was written for a message, and whether that is right."""

    user: str
    written: str
    right: bool


async def unsold(engine: Engine, catalogue: Catalogue) -> dict[str, list[Outcome]]:
    """How each message is read by the model alone, and what it answers where a prompt tells that there is none."""
    wishes, rng = unsold_wishes(), Random(0)
    read, said = [], []
    cases = [IntentCase(wish.user, wish.intent) for wish in wishes]
    pairs = [pair async for pair in read_intents(engine, cases, catalogue.encoder_version)]
    for wish, (want, got) in zip(wishes, pairs, strict=True):
        read.append(Outcome(wish.user, got.compact() if got else "", got is not None and _looks_for(got, want)))
        shown = tuple(known.shown for known in rng.sample(catalogue.test.known, _SHOWN))
        messages = answer_messages((), wish.user, wish.intent, shown, notes=(not_sold(wish.thing).text,))
        prompt = engine.processor.encode(messages, encoder_version=catalogue.encoder_version)
        answer = await generate_text(engine, prompt, Sampling(max_tokens=60))
        said.append(Outcome(wish.user, answer, says_there_is_none(answer, wish.thing)))
    return {"not sold: looked for": read, "not sold: said so": said}


def unsold_wishes() -> list[Unsold]:
    """The messages of `UNSOLD`."""
    return [Unsold(*line.rsplit("|", 1)) for line in UNSOLD.read_text(encoding="utf-8").splitlines()]


def says_there_is_none(answer: str, thing: str) -> bool:
    """Whether a sentence of an answer denies a kind of thing by its name."""
    sentences = re.split(r"[.;:!] ", answer.casefold())
    denials = [one for one in sentences if re.search(r"\b(?:no|none|nothing|not)\b|n't\b", one)]
    return any(word in one for one in denials for word in (thing, plural(thing)))


def _looks_for(got: ShoppingIntent, want: ShoppingIntent) -> bool:
    return got.action == want.action and _kinds(got.categories) == _kinds(want.categories)


def _kinds(words: Sequence[str]) -> set[str]:
    return {singular(word.casefold()) for word in words}
