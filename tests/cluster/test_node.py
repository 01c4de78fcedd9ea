"""What cluster/node.sh installs on a bare machine, with the machine's commands replaced by ones that only note."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).parents[2] / "cluster" / "node.sh"


@pytest.fixture
def machine(tmp_path):
    """Folder of a machine without a compiler; `installed` lists what apt-get was asked for."""
    tools = tmp_path / "bin"
    for folder in (tools, tmp_path / "cluster", tmp_path / "venv" / "bin"):
        folder.mkdir(parents=True)
    for name in ("bash", "dirname", "env", "id", "touch", "grep"):
        (tools / name).symlink_to(str(shutil.which(name)))
    shutil.copy(NODE, tmp_path / "cluster")
    for path, does in {
        tmp_path / "cluster" / "setup.sh": "exit 0",
        tmp_path / "venv" / "bin" / "python": "exit 1",  # no headers
        tools / "apt-get": f'echo "$@" >> {tmp_path}/installed',
        tools / "sudo": 'shift; exec "$@"',
        tools / "add-apt-repository": "exit 0",
    }.items():
        path.write_text(f"#!{shutil.which('bash')}\n{does}\n")
        path.chmod(0o755)
    (tmp_path / "installed").touch()
    return tmp_path


def set_up(machine: Path) -> str:
    """Run node.sh there; what was installed."""
    environment = {"PATH": str(machine / "bin"), "HOME": str(machine), "WINDOWSHOP_VENV": str(machine / "venv")}
    subprocess.run([str(shutil.which("bash")), str(machine / "cluster" / "node.sh")], env=environment, check=True)
    return (machine / "installed").read_text()


def add_tool(machine: Path, name: str) -> None:
    (machine / "bin" / name).symlink_to(str(shutil.which("true")))


def test_a_node_without_a_gpu_needs_no_compiler(machine):
    assert set_up(machine) == ""


def test_a_gpu_node_gets_what_triton_compiles_with(machine):
    """Without a compiler and Python's headers vLLM ends while it starts on a GPU."""
    add_tool(machine, "nvidia-smi")
    assert {"gcc", "libc6-dev", "python3.11-dev"} <= set(set_up(machine).split())


def test_what_is_there_is_not_installed_again(machine):
    """A machine image with a compiler and headers of its own stays as it is."""
    add_tool(machine, "nvidia-smi")
    add_tool(machine, "gcc")
    python = machine / "venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 0\n")
    assert set_up(machine) == ""
