"""Navigator as vLLM runs it: the same projectors and weights as in `navigator.modeling`, vLLM's own language model."""

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn
from vllm.config import VllmConfig
from vllm.model_executor.models.interfaces import MultiModalEmbeddings, SupportsMultiModal, SupportsPP
from vllm.model_executor.models.utils import AutoWeightsLoader, init_vllm_registered_model, maybe_prefix
from vllm.multimodal import MULTIMODAL_REGISTRY
from vllm.sequence import IntermediateTensors

from navigator.config import ITEM_TOKEN, TASTE_TOKEN, NavigatorConfig
from navigator.modeling import item_projector, taste_projector
from navigator.vllm_plugin.processor import (
    FIELDS,
    ITEM,
    TASTE,
    NavigatorDummyInputs,
    NavigatorMultiModalProcessor,
    NavigatorProcessingInfo,
)


@MULTIMODAL_REGISTRY.register_processor(
    NavigatorMultiModalProcessor, info=NavigatorProcessingInfo, dummy_inputs=NavigatorDummyInputs
)
class NavigatorForConditionalGeneration(nn.Module, SupportsMultiModal, SupportsPP):
    """Item and taste projectors in front of any causal language model that vLLM has."""

    @classmethod
    def get_placeholder_str(cls, modality: str, i: int) -> str | None:
        return {ITEM: ITEM_TOKEN, TASTE: TASTE_TOKEN}.get(modality.removesuffix("_embeds"))

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__()
        config = cast(NavigatorConfig, vllm_config.model_config.hf_config)
        self.config = config
        text = config.text_config
        self.configure_mm_token_handling(text.vocab_size, [config.item_token_id, config.taste_token_id])
        with self._mark_tower_model(vllm_config, {ITEM, TASTE}):
            self.item_projector = item_projector(config)
            self.taste_projector = taste_projector(config)
        with self._mark_language_model(vllm_config):
            self.language_model = init_vllm_registered_model(
                vllm_config=vllm_config,
                hf_config=text,
                architectures=text.architectures,
                prefix=maybe_prefix(prefix, "language_model"),
            )
        self.make_empty_intermediate_tensors = self.language_model.make_empty_intermediate_tensors  # type: ignore[assignment]

    def embed_multimodal(self, **kwargs: object) -> MultiModalEmbeddings:
        """Soft tokens: `[K, H]` for each item, `[1, H]` for each interest vector; vLLM asks one modality at a time."""
        tokens: list[Tensor] = []
        if (items := kwargs.get(FIELDS[ITEM])) is not None:
            tokens += self.item_projector(_on(items, self.item_projector)).unbind()  # [N, K, H]
        if (taste := kwargs.get(FIELDS[TASTE])) is not None:
            tokens += self.taste_projector(_on(taste, self.taste_projector)[:, None]).unbind()  # [M, 1, H]
        return tokens

    def forward(  # type: ignore[override]
        self,
        input_ids: Tensor,
        positions: Tensor,
        intermediate_tensors: IntermediateTensors | None = None,
        inputs_embeds: Tensor | None = None,
        **kwargs: object,
    ) -> Tensor | IntermediateTensors:
        if intermediate_tensors is not None:
            inputs_embeds = None
        return self.language_model(input_ids, positions, intermediate_tensors, inputs_embeds)

    def compute_logits(self, hidden_states: Tensor) -> Tensor | None:
        return cast(Any, self.language_model).compute_logits(hidden_states)

    def load_weights(self, weights: Iterable[tuple[str, Tensor]]) -> set[str]:
        loaded = AutoWeightsLoader(self).load_weights(weights)
        # Whitening statistics are buffers, which the loader fills without naming.
        buffers = {name for name, _ in self.named_buffers() if "projector" in name}
        return loaded | buffers


def _on(vectors: Any, projector: nn.Module) -> Tensor:
    weight = next(projector.parameters())
    return torch.as_tensor(vectors).to(weight.device)
