"""What must hold however much was killed, and the figures that show whether it did."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from benchmarks.soak.faults import Struck
from benchmarks.soak.load import Call, Ledger

MAX_FAILED = 0.001
MAX_GROWTH = 1.10
SETTLED_AFTER_S = 60.0
"""A new process still imports and fills its caches for a while."""


@dataclass
class Verdict:
    """Figures, and what did not hold."""

    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        """Note a condition."""
        if not holds:
            self.broken.append(otherwise)


def judge(ledger: Ledger, struck: Sequence[Struck], kept: Iterable[tuple[str, str]], memory: "Memory") -> Verdict:
    """Hold a run against its promises.

    Args:
        kept: (person, event id) of every event of this run in the database, at the end.
    """
    verdict = Verdict()
    _judge_calls(verdict, ledger.calls, struck)
    _judge_events(verdict, ledger, list(kept))
    _judge_memory(verdict, memory)
    verdict.figures["faults"] = {
        f"{number}. {one.fault.kind}: {one.fault.what}": _recovery(one, ledger.calls, struck)
        for number, one in enumerate(struck, 1)
    }
    verdict.figures["kinds_of_faults"] = len({one.fault.kind for one in struck})
    late = [f"{one.fault.kind}: {one.fault.what}" for one in struck if one.whole_after_s is None]
    verdict.must(not late, f"not whole again: {', '.join(late)}")
    return verdict


def kept_events(url: str, run: str) -> list[tuple[str, str]]:
    """What the database has of a run's events."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT person, id FROM taste_events WHERE id LIKE %s", (f"{run}-%",)).fetchall()
    return [(str(person), str(event)) for person, event in found]


@dataclass
class Memory:
    """Resident memory of the shop's processes over time."""

    samples: list[tuple[float, dict[int, tuple[str, float]]]] = field(default_factory=list)

    def total(self, share: slice) -> float:
        """Median MiB of all processes together over a part of the samples, those that were not whole left out."""
        most = max(len(found) for _, found in self.samples)
        totals = [sum(mib for _, mib in found.values()) for _, found in self.samples if len(found) == most]
        return float(np.median(totals[share]))

    def growth(self) -> dict[str, dict[str, float]]:
        """The longest-lived process of each name, its first minute left out: minutes seen, MiB grown, MiB a minute.

        The last is the slope of a straight line through all of its samples, by least squares.
        """
        lives: dict[int, list[tuple[float, float]]] = {}
        names = {}
        for at, found in self.samples:
            for pid, (name, mib) in found.items():
                lives.setdefault(pid, []).append((at, mib))
                names[pid] = name
        grown: dict[str, dict[str, float]] = {}
        for pid, life in lives.items():
            settled = [((at - life[0][0]) / 60, mib) for at, mib in life if at - life[0][0] >= SETTLED_AFTER_S]
            if len(settled) < 2:
                continue
            minutes, sizes = (np.array(values) for values in zip(*settled, strict=True))
            seen = float(minutes[-1] - minutes[0])
            if seen > grown.get(names[pid], {}).get("minutes", 0.0):
                slope = float(np.polyfit(minutes, sizes, 1)[0])
                figures = {"minutes": seen, "mib": float(sizes[-1] - sizes[0]), "mib_a_minute": slope}
                grown[names[pid]] = {what: round(value, 2) for what, value in figures.items()}
        return dict(sorted(grown.items()))


def _judge_calls(verdict: Verdict, calls: Sequence[Call], struck: Sequence[Struck]) -> None:
    failed = [call for call in calls if call.failure]
    own = [call for call in failed if _went_down(call, struck)]
    others = [call for call in failed if not _went_down(call, struck)]
    share = len(others) / max(1, len(calls))
    wrong = [call.wrong for call in calls if call.wrong]
    by_kind = Counter(call.kind for call in calls)
    verdict.figures["calls"] = {
        "all": len(calls),
        "by_kind": dict(by_kind),
        "failed": len(others),
        "failed_share": round(share, 5),
        "went_down_with_what_was_killed": len(own),
        "answered_after_a_lost_connection": sum(bool(call.lost) and not call.failure for call in calls),
        "answered_after_503": sum(bool(call.refused) and not call.failure for call in calls),
        "wrong_release": len(wrong),
        "p50_ms": {kind: _percentile(calls, kind, 50) for kind in by_kind},
        "p99_ms": {kind: _percentile(calls, kind, 99) for kind in by_kind},
        "reasons": dict(Counter(f"{call.kind}: {call.failure}" for call in others).most_common(10)),
        "reasons_of_those_killed": dict(Counter(f"{call.kind}: {call.failure}" for call in own).most_common(10)),
    }
    verdict.must(share <= MAX_FAILED, f"{len(others)} of {len(calls)} calls failed, more than {MAX_FAILED:.1%}")
    verdict.must(not wrong, f"{len(wrong)} answers name another release than their items are of: {wrong[:3]}")


def _judge_events(verdict: Verdict, ledger: Ledger, kept: list[tuple[str, str]]) -> None:
    lost = ledger.acknowledged - set(kept)
    strange = set(kept) - ledger.sent
    doubled = len(kept) - len(set(kept))
    verdict.figures["events"] = {
        "sent": len(ledger.sent),
        "acknowledged": len(ledger.acknowledged),
        "kept": len(kept),
        "acknowledged_and_lost": len(lost),
        "doubled": doubled,
        "said_to_be_new": ledger.said_added,
    }
    verdict.must(not lost, f"{len(lost)} acknowledged events are lost: {sorted(lost)[:3]}")
    verdict.must(not doubled and not strange, f"{doubled} events are doubled, {len(strange)} were never sent")
    verdict.must(ledger.said_added <= len(set(kept)), "more events were called new than there are")


def _judge_memory(verdict: Verdict, memory: Memory) -> None:
    before, after = memory.total(slice(None, 6)), memory.total(slice(-6, None))
    verdict.figures["memory_mib"] = {
        "first": round(before),
        "last": round(after),
        "grown_by_the_longest_lived": memory.growth(),
    }
    verdict.must(after <= before * MAX_GROWTH, f"memory grew from {before:.0f} to {after:.0f} MiB")


def _recovery(one: Struck, calls: Sequence[Call], struck: Sequence[Struck]) -> dict[str, Any]:
    """How long until the shop was whole, and how long its customers noticed."""
    until = min((later.at for later in struck if later.at > one.at), default=float("inf"))
    touched = [
        call
        for call in calls
        if one.at <= call.ended and call.began < until and (call.lost or call.refused or call.failure)
    ]
    noticed = max((call.ended for call in touched), default=one.at) - one.at
    return {
        "whole_after_s": None if one.whole_after_s is None else round(one.whole_after_s, 1),
        "noticed_for_s": round(noticed, 1),
        "calls_touched": len(touched),
    }


def _went_down(call: Call, struck: Sequence[Struck]) -> bool:
    """Whether a call was in flight when something with connections in it was killed."""
    return any(one.fault.carries and call.began <= one.at <= call.ended for one in struck)


def _percentile(calls: Sequence[Call], kind: str, q: float) -> float:
    return round(float(np.percentile([call.ms for call in calls if call.kind == kind], q)), 1)
