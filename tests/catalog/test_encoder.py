"""The packaged encoder, for real."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from catalog.encoder import Encoder, Features, load_base_encoder, normalise
from catalog.errors import VersionMismatch


@pytest.fixture(scope="module")
def packaged():
    return load_base_encoder("packaged", "cpu")


def drawn(shape: str, color: str, size=(300, 200)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    (draw.ellipse if shape == "disc" else draw.rectangle)((60, 40, 240, 160), fill=color)
    return image


def test_alike_pictures_are_near(packaged):
    """Unit vectors; a picture is nearer to its brighter copy than to another thing, alone or in a batch."""
    pictures = [drawn("disc", "#c03020"), drawn("disc", "#d04030"), drawn("box", "#2040c0")]
    pixels = np.stack([packaged.preprocess(picture) for picture in pictures])
    vectors = packaged.encode_pixels(pixels)
    assert vectors.shape == (3, packaged.image_dim) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    alone = packaged.encode_pixels(pixels[1:2])[0]
    assert alone @ vectors[1] > 0.995


def test_the_whole_picture_is_kept(packaged):
    """A wide picture is fitted on a white square, not cropped: its ends stay visible."""
    wide = Image.new("RGB", (400, 100), "white")
    wide.paste("black", (0, 0, 20, 100))
    pixels = packaged.preprocess(wide)
    assert pixels.shape == (224, 224, 3) and pixels.dtype == np.uint8
    assert pixels[112, 2].max() < 40 and pixels[2, 112].min() > 240


def test_words_of_one_meaning_are_near(packaged):
    """A paraphrase is nearer than another subject; no words give no vector."""
    a, b, c, empty = packaged.encode_texts(["a couch", "a sofa for the living room", "quarterly tax report", ""])
    assert a @ b > a @ c
    assert not empty.any()


def test_words_and_pictures_go_to_their_own_spaces(packaged):
    """Towers that were not trained together are never compared: each query goes where its kind lives."""
    encoder = Encoder(packaged)
    pixels = packaged.preprocess(drawn("disc", "red"))
    assert set(encoder.query_vectors(text="red disc")) == {"text_vector"}
    assert set(encoder.query_vectors(pixels=pixels)) == {"image_vector"}
    both = encoder.query_vectors(text="red disc", pixels=pixels)
    assert set(both) == {"text_vector", "image_vector"}


def test_a_head_of_another_base_is_refused(packaged):
    """A head that was trained on other features cannot be put on this encoder."""

    class OtherHead:
        version, base_version, dim = "h1", "another-base", 8

        def fuse(self, features: Features):
            return normalise(features.image[:, :8])

    with pytest.raises(VersionMismatch, match="another-base"):
        Encoder(packaged, OtherHead())
