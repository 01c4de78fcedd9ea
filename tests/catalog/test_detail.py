"""Details of pictures: the colours of the thing, not of what it stands on, and what the table keeps of them."""

import numpy as np
import pytest

from catalog.detail import COLOR_DIM, color_profiles, lab
from catalog.packaged import PackagedEncoder


def square(color: tuple[int, int, int], background: tuple[int, int, int] = (240, 240, 240)) -> np.ndarray:
    picture = np.full((1, 224, 224, 3), background, np.uint8)
    picture[:, 70:150, 70:150] = color
    return picture


def test_lab_of_known_colours():
    """White, black and pure red stand where CIELAB has them."""
    white, black, red = lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8))
    assert np.allclose(white, [100, 0, 0], atol=0.1)
    assert np.allclose(black, [0, 0, 0], atol=0.1)
    assert np.allclose(red, [53.2, 80.1, 67.2], atol=0.3)


@pytest.mark.parametrize("background", [(240, 240, 240), (20, 20, 20), (200, 220, 250)])
def test_the_thing_counts_and_not_its_background(background):
    """The mean colour is the thing's, whatever it stands before."""
    profile = color_profiles(square((200, 40, 40), background))[0]
    assert profile.shape == (COLOR_DIM,)
    assert np.allclose(profile[:3], lab(np.array([200, 40, 40], np.uint8)), atol=1)


def test_a_plain_picture_has_a_finite_profile():
    """A picture of nothing but one colour is described, not refused."""
    assert np.isfinite(color_profiles(np.full((2, 32, 32, 3), 255, np.uint8))).all()


def test_details_tell_colours_apart_and_leave_the_vector_as_it_was():
    """`encode_items` gives the same vector as `encode_pixels`, and details that fit float16."""
    encoder = PackagedEncoder("cpu")
    pixels = np.concatenate([square((200, 40, 40)), square((40, 60, 200))])
    vectors, details = encoder.encode_items(pixels)
    assert np.array_equal(vectors, encoder.encode_pixels(pixels))
    assert details.shape == (2, encoder.detail_dim)
    assert np.isfinite(details.astype(np.float16)).all()
    assert np.abs(details[0] - details[1])[-COLOR_DIM:].max() > 20
