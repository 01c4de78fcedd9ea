"""What items are called: their ids, titles and kinds in row order, and from an id back to its row.

All of it is mapped from files. A scorer that held ten million ids, titles and kinds as Python's strings and a dict of
them would need gigabytes and minutes to open a model; this takes what a request reads.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

HASH_BYTES = 8
_CHUNK = 65_536


class Strings(Sequence[str]):
    """Texts that stay in their file; reading one takes about a microsecond."""

    def __init__(self, texts: pa.LargeStringArray) -> None:
        self._texts = texts

    @classmethod
    def load(cls, path: Path) -> "Strings":
        """Map a file that `save_strings` wrote."""
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        return cls(table.column(0).chunk(0))

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> "Strings": ...
    def __getitem__(self, row: int | slice) -> "str | Strings":
        if isinstance(row, slice):
            return Strings(self._texts[row])
        text: str = self._texts[int(row)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._texts), _CHUNK):
            yield from self._texts[start : start + _CHUNK].to_pylist()


def save_strings(path: Path, texts: Iterable[str]) -> None:
    """Write texts as one column of an Arrow file."""
    batch = pa.record_batch([pa.array(texts, pa.large_string())], names=["text"])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def mapped(path: Path) -> NDArray[Any]:
    """An array that stays in its .npy file; indexing numpy's own type for such takes several times as long."""
    return np.asarray(np.load(path, mmap_mode="r"))


class Rows(Mapping[str, int]):
    """Item id → row, by binary search among hashes."""

    def __init__(self, ids: Sequence[str], hashes: NDArray[np.uint64], order: NDArray[np.integer]) -> None:
        """
        Args:
            hashes: [N] `id_hashes` of the ids, in row order.
            order: [N] rows in the order of their hashes.
        """
        self._ids, self.hashes, self.order = ids, hashes, order

    @classmethod
    def of(cls, ids: Sequence[str]) -> "Rows":
        """Of ids that no file has been written for yet."""
        hashes = id_hashes(ids)
        return cls(ids, hashes, np.argsort(hashes, kind="stable"))

    def find(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Rows of ids, -1 where there is none."""
        rows = np.full(len(ids), -1, np.int64)
        if not len(self._ids) or not len(ids):
            return rows
        asked = id_hashes(ids)
        places = np.searchsorted(self.hashes, asked, sorter=self.order)
        for n, (id_, place) in enumerate(zip(ids, places.tolist(), strict=True)):
            while place < len(self._ids) and self.hashes[row := int(self.order[place])] == asked[n]:
                if self._ids[row] == id_:
                    rows[n] = row
                    break
                place += 1  # another id of the same hash: one pair in 2⁶⁴
        return rows

    def beginning(self, prefixes: NDArray[np.unsignedinteger], bits: int) -> NDArray[np.int64]:
        """Rows of all ids whose hash begins with one of these prefixes of so many bits."""
        low = np.asarray(prefixes, np.uint64) << np.uint64(64 - bits)
        high = low | np.uint64((1 << (64 - bits)) - 1)
        starts = np.searchsorted(self.hashes, low, sorter=self.order)
        ends = np.searchsorted(self.hashes, high, side="right", sorter=self.order)
        found = [self.order[start:end] for start, end in zip(starts, ends, strict=True)]
        return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)

    def __getitem__(self, id_: str) -> int:
        row = int(self.find([id_])[0])
        if row < 0:
            raise KeyError(id_)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def id_hash(id_: str) -> bytes:
    """Eight bytes, the same on every machine."""
    return hashlib.blake2b(id_.encode(), digest_size=HASH_BYTES).digest()


def id_hashes(ids: Iterable[str]) -> NDArray[np.uint64]:
    """Hashes as numbers whose first bits are the hash's first bytes."""
    return np.frombuffer(b"".join(map(id_hash, ids)), ">u8").astype(np.uint64)
