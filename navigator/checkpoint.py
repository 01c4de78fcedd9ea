"""Make a Navigator checkpoint out of a base model's folder: language model, projectors, tokenizer, configuration."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from transformers import AddedToken, AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from navigator import surgery
from navigator.config import ITEM_TOKEN, TASTE_TOKEN, TURN_END, TURN_START, NavigatorConfig, register_config
from navigator.learnt import Learnt, Shape
from navigator.modeling import item_projector, taste_projector
from navigator.processing import CHAT_TEMPLATE

ARCHITECTURE = "NavigatorForConditionalGeneration"


def make_checkpoint(
    base: Path,
    out: Callable[[str, Path], None],
    shape: Shape | None = None,
    *,
    learnt: Learnt | None = None,
    shard_bytes: int = surgery.DEFAULT_SHARD_BYTES,
    seed: int = 0,
) -> NavigatorConfig:
    """Write a Navigator over a base model, or over another Navigator's language model.

    It is untrained, unless what was learnt over the same base is put in.

    Args:
        base: a folder with a causal language model's or a Qwen3-VL's config.json, safetensors and tokenizer.
        out: is handed each finished file's name and where it lies, and stores it before it returns.
        shape: the projectors' sizes; those of `learnt` where that is given.
        learnt: adapters to merge into the base's layers, and trained projectors.
        shard_bytes: largest file, and about the memory needed.
        seed: of the projectors' random start.

    Raises:
        BadCheckpoint: see `surgery.plan`.
    """
    shape = learnt.shape if learnt else shape or Shape()
    register_config()
    base_config = AutoConfig.from_pretrained(base)
    text = surgery.text_config_of(base_config)
    parts = surgery.plan(base, base_config, text)
    text.tie_word_embeddings = not any(part.name.endswith("lm_head.weight") for part in parts)
    text.architectures = text.architectures or list(base_config.architectures or [])
    dtype = parts[0].dtype
    text.dtype = dtype
    tokenizer = with_tokens(AutoTokenizer.from_pretrained(base))
    rows = max(len(tokenizer), text.vocab_size)
    text.vocab_size = rows
    added = tokenizer.get_added_vocab()
    turn_end = added[TURN_END]
    text.eos_token_id = turn_end
    config = NavigatorConfig(
        text_config=text,
        item_dim=shape.item_dim,
        vectors_per_item=shape.vectors_per_item,
        tokens_per_item=shape.tokens_per_item,
        taste_dim=shape.taste_dim,
        projector_rank=shape.projector_rank,
        projector_dim=shape.projector_dim,
        item_token_id=added[ITEM_TOKEN],
        taste_token_id=added[TASTE_TOKEN],
        encoder_version=learnt.encoder_version if learnt else "",
        vocabulary=learnt.about.get("vocabulary", ()) if learnt else (),
        told_which=learnt.about.get("told_which", False) if learnt else False,
        read_out=learnt.about.get("read_out", ()) if learnt else (),
        eos_token_id=turn_end,
        architectures=[ARCHITECTURE],
        dtype=dtype,
    )

    def finish(name: str, tensor: Tensor) -> Tensor:
        if name.endswith(("embed_tokens.weight", "lm_head.weight")):
            return _with_rows(tensor, rows)
        return learnt.merged(name, tensor) if learnt else tensor

    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        projectors = new_projectors(config, surgery.embedding_spread(parts), seed, dtype)
        if learnt:
            told = learnt.projectors()
            # What is all zero is not saved.
            projectors = {name: told.get(name, torch.zeros_like(new)).to(dtype) for name, new in projectors.items()}
        surgery.write(parts, projectors, out, scratch, shard_bytes=shard_bytes, transform=finish)
        beside = scratch / "beside"
        config.save_pretrained(beside)
        tokenizer.save_pretrained(beside)
        for path in sorted(beside.iterdir()):
            out(path.name, path)
    return config


def with_tokens(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Add the placeholders, and the turn markers where a tokenizer has none, and set Navigator's chat layout."""
    known = tokenizer.get_vocab()
    missing = [token for token in (TURN_START, TURN_END, ITEM_TOKEN, TASTE_TOKEN) if token not in known]
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in missing], special_tokens=True)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.eos_token = TURN_END
    return tokenizer


def new_projectors(config: NavigatorConfig, spread: float, seed: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Freshly drawn projectors by their names in the checkpoint, speaking at the token embeddings' `spread`."""
    tensors: dict[str, Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, projector in (
            ("item_projector", item_projector(config)),
            ("taste_projector", taste_projector(config)),
        ):
            projector.reset_parameters()
            projector.output_scale.fill_(spread)
            tensors |= {f"{name}.{key}": value.to(dtype) for key, value in projector.state_dict().items()}
    return tensors


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    """Rows for new tokens: the mean embedding, which no trained token is far from and no prompt ever asks for."""
    if len(tensor) >= rows:
        return tensor
    mean = tensor.float().mean(0, keepdim=True).to(tensor.dtype)  # [1, H]
    return torch.cat([tensor, mean.expand(rows - len(tensor), -1)])
