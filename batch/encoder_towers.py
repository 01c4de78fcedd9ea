"""The training loop of the towers themselves: the last layers of a SigLIP model, on a shop's own pictures and words.

A head sees what the towers kept; what they dropped, only the towers can learn. Pictures and words are read batch by
batch, so that memory does not grow with the catalogue. Knows nothing of Ray, like the loop of heads.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from batch.encoder_data import shared_boards, split
from batch.encoder_losses import image_text_loss, neighbour_loss
from batch.encoder_pool import Rows
from batch.encoder_validate import board_hits, recall_at_k
from batch.training_loop import Best, average_gradients, copied, same_everywhere, schedule
from catalog.encoder import Pixels
from catalog.errors import InvalidInput
from catalog.siglip import SiglipEncoder

MAX_HELD = 512
"""Held-out items that a validation encodes."""


@dataclass(frozen=True)
class TowerSettings:
    """How towers are trained.

    Attributes:
        layers: last layers of each tower that learn, with what comes after them.
        steps: at most.
        batch_size: items per step and worker; half of them bring a partner from a board of theirs.
        learning_rate, weight_decay: of AdamW; the rate rises over the first tenth of the steps and falls to zero.
        neighbour_weight: of the loss on boards, beside the one between pictures and words.
        temperature: of the neighbour loss.
        held_out: share of items kept for validation, `MAX_HELD` at most, 0..1; 0 trains on all, to the last step.
        validate_every: steps between validations.
        patience: validations without a better score before it stops.
        seed: of batches and splits.
    """

    layers: int = 2
    steps: int = 500
    batch_size: int = 64
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    neighbour_weight: float = 0.5
    temperature: float = 0.07
    held_out: float = 0.1
    validate_every: int = 50
    patience: int = 4
    seed: int = 0


class Shelf(Protocol):
    """Where pictures and words come from."""

    def __len__(self) -> int: ...

    def read(self, rows: Rows) -> tuple[Pixels, list[str]]:
        """uint8 [b, S, S, 3] and b texts of some items."""
        ...


@dataclass
class TowerState:
    """Where a training stands; `to_dict` and `restore` carry it over a kill."""

    learning: dict[str, nn.Parameter]
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: Best = field(default_factory=Best)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as tensors and plain values."""
        learning, optimizer = copied(self.learning), self.optimizer.state_dict()
        return {"step": self.step, "best": self.best.to_dict(), "learning": learning, "optimizer": optimizer}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go back to where `to_dict` was called."""
        self.put(saved["learning"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.best = saved["step"], Best(**saved["best"])

    @torch.no_grad()
    def put(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self.learning.items():
            parameter.copy_(weights[name])


@dataclass(frozen=True)
class Tuned:
    """What a training made; the towers themselves were changed in place.

    Attributes:
        digest: of the weights that learnt, ten hexadecimal digits.
        before, after: held-out scores, 0..1: `text_to_picture`, and `board_hit` where held-out items share boards.
        steps: taken, stopped_early: before the last.
    """

    digest: str
    before: dict[str, float]
    after: dict[str, float]
    steps: int
    stopped_early: bool


Report = Callable[[dict[str, float], TowerState], None]
"""Called after every validation with the metrics so far and the state to keep."""


def unfreeze(model: nn.Module, layers: int) -> dict[str, nn.Parameter]:
    """Let the last layers of both towers learn, with what comes after them, and keep all else as it is.

    Args:
        model: a transformers `SiglipModel`, or one of the same parts.
        layers: of each tower, 1 or more; beyond its depth the whole stack.

    Returns:
        the parameters that learn, by name.

    Raises:
        InvalidInput: not a model of such parts.
    """
    towers: list[Any] = [getattr(model, name, None) for name in ("vision_model", "text_model")]
    if layers < 1 or any(getattr(getattr(tower, "encoder", None), "layers", None) is None for tower in towers):
        raise InvalidInput("towers can be trained where both are stacks of layers, as in SigLIP; train a head instead")
    model.requires_grad_(False)
    for tower in towers:
        stack = list(tower.encoder.layers)
        after = [part for name, part in tower.named_children() if name not in ("embeddings", "encoder")]
        for part in (*stack[-layers:], *after):
            part.requires_grad_(True)
    for name in ("logit_scale", "logit_bias"):
        getattr(model, name).requires_grad_(True)
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def tune(
    encoder: SiglipEncoder,
    shelf: Shelf,
    boards: Sequence[Rows],
    settings: TowerSettings,
    report: Report | None = None,
    resume: dict[str, Any] | None = None,
    rank: int = 0,
) -> Tuned:
    """Train the last layers of an encoder's towers, in place, in float32.

    Args:
        encoder: whose towers learn.
        shelf: n items' pictures and words; all have both.
        boards: rows of items that belong together; may be empty.
        settings: how.
        report: called after every validation.
        resume: what `TowerState.to_dict` gave at an earlier validation, to go on from there.
        rank: of this worker; workers draw different batches.
    """
    encoder.use_full_precision()
    learning = unfreeze(encoder.model, settings.layers)
    optimizer = torch.optim.AdamW(learning.values(), settings.learning_rate, weight_decay=settings.weight_decay)
    state = TowerState(learning, optimizer)
    share = min(settings.held_out, MAX_HELD / len(shelf))
    seen, held = split(len(shelf), share, settings.seed)
    shared = shared_boards(boards, len(shelf), settings.seed)
    before = _validate(encoder, shelf, shared, held)
    if resume:
        state.restore(resume)
    rng = np.random.default_rng([settings.seed, rank, state.step])
    batches = _batches(seen, shared, settings.batch_size, rng)
    began, losses, stopped = time.monotonic(), [], False
    while state.step < settings.steps and not stopped:
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * schedule(state.step / settings.steps)
        losses.append(_step(encoder, state, shelf, next(batches), shared, settings))
        state.step += 1
        if state.step % settings.validate_every and state.step < settings.steps:
            continue
        after = _validate(encoder, shelf, shared, held)
        stopped = same_everywhere(_judge(state, after, settings.patience), str(encoder.device))
        if report:
            pace = {"step": state.step, "steps": settings.steps, "seconds": time.monotonic() - began}
            report({**pace, "loss_towers": float(np.mean(losses)), **after}, state)
        losses = []
    if state.best.weights:
        state.put(state.best.weights)
    return Tuned(_digest(learning), before, _validate(encoder, shelf, shared, held), state.step, stopped)


def _batches(rows: Rows, shared: csr_matrix, size: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Endless batches of distinct rows. Half of each are partners: items that share a board with one of the others."""
    known = set(rows.tolist())
    near = {
        row: [j for j in shared.indices[shared.indptr[row] : shared.indptr[row + 1]] if j in known] for row in known
    }
    while True:
        order = rng.permutation(rows)
        for start in range(0, len(order), max(size // 2, 1)):
            chosen = order[start : start + max(size // 2, 1)].tolist()
            partners = [int(rng.choice(near[row])) for row in chosen if near[row]]
            fill = rng.choice(rows, max(0, size - len(chosen) - len(partners))).tolist()
            yield np.array(list(dict.fromkeys([*chosen, *partners, *fill])), dtype=np.int64)


def _step(
    encoder: SiglipEncoder,
    state: TowerState,
    shelf: Shelf,
    rows: Rows,
    shared: csr_matrix,
    settings: TowerSettings,
) -> float:
    pixels, texts = shelf.read(rows)
    encoder.model.train()
    with torch.autocast(encoder.device.type, torch.bfloat16, enabled=encoder.device.type == "cuda"):
        pictures, words = encoder.tower_features(encoder.image_inputs(pixels), encoder.text_inputs(texts))
    twins = torch.tensor([[one == other for other in texts] for one in texts], device=pictures.device)
    scale, bias = encoder.model.logit_scale.exp(), encoder.model.logit_bias
    loss = image_text_loss(pictures, words, scale, bias, twins)
    together = torch.from_numpy(shared[rows][:, rows].toarray()).to(pictures.device)
    if settings.neighbour_weight and together.any():
        fused = nn.functional.normalize(pictures + words, dim=-1)
        own = torch.eye(len(rows), dtype=torch.bool, device=pictures.device)
        loss = loss + settings.neighbour_weight * neighbour_loss(fused, fused, together, own, settings.temperature)
    state.optimizer.zero_grad()
    loss.backward()
    average_gradients(state.learning.values())
    state.optimizer.step()
    return float(loss.detach())


@torch.no_grad()
def _validate(encoder: SiglipEncoder, shelf: Shelf, shared: csr_matrix, held: Rows) -> dict[str, float]:
    """Words find their own picture among the first ten of held-out pictures; items find one of their board."""
    if len(held) < 2:
        return {}
    encoder.model.eval()
    parts = []
    for start in range(0, len(held), 32):
        pixels, texts = shelf.read(held[start : start + 32])
        parts.append(encoder.tower_features(encoder.image_inputs(pixels), encoder.text_inputs(texts)))
    pictures, words = (torch.cat(some).cpu() for some in zip(*parts, strict=True))
    scores = {"text_to_picture": recall_at_k(words, pictures)}
    wanted = shared[held][:, held].tocsr()
    queries = np.flatnonzero(np.diff(wanted.indptr))
    if len(queries):
        fused = nn.functional.normalize(pictures + words, dim=-1)
        scores["board_hit"] = float(board_hits(fused[queries], fused, queries, wanted).mean())
    return scores


def _judge(state: TowerState, found: dict[str, float], patience: int) -> bool:
    """Keep the best weights; true when it is time to stop."""
    if not found:
        return False
    return state.best.judge(float(np.mean(list(found.values()))), state.learning, patience)


def _digest(weights: dict[str, nn.Parameter]) -> str:
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode() + weights[name].detach().cpu().numpy().tobytes())
    return found.hexdigest()[:10]
