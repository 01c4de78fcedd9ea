"""`python -m batch.train_navigator`: train a Navigator on a release's own catalogue and put it into service.

Stage 1 aligns the projector: soft tokens begin as the words for what the items are. Stage 2 tunes projector and LoRA
on conversations made from the catalogue, its labels and boards, and an operator's own. One process on a laptop,
data-parallel on a cluster through Ray Train; killed half-way, the same command goes on from its last checkpoint. What
was learnt is measured on held-out items and on gold conversations, and becomes part of a release only if it is no worse
than the incumbent.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import fsspec
import typer

from batch.command import ends_plainly
from batch.convert import check_base, convert
from batch.navigator_data import (
    DRILLS,
    Catalogue,
    load_catalogue,
    practised,
    read_boards,
    read_conversations,
    read_hidden,
    read_labels,
)
from batch.navigator_judge import Judge, Verdict
from batch.navigator_loop import Run, run
from batch.navigator_release import install, put_into_service
from batch.ray_session import connect, for_workers
from catalog.errors import InvalidInput
from catalog.release import Release, ReleaseStore
from navigator.dialogues import Dialogue
from navigator.learnt import Learnt, Shape, blended, load_learnt
from navigator.loading import load_config
from navigator.packaged import PACKAGED
from navigator.training import Progress, Recipe


@dataclass(frozen=True)
class Job:
    """All there is to say about one training.

    Args:
        release: URI of the release store; its live release is the catalogue.
        base: what to train over: a folder, a hub id, or `packaged:smollm2-135m`.
        labels: JSON lines with what pictures show, boards: JSON lines with what belongs together, conversations: an
            operator's own; see `batch.navigator_data`.
        practice: release stores of other catalogues, encoded alike, to train on besides; practice_labels: as many files
            with what their pictures show.
        tokens_per_item, projector_rank, projector_dim: of a first training; later ones keep the incumbent's.
        recipe: of stage 2.
        work: folder for checkpoints and metrics.
        workers: processes that train side by side; 0 trains in this one, without Ray.
        gpus: GPUs per worker, 0 or 1.
        fresh: start from the base even where the release has a Navigator.
        adapters: folder of what an earlier training of this base learnt, to begin stage 2 with; not on top of a
            Navigator.
        drills: share of examples that only read vectors; the rest are conversations.
        shares: how much of what was trained is kept, 0 to 1, tried in this order until the gate opens; the rest is what
            training began with.
        promote: make the new release the live one.
        seed: of everything that is drawn.
    """

    release: str
    base: str = PACKAGED
    labels: str | None = None
    boards: str | None = None
    conversations: str | None = None
    practice: tuple[str, ...] = ()
    practice_labels: tuple[str, ...] = ()
    tokens_per_item: int = 8
    projector_rank: int = 768
    projector_dim: int = 128
    recipe: Recipe = field(default_factory=Recipe)
    work: str = ".windowshop/train-navigator"
    workers: int = 0
    gpus: int = 0
    fresh: bool = False
    adapters: str | None = None
    drills: float = DRILLS
    shares: tuple[float, ...] = (1.0, 0.5)
    promote: bool = True
    seed: int = 0

    def run_id(self, live: Release) -> str:
        """The same for the same training on the same catalogue, so that a killed job finds its checkpoint."""
        what = (live.id, asdict(replace(self, promote=True, work="")))
        return f"navigator-{hashlib.sha256(repr(what).encode()).hexdigest()[:12]}"


def train_navigator(
    job: Job, say: Callable[[str], None] = print, judge: Callable[[Path], Verdict] | None = None
) -> Release | None:
    """Train, measure, gate, and write the release that has the new Navigator; None where the gate stayed shut.

    Args:
        say: is told how far it is.
        judge: tells of a checkpoint whether it may replace the incumbent; by default a `Judge`.

    Raises:
        NotFound: no live release, or one without pictures' vectors.
        InvalidInput: files that are not what they should be.
    """
    store = ReleaseStore(job.release)
    live = store.current()
    over = _learnt_over(job, store, live)
    catalogue = load_catalogue(store, live, read_labels(job.labels), read_boards(job.boards))
    folder = Path(job.work).resolve() / job.run_id(live)
    folder.mkdir(parents=True, exist_ok=True)
    incumbent = _incumbent(store, live, folder)
    rival = incumbent if incumbent and load_config(incumbent).encoder_version == catalogue.encoder_version else None
    keeps_on = rival is not None and not job.fresh
    start = rival if rival and keeps_on else _start(job, catalogue, None if job.fresh else incumbent, folder)
    wider = _with_practice(job, catalogue)
    say(f"{len(wider.train.known)} items to train on, {len(catalogue.test.known)} held out; work in {folder}")

    plan = Run(
        str(start),
        over,
        str(folder),
        job.recipe,
        align=not keeps_on,
        adapters=job.adapters,
        drills=job.drills,
        seed=job.seed,
    )
    learnt = _trained(plan, job, wider, read_conversations(job.conversations, catalogue), say)
    draw_curve(folder / "metrics.jsonl", folder / "learning_curve.svg")
    judge = judge or Judge(store, live, catalogue, read_hidden(job.labels), rival, job.seed, say)
    for suffix, candidate in _candidates(job, learnt, live, has_rival=rival is not None):
        checkpoint = _written(str(start), candidate, folder / f"trained{suffix}")
        verdict = judge(checkpoint)
        scores = verdict.scores.shares()
        candidate = replace(candidate, about={**candidate.about, "metrics": scores})
        candidate.save(folder / f"learnt{suffix}")
        if not verdict.worse:
            return put_into_service(store, live, checkpoint, candidate, scores, promote=job.promote)
        say(f"the gate stays shut for {checkpoint.name}: worse than the incumbent {'; '.join(verdict.worse)}")
    return None


def draw_curve(metrics: Path, out: Path) -> None:
    """The loss over the tokens, step by step and smoothed, as an SVG picture."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    tokens, losses = [row["tokens"] for row in rows], [row["loss"] for row in rows]
    smooth: list[float] = []
    for loss in losses:
        smooth.append(loss if not smooth else 0.92 * smooth[-1] + 0.08 * loss)
    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    axes.plot(tokens, losses, color="0.8", linewidth=0.8, label="step")
    axes.plot(tokens, smooth, color="C0", label="smoothed")
    axes.set(xlabel="tokens read", ylabel="cross-entropy per learnt token", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(out, bbox_inches="tight")
    pyplot.close(figure)


def _incumbent(store: ReleaseStore, live: Release, folder: Path) -> Path | None:
    """A local copy of the live Navigator's checkpoint, if the release has one."""
    if live.navigator is None:
        return None
    local = folder / "incumbent"
    if not (local / "config.json").exists():
        fs, root = fsspec.core.url_to_fs(store.path(*live.navigator.path.split("/")))
        fs.get(root + "/", str(local) + "/", recursive=True)
    return local


def _learnt_over(job: Job, store: ReleaseStore, live: Release) -> str:
    """What model the new adapters will be over, to be merged into again: the base, or the Navigator of the release.

    Raises:
        InvalidInput: adapters to begin with that were learnt over another.
    """
    on_top = live.navigator is not None and not job.fresh
    if job.adapters is not None and on_top:
        raise InvalidInput(
            "--adapters begins with what was learnt over the base, and training begins from the live Navigator, which "
            "has adapters in it already; add --fresh, or leave --adapters out"
        )
    if job.adapters is not None:
        check_base(load_learnt(Path(job.adapters)), job.base)
    return store.path(*live.navigator.path.split("/")) if live.navigator is not None and on_top else job.base


def _start(job: Job, catalogue: Catalogue, incumbent: Path | None, folder: Path) -> Path:
    """The checkpoint that training starts from, made once: the base, or an incumbent that read another encoder."""
    start = folder / "start"
    if not (start / "config.json").exists():
        rank = min(job.projector_rank, catalogue.item_dim)
        shape = Shape(
            catalogue.item_dim,
            tokens_per_item=job.tokens_per_item,
            projector_rank=rank,
            projector_dim=job.projector_dim,
        )
        convert(str(incumbent or job.base), str(start), shape)
    return start


def _with_practice(job: Job, catalogue: Catalogue) -> Catalogue:
    """The release's catalogue, with those that are practised on."""
    stores = [ReleaseStore(address) for address in job.practice]
    pairs = zip(stores, job.practice_labels, strict=True)
    return practised(catalogue, [load_catalogue(store, store.current(), read_labels(path)) for store, path in pairs])


def _trained(plan: Run, job: Job, catalogue: Catalogue, own: list[Dialogue], say: Callable[[str], None]) -> Learnt:
    def report(progress: Progress) -> None:
        if progress.step % 10 == 0:
            say(f"step {progress.step}, loss {progress.loss:.3f}, {progress.tokens} tokens, {progress.seconds:.0f} s")

    if job.workers == 0:
        return run(plan, catalogue, own, report=report)
    return _trained_on_ray(plan, job)


def _trained_on_ray(plan: Run, job: Job) -> Learnt:
    """The same on a cluster: every worker reads the release itself and trains on conversations of its own."""
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    connect(show_workers=True)
    job = replace(
        job,
        release=ReleaseStore(job.release).address,
        labels=for_workers(job.labels),
        boards=for_workers(job.boards),
        conversations=for_workers(job.conversations),
        practice=tuple(ReleaseStore(address).address for address in job.practice),
        practice_labels=tuple(str(for_workers(path)) for path in job.practice_labels),
    )
    trainer = TorchTrainer(
        _worker,
        train_loop_config={"plan": plan, "job": job},
        scaling_config=ScalingConfig(num_workers=job.workers, use_gpu=job.gpus > 0),
        run_config=RunConfig(name="ray", storage_path=plan.folder),
    )
    trainer.fit()
    return load_learnt(Path(plan.folder) / "worker")


def _worker(config: dict[str, Any]) -> None:
    from ray import train as ray_train
    from ray.train.torch import get_device

    plan, job = config["plan"], config["job"]
    store = ReleaseStore(job.release)
    catalogue = load_catalogue(store, store.current(), read_labels(job.labels), read_boards(job.boards))
    rank = ray_train.get_context().get_world_rank()

    def report(progress: Progress) -> None:
        ray_train.report(asdict(progress))

    own = read_conversations(job.conversations, catalogue)
    learnt = run(plan, _with_practice(job, catalogue), own, rank=rank, report=report, device=str(get_device()))
    if rank == 0:
        learnt.save(Path(plan.folder) / "worker")


def _candidates(job: Job, learnt: Learnt, live: Release, *, has_rival: bool) -> Iterator[tuple[str, Learnt]]:
    """What was learnt in each of the shares that are tried, with what its folders' names end in."""
    begun = load_learnt(Path(job.adapters)).tensors if job.adapters else None
    for share in job.shares if has_rival else job.shares[:1]:
        kept = learnt if share == 1 else blended(begun, learnt, share)
        yield "" if share == 1 else f"-{share:g}", _named(kept, live)


def _named(learnt: Learnt, live: Release) -> Learnt:
    """Under a version of its own, which its weights make."""
    sums = sorted((name, tensor.sum().item()) for name, tensor in learnt.tensors.items())
    version = hashlib.sha256(repr(sums).encode()).hexdigest()[:12]
    return replace(learnt, about={**learnt.about, "version": version, "trained_from": str(live.id)})


def _written(start: str, learnt: Learnt, out: Path) -> Path:
    """What was learnt, put over its start."""
    if not (out / "config.json").exists():
        convert(start, str(out), learnt=learnt)
    return out


app = typer.Typer(add_completion=False)


@app.command()
def main(
    release: Annotated[str, typer.Option(help="Release store; its live release is trained on.")],
    base: Annotated[str, typer.Option(help="Folder, hub id, or packaged:smollm2-135m.")] = PACKAGED,
    labels: Annotated[str | None, typer.Option(help="JSON lines {id, visual: {name: value}, hidden: [names]}.")] = None,
    boards: Annotated[str | None, typer.Option(help="JSON lines {items: [ids]}.")] = None,
    conversations: Annotated[str | None, typer.Option(help="JSON lines with conversations of your own.")] = None,
    practice: Annotated[
        list[str] | None,
        typer.Option(help="Store of another catalogue, encoded alike, to train on besides; repeat for more."),
    ] = None,
    practice_labels: Annotated[
        list[str] | None, typer.Option(help="Labels of each --practice, in the same order.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimiser steps of stage 2.")] = 500,
    minutes: Annotated[float | None, typer.Option(help="Stop stage 2 by then, whatever the steps.")] = None,
    lora_rank: Annotated[int, typer.Option(help="Rank of the adapters.")] = Recipe.lora_rank,
    lora_layers: Annotated[int | None, typer.Option(help="Only the last so many layers get adapters.")] = None,
    learning_rate: Annotated[float, typer.Option(help="Of the adapters, at its peak.")] = Recipe.learning_rate,
    projector_rate: Annotated[
        float, typer.Option(help="Learning rate of the projectors in stage 2; 0 leaves them as stage 1 made them.")
    ] = Recipe.projector_rate,
    tokens_per_item: Annotated[int, typer.Option(help="Soft tokens of an item, in a first training.")] = 8,
    projector_dim: Annotated[
        int, typer.Option(help="Width of the projector's hidden layer, in a first training.")
    ] = Job.projector_dim,
    workers: Annotated[int, typer.Option(help="Ray Train workers; 0 trains in this process.")] = 0,
    gpus: Annotated[int, typer.Option(help="GPUs per worker, 0 or 1.")] = 0,
    work: Annotated[str, typer.Option(help="Folder for checkpoints; shared storage on a cluster.")] = Job.work,
    fresh: Annotated[bool, typer.Option(help="Start from the base, not from the incumbent.")] = False,
    adapters: Annotated[
        str | None,
        typer.Option(
            help="Folder of what an earlier training of the same base learnt, to begin with; wants --fresh where the "
            "release has a Navigator."
        ),
    ] = None,
    drills: Annotated[
        float,
        typer.Option(min=0, max=0.95, help="Share of examples that only read vectors; the rest are conversations."),
    ] = DRILLS,
    share: Annotated[
        list[float] | None,
        typer.Option(
            min=0, max=1, help="How much of what was trained is kept; repeat to try less if worse [1, then 0.5]."
        ),
    ] = None,
    promote: Annotated[bool, typer.Option(help="Make the new release the live one.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn.")] = 0,
    weights: Annotated[
        Path | None, typer.Option(help="Put this saved Navigator into service instead of training one.")
    ] = None,
) -> None:
    """Train a Navigator on a release's catalogue and put it into service if it is no worse than the incumbent."""
    if weights is not None:
        with ends_plainly("Stopped. Nothing was released."):
            typer.echo(f"release {install(ReleaseStore(release), weights, promote=promote).id}")
        return
    if len(practice or ()) != len(practice_labels or ()):
        raise typer.BadParameter("every --practice needs its --practice-labels", param_hint="--practice-labels")
    recipe = Recipe(
        steps=steps,
        lora_rank=lora_rank,
        lora_layers=lora_layers,
        learning_rate=learning_rate,
        projector_rate=projector_rate,
        max_seconds=minutes * 60 if minutes else None,
    )
    job = Job(
        release,
        base,
        labels,
        boards,
        conversations,
        tuple(practice or ()),
        tuple(practice_labels or ()),
        tokens_per_item,
        projector_dim=projector_dim,
        recipe=recipe,
        work=work,
        workers=workers,
        gpus=gpus,
        fresh=fresh,
        adapters=adapters,
        drills=drills,
        shares=tuple(share) if share else Job.shares,
        promote=promote,
        seed=seed,
    )
    with ends_plainly():
        written = train_navigator(job, typer.echo)
    typer.echo(f"release {written.id}" if written else "no release was written")
    raise typer.Exit(0 if written else 3)


if __name__ == "__main__":
    app()
