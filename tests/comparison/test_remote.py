"""What a worker on a cluster sends to the driver, and from what it continues; Ray itself is stood in for."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from holdfast.comparison.executors import environment, remote
from holdfast.comparison.executors.remote import CHECKPOINT, Mailbox, read_checkpoint, write_checkpoint
from holdfast.comparison.executors.units import divide
from holdfast.comparison.executors.worker import train
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.tasks.echo import Echo
from holdfast.training.settings import Settings


@pytest.fixture
def ray(monkeypatch):
    """A cluster in this process: an actor is the object, and a call is done at once."""
    stood_in = SimpleNamespace(get=lambda reference: reference)
    monkeypatch.setitem(sys.modules, "ray", stood_in)
    monkeypatch.setattr(remote, "TELL_SECONDS", 0.0)
    return stood_in


class Actor:
    """A mailbox that asks the worker to stop with message number ``stops_at``."""

    def __init__(self, stops_at=None):
        self.box, self.stops_at = Mailbox(), stops_at
        self.kinds = []
        self.put = SimpleNamespace(remote=self._put)

    def _put(self, unit, kind, content):
        self.kinds.append(kind)
        if len(self.kinds) - 1 == self.stops_at:
            self.box.stop()
        json.dumps([point for point, _ in content] if kind == "points" else "")  # plain values
        return self.box.put(unit, kind, content)


@pytest.fixture(scope="module")
def unit():
    task = Echo(sequences=(("a", "b"), ("b", "a")))
    base = Settings(task, "gru", 4, seeds=3, budget=3000, engine="loop")
    return divide(Grid(base, {"learning_rate": (0.003,)}).configurations())[0]


def points(messages):
    found = [(Result.from_json(point), file) for _, kind, sent in messages if kind == "points" for point, file in sent]
    return {result.seed: (result.verdict, result.sequences, result.loss, file) for result, file in found}


def trained(unit, actor, checkpoint=()):
    settings = json.dumps(unit.configuration.settings.as_json())
    return remote.train_remotely(settings, [], unit.configuration.key, unit.numbers, dict(checkpoint), actor)


@pytest.fixture(scope="module")
def whole(unit):
    """The points of the unit trained here."""
    found = []
    assert train(unit, on_points=found.extend)
    return {f.result.seed: (f.result.verdict, f.result.sequences, f.result.loss, f.network) for f in found}


def test_points_arrive_one_by_one_and_are_those_of_one_machine(ray, unit, whole):
    actor = Actor()
    assert trained(unit, actor)
    messages = actor.box.take()
    assert points(messages) == whole
    assert actor.kinds.count("points") == len({outcome[1] for outcome in whole.values()}) > 1
    assert "at" in actor.kinds
    assert actor.box.take() == []


def test_a_stopped_unit_sends_its_checkpoint_and_continues_to_the_same_bits(ray, unit, whole, tmp_path):
    uninterrupted = Actor()
    assert trained(unit, uninterrupted)
    stopped = Actor(stops_at=len(uninterrupted.kinds) // 2)
    assert not trained(unit, stopped)
    messages = stopped.box.take()
    *_, (name, kind, files) = messages
    assert (name, kind) == (unit.name, "checkpoint")
    assert tuple(files) == CHECKPOINT
    before = points(messages)
    write_checkpoint(tmp_path / name, files)
    assert read_checkpoint(tmp_path / name) == files
    resumed = Actor()
    assert trained(unit, resumed, files)
    assert {**before, **points(resumed.box.take())} == whole
    assert resumed.kinds.count("at") < uninterrupted.kinds.count("at")  # it did not start again
    here = []
    assert train(unit, on_points=here.extend, folder=tmp_path / name)  # a local worker continues it too
    assert {f.result.seed: f.network for f in here} == {seed: found[3] for seed, found in whole.items()}


def test_half_a_checkpoint_is_none(tmp_path):
    write_checkpoint(tmp_path / "unit", {CHECKPOINT[0]: b"{}"})
    assert read_checkpoint(tmp_path / "unit") == {}


def test_plug_ins_are_shipped_with_the_package(tmp_path, monkeypatch):
    for name in ("mine", "yours"):
        (tmp_path / name / "cells" / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "cells" / f"{name}.py").write_text("")
    (tmp_path / "copy").mkdir()
    monkeypatch.setenv("HOLDFAST_PLUGINS", os.pathsep.join(str(tmp_path / name) for name in ("mine", "yours")))
    shipped = environment.shipped(tmp_path / "copy")
    (package,) = shipped["py_modules"]
    assert os.path.isfile(os.path.join(package, "comparison/executors/remote.py"))
    assert shipped["working_dir"] == str(tmp_path / "copy")
    assert shipped["env_vars"] == {"HOLDFAST_PLUGINS": f"0{os.pathsep}1"}
    files = {file.relative_to(tmp_path / "copy").as_posix() for file in (tmp_path / "copy").rglob("*.py")}
    assert files == {"0/cells/mine.py", "1/cells/yours.py"}
    assert not list((tmp_path / "copy").rglob("__pycache__"))
    monkeypatch.delenv("HOLDFAST_PLUGINS")
    assert set(environment.shipped(tmp_path)) == {"py_modules", "excludes"}


ALONE = """
import importlib.metadata, re, sys
from holdfast.comparison.executors.environment import NEEDED

shipped, waiting = set(), [name.lower() for name in NEEDED]
while waiting:
    name = waiting.pop()
    if name not in shipped:
        shipped.add(name)
        lines = [line for line in importlib.metadata.requires(name) or [] if "extra ==" not in line]
        waiting += [re.match("[A-Za-z0-9_.-]+", line)[0].lower().replace("_", "-") for line in lines]
of = importlib.metadata.packages_distributions()

class Absent:
    def find_spec(self, name, path=None, target=None):
        owners = {owner.lower().replace("_", "-") for owner in of.get(name, ())}
        if owners and "." not in name and not owners & (shipped | {"holdfast-rnn"}):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from holdfast.comparison.executors.units import divide
from holdfast.comparison.executors.worker import prepare, train
from holdfast.comparison.grid.grid import Grid
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings

prepare(1)
base = Settings(Recall(steps=3), "lstm", 2, seeds=1, budget=100)
done = []
train(divide(Grid(base, {"learning_rate": (0.01,)}).configurations())[0], on_points=done.extend)
print(len(done))
"""


@pytest.mark.slow
def test_a_unit_trains_where_nothing_is_installed_but_what_is_shipped():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr
