"""A routine from beginning to end: its steps on the candidate, the candidate against what is live, and the swap."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from batch.refresh.book import Book, Done, Outcome, Run
from batch.refresh.gate import asked_of, misfits, sealed, worse
from batch.refresh.inputs import fingerprint, sketch_of
from batch.refresh.isolated import Say
from batch.refresh.plan import Choice, Decision, decide, preview
from batch.refresh.routine import Routine
from batch.refresh.steps import Step, current_of, steps_of
from catalog.encoder import BaseEncoder
from catalog.release import Release, ReleaseStore

CANDIDATE = "candidate"

_GOING_ON = {
    None: "Going on with the run that was cut off",
    "worse": "The gate is another one: looking again at the candidate that was worse",
}


@dataclass(frozen=True)
class Refresher:
    """One routine on its store.

    Args:
        load: loads the base encoder; by default by its name in the routine.
        compare: tells in what a candidate is worse than the live release.
    """

    routine: Routine
    choice: Choice = field(default_factory=Choice)
    say: Say = print
    load: Callable[[], BaseEncoder] | None = None
    compare: Callable[[ReleaseStore, Book, Routine, Release, Release, Say], list[str]] = worse

    @property
    def store(self) -> ReleaseStore:
        return ReleaseStore(self.routine.release)

    @property
    def candidates(self) -> ReleaseStore:
        """The same store by the pointer that steps build on."""
        return ReleaseStore(f"{self.store.uri}#{CANDIDATE}")

    def preview(self) -> list[Decision]:
        """What `run` would do; changes nothing."""
        steps, book, live = steps_of(self.routine, self.load), Book(self.store.uri), current_of(self.store)
        asked = _asked(steps)
        run = book.run()
        if run is not None and self._goes_on(run, live, asked):
            return preview(steps, run.lineage, current_of(self.candidates), self.store, self.choice)
        if run is not None and self._settled(run, live, asked):
            return [Decision(step.name, False, "tried with these inputs, and was worse: see --again") for step in steps]
        return preview(steps, book.lineage(live.id if live else None), live, self.store, self.choice)

    def run(self) -> Run:
        """Run what must be, or go on where a run was cut off. Needs a running Ray.

        Raises:
            WindowshopError: as the jobs do.
            Superseded: what is live is not what the run began from; the next run begins anew from it.
        """
        book = Book(self.store.uri)
        with book.locked():
            steps, live = steps_of(self.routine, self.load), current_of(self.store)
            asked = _asked(steps)
            run = book.run()
            if run is not None and self._settled(run, live, asked):
                self.say(f"Release {run.candidate} was made from the same inputs and was worse: {'; '.join(run.why)}")
                return run
            run = self._begun(book, run, live, asked)
            for step in steps:
                self._step(book, run, step)
            return self._end(book, run, live)

    def _settled(self, run: Run, live: Release | None, asked: str) -> bool:
        """Whether the last run tried all this, and it was worse than what still is live."""
        return self._was_worse(run, live, asked) and not self._judged_otherwise(run)

    def _goes_on(self, run: Run, live: Release | None, asked: str) -> bool:
        """Whether there is a candidate to go on with: cut off, held back, or worse by another gate than today's."""
        if run.outcome in (None, "held"):
            return run.live == (live.id if live else None)
        candidate = current_of(self.candidates)
        there = candidate is not None and candidate.id == run.candidate
        return there and self._was_worse(run, live, asked) and self._judged_otherwise(run)

    def _was_worse(self, run: Run, live: Release | None, asked: str) -> bool:
        same = run.live == (live.id if live else None) and run.asked == asked
        return run.outcome == "worse" and same and not self.choice.again

    def _judged_otherwise(self, run: Run) -> bool:
        """Whether what was worse may go live now: the gate has changed, or is left out."""
        if not self.choice.has("evaluate"):
            return self.choice.has("promote")
        return run.gate != asked_of(self.routine)

    def _begun(self, book: Book, before: Run | None, live: Release | None, asked: str) -> Run:
        if before is not None and self._goes_on(before, live, asked):
            self.say(_GOING_ON.get(before.outcome, "Going on from the candidate"))
            before.outcome, before.asked = None, asked
            return before
        run = Run(live=live.id if live else None, asked=asked, lineage=book.lineage(live.id if live else None))
        if live is not None:
            self.candidates.promote(live.id)
        book.save(run)
        return run

    def _step(self, book: Book, run: Run, step: Step) -> None:
        candidate = current_of(self.candidates)
        decision = decide(step, run.lineage.get(step.name), candidate, self.store, self.choice)
        self.say(f"{step.name}: {'' if decision.runs else 'skipped, '}{decision.why}")
        if not decision.runs:
            return
        inputs, began = step.inputs(candidate), time.monotonic()
        passed = step.run(f"{self.store.uri}#{CANDIDATE}", self.say)
        after = self.candidates.current()
        made: Outcome = "made" if candidate is None or after.id != candidate.id else "unchanged"
        run.lineage[step.name] = Done(
            inputs=inputs,
            outcome=made if passed else "refused",
            release=after.id,
            sketch=sketch_of(self.store, after) if step.retrain_share is not None else [],
            seconds=round(time.monotonic() - began, 1),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        book.save(run)
        said = {
            "made": f"release {after.id}",
            "unchanged": "nothing new",
            "refused": "worse than what was there; not taken",
        }
        self.say(f"{step.name}: {said[run.lineage[step.name].outcome]} ({run.lineage[step.name].seconds:.0f} s)")

    def _end(self, book: Book, run: Run, live: Release | None) -> Run:
        candidate = self.candidates.current()
        if live is not None and candidate.id == live.id:
            book.keep(live.id, run.lineage)
            return self._ended(book, run, live, "nothing", "Nothing new; release {} stays live")
        candidate = sealed(self.store, live, candidate)
        self.candidates.promote(candidate.id)
        book.keep(candidate.id, run.lineage)
        run.why, run.gate = [], ""
        if self.choice.has("evaluate"):
            run.why, run.gate = misfits(live, candidate), asked_of(self.routine)
            if live is not None and not run.why:
                run.why = self.compare(self.store, book, self.routine, live, candidate, self.say)
            if run.why:
                for line in run.why:
                    self.say(f"worse: {line}")
                return self._ended(book, run, candidate, "worse", "Release {} is not promoted")
        if not self.choice.has("promote"):
            return self._ended(book, run, candidate, "held", "Release {} waits; the pointer was not moved")
        self.store.promote(candidate.id, expected=live.id if live else None)
        return self._ended(book, run, candidate, "promoted", "Release {} is live")

    def _ended(self, book: Book, run: Run, release: Release, outcome: str, says: str) -> Run:
        ended = Run.model_validate({**run.model_dump(), "outcome": outcome, "candidate": release.id})
        book.save(ended)
        self.say(says.format(release.id))
        return ended


def _asked(steps: Sequence[Step]) -> str:
    return fingerprint(*((step.name, sorted(step.asks().items())) for step in steps))
