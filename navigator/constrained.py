"""Keep a model's answer inside a JSON schema, token by token, where vLLM does not do it for us."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from catalog.errors import MissingDependency


class JsonGuide:
    """Follows one answer and masks every token that would leave the schema.

    Args:
        tokenizer: of the model.
        schema: JSON schema; objects and lists are written without white space between their parts.
        vocabulary: rows of the model's output, which may be more than the tokenizer has.

    Raises:
        MissingDependency: xgrammar is not installed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, schema: Mapping[str, Any], vocabulary: int) -> None:
        xgrammar = _xgrammar()
        grammar = _compiler(tokenizer, vocabulary).compile_json_schema(
            json.dumps(schema), any_whitespace=False, separators=(",", ":")
        )
        self._matcher = xgrammar.GrammarMatcher(grammar)
        self._bitmask = xgrammar.allocate_token_bitmask(1, vocabulary)

    def mask(self, logits: Tensor) -> None:
        """Set logits `[vocabulary]` of tokens that cannot come next to minus infinity, in place."""
        if self._matcher.is_terminated():
            return
        self._matcher.fill_next_token_bitmask(self._bitmask)
        _xgrammar().apply_token_bitmask_inplace(logits[None], self._bitmask)

    def accept(self, token: int) -> None:
        """Tell which token was taken."""
        if not self._matcher.is_terminated():
            self._matcher.accept_token(token)


@lru_cache(maxsize=4)
def _compiler(tokenizer: PreTrainedTokenizerBase, vocabulary: int) -> Any:
    xgrammar = _xgrammar()
    return xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary))


def _xgrammar() -> Any:
    try:
        import xgrammar
    except ImportError as error:
        raise MissingDependency("constrained decoding without vLLM needs xgrammar: pip install xgrammar") from error
    return xgrammar
