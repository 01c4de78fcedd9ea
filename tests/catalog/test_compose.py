"""The combiner of a reference and words, with random weights."""

import numpy as np
import pytest
import torch

from catalog.compose import Composer, ComposerConfig, ComposerNetwork, load_composer
from catalog.encoder import normalise
from catalog.errors import InvalidInput, NotFound, VersionMismatch


@pytest.fixture
def composer() -> Composer:
    torch.manual_seed(0)
    return Composer(ComposerNetwork(ComposerConfig(dim=8, text_dim=6, hidden=12)), "base+joint-1")


def unit(n, dim, seed=0):
    return normalise(np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32))


def test_it_begins_near_the_reference(composer):
    """Before training, a composed query is nearer to its own reference than to another: words change, not replace."""
    references = unit(20, 8)
    composed = composer.compose(references, unit(20, 6, seed=1))
    np.testing.assert_allclose(np.linalg.norm(composed, axis=1), 1, atol=1e-5)
    own = (composed * references).sum(1)
    assert own.mean() > (composed * references[::-1]).sum(1).mean() + 0.3


def test_no_words_change_nothing(composer):
    """A query without words is the reference itself."""
    references = unit(3, 8)
    words = unit(3, 6)
    words[1] = 0
    composed = composer.compose(references, words)
    np.testing.assert_allclose(composed[1], references[1], atol=1e-6)
    assert np.abs(composed[0] - references[0]).max() > 1e-3


def test_saved_and_loaded(composer, tmp_path):
    """A composer survives its file and is refused for another encoder."""
    uri = str(tmp_path / "composer.safetensors")
    composer.save(uri)
    loaded = load_composer(uri, "base+joint-1")
    assert loaded.version == composer.version
    np.testing.assert_array_equal(loaded.compose(unit(2, 8), unit(2, 6)), composer.compose(unit(2, 8), unit(2, 6)))
    with pytest.raises(VersionMismatch, match="joint-1"):
        load_composer(uri, "base+joint-2")
    with pytest.raises(NotFound):
        load_composer(str(tmp_path / "none"))
    (tmp_path / "junk").write_bytes(b"junk" * 20)
    with pytest.raises(InvalidInput):
        load_composer(str(tmp_path / "junk"))


def test_wrong_shapes_are_refused(composer):
    """As many words as references, each of the right length."""
    with pytest.raises(InvalidInput, match="n x 8"):
        composer.compose(unit(2, 8), unit(3, 6))
    with pytest.raises(InvalidInput):
        composer.compose(unit(2, 7), unit(2, 6))
