"""What travels from the retriever to those who asked."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from catalog.table import vectors_to_arrow
from serve_app.retriever import Found

TABLE = pa.table(
    {
        "id": ["a", "b", "c"],
        "price": [1.5, None, 2.0],
        "why": [[{"by": "words", "rank": 1}], [], [{"by": "meaning", "rank": 2}]],
        "joint_vector": vectors_to_arrow(np.eye(3, dtype=np.float32)),
    }
)


@pytest.mark.parametrize("table", [TABLE, TABLE.slice(1, 1), TABLE.slice(0, 0)], ids=["all", "a part", "none"])
def test_found_arrives_as_it_was_sent(table):
    """Rows, types and everything said beside them are the same on the other side."""
    sent = Found("r1", table, ("gone",), "v1", 2.5)
    assert pickle.loads(pickle.dumps(sent, protocol=5)) == sent


def test_a_part_of_a_large_table_travels_alone():
    """Ten rows out of ten thousand cost what ten rows weigh."""
    large = pa.table({"id": [str(i) * 50 for i in range(10_000)]})
    assert len(pickle.dumps(Found("r1", large.slice(5_000, 10)), protocol=5)) < 10_000
