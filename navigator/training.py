"""Train a Navigator: what is learnt, one step, checkpoints. Knows no cluster; data-parallel where torch is told so."""

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from navigator.examples import Row
from navigator.modeling import NavigatorForConditionalGeneration
from navigator.packed_attention import pack_attention

LORA_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:
        lora_rank: rank of the adapters; 0 trains the projectors alone (stage 1).
        lora_alpha: scale of the adapters' output, times 1 / rank.
        lora_layers: how many of the language model's last layers get adapters; None for all. Half of them cost two
            thirds of the time where the projectors rest too.
        learning_rate: of the adapters, at its peak.
        projector_rate: of the projectors, at its peak; 0 leaves them as stage 1 made them.
        warmup: steps up to the peak; from there a cosine goes down to a hundredth.
        steps: optimiser steps planned.
        rows_per_step: rows of tokens per step and process.
        clip: largest norm of the gradient.
        save_every: steps between checkpoints.
        max_seconds: stop by then, wherever training is; the rate has come down by then too.
    """

    lora_rank: int = 16
    lora_alpha: int = 32
    lora_layers: int | None = None
    learning_rate: float = 1e-3
    projector_rate: float = 0.0
    warmup: int = 20
    steps: int = 500
    rows_per_step: int = 1
    clip: float = 1.0
    save_every: int = 25
    max_seconds: float | None = None


@dataclass(frozen=True)
class Progress:
    """One line of metrics.jsonl."""

    step: int
    loss: float
    tokens: int
    learnt_tokens: int
    learning_rate: float
    seconds: float


def train(
    model: NavigatorForConditionalGeneration, rows: Iterable[Row], recipe: Recipe, folder: Path
) -> Iterator[Progress]:
    """Train in place; yields after every step.

    With a checkpoint in `folder`, goes on from there and skips the rows that were seen. In a process group every
    process is given other rows, and gradients are averaged.

    Args:
        model: in bfloat16 or float32; its adapters are added here.
        rows: endless, or at least `steps * rows_per_step`.
        folder: receives `last.safetensors`, `last.json` and `optimizer.pt`.
    """
    if recipe.lora_rank:
        add_adapters(model, recipe.lora_rank, recipe.lora_alpha, recipe.lora_layers)
    trained = trainable(model, projectors=recipe.projector_rate > 0)
    optimizer = _Master(trained, recipe)
    step, tokens, learnt, before = _resume(folder, trained, optimizer)
    device = next(model.parameters()).device
    source = iter(rows)
    for _ in range(step * recipe.rows_per_step):
        next(source)
    started = time.monotonic()
    while step < recipe.steps:
        share = step / recipe.steps
        if recipe.max_seconds is not None:
            # By one clock: a process that went on alone would wait for the others' gradients for ever.
            share = max(share, _of_first((before + time.monotonic() - started) / recipe.max_seconds, device))
            if share >= 1:
                break
        rate = _schedule(step, share, recipe.warmup)
        batch = [next(source) for _ in range(recipe.rows_per_step)]
        total = _shared_sum(sum(int(row.learn.sum()) for row in batch), device)
        loss = 0.0
        for row in batch:
            summed = row_loss(model, row)
            (summed / max(total, 1)).backward()
            loss += float(summed.detach())
        optimizer.step(rate)
        step += 1
        tokens += _shared_sum(sum(int((row.positions > 0).sum()) for row in batch), device)
        learnt += total
        elapsed = before + time.monotonic() - started
        mean = _shared_sum(loss, device) / max(total, 1)
        progress = Progress(step, mean, tokens, learnt, rate * recipe.learning_rate, elapsed)
        if step % recipe.save_every == 0 or step == recipe.steps:
            _save(folder, trained, optimizer, progress)
        yield progress
    if step:
        _save(folder, trained, optimizer, Progress(step, 0.0, tokens, learnt, 0.0, before + time.monotonic() - started))


def row_loss(model: NavigatorForConditionalGeneration, row: Row) -> Tensor:
    """Sum of the cross-entropies of the tokens that the model must write; logits are computed for those alone."""
    pack_attention(model.language_model)
    output = model.hidden_states(
        row.ids, row.items, row.taste, position_ids=row.positions, lengths=row.lengths, use_cache=False
    )
    hidden = cast(Tensor, output.last_hidden_state)  # [1, T, H]
    wanted = row.learn[:, 1:]  # token t is written from the state at t - 1
    logits = model.get_output_embeddings()(hidden[:, :-1][wanted]).float()  # [n, vocabulary]
    return nn.functional.cross_entropy(logits, row.ids[:, 1:][wanted], reduction="sum")


def add_adapters(model: NavigatorForConditionalGeneration, rank: int, alpha: int, last: int | None = None) -> None:
    """Put LoRA adapters (Hu et al., 2021) on the linear maps of the language model's `last` layers, or of all."""
    from peft import LoraConfig, inject_adapter_in_model

    if any("lora_" in name for name, _ in model.named_parameters()):
        return
    layers = model.config.text_config.num_hidden_layers
    chosen = list(range(layers - min(last or layers, layers), layers))
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=LORA_TARGETS, layers_to_transform=chosen)
    dtype = model.get_input_embeddings().weight.dtype
    with torch.random.fork_rng(devices=[]):
        # Every process of a group, and a run that is started again, begins with the same adapters.
        torch.manual_seed(0)
        inject_adapter_in_model(config, model.language_model)
    model.language_model.to(dtype)


@torch.no_grad()
def begin_with(model: NavigatorForConditionalGeneration, recipe: Recipe, tensors: Mapping[str, Tensor]) -> None:
    """Add adapters that begin as those of an earlier training, by the names that `learnt_tensors` gives them.

    Raises:
        RuntimeError: they were trained with another rank.
    """
    add_adapters(model, recipe.lora_rank, recipe.lora_alpha, recipe.lora_layers)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            # What was all zero was not saved.
            parameter.copy_(tensors.get(name.replace(".default.", "."), torch.zeros_like(parameter)))


def trainable(model: NavigatorForConditionalGeneration, projectors: bool = True) -> dict[str, nn.Parameter]:
    """What is trained, by name: the adapters, and perhaps the projectors; everything else is frozen here."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name or (projectors and "projector" in name))
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def learnt_tensors(model: NavigatorForConditionalGeneration) -> dict[str, Tensor]:
    """Everything in a trained model that its base does not have: adapters, projectors, whitening."""
    state = {name: tensor for name, tensor in model.state_dict().items() if "lora_" in name or "projector" in name}
    return {name.replace(".default.", "."): tensor.detach().contiguous() for name, tensor in state.items()}


class _Master:
    """AdamW on float32 copies: steps are far smaller than what bfloat16 weights can tell apart."""

    def __init__(self, trained: dict[str, nn.Parameter], recipe: Recipe) -> None:
        self.trained = trained
        self.copies = {name: parameter.detach().float().clone() for name, parameter in trained.items()}
        self.clip = recipe.clip
        groups = [
            {"params": [copy for name, copy in self.copies.items() if ("lora_" in name) == adapter], "peak": peak}
            for adapter, peak in ((True, recipe.learning_rate), (False, recipe.projector_rate))
        ]
        self.adam = torch.optim.AdamW([g for g in groups if g["params"]], lr=1.0, betas=(0.9, 0.98), weight_decay=0.01)

    def step(self, rate: float) -> None:
        """Average the gradients over processes, clip, step, and write the weights back."""
        for name, parameter in self.trained.items():
            copy = self.copies[name]
            copy.grad = torch.zeros_like(copy) if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
            if _world() > 1:
                dist.all_reduce(copy.grad)
        nn.utils.clip_grad_norm_(list(self.copies.values()), self.clip)
        for group in self.adam.param_groups:
            group["lr"] = rate * group["peak"]
        self.adam.step()
        self.write_back()

    @torch.no_grad()
    def write_back(self) -> None:
        for name, parameter in self.trained.items():
            parameter.copy_(self.copies[name])


def _schedule(step: int, share: float, warmup: int) -> float:
    """Share of the peak rate: up in a line, down in a cosine to a hundredth: what is kept is the last step."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.495 * (1 + math.cos(math.pi * min(share, 1.0)))


def _world() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _shared_sum(value: Any, device: torch.device) -> Any:
    """The sum of a number over all processes, by way of the device that they train on: nccl knows no other."""
    if _world() == 1:
        return value
    tensor = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(tensor)
    return type(value)(tensor.item())


def _of_first(value: float, device: torch.device) -> float:
    """The first process's number, in every process."""
    if _world() == 1:
        return value
    tensor = torch.tensor(value, dtype=torch.float64, device=device)
    dist.broadcast(tensor, src=0)
    return float(tensor.item())


def _save(folder: Path, trained: dict[str, nn.Parameter], optimizer: _Master, progress: Progress) -> None:
    """Write a checkpoint so that a killed process leaves the old one or the new one."""
    if _world() > 1 and dist.get_rank() != 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    save_file(optimizer.copies, folder / "last.tmp")
    torch.save(optimizer.adam.state_dict(), folder / "optimizer.tmp")
    (folder / "progress.tmp").write_text(json.dumps(asdict(progress)))
    (folder / "last.tmp").replace(folder / "last.safetensors")
    (folder / "optimizer.tmp").replace(folder / "optimizer.pt")
    (folder / "progress.tmp").replace(folder / "last.json")


def _resume(folder: Path, trained: dict[str, nn.Parameter], optimizer: _Master) -> tuple[int, int, int, float]:
    """Load the checkpoint in `folder`: (step, tokens, learnt tokens, seconds); zeros where there is none."""
    if not (folder / "last.json").exists():
        return 0, 0, 0, 0.0
    for name, tensor in load_file(folder / "last.safetensors").items():
        optimizer.copies[name].copy_(tensor)
    optimizer.adam.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
    optimizer.write_back()
    done = json.loads((folder / "last.json").read_text())
    return done["step"], done["tokens"], done["learnt_tokens"], done["seconds"]
