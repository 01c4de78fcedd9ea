"""Every job's command ends plainly: errors in one line, Ctrl-C with a word about what to do next."""

import importlib

import pytest
import ray
import typer
from typer.testing import CliRunner

from batch.command import EXIT_INTERRUPTED, ends_plainly
from catalog.errors import NotFound

NOTHING_THERE = {
    "convert": ["--base", "packaged:none", "--out", "{folder}/out"],
    "evaluate": ["--release", "{folder}"],
    "train_encoder": ["--release", "{folder}", "--head", "{folder}/head.safetensors"],
    "train_navigator": ["--release", "{folder}"],
    "train_navigator weights": ["--release", "{folder}", "--weights", "{folder}/none.safetensors"],
}


@pytest.mark.parametrize("command", NOTHING_THERE)
def test_a_mistake_is_one_line(command, tmp_path):
    """A store, a model or a file that is not there: exit status 1, what is missing, and no traceback."""
    app = importlib.import_module(f"batch.{command.split()[0]}").app
    given = [part.format(folder=tmp_path) for part in NOTHING_THERE[command]]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.count("error:") == 1 and "Traceback" not in result.output


def test_ctrl_c_says_how_to_go_on(capsys):
    """The status of an interrupted command, and its own words."""
    with pytest.raises(typer.Exit) as caught, ends_plainly("Stopped. Go on like this."):
        raise KeyboardInterrupt
    assert caught.value.exit_code == EXIT_INTERRUPTED
    assert capsys.readouterr().err.strip() == "Stopped. Go on like this."


def test_a_bug_keeps_its_traceback():
    """What nobody can do anything about is not explained away."""
    with pytest.raises(KeyError), ends_plainly():
        raise KeyError("bug")


def test_a_ray_that_was_there_stays(local_ray):
    """A command that is called within a session leaves its Ray alone."""
    with pytest.raises(typer.Exit), ends_plainly():
        raise NotFound("nothing is live")
    assert ray.is_initialized()
