"""Training a composer on made-up items: shapes, colors and materials that can be read from their features."""

import numpy as np
import pytest
import torch

from batch.encoder_compose import Changes, ComposeSettings, looks, train_composer
from batch.encoder_data import TrainingItems
from catalog.encoder import Encoder, Features, normalise
from catalog.item import Item
from catalog.joint import HeadConfig, JointHead, JointNetwork

torch.set_num_threads(1)  # small matrices on busy machines: threads would wait for each other

SHAPES, COLORS, MATERIALS = ("wing", "tub", "slipper"), ("green", "red", "blue", "black"), ("velvet", "linen")
DIM = 24
_RNG = np.random.default_rng(5)
_MEANING = {word: _RNG.standard_normal(DIM).astype(np.float32) for word in (*SHAPES, *COLORS, *MATERIALS)}


def encode_texts(texts):
    """A text tower that knows these words and no others."""
    return normalise(
        np.stack([sum((_MEANING[w] for w in t.split() if w in _MEANING), np.zeros(DIM)) for t in texts]).astype(
            np.float32
        )
    )


@pytest.fixture(scope="module")
def catalogue():
    """Two armchairs of every shape, color and material; pictures show all three, words leave the shape out."""
    items, image, text = [], [], []
    for shape in SHAPES:
        for color in COLORS:
            for material in MATERIALS:
                for _ in range(2):
                    item = Item(
                        id=f"i{len(items)}",
                        title=f"{color} {material} armchair",
                        category=("Chairs", "Armchairs"),
                        colors=(color,),
                        materials=(material,),
                        attributes={"silhouette": shape, "number": str(len(items))},
                    )
                    items.append(item)
                    noise = 0.3 * _RNG.standard_normal(DIM)
                    image.append(_MEANING[shape] + _MEANING[color] + _MEANING[material] + noise)
                    text.append(_MEANING[color] + _MEANING[material])
    features = Features(*(normalise(np.array(half, dtype=np.float32)) for half in (image, text)))
    torch.manual_seed(0)
    network = JointNetwork(HeadConfig(DIM, DIM, DIM, DIM, sizes=(8, 32)))
    network.fit_whitening(torch.from_numpy(features.image), torch.from_numpy(features.text))
    training = TrainingItems([i.id for i in items], features.image.astype(np.float16), features.text.astype(np.float16))
    return items, features, JointHead(network, "base"), training


def test_a_change_keeps_kind_and_weighs_by_shape(catalogue):
    """Answers have the asked look; those of the reference's shape weigh several times as much."""
    items, *_ = catalogue
    change = Changes(items, likeness=3.0).change(0, "red")
    assert {items[i].colors[0] for i in change.answers} == {"red"}
    shapes = [items[i].attributes["silhouette"] for i in change.answers]
    same = change.weights[[s == "wing" for s in shapes]]
    other = change.weights[[s != "wing" for s in shapes]]
    assert len(same) == 4 and same.min() > 3 * other.max()


def test_drawn_words_name_what_the_reference_is_not(catalogue):
    """Nobody asks a green armchair to become green."""
    items, *_ = catalogue
    changes, rng = Changes(items, 3.0), np.random.default_rng(0)
    drawn = [change for _ in range(50) if (change := changes.draw(rng, 0))]
    assert drawn and all(change.words not in looks(items[0]) for change in drawn)
    assert {change.words for change in drawn} <= set(changes.phrases())


def test_the_composer_beats_adding_vectors(catalogue):
    """Asked for another color, more of its answers keep the shape and take the color than those of vectors added."""
    items, features, head, training = catalogue
    composer = train_composer(
        head, training, items, encode_texts, "base+head", ComposeSettings(steps=150, batch_size=32)
    )
    assert composer is not None and composer.encoder_version == "base+head"
    whole = head.fuse(features)
    nothing = np.zeros_like(features.image)
    composed = added = queries = 0.0
    for row in range(0, len(items), 5):
        for color in set(COLORS) - {items[row].colors[0]}:
            right = {
                i
                for i, item in enumerate(items)
                if item.colors == (color,) and item.attributes["silhouette"] == items[row].attributes["silhouette"]
            }
            words = encode_texts([f"in {color}"])
            sum_of_both = normalise(whole[row : row + 1] + head.fuse(Features(nothing[:1], words)))
            for vector, kind in ((composer.compose(whole[row : row + 1], words), "composed"), (sum_of_both, "added")):
                share = len(set(np.argsort(-(vector @ whole.T)[0])[:4].tolist()) & right) / 4
                composed, added = (composed + share, added) if kind == "composed" else (composed, added + share)
            queries += 1
    assert composed / queries > added / queries + 0.1 and composed / queries > 0.6


def test_a_catalogue_without_looks_teaches_no_composer(catalogue):
    """Items without colors and materials, or too few of them, give None rather than a composer that knows nothing."""
    items, _, head, training = catalogue
    bare = [item.model_copy(update={"colors": (), "materials": ()}) for item in items]
    assert train_composer(head, training, bare, encode_texts, "v") is None
    alike = [item.model_copy(update={"colors": ("red",), "materials": ()}) for item in items]
    assert train_composer(head, training, alike, encode_texts, "v") is None


class Towers:
    """A base encoder whose pictures are the rows of known features: pixel [0, 0, 0] tells which."""

    version, image_dim, text_dim, shared_space = "base", DIM, DIM, False

    def __init__(self, features: Features) -> None:
        self.features = features

    def encode_pixels(self, pixels):
        return self.features.image[pixels[:, 0, 0, 0]]

    def encode_texts(self, texts):
        return encode_texts(texts)


def test_an_encoder_with_a_composer_lets_words_change_a_picture(catalogue):
    """A picture and "in red" find red things of the picture's shape; the picture alone and the words alone do not."""
    items, features, head, training = catalogue
    settings = ComposeSettings(steps=150, batch_size=32)
    version = f"base+{head.version}"
    composer = train_composer(head, training, items, encode_texts, version, settings)
    encoder, plain = Encoder(Towers(features), head, composer), Encoder(Towers(features), head)
    vectors = head.fuse(features)
    pixels = np.zeros((1, 1, 3), np.uint8)  # item 0: a green wing chair

    def first(asked) -> list[tuple[str, str]]:
        nearest = np.argsort(-(vectors @ asked["joint_vector"][0]))[:4]
        return [(items[i].colors[0], items[i].attributes["silhouette"]) for i in nearest]

    assert first(encoder.query_vectors(text="in red", pixels=pixels)).count(("red", "wing")) >= 3
    assert first(plain.query_vectors(text="in red")).count(("red", "wing")) < 3
    alone = encoder.query_vectors(pixels=pixels)["joint_vector"][0]
    np.testing.assert_array_equal(alone, plain.query_vectors(pixels=pixels)["joint_vector"][0])
