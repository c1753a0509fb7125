"""A run folder that a kill left: told as empty, or gone on with; never taken for another run."""

from __future__ import annotations

import os

import pytest

from holdfast.cli._main import main
from holdfast.core.errors import BadRun
from holdfast.tasks.echo import Echo
from holdfast.training.folder import is_empty
from holdfast.training.run import Run
from holdfast.training.settings import Settings

SETTINGS = Settings(Echo(sequences=(("a", "b"), ("b", "a"))), units=2, budget=100, seeds=1)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(*parts):
    for part in ("runs/cut", *(f"runs/cut/{part}" for part in parts)):
        if part.endswith(("lock", ".tmp")):
            open(part, "w").close()
        else:
            os.makedirs(part, exist_ok=True)


@pytest.mark.parametrize(
    "parts", [(), ("blocks",), ("blocks", "weights"), ("blocks", "weights", "lock", ".holdfast-abcdefgh.tmp")]
)
def test_a_run_that_was_killed_at_its_start_is_told_and_trained_into(parts, capsys):
    made(*parts)
    assert main(["train", "--resume", "runs/cut"]) == 2
    told = capsys.readouterr().err
    assert "runs/cut has no run that can be resumed: it was killed before it had anything to keep." in told
    assert "Delete it, or train into it: --out runs/cut." in told
    assert main(["list", "runs"]) == 0
    assert "runs/cut  empty: it was killed before it had anything to keep" in capsys.readouterr().out
    from pathlib import Path

    Run(Path("runs/cut"), SETTINGS).close()
    assert not is_empty(Path("runs/cut"))
    assert not [name for name in os.listdir("runs/cut") if name.endswith(".tmp")]


def test_a_folder_of_something_else_is_not_called_a_run(tmp_path, capsys):
    os.makedirs("runs/mine/blocks")
    (tmp_path / "runs" / "mine" / "notes.txt").touch()
    assert not is_empty(tmp_path / "runs" / "mine")
    assert main(["list", "runs", "--json"]) == 0
    assert "mine" not in capsys.readouterr().out


def test_blocks_without_settings_are_never_gone_on_with(tmp_path):
    os.makedirs(tmp_path / "run" / "blocks")
    (tmp_path / "run" / "blocks" / "000.safetensors").touch()
    assert not is_empty(tmp_path / "run")
    with pytest.raises(BadRun, match=r"has no settings, but .*000.safetensors"):
        Run(tmp_path / "run", SETTINGS)
    (tmp_path / "run" / "blocks" / "000.safetensors").unlink()
    Run(tmp_path / "run", SETTINGS).close()
