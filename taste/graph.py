"""The graph of people, items, boards and concepts, as compressed sparse arrays that load by memory map.

Items stand in the middle: every edge joins an item to a person who acted on it, a board that holds it, or a concept it
has (a category, style, colour, brand). The edges of each of these three relations are kept in both directions. People
are numbered and nameless: a walk starts from the items of a person's events, so the graph needs to know nobody.

Building is three steps, all on Arrow tables, so that a job may run the first one shard by shard:

    edges = concat(event_edges(shard, now) for every shard), board_edges(boards), concept_edges(items)
    graph = build_graph(sum_edges(edges), item_ids)
    graph.save(folder); TasteGraph.load(folder)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalog.errors import InvalidInput, NotFound
from taste.events import WEIGHTS, to_microseconds
from taste.names import Strings, id_hashes, mapped, save_strings

Relation = Literal["people", "boards", "concepts"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

HALF_LIFE_DAYS = 30.0
"""An act counts half after this many days."""

HUB_CAP = 2_000
"""Edges that a walk may leave a node by. Beyond it only the heaviest are kept: a colour that half the catalogue has, or
a robot that viewed everything, joins what has nothing in common."""

FOLLOW_CAP = 500
"""Items of a board that following it says something about: of one that holds everything, times its followers, some."""

EDGE_SCHEMA = pa.schema(
    [("relation", pa.string()), ("node", pa.string()), ("item", pa.string()), ("weight", pa.float64())]
)
_DAY_US = 86_400_000_000
_ARRAYS = ("indptr", "indices", "cumulative")
_ALL_HERE: Floats = np.empty(0, np.float32)
_ALL_HERE.flags.writeable = False  # as arrays that are mapped from a file: a compiled walk is compiled for these


@dataclass(frozen=True, eq=False)
class Csr:
    """Weighted adjacency lists of n rows, ready to be sampled from."""

    indptr: NDArray[np.int64]  # [n + 1]
    indices: Ints  # [edges], columns
    cumulative: Floats  # [edges], share of the row's weight up to and including this edge, in (0, 1]
    share: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    """[n], how much of each row's weight these edges are, where others are kept elsewhere; empty where all are here."""

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1

    @property
    def edges(self) -> int:
        return len(self.indices)

    def neighbours(self, row: int) -> Ints:
        """Columns of one row, heaviest first."""
        return self.indices[self.indptr[row] : self.indptr[row + 1]]

    def take(self, rows: NDArray[np.integer]) -> "Csr":
        """A copy of some rows."""
        starts = self.indptr[rows]
        lengths = self.indptr[np.asarray(rows) + 1] - starts
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Csr(indptr, self.indices[at], self.cumulative[at])


@dataclass(frozen=True, eq=False)
class Links:
    """One relation, in both directions."""

    out: Csr  # item → nodes
    back: Csr  # node → items


@dataclass(frozen=True, eq=False)
class TasteGraph:
    """The whole graph. `items` and the names of boards and concepts are ids in row order; people have none."""

    items: Sequence[str]
    names: dict[Relation, Sequence[str]]
    links: dict[Relation, Links]

    @property
    def edges(self) -> int:
        """Undirected edges before hub caps took some directions away."""
        return sum(max(links.out.edges, links.back.edges) for links in self.links.values())

    def save(self, folder: Path) -> None:
        """Write one .npy per array and one .arrow per list of names, so that each can be mapped."""
        folder.mkdir(parents=True, exist_ok=True)
        for relation, links in self.links.items():
            for direction, csr in (("out", links.out), ("back", links.back)):
                for name in (*_ARRAYS, *(("share",) if len(csr.share) else ())):
                    np.save(folder / f"{relation}-{direction}-{name}.npy", getattr(csr, name))
        save_strings(folder / "items.arrow", self.items)
        for relation, names in self.names.items():
            save_strings(folder / f"{relation}.arrow", names)

    @classmethod
    def load(cls, folder: Path) -> "TasteGraph":
        """Map a saved graph into memory: replicas on one machine share its pages. Raises NotFound."""
        if not (folder / "items.arrow").exists():
            raise NotFound(f"there is no taste graph in {folder}")
        names: dict[Relation, Sequence[str]] = {
            relation: Strings.load(file) for relation in RELATIONS if (file := folder / f"{relation}.arrow").exists()
        }
        links = {
            relation: Links(out=_load_csr(folder, relation, "out"), back=_load_csr(folder, relation, "back"))
            for relation in RELATIONS
        }
        return cls(Strings.load(folder / "items.arrow"), names, links)


def event_edges(events: pa.Table, now: datetime, *, half_life_days: float = HALF_LIFE_DAYS) -> pa.Table:
    """Edges between people and items, one per pair, of events as `EventStore.scan` gives them.

    An edge's weight is the sum over the pair's events of the kind's weight, halved for every `half_life_days` of age;
    an item saved to a board is also an edge of that board. Pairs that a `hide` outweighs have no edge. Shards made with
    the same `now` add up to what the whole would have given.

    Returns:
        EDGE_SCHEMA.
    """
    kinds = pc.index_in(events["kind"], value_set=pa.array(list(WEIGHTS)))
    by_kind = pa.array(list(WEIGHTS.values()), pa.float64())
    age_days = np.maximum(to_microseconds(now) - _as_int64(events["time"]), 0) / _DAY_US
    decay = pa.array(np.exp2(-age_days / half_life_days))
    weights = pc.multiply(by_kind.take(kinds.combine_chunks() if isinstance(kinds, pa.ChunkedArray) else kinds), decay)
    acts = pa.table({"node": events["person"], "item": events["item"], "weight": weights, "board": events["board"]})
    acts = acts.filter(pc.is_valid(acts["item"]))
    saves = acts.filter(pc.and_(pc.is_valid(acts["board"]), pc.greater(acts["weight"], 0)))
    return pa.concat_tables(
        [
            _edges("people", acts["node"], acts["item"], acts["weight"]),
            _edges("boards", saves["board"], saves["item"], saves["weight"]),
        ]
    )


def follow_edges(
    events: pa.Table, boards: pa.Table, now: datetime, *, half_life_days: float = HALF_LIFE_DAYS
) -> pa.Table:
    """Edges from people to the items of the boards that they follow, one follow's weight spread over a board's items.

    Args:
        boards: columns `board` and `item`, one row for each item of each board; FOLLOW_CAP items of each count.
    """
    follows = events.filter(pc.equal(events["kind"], "follow_board")).select(["person", "board", "time"])
    if not follows.num_rows or not boards.num_rows:
        return EDGE_SCHEMA.empty_table()
    boards = _some_of_each(boards, FOLLOW_CAP)
    sizes = boards.group_by("board").aggregate([("item", "count")])
    joined = follows.join(boards.join(sizes, "board"), "board", join_type="inner")
    age_days = np.maximum(to_microseconds(now) - _as_int64(joined["time"]), 0) / _DAY_US
    weights = WEIGHTS["follow_board"] * np.exp2(-age_days / half_life_days) / np.sqrt(joined["item_count"].to_numpy())
    return _edges("people", joined["person"], joined["item"], pa.array(weights))


def _some_of_each(boards: pa.Table, most: int) -> pa.Table:
    """At most so many items of each board, by the hash of their ids."""
    if pc.max(pc.value_counts(boards["board"]).field("counts")).as_py() <= most:
        return boards
    codes = boards["board"].dictionary_encode().combine_chunks().indices.to_numpy()
    order = np.lexsort((id_hashes(boards["item"].to_pylist()), codes))
    first = np.searchsorted(codes[order], codes[order])
    return boards.take(np.sort(order[np.arange(len(order)) - first < most]))


def board_edges(boards: pa.Table) -> pa.Table:
    """Edges of weight 1 between boards and what they hold. `boards`: columns `board` and `item`."""
    return _edges("boards", boards["board"], boards["item"], pa.array(np.ones(boards.num_rows)))


def concept_edges(items: pa.Table) -> pa.Table:
    """Edges of weight 1 between items and what they are.

    Args:
        items: column `id`, and of the item table's columns those that are there: `category`, `styles`, `colors`,
            `materials` (lists) and `brand`. A concept's name is its kind and value: "style:Japandi".
    """
    parts = []
    for column, kind in _CONCEPTS.items():
        if column not in items.column_names:
            continue
        values, ids = items[column].combine_chunks(), items["id"].combine_chunks()
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            ids, values = ids.take(pc.list_parent_indices(values)), pc.list_flatten(values)
        present = pc.and_(pc.is_valid(values), pc.greater(pc.utf8_length(values), 0))
        names = pc.binary_join_element_wise(kind, values.filter(present), ":")
        parts.append(_edges("concepts", names, ids.filter(present), pa.array(np.ones(len(names)))))
    return pa.concat_tables(parts) if parts else EDGE_SCHEMA.empty_table()


_CONCEPTS = {
    "category": "category",
    "styles": "style",
    "colors": "color",
    "materials": "material",
    "brand": "brand",
}


def sum_edges(edges: pa.Table) -> pa.Table:
    """One row for each (relation, node, item), weights added. May be applied to parts and again to their union."""
    summed = edges.group_by(["relation", "node", "item"]).aggregate([("weight", "sum")])
    ordered = summed.rename_columns(EDGE_SCHEMA.names).cast(EDGE_SCHEMA)
    # In one order however the events came, so that the same events train the same model.
    return ordered.sort_by([("relation", "ascending"), ("node", "ascending"), ("item", "ascending")])


def build_graph(edges: pa.Table, item_ids: Sequence[str], *, hub_cap: int = HUB_CAP) -> TasteGraph:
    """Put summed edges into arrays.

    Args:
        edges: EDGE_SCHEMA, as `sum_edges` gives them. Edges to items outside `item_ids` (sold out, withdrawn) and edges
            of no or negative weight are left out.
        item_ids: the catalogue, in the row order that the rest of the model uses.
    """
    if len(set(item_ids)) != len(item_ids):
        raise InvalidInput("item ids repeat; the graph needs each item once")
    known = pa.array(item_ids, pa.string())
    edges = edges.filter(pc.greater(edges["weight"], 0))
    links: dict[Relation, Links] = {}
    names: dict[Relation, Sequence[str]] = {}
    for relation in RELATIONS:
        part = edges.filter(pc.equal(edges["relation"], relation))
        rows = pc.index_in(part["item"], value_set=known)
        part = part.filter(pc.is_valid(rows))
        item_rows = rows.drop_null().to_numpy().astype(np.int32)
        nodes = part["node"].combine_chunks().dictionary_encode() if part.num_rows else None
        node_rows = nodes.indices.to_numpy() if nodes is not None else np.empty(0, np.int32)
        node_count = len(nodes.dictionary) if nodes is not None else 0
        names[relation] = nodes.dictionary.to_pylist() if nodes is not None and relation != "people" else []
        weights = part["weight"].to_numpy().astype(np.float32)
        links[relation] = make_links(item_rows, node_rows, weights, len(item_ids), node_count, hub_cap=hub_cap)
    return TasteGraph(list(item_ids), names, links)


def make_links(
    item_rows: NDArray[Any],
    node_rows: NDArray[Any],
    weights: Floats,
    item_count: int,
    node_count: int,
    *,
    hub_cap: int = HUB_CAP,
) -> Links:
    """Both directions of one relation, of its edges as [edges] arrays of rows and of positive weights."""
    return Links(
        out=_make_csr(item_rows, node_rows, weights, item_count, hub_cap),
        back=_make_csr(node_rows, item_rows, weights, node_count, hub_cap),
    )


def _make_csr(rows: NDArray[Any], columns: NDArray[Any], weights: Floats, row_count: int, cap: int) -> Csr:
    order = np.lexsort((columns, -weights, rows))
    rows, columns, weights = rows[order], columns[order], weights[order]
    starts = np.searchsorted(rows, np.arange(row_count + 1))
    if row_count and np.diff(starts).max(initial=0) > cap:
        kept = np.arange(len(rows)) - starts[rows] < cap
        rows, columns, weights = rows[kept], columns[kept], weights[kept]
        starts = np.searchsorted(rows, np.arange(row_count + 1))
    # Relative to the row's heaviest edge: an act of years ago would vanish beside the sum of all rows before it.
    heaviest = np.maximum(weights[starts[rows]], np.finfo(np.float32).tiny).astype(np.float64)
    relative = np.maximum(weights, np.finfo(np.float32).tiny) / heaviest
    total = np.concatenate([[0.0], np.cumsum(relative)])
    before = total[starts[:-1]][rows]
    whole = (total[starts[1:]] - total[starts[:-1]])[rows]
    cumulative = ((total[1:] - before) / whole).astype(np.float32)
    ends = starts[1:][np.diff(starts) > 0] - 1
    cumulative[ends] = 1.0  # rounding must not leave a gap at the end that a draw could fall into
    return Csr(starts.astype(np.int64), columns.astype(np.int32), cumulative)


def _load_csr(folder: Path, relation: str, direction: str) -> Csr:
    share = folder / f"{relation}-{direction}-share.npy"
    indptr, indices, cumulative = (mapped(folder / f"{relation}-{direction}-{name}.npy") for name in _ARRAYS)
    return Csr(indptr, indices, cumulative, mapped(share) if share.exists() else _ALL_HERE)


def _edges(relation: Relation, nodes: Any, items: Any, weights: Any) -> pa.Table:
    labels = pa.repeat(pa.scalar(relation), len(nodes))
    edges = pa.table([labels, nodes, items, weights], names=EDGE_SCHEMA.names).cast(EDGE_SCHEMA)
    # What has no name joins nobody with anything: files may hold rows without one.
    return edges.filter(pc.and_(pc.is_valid(edges["node"]), pc.is_valid(edges["item"])))


def _as_int64(times: Any) -> NDArray[np.int64]:
    microseconds: NDArray[np.int64] = times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    return microseconds


def shared_nodes(csr: Csr, first: int, second: int) -> Iterable[int]:
    """Nodes that two rows of one relation have in common, the first row's heaviest first."""
    others = set(csr.neighbours(second).tolist())
    return (node for node in csr.neighbours(first).tolist() if node in others)
