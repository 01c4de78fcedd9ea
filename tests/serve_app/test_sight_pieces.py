"""A Navigator's read-outs pass between deployments, however many they are."""

import numpy as np

from navigator.sight import Sight
from serve_app.sight_pieces import PIECE, in_pieces, put_together


def test_read_outs_pass_between_deployments_in_pieces():
    """As many as a large catalogue has, none of the pieces larger than Serve passes on; and none at all."""
    values = tuple(("color", f"shade {n}") for n in range(1024))
    numbers = np.random.default_rng(0).normal(size=(4096, 1024)).astype(np.float32)
    whole = Sight(values, numbers[:, 0], numbers, numbers[0])
    pieces = list(in_pieces(whole))
    assert max(map(len, pieces)) <= PIECE < 4 << 20
    again = put_together(pieces)
    assert again.values == values and again.map.dtype == np.float32
    np.testing.assert_allclose(again.map, whole.map, rtol=2e-3, atol=1e-3)
    assert put_together(in_pieces(None)) is None
