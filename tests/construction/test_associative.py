"""Exact associative memory: certified for all keys and values, right on rows, and as large as stated."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.construction.compile import Construction, compile_program
from holdfast.construction.constructions.mqar import program
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.evaluation.laws import the_program_is_right
from holdfast.construction.interpreter import interpret
from holdfast.construction.program import RegisterProgram
from holdfast.core.errors import BadValue
from holdfast.core.results import Text
from holdfast.engine.network import Network
from holdfast.tasks.mqar import Mqar
from tests import construction_laws as laws

CELLS = ("shift(deltanet)", "shift(linear_attention)", "shift(mlstm)")
SMALL = Mqar(symbols=4, pairs=2, steps=10)
EIGHT = Mqar(symbols=8, pairs=2, steps=8)
every_cell = pytest.mark.parametrize("cell", CELLS)


def made(task: Mqar, cell: str, steps: int | None = 0, **more) -> Construction:
    asked = {"units": None, "steps": task.longest if steps == 0 else steps, "tolerance": np.inf, **more}
    return compile_program(program(task, cell), cell, task=task.name, **asked)


def said(network: Network, read: list[int]) -> np.ndarray:
    """The largest output after every symbol of one row."""
    return laws.ours(network, np.eye(network.inputs)[None, read])[0].argmax(-1)


@every_cell
@pytest.mark.parametrize("semantics", ["real", "ieee"])
def test_every_key_and_value_is_certified_and_checked(cell, semantics):
    network = made(SMALL, cell).network
    proof = prove(network, SMALL, semantics=semantics)
    assert proof.verdict == "proved"
    assert proof.certificate is not None
    assert check(proof.certificate, network).accepted


@every_cell
def test_eight_symbols_are_certified_in_float32(cell):
    assert prove(made(EIGHT, cell).network, EIGHT, semantics="ieee").verdict == "proved"


def test_a_memory_that_replaces_is_certified_for_every_length():
    network = made(SMALL, "shift(deltanet)", None).network
    proof = prove(network, SMALL, lengths=SMALL.lengths("any"), semantics="ieee")
    assert (proof.verdict, proof.reached.settled is not None) == ("proved", True)


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lead_is_within_the_budget_on_rows(cell, dtype):
    with jax.enable_x64(True):
        laws.error_is_within_the_claim(made(EIGHT, cell, dtype=dtype), EIGHT)


@every_cell
def test_no_answer_on_two_thousand_rows_is_wrong(cell):
    task = Mqar()
    batch = task.sample(jax.random.key(3), 2000, "test")
    outputs = laws.ours(made(task, cell).network, np.asarray(batch.inputs))
    wrong = (outputs.argmax(-1) != np.asarray(batch.targets).argmax(-1)) & np.asarray(batch.scored)
    assert (int(wrong.sum()), int(np.asarray(batch.scored).sum())) == (0, 2000 * task.pairs)


def test_what_is_held_is_every_pair_at_once():
    """All four keys of eight symbols with one value each, in an order of their own, and then each key again."""
    keys, values = [2, 0, 3, 1], [5, 4, 4, 7]
    read = [symbol for pair in zip(keys, values, strict=True) for symbol in pair] + [0, 6, 1, 6, 3, 6, 2]
    for cell in CELLS:
        assert said(made(EIGHT, cell).network, read)[[8, 10, 12, 14]].tolist() == [0, 3, 0, 1], cell


def test_a_new_value_replaces_the_old_one_under_the_delta_rule():
    read = [0, 4, 1, 5, 0, 6, 0, 7, 1, 4, 0]
    assert said(made(EIGHT, "shift(deltanet)").network, read)[[6, 8, 10]].tolist() == [2, 1, 3]


@every_cell
@pytest.mark.parametrize("source", ["x", "p"])
def test_a_wrong_weight_is_refuted(cell, source):
    """What is stored under the second key is read, or written, under the first."""
    network = made(SMALL, cell).network
    layer = network.layers[0]
    gate = "query" if source == "x" else "key"
    matrix = np.array(layer[source].of(gate)[0])
    wrong = replace(network, layers=({**layer, source: layer[source].put(gate, matrix[:, ::-1])},))
    found = refute(wrong, SMALL.scenario(), SMALL.lengths(), 0.0, tries=200, seconds=20)
    assert found.found


def test_units_beyond_those_that_are_needed_change_nothing():
    for cell in CELLS:
        few, many = (made(SMALL, cell, units=units) for units in (None, 5))
        assert (few.network.units, many.network.units) == (2, 5)
        read = [0, 3, 1, 2, 0, 2, 1]
        assert said(many.network, read)[[4, 6]].tolist() == [1, 0]
        lead = [laws.ours(m.network, np.eye(4)[None, read])[0, 4].tolist() for m in (few, many)]
        np.testing.assert_allclose(*lead, rtol=0, atol=few.budget.total)


def test_too_few_units_are_refused_with_the_number_that_is_needed():
    with pytest.raises(BadValue, match=r"it needs 4 units .* but there are 3; give --units 4"):
        made(EIGHT, "shift(deltanet)", units=3)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("deltanet", r"read a single step: give --cell 'shift\(deltanet\)'"),
        ("lstm", r"compiled to shift\(deltanet\), shift\(linear_attention\), shift\(mlstm\), not lstm"),
    ],
)
def test_other_cells_are_refused_with_those_that_can(cell, words):
    with pytest.raises(BadValue, match=words):
        made(SMALL, cell)


def test_what_a_memory_demands_stands_beside_its_state():
    report = construct(EIGHT, "shift(deltanet)", units=None, steps=EIGHT.steps, tolerance=np.inf)
    assert report.state == {"numbers": 4 * 4 + 4, "bits": 32 * 20, "demand_bits": max(EIGHT.memory())}
    told = next(part.text for part in report.parts() if isinstance(part, Text) and part.title == "State")
    assert told.startswith("20 numbers in float32, 640 bits. The task demands at most 4 bits")


@pytest.mark.parametrize("cell", CELLS[1:])
def test_sums_that_grow_are_refused_at_every_length(cell):
    assert made(SMALL, CELLS[0], None).claim.semantics == ("real", "ieee")
    with pytest.raises(BadValue, match=r"adds up all that it writes, .*: give --steps"):
        made(SMALL, cell, None)


def test_the_program_is_the_task():
    the_program_is_right("mqar", EIGHT, "shift(deltanet)")


def pairs(replaces: bool = False) -> RegisterProgram:
    program = RegisterProgram()
    program.symbols("a", "b", "1", "2")
    for value in program.pairs(["a", "b"], ["1", "2"], replaces):
        program.output(value)
    return program


def test_a_program_says_what_its_memory_shows():
    rows = np.eye(4)[[0, 2, 1, 3, 3, 0, 2, 1]]
    assert interpret(pairs(), rows)[[0, 5, 7]].tolist() == [[0, 0], [1, 0], [0, 1]]
    again = np.eye(4)[[0, 2, 0, 3, 0]]
    assert interpret(pairs(replaces=True), again)[-1].tolist() == [0, 1]
    with pytest.raises(BadValue, match="'a' is read at step 5, under which 2 values were stored"):
        interpret(pairs(), again)
    with pytest.raises(BadValue, match="reads '1' at step 1, expected a key first"):
        interpret(pairs(), rows[1:])


def test_a_memory_that_adds_refuses_a_program_in_which_values_are_replaced():
    asked = {"units": None, "steps": 8, "tolerance": 1e-3}
    assert compile_program(pairs(replaces=True), CELLS[0], **asked).network.units == 2
    with pytest.raises(BadValue, match=r"adds a new value to the old one, where shift\(deltanet\) replaces it"):
        compile_program(pairs(replaces=True), CELLS[1], **asked)


def test_a_program_has_one_memory_of_symbols_that_it_reads():
    program = pairs()
    with pytest.raises(BadValue, match="expected at most one"):
        program.pairs(["a"], ["1"])
    with pytest.raises(BadValue, match="expected at most one"):
        program.automaton(["q"], {})
    program.latch("kept", program.symbols("c", "d")[0])
    with pytest.raises(BadValue, match="stands alone"):
        compile_program(program, CELLS[0], units=8, steps=8, tolerance=1.0)
    with pytest.raises(BadValue, match="reads 'z', which is no symbol"):
        RegisterProgram().pairs(["z"], [])
