"""Alignment maps between the vectors of two encoder versions."""

import numpy as np
import pytest

from catalog.align import fit_alignment, load_alignment, neighbour_overlap
from catalog.encoder import normalise
from catalog.errors import InvalidInput, NotFound


def two_spaces(n=600, noise=0.0, seed=0):
    """The same items in 24 dimensions and, rotated and shortened, in 16."""
    rng = np.random.default_rng(seed)
    old = normalise(rng.standard_normal((n, 24)).astype(np.float32))
    new = old @ np.linalg.qr(rng.standard_normal((24, 24)))[0][:, :16].astype(np.float32)
    return old, normalise(new + noise * rng.standard_normal(new.shape).astype(np.float32))


def test_a_rotation_is_found():
    """Where one space is a linear image of the other, mapped vectors all but equal the true ones."""
    old, new = two_spaces()
    alignment = fit_alignment("v1", "v2", [(old[:300], new[:300]), (old[300:], new[300:])])
    assert alignment.quality.cosine > 0.98 and alignment.quality.neighbours > 0.7
    assert alignment.quality.fitted + alignment.quality.held_out == 600
    unseen_old, unseen_new = two_spaces(seed=0)
    assert ((alignment.apply(unseen_old) * unseen_new).sum(1) > 0.9).all()


def test_the_loss_is_reported_honestly():
    """Spaces that have nothing to do with each other give a cosine near zero, not a good-looking fit to noise."""
    old, _ = two_spaces()
    _, other = two_spaces(seed=9)
    quality = fit_alignment("v1", "v2", [(old, other)]).quality
    assert abs(quality.cosine) < 0.2 and quality.neighbours < 0.3


def test_batches_do_not_matter():
    """Fed in one batch or in many, the map is the same."""
    old, new = two_spaces(noise=0.1)
    one = fit_alignment("v1", "v2", [(old, new)])
    many = fit_alignment("v1", "v2", [(old[i : i + 7], new[i : i + 7]) for i in range(0, 600, 7)])
    np.testing.assert_allclose(one.weight, many.weight, atol=1e-4)


def test_items_without_a_vector_are_passed_over():
    """A zero row on either side teaches nothing, and maps to zero."""
    old, new = two_spaces(noise=0.1)
    clean = fit_alignment("v1", "v2", [(old, new)])
    holes_old = np.insert(old, [0, 5, 5], 0, axis=0)
    holes_new = np.insert(new, [0, 5, 5], 1, axis=0)
    holed = fit_alignment("v1", "v2", [(holes_old, holes_new)])
    np.testing.assert_allclose(clean.weight, holed.weight, atol=1e-5)
    assert not holed.apply(np.zeros((2, 24), np.float32)).any()


def test_saved_and_loaded(tmp_path):
    """A map survives its file, and the file says from where to where."""
    alignment = fit_alignment("v1", "v2", [two_spaces()])
    uri = str(tmp_path / "align" / "v1--v2.safetensors")
    alignment.save(uri)
    loaded = load_alignment(uri)
    assert (loaded.source, loaded.target, loaded.quality) == ("v1", "v2", alignment.quality)
    np.testing.assert_array_equal(loaded.weight, alignment.weight)
    with pytest.raises(NotFound):
        load_alignment(str(tmp_path / "none"))
    (tmp_path / "junk").write_bytes(b"x" * 40)
    with pytest.raises(InvalidInput):
        load_alignment(str(tmp_path / "junk"))


def test_too_few_items_are_refused():
    """A map of a handful of items would be worth nothing."""
    old, new = two_spaces(10)
    with pytest.raises(InvalidInput, match="at least 20"):
        fit_alignment("v1", "v2", [(old, new)])
    with pytest.raises(InvalidInput, match="24 numbers"):
        fit_alignment("v1", "v2", [two_spaces()]).apply(np.zeros((1, 5), np.float32))


def test_neighbour_overlap_of_a_perfect_map_is_one():
    """The measure is 1 for the vectors themselves and about chance for random ones."""
    _, new = two_spaces(200)
    _, other = two_spaces(200, seed=3)
    assert neighbour_overlap(new, new) == 1.0
    assert neighbour_overlap(other, new) < 0.2
