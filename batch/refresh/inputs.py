"""What steps depend on, as fingerprints, and how far a catalogue has drifted since a model was trained on it."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from catalog.release import Release, ReleaseStore
from catalog.sources.files import find_files, signature_of
from catalog.table import ItemTable

SKETCH_SIZE = 1024
"""Smallest hashes kept of a catalogue: a share of changed items is then known to about .03."""


def fingerprint(*parts: object) -> str:
    """A digest of values whose `repr` tells them apart."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def file_signature(where: str | None) -> str:
    """Of a file, glob or folder at a path or URI, by name, size and time; "" for None. Raises BadSource."""
    return signature_of(find_files(where, (".jsonl", ".json"))) if where else ""


def sketch_of(store: ReleaseStore, release: Release) -> list[int]:
    """Bottom-k sketch of a release's items (Broder's min-wise hashing): what each looks like and is called.

    An item's price or stock is not part of it. Memory: one batch of ids and the sketch.
    """
    smallest: np.ndarray = np.empty(0, np.uint64)
    for batch in ItemTable.of(store, release).batches(["id", "fingerprint"]):
        pairs = zip(batch.column("id").to_pylist(), batch.column("fingerprint").to_pylist(), strict=True)
        smallest = np.unique(np.concatenate([smallest, _hashes(pairs)]))[:SKETCH_SIZE]
    return [int(value) for value in smallest]


def drift(before: Sequence[int], now: Sequence[int]) -> float:
    """Estimated share of the items of a catalogue that are new or look different since another: 0 to 1."""
    full = [max(sketch) for sketch in (before, now) if len(sketch) == SKETCH_SIZE]
    known = np.array([one for one in now if one <= min(full)] if full else now, np.uint64)  # where both tell all
    return float((~np.isin(known, np.array(before, np.uint64))).mean()) if len(known) else 0.0


def _hashes(pairs: Iterable[tuple[str, str | None]]) -> np.ndarray:
    """uint64 [n] of (id, fingerprint without the facts)."""
    texts = [f"{item_id}\0{(print_ or '').rpartition('.')[0]}" for item_id, print_ in pairs]
    digests = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, np.uint64)
