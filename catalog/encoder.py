"""How items and queries become vectors.

A **base encoder** is a pretrained pair of towers (one for pictures, one for words); its features are what precompute
computes once and caches. An `Encoder` is a base encoder, and optionally a small trained head that fuses both features
into one joint vector. The encoder says which vector columns (`Space`) the item table has and which of them a query in
words or pictures can be compared with. Vectors of two encoder versions are never compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.errors import InvalidInput, VersionMismatch

if TYPE_CHECKING:
    from catalog.release import EncoderRef, ReleaseStore

TOWERS = "models/towers"
"""Where a store keeps towers that were trained on the shop's own pictures and words (`batch.train_towers`)."""

T = TypeVar("T")
Modality = Literal["image", "text"]
Storage = Literal["float32", "float16", "int8"]
"""How a table keeps vectors: whole, in half the bytes, or in half the bytes with an index of one byte a number."""
Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Space:
    """One vector column of the item table: L2-normalised, compared by cosine."""

    name: str
    dim: int
    queries: frozenset[Modality]
    """Which kinds of query live in this space."""
    storage: Storage = "float32"

    @property
    def column(self) -> str:
        return f"{self.name}_vector"


@dataclass(frozen=True)
class Features:
    """Base features of n items; rows without a picture are zero in `image`, without words zero in `text`."""

    image: Vectors  # [n, Di], L2-normalised rows
    text: Vectors  # [n, Dt], L2-normalised rows
    detail: Vectors | None = None
    """[n, Dd]: what Navigator reads of a picture, in the encoder's own units; None where nobody asked for it."""


class BaseEncoder(Protocol):
    """A pretrained pair of towers. Methods are synchronous and not thread-safe: one instance per actor or replica."""

    name: str
    version: str
    """Names the weights and the preprocessing; part of every version that is built on top."""
    image_dim: int
    text_dim: int
    detail_dim: int
    """Floats that say what an item's picture shows in detail; never searched, only read."""
    image_size: int
    """Side of the square that `preprocess` makes, in pixels."""
    shared_space: bool
    """Whether words and pictures may be compared with each other as they come."""

    def preprocess(self, image: Image.Image) -> Pixels:
        """RGB picture → uint8 [S, S, 3]. Cheap; runs where pictures are decoded, and reads nothing but `image_size`."""
        ...

    def encode_pixels(self, pixels: Pixels) -> Vectors:
        """uint8 [n, S, S, 3] → float32 [n, image_dim], L2-normalised."""
        ...

    def encode_items(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """uint8 [n, S, S, 3] → (what `encode_pixels` gives, details float32 [n, detail_dim]), offline, for items."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """n texts → float32 [n, text_dim], L2-normalised; an empty text gives a zero row."""
        ...


class Head(Protocol):
    """A trained fusion of base features into one joint space (`catalog.joint`)."""

    version: str
    base_version: str
    dim: int

    def fuse(self, features: Features) -> Vectors:
        """Features of n items or queries (either modality may be zero) → float32 [n, dim], L2-normalised."""
        ...


class QueryComposer(Protocol):
    """What a picture or product and words that change it ask for, in the joint space (`catalog.compose`)."""

    encoder_version: str

    def compose(self, references: Vectors, words: Vectors) -> Vectors:
        """References float32 [n, dim] and base text features [n, Dt] → float32 [n, dim], L2-normalised."""
        ...


@dataclass(frozen=True)
class Encoder:
    """A base encoder, with or without a trained head, and a composer that belongs to the head."""

    base: BaseEncoder
    head: Head | None = None
    composer: QueryComposer | None = None

    def __post_init__(self) -> None:
        if self.head and self.head.base_version != self.base.version:
            raise VersionMismatch(
                f"head {self.head.version} was trained on base encoder {self.head.base_version}, "
                f"not on {self.base.version}; train it again with `python -m batch.train_encoder`"
            )

    @property
    def version(self) -> str:
        return f"{self.base.version}+{self.head.version}" if self.head else self.base.version

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """The vector columns of an item table that this encoder fills."""
        return spaces_of(self.base, self.head)

    def item_vectors(self, features: Features) -> dict[str, Vectors]:
        """Features of n items → {column: float32 [n, d]} for every space."""
        if self.head:
            return {self.spaces[0].column: self.head.fuse(features)}
        by_name = {"image": features.image, "text": features.text}
        return {space.column: by_name[space.name] for space in self.spaces}

    def query_vectors(self, *, text: str | None = None, pixels: Pixels | None = None) -> dict[str, list[Vectors]]:
        """Encode one query of words, a picture (uint8 [S, S, 3]) or both.

        Returns:
            {column: [float32 [d], ...]}: the vectors to look for in each column. With a head, words and picture become
            one vector in the joint space, by the composer if there is one; without a head, each modality gives a vector
            in every space that it can query.
        """
        encoded = self.encode_queries([text], [pixels])
        return encoded[0]

    def encode_queries(
        self, texts: Sequence[str | None], pictures: Sequence[Pixels | None]
    ) -> list[dict[str, list[Vectors]]]:
        """The batched form of `query_vectors`: one call of each tower for all queries."""
        if len(texts) != len(pictures):
            raise InvalidInput(f"{len(texts)} texts for {len(pictures)} pictures")
        n = len(texts)
        features = Features(
            image=_scatter(n, self.base.image_dim, pictures, lambda some: self.base.encode_pixels(np.stack(some))),
            text=_scatter(n, self.base.text_dim, texts, self.base.encode_texts),
        )
        if self.head:
            fused = self._composed(self.head, features)
            return [{self.spaces[0].column: [fused[i]]} for i in range(n)]
        return [self._separate(features, i, texts[i] is not None, pictures[i] is not None) for i in range(n)]

    def _composed(self, head: Head, features: Features) -> Vectors:
        """Queries in the joint space; where words come with a picture, the words change what the picture shows."""
        fused = head.fuse(features)
        both = np.flatnonzero(features.image.any(axis=1) & features.text.any(axis=1))
        if self.composer is not None and len(both):
            words = features.text[both]
            pictures = head.fuse(Features(features.image[both], np.zeros_like(words)))
            fused[both] = self.composer.compose(pictures, words)
        return fused

    def _separate(self, features: Features, row: int, has_text: bool, has_picture: bool) -> dict[str, list[Vectors]]:
        vectors: dict[str, list[Vectors]] = {}
        for space in self.spaces:
            found = []
            if has_picture and "image" in space.queries:
                found.append(features.image[row])
            if has_text and "text" in space.queries:
                found.append(features.text[row])
            if found:
                vectors[space.column] = found
        return vectors


def spaces_of(base: BaseEncoder, head: Head | None = None) -> tuple[Space, ...]:
    """The vector columns that a base encoder (and head) fills."""
    if head:
        return (Space("joint", head.dim, frozenset({"image", "text"})),)
    both: frozenset[Modality] = frozenset({"image", "text"})
    return (
        Space("image", base.image_dim, both if base.shared_space else frozenset({"image"})),
        Space("text", base.text_dim, both if base.shared_space else frozenset({"text"})),
    )


def load_base_encoder(name: str = "packaged", device: str | None = None) -> BaseEncoder:
    """Load a base encoder.

    Args:
        name: `packaged` (EfficientNet-Lite0 and MiniLM, weights from installed packages, no network) or a SigLIP hub id
            or folder (local, or at a URI), such as `google/siglip2-base-patch16-224`.
        device: a torch device; by default a GPU if there is one.
    """
    if name == "packaged":
        from catalog.packaged import PackagedEncoder

        return PackagedEncoder(device)
    from catalog.siglip import SiglipEncoder

    return SiglipEncoder(name, device)


def load_encoder(store: "ReleaseStore", ref: "EncoderRef", device: str | None = None) -> Encoder:
    """Load the encoder that a release names: its base, and its head and composer from the store.

    Args:
        store: the release store.
        ref: `release.encoder`.
        device: a torch device; by default a GPU if there is one.

    Raises:
        NotFound: the store does not have the head or the composer.
        VersionMismatch: what is installed or stored gives vectors of another version than the release's.
    """
    base = load_base_encoder(base_name(store, ref), device)
    head: Head | None = None
    if ref.head:
        from catalog.joint import load_head

        head = load_head(store.path(*ref.head.split("/")), ref.size)
    encoder = Encoder(base, head, load_query_composer(store, ref))
    if encoder.version != ref.version:
        raise VersionMismatch(f"the release needs encoder {ref.version!r}, but {encoder.version!r} is installed")
    return encoder


def base_name(store: "ReleaseStore", ref: "EncoderRef") -> str:
    """Name of a release's base encoder for `load_base_encoder`: towers of the shop's own lie in the store."""
    return store.path(*ref.base.split("/")) if ref.base.startswith(f"{TOWERS}/") else ref.base


def load_query_composer(store: "ReleaseStore", ref: "EncoderRef") -> QueryComposer | None:
    """The composer that a release names, or None. Raises NotFound and VersionMismatch as `load_encoder` does."""
    if not ref.composer:
        return None
    from catalog.compose import load_composer

    return load_composer(store.path(*ref.composer.split("/")), ref.version)


def normalise(vectors: Vectors) -> Vectors:
    """Scale rows to unit length; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors, dtype=np.float32), where=norms > 0)


def _scatter(n: int, dim: int, values: Sequence[T | None], encode: Callable[[list[T]], Vectors]) -> Vectors:
    """Encode the values that are there and put them on their rows; the other rows stay zero."""
    out = np.zeros((n, dim), dtype=np.float32)
    present = {row: value for row, value in enumerate(values) if value is not None}
    if present:
        out[list(present)] = encode(list(present.values()))
    return out
