"""What happens to a row before encoding: is it new, has it changed, where is its picture, can it be decoded?

Plain functions over Arrow batches; `flow` runs them in Ray Data tasks. Every row leaves with an `action`:

    encode      new, or its words or its picture changed: goes through the encoder
    update      only facts changed (price, stock, ...): vectors stay
    unchanged   nothing to do
    reject      not an item, not a picture, or a second row with the same id; `code` and `message` say why
"""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from PIL import Image

from catalog.encoder import Pixels
from catalog.errors import BadPicture, Fetch
from catalog.fetch import FetchLimits, fetch, is_web
from catalog.images import MAX_PIXELS, THUMBNAIL_SIDE, decode, thumbnail
from catalog.item import Item, embedding_text
from catalog.table import ItemTable

PREPARED = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("where", pa.string()),
        pa.field("id", pa.string()),
        pa.field("item", pa.string()),
        pa.field("action", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("message", pa.string()),
        pa.field("fingerprint", pa.string()),
        pa.field("thumbnail", pa.binary()),
        pa.field("words", pa.string()),  # what the text tower reads; null if the row is not to be encoded
        pa.field("pixels", pa.binary()),  # uint8 [S, S, 3] for the picture tower; null without a picture
    ]
)

FETCHED_AT_A_TIME = 16
"""How many pictures are fetched in parallel, and held in memory undecoded."""


@dataclass(frozen=True)
class PrepareOptions:
    """How rows are prepared.

    Attributes:
        tables_uri: the LanceDB database of the release store.
        table: name of the item table in it, to look up what earlier runs made.
        run: id of this run; the table is looked up as it was when a worker first met the run.
        require_image: reject items without a picture.
        trust_addresses: a picture at an unchanged address has not changed, and is not fetched again.
        max_pixels: larger pictures are rejected.
        thumbnail_side: long side of the stored thumbnail, in pixels.
        limits: of fetching.
    """

    tables_uri: str
    table: str
    run: str
    require_image: bool = False
    trust_addresses: bool = False
    max_pixels: int = MAX_PIXELS
    thumbnail_side: int = THUMBNAIL_SIDE
    limits: FetchLimits = field(default_factory=FetchLimits)


@dataclass(frozen=True)
class Fingerprint:
    """Digests of what an item's row was made from, as one string `picture.words.facts` in the table."""

    picture: str
    words: str
    facts: str

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        picture, words, facts = [*text.split("."), "", "", ""][:3]
        return cls(picture, words, facts)

    def __str__(self) -> str:
        return f"{self.picture}.{self.words}.{self.facts}"

    @property
    def encoded(self) -> str:
        """The part that decides whether features are still good."""
        return f"{self.picture}.{self.words}"


def prepare_batch(
    staged: pa.Table,
    preprocess: Callable[[Image.Image], Pixels],
    options: PrepareOptions,
    duplicates: Mapping[int, int],
    done: np.ndarray,
) -> pa.Table:
    """Prepare staged rows for encoding.

    Args:
        staged: rows of `batch.precompute.stage.STAGED`.
        preprocess: the encoder's, RGB picture → uint8 [S, S, 3].
        options: how.
        duplicates: {ordinal: ordinal of the first row} of rows whose id came before.
        done: int64, sorted: ordinals that an earlier attempt finished; left out.

    Returns:
        Rows of `PREPARED`, in the order of `staged`.
    """
    rows = [row for row in staged.to_pylist() if not _contains(done, row["ordinal"])]
    known = _look_up([row["id"] for row in rows if row["item"]], options)
    prepared: list[dict] = []
    for start in range(0, len(rows), FETCHED_AT_A_TIME):
        some = rows[start : start + FETCHED_AT_A_TIME]
        for row, picture in zip(some, _fetch_all(some, known, duplicates, options), strict=True):
            prepared.append(_prepare_row(row, picture, known.get(row["id"]), preprocess, options, duplicates))
    return pa.Table.from_pylist(prepared, schema=PREPARED)


@dataclass(frozen=True)
class _Known:
    """What the table has of an item."""

    fingerprint: Fingerprint
    image: str | None


def _prepare_row(
    row: dict,
    picture: bytes | Fetch | None,
    known: _Known | None,
    preprocess: Callable[[Image.Image], Pixels],
    options: PrepareOptions,
    duplicates: Mapping[int, int],
) -> dict:
    out = {name: row.get(name) for name in ("ordinal", "where", "id", "item")}
    if row["code"]:
        return {**out, "action": "reject", "code": row["code"], "message": row["message"]}
    if (first := duplicates.get(row["ordinal"])) is not None:
        return _reject(out, "duplicate_id", f"row {first + 1} has this id and came first")
    item = Item.model_validate_json(row["item"])
    if isinstance(picture, Fetch):
        return _reject(out, f"picture_{picture.code}", str(picture))
    if row["picture"] is None and options.require_image:
        return _reject(out, "no_picture", "the item has no picture, and --require-image is set")
    words = embedding_text(item)
    if known and _trusted(item, known, options):
        seen = known.fingerprint.picture
    else:
        seen = _digest(picture) if picture is not None else "-"
    fingerprint = Fingerprint(seen, _digest(words.encode()), _digest(row["item"].encode()))
    out["fingerprint"] = str(fingerprint)
    if known and known.fingerprint.encoded == fingerprint.encoded:
        return {**out, "action": "unchanged" if known.fingerprint == fingerprint else "update"}
    if row["picture"] and picture is None:  # trusted, but the words changed: the picture is needed after all
        fetched = _fetch_one(row["picture"], options)
        if isinstance(fetched, Fetch):
            return _reject(out, f"picture_{fetched.code}", str(fetched))
        picture = fetched
        out["fingerprint"] = str(Fingerprint(_digest(picture), fingerprint.words, fingerprint.facts))
    out.update(action="encode", words=words)
    if picture is None:
        return out
    try:
        image = decode(picture, max_pixels=options.max_pixels, at_least=2 * options.thumbnail_side)
    except BadPicture as error:
        return _reject(out, f"picture_{error.code}", f"{row['picture']}: {error}")
    out["thumbnail"] = thumbnail(image, options.thumbnail_side)
    out["pixels"] = np.ascontiguousarray(preprocess(image)).tobytes()
    return out


def _reject(out: dict, code: str, message: str) -> dict:
    kept = {name: out[name] for name in ("ordinal", "where", "id", "item")}
    return {**kept, "action": "reject", "code": code, "message": message[:500]}


def _fetch_all(
    rows: Sequence[dict], known: Mapping[str, _Known], duplicates: Mapping[int, int], options: PrepareOptions
) -> list[bytes | Fetch | None]:
    """The pictures' bytes, or why they cannot be had; None where none is needed."""

    def read(row: dict) -> bytes | Fetch | None:
        if row["picture"] is None or row["code"] or row["ordinal"] in duplicates:
            return None
        before = known.get(row["id"])
        if before and _trusted(Item.model_validate_json(row["item"]), before, options):
            return None
        return _fetch_one(row["picture"], options)

    if any(row["picture"] and is_web(row["picture"]) for row in rows):
        return list(_threads().map(read, rows))
    return [read(row) for row in rows]


def _fetch_one(address: str, options: PrepareOptions) -> bytes | Fetch:
    try:
        return fetch(address, options.limits)
    except Fetch as error:
        return error


def _trusted(item: Item, known: _Known, options: PrepareOptions) -> bool:
    return options.trust_addresses and item.image is not None and item.image == known.image


def _look_up(ids: list[str], options: PrepareOptions) -> dict[str, _Known]:
    rows = _table(options.tables_uri, options.table, options.run).rows(ids, ["fingerprint", "image"]).to_pylist()
    return {row["id"]: _Known(Fingerprint.parse(row["fingerprint"] or ""), row["image"]) for row in rows}


def _contains(values: np.ndarray, value: int) -> bool:
    place = int(np.searchsorted(values, value))
    return place < len(values) and int(values[place]) == value


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@functools.lru_cache(maxsize=2)
def _table(tables_uri: str, name: str, run: str) -> ItemTable:
    # Within a run every id is looked up once, so what the run itself has merged since need not be seen.
    return ItemTable.open(tables_uri, name)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FETCHED_AT_A_TIME, thread_name_prefix="fetch")
