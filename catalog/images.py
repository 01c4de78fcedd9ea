"""Bytes from anywhere become an RGB picture, or an error that says why not.

What a picture claims to be is not believed: only formats that shops use are tried, and its size is checked against
the header before a pixel is decoded, so that a small file cannot fill the memory.
"""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from catalog.errors import BadPicture

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded: 8,000 × 8,000 pixels, 192 MB as RGB."""

THUMBNAIL_SIDE = 384
"""Long side of a thumbnail in pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,  # from libavif
)


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, at_least: int | None = None) -> Image.Image:
    """Decode a picture to RGB: upright by its EXIF orientation, 8 bits, transparency on white, first frame.

    Args:
        data: the file's bytes.
        max_pixels: refuse pictures of more pixels (width × height), by their header.
        at_least: neither side is needed larger than this many pixels; a JPEG may then be decoded at a fraction of its
            size, which is several times as fast.

    Raises:
        BadPicture: code `empty`, `not_a_picture`, `too_many_pixels`, `truncated` or `broken`.
    """
    if not data:
        raise BadPicture("empty", "no bytes")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise _too_many(f"{width} × {height} pixels; the limit is {max_pixels:,}")
            if at_least:
                image.draft("RGB", (at_least, at_least))
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many(str(error)) from error
    except UnidentifiedImageError as error:
        raise BadPicture("not_a_picture", f"not a picture but {_guess(data)}") from error
    except MemoryError as error:
        raise _too_many("it does not fit into memory") from error
    except _DECODER_ERRORS as error:
        # Pillow reports damage with whatever exception its decoder met; struct.error and zlib.error included below.
        raise _damaged(error) from error
    except Exception as error:
        if type(error).__module__ in ("struct", "zlib"):
            raise _damaged(error) from error
        raise


def thumbnail(image: Image.Image, side: int = THUMBNAIL_SIDE, quality: int = 80) -> bytes:
    """A small WebP of an RGB picture, its long side at most `side` pixels; smaller pictures keep their size."""
    small = image
    if max(image.size) > side:
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    # method=1: within a few percent of the best compression, at a third of its time.
    small.save(out, "WEBP", quality=quality, method=1)
    return out.getvalue()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGB", layer.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16- and 32-bit greys: integers above 255 are taken as 16-bit, floats are stretched to their range."""
    values = np.asarray(image)
    if image.mode == "F":
        finite = np.nan_to_num(values, posinf=0, neginf=0)
        low, high = float(finite.min()), float(finite.max())
        values = (finite - low) * (255 / (high - low)) if high > low else np.zeros_like(finite)
    elif values.max() > 255:
        values = values.astype(np.int64) >> 8
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).convert("RGB")


def _too_many(message: str) -> BadPicture:
    return BadPicture("too_many_pixels", message)


def _damaged(error: Exception) -> BadPicture:
    text = str(error)
    cut_off = isinstance(error, EOFError) or any(word in text.lower() for word in ("truncated", "unexpected end"))
    return BadPicture("truncated" if cut_off else "broken", f"cannot be decoded: {text[:120] or type(error).__name__}")


def _guess(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if b"<svg" in head:
        return "an SVG drawing"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page"
    if head.startswith(b"%pdf"):
        return "a PDF"
    if head.startswith((b"{", b"[")):
        return "JSON"
    return f"something else (begins with {data[:8]!r})"
