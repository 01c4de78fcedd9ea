"""Page cursors: an opaque string that says where the next page of one query over one release begins.

A cursor keeps no state on the server. It carries the release, so that pages do not shift when a new release goes live
in between, and a digest of the query, so that it cannot continue another one. It is no secret and needs no key: a
checksum finds out damage, and a forged one could only ask for another page of the same catalogue.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

from catalog.errors import InvalidInput
from catalog.release import ReleaseId
from catalog.search import MAX_DEPTH
from serve_app.schemas import SearchRequest

_CHECKSUM_BYTES = 8

Offset = Annotated[int, Field(strict=True, ge=0, lt=MAX_DEPTH)]
"""What a forged cursor may hold is no more than a page that could have been asked for."""

_PAYLOAD = TypeAdapter(tuple[Offset, ReleaseId, str])


class BadCursor(InvalidInput):
    """A cursor that was not made here for this query."""

    code = "bad_cursor"


@dataclass(frozen=True)
class Cursor:
    """Where a page begins."""

    offset: int
    release: str
    query: str
    """What `query_digest` gave for the query."""

    def encode(self) -> str:
        """The opaque form, URL-safe."""
        payload = json.dumps([self.offset, self.release, self.query], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Read the opaque form. Raises BadCursor if it was damaged or made up."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            payload = raw[_CHECKSUM_BYTES:]
            if raw[:_CHECKSUM_BYTES] != _checksum(payload):
                raise ValueError("checksum")
            return cls(*_PAYLOAD.validate_json(payload))
        except (ValueError, binascii.Error) as error:
            raise BadCursor("the cursor is damaged; send next_cursor as it was given, or none to start over") from error


def query_digest(request: SearchRequest, picture_digest: str | None) -> str:
    """A short digest of all that decides the ranking: not the limit, the cursor or the form of the picture."""
    asked = request.model_dump_json(exclude={"limit", "cursor", "picture"})
    return hashlib.blake2b(f"{asked}\n{picture_digest}".encode(), digest_size=12).hexdigest()


def start_of(request: SearchRequest, picture_digest: str | None) -> tuple[int, str | None, str]:
    """(offset, pinned release or None, digest of the query) of a request.

    Raises:
        BadCursor: its cursor is damaged or belongs to another query.
    """
    digest = query_digest(request, picture_digest)
    if request.cursor is None:
        return 0, None, digest
    cursor = Cursor.decode(request.cursor)
    if cursor.query != digest:
        raise BadCursor("the cursor belongs to another query; repeat the request as it was, or send no cursor")
    return cursor.offset, cursor.release, digest


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES, person=b"ws-cursor").digest()
