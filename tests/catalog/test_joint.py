"""The trained head, with random weights: what every replica relies on."""

import numpy as np
import pytest
import torch

from catalog.encoder import Features, normalise
from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.joint import HeadConfig, JointHead, JointNetwork, head_from_bytes, load_head

CONFIG = HeadConfig(image_dim=20, text_dim=12, image_rank=8, text_rank=6, hidden=16, sizes=(4, 8))


def made_features(n=40, seed=0) -> Features:
    rng = np.random.default_rng(seed)
    return Features(
        normalise(rng.standard_normal((n, 20)).astype(np.float32)),
        normalise(rng.standard_normal((n, 12)).astype(np.float32)),
    )


@pytest.fixture
def head() -> JointHead:
    torch.manual_seed(0)
    network = JointNetwork(CONFIG)
    features = made_features()
    network.fit_whitening(torch.from_numpy(features.image), torch.from_numpy(features.text))
    return JointHead(network, "base-1", notes={"boards": 3})


def test_vectors_have_unit_length_whatever_is_missing(head):
    """Picture, words or both give a unit vector; an item with neither gives zero, never NaN and never noise."""
    features = made_features(4)
    features.image[[1, 3]] = 0
    features.text[[2, 3]] = 0
    vectors = head.fuse(features)
    assert vectors.shape == (4, 8) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0], atol=1e-5)


def test_a_row_does_not_depend_on_its_batch(head):
    """An item encoded alone at query time meets the vector that it had in a batch of thousands."""
    features = made_features(5000)
    alone = head.fuse(Features(features.image[4500:4501], features.text[4500:4501]))
    np.testing.assert_allclose(head.fuse(features)[4500], alone[0], atol=1e-5)


def test_a_smaller_size_is_the_beginning_of_the_full_vector(head):
    """Matryoshka: the small vector is the first numbers of the large one at unit length, under a version of its own."""
    features = made_features()
    np.testing.assert_allclose(head.at(4).fuse(features), normalise(head.fuse(features)[:, :4]), atol=1e-6)
    assert head.at(4).version != head.version and head.at(8).version == head.version
    with pytest.raises(InvalidInput, match="4, 8"):
        head.at(5)


def test_companions_begin_as_the_items_themselves(head):
    """Until boards teach otherwise, what goes with an item is what is like it; it works at every size."""
    for some in (head, head.at(4)):
        vectors = some.fuse(made_features())
        np.testing.assert_allclose(some.companions(vectors), vectors, atol=1e-3)
    with pytest.raises(InvalidInput, match="8 numbers"):
        head.companions(head.at(4).fuse(made_features()))


def test_a_saved_head_answers_the_same(head, tmp_path):
    """Saving and loading changes no vector, no version and no note; the version follows the weights."""
    head.save(str(tmp_path / "models" / "head.safetensors"))
    loaded = load_head(str(tmp_path / "models" / "head.safetensors"), base_version="base-1")
    np.testing.assert_array_equal(loaded.fuse(made_features()), head.fuse(made_features()))
    assert (loaded.version, loaded.notes) == (head.version, {"boards": 3})
    loaded.network.linear.weight[0, 0] += 1
    assert JointHead(loaded.network, "base-1").version != head.version


def test_training_on_does_not_change_a_head(head):
    """A head keeps the weights that it was made from, though the network is trained on."""
    network = JointNetwork(CONFIG)
    early = JointHead(network, "base-1")
    before = early.fuse(made_features())
    with torch.no_grad():
        network.linear.weight.add_(1)
    np.testing.assert_array_equal(early.fuse(made_features()), before)


def test_what_is_no_head_is_refused(head, tmp_path):
    """Missing files, other files, other base encoders and features of other dimensions each get a clear error."""
    with pytest.raises(NotFound):
        load_head(str(tmp_path / "none.safetensors"))
    for junk in (b"", b"not a head at all", head.to_bytes()[:200]):
        with pytest.raises(InvalidInput):
            head_from_bytes(junk)
    head.save(str(tmp_path / "head.safetensors"))
    with pytest.raises(VersionMismatch, match="base-1"):
        load_head(str(tmp_path / "head.safetensors"), base_version="base-2")
    with pytest.raises(InvalidInput, match="20"):
        head.fuse(Features(np.zeros((1, 7), np.float32), np.zeros((1, 12), np.float32)))


def test_whitening_ignores_what_is_missing():
    """Items without a picture do not pull the mean picture towards zero."""
    features = made_features(200)
    features.image[::2] = 0
    network = JointNetwork(CONFIG)
    network.fit_whitening(torch.from_numpy(features.image), torch.from_numpy(features.text))
    np.testing.assert_allclose(network.image_mean.numpy(), features.image[1::2].mean(0), atol=1e-6)
