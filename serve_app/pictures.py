"""The picture of a query: read, guarded, cut to its region and shrunk, off the event loop.

Only a small square's worth of pixels travels on to the encoder, never the picture itself.
"""

import asyncio
import base64
import binascii
import hashlib
import io
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from catalog.encoder import Pixels
from catalog.errors import BadPicture, Fetch
from catalog.fetch import FetchLimits, fetch
from catalog.images import MAX_PIXELS, decode
from serve_app.errors import TooLarge
from serve_app.schemas import Picture, Region

SIDE = 448
"""Longest side of what the encoder gets, in pixels: twice what the encoders look at, so that theirs is the last word
on how a picture is fitted into a square."""

SMALL_SIDE = 320
"""Longest side, in pixels, of a picture as a conversation keeps it."""

SMALL_BYTES = 32_000
"""The most that such a picture takes."""


@dataclass(frozen=True)
class PictureLimits:
    """What is accepted of a stranger's picture."""

    max_bytes: int = 10_000_000
    max_pixels: int = MAX_PIXELS
    fetch_timeout_s: float = 5.0
    """For connecting to a picture's URL and for each silence; the whole takes at most twice as long."""


@dataclass(frozen=True)
class QueryPicture:
    """A picture as it came, not yet decoded."""

    data: bytes
    region: Region | None
    digest: str
    """Of the bytes and the region: what its vectors are remembered by."""


class PictureReader:
    """Reads pictures in two threads of its own: decoding is heavy, and a crowd of large pictures must queue."""

    def __init__(self, limits: PictureLimits = PictureLimits()) -> None:
        self._limits = limits
        self._decoders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decode")
        self._fetchers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="fetch")

    async def read(self, picture: Picture | bytes, region: Region | None) -> QueryPicture:
        """The bytes of a picture, from base64, a URL or an upload.

        Raises:
            BadPicture, Fetch, TooLarge: see the limits.
        """
        loop = asyncio.get_running_loop()
        if isinstance(picture, bytes):
            data = picture
        elif picture.url is not None:
            data = await loop.run_in_executor(self._fetchers, self._fetch, picture.url)
        else:
            data = await loop.run_in_executor(self._decoders, _from_base64, picture.data or "")
        if len(data) > self._limits.max_bytes:
            raise TooLarge(f"the picture has {len(data):,} bytes; at most {self._limits.max_bytes:,} are taken")
        digest = await loop.run_in_executor(self._decoders, _digest, data, region)
        return QueryPicture(data, region, digest)

    async def pixels(self, picture: QueryPicture) -> Pixels:
        """The small RGB picture that the encoder gets. Raises BadPicture or TooLarge."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._pixels, picture)

    async def small(self, pixels: Pixels) -> bytes:
        """What the encoder got as a JPEG of at most SMALL_BYTES, to be kept."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, _jpeg, pixels)

    def _fetch(self, url: str) -> bytes:
        seconds = self._limits.fetch_timeout_s
        limits = FetchLimits(max_bytes=self._limits.max_bytes, timeout_s=seconds, total_s=2 * seconds, retries=0)
        try:
            return fetch(url, limits, public_only=True)
        except Fetch as error:
            raise TooLarge(str(error)) if error.code == "too_large" else error from error

    def _pixels(self, picture: QueryPicture) -> Pixels:
        region = picture.region or Region()
        needed = math.ceil(SIDE / max(0.02, min(region.x1 - region.x0, region.y1 - region.y0)))
        try:
            image = decode(picture.data, max_pixels=self._limits.max_pixels, at_least=needed)
        except BadPicture as error:
            raise TooLarge(str(error)) if error.code == "too_many_pixels" else error from error
        image = _cut(image, region)
        image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
        return np.asarray(image)


def _cut(image: Image.Image, region: Region) -> Image.Image:
    """The region of a picture, at least one pixel of it."""
    left, top = math.floor(region.x0 * image.width), math.floor(region.y0 * image.height)
    right, bottom = math.ceil(region.x1 * image.width), math.ceil(region.y1 * image.height)
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _jpeg(pixels: Pixels) -> bytes:
    image = Image.fromarray(np.asarray(pixels))
    for side, quality in ((SMALL_SIDE, 82), (SMALL_SIDE, 60), (SMALL_SIDE // 2, 60)):
        image.thumbnail((side, side), Image.Resampling.BICUBIC)
        written = io.BytesIO()
        image.save(written, "JPEG", quality=quality)
        if written.tell() <= SMALL_BYTES:
            break
    return written.getvalue()


def _from_base64(text: str) -> bytes:
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPicture("not_base64", f"picture.data is not base64: {error}") from error


def _digest(data: bytes, region: Region | None) -> str:
    corners = region.model_dump_json() if region else ""
    return hashlib.blake2b(data, digest_size=16, key=hashlib.sha256(corners.encode()).digest()).hexdigest()
