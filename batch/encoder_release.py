"""A new head into service: new vectors in a new table beside the old one, alignment maps, and a release of both.

Only the head runs: base features come from the cache that precompute filled, words and thumbnails from the old table.
The old table and release stay as they are, so that going back is one swap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from batch.precompute.features import iter_features
from catalog.align import Alignment, fit_alignment
from catalog.compose import load_composer
from catalog.encoder import Space, Storage, Vectors, normalise
from catalog.errors import NotFound
from catalog.joint import JointHead, load_head
from catalog.release import AlignmentRef, EncoderRef, Release, ReleaseStore, TableRef, git_commit, new_release_id
from catalog.table import ItemTable, detail_dim, vector_columns, vectors_from_arrow, vectors_to_arrow

ROWS_AT_A_TIME = 2_048
HEADS = "models/heads"
COMPOSERS = "models/composers"
ALIGNMENTS = "models/align"


@dataclass(frozen=True)
class Options:
    """How a head goes into service.

    Attributes:
        composer: path of its composer inside the store, if there is one.
        size: Matryoshka size of the vectors; None for the full one.
        storage: how vectors are kept, see `catalog.encoder.Space`.
        promote: make the new release the live one.
        metrics: of the training, kept in the release.
    """

    composer: str | None = None
    size: int | None = None
    storage: Storage = "float32"
    promote: bool = True
    metrics: dict[str, float] = field(default_factory=dict)


def head_path(head: JointHead) -> str:
    """Where a head lies inside a store; all Matryoshka sizes share one file."""
    return f"{HEADS}/{head.at(head.network.config.dim).version}.safetensors"


def put_into_service(store: ReleaseStore, old: Release, head: JointHead, options: Options) -> Release:
    """Give every item of release `old` a vector of `head`, and write the release that has them.

    Returns:
        The new release. Its parent is `old`, whose other models stay in it with the versions that they were trained on.

    Raises:
        NotFound: items of the release have no cached features.
        InvalidInput: the head has no such size.
        Superseded: another release than `old` is live by now; the new one is written.
    """
    head = head.at(options.size or head.network.config.dim)
    head.save(store.path(*head_path(head).split("/")))
    version = f"{head.base_version}+{head.version}"
    table = rehead(store, old, head, options.storage)
    alignments = [
        _saved(store, fit_alignment(old.encoder.version, version, pairs_of(store, old, table))),
        _saved(store, fit_alignment(version, old.encoder.version, _swapped(pairs_of(store, old, table)))),
    ]
    release_id = new_release_id()
    table.index()
    release = Release(
        id=release_id,
        created=datetime.now(UTC),
        parent=old.id,
        encoder=EncoderRef(
            base=old.encoder.base,
            version=version,
            head=head_path(head),
            size=options.size,
            composer=options.composer,
        ),
        items=TableRef(name=table.name, version=table.tag(f"release-{release_id}"), rows=len(table)),
        navigator=old.navigator,
        taste=old.taste,
        alignments=alignments,
        source=old.source,
        counts=old.counts,
        metrics=options.metrics,
        git_commit=git_commit(),
    )
    store.write(release)
    if options.promote:
        store.promote(release.id, expected=old.id)
    return release


def install(
    store: ReleaseStore, head_uri: str, composer_uri: str | None = None, options: Options | None = None
) -> Release:
    """Put a head that was trained before into service on the live release, without training.

    Args:
        store: the release store.
        head_uri: a head's file, such as `catalog/weights/demo-head.safetensors`.
        composer_uri: its composer's file; goes into service only at the full size, for which it was trained.
        options: how.

    Raises:
        NotFound: no such file, nothing is live, or features are not cached.
        VersionMismatch: the head was trained on another base encoder, or the composer with another head.
    """
    options = options or Options()
    live = store.current()
    head = load_head(head_uri, base_version=live.encoder.version.partition("+")[0])
    if composer_uri and options.size in (None, head.dim):
        version = f"{head.base_version}+{head.version}"
        path = composer_path(version)
        load_composer(composer_uri, version).save(store.path(*path.split("/")))
        options = replace(options, composer=path)
    return put_into_service(store, live, head, options)


def composer_path(encoder_version: str) -> str:
    """Where the composer of an encoder version lies inside a store."""
    return f"{COMPOSERS}/{encoder_version}.safetensors"


def rehead(store: ReleaseStore, old: Release, head: JointHead, storage: Storage = "float32") -> ItemTable:
    """Make the table of a release anew with the vectors of `head`. Run again after a kill, it goes on by upserting.

    Raises:
        NotFound: items of the release have no cached features.
    """
    space = Space("joint", head.dim, frozenset({"image", "text"}), storage)
    version = f"{head.base_version}+{head.version}"
    before = ItemTable.of(store, old)
    name = f"items-{version.replace('+', '.')}" + ("" if storage == "float32" else f"-{storage}")
    table = ItemTable.open_or_create(store.tables_uri, name, version, [space], detail_dim=detail_dim(before.schema))
    beside = [name for name in before.schema.names if name not in vector_columns(before.schema)]
    for number, batch in enumerate(iter_features(store, head.base_version, old, ROWS_AT_A_TIME)):
        if number % 25 == 0:
            table.index_ids()
        vectors = head.fuse(batch.features)
        place = {item_id: row for row, item_id in enumerate(batch.ids)}
        rows = before.rows(list(place), beside)
        order = [place[item_id] for item_id in rows["id"].to_pylist()]
        rows = rows.append_column(space.column, vectors_to_arrow(vectors[order]))
        table.upsert(rows.select(table.schema.names))
    _take_out_gone(table, before)
    if len(table) < len(before):
        raise NotFound(
            f"{len(before) - len(table)} of {len(before)} items of release {old.id} have no cached features of "
            f"{head.base_version}; run `python -m batch.precompute` with the same source and encoder first"
        )
    return table


def pairs_of(store: ReleaseStore, old: Release, table: ItemTable) -> Iterator[tuple[Vectors, Vectors]]:
    """Batches of (old vectors, new vectors) of the same items; several old columns are put side by side."""
    before = ItemTable.of(store, old)
    columns = vector_columns(before.schema)
    (new_column,) = vector_columns(table.schema)
    for batch in table.batches(["id", new_column], ROWS_AT_A_TIME):
        rows = before.rows(batch.column("id").to_pylist(), columns)
        place = {item_id: row for row, item_id in enumerate(batch.column("id").to_pylist())}
        order = [place[item_id] for item_id in rows["id"].to_pylist()]
        old_vectors = np.concatenate([vectors_from_arrow(rows[column]) for column in columns], axis=1)
        yield normalise(old_vectors), vectors_from_arrow(batch.column(new_column))[order]


def _take_out_gone(table: ItemTable, before: ItemTable) -> None:
    """Rows that an earlier attempt made for items that have left the catalogue since."""
    for batch in table.batches(["id"], ROWS_AT_A_TIME):
        ids = set(batch.column("id").to_pylist())
        table.delete(sorted(ids - set(before.rows(sorted(ids), [])["id"].to_pylist())))


def _swapped(pairs: Iterator[tuple[Vectors, Vectors]]) -> Iterator[tuple[Vectors, Vectors]]:
    return ((new, old) for old, new in pairs)


def _saved(store: ReleaseStore, alignment: Alignment) -> AlignmentRef:
    path = f"{ALIGNMENTS}/{alignment.source}--{alignment.target}.safetensors"
    alignment.save(store.path(*path.split("/")))
    return AlignmentRef(
        path=path, source=alignment.source, target=alignment.target, cosine=round(alignment.quality.cosine, 4)
    )
