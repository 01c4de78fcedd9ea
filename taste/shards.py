"""A taste model in shards by item, for a catalogue whose model outgrows a node's memory.

A model is trained and kept whole, and may be split when it is written: beside it stands a folder of shards, each a
`TasteModel` of some of the items, chosen by the hash of their ids, and one part that all of them share.

    common/      what needs no items: maps from content, the survey, the names of boards and concepts
    0000/ ...    factors, kinds and titles of a shard's items; their edges; which of them keep company with each item
                 of the whole; for each node, its edges to them, and the share of its weight that these are

A shard knows its own items only, so what concerns several is asked of every shard and put together: candidates by
`taste.nominate`, the rows of the chosen by `taste.excerpt`. Scores are those of the whole model, and so is the best for
a vector. Walks are not quite: see `taste.walk`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from taste.factors import Factors
from taste.graph import RELATIONS, Csr, Floats, Links, Relation, TasteGraph
from taste.model import EXACT_ITEMS, TasteModel
from taste.names import Rows, Strings, id_hashes, mapped, save_strings
from taste.nearest import NearestIndex, build_index
from taste.survey import Survey
from taste.together import Together

FORMAT = 1
MOST = 1_024
_MAPS = ("input_map", "output_map", "content_mean")


@dataclass(frozen=True, eq=False)
class Shard:
    """One shard of a model, and the row of each of its items in the whole."""

    model: TasteModel
    in_whole: NDArray[np.int64]


def shard_of(ids: Sequence[str], shards: int) -> NDArray[np.int64]:
    """Which shard holds each item: [n], from 0. The same on every machine."""
    return (id_hashes(ids) % np.uint64(shards)).astype(np.int64)


def shards_of(path: str) -> str:
    """Where the shards of the model at `path` are, if it has any."""
    return f"{path}-shards"


def shard_name(number: int) -> str:
    """A shard's folder in that one."""
    return f"{number:04}"


def save_shards(model: TasteModel, root: Path, shards: int, *, seed: int = 0) -> None:
    """Split a model into a new or empty folder.

    Raises:
        InvalidInput: not 1 to MOST shards.
    """
    if not 1 <= shards <= MOST:
        raise InvalidInput(f"a model can be split into 1 to {MOST} shards, not {shards}")
    _save_common(model, root / "common", shards)
    owner = shard_of(list(model.items), shards)
    local = np.empty(len(owner), np.int64)
    for number in range(shards):
        mine = np.flatnonzero(owner == number)
        local[mine] = np.arange(len(mine))
    for number in range(shards):
        _save_shard(model, root / shard_name(number), np.flatnonzero(owner == number), owner == number, local, seed)


@dataclass(frozen=True, eq=False)
class Common:
    """What all shards share.

    Attributes:
        model: the model without its items: what `embed` needs for content, the survey, the names.
        shards: how many there are.
    """

    model: TasteModel
    shards: int


def load_common(folder: Path | str, *, encoder_version: str | None = None) -> Common:
    """Open the folder `common`.

    Args:
        encoder_version: of the vectors that the caller is going to bring.

    Raises:
        NotFound: there is none.
        VersionMismatch: the model was trained on vectors of another encoder, or split by an incompatible Windowshop.
    """
    folder = Path(folder)
    try:
        about: dict[str, Any] = json.loads((folder / "common.json").read_text())
    except FileNotFoundError as error:
        raise NotFound(f"there are no shards of a taste model in {folder.parent}") from error
    if about["format"] != FORMAT or encoder_version not in (None, about["encoder_version"]):
        raise VersionMismatch(
            f"taste shards of format {about['format']} for vectors of encoder {about['encoder_version']!r}; wanted are "
            f"format {FORMAT} and {encoder_version!r}; train again with `python -m batch.train_taste --shards N`"
        )
    maps = {name: mapped(folder / f"{name}.npy") for name in _MAPS}
    dim = maps["input_map"].shape[1]
    none, nobody = np.empty((0, dim), np.float32), np.empty(0, np.float32)
    factors = Factors(none, none, nobody, **maps, cold_bias=about["cold_bias"], temperature=about["temperature"])
    survey = Survey(
        items=about["items"],
        typical_distance=about["typical_distance"],
        middle=mapped(folder / "middle.npy"),
        axes=mapped(folder / "axes.npy"),
        concept_sizes=mapped(folder / "concept_sizes.npy"),
        landmarks=tuple((name, x, y) for name, x, y in about["landmarks"]),
    )
    names: dict[Relation, Sequence[str]] = {
        relation: Strings.load(file) for relation in RELATIONS if (file := folder / f"{relation}.arrow").exists()
    }
    empty = Csr(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    model = TasteModel(
        encoder_version=about["encoder_version"],
        columns=tuple(about["columns"]),
        items=[],
        kinds=[],
        titles=[],
        factors=factors,
        together=Together(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)),
        graph=TasteGraph([], names, dict.fromkeys(RELATIONS, Links(empty, empty))),
        rows=Rows.of([]),
        surveyed=survey,
    )
    return Common(model, about["shards"])


def load_shard(folder: Path | str, common: TasteModel) -> Shard:
    """Map a shard into memory. Raises NotFound."""
    folder = Path(folder)
    graph = replace(TasteGraph.load(folder / "graph"), names=common.graph.names)
    inputs, outputs, bias = (mapped(folder / f"{name}.npy") for name in ("inputs", "outputs", "bias"))
    model = replace(
        common,
        items=graph.items,
        kinds=Strings.load(folder / "kinds.arrow"),
        titles=Strings.load(folder / "titles.arrow"),
        factors=replace(common.factors, inputs=inputs, outputs=outputs, bias=bias),
        together=Together(*(mapped(folder / f"together-{name}.npy") for name in ("indptr", "indices", "weights"))),
        graph=graph,
        rows=Rows(graph.items, *(mapped(folder / f"rows-{name}.npy") for name in ("hashes", "order"))),
        nearest=NearestIndex.load(folder),
    )
    return Shard(model, mapped(folder / "in_whole.npy"))


def _save_common(model: TasteModel, folder: Path, shards: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    survey = model.survey
    for name in _MAPS:
        np.save(folder / f"{name}.npy", getattr(model.factors, name))
    for name in ("middle", "axes", "concept_sizes"):
        np.save(folder / f"{name}.npy", getattr(survey, name))
    for relation, names in model.graph.names.items():
        save_strings(folder / f"{relation}.arrow", names)
    about = {
        "format": FORMAT,
        "shards": shards,
        "encoder_version": model.encoder_version,
        "columns": list(model.columns),
        "cold_bias": model.factors.cold_bias,
        "temperature": model.factors.temperature,
        "items": survey.items,
        "typical_distance": survey.typical_distance,
        "landmarks": survey.landmarks,
    }
    (folder / "common.json").write_text(json.dumps(about))


def _save_shard(
    model: TasteModel,
    folder: Path,
    mine: NDArray[np.int64],
    here: NDArray[np.bool_],
    local: NDArray[np.int64],
    seed: int,
) -> None:
    """Write the items `mine`. `here`: [N], whether an item is one of them; `local`: [N], its row in its own shard."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [model.items[row] for row in mine]
    outputs, bias = model.factors.outputs[mine], model.factors.bias[mine]
    np.save(folder / "in_whole.npy", mine)
    np.save(folder / "inputs.npy", model.factors.inputs[mine])
    np.save(folder / "outputs.npy", outputs)
    np.save(folder / "bias.npy", bias)
    save_strings(folder / "kinds.arrow", (model.kinds[row] for row in mine))
    save_strings(folder / "titles.arrow", (model.titles[row] for row in mine))
    rows = Rows.of(ids)
    np.save(folder / "rows-hashes.npy", rows.hashes)
    np.save(folder / "rows-order.npy", rows.order)
    indptr, kept = _restricted(model.together.indptr, here[model.together.indices])
    np.save(folder / "together-indptr.npy", indptr)
    np.save(folder / "together-indices.npy", local[model.together.indices[kept]].astype(np.int32))
    np.save(folder / "together-weights.npy", model.together.weights[kept])
    links = {
        relation: Links(one.out.take(mine), _partial(one.back, here, local))
        for relation, one in model.graph.links.items()
    }
    TasteGraph(ids, {}, links).save(folder / "graph")
    if len(mine) > EXACT_ITEMS:
        build_index(outputs, bias, seed=seed).save(folder)


def _restricted(indptr: NDArray[np.int64], keep: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Compressed rows of which only some entries are kept: their `indptr`, and which entries these are."""
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return before[indptr], np.flatnonzero(keep)


def _partial(csr: Csr, here: NDArray[np.bool_], local: NDArray[np.int64]) -> Csr:
    """Node → items, of the items that are here, with the share of each node's weight that leads to them."""
    weights = csr.cumulative.astype(np.float64)
    inner = np.ones(csr.edges, bool)
    inner[csr.indptr[:-1][np.diff(csr.indptr) > 0]] = False  # a row's first edge has nothing before it
    weights[inner] -= csr.cumulative[np.flatnonzero(inner) - 1]
    indptr, kept = _restricted(csr.indptr, here[csr.indices])
    total = np.concatenate([[0.0], np.cumsum(weights[kept])])
    share = total[indptr[1:]] - total[indptr[:-1]]
    row = np.repeat(np.arange(csr.rows), np.diff(indptr))
    cumulative = (total[1:] - total[indptr[:-1]][row]) / np.maximum(share[row], 1e-12)
    cumulative[indptr[1:][np.diff(indptr) > 0] - 1] = 1.0
    shares: Floats = share.astype(np.float32)
    return Csr(indptr, local[csr.indices[kept]].astype(np.int32), cumulative.astype(np.float32), shares)
