"""What a command prints is true of what it did: each sentence that once was misleading, with the case that shows it."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from holdfast.certification.refute import Refutation
from holdfast.cli._main import main
from holdfast.construction.evaluation.construction import construct, gate_rows
from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.fields import field_infos
from holdfast.core.rates import Rate
from holdfast.core.results import Table, Text
from holdfast.demonstration.arrays import arrays
from holdfast.demonstration.demonstrate import SEQUENCES, SuccessRate
from holdfast.demonstration.parts import _why
from holdfast.demonstration.predictions import why_control_fails
from holdfast.engine.initialise import build
from holdfast.engine.network import create
from holdfast.explanation.diagnostics import capacity
from holdfast.explanation.subject import examine
from holdfast.report import terminal
from holdfast.tasks.copy import Copy
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.block import Outcome
from holdfast.training.judge import judge
from holdfast.training.result import Training, tune_command
from holdfast.training.settings import Settings

DONE = SimpleNamespace(interrupted=False, best=None)
GIVEN = Echo(sequences=(("a", "b", "a"), ("b", "b", "b")))


def rate(update: str, solved: int, reach: tuple[float, ...]) -> SuccessRate:
    return SuccessRate(update, "fixed", 250, Rate(solved, 8), reach)


def said(training: Training) -> str:
    return "\n".join(getattr(part, "text", "") for part in training.parts())


def test_given_sequences_are_not_called_fresh():
    assert str(GIVEN.criterion) == "accuracy at least 1 on the 2 given sequences"
    assert str(Echo().criterion).endswith("fresh sequences")


def test_axes_that_do_not_apply_are_left_out():
    assert said(Training(Settings(GIVEN), (), {}, ())).startswith("echo: sequences a,b,a b,b,b, accuracy 1\n")
    assert "distractors" in said(Training(Settings(Echo()), (), {}, ()))
    assert "distractors" not in said(Training(Settings(Echo(variant="shared", symbols=4)), (), {}, ()))
    assert "tolerance" not in said(Training(Settings(Copy()), (), {}, ()))
    assert "accuracy" not in said(Training(Settings(Copy(variant="reals")), (), {}, ()))


def test_networks_that_never_started_have_no_figures():
    nan = float("nan")
    outcomes = (Outcome(0, "interrupted", 0, nan, nan, nan), Outcome(1, "nan", 64, nan, nan, nan))
    table = next(part for part in Training(Settings(Echo()), outcomes, {}, (), True).parts() if isinstance(part, Table))
    assert table.rows[0] == ("0", "interrupted", "0", "-", "-")
    assert table.rows[1] == ("1", "nan", "64", "nan", "nan")


def test_a_training_that_failed_names_the_next_command():
    outcomes = (Outcome(0, "solved", 64, 0.1, 0.0, 1.0), Outcome(1, "not solved", 1000, 0.5, 0.0, 0.5))
    failed = Training(Settings(Echo(), budget=1000), outcomes, {}, (), weights=("w0", "w1"))
    text = said(failed)
    assert "Try more sequences: --budget 10000\n" in text
    assert "holdfast tune echo --cell lstm\n" in text
    assert text.endswith("Or look at one: holdfast explain w1")
    assert "holdfast tune" not in said(replace(failed, outcomes=outcomes[:1]))


def test_the_search_that_a_failed_training_names_has_its_setting(monkeypatch):
    """The flags, read again by the command line, make the same task, cell and settings."""
    task = Echo(sequences=(("a", "b", "a"), ("b", "b", "b")))
    settings = [
        Settings(Recall(steps=30, range=(-2.0, 2.0)), "gru", 6, budget=500, update="step", clip=None),
        Settings(task, "stack(lstm,gru)", optimiser="sgd"),
    ]
    for one in settings:
        asked = []
        monkeypatch.setattr("holdfast.cli.tune.call", lambda verb, args, asked=asked, **_: asked.append(args) or DONE)
        main(shlex.split(tune_command(one))[1:])
        given = vars(asked[0])
        axes = {name: given[name] for name in field_infos(type(one.task)) if name in given}
        assert type(one.task)(**axes) == one.task
        assert (given["task"], given["cell"]) == (one.task.name, one.cell)
        assert given.get("update", "batch") == str(one.update)
        assert given.get("optimiser", "adam") == str(one.optimiser)
        assert given.get("clip", Settings(task).clip) == one.clip
        assert not {"budget", "units", "seeds"} & {name for name, value in given.items() if value is not None}


def test_a_test_that_failed_names_the_next_command():
    found = judge(create("lstm", 2, 3, 2), [GIVEN], file="net.safetensors")
    assert not found.solved
    assert found.parts()[-1].text.endswith("holdfast explain net.safetensors")


def test_a_network_without_state_is_told_that_no_gradient_reaches_back():
    nothing = (0.0, 0.0, 0.3)
    assert "cannot learn to store" in _why((rate("step", 0, nothing), rate("sequence", 0, nothing)))


def test_the_reason_of_failures_is_given_only_where_networks_fail():
    some = (0.1, 0.1, 0.3)
    assert "It succeeds only if" in _why((rate("step", 3, (0.0, 0.0, 0.3)), rate("sequence", 8, some)))
    text = _why((rate("step", 8, (0.0, 0.0, 0.3)), rate("sequence", 8, some)))
    assert "It succeeds only if" not in text
    assert "All networks succeed nevertheless: their random initial weights" in text
    for solved in (3, 8):
        easy = _why((rate("step", solved, (0.0, 0.0, 0.3)), rate("sequence", 8, some)), ambiguous=False)
        assert easy.endswith("no memory is needed here.")
        assert "succeed" not in easy


def test_a_network_that_is_no_control_is_not_called_one():
    assert why_control_fails(SEQUENCES).startswith("The control cannot")
    assert "control" not in why_control_fails(SEQUENCES, "this network")


def test_omitted_steps_show_an_ellipsis():
    text = _why((rate("sequence", 8, tuple(0.1 for _ in range(20))),))
    assert "  …  " in text
    assert "…" not in _why((rate("sequence", 8, tuple(0.1 for _ in range(12))),))


def test_the_arrays_of_the_tutorial():
    symbols, pairs, shapes = arrays(SEQUENCES)
    assert symbols.rows[4] == ("4", "[0 0 0 0 1]")
    vectors = dict(symbols.rows)
    assert len(set(vectors.values())) == 5
    assert all(sorted(vector.strip("[]").split()) == ["0"] * 4 + ["1"] for vector in vectors.values())
    assert pairs.rows[0] == ("1", "3 → 0", f"{vectors['3']} → {vectors['0']}")
    assert len(pairs.rows) == 8
    assert "all sequences at once: [2, 4, 5]" in shapes.text
    assert "sequence 1, one step at a time: [4, 1, 5]" in shapes.text


def test_registers_share_one_row_that_counts_them():
    asked = {"units": 20, "steps": 34, "tolerance": 0.05, "dtype": "float32", "semantics": "ieee", "form": ""}
    rows = gate_rows(construct(Copy(steps=12), "gru", **asked).gates)
    shared = [row for row in rows if "(11 units)" in row[1]]
    assert [(row[0], row[2]) for row in shared] == [("3-13", "update"), ("3-13", "candidate"), ("3-13", "reset")]
    assert shared[1][3] == "tanh(register n+1)"
    assert "n = 1 ... 11" in shared[1][1]
    assert len(rows) == 7


def test_units_that_differ_keep_their_own_rows():
    gate = {"gate": "forget", "formula": "σ(1)", "step_1": [0.1, 0.1], "later": None}
    gates = [{**gate, "unit": n, "name": f"register {n}"} for n in (1, 2, 3)]
    assert len(gate_rows(gates)) == 1
    gates[1]["formula"] = "σ(2)"
    assert len(gate_rows(gates)) == 3
    assert len(gate_rows([{**gate, "unit": n, "name": name} for n, name in enumerate(("started", "held", "sum"))])) == 3


def test_missing_units_are_told_with_their_flag():
    asked = {"steps": 90, "tolerance": 0.05, "dtype": "float32", "semantics": "ieee", "form": ""}
    with pytest.raises(BadValue, match=r"there are 32; give --units 41"):
        construct(Copy(steps=40), "gru", units=32, **asked)


def test_a_cell_without_constructions_is_told_as_a_user_knows_it():
    asked = {"units": 4, "steps": 5, "tolerance": 0.05, "dtype": "float32", "semantics": "ieee", "form": ""}
    with pytest.raises(UnknownName) as caught:
        construct(Echo(), "feedforward", **asked)
    assert "backend" not in str(caught.value)


def test_refuting_rows_of_symbols_are_told_as_symbols():
    x = np.eye(2)[[0, 1, 1]].tolist()
    found = Refutation(True, 0.0, x, [0.2, 0.7], [1.0, 0.0], 0.5, 10, 0)
    inputs, answer = replace(found, task=GIVEN).parts()
    assert inputs.text == "a b b"
    assert answer.text == "output 'b', expected 'a': the output of a wrong symbol is larger by 0.5."
    numbers = replace(found, symbol=None, expected=[0.0, 0.0], task=GIVEN).parts()
    assert numbers[0].text == "1 0\n0 1\n0 1"


def test_a_network_without_memory_has_no_memory_capacity():
    task = Echo(lag=4)
    network = build("feedforward", inputs=task.inputs, units=6, outputs=task.outputs)
    found = capacity.measure(examine(network, task, rows=4))
    assert found.figures["capacity_inputs"] > 1
    assert found.figures["capacity_past_inputs"] == 0
    assert not found.sentence


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_tables_break_no_words(width, capsys, monkeypatch):
    rows = (("an uninterruptedly long claim", "does not hold", "the difference contains zero"),) * 2
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", width)
    terminal.draw([Table(("claim", "verdict", "why"), rows)])
    out = capsys.readouterr().out
    assert all(len(line) <= width for line in out.splitlines())
    for word in " ".join(rows[0]).split():
        assert out.count(word) >= 2, word


def test_a_percent_sign_stays_with_its_number(capsys, monkeypatch):
    for width in range(20, 60):
        monkeypatch.setattr(terminal, "PLAIN_WIDTH", width)
        said = "0 of 4 (0 %, 95 % interval 0-49 %)"
        terminal.draw([Text(said), Table(("update", "success rate"), (("per step", said), ("per sequence", said)))])
        assert not any(line.lstrip().startswith("%") for line in capsys.readouterr().out.splitlines())


def test_a_command_to_copy_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", 40)
    command = "holdfast compare --study mine --store of/mine.sqlite"
    terminal.draw([Text(f"Finished points are kept. Continue with: holdfast show mine, {command}")])
    assert command in capsys.readouterr().out.splitlines()


def test_a_table_too_wide_for_its_words_becomes_records(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", 20)
    rows = (("uninterruptedly", "undecidedness", "3", "1"), ("x", "", "4", ""))
    terminal.draw([Table(("claim", "verdict", "size", "lag"), rows)])
    told = "claim:\nuninterruptedly\nverdict:\nundecidedness\nsize: 3  lag: 1\n\nclaim: x  size: 4\n"
    assert capsys.readouterr().out == told


def test_a_table_whose_cells_would_be_tall_and_narrow_becomes_records(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", 27)
    why = "the interval of the difference contains zero at every lag"
    terminal.draw([Table(("claim", "why"), (("a longer name", why),))])
    assert capsys.readouterr().out == "a longer name: the interval\nof the difference contains\nzero at every lag\n"


def test_an_interrupted_comparison_says_how_to_continue(tmp_path, monkeypatch, capsys):
    from holdfast.verbs import compare

    monkeypatch.chdir(tmp_path)
    whole = compare._run
    monkeypatch.setattr(compare, "_run", lambda *given: (whole(*given)[0], True))
    grid = "--task recall --steps 2 --cells elman --units 2 --rates 0.01 --seeds 1 --budget 32"
    code = main(["compare", *grid.split(), "--study", "mine", "--store", "s.sqlite", "--workers", "1", "--json"])
    out, err = capsys.readouterr()
    assert code == 130
    assert json.loads(out)["study"] == "mine"
    assert "Continue with: holdfast compare --study mine --store s.sqlite\n" in err
