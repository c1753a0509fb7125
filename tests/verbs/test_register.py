"""Cells, blocks, tasks and components without files: registered, trained, saved, checked; replaced, and refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import pytest

import holdfast
from holdfast import cells, tasks
from holdfast.core import entry_points, registered
from holdfast.core.cell import Map, Step
from holdfast.core.fields import setting
from holdfast.core.ops import Value
from holdfast.core.task import axis
from holdfast.tasks.recall import Recall
from holdfast.training.stops import StoppingRule


class LeakyUnit:
    """Leaky unit, with one gate that keeps."""

    class State(NamedTuple):
        h: Value

    class Gates(NamedTuple):
        keep: Value
        candidate: Value

    source = "a notebook, 2026"
    letters = {"keep": "f", "candidate": "n"}  # noqa: RUF012
    keep, write = "keep", ""
    maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))

    def step(ops, weights, x, state):  # noqa: N805
        w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
        f = ops.sigmoid(ops.add(w["keep"], u["keep"]))
        n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
        h = ops.mix(f, state.h, n)
        return Step(h, LeakyUnit.State(h), LeakyUnit.Gates(f, n))


@dataclass(frozen=True)
class RecallTwice(Recall):
    """Recall, under another name."""

    steps: int = axis(2, "length", least=2)


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    monkeypatch.setattr(registered, "_found", {})
    registered.forget()
    yield
    registered.forget()


def leaky(name="LeakyUnit", **changed):
    return type(name, (LeakyUnit,), {"__doc__": LeakyUnit.__doc__, **changed})


def test_a_cell_of_a_session_trains_and_is_saved_with_its_text(tmp_path):
    done = holdfast.train("recall", steps=2, cell=LeakyUnit, units=4, seeds=1, budget=500)
    holdfast.save(done.networks[0], tmp_path / "n.safetensors", done.settings.origin("a notebook", 0))
    again, origin = holdfast.load(tmp_path / "n.safetensors")
    assert again == done.networks[0]
    assert again.cell_name == origin["settings"]["cell"] == "leaky_unit"
    assert origin["definitions"]["cells/leaky_unit"].startswith("class LeakyUnit:")
    assert holdfast.show(LeakyUnit).as_json()["title"] == "Leaky unit, with one gate that keeps."

    registered.put("cells", "leaky_unit", None)  # as in a process that has not registered it
    with pytest.raises(holdfast.Problem, match=r"no cell named 'leaky_unit'.* prints its definition"):
        holdfast.load(tmp_path / "n.safetensors")
    shown = holdfast.show(tmp_path / "n.safetensors")
    assert any("ops.mix(f, state.h, n)" in getattr(part, "text", "") for part in shown.parts())


def test_a_new_definition_replaces_the_old_one():
    inputs = jnp.ones((1, 4, 1))
    network = holdfast.build(leaky(), inputs=1, units=3, outputs=1)
    before = holdfast.unroll(network, inputs)[0]

    def step(ops, weights, x, state):
        made = LeakyUnit.step(ops, weights, x, state)
        return made._replace(output=ops.negative(made.output))

    assert holdfast.register(leaky(step=step)) is not LeakyUnit
    after = holdfast.unroll(network, inputs)[0]
    bias = network.readout.bias
    assert jnp.allclose(after - bias, bias - before, atol=1e-6)
    assert jnp.abs(after - before).max() > 1e-3


def test_names_that_are_taken_and_definitions_that_lack_something_are_refused():
    with pytest.raises(holdfast.Problem, match="holdfast has a cell named 'lstm' already"):
        holdfast.register(leaky("Lstm"))
    with pytest.raises(holdfast.Problem, match=r"the cell class Empty lacks State, Gates.*lstm.py"):
        holdfast.register(type("Empty", (), {}))
    assert "empty" not in cells.FOLDER.names()
    with pytest.raises(holdfast.Problem, match="register was given 'lstm', expected a class"):
        holdfast.register("lstm")
    with pytest.raises(holdfast.Problem, match="would be named '_leaky', expected small letters"):
        holdfast.register(leaky("_Leaky"))
    with pytest.raises(holdfast.Problem, match=r"--cell is 3, expected text"):
        holdfast.train("recall", cell=3)


def test_a_cell_that_breaks_a_law_is_not_trained():
    holdfast.register(leaky("WrongUnit", letters={"keep": "f", "candidate": "f"}))
    with pytest.raises(
        holdfast.Problem, match=r"the cell 'wrong_unit' in .* is refused: names: two gates share a letter"
    ):
        holdfast.train("recall", steps=2, cell="wrong_unit", seeds=1, budget=500)


def test_a_cell_object_and_a_changed_one_are_taken():
    from dataclasses import replace

    assert holdfast.build(cells.get("gru"), inputs=1, units=3, outputs=1).cell_name == "gru"
    mine = replace(cells.get("gru"), name="my_gru", title="A GRU of mine.")
    assert holdfast.build(mine, inputs=1, units=3, outputs=1).cell.title == "A GRU of mine."
    with pytest.raises(holdfast.Problem, match="holdfast has a cell named 'gru'"):
        holdfast.build(replace(mine, name="gru"), inputs=1, units=3, outputs=1)


def test_a_task_class_and_its_objects_are_taken():
    done = holdfast.train(RecallTwice, steps=3, units=4, seeds=1, budget=300)
    assert done.as_json()["task"] == "recall_twice"
    assert holdfast.train(RecallTwice(steps=3), units=4, seeds=1, budget=300).as_json() == done.as_json()
    assert tasks.get("recall_twice") is RecallTwice


def test_a_block_and_a_stopping_rule_are_registered():
    from holdfast.blocks import mlp

    @holdfast.register
    @dataclass(frozen=True)
    class AfterChecks(StoppingRule):
        """Stop after some evaluations."""

        checks: int = setting(2, "evaluations", least=1)

        def ends(self, check):
            return len(check.earlier) + 1 >= self.checks

    names = [word for word in vars(mlp) if not word.startswith("__")]
    block = type("MyMlp", (), {"__doc__": mlp.__doc__, **{word: getattr(mlp, word) for word in names}})
    done = holdfast.train(
        "recall", steps=2, block=holdfast.register(block), units=4, seeds=1, budget=5000, stop="after_checks+checks=1"
    )
    assert done.settings.cell_name == "my_mlp(lstm)"
    assert len(done.history) == 1


def test_an_entry_point_is_listed_without_its_package_and_built(tmp_path, monkeypatch):
    package = tmp_path / "their_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "leaky.py").write_text((cells.FOLDER.path / "gru.py").read_text())
    info = tmp_path / "their-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[holdfast.cells]\ntheir_gru = their_package.leaky\nbroken = nowhere.at:All\n"
    )
    environment = {"PATH": "", "PYTHONPATH": f"{tmp_path}:{Path(holdfast.__file__).parent.parent}"}
    program = (
        "import sys; from holdfast.cli import _main; _main.main(['list', 'cells']); assert 'jax' not in sys.modules"
    )
    listed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert listed.returncode == 0, listed.stderr
    assert cells.FOLDER.sentence("gru")[:40] in next(line for line in listed.stdout.splitlines() if "their_gru" in line)

    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry_points._all.cache_clear()
    try:
        assert holdfast.build("their_gru", inputs=1, units=2, outputs=1).cell.gates == ("reset", "update", "candidate")
        with pytest.raises(
            holdfast.Problem, match=r"the entry point 'broken' of holdfast.cells, nowhere.at:All, does not"
        ):
            holdfast.build("broken", inputs=1, units=2, outputs=1)
        with pytest.raises(holdfast.Problem, match=r"leaky.py defines a cell named 'their_gru' already"):
            holdfast.register(leaky("TheirGru"))
    finally:
        entry_points._all.cache_clear()
        entry_points._file_of.cache_clear()


def test_what_other_processes_cannot_import_is_refused():
    assert registered.references({"cell": "lstm", "task": {"name": "recall"}}) == []
    holdfast.register(LeakyUnit)
    settings = {"cell": "stack(leaky_unit,gru)", "task": {"name": "recall"}}
    found = registered.references(settings)
    assert found == [("cells", "leaky_unit", __name__, "LeakyUnit")]
    registered.put("cells", "leaky_unit", None)
    registered.restore(found)
    assert cells.get("leaky_unit").step is LeakyUnit.step
    holdfast.register(leaky())
    with pytest.raises(holdfast.Problem, match="'leaky_unit' was defined in this session, and other processes"):
        registered.references(settings)
