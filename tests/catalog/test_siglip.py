"""SigLIP as a base encoder, on a tiny random checkpoint in the format of the hub."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from catalog.encoder import Encoder, load_base_encoder
from catalog.errors import MissingDependency
from tests.tiny_siglip import save_tiny_siglip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder such as the hub has: a SigLIP model, its image processor and a tokenizer; random weights."""
    return save_tiny_siglip(tmp_path_factory.mktemp("siglip"))


def test_words_and_pictures_share_a_space(checkpoint):
    """Either kind of query is compared with both the pictures and the texts of items."""
    base = load_base_encoder(str(checkpoint), "cpu")
    pixels = base.preprocess(Image.new("RGB", (90, 60), "red"))
    assert pixels.shape == (32, 32, 3)
    queries = Encoder(base).query_vectors(text="red chair", pixels=pixels)
    assert {column: len(vectors) for column, vectors in queries.items()} == {"image_vector": 2, "text_vector": 2}
    for vector in (v for vectors in queries.values() for v in vectors):
        assert vector.shape == (32,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_features_are_those_of_transformers(checkpoint):
    """Our preprocessing and pooling give what the checkpoint's own processor and model give."""
    from transformers import AutoModel, AutoProcessor

    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8))
    base = load_base_encoder(str(checkpoint), "cpu")
    ours = base.encode_pixels(base.preprocess(picture)[None])[0]
    model, processor = AutoModel.from_pretrained(checkpoint).eval(), AutoProcessor.from_pretrained(checkpoint)
    with torch.inference_mode():
        output = model.get_image_features(**processor(images=picture, return_tensors="pt"))
    theirs = torch.nn.functional.normalize(getattr(output, "pooler_output", output)[0], dim=-1).numpy()
    assert ours @ theirs == pytest.approx(1, abs=1e-4)


def test_no_words_give_no_vector(checkpoint):
    """An item without text is not similar to anything by words."""
    vectors = load_base_encoder(str(checkpoint), "cpu").encode_texts(["red sofa", ""])
    assert vectors[0].any() and not vectors[1].any()


def test_the_version_of_a_folder_follows_from_its_weights(checkpoint, tmp_path):
    """A copy elsewhere is the same encoder; other weights, or other preprocessing, under the same name are not."""
    version = load_base_encoder(str(checkpoint), "cpu").version
    folder = tmp_path / Path(checkpoint).name
    shutil.copytree(checkpoint, folder)
    (folder / "README.md").write_text("about it")
    assert load_base_encoder(str(folder), "cpu").version == version
    assert load_base_encoder(f"file://{folder}", "cpu").version == version
    encoder = load_base_encoder(str(folder), "cpu")
    with torch.no_grad():
        encoder.model.logit_scale.add_(1)
    encoder.save(str(folder))
    assert load_base_encoder(str(folder), "cpu").version != version
    shutil.rmtree(folder)
    shutil.copytree(checkpoint, folder)
    settings = next(path for path in folder.glob("*.json") if "image_mean" in path.read_text())
    settings.write_text(settings.read_text().replace("0.5", "0.4"))
    assert load_base_encoder(str(folder), "cpu").version != version


def test_a_missing_checkpoint_says_so(tmp_path):
    """A wrong name ends in one clear error."""
    with pytest.raises(MissingDependency, match="cannot load encoder"):
        load_base_encoder(str(tmp_path / "nothing"), "cpu")
