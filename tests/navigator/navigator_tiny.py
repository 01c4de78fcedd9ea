"""Small random models and a small tokenizer, made in place: nothing is downloaded."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, Qwen3VLConfig, Qwen3VLMoeConfig

CORPUS = [
    "show me a walnut chair under 200 with a linen seat",
    "the second one is cheaper and goes well with the oak table",
    "system user assistant wants a lamp in brass, nothing in black please",
    "price 19.99 colour green material rattan style mid-century",
]
_ROPE = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [6, 5, 5], "mrope_interleaved": True}
_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 4096,
    "initializer_range": 0.3,
}
_VISION = {
    "depth": 1,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "out_hidden_size": 64,
    "deepstack_visual_indexes": [0],
}


def save_tokenizer(folder: Path, extra: tuple[str, ...] = ("<|im_start|>", "<|im_end|>")) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of 600 tokens, with the given special ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", *extra],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 20, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=list(extra),
    )
    fast.save_pretrained(folder)
    return fast


def save_causal(folder: Path, *, tied: bool = True, vocabulary: int | None = None, seed: int = 0) -> Qwen3ForCausalLM:
    """A plain Qwen3 of two layers with its tokenizer."""
    tokenizer = save_tokenizer(folder)
    torch.manual_seed(seed)
    config = Qwen3Config(**_SIZES, vocab_size=vocabulary or len(tokenizer), tie_word_embeddings=tied)
    config.eos_token_id = tokenizer.eos_token_id
    model = Qwen3ForCausalLM(config).eval()
    model.save_pretrained(folder)
    return model


def save_qwen3_vl(folder: Path, *, tied: bool, seed: int = 0) -> torch.nn.Module:
    """A random Qwen3-VL with a vision tower of one layer."""
    from transformers import Qwen3VLForConditionalGeneration

    save_tokenizer(folder)
    torch.manual_seed(seed)
    text = {**_SIZES, "vocab_size": 640, "tie_word_embeddings": tied, "rope_parameters": _ROPE}
    config = Qwen3VLConfig(text_config=text, vision_config=_VISION, tie_word_embeddings=tied)
    model = Qwen3VLForConditionalGeneration(config).eval()
    model.save_pretrained(folder)
    return model


def save_qwen3_vl_moe(folder: Path, *, tied: bool, seed: int = 0) -> torch.nn.Module:
    """A random Qwen3-VL mixture of four experts, two of them active."""
    from transformers import Qwen3VLMoeForConditionalGeneration

    save_tokenizer(folder)
    torch.manual_seed(seed)
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48, "decoder_sparse_step": 1}
    text = {**_SIZES, **experts, "vocab_size": 640, "tie_word_embeddings": tied, "rope_parameters": _ROPE}
    config = Qwen3VLMoeConfig(text_config=text, vision_config=_VISION, tie_word_embeddings=tied)
    model = Qwen3VLMoeForConditionalGeneration(config).eval()
    for name, parameter in model.named_parameters():
        if "experts" in name or "gate.weight" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    return model
