"""The training loop of a joint head: steps, validation, early stop, and a state from which it goes on after a kill.

Knows nothing of Ray: `batch.train_encoder` calls it in every worker.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from batch.encoder_data import TrainingItems, shared_boards, split
from batch.encoder_losses import image_text_loss, matryoshka, neighbour_loss, relation_loss
from batch.encoder_phrases import PhraseBatch, phrase_batches
from batch.encoder_pool import NeighbourBatch, Pool, Rows, make_pool, neighbour_batches, row_batches
from batch.encoder_validate import Validation, validate
from batch.training_loop import Best, average_gradients, same_everywhere, schedule
from catalog.joint import SIZES, HeadConfig, JointNetwork
from catalog.precision import fast_dtype


@dataclass(frozen=True)
class TrainSettings:
    """How a head is trained. `benchmarks/encoder.py` shows what each part is worth.

    Attributes:
        seed: of weights, batches and splits.
        epochs: passes over the items on boards, or over all items if there are no boards.
        min_steps, max_steps: bounds on the number of steps, for small and large catalogues.
        batch_size: items per step whose neighbours are sought, and whose pictures are matched with words.
        candidates: items among which neighbours are sought; all of them if the catalogue has no more.
        learning_rate, weight_decay: of AdamW; the rate rises over the first tenth of the steps and falls to zero.
        neighbour_weight, image_text_weight, phrase_weight, relation_weight: of the losses; 0 leaves one out.
        companion_share: how much of the neighbour loss goes through the head's companion queries, 0..1; the rest draws
            the vectors themselves together.
        warm_up: steps on pictures and words alone, before boards come in.
        temperature: of the neighbour loss.
        dropout, input_dropout: of the network, 0..1.
        image_rank, text_rank, hidden, sizes: its shape, see `HeadConfig`.
        held_out: share of boards, and half that share of items, kept for validation, 0..1; 0 trains on everything, to
            the last step.
        validate_every: steps between validations.
        patience: validations without a better score before it stops.
    """

    seed: int = 0
    epochs: int = 30
    min_steps: int = 150
    max_steps: int = 20_000
    batch_size: int = 256
    candidates: int = 4096
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    neighbour_weight: float = 3.0
    image_text_weight: float = 0.5
    phrase_weight: float = 0.5
    relation_weight: float = 0.0
    companion_share: float = 0.8
    warm_up: int = 200
    temperature: float = 0.07
    dropout: float = 0.3
    input_dropout: float = 0.3
    image_rank: int = 320
    text_rank: int = 320
    hidden: int = 0
    sizes: tuple[int, ...] = SIZES
    held_out: float = 0.1
    validate_every: int = 25
    patience: int = 6


@dataclass
class LoopState:
    """Where a training stands; `to_dict` and `restore` carry it over a kill."""

    network: JointNetwork
    match: nn.ParameterDict
    """Scale (its logarithm) and bias of the image–text loss, which are learnt."""
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: Best = field(default_factory=Best)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as tensors and plain values."""
        modules = {name: getattr(self, name).state_dict() for name in ("network", "match", "optimizer")}
        return {"step": self.step, "best": self.best.to_dict(), **modules}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go back to where `to_dict` was called."""
        for name in ("network", "match", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.step, self.best = saved["step"], Best(**saved["best"])


@dataclass(frozen=True)
class Trained:
    """What a training made: the network at its best validation, or at the last step where nothing was held out."""

    network: JointNetwork
    validation: Validation
    steps: int
    stopped_early: bool


@dataclass(frozen=True)
class Draws:
    """Endless batches for each loss that has something to learn from."""

    neighbours: Iterator[NeighbourBatch] | None
    asked: Iterator[PhraseBatch] | None
    matches: Iterator[Tensor] | None


Report = Callable[[dict[str, float], LoopState], None]
"""Called after every validation with the metrics so far and the state to keep."""


def train(
    items: TrainingItems,
    boards: Sequence[Rows],
    settings: TrainSettings,
    report: Report | None = None,
    resume: dict[str, Any] | None = None,
    rank: int = 0,
    device: str = "cpu",
) -> Trained:
    """Train a joint head.

    Args:
        items: n items with their base features.
        boards: rows of items that belong together; may be empty.
        settings: how.
        report: called after every validation.
        resume: what `LoopState.to_dict` gave at an earlier validation, to go on from there.
        rank: of this worker; workers draw different batches.
        device: where to train.
    """
    kept, held = split(len(boards), settings.held_out, settings.seed)
    shared = shared_boards([boards[i] for i in kept], len(items), settings.seed)
    held_boards = [boards[i] for i in held]
    state = _new_state(items, settings, device)
    pool = make_pool(items, state.network, device)
    seen, held_items = (pool.complete[part] for part in split(len(pool.complete), settings.held_out / 2, settings.seed))
    total = planned_steps(settings, int((np.diff(shared.indptr) > 0).sum()) or len(seen))
    if resume:
        state.restore(resume)
    rng = np.random.default_rng([settings.seed, rank, state.step])
    neighbours = (
        neighbour_batches(shared, settings.batch_size, settings.candidates, rng, device) if shared.nnz else None
    )
    asked = (
        phrase_batches(items.phrases, settings.batch_size, settings.candidates, rng, device)
        if items.phrases and settings.phrase_weight
        else None
    )
    matches = row_batches(seen, settings.batch_size, rng, device) if len(seen) else None
    began, losses, stopped = time.monotonic(), _Means(), False
    torch.manual_seed(settings.seed * 1_000_003 + rank * 1009 + state.step)
    while state.step < total and not stopped:
        for group in state.optimizer.param_groups:
            group["lr"] = settings.learning_rate * schedule(state.step / total)
        losses.add(_step(state, pool, settings, Draws(neighbours, asked, matches)))
        state.step += 1
        if state.step % settings.validate_every and state.step < total:
            continue
        found = validate(state.network, pool, shared, held_boards, held_items)
        stopped = same_everywhere(_judge(state, found, settings), device)
        if report:
            pace = {"step": state.step, "steps": total, "seconds": time.monotonic() - began}
            report({**pace, **losses.take(), **found.metrics()}, state)
    if state.best.weights:
        state.network.load_state_dict(state.best.weights)
    return Trained(
        state.network.cpu().eval(),
        validate(state.network, make_pool(items, state.network, "cpu"), shared, held_boards, held_items),
        state.step,
        stopped,
    )


def planned_steps(settings: TrainSettings, items: int) -> int:
    """Steps for so many items per epoch."""
    steps = settings.epochs * math.ceil(items / settings.batch_size)
    return min(max(steps, settings.min_steps), settings.max_steps) + settings.warm_up


def _new_state(items: TrainingItems, settings: TrainSettings, device: str) -> LoopState:
    torch.manual_seed(settings.seed)  # every worker begins with the same weights
    config = HeadConfig(
        image_dim=items.image.shape[1],
        text_dim=items.text.shape[1],
        image_rank=min(settings.image_rank, items.image.shape[1]),
        text_rank=min(settings.text_rank, items.text.shape[1]),
        hidden=settings.hidden,
        sizes=settings.sizes,
    )
    network = JointNetwork(config, settings.dropout, settings.input_dropout)
    sample = np.random.default_rng(settings.seed).permutation(len(items))[:50_000]
    network.fit_whitening(*items.features(np.sort(sample)))
    # The paper's bias of -10 is the logarithm of one right pair in its batches of 32 k; ours are smaller.
    bias = -math.log(settings.batch_size)
    match = nn.ParameterDict({"log_scale": torch.tensor(math.log(10.0)), "bias": torch.tensor(bias)})
    network.to(device)
    match.to(device)
    groups: list[dict[str, Any]] = [
        {"params": list(network.parameters()), "weight_decay": settings.weight_decay},
        {"params": list(match.parameters()), "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, settings.learning_rate)
    return LoopState(network, match, optimizer)


def _step(
    state: LoopState,
    pool: Pool,
    settings: TrainSettings,
    draws: Draws,
) -> dict[str, float]:
    network, sizes = state.network.train(), settings.sizes
    neighbours, matches = draws.neighbours, draws.matches
    parts: dict[str, Tensor] = {}
    device = pool.image.device.type
    with torch.autocast(device, dtype=torch.bfloat16, enabled=fast_dtype(device) is torch.bfloat16):
        if neighbours and settings.neighbour_weight and state.step >= settings.warm_up:
            parts["neighbour"] = settings.neighbour_weight * _neighbours(network, pool, next(neighbours), settings)
        if draws.asked:
            parts["phrase"] = settings.phrase_weight * _asked(network, pool, next(draws.asked), settings)
        if matches and settings.image_text_weight:
            rows = next(matches)
            parts["image_text"] = settings.image_text_weight * _matches(state, pool, rows, sizes)
        if matches and settings.relation_weight:
            base = nn.functional.normalize(pool.fused(rows := next(matches)), dim=-1)
            fused = network.mix(pool.fused(rows))
            parts["relation"] = settings.relation_weight * matryoshka(lambda v: relation_loss(v, base), sizes, fused)
    loss = torch.stack([part.float() for part in parts.values()]).sum()
    state.optimizer.zero_grad()
    loss.backward()
    average_gradients([*network.parameters(), *state.match.parameters()])
    state.optimizer.step()
    return {name: float(part.detach()) for name, part in parts.items()}


def _neighbours(network: JointNetwork, pool: Pool, batch: NeighbourBatch, settings: TrainSettings) -> Tensor:
    vectors = network.mix(pool.fused(batch.candidates))  # [C, D]
    places = torch.searchsorted(batch.candidates, batch.queries)  # queries are among the candidates, which are sorted
    share = settings.companion_share

    def loss(some: Tensor) -> Tensor:
        queries, answers = some[places], (some, batch.positives, batch.excluded, settings.temperature)
        parts = []
        if share < 1:
            parts.append((1 - share) * neighbour_loss(queries, *answers))
        if share > 0:
            parts.append(share * neighbour_loss(network.companions(queries), *answers))
        return torch.stack(parts).sum()

    return matryoshka(loss, settings.sizes, vectors)


def _asked(network: JointNetwork, pool: Pool, batch: PhraseBatch, settings: TrainSettings) -> Tensor:
    """Phrases find the items that they fit, and, at half the weight, those items' pictures alone."""
    asked = network.mix(pool.phrases[batch.phrases])
    none = torch.zeros_like(batch.positives, dtype=torch.bool)

    def loss(queries: Tensor, items: Tensor, pictures: Tensor) -> Tensor:
        found = neighbour_loss(queries, items, batch.positives, none, settings.temperature)
        seen = neighbour_loss(queries, pictures, batch.positives, none, settings.temperature)
        return found + 0.5 * seen

    whole, pictures = network.mix(pool.fused(batch.candidates)), network.mix(pool.pictures(batch.candidates))
    return matryoshka(loss, settings.sizes, asked, whole, pictures)


def _matches(state: LoopState, pool: Pool, rows: Tensor, sizes: Sequence[int]) -> Tensor:
    """Pictures and words of the same items find each other, and each finds the item that has both."""
    network, twins = state.network, pool.twins[rows]
    same = twins[:, None] == twins[None, :]
    scale, bias = state.match["log_scale"].exp(), state.match["bias"]

    def loss(pictures: Tensor, words: Tensor, both: Tensor) -> Tensor:
        crossed = image_text_loss(pictures, words, scale, bias, same)
        found = image_text_loss(pictures, both, scale, bias, same) + image_text_loss(words, both, scale, bias, same)
        return (crossed + 0.5 * found) / 2

    vectors = (network.mix(half) for half in (pool.pictures(rows), pool.words(rows), pool.fused(rows)))
    return matryoshka(loss, sizes, *vectors)


def _judge(state: LoopState, found: Validation, settings: TrainSettings) -> bool:
    """Keep the best weights; true when it is time to stop."""
    if not settings.held_out or state.step <= settings.warm_up:
        return False
    return state.best.judge(found.score, state.network.state_dict(), settings.patience)


class _Means:
    """Means of the losses since they were last taken."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1

    def take(self) -> dict[str, float]:
        means = {f"loss_{name}": value / self._count for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        return means
