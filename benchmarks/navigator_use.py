"""A Navigator as it is used: properties named, items chosen and found by their looks, messages read, and gold
conversations talked through.

All by the suites of `batch.evaluate`, on the demo's release; conversations with the rules that stand beside the model,
and without those that mend what it reads.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batch.evaluate import Options, evaluate
from batch.suite_report import Report, Suite
from catalog.release import ReleaseStore
from navigator.loading import load_config

_KEPT = ("constraint", "action", "citation", "reference", "invented", "relaxation", "denial", "fact", "turns")


def measure(
    store: ReleaseStore, checkpoint: Path, conversations: int, alone: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Run the suites on the live release with a checkpoint.

    Args:
        checkpoint: folder of a Navigator.
        conversations: so many of the gold conversations, from the first, each in four wordings.
        alone: so many of them without the rules that mend what the model reads; 0 for none.
    """
    live = store.current()

    def run(suite: Suite, options: Options) -> Report:
        say(f"{suite} with {checkpoint}")
        return asyncio.run(evaluate(store, live, [suite], options, say))[0]

    figures: dict[str, Any] = {"encoder": load_config(checkpoint).encoder_version}
    figures["pictures"] = dict(run(Suite.attributes, Options(navigator=checkpoint)).scores)
    figures["looks"] = dict(run(Suite.looks, Options(navigator=checkpoint)).scores)
    figures["messages"] = dict(run(Suite.intents, Options(navigator=checkpoint, limit=conversations)).scores)
    figures["unanswerable"] = dict(run(Suite.unanswerable, Options(navigator=checkpoint)).scores)
    talked = run(Suite.conversation, Options(navigator=checkpoint, limit=conversations))
    figures[f"{conversations} conversations"] = _conversation(talked)
    if alone:
        talked = run(Suite.conversation, Options(navigator=checkpoint, limit=alone, plain_words=False))
        figures[f"{alone} conversations, rules that mend its reading left out"] = _conversation(talked)
    return figures


def _conversation(report: Report) -> dict[str, dict[str, float]]:
    return {
        wording: {name: row[name] for name in row if name in _KEPT} | {"conditions": row["constraint n"]}
        for wording, row in report.scores.items()
    }
