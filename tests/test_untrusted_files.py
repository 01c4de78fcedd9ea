"""No file can run code by being read: nothing is unpickled, and no text becomes a program."""

import ast
from pathlib import Path

import pytest

from tests.test_house import ROOMS, ROOT

FILES = [path for room in (*ROOMS, "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]
UNPICKLING = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
MUST_SAY = {"torch.load": ("weights_only", True)}
MUST_NOT_SAY = {"allow_pickle": True, "trust_remote_code": True, "shell": True, "use_safetensors": False}
NEVER = {"eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
         "pandas.read_pickle", "pd.read_pickle", "torch.jit.load", "torch.hub.load"}  # fmt: skip


def dangers(source: str) -> list[str]:
    """What a piece of source does that could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in UNPICKLING]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in UNPICKLING:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            said = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
            if name in NEVER:
                found.append(name)
            if name in MUST_SAY and said.get(MUST_SAY[name][0]) is not MUST_SAY[name][1]:
                found.append(f"{name} without {MUST_SAY[name][0]}={MUST_SAY[name][1]}")
            found += [f"{name}({word}={value})" for word, value in MUST_NOT_SAY.items() if said.get(word) is value]
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "import torch\ntorch.load('x', weights_only=False)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "AutoModel.from_pretrained('x', trust_remote_code=True)",
        "import yaml\nyaml.load(text)",
        "eval(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
    ],
)
def test_the_scan_finds_what_it_looks_for(source):
    """It would notice each of these."""
    assert dangers(source)


def test_nothing_that_is_read_can_run():
    """In no room: weights are safetensors or read by `weights_only`, configurations by safe loaders."""
    assert len(FILES) > 100
    found = {str(path.relative_to(ROOT)): hits for path in FILES if (hits := dangers(path.read_text()))}
    assert not found


def test_no_secret_lies_in_the_repository():
    """No file that is installed or deployed holds a key or a password."""
    files = [path for path in (*ROOT.glob("*.yaml"), *(ROOT / "cluster").glob("*"), *FILES) if Path(path).is_file()]
    for path in files:
        text = path.read_text()
        assert "wsk_0" not in text and "BEGIN PRIVATE KEY" not in text and "AKIA" not in text, path
