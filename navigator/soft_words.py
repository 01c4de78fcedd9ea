"""The words that an item's soft tokens begin as: which token says what, and in which embeddings."""

from collections import Counter
from collections.abc import Collection, Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from navigator.knowledge import Known, phrase

KIND = "kind"


class SoftWords:
    """The facts of items, dealt out over K soft tokens.

    The first token says the kind. Each property has one token, chosen so that few items have two facts in one.

    Args:
        known: the items.
        tokens: K.
        tokenizer: the language model's.
        table: its token embeddings `[vocabulary, H]`, in the units that soft tokens are to have.
        names: the properties that are spoken of; None for all.
    """

    def __init__(
        self,
        known: Sequence[Known],
        tokens: int,
        tokenizer: PreTrainedTokenizerBase,
        table: Tensor,
        names: Collection[str] | None = None,
    ) -> None:
        said = [{KIND: entry.kind, **entry.facts} for entry in known]
        self._said = [{n: v for n, v in entry.items() if names is None or n in names} for entry in said]
        self._place = _dealt(self._said, tokens)
        self._shape = (tokens, table.shape[1])
        self._vectors = {
            (name, value): _embedded(value if name == KIND else phrase(name, value), tokenizer, table)
            for entry in self._said
            for name, value in entry.items()
        }

    def spoken(self, name: str, value: str) -> Tensor:
        """What soft tokens `[K * H]` say of one fact; nothing, of a property that an item does not have."""
        tokens = torch.zeros(self._shape)
        if (name, value) in self._vectors:
            tokens[self._place[name]] = self._vectors[name, value]
        return tokens.flatten()

    def targets(self) -> Tensor:
        """The soft tokens `[N, K, H]` that say all facts of each item."""
        targets = torch.zeros(len(self._said), *self._shape)
        for row, said in enumerate(self._said):
            for name, value in said.items():
                targets[row, self._place[name]] += self._vectors[name, value]
        return targets

    def read(self, told: Tensor, rows: Sequence[int]) -> float:
        """Share of the facts of items `rows` whose words are nearest to soft tokens `told` `[n, ..., k * H]`."""
        told = told.reshape(len(rows), *self._shape)
        right = total = 0
        for name in {name for row in rows for name in self._said[row]}:
            values = sorted(value for of, value in self._vectors if of == name)
            words = torch.stack([self._vectors[name, value] for value in values])  # [v, H]
            nearness = told[:, self._place[name]] @ words.T - 0.5 * words.square().sum(1)  # [n, v]
            for best, row in zip(nearness.argmax(1).tolist(), rows, strict=True):
                if name in self._said[row]:
                    right += values[best] == self._said[row][name]
                    total += 1
        return right / max(total, 1)


def _dealt(said: Sequence[dict[str, str]], tokens: int) -> dict[str, int]:
    """The token of each property, the commonest first; each goes where it meets the fewest others in one item."""
    if tokens == 1:
        return dict.fromkeys({name for entry in said for name in entry}, 0)
    place = {KIND: 0}
    for name, _ in Counter(name for entry in said for name in entry if name != KIND).most_common():
        meets = [0] * tokens
        for entry in said:
            if name in entry:
                for other in entry.keys() & place.keys():
                    meets[place[other]] += 1
        place[name] = min(range(1, tokens), key=lambda token: meets[token])
    return place


def _embedded(text: str, tokenizer: PreTrainedTokenizerBase, table: Tensor) -> Tensor:
    """A phrase as one embedding `[H]`: the sum of its tokens', as long as one of them."""
    ids = tokenizer.encode(f" {text}", add_special_tokens=False)
    return table[ids].sum(0) / len(ids) ** 0.5
