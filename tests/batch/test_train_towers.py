"""`--unfreeze`: the towers themselves learn, on a tiny SigLIP model and a shop of coloured things."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_store import make_store

from batch.encoder_towers import TowerSettings, tune, unfreeze
from batch.train_towers import TableShelf, TowerJob, _shelf, tower_name, train_towers
from catalog.encoder import TOWERS, load_base_encoder, load_encoder
from catalog.errors import InvalidInput
from catalog.release import EncoderRef
from catalog.siglip import SiglipEncoder
from catalog.table import ItemTable
from tests.tiny_siglip import KINDS, make_picture_shop, save_tiny_siglip

SETTINGS = TowerSettings(layers=2, steps=60, batch_size=48, learning_rate=1e-2, validate_every=20)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_tiny_siglip(tmp_path_factory.mktemp("siglip"))


@pytest.fixture(scope="module")
def store(tmp_path_factory, checkpoint):
    return make_picture_shop(str(tmp_path_factory.mktemp("shop")), checkpoint)


def shelf_of(store, checkpoint) -> TableShelf:
    return _shelf(ItemTable.of(store, store.current()), SiglipEncoder(checkpoint, "cpu"), set(), 1000)


def test_only_the_last_layers_learn(checkpoint):
    """Embeddings and earlier layers stay as they came; what follows the last layers learns with them."""
    model = SiglipEncoder(checkpoint, "cpu").model
    names = set(unfreeze(model, 1))
    assert {"logit_scale", "logit_bias"} <= names
    assert any("vision_model.encoder.layers.1." in name for name in names)
    assert any("text_model.encoder.layers.1." in name for name in names)
    assert not any(".layers.0." in name or "embeddings" in name for name in names)
    with pytest.raises(InvalidInput, match="train a head instead"):
        unfreeze(torch.nn.Linear(2, 2), 1)


def test_words_find_pictures_that_random_towers_could_not_tell(store, checkpoint):
    """Held-out words find their own pictures far more often than before, and frozen weights have not moved."""
    shelf = shelf_of(store, checkpoint)
    first = shelf.encoder.model.vision_model.embeddings.patch_embedding.weight.clone()
    done = tune(shelf.encoder, shelf, [], replace(SETTINGS, held_out=0.25))
    assert done.after["text_to_picture"] >= done.before["text_to_picture"] + 0.2
    assert torch.equal(first, shelf.encoder.model.vision_model.embeddings.patch_embedding.weight)


def test_boards_draw_together_what_belongs_together(store, checkpoint):
    """Boards are of one kind; held-out items find one of their board more often than the same towers without boards."""
    shelf = shelf_of(store, checkpoint)
    of_kind = [np.array([i for i, item in enumerate(shelf.ids) if f"-{kind}-" in item]) for kind in KINDS]
    settings = replace(SETTINGS, held_out=0.25, neighbour_weight=2.0)
    done = tune(shelf.encoder, shelf, of_kind, settings)
    assert done.after["board_hit"] >= done.before["board_hit"]
    vectors = torch.nn.functional.normalize(sum(_both(shelf)), dim=-1)
    alike = vectors @ vectors.T
    kinds = np.array([item.split("-")[1] for item in shelf.ids])
    colors = np.array([item.split("-")[0] for item in shelf.ids])
    same_kind = (kinds[:, None] == kinds) & (colors[:, None] != colors)
    same_color = (kinds[:, None] != kinds) & (colors[:, None] == colors)
    assert alike[torch.from_numpy(same_kind)].mean() > alike[torch.from_numpy(same_color)].mean()


def test_it_goes_on_from_its_last_validation(store, checkpoint):
    """What was reported half-way is enough to go on from, to the last step."""
    saved, seen = [], []
    settings = replace(SETTINGS, steps=40)
    shelf = shelf_of(store, checkpoint)
    tune(shelf.encoder, shelf, [], settings, lambda metrics, state: saved.append(state.to_dict()))
    again = shelf_of(store, checkpoint)
    done = tune(again.encoder, again, [], settings, lambda metrics, _: seen.append(metrics["step"]), resume=saved[0])
    assert seen == [40] and done.steps == 40


@pytest.mark.slow
def test_the_job_saves_towers_that_any_job_loads(local_ray, store):
    """They lie in the store under a name that tells their weights, and encode words and pictures like the original."""
    made = train_towers(TowerJob(store.uri, settings=replace(SETTINGS, steps=20)))
    assert made.uri.startswith(store.path(TOWERS)) and set(made.before) == set(made.after)
    base = load_base_encoder(made.uri, "cpu")
    assert base.version.startswith("siglip") and "-tuned-" in base.version
    assert base.encode_texts(["red chair"]).shape == (1, 32)
    assert tower_name(made.uri, "0123456789").count("-tuned-") == 1


def test_a_release_names_towers_by_their_place_in_the_store(store, checkpoint):
    """A store that was moved as a whole still finds its own towers; others keep their names."""
    inside = store.path(TOWERS, "mine-tuned-0123456789")
    shutil.copytree(checkpoint, inside)
    version = load_base_encoder(inside, "cpu").version
    ref = EncoderRef(base=str(store.inside(inside)), version=version)
    assert ref.base == "models/towers/mine-tuned-0123456789"
    assert load_encoder(store, ref, "cpu").version == version
    assert store.inside(checkpoint) is None and store.inside(f"{store.uri}-other/models") is None


def test_fixed_towers_say_what_to_do_instead(tmp_path):
    """The packaged encoder cannot be trained; the message names the way."""
    store = make_store(str(tmp_path / "shop"))
    live = store.current()
    other = live.model_copy(update={"id": "second", "encoder": live.encoder.model_copy(update={"base": "packaged"})})
    store.write(other)
    store.promote("second")
    with pytest.raises(InvalidInput, match="--encoder google/siglip2"):
        train_towers(TowerJob(store.uri))


def _both(shelf: TableShelf) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, texts = shelf.read(np.arange(len(shelf)))
    shelf.encoder.model.eval()
    with torch.inference_mode():
        return shelf.encoder.tower_features(shelf.encoder.image_inputs(pixels), shelf.encoder.text_inputs(texts))
