"""A SigLIP model small enough to train in a second, in the format of the hub, and a shop whose items it encodes."""

import io
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from catalog.encoder import load_base_encoder, spaces_of
from catalog.item import Item, embedding_text
from catalog.release import EncoderRef, Release, ReleaseStore, TableRef
from catalog.table import ItemTable, item_rows

COLORS = {"red": (200, 20, 20), "green": (20, 180, 20), "blue": (20, 20, 200), "white": (240, 240, 240)}
KINDS = ("chair", "sofa", "lamp", "table", "vase", "stool")


def save_tiny_siglip(folder: Path) -> str:
    """Random weights; words it knows are those of `make_picture_shop`."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    words = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", *COLORS, *KINDS])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = SiglipConfig(
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        text_config={**tower, "vocab_size": len(words), "max_position_embeddings": 64},
    )
    torch.manual_seed(0)
    model = SiglipModel(config)
    model.logit_scale.data.fill_(math.log(10))
    model.logit_bias.data.fill_(-4)
    model.save_pretrained(folder)
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=pictures, tokenizer=fast).save_pretrained(folder)
    return str(folder)


def make_picture_shop(folder: str, checkpoint: str, each: int = 4) -> ReleaseStore:
    """Things in four colours, told by a picture of that colour with a bar that tells the kind, and by a title."""
    store, base, rng = ReleaseStore(folder), load_base_encoder(checkpoint, "cpu"), np.random.default_rng(0)
    items, thumbnails, pixels = [], [], []
    for number in range(each):
        for color, shade in COLORS.items():
            for place, kind in enumerate(KINDS):
                items.append(Item(id=f"{color}-{kind}-{number}", title=f"{color} {kind}"))
                drawn = np.full((48, 48, 3), shade) + rng.integers(-15, 15, (48, 48, 3))
                drawn[:, place * 8 : place * 8 + 8] = 0
                picture = Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8))
                file = io.BytesIO()
                picture.save(file, "WEBP")
                thumbnails.append(file.getvalue())
                pixels.append(base.preprocess(picture))
    image, _ = base.encode_items(np.stack(pixels))
    text = base.encode_texts([embedding_text(item) for item in items])
    vectors = {"image_vector": image, "text_vector": text}
    table = ItemTable.open_or_create(store.tables_uri, "items", base.version, spaces_of(base))
    table.upsert(item_rows(items, vectors, ["a"] * len(items), thumbnails).select(table.schema.names))
    table.index()
    live = Release(
        id="first",
        created=datetime.now(UTC),
        encoder=EncoderRef(base=checkpoint, version=base.version),
        items=TableRef(name=table.name, version=table.tag("release-first"), rows=len(items)),
    )
    store.write(live)
    store.promote(live.id)
    return store
