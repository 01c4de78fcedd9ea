"""The head and the composer that come with Windowshop."""

import numpy as np

from catalog.compose import load_composer
from catalog.encoder import Features
from catalog.joint import WEIGHTS, load_head
from catalog.packaged import PackagedEncoder

HEAD, COMPOSER = WEIGHTS / "demo-head.safetensors", WEIGHTS / "demo-composer.safetensors"


def test_the_shipped_head_fits_the_packaged_encoder():
    """It was trained on the features that the packaged encoder gives, at all Matryoshka sizes, and is small."""
    head = load_head(str(HEAD), base_version=PackagedEncoder.version)
    assert (head.network.config.image_dim, head.network.config.text_dim) == (1280, 384)
    rng = np.random.default_rng(0)
    features = Features(rng.random((3, 1280), np.float32), rng.random((3, 384), np.float32))
    for size in (64, 128, 256):
        np.testing.assert_allclose(np.linalg.norm(head.at(size).fuse(features), axis=1), 1, atol=1e-4)
    assert HEAD.stat().st_size + COMPOSER.stat().st_size < 5e6
    assert head.notes["metrics"]["board_hit"] > 0.4


def test_the_shipped_composer_belongs_to_the_shipped_head():
    """Head and composer were made together."""
    head = load_head(str(HEAD))
    composer = load_composer(str(COMPOSER), f"{head.base_version}+{head.version}")
    assert composer.network.config.dim == head.dim
