"""A Navigator's read-outs on their way to the assistant: some megabytes, in pieces that pass between deployments.

What one deployment answers another in one message may be 4 MiB at most.
"""

import io
import json
from collections.abc import Iterable, Iterator

import numpy as np

from navigator.sight import Sight

PIECE = 1 << 20
"""Bytes of a piece."""


def in_pieces(sight: Sight | None) -> Iterator[bytes]:
    """Read-outs as bytes, their map in float16; nothing at all for none."""
    if sight is None:
        return
    packed = io.BytesIO()
    values = np.frombuffer(json.dumps(sight.values).encode(), np.uint8)
    np.savez(packed, values=values, mean=sight.mean, map=sight.map.astype(np.float16), bias=sight.bias)
    whole = packed.getvalue()
    yield from (whole[start : start + PIECE] for start in range(0, len(whole), PIECE))


def put_together(pieces: Iterable[bytes]) -> Sight | None:
    """What `in_pieces` took apart."""
    whole = b"".join(pieces)
    if not whole:
        return None
    with np.load(io.BytesIO(whole)) as packed:
        values = tuple((name, value) for name, value in json.loads(packed["values"].tobytes()))
        return Sight(values, packed["mean"], packed["map"].astype(np.float32), packed["bias"])
