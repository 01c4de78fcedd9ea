"""Cursors of personal lists: they carry what was shown, so that no page repeats an item.

A personal ranking moves with every event, so "items 25 to 48" means nothing on its second page. Instead the cursor
carries a hash of three bytes for each item shown so far; the next page is computed from the person's newest events,
with those left out. Nothing is kept on the server, any replica can answer, and two items that share a hash (one pair
in 16 million) cost the person one item. A feed of 600 items makes a cursor of 2.5 KB, and ends there.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from catalog.release import ReleaseId
from serve_app.cursor import BadCursor, Offset
from taste.names import id_hash

MAX_SHOWN = 600
"""Items that a list can be paged through."""

HASH_BYTES = 3
_CHECKSUM_BYTES = 8
_HEAD = TypeAdapter(tuple[str, Annotated[int, Field(strict=True, ge=0, lt=2**32)], Offset, Literal[""] | ReleaseId])


@dataclass(frozen=True)
class PersonalCursor:
    """Where a personal list goes on.

    Attributes:
        asked: digest of all that decides the list but the page: who, and for a search, what.
        seed: of a feed's random draws, the same for all of its pages.
        offset: rank of the first candidate, where the list is made of candidates of another ranking.
        release: pinned release of those candidates.
        shown: `item_hashes` of what was shown.
    """

    asked: str
    seed: int = 0
    offset: int = 0
    release: str = ""
    shown: bytes = b""

    def encode(self) -> str:
        """The opaque form, URL-safe."""
        head = json.dumps([self.asked, self.seed, self.offset, self.release], separators=(",", ":")).encode()
        payload = head + b"\n" + self.shown
        return base64.urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, asked: str) -> "PersonalCursor":
        """Read the opaque form. Raises BadCursor if it was damaged, or belongs to another person or query."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            payload = raw[_CHECKSUM_BYTES:]
            if raw[:_CHECKSUM_BYTES] != _checksum(payload):
                raise ValueError("checksum")
            head, _, shown = payload.partition(b"\n")
            owner, seed, offset, release = _HEAD.validate_json(head)
            if len(shown) % HASH_BYTES:
                raise ValueError("hashes")
        except (ValueError, binascii.Error) as error:
            raise BadCursor("the cursor is damaged; send next_cursor as it was given, or none to start over") from error
        if owner != asked:
            raise BadCursor("the cursor belongs to another list; repeat the request as it was, or send no cursor")
        return cls(owner, seed, offset, release, shown)


def item_hashes(ids: Iterable[str]) -> bytes:
    """Three bytes for each id: the first ones of the hash that the taste model finds its rows by."""
    return b"".join(id_hash(id_)[:HASH_BYTES] for id_ in ids)


def as_numbers(hashes: bytes) -> NDArray[np.uint32]:
    """Hashes as numbers, to be looked for among others."""
    parts = np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES).astype(np.uint32)
    return parts @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def not_shown(ids: Sequence[str], shown: bytes) -> NDArray[np.bool_]:
    """Which of these ids were not shown yet."""
    fresh: NDArray[np.bool_] = ~np.isin(as_numbers(item_hashes(ids)), as_numbers(shown))
    return fresh


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES, person=b"ws-personal").digest()
