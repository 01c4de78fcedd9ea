"""SigLIP and SigLIP 2 as a base encoder, by hub id or local folder (Tschannen et al., arXiv 2502.14786)."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from catalog.detail import COLOR_DIM, color_profiles
from catalog.encoder import Pixels, Vectors
from catalog.errors import InvalidInput, MissingDependency

_MAX_TOKENS = 64  # what SigLIP was trained with
_MODEL_FILES = frozenset({".safetensors", ".bin", ".json", ".model", ".txt"})


class SiglipEncoder:
    """Fixed-resolution SigLIP checkpoints (`google/siglip2-base-patch16-224` and its sizes).

    Words and pictures share one space, so a query in words is compared with both the pictures and the texts of items.
    """

    shared_space = True

    def __init__(self, name: str, device: str | None = None) -> None:
        self.model: Any
        self.model, self._processor, revision = _load(name)
        if not hasattr(self.model, "get_image_features") or not hasattr(self.model.config, "vision_config"):
            raise InvalidInput(f"{name!r} is no SigLIP-like model: it has no image and text towers")
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self.model.to(self.device, self._dtype)
        pictures = self._processor.image_processor
        self._mean = torch.tensor(pictures.image_mean, device=self.device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(pictures.image_std, device=self.device).view(1, 3, 1, 1) * 255
        self.name = name
        self.image_size = self.model.config.vision_config.image_size
        self.version = f"{name.rstrip('/').rsplit('/', 1)[-1]}-{revision[:8]}"
        self.image_dim = self.text_dim = self.model.config.vision_config.hidden_size
        self.detail_dim = self.image_dim + COLOR_DIM

    def preprocess(self, image: Image.Image) -> Pixels:
        """RGB picture → uint8 [S, S, 3], squashed to the square as SigLIP was trained."""
        side = (self.image_size, self.image_size)
        return np.asarray(image.convert("RGB").resize(side, Image.Resampling.BICUBIC, reducing_gap=2.0))

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return _unit_rows(self.model.get_image_features(pixel_values=self.image_inputs(pixels))).cpu().numpy()

    def encode_items(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """Details are the picture's vector and the colours (`catalog.detail`)."""
        vectors = self.encode_pixels(pixels)
        return vectors, np.concatenate([vectors, color_profiles(pixels)], axis=1)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        vectors = _unit_rows(self.model.get_text_features(input_ids=self.text_inputs(texts))).cpu().numpy()
        vectors[[i for i, text in enumerate(texts) if not text]] = 0
        return vectors

    def image_inputs(self, pixels: Pixels) -> Tensor:
        """uint8 [n, S, S, 3] → what the picture tower reads, [n, 3, S, S] on its device."""
        batch = torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2).float()
        return ((batch - self._mean) / self._std).to(self._dtype)

    def text_inputs(self, texts: Sequence[str]) -> Tensor:
        """n texts → token ids, int64 [n, 64] on the text tower's device."""
        tokens = self._processor.tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        ids: Tensor = tokens["input_ids"].to(self.device)
        return ids

    def tower_features(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Unit features [n, D] of n pictures' and n texts' inputs, with gradients where they are wanted."""
        pictures = self.model.get_image_features(pixel_values=images)
        return _unit_rows(pictures), _unit_rows(self.model.get_text_features(input_ids=tokens))

    def use_full_precision(self) -> None:
        """Weights in float32, as training needs them."""
        self._dtype = torch.float32
        self.model.to(self._dtype)

    def save(self, folder: str) -> None:
        """Write weights, configuration and preprocessing, so that `SiglipEncoder(folder)` loads them."""
        self.model.save_pretrained(folder)
        self._processor.save_pretrained(folder)


def _load(name: str) -> tuple[Any, Any, str]:
    """Model, processor and revision from the hub, a folder, or a folder at a URI."""
    from transformers import AutoModel, AutoProcessor

    try:
        with tempfile.TemporaryDirectory(prefix="windowshop-") as copy:
            if "://" in name:
                files, root = fsspec.core.url_to_fs(name)
                files.get(root.rstrip("/") + "/", copy, recursive=True)
                name = copy
            model, processor = AutoModel.from_pretrained(name).eval(), AutoProcessor.from_pretrained(name)
            revision = getattr(model.config, "_commit_hash", None) or _content_digest(Path(name))
            return model, processor, revision
    except OSError as error:
        raise MissingDependency(f"cannot load encoder {name!r} from the hub or as a folder: {error}") from error


def _content_digest(folder: Path) -> str:
    """Of weights, configuration, preprocessing and words of a model that has no commit of the hub to name it.

    The folder's name does not tell its weights apart from those that lay there before. A gigabyte takes about a second.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in _MODEL_FILES):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _unit_rows(output: object) -> Tensor:
    """transformers 5 returns a model output whose pooled vector is the feature; earlier releases the tensor itself."""
    pooled = getattr(output, "pooler_output", output)
    assert isinstance(pooled, Tensor)
    return functional.normalize(pooled.float(), dim=-1)
