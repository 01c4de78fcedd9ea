"""Items and words that change them, where a release has a composer: "like these, but in red"."""

from types import SimpleNamespace

import numpy as np

from catalog.search import WORDS_WEIGHT, Probe
from serve_app.retriever import changed_items

REFERENCE, WORDS = np.array([1.0, 0.0], np.float32), np.array([0.5, 0.5, 0.0], np.float32)
ASKED = [Probe(by="words", text="in red", weight=3.0), Probe(by="meaning", column="joint_vector", vector=REFERENCE)]
SIMILAR = [Probe(by="similar", column="joint_vector", vector=REFERENCE)]


class Swapping:
    """Changes a reference so that it is known again: its two numbers trade places."""

    encoder_version = "v"

    def compose(self, references, words):
        assert references.shape == (1, 2) and words.shape == (1, 3)
        return references[:, ::-1]


def test_words_change_the_items_and_are_not_sought_alone():
    """One vector asks for both; the words' own vector, which finds red things of any kind, is left out."""
    words, changed = changed_items(SIMILAR, ASKED, SimpleNamespace(composer=Swapping()), WORDS)
    assert words.by == "words" and words.weight < changed.weight == WORDS_WEIGHT
    assert changed.by == "similar" and changed.vector.tolist() == [0.0, 1.0]


def test_without_a_composer_both_are_asked_for():
    """A release of plain towers, or a search without words, asks as it always did."""
    assert changed_items(SIMILAR, ASKED, SimpleNamespace(composer=None), WORDS) == ASKED + SIMILAR
    assert changed_items(SIMILAR, [], SimpleNamespace(composer=Swapping()), None) == SIMILAR
