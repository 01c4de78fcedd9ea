"""From messages to token ids, so that nothing a person or a catalogue writes can pass for a placeholder or a turn.

A prompt is built from pieces. Turn markers and placeholders are put in by id; text is encoded so that it never becomes
one of them: wherever it spells a reserved token, it is cut inside that spelling and encoded in two halves, which read
the same and mean nothing.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from navigator.config import ITEM_TOKEN, TASTE_TOKEN, TURN_END, TURN_START, NavigatorConfig
from navigator.errors import BadCheckpoint, NotFinite, WrongDimension, WrongEncoder, WrongItemCount
from navigator.message import Floats, ItemSlot, Message, Role

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{% for part in message.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% elif part.type == 'taste' %}{{ '<|taste|>' }}"
    "{% else %}{{ '<|item|>' }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""The same layout for servers that render text themselves; they must refuse placeholders in users' text, as ours do."""


@dataclass(frozen=True)
class Prompt:
    """What an engine reads.

    Args:
        token_ids: one placeholder for every item and every interest vector.
        items: one for every item placeholder, in order.
        taste: `[M, Dt]` float32, one row for every taste placeholder, in order; M may be 0.
        encoder_version: the encoder that made the vectors.
    """

    token_ids: tuple[int, ...]
    items: tuple[ItemSlot, ...]
    taste: Floats
    encoder_version: str

    def length(self, config: NavigatorConfig) -> int:
        """Tokens that the language model reads, soft tokens included."""
        return len(self.token_ids) + len(self.items) * (config.tokens_per_item - 1)


class NavigatorProcessor:
    """Turns messages into prompts for one checkpoint. Thread-safe; holds no state between calls.

    Raises:
        BadCheckpoint: the tokenizer lacks a token that the layout needs.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, config: NavigatorConfig) -> None:
        self.tokenizer = tokenizer
        self.config = config
        vocabulary = tokenizer.get_added_vocab()
        for token in (ITEM_TOKEN, TASTE_TOKEN, TURN_START, TURN_END):
            if token not in vocabulary:
                raise BadCheckpoint(f"the tokenizer has no {token}; convert the base with batch.convert")
        self._turn_start = vocabulary[TURN_START]
        self._turn_end = vocabulary[TURN_END]
        self._reserved = frozenset(vocabulary.values())
        # Longest first, so that a token that begins like another is found whole.
        spellings = sorted(vocabulary, key=len, reverse=True)
        self._reserved_text = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE)

    @property
    def turn_end_id(self) -> int:
        return self._turn_end

    def encode(
        self, messages: Sequence[Message], *, encoder_version: str = "", add_generation_prompt: bool = True
    ) -> Prompt:
        """Lay out a conversation.

        Raises:
            WrongDimension, NotFinite: a vector that the projectors cannot read.
            WrongEncoder: `encoder_version` is not the one that this checkpoint was trained on.
        """
        ids: list[int] = []
        items: list[ItemSlot] = []
        taste: list[Floats] = []
        for message in messages:
            # The header is encoded by itself, as it is when the model is asked to go on from it.
            ids += self.header(message.role)
            text = ""
            for part in message.parts:
                if isinstance(part, str):
                    text += part
                    continue
                ids += self.encode_text(text)
                text = ""
                if isinstance(part, ItemSlot):
                    items.append(ItemSlot(part.id, checked_vectors(part.vectors, self.config)))
                    ids.append(self.config.item_token_id)
                else:
                    taste.append(checked_taste(part.vectors, self.config))
                    ids += [self.config.taste_token_id] * len(taste[-1])
            ids += self.encode_text(text)
            ids.append(self._turn_end)
            ids += self.encode_text("\n")
        if add_generation_prompt:
            ids += self.header("assistant")
        interests = np.concatenate(taste) if taste else np.zeros((0, self.config.taste_dim), np.float32)  # [M, Dt]
        if items or taste:
            check_encoder(encoder_version, self.config)
        return Prompt(tuple(ids), tuple(items), interests, encoder_version)

    def header(self, role: Role) -> list[int]:
        """Token ids that open a turn."""
        return [self._turn_start, *self.encode_text(f"{role}\n")]

    def encode_text(self, text: str) -> list[int]:
        """Token ids of text, none of them reserved, whatever the text spells."""
        ids: list[int] = []
        for piece in self._harmless_pieces(text):
            ids += self.tokenizer.encode(piece, add_special_tokens=False)
        # A normaliser could still fold some exotic spelling into a reserved token; such a token is left out.
        return ids if self._reserved.isdisjoint(ids) else [i for i in ids if i not in self._reserved]

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of generated tokens, without turn markers and placeholders."""
        return str(self.tokenizer.decode(list(token_ids), skip_special_tokens=True))

    def _harmless_pieces(self, text: str) -> Iterator[str]:
        start = 0
        for found in self._reserved_text.finditer(text):
            cut = found.start() + 1
            yield text[start:cut]
            start = cut
        if start < len(text):
            yield text[start:]


def expand(prompt: Prompt, config: NavigatorConfig) -> list[int]:
    """The prompt's token ids with every item placeholder repeated for each of its soft tokens."""
    repeats = {config.item_token_id: config.tokens_per_item}
    return [token for token in prompt.token_ids for _ in range(repeats.get(token, 1))]


def check_prompt(prompt: Prompt, config: NavigatorConfig) -> None:
    """Refuse a prompt that the model would misread; engines call it on everything they are given.

    Raises:
        WrongItemCount, WrongDimension, NotFinite, WrongEncoder
    """
    check_count("item", prompt.token_ids.count(config.item_token_id), len(prompt.items))
    check_count("taste", prompt.token_ids.count(config.taste_token_id), len(prompt.taste))
    for item in prompt.items:
        checked_vectors(item.vectors, config)
    checked_taste(prompt.taste, config)
    if prompt.items or len(prompt.taste):
        check_encoder(prompt.encoder_version, config)


def check_count(what: str, placeholders: int, given: int) -> None:
    """Raises `WrongItemCount` unless placeholders and vectors pair up."""
    if placeholders != given:
        raise WrongItemCount(
            f"the prompt has {placeholders} {what} placeholders, but {given} {what} vectors were given"
        )


def checked_vectors(vectors: Floats, config: NavigatorConfig) -> Floats:
    """An item's vectors as `[V, D]` float32.

    Raises:
        WrongDimension, NotFinite
    """
    array = np.asarray(vectors, np.float32)
    array = array[None] if array.ndim == 1 else array
    if array.shape != (config.vectors_per_item, config.item_dim):
        raise WrongDimension(
            f"an item's vectors have shape {np.shape(vectors)}, but this Navigator reads "
            f"{config.vectors_per_item} × {config.item_dim}; encode with {config.encoder_version or 'its encoder'}"
        )
    if not np.isfinite(array).all():
        raise NotFinite("an item's vector has NaN or infinity in it; encode the item again")
    return array


def checked_taste(vectors: Floats, config: NavigatorConfig) -> Floats:
    """Interest vectors as `[M, Dt]` float32.

    Raises:
        WrongDimension, NotFinite
    """
    array = np.asarray(vectors, np.float32)
    if array.ndim != 2 or array.shape[1] != config.taste_dim:
        raise WrongDimension(
            f"interest vectors have shape {array.shape}, but this Navigator reads M × {config.taste_dim}"
        )
    if not np.isfinite(array).all():
        raise NotFinite("an interest vector has NaN or infinity in it; rebuild the person's taste")
    return array


def check_encoder(version: str, config: NavigatorConfig) -> None:
    """Raises `WrongEncoder` where vectors of one version would meet a projector that was trained on another."""
    if config.encoder_version and version != config.encoder_version:
        raise WrongEncoder(
            f"vectors of encoder {version or '(none named)'!r} cannot be read by a Navigator trained on "
            f"{config.encoder_version!r}; load the release that ties the two together"
        )


def cache_key(item: ItemSlot, encoder_version: str) -> str:
    """Names an item's soft tokens in an engine's caches: the encoder, the item, and what its vector holds.

    The item's id alone would hand out stale tokens after its picture, or the encoder, has changed.
    """
    digest = hashlib.blake2b(np.ascontiguousarray(item.vectors, np.float32).tobytes(), digest_size=8).hexdigest()
    return f"{encoder_version}/{item.id}/{digest}"
