"""Whether a trained Navigator may replace the one in service: both are asked the same, the incumbent only once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from batch.conversation_gate import keeps_up, talk_through
from batch.conversation_gold import demo_facts
from batch.conversation_suite import TurnResult
from batch.navigator_data import Catalogue
from batch.navigator_gate import Gate, gold_cases, got_behind, measure
from catalog.release import Release, ReleaseStore
from navigator.engine import open_engine


@dataclass(frozen=True)
class Verdict:
    """What was found of a candidate.

    Attributes:
        scores: on held-out items and gold messages.
        rival: the incumbent's, where there is one.
        worse: in what it is worse, in words; empty: it may go into service.
    """

    scores: Gate
    rival: Gate | None
    worse: tuple[str, ...]


@dataclass
class Judge:
    """Asks checkpoints of one training.

    Args:
        store, live: whose shop the gold conversations are held in.
        catalogue: held-out items, and their hidden properties by id.
        rival: the incumbent's checkpoint; None where there is none that reads the same vectors.
        seed: of the questions.
        say: is told how far it is.
    """

    store: ReleaseStore
    live: Release
    catalogue: Catalogue
    hidden: Mapping[str, tuple[str, ...]]
    rival: Path | None
    seed: int
    say: Callable[[str], None]
    _rival_scores: Gate | None = field(default=None, init=False)
    _rival_talk: list[TurnResult] = field(default_factory=list, init=False)

    def __call__(self, checkpoint: Path) -> Verdict:
        """Questions first, which take a minute; conversations, which take many, only where those were passed."""
        scores = self._measured(checkpoint)
        if self.rival is not None and self._rival_scores is None:
            self._rival_scores = self._measured(self.rival)
        self.say(f"{checkpoint.name}: {scores}; incumbent: {self._rival_scores}")
        if behind := got_behind(scores, self._rival_scores):
            return Verdict(scores, self._rival_scores, tuple(f"on held-out items and messages: {b}" for b in behind))
        return Verdict(scores, self._rival_scores, tuple(self._talks_worse(checkpoint)))

    def _measured(self, checkpoint: Path) -> Gate:
        async def measured() -> Gate:
            engine = open_engine(checkpoint, max_model_len=4096)
            try:
                cases = gold_cases(self.catalogue.test)
                return await measure(engine, self.catalogue, cases, dict(self.hidden), Random(self.seed))
            finally:
                await engine.close()

        return asyncio.run(measured())

    def _talks_worse(self, checkpoint: Path) -> list[str]:
        """In what it is surely worse in the gold conversations, where those are about its shop."""
        items = {known.item.id: known.item for known in (*self.catalogue.train.known, *self.catalogue.test.known)}
        if self.rival is None or not demo_facts(items):
            return []
        self._rival_talk = self._rival_talk or self._talk(self.rival)
        return [f"in conversations: {line}" for line in keeps_up(self._talk(checkpoint), self._rival_talk)]

    def _talk(self, checkpoint: Path) -> list[TurnResult]:
        self.say(f"gold conversations with {checkpoint.name}")
        return talk_through(self.store, self.live, checkpoint) or []
