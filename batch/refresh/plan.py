"""Which steps of a routine run now, and why."""

from collections.abc import Collection
from dataclasses import dataclass

from batch.refresh.book import Done, Lineage
from batch.refresh.inputs import drift, sketch_of
from batch.refresh.steps import Step
from catalog.release import Release, ReleaseStore


@dataclass(frozen=True)
class Choice:
    """Of steps by name: `only` these (all if empty), none of `skip`, and `again` whatever they depend on."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        return name not in self.skip and (not self.only or name in self.only)


@dataclass(frozen=True)
class Decision:
    """Whether a step runs, and why, in words for a person."""

    step: str
    runs: bool
    why: str


def decide(step: Step, done: Done | None, candidate: Release | None, store: ReleaseStore, choice: Choice) -> Decision:
    """Whether a step runs on the candidate as it is now.

    Args:
        done: how it was last done for this candidate.
        candidate: None before there is a first release.
    """
    if not choice.has(step.name):
        return Decision(step.name, False, "left out")
    if step.name in choice.again:
        return Decision(step.name, True, "asked for again")
    if done is None:
        return Decision(step.name, True, "never done for this release")
    now = step.inputs(candidate)
    changed = [name for name in now if now[name] != done.inputs.get(name)]
    if changed:
        return Decision(step.name, True, f"{' and '.join(changed)} changed")
    if step.retrain_share is not None and candidate is not None:
        share = drift(done.sketch, sketch_of(store, candidate))
        if share > step.retrain_share:
            return Decision(step.name, True, f"{share:.1%} of the items are new or changed since it was trained")
        if share:
            return Decision(
                step.name, False, f"{share:.1%} of the items are new or changed; not before {step.retrain_share:.0%}"
            )
    if done.outcome == "refused":
        return Decision(step.name, False, "tried with these inputs, and was worse")
    return Decision(step.name, False, "nothing that it depends on has changed")


def preview(
    steps: Collection[Step], lineage: Lineage, candidate: Release | None, store: ReleaseStore, choice: Choice
) -> list[Decision]:
    """What a run would do now, as far as that can be known before its first step is done."""
    decisions: list[Decision] = []
    before: list[str] = []
    for step in steps:
        found = decide(step, lineage.get(step.name), candidate, store, choice)
        if not found.runs and before and choice.has(step.name):
            found = Decision(step.name, False, f"{found.why}, unless {' or '.join(before)} changes it")
        decisions.append(found)
        if found.runs:
            before.append(step.name)
    for name, what in (("evaluate", "measured against what is live"), ("promote", "made live if it is no worse")):
        if not choice.has(name):
            decisions.append(Decision(name, False, "left out"))
        else:
            decisions.append(Decision(name, bool(before), what if before else "there would be nothing new"))
    return decisions
