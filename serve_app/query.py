"""What callers hand the query encoder and what they get back; who only asks starts without torch."""

from dataclasses import dataclass

from catalog.encoder import Pixels, Vectors


@dataclass(frozen=True)
class Query:
    """What is to be encoded: words, a picture or both."""

    text: str | None = None
    pixels: Pixels | None = None  # uint8 [h, w, 3], a small RGB picture of any shape
    version: str | None = None
    """Encoder version to use, if it is loaded; by default that of the live release."""
    changes_items: bool = False
    """Whether the words are to change items ("like these, but in green velvet"), which a composer reads as they are."""


@dataclass(frozen=True)
class EncodedQuery:
    """The vectors of one query."""

    version: str
    vectors: dict[str, list[Vectors]]  # {column: [float32 [d], ...]}
    words: Vectors | None = None
    """Float32 [Dt], the words as a composer reads them; None where they change no items, or nothing could read them."""
