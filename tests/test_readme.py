"""The README's own-catalogue command works as it stands there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from catalog.release import ReleaseStore

README = Path(__file__).parents[1] / "README.md"


def commands() -> list[str]:
    """All shell commands of the README, one a line."""
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(), flags=re.DOTALL)
    return [line for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_shops_export_becomes_a_release(tmp_path):
    """Someone who copies the precompute line and has the files it names gets a live release with all of their items."""
    command = next(line for line in commands() if line.startswith("python -m batch.precompute"))
    (tmp_path / "photos").mkdir()
    rows = []
    for i, color in enumerate(("red", "green", "blue")):
        Image.new("RGB", (64, 48), color).save(tmp_path / f"photos/{i}.jpg")
        rows.append({"id": i, "name": f"{color} square", "photo": f"photos/{i}.jpg", "price": "9.50"})
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arguments = [sys.executable, *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stderr
    assert ReleaseStore(tmp_path / "shop").current().items.rows == 3


def test_every_make_target_in_the_readme_exists():
    """The README promises no target that the Makefile lacks."""
    makefile = (README.parent / "Makefile").read_text()
    for target in {word for line in commands() for word in re.findall(r"^make ([a-z-]+)", line)}:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_links_lead_somewhere():
    """Every relative link and picture in the README is a file of the project."""
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
