"""Plug-ins are verified before they are believed: the planted offenders are refused with their reason, whole ones pass,
and no verb says anything of a wrong one, nor ends in a traceback."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import pytest

from holdfast import cells, tasks
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.cli._main import main
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.interpreter import interpret
from holdfast.construction.program import RegisterProgram
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.scenario import Edge, Lengths, Scenario, Value, point
from holdfast.core.task import axis
from holdfast.engine.files import save
from holdfast.plugins import cells as cell_laws
from holdfast.plugins import tasks as task_laws
from holdfast.plugins.verified import verified, verified_cell
from holdfast.studies.check_plugin import check_plugin
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings
from tests import test_every_cell, test_every_task
from tests.conftest import OFFENDERS
from tests.networks import random_network
from tests.test_plugins import CELL, TASK

pytestmark = pytest.mark.usefixtures("quick_to_compile")
MANY = 2000
"""Rows of a split: enough for every planted fault."""
PROGRAM = '''"""The number with its sign turned: recall's latch, read out times -1."""

from holdfast.construction.program import RegisterProgram
from holdfast.core.scenario import drawn


def program(task, cell):
    made = RegisterProgram()
    x = made.real("x", *drawn(*task.range))
    kept = made.latch("first", x, when=~made.flag("started", after=1), writes=1)
    made.output(kept * {factor})
    return made
'''


@pytest.fixture
def plug(tmp_path, monkeypatch):
    """Puts a file into a plug-in folder: ``plug("tasks", "mine", text)``."""
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)

    def put(kind: str, name: str, text: str) -> Path:
        file = tmp_path / "mine" / kind / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    yield put
    cells.get.cache_clear()
    tasks.get.cache_clear()
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def failures(file: Path) -> dict[str, str]:
    return {check.check: check.found for check in check_plugin(file, many=MANY).checks if check.fails}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offender", "check", "words"),
    [
        ("asks_in_padding", "shapes", "padding is scored"),
        ("wrong_answer", "paths", "another answer at step 10 than ['held']"),
        ("wrong_oracle", "oracle", "the oracle finds"),
    ],
)
def test_a_wrong_task_is_refused_with_its_reason(offender, check, words, offenders):
    assert words in failures(OFFENDERS / "tasks" / f"{offender}.py")[check]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offender", "check", "words"),
    [
        ("nameless", "names", "letters are for candidate, forget, gates are candidate"),
        ("other_sets", "bounds", "state h at step 1"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_reason(offender, check, words, offenders):
    assert words in failures(OFFENDERS / "cells" / f"{offender}.py")[check]


def test_every_law_that_has_a_planted_offender_is_applied():
    """``test_every_task.py`` and ``test_every_cell.py`` hold that each of these laws catches its offender."""
    for module, test, applied in (
        (test_every_task, "test_a_law_catches_the_task_that_breaks_it", task_laws.LAWS),
        (test_every_cell, "test_a_law_catches_the_cell_that_breaks_it", cell_laws.LAWS),
    ):
        marks = [mark for mark in getattr(module, test).pytestmark if mark.name == "parametrize"]
        planted = {case[0] for case in marks[0].args[1]}
        assert planted <= set(applied.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offender", "words"),
    [
        ("second_number", "the program gives"),
        ("narrow_lead", "leads by 2, declared 4"),
    ],
)
def test_a_wrong_construction_is_refused_with_its_reason(offender, words, offenders):
    assert words in failures(OFFENDERS / "constructions" / f"{offender}.py")["program on lstm"]


@pytest.mark.slow
def test_whole_plug_ins_pass_every_check_and_are_constructed(plug, capsys):
    files = [
        plug("cells", "leaking", CELL.replace("this test", "this test, 2026")),
        plug("tasks", "turned", TASK),
        plug("constructions", "turned", PROGRAM.format(factor=-1.0)),
    ]
    for file in files:
        report = check_plugin(file, many=MANY)
        assert report.passes, [check for check in report.checks if check.fails]
    assert {check.verdict for check in report.checks} == {"passes"}
    assert main(["construct", "turned", "--steps", "20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["claim"]["error"] < 0.05
    plug("constructions", "turned", PROGRAM.format(factor=1.0))
    del sys.modules["holdfast_plugins.constructions.turned"]
    assert main(["construct", "turned", "--steps", "20"]) == 2
    told = capsys.readouterr()
    assert "Claim" not in told.out
    assert "is refused: program on lstm: rows of" in told.err
    assert "holdfast check-plugin" in told.err


def test_a_file_outside_of_the_plug_in_folder_is_checked_by_its_kind(tmp_path, capsys):
    file = tmp_path / "my-verb.py"
    file.write_text('"""Do nothing."""\n\n\ndef configure(parser, words): ...\n')
    assert main(["check-plugin", str(file), "--kind", "verb", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["name"], told["passes"]) == ("verb", "my-verb", False)
    assert told["checks"][1] == {"check": "definition", "verdict": "fails", "found": "the file lacks run"}
    file.write_text(file.read_text() + "\n\ndef run(args): ...\n")
    assert main(["check-plugin", str(file), "--kind", "verb"]) == 0
    assert "every check passes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "more", "words"),
    [
        ("tasks/mine.py", "import gone", [], "line 1, does not import: ModuleNotFoundError: No module named 'gone'."),
        ("tasks/mine.py", "raise SystemExit(3)", [], "does not import: SystemExit: 3."),
        ("tasks/Mine.py", "", [], "starts with a lower-case letter"),
        ("tasks/recall.py", "", [], "the package already has a task 'recall'"),
        ("mine.py", "", [], "does not give its kind"),
        ("mine.py", "", ["--kind", "cel"], "--kind is 'cel', expected one of cell, block,"),
        ("tasks/mine.txt", "", [], "is not a Python file"),
    ],
)
def test_what_is_no_plug_in_is_a_mistake(name, text, more, words, tmp_path, capsys):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    assert main(["check-plugin", str(file), *more]) == 2
    assert words in capsys.readouterr().err


def test_a_wrong_task_is_neither_trained_nor_certified_nor_checked(offenders):
    wrong = tasks.get("wrong_answer")(steps=3)
    with pytest.raises(BadFile, match=r"'wrong_answer' in .* is refused: paths: row 0 of train has another answer"):
        verified(wrong)
    network = random_network("elman", 1, 2, 1, dtype=jnp.float32)
    with pytest.raises(BadFile, match="is refused"):
        prove(network, wrong)
    right = prove(network, Recall(steps=3), tolerance=50.0).certificate
    assert right is not None
    with pytest.raises(BadFile, match="is refused"):
        check({**right, "claim": {**right["claim"], "task": "wrong_answer"}}, network)
    with pytest.raises(BadFile, match="is refused"):
        train_networks(Settings(wrong, units=2, seeds=1, budget=1))
    with pytest.raises(BadFile, match="is refused"):
        construct(wrong, "lstm", units=8, steps=3, tolerance=0.05)


def test_a_wrong_cell_is_not_trained(offenders):
    with pytest.raises(BadFile, match=r"'nameless' in .* is refused: names: letters are for candidate, forget"):
        verified_cell("nameless")
    with pytest.raises(BadFile, match="is refused"):
        train_networks(Settings(Recall(steps=2), cell="mixed_rows", units=2, seeds=1, budget=1))


def test_ours_and_whole_plug_ins_are_believed(plug):
    assert verified(Recall()).name == "recall"
    assert verified_cell("lstm") == "lstm"
    plug("tasks", "against", TASK)
    plug("cells", "leaky_too", CELL)
    assert verified(tasks.get("against")(steps=3)).longest == 3
    assert verified_cell("leaky_too") == "leaky_too"


@dataclass(frozen=True)
class Listed(Recall):
    """A caller's own task, whose axis is no value that can be hashed."""

    extra: object = axis(None, "anything")


def test_a_callers_own_task_is_verified_too():
    assert verified(Listed(steps=2)).steps == 2
    with pytest.raises(BadValue, match="an axis cannot be hashed"):
        verified(Listed(steps=2, extra=[1]))


BODIES = {
    "lacks": (
        "@dataclass(frozen=True)\nclass Mine(Task):\n    steps: int = axis(3, 'steps')\n    length_axis = 'steps'\n",
        "lacks chance, criterion",
    ),
    "unfrozen": ("class Mine(Recall):\n    pass\n", "is no frozen dataclass"),
    "without_axes": ("@dataclass(frozen=True)\nclass Mine(Task):\n    pass\n", "has no axes"),
    "plain_field": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    more: int = 3\n",
        "has the field 'more', which is not made with axis(default, help)",
    ),
    "odd_length": ("@dataclass(frozen=True)\nclass Mine(Recall):\n    length_axis = 'size'\n", "'length_axis' 'size'"),
    "unknown_loss": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    loss = 'hinge'\n",
        "the loss is 'hinge', expected one of binary_cross_entropy",
    ),
    "shapeless": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    inputs = 2\n",
        "inputs has the shape (10, 1), expected (10, 2)",
    ),
    "rowless": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    def row(self, key, split):\n        return {}\n",
        "expected a Batch",
    ),
    "raises": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    def scenario(self):\n        return 1 / 0\n",
        "scenario: raises ZeroDivisionError: division by zero (line 10)",
    ),
    "box": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    def scenario(self):\n        return Box((1.0,), (0.0,))\n",
        "a box goes from 1 to 0, expected the smaller number first",
    ),
    "baseline": (
        "@dataclass(frozen=True)\nclass Mine(Recall):\n    def mistakes(self):\n        return self.gone\n",
        "raises AttributeError: 'Mine' object has no attribute 'gone' (line 10), made with {}",
    ),
}
HEAD = '''"""Mine."""
from dataclasses import dataclass
from holdfast.core.scenario import Box
from holdfast.core.task import Task, axis
from holdfast.tasks.recall import Recall

'''


@pytest.mark.parametrize("name", BODIES)
def test_a_task_that_is_not_whole_is_told_as_a_mistake(name, plug, capsys):
    text, words = BODIES[name]
    plug("tasks", name, HEAD + text)
    for command in (["show", name], ["train", name, "--seeds", "1"]):
        assert main(command) == 2
        told = capsys.readouterr()
        assert words in told.err, command
        assert "Traceback" not in told.err + told.out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lacks", "unknown_loss"])
def test_every_verb_that_takes_a_task_tells_it(name, plug, capsys, tmp_path):
    plug("tasks", name, HEAD + BODIES[name][0])
    save(random_network("gru", 1, 2, 1, dtype=jnp.float32), tmp_path / "net.safetensors", {})
    net, task = str(tmp_path / "net.safetensors"), ["--task", name]
    for verb in ("test", "certify", "refute", "explain"):
        assert main([verb, net, *task]) == 2, verb
        assert BODIES[name][1] in capsys.readouterr().err, verb
    for command in (["construct", name], ["tune", name], ["compare", *task, "--cells", "gru", "--yes"]):
        assert main(command) == 2, command
        assert BODIES[name][1] in capsys.readouterr().err, command


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('maps = (Map(Gates._fields, "x", bias=True), ', "maps = ("), "'maps' has none of the input x"),
        (('letters = {"leak": "l", "candidate": "n"}', "letters = 'ln'"), "'letters' is no dict of one letter"),
        (('"h", bias=False', '"h g", bias=False'), "BadValue: a map reads 'h g', expected the name of a value"),
        (("return Step(h, State(h), Gates(l, n))", "return h"), "step: the step gives a ArrayImpl, expected a Step"),
        (('w["leak"]', 'w["leek"]'), "step: raises KeyError: 'leek' (line 25)"),
        (("def step", "def stop"), "lacks step"),
    ],
)
def test_a_cell_that_is_not_whole_is_told_as_a_mistake(change, words, plug, capsys, request):
    name = f"odd{abs(hash(change))}"
    plug("cells", name, CELL.replace(*change))
    for command in (["show", name], ["train", "recall", "--cell", name, "--seeds", "1"]):
        assert main(command) == 2
        assert words in capsys.readouterr().err, command


def test_an_axis_with_the_name_of_a_flag_is_told(plug, capsys):
    plug("tasks", "flagged", HEAD + "@dataclass(frozen=True)\nclass Mine(Recall):\n    cell: int = axis(1, 'cell')\n")
    assert main(["train", "flagged"]) == 2
    assert "has the axis 'cell', which is a flag of 'holdfast train'" in capsys.readouterr().err


def test_a_broken_plug_in_stops_neither_list_nor_doctor(plug, capsys):
    broken = plug("cells", "broken", '"""Broken."""\nimport no_such_module\n')
    foreign = plug("tasks", "foreign", "these are words")
    assert main(["list"]) == 0
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["broken", "does not import: ModuleNotFoundError: No module named 'no_such_module'."] in listed
    assert any(line[0] == "foreign" and line[1].startswith("does not import: SyntaxError") for line in listed)
    main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)["plugins"]
    assert "No module named 'no_such_module'" in told[str(broken)]
    assert "SyntaxError" in told[str(foreign)]


def test_an_answer_at_the_start_is_no_row_of_no_steps():
    scenario = Scenario("a", (Edge("a", "a", (point(1.0),)),), {"a": (Value({}, 1.0),)}, {}, 3)
    found = refute(
        random_network("elman", 1, 2, 1, dtype=jnp.float32), scenario, Lengths("up to", 1, 3), float("inf"), tries=64
    )
    assert 1 <= len(found.inputs) <= 3


def one_latch(writes: int | None = None) -> RegisterProgram:
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("mark", 0, 1)
    program.output(program.latch("kept", x, when=program.reads("mark"), writes=writes))
    return program


def test_a_program_is_interpreted_as_it_is_written():
    inputs = [[0.5, 0], [0.25, 1], [0.75, 0], [-1, 1]]
    assert interpret(one_latch(), inputs)[:, 0].tolist() == [0, 0.25, 0.25, -1]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([[0.5, 1], [0.5, 1]], "the register 'kept' is written 2 times by step 2, at most 1 are declared"),
        ([[1.5, 0]], "the channel 'x' reads 1.5, which is outside its declared values"),
        ([[0.5, 0.5]], "the channel 'mark' reads 0.5, which is outside its declared values"),
        ([[0.5]], "the program has 2 channels, but the inputs have 1"),
    ],
)
def test_a_program_is_held_to_what_it_declares(inputs, words):
    with pytest.raises(BadValue, match=words):
        interpret(one_latch(writes=1), inputs)
