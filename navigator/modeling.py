"""Navigator in transformers: a projector for items, one for taste, and a language model. What training runs."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from navigator.config import NavigatorConfig, register_config
from navigator.errors import WrongItemCount
from navigator.projector import Projector


class NavigatorForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """A causal language model that reads item vectors and a person's interest vectors among its words.

    A prompt holds `tokens_per_item` times `item_token_id` for every item and one `taste_token_id` for every interest
    vector; their embeddings are replaced by the projectors' soft tokens, in order.
    """

    config_class = NavigatorConfig
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_attention_backend = True

    def __init__(self, config: NavigatorConfig) -> None:
        super().__init__(config)
        self.item_projector = item_projector(config)
        self.taste_projector = taste_projector(config)
        self.language_model = AutoModelForCausalLM.from_config(config.text_config)
        self._tied_weights_keys = {
            f"language_model.{name}": f"language_model.{source}"
            for name, source in (getattr(self.language_model, "_tied_weights_keys", None) or {}).items()
        }
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, Projector):
            module.reset_parameters()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module:
        return self.language_model.get_output_embeddings()

    def embed(self, input_ids: Tensor, items: Tensor | None, taste: Tensor | None) -> Tensor:
        """Token embeddings `[B, T, H]` with soft tokens where the placeholders are.

        Args:
            input_ids: `[B, T]` int64, placeholders already repeated for every soft token.
            items: `[N, V, D]` float, in the order in which their placeholders stand, row by row; None for no item.
            taste: `[M, Dt]` float, likewise.

        Raises:
            WrongItemCount: the placeholders and the vectors do not pair up.
        """
        embeddings = self.get_input_embeddings()(input_ids)  # [B, T, H]
        if items is not None:
            tokens = self.item_projector(items)
            embeddings = _fill(embeddings, input_ids == self.config.item_token_id, tokens, "item")
        if taste is not None:
            tokens = self.taste_projector(taste[:, None])
            embeddings = _fill(embeddings, input_ids == self.config.taste_token_id, tokens, "taste")
        return embeddings

    def hidden_states(
        self, input_ids: Tensor, items: Tensor | None, taste: Tensor | None, **kwargs: Any
    ) -> BaseModelOutputWithPast:
        """The language model's last hidden states, before the head: `last_hidden_state` is `[B, T, H]`."""
        return self.language_model.model(inputs_embeds=self.embed(input_ids, items, taste), **kwargs)

    def forward(
        self,
        input_ids: Tensor | None = None,
        items: Tensor | None = None,
        taste: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Logits `[B, T, vocabulary]`; the arguments of `embed`, then those of the language model."""
        if inputs_embeds is None:
            inputs_embeds = self.embed(input_ids, items, taste)  # type: ignore[arg-type]
        return self.language_model(inputs_embeds=inputs_embeds, **kwargs)


def item_projector(config: NavigatorConfig) -> Projector:
    """The projector that turns an item's vectors `[N, V, D]` into soft tokens `[N, K, H]`."""
    return Projector(
        config.item_dim,
        config.projector_rank,
        config.projector_dim,
        config.text_config.hidden_size,
        config.vectors_per_item,
        config.tokens_per_vector,
    )


def taste_projector(config: NavigatorConfig) -> Projector:
    """The projector that turns interest vectors `[N, 1, Dt]` into one soft token each, `[N, 1, H]`."""
    rank = min(config.projector_rank, config.taste_dim)
    return Projector(config.taste_dim, rank, config.projector_dim // 2, config.text_config.hidden_size)


def register_model() -> None:
    """Let `AutoConfig` and `AutoModel` load Navigator checkpoints. May be called any number of times."""
    register_config()
    AutoModel.register(NavigatorConfig, NavigatorForConditionalGeneration, exist_ok=True)


def _fill(embeddings: Tensor, where: Tensor, tokens: Tensor, what: str) -> Tensor:
    """Put soft tokens `[N, k, H]` into `embeddings` `[B, T, H]` at the True places of `where` `[B, T]`."""
    places, given = int(where.sum()), tokens.shape[0] * tokens.shape[1]
    if places != given:
        raise WrongItemCount(f"{places} {what} placeholder tokens for {given} soft tokens")
    return embeddings.masked_scatter(where[..., None], tokens.to(embeddings.dtype))
