"""Bytes become an RGB picture, or an error with a stable code."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.errors import BadPicture
from catalog.images import decode, thumbnail


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    image.save(out := io.BytesIO(), kind, **options)
    return out.getvalue()


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<html><body>404</body></html>", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"%PDF-1.7 ...", "not_a_picture"),
        (b'{"error": "gone"}', "not_a_picture"),
        (encoded(noise(64, 64), "JPEG")[:1500], "truncated"),
        (encoded(noise(64, 64), "PNG")[:1500], "truncated"),
        (encoded(noise(64, 64), "EPS"), "not_a_picture"),
    ],
)
def test_what_is_no_picture_says_so(data, code):
    """Each kind of bad file has a code of its own, which the rejects table and the API show."""
    with pytest.raises(BadPicture) as error:
        decode(data)
    assert error.value.code == code


def test_a_bomb_is_refused_by_its_header():
    """100 megapixels of one colour are a few kilobytes; they must not be decoded to find out."""
    data = encoded(Image.new("L", (10_000, 10_000)))
    assert len(data) < 200_000
    with pytest.raises(BadPicture) as error:
        decode(data)
    assert error.value.code == "too_many_pixels"
    with pytest.raises(BadPicture, match="limit is 100"):
        decode(encoded(Image.new("L", (20, 20))), max_pixels=100)


def test_a_monster_beyond_pillows_own_limit_has_the_same_code():
    """What Pillow refuses before we can look is the same mistake to a caller."""
    data = bytearray(encoded(Image.new("L", (1, 1))))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(BadPicture) as error:
        decode(bytes(data))
    assert error.value.code == "too_many_pixels"


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG"),
        (Image.new("LA", (4, 4), (0, 0)), "PNG"),
        (Image.new("I;16", (4, 4), 65535), "PNG"),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG"),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "TIFF"),
        (Image.new("1", (4, 4), 1), "PNG"),
        (Image.new("P", (4, 4), 0), "PNG"),
    ],
)
def test_every_mode_becomes_rgb_on_white(image, kind):
    """Transparency, 16 bits, CMYK and palettes all come out as the white that a person would see."""
    if image.mode == "P":
        image.putpalette([255, 255, 255] * 256)
    picture = decode(encoded(image, kind))
    assert picture.mode == "RGB"
    assert np.asarray(picture).min() >= 250


def test_transparent_palette_is_flattened():
    """A GIF's transparent colour is white, not the colour that happens to stand in the palette."""
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 255] * 256)
    assert np.asarray(decode(encoded(image, "GIF", transparency=0))).min() == 255


def test_first_frame_and_orientation():
    """An animation gives its first frame; a photo lying on its side is set upright."""
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "blue")]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(animated).getpixel((0, 0))[0] > 200
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


def test_large_jpegs_are_decoded_small_where_that_is_enough():
    """Both sides stay at least as large as asked for."""
    picture = decode(encoded(noise(1600, 1200), "JPEG"), at_least=300)
    assert picture.size == (400, 300)


def test_thumbnails_are_small_webp():
    """The long side is the limit, the proportions stay, and small pictures are not blown up."""
    small = Image.open(io.BytesIO(thumbnail(noise(1000, 500), 100)))
    assert (small.format, small.size) == ("WEBP", (100, 50))
    assert Image.open(io.BytesIO(thumbnail(noise(30, 20), 100))).size == (30, 20)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"]), st.data())
def test_damage_never_escapes_as_another_error(kind, draw):
    """Whatever bytes are flipped or cut, the answer is a picture or a BadPicture."""
    data = bytearray(encoded(noise(24, 24), kind))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    data = data[: draw.draw(st.integers(0, len(data)))]
    try:
        assert decode(bytes(data), max_pixels=4_000_000).mode == "RGB"
    except BadPicture as error:
        assert error.code in {"empty", "not_a_picture", "too_many_pixels", "truncated", "broken"}
