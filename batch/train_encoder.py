"""`python -m batch.train_encoder`: train the joint head of a shop's encoder and put it into service.

Ray Train runs the loop of `batch.encoder_loop` on cached base features: one process on a laptop, data-parallel on a
cluster. Killed half-way, the same command goes on from its last validation. At the end every item has a new vector in a
new table, maps carry vectors over between the old and the new space, and one release switches to all of it at once.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from typing import Annotated, Any

import fsspec
import typer
from rich.console import Console

from batch.command import ends_plainly
from batch.encoder_compose import train_composer
from batch.encoder_data import TrainingItems, board_rows, gather_items, read_boards
from batch.encoder_loop import LoopState, TrainSettings, train
from batch.encoder_phrases import make_phrases
from batch.encoder_release import HEADS, Options, composer_path, head_path, install, put_into_service
from batch.encoder_towers import TowerSettings
from batch.precompute.features import iter_features
from batch.ray_session import connect, for_workers
from batch.ray_training import Workers, fit, forget, is_first, leave, rank, report, restored
from batch.train_towers import TowerJob, train_towers
from catalog.encoder import BaseEncoder, Storage, base_name, load_base_encoder
from catalog.errors import InvalidInput
from catalog.item import Item
from catalog.joint import JointHead, load_head
from catalog.release import Release, ReleaseStore
from catalog.table import ITEM_COLUMNS, ItemTable, item_from_row

MAX_COMPOSED = 20_000
"""Items that a composer is trained on; more kinds of things teach it little more about words."""

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """All there is to say about one training.

    Attributes:
        release: URI of the release store; its live release is the catalogue.
        boards: JSON lines with `items`, at a path or URI; None trains on pictures and words alone.
        settings: of the loop.
        max_items: items held in memory for training, those on boards first.
        workers: processes that train side by side.
        size, storage, promote: see `batch.encoder_release.Options`.
        load: loads the base encoder's text tower, for the phrases that heads and composers are trained on; by default
            from the release.
    """

    release: str
    boards: str | None = None
    settings: TrainSettings = field(default_factory=TrainSettings)
    max_items: int = 500_000
    workers: Workers = field(default_factory=Workers)
    size: int | None = None
    storage: Storage = "float32"
    promote: bool = True
    load: Callable[[], BaseEncoder] | None = None

    def run_id(self, live: Release) -> str:
        """The same for the same training on the same catalogue, so that a killed job finds its checkpoint."""
        what = (live.id, self.boards, asdict(self.settings), self.max_items, self.workers)
        return f"encoder-{hashlib.sha256(repr(what).encode()).hexdigest()[:12]}"


@app.command()
def main(
    release: Annotated[str, typer.Option(help="The release store whose live release gets a new encoder.")],
    boards: Annotated[
        str | None,
        typer.Option(help='JSON lines {"items": [ids]}: what belongs together. Without: pictures and words alone.'),
    ] = None,
    size: Annotated[
        int | None, typer.Option("--dim", help="Length of the vectors in the table: 64, 128 or 256 (the default).")
    ] = None,
    quantise: Annotated[
        str,
        typer.Option(help="How the table keeps vectors: float32, float16, or int8 (a byte a number in the index)."),
    ] = "float32",
    head: Annotated[str | None, typer.Option(help="Put this head into service instead of training one.")] = None,
    composer: Annotated[str | None, typer.Option(help="The composer that goes with --head.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the items on boards.")] = TrainSettings.epochs,
    batch_size: Annotated[int, typer.Option(help="Items per step and worker.")] = TrainSettings.batch_size,
    learning_rate: Annotated[float, typer.Option(help="Highest rate of AdamW.")] = TrainSettings.learning_rate,
    neighbour_weight: Annotated[float, typer.Option(help="Of the loss on boards.")] = TrainSettings.neighbour_weight,
    image_text_weight: Annotated[
        float, typer.Option(help="Of the loss between pictures and words.")
    ] = TrainSettings.image_text_weight,
    phrase_weight: Annotated[
        float,
        typer.Option(
            help="Of the loss that keeps short queries such as 'green velvet sofa' finding what they ask for."
        ),
    ] = TrainSettings.phrase_weight,
    held_out: Annotated[
        float, typer.Option(help="Share of boards kept for validation; 0 trains on all, without early stop.")
    ] = TrainSettings.held_out,
    seed: Annotated[int, typer.Option(help="Of weights, batches and splits.")] = 0,
    max_items: Annotated[int, typer.Option(help="Items held in memory; those on boards come first.")] = 500_000,
    workers: Annotated[int, typer.Option(help="Training processes.")] = 1,
    gpus: Annotated[int, typer.Option(help="GPUs per process: 0 or 1.")] = 0,
    promote: Annotated[bool, typer.Option(help="Make the new release the live one.")] = True,
    unfreeze: Annotated[
        int | None,
        typer.Option(help="Train the last so many layers of a SigLIP base's towers instead of a head; wants a GPU."),
    ] = None,
    tower_steps: Annotated[int, typer.Option(help="Steps of --unfreeze, at most.")] = TowerSettings.steps,
    tower_rate: Annotated[
        float, typer.Option(help="Highest learning rate of --unfreeze.")
    ] = TowerSettings.learning_rate,
) -> None:
    """Teach the encoder which products belong together and which words tell of which pictures.

    python -m batch.train_encoder --release shop/ --boards boards.jsonl
    """
    console = Console(stderr=True, soft_wrap=True)
    settings = TrainSettings(
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        neighbour_weight=neighbour_weight,
        image_text_weight=image_text_weight,
        phrase_weight=phrase_weight,
        held_out=held_out,
    )
    storage: Storage | None = next((kind for kind in ("float32", "float16", "int8") if kind == quantise), None)
    if storage is None or (size is not None and size not in settings.sizes):
        raise typer.BadParameter("--dim is 64, 128 or 256; --quantise is float32, float16 or int8")
    job = Job(release, boards, settings, max_items, Workers(workers, gpus), size, storage, promote)
    with ends_plainly():
        if unfreeze is not None:
            connect(show_workers=True)
            towers = TowerSettings(unfreeze, tower_steps, learning_rate=tower_rate, held_out=held_out, seed=seed)
            _train_towers(TowerJob(release, boards, towers, max_items, job.workers), console)
            return
        if head:
            done = install(ReleaseStore(release), head, composer, Options(None, size, storage, promote))
        else:
            connect(show_workers=True)
            done = train_encoder(job, lambda line: console.print(line, highlight=False))
    console.print(f"release {done.id}: encoder {done.encoder.version}", highlight=False)
    for name, value in done.metrics.items():
        console.print(f"  {name:<28} {value:.3f}", highlight=False)


def _train_towers(job: TowerJob, console: Console) -> None:
    made = train_towers(job, lambda line: console.print(line, highlight=False))
    for name, value in made.after.items():
        console.print(f"  {name:<28} {value:.3f} (was {made.before[name]:.3f})", highlight=False)
    console.print(f"towers {made.uri}", highlight=False)
    console.print(
        "Now encode the catalogue with them: the same command of batch.precompute as before, with\n"
        f"  --encoder {made.uri}\nand then train a head on top: this command without --unfreeze.",
        highlight=False,
    )


def train_encoder(job: Job, say: Say = lambda line: None) -> Release:
    """Run a job on the Ray that this process is connected to, and return the new release.

    Raises:
        NotFound: nothing is live in the store, its features are not cached, or there is no board file.
        BadSource: a line of the board file is no board.
        InvalidInput: no board has two items of the catalogue.
    """
    store = ReleaseStore(job.release)
    live = store.current()
    job = replace(job, release=store.address, boards=for_workers(job.boards))
    run_id = job.run_id(live)
    say(f"Training on release {live.id} ({live.items.rows:,} items)")
    config = {"job": job, "live": live.model_dump_json(), "run_id": run_id}
    found = fit(_worker, config, store, run_id, job.workers)
    head, metrics = load_head(store.path(*found["head"].split("/"))), found["metrics"]
    say(f"Head {head.version}: " + ", ".join(f"{name} {value:.3f}" for name, value in metrics.items()))
    composer = _compose(job, store, live, head.at(job.size or head.dim), say)
    made = put_into_service(store, live, head, Options(composer, job.size, job.storage, job.promote, metrics))
    forget(store, run_id)
    return made


def load_training_set(job: Job, live: Release) -> tuple[TrainingItems, list[Any]]:
    """The items of a release with their cached features, and the boards as rows of them."""
    store = ReleaseStore(job.release)
    boards = read_boards(job.boards) if job.boards else []
    wanted = {item for board in boards for item in board}
    batches = ((batch.ids, batch.features) for batch in iter_features(store, base_version(live), live))
    items = gather_items(batches, wanted, job.max_items, job.settings.seed)
    rows = board_rows(boards, items.ids)
    if job.boards and not rows:
        raise InvalidInput(f"no board of {job.boards} has two items of release {live.id}; are these its ids?")
    return items, rows


def catalogue_items(store: ReleaseStore, live: Release, ids: Sequence[str]) -> list[Item]:
    """The items of a release with these ids, in their order."""
    wanted, found = set(ids), {}
    for batch in ItemTable.of(store, live).batches(ITEM_COLUMNS):
        found.update({row["id"]: item_from_row(row) for row in batch.to_pylist() if row["id"] in wanted})
    return [found[item_id] for item_id in ids]


def text_tower(job: Job, live: Release) -> Callable[[], BaseEncoder]:
    """The base encoder of a release, loaded when it is first asked for."""
    name = base_name(ReleaseStore(job.release), live.encoder)
    return cache(job.load or partial(load_base_encoder, name, "cpu"))


def _compose(job: Job, store: ReleaseStore, live: Release, head: JointHead, say: Say) -> str | None:
    """Train the composer of a head and save it; its path in the store, or None where the items cannot teach one."""
    training, _ = load_training_set(replace(job, boards=None, max_items=MAX_COMPOSED), live)
    items = catalogue_items(store, live, training.ids)
    tower = text_tower(job, live)
    version = f"{head.base_version}+{head.version}"
    say("Training the composer of picture and words")
    composer = train_composer(head, training, items, lambda texts: tower().encode_texts(texts), version)
    if composer is None:
        say("No composer: the items' categories, colors and materials do not tell enough of them apart")
        return None
    path = composer_path(version)
    composer.save(store.path(*path.split("/")))
    return path


def base_version(release: Release) -> str:
    """Version of the base encoder under a release's encoder."""
    return release.encoder.version.partition("+")[0]


def _worker(config: dict[str, Any]) -> None:
    """One training process. The first also writes metrics and the head into the store."""
    job, live = config["job"], Release.model_validate_json(config["live"])
    store = ReleaseStore(job.release)
    items, boards = load_training_set(job, live)
    if job.settings.phrase_weight:
        tower = text_tower(job, live)
        catalogue = catalogue_items(store, live, items.ids)
        phrases = make_phrases(catalogue, lambda texts: tower().encode_texts(texts), job.settings.seed)
        items = replace(items, phrases=phrases)
    saved = restored()
    history: list[dict[str, float]] = saved["history"] if saved else []

    def tell(metrics: dict[str, float], state: LoopState) -> None:
        history.append({name: round(value, 5) for name, value in metrics.items()})
        if is_first():
            print(progress_line(metrics), flush=True)
            _write(store.path("work", config["run_id"], "metrics.jsonl"), _json_lines(history))
        report(metrics, lambda: {"state": state.to_dict(), "history": history})

    resume = saved["state"] if saved else None
    trained = train(items, boards, job.settings, tell, resume, rank(), job.workers.device())
    if not is_first():
        return
    notes: dict[str, Any] = {
        "items": len(items),
        "boards": len(boards),
        "steps": trained.steps,
        "settings": asdict(job.settings),
    }
    notes["metrics"] = trained.validation.metrics()
    head = JointHead(trained.network, base_version(live), notes=notes)
    head.save(store.path(*head_path(head).split("/")))
    _write(store.path(HEADS, f"{head.version}.metrics.jsonl"), _json_lines(history))
    leave(store, config["run_id"], {"head": head_path(head), "metrics": notes["metrics"]})


def progress_line(metrics: dict[str, float]) -> str:
    """One line of progress for a person: how far, what it costs, how good it is."""
    losses = [
        f"{name.removeprefix('loss_')} {value:.3f}" for name, value in metrics.items() if name.startswith("loss_")
    ]
    good = [
        f"{name.replace('_', ' ')} {value:.3f}"
        for name, value in metrics.items()
        if name not in ("step", "steps", "seconds") and not name.startswith("loss_")
    ]
    left = metrics["seconds"] / max(metrics["step"], 1) * (metrics["steps"] - metrics["step"])
    return (
        f"step {metrics['step']:.0f} of {metrics['steps']:.0f} (at most {left:.0f} s left): "
        f"losses {', '.join(losses) or '-'}; held out {', '.join(good) or '-'}"
    )


def _json_lines(rows: list[dict[str, float]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _write(uri: str, data: bytes) -> None:
    with fsspec.open(uri, "wb", auto_mkdir=True) as file:
        file.write(data)


if __name__ == "__main__":
    app()
