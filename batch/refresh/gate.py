"""The candidate against the live release, and the release that is promoted."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from batch.evaluate import Options, evaluate
from batch.event_files import events_signature
from batch.refresh.book import Book
from batch.refresh.inputs import file_signature, fingerprint
from batch.refresh.isolated import Say, isolated
from batch.refresh.routine import Routine
from batch.suite_report import NEEDS_NAVIGATOR, Report, Suite, compare, got_worse
from catalog.release import AlignmentRef, Release, ReleaseStore, new_release_id
from catalog.table import ItemTable


def sealed(store: ReleaseStore, live: Release | None, candidate: Release) -> Release:
    """The candidate as one release right after the live one, so that rolling back goes to what was live.

    A routine's steps each write a release of their own, of which only the last is ever served.
    """
    parent = live.id if live else None
    if candidate.parent == parent:
        return candidate
    release = candidate.model_copy(
        update={
            "id": new_release_id(),
            "created": datetime.now(UTC),
            "parent": parent,
            "alignments": _alignments(store, live, candidate),
        }
    )
    ItemTable.of(store, candidate).tag(release.tag, release.items.version)
    store.write(release)
    return release


def misfits(live: Release | None, candidate: Release) -> list[str]:
    """Models that the candidate has, or lacks, although the live release's fit: in words, none if all is well."""
    found = []
    for name in ("navigator", "taste"):
        model, before = getattr(candidate, name), getattr(live, name) if live else None
        fits = model is not None and model.encoder_version == candidate.encoder.version
        fitted = live is not None and before is not None and before.encoder_version == live.encoder.version
        if model is None and fitted:
            found.append(f"it has no {name} model, and the live release has one")
        elif model is not None and not fits and (fitted or live is None):
            found.append(
                f"its {name} model reads vectors of {model.encoder_version}, not of {candidate.encoder.version}"
            )
    return found


def suites_of(routine: Routine, live: Release, candidate: Release) -> list[Suite]:
    """What both releases can be asked, of what the routine names or has the data for."""
    if routine.gate.suites is None:
        suites = [Suite.retrieval]
        suites += [Suite.boards] if routine.gate_boards else []
        suites += [Suite.taste] if routine.gate_events else []
    else:
        suites = list(routine.gate.suites)

    def has(name: str) -> bool:
        return getattr(live, name) is not None and getattr(candidate, name) is not None

    tasteful = (Suite.taste, Suite.exploration)
    suites = [suite for suite in suites if suite not in tasteful or has("taste")]
    return [suite for suite in suites if suite not in NEEDS_NAVIGATOR or has("navigator")]


def worse(store: ReleaseStore, book: Book, routine: Routine, live: Release, candidate: Release, say: Say) -> list[str]:
    """In what the candidate is surely worse than the live release, in words.

    Reports are kept by release, suite and what was asked, so that a run that was cut off measures nothing twice and the
    live release is not measured again tomorrow for the same questions.
    """
    found = []
    suites = suites_of(routine, live, candidate)
    reports = {
        release.id: {report.suite: report for report in measured(store, book, routine, release, suites, say)}
        for release in (candidate, live)
    }
    for suite in suites:
        differences = compare(reports[candidate.id][suite], reports[live.id][suite])
        say(f"{suite}: " + "; ".join(f"{name} {one.mean:+.3f}" for name, one in differences.items()))
        found += [f"{suite}: {line}" for line in got_worse(differences, routine.gate.tolerance)]
    return found


def asked_of(routine: Routine) -> str:
    """Fingerprint of everything that decides what is worse, so that another gate looks again."""
    gate = routine.gate
    suites = None if gate.suites is None else [suite.value for suite in gate.suites]
    return fingerprint(suites, gate.tolerance, _files(routine))


def measured(
    store: ReleaseStore, book: Book, routine: Routine, release: Release, suites: Sequence[Suite], say: Say
) -> list[Report]:
    """Reports of suites on a release, from the book where they are there already."""
    gate, files = routine.gate, _files(routine)
    reports = []
    for suite in suites:
        key = fingerprint(release.id, suite.value, files)
        if kept := book.measured(key):
            reports.append(Report(**kept))
            continue
        options = Options(labels=gate.labels, boards=routine.gate_boards, events=routine.gate_events)
        one = partial(_evaluate, store.uri, release.id, suite, options)
        gpus = gate.gpus if suite in NEEDS_NAVIGATOR else 0
        report = isolated(one, say, gpus) if suite in NEEDS_NAVIGATOR else one(say)
        book.keep_measured(key, report.to_json())
        reports.append(report)
    return reports


def _files(routine: Routine) -> tuple[str, ...]:
    """Signatures of what the suites read."""
    gate = routine.gate
    return (
        file_signature(routine.gate_boards),
        events_signature(routine.gate_events) if routine.gate_events else "",
        file_signature(gate.labels),
    )


def _evaluate(uri: str, release_id: str, suite: Suite, options: Options, say: Say) -> Report:
    store = ReleaseStore(uri)
    (report,) = asyncio.run(evaluate(store, store.get(release_id), [suite], options, say))
    return report


def _alignments(store: ReleaseStore, live: Release | None, candidate: Release) -> tuple[AlignmentRef, ...]:
    """Maps between the live release's vectors and the candidate's, from the releases between the two."""
    versions = {live.encoder.version, candidate.encoder.version} if live else set()
    found: dict[tuple[str, str], AlignmentRef] = {}
    step: Release | None = candidate
    while step is not None and live is not None and step.id != live.id:
        for one in step.alignments:
            if {one.source, one.target} == versions:
                found.setdefault((one.source, one.target), one)
        step = store.get(step.parent) if step.parent else None
    return tuple(found.values())
