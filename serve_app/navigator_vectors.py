"""Which vectors of an item Navigator reads, out of the rows that a search brought along."""

import numpy as np
import pyarrow as pa

from catalog.encoder import Vectors
from catalog.errors import InvalidInput
from catalog.table import vectors_from_arrow

COLUMNS = ("detail", "joint_vector", "image_vector")
"""In order of preference: what was made for reading, one vector of picture and words together, one of the picture."""


def navigator_vectors(table: pa.Table, vectors_per_item: int = 1) -> list[Vectors]:
    """Each row's vectors, float32 [V, D].

    Raises:
        InvalidInput: the table has none of `COLUMNS`.
    """
    column = next((name for name in COLUMNS if name in table.column_names), None)
    if column is None:
        raise InvalidInput(f"the items have none of {', '.join(COLUMNS)}; encode them with batch.precompute")
    return [row.reshape(vectors_per_item, -1).astype(np.float32) for row in vectors_from_arrow(table[column])]
