"""`python -m batch.train_taste`: learn the taste model of a release from events, boards and the item table.

Ray Data reads the events and counts the graph's edges shard by shard; what is left is small (an edge per person and
item), and is trained on in one process. The last day is held out: the new model is released only if it foretells that
day as well as the incumbent does, for a sample of people who are shared out among the workers.
"""

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import ray
import typer
from rich.console import Console

from batch.command import ends_plainly
from batch.event_files import address_of, gather, open_events, survey_events
from batch.ray_session import connect
from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.release import ModelRef, Release, ReleaseStore, git_commit, new_release_id
from catalog.table import ItemTable, vector_columns
from taste.evaluate import (
    MOST_JUDGED,
    Contender,
    Foretold,
    NextDay,
    by_person,
    compare,
    likes_since,
    sample_people,
    to_be_judged,
)
from taste.factors import FactorSettings
from taste.graph import EDGE_SCHEMA, board_edges, concept_edges, event_edges, follow_edges, sum_edges
from taste.model import TasteModel, train_model
from taste.names import Rows
from taste.shards import MOST as MOST_SHARDS
from taste.shards import save_shards, shards_of
from taste.store import EVENT_SCHEMA

TOLERANCE = 0.02
"""Share of the incumbent's hit@10 that a new model may fall short by: a day's people are a sample."""

_PEOPLE_PER_TASK = 250

NO_BOARDS = pa.schema([("board", pa.string()), ("item", pa.string())]).empty_table()
_FACETS = ("category", "styles", "colors", "materials", "brand")

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Report:
    """What came of a run. `release` is None where the gate kept the incumbent."""

    release: Release | None
    metrics: dict[str, float]


@app.command()
def main(
    release: Annotated[str, typer.Option(help="The release store whose live release gets a taste model.")],
    events: Annotated[
        str | None,
        typer.Option(help="The event database's URL, or a Parquet or JSON-lines file or glob. Without: content alone."),
    ] = None,
    boards: Annotated[
        str | None, typer.Option(help="JSON lines with `id` and `items`: boards that the shop itself curates.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Passes over all people and boards.")] = FactorSettings.epochs,
    dim: Annotated[int, typer.Option(min=2, help="Dimensions of the factor space.")] = FactorSettings.dim,
    set_cap: Annotated[
        int, typer.Option(min=2, help="Items of a person or board that count, at most: the latest and strongest acts.")
    ] = FactorSettings.set_cap,
    fresh: Annotated[bool, typer.Option(help="Start from nothing rather than from the incumbent.")] = False,
    force: Annotated[
        bool, typer.Option(help="Release the model even if it foretells worse than the incumbent.")
    ] = False,
    promote: Annotated[bool, typer.Option(help="Make the new release the live one.")] = True,
    judged: Annotated[
        int, typer.Option(min=1, help="People whom the model and the incumbent are compared on, at most.")
    ] = MOST_JUDGED,
    shards: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MOST_SHARDS,
            help="Split the model by item, for serving from several nodes' memory; 0: do not "
            "[as the live release's model is].",
        ),
    ] = None,
) -> None:
    """Train the taste model and release it, if it is no worse than the incumbent on the last day.

    python -m batch.train_taste --release shop/ --events sqlite:////data/events.db --boards boards.jsonl
    """
    console = Console()
    with ends_plainly("Stopped. Nothing was released."):
        connect(show_workers=False)
        report = train(
            release,
            events=events,
            boards=boards,
            settings=FactorSettings(dim=dim, epochs=epochs, set_cap=set_cap),
            fresh=fresh,
            force=force,
            promote=promote,
            split=shards,
            judged=judged,
        )
    console.print("  ".join(f"{name} {value:.4g}" for name, value in report.metrics.items()))
    if report.release is None:
        console.print("The incumbent foretells the last day better; nothing was released (--force does it anyway).")
        raise typer.Exit(1)
    console.print(f"release {report.release.id}")


def train(
    release: str,
    *,
    events: str | None = None,
    boards: str | None = None,
    settings: FactorSettings | None = None,
    fresh: bool = False,
    force: bool = False,
    promote: bool = True,
    split: int | None = None,
    judged: int = MOST_JUDGED,
) -> Report:
    """The job. Reads the live release of the store at `release` and writes a new one beside it.

    Args:
        split: into so many shards; 0 for none, None for as many as the live release's model has.
        judged: people whom the model and the incumbent are compared on, at most.

    Raises:
        NotFound: the store has no live release.
        InvalidInput: events or boards cannot be read.
        Superseded: another release went live meanwhile, and stays so; the new one is written.
    """
    store = ReleaseStore(release)
    current = store.current()
    items, columns = read_items(store, current)
    shelves = read_boards(boards) if boards else NO_BOARDS
    incumbent = load_incumbent(store, current)
    acts, latest = _open(events) if events else (None, None)
    learnt = current.taste is not None and current.taste.metrics.get("people", 0) > 0
    if events and acts is None and learnt and not force:
        raise InvalidInput(
            f"there are no events at {address_of(events)}, and the live model was trained on some: is the address "
            "right? --force trains without"
        )
    day = (latest or datetime.now(UTC)) - timedelta(days=1)
    edges = collect_edges(acts, shelves, items, day)
    # On the way to the gate the model must not have seen the day that it is judged by.
    model = train_model(
        items,
        edges,
        encoder_version=current.encoder.version,
        columns=columns,
        settings=settings,
        incumbent=None if fresh else incumbent,
    )
    metrics: dict[str, float] = {"people": _people(edges), "boards": float(len(set(shelves["board"].to_pylist())))}
    passed = True
    if acts is not None:
        both = [model] if incumbent is None else [model, incumbent]
        mine, *theirs = judge(both, items, held_out(acts, day, judged), day)
        metrics |= {"hit_at_10": mine.hit, "ndcg_at_10": mine.ndcg, "judged_people": float(mine.people)}
        if theirs:
            metrics["incumbent_hit_at_10"] = theirs[0].hit
            passed = mine.hit >= theirs[0].hit * (1 - TOLERANCE)
    if not passed and not force:
        return Report(None, metrics)
    pieces = shards_in(store, current) if split is None else split
    return Report(_release(store, current, model, metrics, promote, pieces), metrics)


def _open(where: str) -> tuple[ray.data.Dataset | None, datetime | None]:
    """Events, if there are any, and when the latest happened."""
    acts = open_events(where)
    seen = survey_events(acts, where)
    return (acts if seen.some else None), seen.latest


def held_out(acts: ray.data.Dataset, day: datetime, most: int) -> pa.Table:
    """The events of at most so many of the people who liked something since `day`, as far as judging wants them."""
    likes = gather(acts, partial(likes_since, day=day), EVENT_SCHEMA)
    people = sample_people(pc.unique(likes["person"]).to_pylist(), most)
    theirs = gather(acts, partial(to_be_judged, day=day, people=people), EVENT_SCHEMA)
    return to_be_judged(theirs, day, people)  # a person's events may have come in several parts


def judge(models: Sequence[TasteModel], items: pa.Table, events: pa.Table, day: datetime) -> list[NextDay]:
    """How well each model foretells what people liked since `day`, all asked the same, people shared out to workers.

    Args:
        items: the catalogue that is ranked: the first model's items, in its order.
        events: as `held_out` gives them.
    """
    contenders = [Contender.of(model, items) for model in models]
    shared = ray.put((contenders, contenders[0].model.rows))
    everybody = [rows for _, rows in by_person(events)]
    starts = range(0, len(everybody), _PEOPLE_PER_TASK)
    parts = (pa.concat_tables(everybody[start : start + _PEOPLE_PER_TASK]) for start in starts)
    found = [one for part in ray.get([_judged.remote(shared, part, day) for part in parts]) for one in part]
    return [NextDay.of([one[n] for one in found]) for n in range(len(models))]


@ray.remote
def _judged(shared: tuple[list[Contender], Rows], events: pa.Table, day: datetime) -> list[tuple[Foretold, ...]]:
    contenders, catalogue = shared
    return list(compare(contenders, catalogue, events, day))


def collect_edges(acts: ray.data.Dataset | None, boards: pa.Table, items: pa.Table, until: datetime) -> pa.Table:
    """The graph's edges from events up to `until`, which is also the moment that ages are counted from.

    Events come ordered by person, so a shard's partial sums are nearly final, and what reaches this process is an edge
    per person and item, however many events they had.
    """

    def count(batch: pa.Table) -> pa.Table:
        early = batch.filter(pc.less(batch["time"], pa.scalar(until, batch["time"].type)))
        return sum_edges(pa.concat_tables([event_edges(early, until), follow_edges(early, boards, until)]))

    parts = [board_edges(boards), concept_edges(items)]
    if acts is not None:
        parts.append(gather(acts, count, EDGE_SCHEMA))
    return sum_edges(pa.concat_tables(parts))


def read_items(store: ReleaseStore, release: Release) -> tuple[pa.Table, list[str]]:
    """The item table of a release as it was tagged, less its pictures and long texts, and its vector columns."""
    table = ItemTable.of(store, release)
    columns = vector_columns(table.schema)
    return table.whole(["id", "title", *_FACETS, *columns]), columns


def read_boards(where: str) -> pa.Table:
    """JSON lines of {"id": ..., "items": [...]} → one row for each item of each board. Raises InvalidInput."""
    try:
        with fsspec.open(where, "rb", compression="infer") as file:
            rows = pyarrow.json.read_json(file)
        owners, members = rows["id"].combine_chunks(), rows["items"].combine_chunks()
        if owners.null_count:
            raise KeyError("a line has no id")
        flat = {"board": owners.take(pc.list_parent_indices(members)), "item": pc.list_flatten(members)}
        return pa.table(flat).cast(NO_BOARDS.schema)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InvalidInput(f"boards cannot be read from {where}: {error}; each line needs `id` and `items`") from error


def load_incumbent(store: ReleaseStore, release: Release) -> TasteModel | None:
    """The live release's taste model; None where there is none, or one of another encoder."""
    if release.taste is None:
        return None
    with contextlib.suppress(NotFound, VersionMismatch):
        return load_model(store, release.taste, encoder_version=release.encoder.version)
    return None


def load_model(store: ReleaseStore, ref: ModelRef, *, encoder_version: str) -> TasteModel:
    """Load a taste model out of a store, local or remote.

    Raises:
        NotFound, VersionMismatch: as `TasteModel.load`.
    """
    if store.is_local:
        return TasteModel.load(store.path(ref.path), encoder_version=encoder_version)
    filesystem, root = fsspec.core.url_to_fs(store.path(ref.path), **store.storage_options)
    # All of a model is mapped when it is loaded, and what is mapped stays when its file's name goes.
    with tempfile.TemporaryDirectory(prefix="windowshop-taste-model-") as copy:
        try:
            filesystem.get(f"{root}/", copy, recursive=True)
        except FileNotFoundError as error:
            raise NotFound(f"there is no taste model at {store.path(ref.path)}") from error
        return TasteModel.load(copy, encoder_version=encoder_version)


def shards_in(store: ReleaseStore, release: Release) -> int:
    """How many shards a release's taste model is split into; 0 if it is not, or there is none."""
    if release.taste is None:
        return 0
    filesystem, root = fsspec.core.url_to_fs(store.path(shards_of(release.taste.path)), **store.storage_options)
    pieces = filesystem.ls(root, detail=False) if filesystem.exists(root) else []
    return sum(Path(piece).name.isdigit() for piece in pieces)


def _release(
    store: ReleaseStore, old: Release, model: TasteModel, metrics: dict[str, float], promote: bool, shards: int
) -> Release:
    release_id = new_release_id()
    path = f"models/taste/{release_id}"
    with tempfile.TemporaryDirectory(prefix="windowshop-taste-") as scratch:
        parts = {path: Path(scratch) / "model"}
        model.save(parts[path])
        if shards:
            parts[shards_of(path)] = Path(scratch) / "shards"
            save_shards(model, parts[shards_of(path)], shards)
        for where, folder in parts.items():
            filesystem, target = fsspec.core.url_to_fs(store.path(where), **store.storage_options)
            filesystem.makedirs(target, exist_ok=True)
            filesystem.put(f"{folder}/", target, recursive=True)
    release = old.model_copy(
        update={
            "id": release_id,
            "created": datetime.now(UTC),
            "parent": old.id,
            "taste": ModelRef(path=path, version=release_id, encoder_version=model.encoder_version, metrics=metrics),
            "alignments": (),
            "git_commit": git_commit(),
        }
    )
    ItemTable.of(store, old).tag(release.tag, old.items.version)
    store.write(release)
    if promote:
        store.promote(release.id, expected=old.id)
    return release


def _people(edges: pa.Table) -> float:
    return float(pc.count_distinct(edges.filter(pc.equal(edges["relation"], "people"))["node"]).as_py())


if __name__ == "__main__":
    app()
