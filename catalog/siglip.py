"""SigLIP and SigLIP 2 as a base encoder, by hub id or local folder (Tschannen et al., arXiv 2502.14786)."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from catalog.detail import COLOR_DIM, color_profiles
from catalog.encoder import Pixels, Vectors
from catalog.errors import InvalidInput, MissingDependency

_MAX_TOKENS = 64  # what SigLIP was trained with


class SiglipEncoder:
    """Fixed-resolution SigLIP checkpoints (`google/siglip2-base-patch16-224` and its sizes).

    Words and pictures share one space, so a query in words is compared with both the pictures and the texts of items.
    """

    shared_space = True

    def __init__(self, name: str, device: str | None = None) -> None:
        from transformers import AutoModel, AutoProcessor

        try:
            self._model = AutoModel.from_pretrained(name).eval()
            processor = AutoProcessor.from_pretrained(name)
        except OSError as error:
            raise MissingDependency(f"cannot load encoder {name!r} from the hub or as a folder: {error}") from error
        if not hasattr(self._model, "get_image_features") or not hasattr(self._model.config, "vision_config"):
            raise InvalidInput(f"{name!r} is no SigLIP-like model: it has no image and text towers")
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self._model.to(self.device, self._dtype)
        self._tokenizer = processor.tokenizer
        pictures = processor.image_processor
        self._mean = torch.tensor(pictures.image_mean, device=self.device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(pictures.image_std, device=self.device).view(1, 3, 1, 1) * 255
        self.name = name
        self.image_size = self._model.config.vision_config.image_size
        revision = getattr(self._model.config, "_commit_hash", None) or "local"
        self.version = f"{name.rstrip('/').rsplit('/', 1)[-1]}-{revision[:8]}"
        self.image_dim = self.text_dim = self._model.config.vision_config.hidden_size
        self.detail_dim = self.image_dim + COLOR_DIM

    def preprocess(self, image: Image.Image) -> Pixels:
        """RGB picture → uint8 [S, S, 3], squashed to the square as SigLIP was trained."""
        side = (self.image_size, self.image_size)
        return np.asarray(image.convert("RGB").resize(side, Image.Resampling.BICUBIC, reducing_gap=2.0))

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        batch = torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2).float()  # [n, 3, S, S]
        output = self._model.get_image_features(pixel_values=((batch - self._mean) / self._std).to(self._dtype))
        return _unit_rows(output)

    def encode_items(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """Details are the picture's vector and the colours (`catalog.detail`)."""
        vectors = self.encode_pixels(pixels)
        return vectors, np.concatenate([vectors, color_profiles(pixels)], axis=1)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        vectors = _unit_rows(self._model.get_text_features(input_ids=tokens["input_ids"].to(self.device)))
        vectors[[i for i, text in enumerate(texts) if not text]] = 0
        return vectors


def _unit_rows(output: object) -> Vectors:
    """transformers 5 returns a model output whose pooled vector is the feature; earlier releases the tensor itself."""
    pooled = getattr(output, "pooler_output", output)
    assert isinstance(pooled, torch.Tensor)
    return functional.normalize(pooled.float(), dim=-1).cpu().numpy()
