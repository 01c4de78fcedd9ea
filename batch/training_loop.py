"""What the training loops of heads and towers share: the rate's schedule, workers in step, and the best so far.

Knows nothing of Ray. Where `torch.distributed` is initialised, gradients are averaged over the workers, each of which
draws its own batches.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn

WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""


@dataclass
class Best:
    """The weights of the best validation so far, on the CPU.

    Attributes:
        score: of that validation; higher is better.
        since: validations since then.
        weights: by name; empty before the first.
    """

    score: float = -math.inf
    since: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def judge(self, score: float, weights: Mapping[str, Tensor], patience: int) -> bool:
        """Keep the weights if they are better; true when `patience` validations have brought nothing better."""
        if score > self.score:
            self.score, self.since, self.weights = score, 0, copied(weights)
            return False
        self.since += 1
        return self.since >= patience

    def to_dict(self) -> dict[str, Any]:
        """Everything, as tensors and plain values."""
        return dict(vars(self))


def copied(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights on the CPU that stay as they are now."""
    return {name: value.detach().cpu().clone() for name, value in weights.items()}


def schedule(progress: float) -> float:
    """Factor of the learning rate at `progress` 0..1 through the steps: a linear rise, then half a cosine to zero."""
    if progress < WARM_UP:
        return (progress + 1e-3) / (WARM_UP + 1e-3)
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Mean over the workers, where there are several."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:  # a worker without such a batch takes part all the same
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
        parameter.grad /= distributed.get_world_size()


def same_everywhere(stop: bool, device: str) -> bool:
    """The first worker's decision, so that none waits for one that has stopped."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return stop
    decision = torch.tensor([stop], dtype=torch.int32, device=device)
    distributed.broadcast(decision, src=0)
    return bool(decision.item())
