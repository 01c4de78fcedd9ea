"""The taste model that a release carries: factors, co-occurrence, graph, and what they were made from.

A folder of .npy arrays, .arrow lists of names and a little JSON. Arrays and names are mapped, so that a large model
opens as fast as a small one, and a request reads what it needs. Nothing in it is executed when it is read. Nobody's id
or vector is in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from taste.factors import Factors, FactorSettings, train_factors
from taste.graph import TasteGraph, build_graph
from taste.names import Rows, Strings, mapped, save_strings
from taste.nearest import READ, NearestIndex, build_index
from taste.survey import Survey, take_survey
from taste.together import Together, count_together

Floats = NDArray[np.float32]
FORMAT = 2
EXACT_ITEMS = 100_000
"""Up to so many items all are scored where the best for a vector are looked for; larger catalogues get an index."""

POPULAR = 10_000
"""Items that are the most popular ones: as many as anybody will page through."""

_FACTOR_ARRAYS = ("inputs", "outputs", "bias", "input_map", "output_map", "content_mean")


@dataclass(frozen=True, eq=False)
class Embedded:
    """n items as the model sees them."""

    rows: NDArray[np.int64]  # [n], -1 for items that the model was not trained on
    inputs: Floats  # [n, d]
    outputs: Floats  # [n, d], unit rows; zero for items of which nothing is known
    bias: Floats  # [n]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether anything is known of the item at all: its row, or its content."""
        known: NDArray[np.bool_] = np.abs(self.outputs).sum(axis=1) > 0
        return known


@dataclass(frozen=True, eq=False)
class TasteModel:
    """Everything that profiles, ranking and exploration need to know about the catalogue.

    Attributes:
        encoder_version: whose vectors `content` was; vectors of another encoder must not be given to it.
        columns: the item table's vector columns that content comes from, side by side.
        kinds: [N] the narrowest category of each item, or "".
        titles: [N] what to call an item in a sentence.
        surveyed: of the whole catalogue, where these are only some of its items.
    """

    encoder_version: str
    columns: tuple[str, ...]
    items: Sequence[str]
    kinds: Sequence[str]
    titles: Sequence[str]
    factors: Factors
    together: Together
    graph: TasteGraph
    rows: Rows
    nearest: NearestIndex | None = None
    surveyed: Survey | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def popular(self) -> NDArray[np.int64]:
        """[at most POPULAR] rows with the largest bias, largest first."""
        return largest(self.factors.bias, POPULAR)

    def best(self, vector: Floats, count: int, without: NDArray[np.integer]) -> tuple[NDArray[np.int64], Floats]:
        """The items that a vector [d] scores highest: rows and scores, best first.

        With an index the most popular items are scored too: many of them are good for anybody, wherever they lie.

        Args:
            without: rows that are not wanted.
        """
        f = self.factors
        if self.nearest is None:
            scores = f.score(vector, f.outputs, f.bias)
            scores[without] = -np.inf
            rows = largest(scores, count)
            return rows, scores[rows]
        near = np.concatenate([self.nearest.near(vector, f.temperature), self.popular[: READ // 4]])
        scores = f.score(vector, f.outputs[near], f.bias[near])
        top = largest(scores, 2 * (count + len(without)))  # popular ones may be there twice
        top = top[~np.isin(near[top], without)]
        _, first = np.unique(near[top], return_index=True)
        top = top[np.sort(first)][:count]
        return near[top], scores[top]

    @cached_property
    def survey(self) -> Survey:
        """What the whole catalogue is like, of which these may be a few items."""
        return self.surveyed or take_survey(self.factors.outputs, self.graph)

    def embed(self, ids: Sequence[str], content: Floats | None = None) -> Embedded:
        """Look items up; those the model does not know are embedded from their content.

        Args:
            content: [n, D] as `content_of` reads it, aligned with `ids`; without it unknown items stay zero.

        Raises:
            InvalidInput: content of a wrong width.
        """
        rows = self.rows.find(ids)
        f = self.factors
        if len(self.items):
            inputs, outputs, bias = f.inputs[rows], f.outputs[rows], f.bias[rows]
        else:
            inputs = outputs = np.zeros((len(ids), f.dim), np.float32)
            bias = np.zeros(len(ids), np.float32)
        new = rows < 0
        if new.any():
            inputs, outputs, bias = inputs.copy(), outputs.copy(), bias.copy()
            inputs[new] = outputs[new] = 0
            bias[new] = f.cold_bias
            if content is not None and f.input_map.shape[0]:
                inputs[new], outputs[new] = f.from_content(np.asarray(content[new], np.float32))
        return Embedded(rows, inputs, outputs, bias)

    def save(self, folder: Path) -> None:
        """Write the model into an empty or new folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FACTOR_ARRAYS:
            np.save(folder / f"factors-{name}.npy", getattr(self.factors, name))
        for name in ("indptr", "indices", "weights"):
            np.save(folder / f"together-{name}.npy", getattr(self.together, name))
        self.graph.save(folder / "graph")
        save_strings(folder / "kinds.arrow", self.kinds)
        save_strings(folder / "titles.arrow", self.titles)
        np.save(folder / "rows-hashes.npy", self.rows.hashes)
        np.save(folder / "rows-order.npy", self.rows.order)
        if self.nearest is not None:
            self.nearest.save(folder)
        about = {
            "format": FORMAT,
            "encoder_version": self.encoder_version,
            "columns": list(self.columns),
            "cold_bias": self.factors.cold_bias,
            "temperature": self.factors.temperature,
            "metrics": dict(self.metrics),
        }
        (folder / "taste.json").write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path | str, *, encoder_version: str | None = None) -> "TasteModel":
        """Map a saved model into memory.

        Args:
            encoder_version: of the vectors that the caller is going to bring.

        Raises:
            NotFound: there is none in `folder`.
            VersionMismatch: the model was trained on vectors of another encoder, or by an incompatible Windowshop.
        """
        folder = Path(folder)
        try:
            about = json.loads((folder / "taste.json").read_text())
        except FileNotFoundError as error:
            raise NotFound(f"there is no taste model in {folder}") from error
        if about["format"] != FORMAT:
            raise VersionMismatch(
                f"taste model of format {about['format']}, this Windowshop reads {FORMAT}; train it again with "
                "`python -m batch.train_taste`"
            )
        if encoder_version is not None and about["encoder_version"] != encoder_version:
            raise VersionMismatch(
                f"the taste model was trained on vectors of encoder {about['encoder_version']!r}, not of "
                f"{encoder_version!r}; train it again with `python -m batch.train_taste`"
            )
        arrays = {name: mapped(folder / f"factors-{name}.npy") for name in _FACTOR_ARRAYS}
        together = (mapped(folder / f"together-{n}.npy") for n in ("indptr", "indices", "weights"))
        graph = TasteGraph.load(folder / "graph")
        return cls(
            encoder_version=about["encoder_version"],
            columns=tuple(about["columns"]),
            items=graph.items,
            kinds=Strings.load(folder / "kinds.arrow"),
            titles=Strings.load(folder / "titles.arrow"),
            factors=Factors(**arrays, cold_bias=about["cold_bias"], temperature=about["temperature"]),
            together=Together(*together),
            graph=graph,
            rows=Rows(graph.items, *(mapped(folder / f"rows-{n}.npy") for n in ("hashes", "order"))),
            nearest=NearestIndex.load(folder),
            metrics=about["metrics"],
        )


def train_model(
    items: pa.Table,
    edges: pa.Table,
    *,
    encoder_version: str,
    columns: Sequence[str],
    settings: FactorSettings | None = None,
    incumbent: TasteModel | None = None,
    seed: int = 0,
) -> TasteModel:
    """Train a model on a catalogue and the edges of its graph; without edges it is content similarity.

    Args:
        items: columns `id`, `title`, `category` (list) and the vector columns named by `columns`, one row per item.
        edges: as `taste.graph.sum_edges` gives them.
        incumbent: yesterday's model, to go on from where catalogue and content allow it.
    """
    settings = settings or FactorSettings()
    ids = items["id"].to_pylist()
    content = content_of(items, columns)
    graph = build_graph(edges, ids)
    sets = capped(_sets(edges, ids), settings.set_cap)
    usable = sets[np.diff(sets.indptr) >= 2]
    start = (
        _carry_over(incumbent, ids, content, settings) if incumbent and incumbent.columns == tuple(columns) else None
    )
    if usable.shape[0]:
        factors = train_factors(usable, content, settings, start=start, seed=seed)
    elif len(ids) > 1:
        one_each = sparse.csr_matrix((np.ones(2, np.float32), ([0, 0], [0, 1])), (1, len(ids)))
        none = FactorSettings(dim=settings.dim, epochs=0, temperature=settings.temperature)
        factors = train_factors(one_each, content, none)
    else:
        factors = _nothing(content, settings)
    return TasteModel(
        encoder_version=encoder_version,
        columns=tuple(columns),
        items=ids,
        kinds=[(path or [""])[-1] for path in items["category"].to_pylist()],
        titles=items["title"].to_pylist(),
        factors=factors,
        together=count_together(sets),
        graph=graph,
        rows=Rows.of(ids),
        nearest=build_index(factors.outputs, factors.bias, seed=seed) if len(ids) > EXACT_ITEMS else None,
    )


def capped(sets: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """Of each row of [S, N] the `most` largest entries: a person's latest acts and strongest.

    Among equal ones, as those of a board are, it is chance, the same at each call and another for each row.
    """
    lengths = np.diff(sets.indptr)
    if lengths.max(initial=0) <= most:
        return sets
    rows = np.repeat(np.arange(sets.shape[0]), lengths)
    drawn = np.random.default_rng(0).random(len(rows))
    order = np.lexsort((drawn, -sets.data, rows))
    kept = np.sort(order[np.arange(len(rows)) - sets.indptr[rows] < most])
    return sparse.csr_matrix((sets.data[kept], (rows[kept], sets.indices[kept])), sets.shape)


def largest(scores: Floats, count: int) -> NDArray[np.int64]:
    """Positions of the `count` largest finite scores, largest first."""
    count = min(count, len(scores))
    if count <= 0:
        return np.empty(0, np.int64)
    top = np.argpartition(-scores, count - 1)[:count]
    top = top[np.isfinite(scores[top])]
    return top[np.argsort(-scores[top], kind="stable")]


def content_of(table: pa.Table, columns: Sequence[str]) -> Floats:
    """Vector columns side by side, as float32 [n, D], so that cosines are the mean of the columns' cosines.

    Raises:
        InvalidInput: a column is missing or holds no vectors.
    """
    parts = [column_vectors(table, column) for column in columns]
    content: Floats = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))
    return content


def column_vectors(table: pa.Table, column: str) -> Floats:
    """A fixed-size-list column as float32 [n, D]; rows without a vector, or with one that is no number, are zero.

    Raises:
        InvalidInput: there is no such column, or it holds no vectors.
    """
    if column not in table.column_names:
        raise InvalidInput(f"there is no column {column!r}; there are {', '.join(table.column_names)}")
    values = table[column].combine_chunks()
    if not pa.types.is_fixed_size_list(values.type):
        raise InvalidInput(f"column {column!r} is {values.type}, not a fixed-size list of floats")
    width = values.type.list_size
    if values.null_count:
        values = pc.if_else(pc.is_valid(values), values, pa.scalar([0.0] * width, values.type))
    flat: Floats = values.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False).reshape(-1, width)
    broken = ~np.isfinite(flat.sum(axis=1))
    if broken.any():  # one NaN would make the mean of all items NaN, and with it every vector of the model
        flat = np.where(broken[:, None], np.float32(0), flat)
    return flat


def _sets(edges: pa.Table, ids: Sequence[str]) -> sparse.csr_matrix:
    """A row for each person and each board, over the items of the catalogue."""
    edges = edges.filter(pc.and_(pc.greater(edges["weight"], 0), pc.not_equal(edges["relation"], "concepts")))
    columns = pc.index_in(edges["item"], value_set=pa.array(ids, pa.string()))
    edges, columns = edges.filter(pc.is_valid(columns)), columns.drop_null()
    if not edges.num_rows:
        return sparse.csr_matrix((0, len(ids)), dtype=np.float32)
    names = pc.binary_join_element_wise(edges["relation"], edges["node"], "/").combine_chunks().dictionary_encode()
    weights = np.sqrt(edges["weight"].to_numpy()).astype(np.float32)  # ten views are not ten times a view
    where = (names.indices.to_numpy(), columns.to_numpy())
    return sparse.csr_matrix((weights, where), (len(names.dictionary), len(ids)))


def _carry_over(old: TasteModel, ids: Sequence[str], content: Floats, settings: FactorSettings) -> Factors | None:
    """The incumbent's factors in the new row order, new items from their content; None where they do not fit, or are
    no numbers, which training would hand on for ever."""
    f = old.factors
    if f.dim != settings.dim or f.input_map.shape[0] != content.shape[1]:
        return None
    embedded = old.embed(ids, content)
    arrays = (embedded.inputs, embedded.outputs, embedded.bias, f.input_map, f.output_map, f.content_mean)
    if not all(np.isfinite(array.sum()) for array in arrays):
        return None
    return Factors(
        embedded.inputs,
        embedded.outputs,
        embedded.bias,
        f.input_map,
        f.output_map,
        f.content_mean,
        f.cold_bias,
        f.temperature,
    )


def _nothing(content: Floats, settings: FactorSettings) -> Factors:
    width = content.shape[1]
    empty = np.zeros((len(content), settings.dim), np.float32)
    maps, mean = np.eye(width, settings.dim, dtype=np.float32), np.zeros(width, np.float32)
    return Factors(empty, empty, np.zeros(len(content), np.float32), maps, maps, mean, 0.0, settings.temperature)
