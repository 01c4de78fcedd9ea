"""The training loop that each of Ray Train's workers runs, and that a laptop runs without Ray."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import torch
from torch import Tensor

from batch.navigator_data import DRILLS, Catalogue, examples
from catalog.precision import named_dtype
from navigator.alignment import Fit, align, hear
from navigator.alterations import Alterations, alterations_of
from navigator.config import NavigatorConfig
from navigator.dialogues import Dialogue
from navigator.examples import Row, pack
from navigator.knowledge import legible
from navigator.learnt import Learnt, Shape, load_learnt, without_idle_ranks
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.processing import NavigatorProcessor
from navigator.training import Progress, Recipe, begin_with, learnt_tensors, train


@dataclass(frozen=True)
class Run:
    """One training.

    Args:
        checkpoint: folder of the Navigator to start from.
        base: name of the model whose weights it has, kept with what is learnt.
        folder: for checkpoints, metrics.jsonl and the result.
        recipe: of stage 2; stage 1 is the alignment of the projector, which needs no recipe.
        row_tokens: tokens in a row.
        align: whether stage 1 is run: not where training goes on from an incumbent on the same encoder.
        adapters: folder of what an earlier training of this base learnt, whose adapters are the first ones here.
        drills: share of examples that only read vectors.
        dtype: bfloat16, float32, or auto: the one that this machine is fast in.
        seed: of the conversations; each worker adds its rank.
    """

    checkpoint: str
    base: str
    folder: str
    recipe: Recipe = field(default_factory=Recipe)
    row_tokens: int = 768
    align: bool = True
    adapters: str | None = None
    drills: float = DRILLS
    dtype: str = "auto"
    seed: int = 0


def run(
    job: Run,
    catalogue: Catalogue,
    own: list[Dialogue],
    *,
    rank: int = 0,
    report: Callable[[Progress], None] = lambda _: None,
    device: str = "cpu",
) -> Learnt:
    """Train, and return what was learnt. Run again after a kill, it goes on from its last checkpoint.

    Args:
        rank: of this worker; rank 0 writes files.
        report: is told every step.
    """
    from transformers import AutoTokenizer

    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    model: NavigatorForConditionalGeneration = NavigatorForConditionalGeneration.from_pretrained(
        job.checkpoint, dtype=named_dtype(job.dtype, torch.device(device).type)
    )
    model.config.encoder_version = catalogue.encoder_version
    processor = NavigatorProcessor(AutoTokenizer.from_pretrained(job.checkpoint), cast(NavigatorConfig, model.config))
    fit = align_projectors(model, processor, catalogue, folder) if job.align else None
    told = _told(model, catalogue)
    if job.adapters is not None:
        begin_with(model, job.recipe, load_learnt(Path(job.adapters)).tensors)
    alterations = alterations_of(model.item_projector, model.config.read_out)
    model.to(device)  # type: ignore[arg-type]
    rows = _on(device, _rows(processor, catalogue, own, job, rank, told, alterations))
    model.train()
    with (folder / "metrics.jsonl").open("a") as metrics:
        for progress in train(model, rows, job.recipe, folder):
            report(progress)
            if rank == 0:
                metrics.write(json.dumps(asdict(progress)) + "\n")
                metrics.flush()
    return learnt_of(model, job, catalogue, fit, legible(catalogue.train, told).vocabulary)


def align_projectors(
    model: NavigatorForConditionalGeneration, processor: NavigatorProcessor, catalogue: Catalogue, folder: Path
) -> Fit:
    """Stage 1: both projectors speak words; a run that goes on finds it done."""
    from safetensors.torch import load_file

    done = folder / "aligned.safetensors"
    projectors = {"item_projector.": model.item_projector, "taste_projector.": model.taste_projector}
    if done.exists():
        state = load_file(done)
        for prefix, projector in projectors.items():
            projector.load_state_dict({n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)})
        fit = Fit(**json.loads((folder / "aligned.json").read_text()))
        model.config.read_out = [list(pair) for pair in fit.values]
        return fit
    embeddings = cast(torch.nn.Embedding, model.get_input_embeddings())
    dtype = embeddings.weight.dtype
    fits = []
    known = catalogue.train.known
    heard = {rank: hear(known, rank) for rank in {p.input_map.shape[1] for p in projectors.values()}}
    for projector in projectors.values():
        projector.float()
        rank = projector.input_map.shape[1]
        fits.append(align(projector, known, processor.tokenizer, embeddings, heard=heard[rank]))
        projector.to(dtype)
    state = {prefix + n: t for prefix, projector in projectors.items() for n, t in projector.state_dict().items()}
    _keep_alignment(state, fits[0], done)
    model.config.read_out = [list(pair) for pair in fits[0].values]
    return fits[0]


def _keep_alignment(state: dict[str, Tensor], fit: Fit, done: Path) -> None:
    """Save it whole or not at all, the weights last: other workers, and a run that goes on, take it once they see them.

    Every worker may come here, each with the same; none writes into a file of another.
    """
    from safetensors.torch import save_file

    own = f".{uuid4().hex}"
    about, weights = done.with_name(f"aligned.json{own}"), done.with_name(f"{done.name}{own}")
    about.write_text(json.dumps(asdict(fit)))
    save_file(state, weights)
    about.replace(done.with_suffix(".json"))
    weights.replace(done)


def _told(model: NavigatorForConditionalGeneration, catalogue: Catalogue) -> tuple[str, ...]:
    """The properties that soft tokens tell: those that are read out, or else those to be heard in the catalogue."""
    if model.config.read_out:
        return tuple(dict.fromkeys(name for name, _ in model.config.read_out))
    heard = hear(catalogue.train.known, model.item_projector.input_map.shape[1])
    return heard.readouts.names if heard is not None else ()


def learnt_of(
    model: NavigatorForConditionalGeneration,
    job: Run,
    catalogue: Catalogue,
    fit: Fit | None,
    vocabulary: Sequence[str],
) -> Learnt:
    """What this training adds to its base; `vocabulary` are the words by which it was taught to name what is seen."""
    config = model.config
    shape = Shape(
        item_dim=config.item_dim,
        vectors_per_item=config.vectors_per_item,
        tokens_per_item=config.tokens_per_item,
        taste_dim=config.taste_dim,
        projector_rank=config.projector_rank,
        projector_dim=config.projector_dim,
    )
    about = {"recipe": asdict(job.recipe), "items": len(catalogue.train.known), "seed": job.seed, "drills": job.drills}
    about["vocabulary"] = list(vocabulary)
    about["told_which"] = True
    about["read_out"] = config.read_out
    if fit is not None:
        about["alignment"] = {name: value for name, value in asdict(fit).items() if name != "values"}
    tensors = {name: tensor.cpu() for name, tensor in learnt_tensors(model).items()}
    tensors, shape = without_idle_ranks(tensors, shape)
    rank, alpha = max(job.recipe.lora_rank, 1), job.recipe.lora_alpha
    return Learnt(job.base, shape, catalogue.encoder_version, rank, alpha, tensors, about)


def _rows(
    processor: NavigatorProcessor,
    catalogue: Catalogue,
    own: list[Dialogue],
    job: Run,
    rank: int,
    told: Collection[str],
    alterations: Alterations | None,
) -> Iterator[Row]:
    source = examples(processor, catalogue, job.seed * 1000 + rank, own, told, job.drills, alterations)
    return pack(source, job.row_tokens, processor.turn_end_id)


def _on(device: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows moved to where the model is."""
    for row in rows:
        moved: dict[str, Any] = {n: v.to(device) for n, v in vars(row).items() if isinstance(v, Tensor)}
        yield replace(row, **moved)
