"""Trains the composer: references and words in, the items that the words ask for out.

No person has to write such queries down: a catalogue holds them. Two items of one kind that differ in color or material
are a reference, words ("in green velvet") and an answer; among the items that have what the words ask for, those that
share more of the reference's other attributes (its shape, its legs, its back) are the better answers.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from batch.encoder_data import TrainingItems
from batch.encoder_losses import neighbour_loss
from catalog.compose import Composer, ComposerConfig, ComposerNetwork
from catalog.encoder import Features, Vectors
from catalog.item import Item
from catalog.joint import JointHead

TEMPLATES = ("in {}", "but in {}", "the same in {}")
MAX_PHRASES = 4_000
MIN_ITEMS = 20


@dataclass(frozen=True)
class ComposeSettings:
    """How a composer is trained.

    Attributes:
        steps, batch_size, learning_rate, weight_decay, dropout: of the training.
        candidates: items per step among which the answers are sought; all of them if there are no more.
        temperature: of the softmax over candidates.
        likeness: power to which the share of kept attributes is raised to weigh an answer; the higher, the more the
            shape counts.
    """

    steps: int = 400
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    dropout: float = 0.2
    candidates: int = 4096
    temperature: float = 0.05
    likeness: float = 3.0


@dataclass(frozen=True)
class Change:
    """A reference, what it is asked to become, and the items that fit."""

    reference: int
    words: str
    answers: NDArray[np.int64]
    weights: NDArray[np.float32]


class Changes:
    """Draws changes from a catalogue."""

    def __init__(self, items: Sequence[Item], likeness: float) -> None:
        """
        Args:
            items: n items; those without a category or without colors and materials are never references.
            likeness: see `ComposeSettings`.
        """
        self._likeness = likeness
        self._kinds = [item.category[-1] if item.category else "" for item in items]
        self._looks = [looks(item) for item in items]
        self._traits = [frozenset(item.attributes.items()) | frozenset(item.styles) for item in items]
        of_kind: dict[str, list[int]] = {}
        for row, kind in enumerate(self._kinds):
            if kind and self._looks[row]:
                of_kind.setdefault(kind, []).append(row)
        self._of_kind = {kind: np.array(rows) for kind, rows in of_kind.items() if len(rows) > 1}
        self.references = np.array(sorted(row for rows in self._of_kind.values() for row in rows), dtype=np.int64)

    def phrases(self) -> list[str]:
        """What may be asked for, most frequent first: every color, material, and pair of the two that an item has."""
        counts = Counter(phrase for row in self.references for phrase in self._looks[row])
        return [phrase for phrase, _ in counts.most_common(MAX_PHRASES)]

    def draw(self, rng: np.random.Generator, reference: int) -> Change | None:
        """A change of one reference into what some other item of its kind looks like; None if all look like it."""
        same_kind = self._of_kind[self._kinds[reference]]
        other = int(rng.choice(same_kind))
        new = sorted(self._looks[other] - self._looks[reference])
        if not new:
            return None
        return self.change(reference, str(rng.choice(new)))

    def change(self, reference: int, phrase: str) -> Change:
        """The items of the reference's kind that look as the phrase says, each with its weight as an answer."""
        same_kind = self._of_kind[self._kinds[reference]]
        found = [row for row in same_kind if row != reference and phrase in self._looks[row]]
        answers = np.array(found, dtype=np.int64)
        traits = self._traits[reference]
        shares = [len(traits & self._traits[row]) / max(1, len(traits)) for row in answers]
        weights = (0.05 + np.array(shares, dtype=np.float32)) ** self._likeness
        return Change(reference, phrase, answers, weights)


def looks(item: Item) -> frozenset[str]:
    """What can be asked of an item's look: its main color, its main material, and both ("green velvet")."""
    color, material = (values[0].lower() if values else "" for values in (item.colors, item.materials))
    return frozenset(text for text in (color, material, f"{color} {material}" if color and material else "") if text)


def train_composer(
    head: JointHead,
    training: TrainingItems,
    items: Sequence[Item],
    encode_texts: Callable[[Sequence[str]], Vectors],
    encoder_version: str,
    settings: ComposeSettings | None = None,
    seed: int = 0,
) -> Composer | None:
    """Train a composer on the joint vectors of a catalogue.

    Args:
        head: the trained head, at the size that it serves.
        training: base features of n items.
        items: the same n items, for their attributes.
        encode_texts: the base encoder's text tower, n texts → float32 [n, Dt].
        encoder_version: of base and head together.
        settings: how.
        seed: of weights and draws.

    Returns:
        The composer, or None where the catalogue cannot teach one: fewer than 20 items have a category, and a color or
        material that others of their kind do not have.
    """
    settings = settings or ComposeSettings()
    rng = np.random.default_rng(seed)
    changes = Changes(items, settings.likeness)
    if len(changes.references) < MIN_ITEMS or not any(changes.draw(rng, int(r)) for r in changes.references[:200]):
        return None
    texts = [template.format(phrase) for phrase in changes.phrases() for template in TEMPLATES]
    words = torch.from_numpy(_encoded(encode_texts, texts))
    place = {text: i for i, text in enumerate(texts)}
    whole, pictures = (torch.from_numpy(vectors) for vectors in _vectors(head, training))
    torch.manual_seed(seed)
    network = ComposerNetwork(ComposerConfig(whole.shape[1], words.shape[1]), settings.dropout).train()
    optimizer = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=settings.steps)
    for _ in range(settings.steps):
        drawn = [changes.draw(rng, int(r)) for r in rng.choice(changes.references, settings.batch_size)]
        batch = [change for change in drawn if change and change.words and f"in {change.words}" in place]
        if not batch:
            continue
        candidates, positives, excluded = _candidates(batch, len(items), settings.candidates, rng)
        references = torch.tensor([change.reference for change in batch])
        seen_whole = torch.from_numpy(rng.random(len(batch)) < 0.5)[:, None]
        reference = torch.where(seen_whole, whole[references], pictures[references])
        said = torch.tensor([place[str(rng.choice(TEMPLATES)).format(change.words)] for change in batch])
        composed = network(reference, words[said])
        loss = neighbour_loss(composed, whole[candidates], positives, excluded, settings.temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return Composer(network, encoder_version)


def _vectors(head: JointHead, training: TrainingItems) -> tuple[Vectors, Vectors]:
    """Joint vectors of items as they are in the table, and of their pictures alone (words where there is none)."""
    image, text = (half.numpy() for half in training.features(np.arange(len(training))))
    pictured = np.abs(image).max(axis=1, keepdims=True) > 0
    return head.fuse(Features(image, text)), head.fuse(Features(image, np.where(pictured, 0, text)))


def _candidates(
    batch: Sequence[Change], n: int, count: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(rows [C], weights of answers [B, C], the references themselves [B, C]) of one step."""
    if n <= count:
        rows = np.arange(n)
    else:
        right = np.concatenate([change.answers for change in batch])
        right = rng.choice(right, count // 2, replace=False) if len(right) > count // 2 else right
        rows = np.unique(np.concatenate([right, rng.integers(n, size=count // 2)]))
    positives = np.zeros((len(batch), len(rows)), dtype=np.float32)
    excluded = np.zeros((len(batch), len(rows)), dtype=bool)
    for i, change in enumerate(batch):
        places = np.searchsorted(rows, change.answers)
        there = (places < len(rows)) & (rows[np.minimum(places, len(rows) - 1)] == change.answers)
        positives[i, places[there]] = change.weights[there]
        excluded[i] = rows == change.reference
    return torch.from_numpy(rows), torch.from_numpy(positives), torch.from_numpy(excluded)


def _encoded(encode_texts: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> Vectors:
    return np.concatenate([encode_texts(texts[start : start + 256]) for start in range(0, len(texts), 256)])
