"""The job from beginning to end: stage, encode and merge wave by wave, take out what left, release."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import ray

from batch.precompute.files import Folder
from batch.precompute.flow import LEAST_CPUS, EncoderInfo, FlowOptions, LoadEncoder, probe_encoder, run_wave
from batch.precompute.leavers import MAX_GONE, refuse_shrunk, take_out_gone
from batch.precompute.merge import REJECTS, Outcome, merge_wave
from batch.precompute.prepare import PrepareOptions
from batch.precompute.progress import Progress, silent
from batch.precompute.run import RunBook, RunState
from batch.precompute.stage import duplicates_between, find_duplicates, stage_source, staged_files
from catalog.encoder import TOWERS, Head, load_base_encoder, spaces_of
from catalog.errors import BadSource, NotFound, Superseded
from catalog.fetch import FetchLimits
from catalog.images import MAX_PIXELS, THUMBNAIL_SIDE
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef, git_commit, new_release_id
from catalog.sources import CatalogSource
from catalog.sources.base import ROWS_PER_SHARD
from catalog.table import ItemTable


@dataclass(frozen=True)
class Job:
    """All there is to say about one precompute job.

    Attributes:
        source: the catalogue.
        release: URI of the release store.
        encoder: name of the base encoder, for `catalog.encoder.load_base_encoder`.
        load: loads it in a worker; by default from its name.
        promote: make the new release the live one.
        max_gone: share of the live items that may leave the shop at once; where more would, nothing is promoted.
        require_image, trust_addresses, max_pixels, thumbnail_side, limits: see `PrepareOptions`.
        flow: how work is spread over the cluster.
        wave_rows: rows between two merges into the table. Bounds what the job keeps in memory and in its work folder
            (about 20 kB a row).
        rows_per_shard: rows of the source that one task reads.
    """

    source: CatalogSource
    release: str
    encoder: str = "packaged"
    load: LoadEncoder | None = None
    promote: bool = True
    max_gone: float = MAX_GONE
    require_image: bool = False
    trust_addresses: bool = False
    max_pixels: int = MAX_PIXELS
    thumbnail_side: int = THUMBNAIL_SIDE
    limits: FetchLimits = field(default_factory=FetchLimits)
    flow: FlowOptions = field(default_factory=FlowOptions)
    wave_rows: int = 200_000
    rows_per_shard: int = ROWS_PER_SHARD

    @property
    def load_encoder(self) -> LoadEncoder:
        return self.load or partial(load_base_encoder, self.encoder)


@dataclass(frozen=True)
class Report:
    """What a job did.

    Attributes:
        release: id of the release that now holds the catalogue.
        changed: whether that is a new release; an unchanged catalogue makes none.
        rows: rows of the source.
        items: items that can be found in the release.
        encoded, updated, unchanged, rejected: rows by what became of them.
        gone: items that left the source.
        kept: items whose row cannot be used any more, which stay as they were.
        reasons: rejected rows by reason.
        rejects: where the rejected rows are listed (Parquet); None if there are none.
    """

    release: str
    changed: bool
    rows: int
    items: int
    encoded: int
    updated: int
    unchanged: int
    rejected: int
    gone: int
    kept: int
    reasons: dict[str, int]
    rejects: str | None


def precompute(job: Job, progress: Progress | None = None) -> Report:
    """Run a job on the Ray cluster that this process is connected to, or go on with it where it was cut off.

    Raises:
        BadSource: the source cannot be used.
        Shrunk: it lacks more of the live items than `max_gone`; nothing was taken out.
        InvalidInput: another job writes to the store.
        Superseded: a release of another encoder went live meanwhile, or one while the new one was written.
        OSError: a disk is full, a store cannot be reached.
    """
    progress = progress or silent()
    store = ReleaseStore(job.release)
    book = RunBook(store.uri)
    with book.locked():
        progress.say("Looking at the source and loading the encoder")
        worker = _Worker(job, store, book, probe_encoder(job.load_encoder), progress)
        if (cpus := ray.cluster_resources().get("CPU", 0)) < LEAST_CPUS:
            progress.say(
                f"The cluster has {cpus:g} CPU: encoding waits until there are {LEAST_CPUS} (ray start --num-cpus)"
            )
        return worker.run()


class _Worker:
    """One process's part in a run."""

    def __init__(self, job: Job, store: ReleaseStore, book: RunBook, info: EncoderInfo, progress: Progress) -> None:
        self.job, self.store, self.book, self.info, self.progress = job, store, book, info, progress
        self.began_from = self._live()
        self.head = self._live_head()
        self.version = f"{info.version}+{self.head.version}" if self.head else info.version
        self.table_name = self._table_name()
        self.features = Folder(store.path("features", info.version))

    def run(self) -> Report:
        state = self._begin()
        if not state.staged:
            state = self._stage(state)
        waves = list(_waves(staged_files(self.book.of(state)), self.job.wave_rows))
        self.progress.begin(state.rows, done=sum(rows for _, _, rows in waves[: state.waves_merged]))
        for number in range(state.waves_merged, len(waves)):
            state = self._wave(state, number, *waves[number])
        return self._finish(state)

    def _begin(self) -> RunState:
        """Go on with an unfinished run of the same source and settings, or begin a new one."""
        signature = self._signature()
        before = self.book.load()
        if before and not before.finished:
            if before.signature == signature:
                self.progress.say(f"Going on with run {before.id}")
                return before
            self._abandon(before)
        state = RunState(new_release_id(), signature)
        for name in self.book.folder.names():
            if before and name == before.id:
                (self.book.folder / name).remove()
        self.book.save(state)
        return state

    def _abandon(self, state: RunState) -> None:
        """Leave an unfinished run whose source or settings have changed, but keep what it encoded."""
        self.progress.say(f"The source or the settings changed since run {state.id}: keeping what it encoded")
        folder = self.book.of(state)
        wave = folder / _wave_name(state.waves_merged)
        if (folder / "encoder").read_json("encoder.json") == {"version": self.version}:
            self._merge(state, wave, state.waves_merged)
        folder.remove()

    def _signature(self) -> str:
        job = self.job
        shape = (self.version, job.require_image, job.max_pixels, job.thumbnail_side)
        sizes = (job.trust_addresses, job.wave_rows, job.rows_per_shard)
        return hashlib.sha256(f"{job.source.signature()} {shape} {sizes}".encode()).hexdigest()

    def _stage(self, state: RunState) -> RunState:
        folder = self.book.of(state)
        (folder / "encoder").write_json("encoder.json", {"version": self.version})
        for staged in stage_source(self.job.source, folder, self.job.rows_per_shard):
            self.progress.staged(staged.rows)
            rows = staged.rows
        ids, duplicates = find_duplicates(folder, rows)
        if ids == 0:
            first = (folder / "items").parquet().head(1, columns=["message"])["message"][0].as_py()
            spec = self.job.source.spec
            raise BadSource(
                f"{spec}: none of its {rows:,} rows is an item, and nothing was changed; the first: {first}"
            )
        return self.book.save(state, staged=True, rows=rows, ids=ids, duplicates=duplicates)

    def _wave(self, state: RunState, number: int, names: list[str], first: int, rows: int) -> RunState:
        """Encode one wave and merge it; then its own files are not needed any more."""
        folder = self.book.of(state)
        wave = folder / _wave_name(number)
        self._table()  # tasks look items up in it
        run_wave(
            [(folder / "items").path(name) for name in names],
            wave,
            self.job.load_encoder,
            self.info,
            self._prepare_options(state.id),
            self.job.flow,
            duplicates_between(folder, first, first + rows),
            self.progress.tally,
        )
        self.progress.say(f"Merging rows {first + 1:,} to {first + rows:,}")
        outcome = self._merge(state, wave, number)
        self._table().index_ids()
        state = self.book.save(
            state,
            waves_merged=number + 1,
            counts=dict(Counter(state.counts) + outcome.actions),
            reasons=dict(Counter(state.reasons) + outcome.reasons),
        )
        wave.remove()
        return state

    def _merge(self, state: RunState, wave: Folder, number: int) -> Outcome:
        name = f"{state.id}-{number:06d}"
        rejects = self.book.of(state) / "rejects"
        return merge_wave(wave, self._table(), self.info, self.head, self.features, rejects, name)

    def _finish(self, state: RunState) -> Report:
        table = self._table()
        folder = self.book.of(state)
        live = before = self._live()
        if self.job.promote:
            self._check_encoder(before)
        if state.gone is None:
            self.progress.say("Taking out items that left the source")
            if before is not None and self.job.promote:
                refuse_shrunk(folder, table, ItemTable.of(self.store, before), state.rows, self.job.max_gone)
            left = take_out_gone(folder, table, state.rows)
            state = self.book.save(state, gone=left.gone, kept=left.kept)
        rejects = self._collect_rejects(state, folder)
        changed = bool(state.counts.get("encode", 0) + state.counts.get("update", 0) + (state.gone or 0))
        # An unchanged catalogue needs no new release, provided that the live one holds the table's last state.
        if changed or live is None or (live.items.name, live.items.version) != (self.table_name, table.version):
            live = self._release(state, table, live)
            changed = True
        if self.job.promote:
            self.store.promote(live.id, expected=before.id if before else None)
        state = self.book.save(state, finished=True)
        folder.remove()
        return Report(
            release=live.id,
            changed=changed,
            rows=state.rows,
            items=len(table),
            encoded=state.counts.get("encode", 0),
            updated=state.counts.get("update", 0),
            unchanged=state.counts.get("unchanged", 0),
            rejected=state.counts.get("reject", 0),
            gone=state.gone or 0,
            kept=state.kept,
            reasons=state.reasons,
            rejects=rejects,
        )

    def _check_encoder(self, live: Release | None) -> None:
        """Models that went live meanwhile come along in the new release; another encoder's vectors cannot."""
        began = self.began_from.encoder.version if self.began_from else None
        if live is not None and live.encoder.version not in (began, self.version):
            raise Superseded(
                f"release {live.id} went live while this job encoded for {self.version}, and has vectors of "
                f"{live.encoder.version}, which a release of this job would undo; run the job again, and it encodes "
                "for what is live"
            )

    def _release(self, state: RunState, table: ItemTable, parent: Release | None) -> Release:
        release_id = state.id
        if written := self._written(state.id):
            if (parent.id if parent else None) in (written.id, written.parent):
                return written
            release_id = new_release_id()  # of what was live before: what went live since comes along in another
        self.progress.say("Building indexes")
        table.index()
        version = table.tag(f"release-{release_id}")
        kept = parent if parent and parent.encoder.version == self.version else None  # whose models fit these vectors
        release = Release(
            id=release_id,
            created=datetime.now(UTC),
            parent=parent.id if parent else None,
            encoder=kept.encoder if kept else EncoderRef(base=self._base_name(), version=self.version),
            items=TableRef(name=self.table_name, version=version, rows=len(table)),
            navigator=kept.navigator if kept else None,
            taste=kept.taste if kept else None,
            alignments=kept.alignments if kept else (),
            source=self.job.source.spec,
            counts={"rows": state.rows, "gone": state.gone or 0, **state.counts},
            git_commit=git_commit(),
        )
        self.store.write(release)
        return release

    def _written(self, release_id: str) -> Release | None:
        """The release that this run wrote before it was cut off."""
        try:
            return self.store.get(release_id)
        except NotFound:
            return None

    def _base_name(self) -> str:
        """Towers that lie in the store are named by their place in it, so that a store may move."""
        inside = self.store.inside(self.job.encoder)
        return inside if inside and inside.startswith(f"{TOWERS}/") else self.job.encoder

    def _collect_rejects(self, state: RunState, folder: Folder) -> str | None:
        """One list of all rejected rows of the run, in the store's `rejects/`."""
        parts = folder / "rejects"
        if not parts.names(".parquet"):
            return None
        target = Folder(self.store.path("rejects"))
        target.write_parquet(f"{state.id}.parquet", parts.parquet().to_batches(batch_size=4096), REJECTS)
        return target.path(f"{state.id}.parquet")

    def _live(self) -> Release | None:
        try:
            return self.store.current()
        except NotFound:
            return None

    def _live_head(self) -> Head | None:
        """The trained head of the live release, if it stands on this base encoder: new items get vectors like its."""
        live = self._live()
        if live is None or live.encoder.head is None or not live.encoder.version.startswith(f"{self.info.version}+"):
            return None
        from catalog.joint import load_head

        uri = self.store.path(*live.encoder.head.split("/"))
        return load_head(uri, live.encoder.size, base_version=self.info.version)

    def _table_name(self) -> str:
        """The live release's table where it has this encoder's vectors: what is in it need not be made again."""
        live = self._live()
        if live is not None and live.encoder.version == self.version:
            return live.items.name
        return "items-" + re.sub(r"[^A-Za-z0-9_.-]", "-", self.version)

    def _table(self) -> ItemTable:
        spaces = spaces_of(self.info, self.head)  # type: ignore[arg-type]
        return ItemTable.open_or_create(
            self.store.tables_uri, self.table_name, self.version, spaces, detail_dim=self.info.detail_dim
        )

    def _prepare_options(self, run: str) -> PrepareOptions:
        job = self.job
        return PrepareOptions(
            self.store.tables_uri,
            self.table_name,
            run,
            job.require_image,
            job.trust_addresses,
            job.max_pixels,
            job.thumbnail_side,
            job.limits,
        )


def _waves(staged: list[tuple[str, int, int]], wave_rows: int) -> Iterator[tuple[list[str], int, int]]:
    """Group staged files (name, first, rows) into waves (names, first, rows) of about `wave_rows`."""
    names: list[str] = []
    start = rows = 0
    for name, first, count in staged:
        if names and rows + count > wave_rows:
            yield names, start, rows
            names, rows = [], 0
        start = first if not names else start
        names.append(name)
        rows += count
    if names:
        yield names, start, rows


def _wave_name(number: int) -> str:
    return f"wave-{number:06d}"
