"""One file is enough: a cell and a task in a plug-in folder are listed, shown, trained, documented and tested."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from holdfast import cells, tasks
from holdfast.cli._main import main
from holdfast.plugins import cell_laws, task_rows
from holdfast.plugins.rows import TaskSample

CELL = '''"""A leaky tanh unit with one fixed way to forget."""

from typing import NamedTuple

from holdfast.core.cell import Map, Step


class State(NamedTuple):
    h: object


class Gates(NamedTuple):
    leak: object
    candidate: object


source = "this test"
letters = {"leak": "l", "candidate": "n"}
keep, write = "leak", ""
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    l = ops.sigmoid(w["leak"])
    n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    h = ops.mix(l, state.h, n)
    return Step(h, State(h), Gates(l, n))
'''
TASK = '''"""Say what was just read, with its sign turned."""

from dataclasses import dataclass, replace

from holdfast.core.scenario import Value
from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class Opposite(Recall):
    def row(self, key, split):
        row = super().row(key, split)
        return type(row)(row.inputs, -row.targets, row.scored, row.present)

    def oracle(self, inputs):
        return -super().oracle(inputs)

    def scenario(self):
        return replace(super().scenario(), answers={"held": (Value({f"x{self.position}": -1.0}),)})
'''


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    for kind, name, text in (("cells", "leaky", CELL), ("tasks", "opposite", TASK)):
        (tmp_path / "mine" / kind).mkdir(parents=True)
        (tmp_path / "mine" / kind / f"{name}.py").write_text(text)
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    yield
    cells.get.cache_clear()
    tasks.get.cache_clear()
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def test_both_are_listed_shown_and_trained(plugged, capsys):
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    lines = [line.split(maxsplit=1) for line in listed.splitlines()]
    assert ["leaky", "A leaky tanh unit with one fixed way to forget."] in lines
    assert ["opposite", "Say what was just read, with its sign turned."] in lines
    assert main(["show", "leaky"]) == 0
    assert "  h' = l * h + (1 - l) * n\n" in capsys.readouterr().out
    assert main(["show", "opposite"]) == 0
    capsys.readouterr()
    words = ["--steps", "1", "--cell", "leaky", "--units", "6", "--seeds", "1", "--budget", "40000", "--json"]
    code = main(["train", "opposite", *words])
    done = json.loads(capsys.readouterr().out)
    assert (code, done["task"], done["cell"], done["solved"]) == (0, "opposite", "leaky", 1)
    assert main(["test", done["weights"][0]]) == 0


def test_the_generic_laws_meet_both(plugged, float64):
    assert "leaky" in cells.FOLDER.names()
    cell_laws.chunks_are_the_whole("leaky")
    cell_laws.equation_says_what_is_computed("leaky")
    task_rows.targets_are_the_oracles(TaskSample(tasks.get("opposite")(steps=2)))


def test_both_have_a_page_in_the_documentation(plugged):
    file = Path(__file__).parent.parent / "docs" / "pages.py"
    spec = importlib.util.spec_from_file_location("pages", file)
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    assert "A leaky tanh unit" in pages.cell_page("leaky")
    assert "Say what was just read" in pages.task_page("opposite")
