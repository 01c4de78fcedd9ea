"""Part of the gate for a new Navigator: the gold conversations, where the catalogue is the one that they are about."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from batch.conversation_gold import demo_facts, load_conversations
from batch.conversation_suite import Talk, TurnResult, report, run_conversations, vocabulary_of
from batch.local_search import open_search, reading_of
from batch.navigator_gate import TOLERANCE
from batch.suite_report import compare, got_worse
from catalog.demo import load as demo
from catalog.release import Release, ReleaseStore
from navigator.engine import open_engine
from navigator.loading import load_config

MAX_MODEL_LEN = 8192


def talk_through(
    store: ReleaseStore,
    release: Release,
    checkpoint: Path,
    say: Callable[[int, int], None] = lambda *_: None,
    *,
    limit: int | None = None,
) -> list[TurnResult] | None:
    """The gold conversations, as they were first said, with a Navigator on a release; None on another catalogue.

    Args:
        checkpoint: folder of the Navigator, which need not be the release's own.
        say: is told (turns done, of all).
        limit: only the first conversations.
    """

    async def talked() -> list[TurnResult] | None:
        search = await open_search(store, release, reading_of(checkpoint))
        known = demo_facts(await search.items(list(demo.truth())))
        if not known:
            return None
        longest = min(MAX_MODEL_LEN, int(load_config(checkpoint).text_config.max_position_embeddings))
        engine = await asyncio.to_thread(lambda: open_engine(checkpoint, max_model_len=longest))
        try:
            talk = Talk(search, engine, known, vocabulary_of(known))
            return await run_conversations(talk, load_conversations()[:limit], [0], say)
        finally:
            await engine.close()

    return asyncio.run(talked())


def keeps_up(new: Sequence[TurnResult], incumbent: Sequence[TurnResult] | None) -> list[str]:
    """In what a Navigator is surely worse than the incumbent, in words; nothing: it may replace it."""
    if incumbent is None:
        return []
    return got_worse(compare(report("new", new), report("incumbent", incumbent)), TOLERANCE)
