"""From precomputed vectors to soft tokens that a language model reads like words."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Projector(nn.Module):
    """A fixed transform of the vector, then words for what it says and two layers, at the token embeddings' scale.

    The transform is a whitening, or read-outs of properties (`navigator.readouts`): those become probabilities, and
    the probabilities weigh embeddings of words, so that the soft tokens begin as what a language model reads best. Two
    layers beside it say what no word does. The idea of a small network between an encoder and a language model's
    embedding space is LLaVA's (Liu et al., "Visual Instruction Tuning", 2023).

    Args:
        input_dim: floats in one vector, D.
        rank: floats that the transform keeps, R.
        width: hidden layer.
        hidden_size: the language model's hidden size, H.
        vectors: vectors that one thing has, V; each place in the grid has its own learnt bias.
        tokens_per_vector: soft tokens that one vector becomes, k.
    """

    input_mean: Tensor
    input_map: Tensor
    output_scale: Tensor
    score_bias: Tensor
    properties: Tensor

    def __init__(
        self, input_dim: int, rank: int, width: int, hidden_size: int, vectors: int = 1, tokens_per_vector: int = 1
    ) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.register_buffer("input_mean", torch.zeros(input_dim))
        self.register_buffer("input_map", torch.eye(input_dim, rank))
        self.register_buffer("output_scale", torch.ones(1))
        # Which property each read-out scores a value of; -1 where the transform reads out none.
        self.register_buffer("properties", torch.full((rank,), -1.0))
        self.register_buffer("score_bias", torch.zeros(rank))
        self.words = nn.Linear(rank, tokens_per_vector * hidden_size, bias=False)
        self.place = nn.Parameter(torch.zeros(vectors, width))
        self.up = nn.Linear(rank, width)
        self.down = nn.Linear(width, tokens_per_vector * hidden_size)

    def reset_parameters(self) -> None:
        """Start with whitened inputs of unit variance coming out as tokens of unit variance times `output_scale`."""
        nn.init.normal_(self.up.weight, std=self.up.in_features**-0.5)
        # GELU of a unit normal has a mean square of 0.425
        nn.init.normal_(self.down.weight, std=(0.425 * self.down.in_features) ** -0.5)
        nn.init.normal_(self.place, std=0.02)
        nn.init.zeros_(self.words.weight)
        nn.init.zeros_(self.up.bias)
        nn.init.zeros_(self.down.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Soft tokens, `[N, V * k, H]` in the weights' dtype, of vectors `[N, V, D]` of any float dtype."""
        dtype = self.up.weight.dtype
        # The vectors' own spread can be a thousandth of their mean: whiten in float32, whatever the weights are.
        whitened = (vectors.float() - self.input_mean.float()) @ self.input_map.float()  # [N, V, R]
        hidden = F.gelu(self.up(whitened.to(dtype)) + self.place)  # [N, V, W]
        tokens = self.down(hidden) + self.words(self._said(whitened).to(dtype))  # [N, V, k * H]
        tokens = tokens * self.output_scale
        return tokens.reshape(len(vectors), -1, self.hidden_size)  # [N, V * k, H]

    def _said(self, scores: Tensor) -> Tensor:
        """Scores `[..., R]` as probabilities within each property, zero where nothing is read out."""
        none = self.properties < 0  # [R]
        scores = (scores + self.score_bias.float()).masked_fill(none, float("-inf"))
        property_of = self.properties.long().clamp_min(0).expand_as(scores)
        # The highest score of each property, not of all: some are surer by far than others.
        highest = torch.full_like(scores, float("-inf")).scatter_reduce(-1, property_of, scores, "amax")
        weight = torch.exp(scores - highest.gather(-1, property_of)).masked_fill(none, 0.0)
        total = torch.zeros_like(weight).scatter_add(-1, property_of, weight)
        return weight / total.gather(-1, property_of).clamp_min(1e-30)


@torch.no_grad()
def fit_whitening(projector: Projector, vectors: Tensor) -> None:
    """Set a projector's input transform from a sample of the catalogue: principal components at unit variance.

    Args:
        vectors: `[N, D]` float32. Directions that the sample does not span, or that carry less than a millionth of
            the largest variance, are left at zero rather than blown up.
    """
    mean = vectors.float().mean(0)  # [D]
    _, singular, directions = torch.linalg.svd(vectors.float() - mean, full_matrices=False)
    deviation = singular / max(len(vectors) - 1, 1) ** 0.5  # [min(N, D)]
    kept = deviation > deviation.max() * 1e-3
    scale = torch.where(kept, 1 / deviation.clamp_min(1e-12), 0.0)
    whitening = (directions * scale[:, None]).T[:, : projector.input_map.shape[1]]  # [D, <= R]
    projector.input_mean.copy_(mean)
    projector.input_map.zero_()
    projector.input_map[:, : whitening.shape[1]].copy_(whitening)
