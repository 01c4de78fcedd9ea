"""`python -m batch.train_encoder --unfreeze LAYERS`: train the towers under a shop's encoder, not only a head on them.

Ray Train runs the loop of `batch.encoder_towers` on the pictures and words of the live release's own table, so that
nothing is fetched. Killed half-way, the same command goes on from its last validation. The towers are saved in the
store as a base encoder like any other; `batch.precompute --encoder` then makes every item's features anew with them.
"""

import hashlib
import io
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import fsspec
import numpy as np
from PIL import Image

from batch.encoder_data import board_rows, read_boards
from batch.encoder_pool import Rows
from batch.encoder_towers import TowerSettings, TowerState, tune
from batch.ray_session import for_workers
from batch.ray_training import Workers, fit, forget, is_first, leave, rank, report, restored
from catalog.encoder import TOWERS, Pixels, base_name
from catalog.errors import InvalidInput
from catalog.item import embedding_text
from catalog.release import Release, ReleaseStore
from catalog.siglip import SiglipEncoder
from catalog.table import ITEM_COLUMNS, ItemTable, item_from_row

Say = Callable[[str], None]


@dataclass(frozen=True)
class TowerJob:
    """All there is to say about one training of towers.

    Attributes:
        release: URI of the release store; its live release is the catalogue, and its base encoder the beginning.
        boards: JSON lines with `items`, at a path or URI; None trains on pictures and words alone.
        settings: of the loop.
        max_items: items that are drawn from, those on boards first.
        workers: processes that train side by side.
    """

    release: str
    boards: str | None = None
    settings: TowerSettings = field(default_factory=TowerSettings)
    max_items: int = 500_000
    workers: Workers = field(default_factory=Workers)

    def run_id(self, live: Release) -> str:
        """The same for the same training on the same catalogue, so that a killed job finds its checkpoint."""
        what = (live.id, self.boards, asdict(self.settings), self.max_items, self.workers)
        return f"towers-{hashlib.sha256(repr(what).encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Towers:
    """Trained towers: the folder in the store, and held-out scores of the towers before and after."""

    uri: str
    before: dict[str, float]
    after: dict[str, float]


class TableShelf:
    """Items with a picture and words, read from the item table when they are asked for."""

    def __init__(self, table: ItemTable, encoder: SiglipEncoder, ids: list[str]) -> None:
        self.table, self.encoder, self.ids = table, encoder, ids

    def __len__(self) -> int:
        return len(self.ids)

    def read(self, rows: Rows) -> tuple[Pixels, list[str]]:
        """uint8 [b, S, S, 3] and b texts. Pictures are the table's own, of at most 384 pixels a side."""
        wanted = [self.ids[row] for row in rows]
        found = {row["id"]: row for row in self.table.rows(wanted, [*ITEM_COLUMNS, "thumbnail"]).to_pylist()}
        pictures = [Image.open(io.BytesIO(found[item]["thumbnail"])).convert("RGB") for item in wanted]
        pixels = np.stack([self.encoder.preprocess(picture) for picture in pictures])
        return pixels, [embedding_text(item_from_row(found[item])) for item in wanted]


def train_towers(job: TowerJob, say: Say = lambda line: None) -> Towers:
    """Run a job on the Ray that this process is connected to, and save the towers in the store.

    Raises:
        NotFound: nothing is live in the store, or there is no board file.
        BadSource: a line of the board file is no board.
        InvalidInput: the release's base encoder is none whose towers can be trained, or too few items have pictures.
    """
    store = ReleaseStore(job.release)
    live = store.current()
    if live.encoder.base == "packaged":
        raise InvalidInput(
            "the packaged encoder's towers are fixed; train a head (without --unfreeze), or precompute the catalogue "
            "with a SigLIP model first: python -m batch.precompute --encoder google/siglip2-base-patch16-224 ..."
        )
    job = replace(job, release=store.address, boards=for_workers(job.boards))
    run_id = job.run_id(live)
    say(f"Training the last {job.settings.layers} layers of {live.encoder.base} on release {live.id}")
    config = {"job": job, "live": live.model_dump_json(), "run_id": run_id}
    found = fit(_worker, config, store, run_id, job.workers)
    forget(store, run_id)
    return Towers(store.path(TOWERS, found["name"]), found["before"], found["after"])


def tower_name(base: str, digest: str) -> str:
    """`models/towers/siglip2-base-tuned-0123456789` and its like train on under the name of what they began as."""
    return f"{base.rstrip('/').rsplit('/', 1)[-1].partition('-tuned-')[0]}-tuned-{digest}"


def _worker(config: dict[str, Any]) -> None:
    """One training process. The first also saves the towers into the store."""
    job, live = config["job"], Release.model_validate_json(config["live"])
    store = ReleaseStore(job.release)
    encoder = SiglipEncoder(base_name(store, live.encoder), job.workers.device())
    boards = read_boards(job.boards) if job.boards else []
    shelf = _shelf(ItemTable.of(store, live), encoder, {item for board in boards for item in board}, job.max_items)

    def tell(metrics: dict[str, float], state: TowerState) -> None:
        if is_first():
            print(", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in metrics.items()), flush=True)
        report(metrics, state.to_dict)

    done = tune(encoder, shelf, board_rows(boards, shelf.ids), job.settings, tell, restored(), rank())
    if is_first():
        name = tower_name(live.encoder.base, done.digest)
        _save(store, name, encoder)
        leave(store, config["run_id"], {"name": name, "before": done.before, "after": done.after})


def _shelf(table: ItemTable, encoder: SiglipEncoder, on_boards: set[str], limit: int) -> TableShelf:
    """Items with picture and title, in order of their ids; those on boards first where there are too many."""
    known = [
        item
        for batch in table.batches(["id"], where="thumbnail IS NOT NULL AND title != ''")
        for item in batch.column("id").to_pylist()
    ]
    kept = sorted(sorted(known, key=lambda item: (item not in on_boards, item))[:limit])
    if len(kept) < 2:
        raise InvalidInput("towers learn from items with a picture and a title; the release has fewer than two")
    return TableShelf(table, encoder, kept)


def _save(store: ReleaseStore, name: str, encoder: SiglipEncoder) -> None:
    with tempfile.TemporaryDirectory() as folder:
        encoder.save(folder)
        fs, target = fsspec.core.url_to_fs(store.path(TOWERS, name))
        fs.makedirs(target, exist_ok=True)
        fs.put(f"{folder}/", f"{target}/", recursive=True)
