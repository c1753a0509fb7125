"""One file is one cell or task, in our folders and in a plug-in's; nothing else has to be edited."""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from holdfast import cells, tasks
from holdfast.core.errors import BadFile, UnknownName
from holdfast.engine.network import create
from holdfast.engine.unroll import unroll

CELL = '''"""{sentence}

The rest."""
from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write
from holdfast.core.cell import Step

def step(ops, weights, x, state):
    n = ops.relu(ops.add(ops.linear(weights["x"], x)["candidate"], ops.linear(weights["h"], state.h)["candidate"]))
    return Step(n, State(n), Gates(n))
'''
TASK = '''"""Say the last of two numbers."""
from dataclasses import dataclass
from holdfast.core.task import axis
from holdfast.tasks.recall import Recall

@dataclass(frozen=True)
class Last(Recall):
    position: int = axis(2, "always the second", least=2)
    steps: int = axis(2, "always two", least=2)
'''


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Two empty plug-in folders, both named in the environment; what they bring is forgotten afterwards."""
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        (place / "cells").mkdir(parents=True)
        (place / "tasks").mkdir()
    monkeypatch.setenv("HOLDFAST_PLUGINS", f"{places[0]}:{places[1]}")
    yield places
    cells.get.cache_clear()
    tasks.get.cache_clear()
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def put(folder: Path, kind: str, name: str, text: str) -> Path:
    file = folder / kind / f"{name}.py"
    file.write_text(text)
    return file


def test_ours_are_the_files_of_the_folder():
    folder = Path(cells.__file__).parent
    assert cells.FOLDER.names() == sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    assert {"elman", "feedforward", "gru", "lstm"} <= set(cells.FOLDER.names())
    assert {"adding", "copy", "echo", "recall"} <= set(tasks.FOLDER.names())


@pytest.mark.parametrize("name", ["x" * 300, "", "../lstm", "LSTM", "a\0b"])
def test_a_name_that_no_file_can_have_is_unknown(name):
    with pytest.raises(UnknownName):
        cells.FOLDER.load(name)


@pytest.mark.parametrize("room", [cells, tasks])
def test_every_file_of_ours_loads_and_says_one_sentence(room):
    for name in room.FOLDER.names():
        assert room.get(name)
        assert room.FOLDER.sentence(name).endswith(".")


def test_a_new_cell_file_is_a_cell(plugins):
    put(plugins[1], "cells", "rectified", CELL.format(sentence="A rectified\nElman network."))
    assert "rectified" in cells.FOLDER.names()
    assert cells.FOLDER.names() == sorted(cells.FOLDER.names())
    assert cells.FOLDER.sentence("rectified") == "A rectified Elman network."
    assert cells.get("rectified").states == ("h",)
    outputs, _ = unroll(create("rectified", 1, 2, 1), jnp.ones((1, 3, 1)))
    assert outputs.shape == (1, 3, 1)


def test_a_new_task_file_is_a_task(plugins):
    put(plugins[0], "tasks", "last", TASK)
    assert "last" in tasks.FOLDER.names()
    task = tasks.get("last")()
    assert task.name == "last"
    batch = task.sample(jax.random.key(0), 2)
    assert (batch.targets[:, 1] == batch.inputs[:, 1]).all()


def test_a_name_that_no_file_has_is_refused_with_the_nearest(plugins):
    put(plugins[0], "cells", "rectified", CELL.format(sentence="S."))
    with pytest.raises(UnknownName, match="Did you mean 'rectified'"):
        cells.get("rectify")


def test_a_plugin_does_not_hide_ours_nor_an_earlier_plugin(plugins):
    put(plugins[0], "cells", "lstm", "raise RuntimeError")
    first = put(plugins[0], "cells", "mine", CELL.format(sentence="The first."))
    put(plugins[1], "cells", "mine", CELL.format(sentence="The second."))
    assert cells.FOLDER.files()["lstm"] == Path(cells.__file__).parent / "lstm.py"
    assert cells.FOLDER.load("lstm").__name__ == "holdfast.cells.lstm"
    assert cells.FOLDER.files()["mine"] == first
    assert cells.FOLDER.sentence("mine") == "The first."


def test_files_that_begin_with_an_underscore_are_no_cells(plugins):
    put(plugins[0], "cells", "_shared", "")
    assert "_shared" not in cells.FOLDER.names()


def test_a_plugin_that_does_not_import_is_a_bad_file(plugins):
    file = put(plugins[0], "cells", "broken", '"""Broken."""\nimport no_such_module\n')
    for _ in range(2):  # the second time too: nothing half-imported stays behind
        with pytest.raises(BadFile) as caught:
            cells.get("broken")
        assert caught.value.message == (
            f"the plug-in {file}, line 2, does not import: ModuleNotFoundError: No module named 'no_such_module'."
        )


def test_a_plugin_that_is_not_python_is_a_bad_file(plugins):
    file = put(plugins[0], "tasks", "foreign", "these are words")
    with pytest.raises(BadFile, match=f"{file} is not Python"):
        tasks.FOLDER.sentence("foreign")
    with pytest.raises(BadFile, match="does not import: SyntaxError"):
        tasks.get("foreign")


def test_a_cell_file_that_lacks_something_says_what(plugins):
    text = CELL.format(sentence="S.").replace("letters, ", "").replace("source, ", "")
    file = put(plugins[0], "cells", "partial", text)
    with pytest.raises(BadFile) as caught:
        cells.get("partial")
    assert caught.value.message == f"the cell {file} lacks letters, source."
    assert caught.value.fix == "cells/lstm.py is a complete example."


@pytest.mark.parametrize(("text", "count"), [("x = 1\n", 0), (TASK + TASK.replace("Last", "Other"), 2)])
def test_a_task_file_holds_exactly_one_task(plugins, text, count):
    file = put(plugins[0], "tasks", "odd", text)
    with pytest.raises(BadFile) as caught:
        tasks.get("odd")
    assert caught.value.message == f"{file} holds {count} tasks, expected one class derived from Task."


def test_a_plugin_folder_that_does_not_exist_brings_nothing(monkeypatch, tmp_path):
    before = cells.FOLDER.names()
    monkeypatch.setenv("HOLDFAST_PLUGINS", f"{tmp_path / 'nowhere'}:")
    assert cells.FOLDER.names() == before
