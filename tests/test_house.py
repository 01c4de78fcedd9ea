"""The house keeps its plan: imports run downwards only, rooms are named for what is in them, files are one idea."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("catalog", "navigator", "taste", "batch", "serve_app", "ui", "cluster")
MAY_IMPORT = {
    "catalog": set(),
    "navigator": {"catalog.item", "catalog.errors", "catalog.precision"},
    "taste": {"catalog.item", "catalog.errors"},
    "batch": {"catalog", "navigator", "taste"},
    "serve_app": {"catalog", "navigator", "taste"},
    "ui": set(),
    "cluster": {"catalog", "navigator", "taste", "batch", "serve_app", "ui"},
}
GROUND_FLOOR_NEVER = {"ray", "fastapi", "starlette", "gradio"}
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path):
    """A room imports only rooms below it; the ground floor knows neither Ray nor HTTP serving."""
    room = path.relative_to(ROOT).parts[0]
    for module in imports(path):
        top = module.split(".")[0]
        if top in ROOMS and top != room:
            allowed = MAY_IMPORT[room]
            assert top in allowed or module in allowed, f"{path.name} imports {module}"
        if room in ("catalog", "navigator", "taste"):
            assert top not in GROUND_FLOOR_NEVER, f"{path.name} imports {module}"


def test_no_room_for_odds_and_ends():
    """Nothing is called utils, helpers, common or manager."""
    names = {part for path in FILES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_a_file_is_one_idea():
    """No file grows past 500 lines."""
    long = {str(p.relative_to(ROOT)): n for p in FILES if (n := len(p.read_text().splitlines())) > 500}
    assert not long
