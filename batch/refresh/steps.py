"""The steps of a routine: what each depends on, and the job that it runs on the candidate."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from batch.encoder_loop import TrainSettings
from batch.event_files import events_signature
from batch.precompute.flow import FlowOptions
from batch.precompute.job import Job as PrecomputeJob
from batch.precompute.job import precompute
from batch.precompute.progress import for_terminal
from batch.ray_training import Workers
from batch.refresh.follow import following
from batch.refresh.inputs import file_signature, fingerprint
from batch.refresh.isolated import Say, isolated
from batch.refresh.routine import CatalogueSection, EncoderSection, NavigatorSection, Routine, TasteSection
from batch.train_encoder import Job as EncoderJob
from batch.train_encoder import base_version, progress_line, train_encoder
from batch.train_navigator import Job as NavigatorJob
from batch.train_navigator import train_navigator
from batch.train_taste import train as train_taste
from catalog.encoder import BaseEncoder
from catalog.errors import NotFound
from catalog.release import Release, ReleaseStore
from catalog.sources import FieldMap, open_source
from navigator.training import Recipe
from taste.factors import FactorSettings

NAMES = ("catalogue", "encoder", "taste", "navigator", "evaluate", "promote")

Inputs = dict[str, str]
"""What a step depends on, by what to call it, each as a fingerprint."""


@dataclass(frozen=True)
class Step:
    """One job of the routine.

    Attributes:
        asks: what it depends on outside the release store.
        needs: what it depends on in the candidate.
        run: does the job on the store `URI#candidate`; False if what it made was worse than what was there.
        retrain_share: how far the items may drift before it is done again; None: it does not depend on that.
    """

    name: str
    asks: Callable[[], Inputs]
    needs: Callable[[Release], Inputs]
    run: Callable[[str, Say], bool]
    retrain_share: float | None = None

    def inputs(self, candidate: Release | None) -> Inputs:
        """Everything that it depends on."""
        return {**self.asks(), **(self.needs(candidate) if candidate else {})}


def steps_of(routine: Routine, load: Callable[[], BaseEncoder] | None = None) -> list[Step]:
    """The steps whose sections a routine has, in order.

    Args:
        load: loads the base encoder; by default by the name in the routine.
    """
    steps = [_catalogue(routine.catalogue, load)]
    if routine.encoder:
        steps.append(_encoder(routine.encoder, load))
    if routine.taste:
        steps.append(_taste(routine.taste))
    if routine.navigator:
        steps.append(_navigator(routine.navigator))
    return steps


def _catalogue(section: CatalogueSection, load: Callable[[], BaseEncoder] | None) -> Step:
    def source() -> Any:
        fields = FieldMap.parse(section.map, section.set, section.attributes_rest)
        return open_source(section.source, fields, language=section.language)

    def run(uri: str, _: Say) -> bool:
        job = PrecomputeJob(
            source=source(),
            release=uri,
            encoder=section.encoder,
            load=load,
            max_gone=section.max_gone,
            require_image=section.require_image,
            trust_addresses=section.trust_addresses,
            flow=FlowOptions(section.encoders, section.gpus_per_encoder),
            wave_rows=section.wave_rows,
        )
        with for_terminal() as progress:
            precompute(job, progress)
        return True

    settings = fingerprint(section.encoder, section.require_image)
    return Step("catalogue", lambda: {"source": source().signature(), "settings": settings}, lambda _: {}, run)


def _encoder(section: EncoderSection, load: Callable[[], BaseEncoder] | None) -> Step:
    def run(uri: str, say: Say) -> bool:
        job = EncoderJob(
            uri,
            section.boards,
            TrainSettings(epochs=section.epochs),
            max_items=section.max_items,
            workers=Workers(section.workers, section.gpus),
            size=section.dim,
            storage=section.quantise,  # type: ignore[arg-type]  # the section's pattern allows no other
            load=load,
        )
        store = ReleaseStore(uri)
        with following(store.path("work", job.run_id(store.current())), "metrics.jsonl", progress_line, say):
            train_encoder(job, say)
        return True

    settings = fingerprint(section.epochs, section.dim, section.quantise, section.max_items)
    return Step(
        "encoder",
        lambda: {"boards": file_signature(section.boards), "settings": settings},
        lambda release: {"base encoder": base_version(release)},
        run,
        section.retrain_share,
    )


def _taste(section: TasteSection) -> Step:
    def asks() -> Inputs:
        events = events_signature(section.events) if section.events else ""
        settings = fingerprint(section.epochs, section.dim, *(() if section.shards is None else (section.shards,)))
        return {"events": events, "boards": file_signature(section.boards), "settings": settings}

    def run(uri: str, say: Say) -> bool:
        settings = FactorSettings(dim=section.dim, epochs=section.epochs)
        report = train_taste(uri, events=section.events, boards=section.boards, settings=settings, split=section.shards)
        say("  ".join(f"{name} {value:.4g}" for name, value in report.metrics.items()))
        return report.release is not None

    return Step(
        "taste",
        asks,
        lambda release: {
            "items": f"{release.items.name}@{release.items.version}",
            "encoder": release.encoder.version,
        },
        run,
    )


def _navigator(section: NavigatorSection) -> Step:
    def asks() -> Inputs:
        files = {name: file_signature(getattr(section, name)) for name in ("labels", "boards", "conversations")}
        files |= {f"practice labels {path}": file_signature(path) for path in section.practice_labels}
        settings = fingerprint(section.base, section.steps, section.minutes, section.tokens_per_item, *section.practice)
        return {**files, "settings": settings}

    def run(uri: str, say: Say) -> bool:
        recipe = Recipe(steps=section.steps, max_seconds=section.minutes * 60 if section.minutes else None)
        job = NavigatorJob(
            uri,
            section.base,
            section.labels,
            section.boards,
            section.conversations,
            practice=section.practice,
            practice_labels=section.practice_labels,
            tokens_per_item=section.tokens_per_item,
            recipe=recipe,
            work=section.work,
            workers=section.workers,
            gpus=section.gpus,
        )
        # With workers, they have the GPUs to train; the process itself needs one to measure what they trained.
        return isolated(partial(_train_navigator, job), say, gpus=section.gpus)

    return Step("navigator", asks, lambda release: {"encoder": release.encoder.version}, run, section.retrain_share)


def _train_navigator(job: NavigatorJob, say: Say) -> bool:
    return train_navigator(job, say) is not None


def current_of(store: ReleaseStore) -> Release | None:
    """The release that a store's pointer is at, if there is one."""
    try:
        return store.current()
    except NotFound:
        return None
