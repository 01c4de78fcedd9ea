"""What makes one Navigator differ from another: sizes, placeholder tokens, the encoder that it was trained on."""

from collections.abc import Sequence
from typing import Any, ClassVar

from transformers import AutoConfig, PreTrainedConfig

MODEL_TYPE = "navigator"
ITEM_TOKEN = "<|item|>"
TASTE_TOKEN = "<|taste|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"


class NavigatorConfig(PreTrainedConfig):
    """Configuration of a Navigator checkpoint.

    Args:
        text_config: the language model's own configuration, of any causal model that transformers knows.
        item_dim: floats in one item vector, as the release stores it.
        vectors_per_item: vectors that the release stores for one item (1, or 4 for a pooled 2 × 2 grid).
        tokens_per_item: soft tokens that one item becomes; a multiple of `vectors_per_item`.
        taste_dim: floats in one interest vector of a person's taste; `item_dim` unless told otherwise.
        projector_rank: floats that the fixed input transform keeps of a vector; all of them unless told otherwise.
        projector_dim: width of the projectors' hidden layer.
        item_token_id: id of `ITEM_TOKEN`, which stands for one item.
        taste_token_id: id of `TASTE_TOKEN`, which stands for one interest vector.
        encoder_version: the encoder whose vectors the projector was trained on; empty while it is untrained.
        vocabulary: names and values of properties that it was taught to tell; empty while it is untrained.
        told_which: whether it was trained on prompts that tell which of several items are so (`navigator.notes`); one
            that was not takes them for the beginning of a list.
        read_out: pairs of property and value that its item projector's read-outs score, in their order; empty where
            it has none.
    """

    model_type = MODEL_TYPE
    sub_configs: ClassVar[dict[str, Any]] = {"text_config": AutoConfig}

    def __init__(
        self,
        text_config: dict[str, Any] | PreTrainedConfig | None = None,
        item_dim: int = 256,
        vectors_per_item: int = 1,
        tokens_per_item: int = 4,
        taste_dim: int | None = None,
        projector_rank: int | None = None,
        projector_dim: int = 1024,
        item_token_id: int = 0,
        taste_token_id: int = 1,
        encoder_version: str = "",
        vocabulary: Sequence[str] = (),
        told_which: bool = False,
        read_out: Sequence[Sequence[str]] = (),
        **kwargs: Any,
    ) -> None:
        if text_config is None:
            text_config = {"model_type": "qwen3"}
        if isinstance(text_config, dict):
            text_config = AutoConfig.for_model(**text_config)
        if tokens_per_item % vectors_per_item:
            raise ValueError(f"tokens_per_item={tokens_per_item} is no multiple of vectors_per_item={vectors_per_item}")
        self.text_config = text_config
        self.item_dim = item_dim
        self.vectors_per_item = vectors_per_item
        self.tokens_per_item = tokens_per_item
        self.taste_dim = taste_dim or item_dim
        self.projector_rank = projector_rank or item_dim
        self.projector_dim = projector_dim
        self.item_token_id = item_token_id
        self.taste_token_id = taste_token_id
        self.encoder_version = encoder_version
        self.vocabulary = list(vocabulary)
        self.told_which = told_which
        self.read_out = [list(pair) for pair in read_out]
        kwargs["tie_word_embeddings"] = bool(text_config.tie_word_embeddings)
        kwargs.setdefault("eos_token_id", text_config.eos_token_id)
        super().__init__(**kwargs)

    @property
    def tokens_per_vector(self) -> int:
        return self.tokens_per_item // self.vectors_per_item


def register_config() -> None:
    """Let `AutoConfig` read Navigator checkpoints. May be called any number of times."""
    AutoConfig.register(MODEL_TYPE, NavigatorConfig, exist_ok=True)
