"""How vLLM takes precomputed vectors: as its items themselves, checked before anything is scheduled.

Items come as modality `image`, so that an OpenAI-style `image_embeds` part reaches them; interest vectors of a person's
taste come as modality `taste`. vLLM's own embedding inputs mean vectors of the language model's hidden size and bypass
the projector, so neither is one of those.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BatchFeature
from vllm.exceptions import VLLMValidationError
from vllm.inputs import MultiModalDataDict, MultiModalInput
from vllm.multimodal.inputs import MultiModalFieldConfig, MultiModalKwargsItems
from vllm.multimodal.parse import ModalityDataItems, ModalityDataParser, MultiModalDataItems, MultiModalDataParser
from vllm.multimodal.processing import (
    BaseDummyInputsBuilder,
    BaseMultiModalProcessor,
    BaseProcessingInfo,
    ProcessorInputs,
    PromptReplacement,
    PromptUpdate,
    TimingContext,
)

from navigator.config import ITEM_TOKEN, TASTE_TOKEN, NavigatorConfig
from navigator.errors import BadPrompt
from navigator.processing import check_count, checked_taste, checked_vectors

ITEM = "image"
TASTE = "taste"
FIELDS = {ITEM: "image_embeds", TASTE: "taste_embeds"}
"""Names under which the model receives them; vLLM's chat layer insists on `image_embeds`."""


class VectorItems(ModalityDataItems[Tensor, Tensor]):
    """Checked vectors of one modality: `[N, V, D]` of items or `[M, Dt]` of taste, float32."""

    def get_count(self) -> int:
        return len(self.data)

    def get(self, index: int) -> Tensor:
        return self.data[index]

    def get_processor_data(self) -> Mapping[str, object]:
        return {}

    def get_passthrough_data(self) -> Mapping[str, object]:
        return {FIELDS[self.modality]: self.data}


class NavigatorDataParser(MultiModalDataParser):
    """Reads vectors from tensors, arrays or lists of either, and refuses what the projectors cannot read."""

    def __init__(self, config: NavigatorConfig) -> None:
        super().__init__()
        self.config = config

    def _get_subparsers(self) -> Mapping[str, ModalityDataParser]:
        return {ITEM: self._items, TASTE: self._taste}

    def _items(self, data: Any) -> VectorItems | None:
        if data is None or len(data) == 0:
            return None
        try:
            vectors = np.stack([checked_vectors(_array(entry), self.config) for entry in data])  # [N, V, D]
        except BadPrompt as error:
            raise VLLMValidationError(str(error), parameter="image_embeds") from error
        return VectorItems(torch.from_numpy(vectors), ITEM)

    def _taste(self, data: Any) -> VectorItems | None:
        if data is None or len(data) == 0:
            return None
        try:
            vectors = checked_taste(np.stack([_array(entry) for entry in data]), self.config)  # [M, Dt]
        except BadPrompt as error:
            raise VLLMValidationError(str(error), parameter="taste_embeds") from error
        return VectorItems(torch.from_numpy(vectors), TASTE)


class NavigatorProcessingInfo(BaseProcessingInfo):
    """Tells vLLM what a Navigator reads, and how long it gets."""

    def get_hf_config(self) -> NavigatorConfig:
        return self.ctx.get_hf_config(NavigatorConfig)

    def get_data_parser(self) -> MultiModalDataParser:
        return NavigatorDataParser(self.get_hf_config())

    def get_supported_mm_limits(self) -> Mapping[str, int | None]:
        return {ITEM: None, TASTE: None}

    def get_mm_max_tokens_per_item(self, seq_len: int, mm_counts: Mapping[str, int]) -> Mapping[str, int]:
        return {ITEM: self.get_hf_config().tokens_per_item, TASTE: 1}


class NavigatorDummyInputs(BaseDummyInputsBuilder[NavigatorProcessingInfo]):
    """Empty vectors, by which vLLM measures the memory that it needs."""

    def get_dummy_text(self, mm_counts: Mapping[str, int]) -> str:
        return ITEM_TOKEN * mm_counts.get(ITEM, 0) + TASTE_TOKEN * mm_counts.get(TASTE, 0)

    def get_dummy_mm_data(self, seq_len: int, mm_counts: Mapping[str, int], mm_options: Any) -> MultiModalDataDict:
        config = self.info.get_hf_config()
        items = torch.zeros(mm_counts.get(ITEM, 0), config.vectors_per_item, config.item_dim)
        return {ITEM: items, TASTE: torch.zeros(mm_counts.get(TASTE, 0), config.taste_dim)}


class NavigatorMultiModalProcessor(BaseMultiModalProcessor[NavigatorProcessingInfo]):
    """Pairs placeholders with vectors, and repeats each item's placeholder for its soft tokens."""

    def apply(self, inputs: ProcessorInputs, timing_ctx: TimingContext) -> MultiModalInput:
        # vLLM itself notices too many vectors, but reads a placeholder without a vector as if it were a word.
        config = self.info.get_hf_config()
        counts = inputs.mm_data_items.get_all_counts()
        try:
            check_count("item", inputs.prompt.count(config.item_token_id), counts.get(ITEM, 0))
            check_count("taste", inputs.prompt.count(config.taste_token_id), counts.get(TASTE, 0))
        except BadPrompt as error:
            raise VLLMValidationError(str(error), parameter="prompt") from error
        return super().apply(inputs, timing_ctx)

    def _get_mm_fields_config(
        self, hf_inputs: BatchFeature, hf_processor_mm_kwargs: Mapping[str, object]
    ) -> Mapping[str, MultiModalFieldConfig]:
        return {field: MultiModalFieldConfig.batched(modality) for modality, field in FIELDS.items()}

    def _get_prompt_updates(
        self,
        mm_items: MultiModalDataItems,
        hf_processor_mm_kwargs: Mapping[str, object],
        out_mm_kwargs: MultiModalKwargsItems,
    ) -> Sequence[PromptUpdate]:
        config = self.info.get_hf_config()
        item, taste = [config.item_token_id], [config.taste_token_id]
        return [
            PromptReplacement(modality=ITEM, target=item, replacement=item * config.tokens_per_item),
            PromptReplacement(modality=TASTE, target=taste, replacement=taste),
        ]


def _array(entry: Any) -> np.ndarray:
    return entry.float().numpy() if isinstance(entry, Tensor) else np.asarray(entry, np.float32)
