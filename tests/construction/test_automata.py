"""Automata as weights: certified for every length, right in PyTorch's own layers, and as small as stated."""

from __future__ import annotations

import itertools
import re

import jax
import numpy as np
import pytest

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.construction.compile import compile_program
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.machine import reachable
from holdfast.construction.program import RegisterProgram
from holdfast.core.errors import BadValue
from holdfast.tasks.automaton import Automaton
from holdfast.tasks.counting import Counting
from holdfast.tasks.group import Group
from holdfast.tasks.parity import Parity
from tests.construction_laws import torchs

CELLS = ("elman", "gru", "lstm")
NO_ODD_ZEROS_AFTER_ODD_ONES = (("0", "1"), ("2", "0"), ("3", "4"), ("2", "1"), ("4", "4"))
"""Tomita's third language."""
TASKS = [
    Automaton(expression="(0|1(01*0)*1)*"),
    Automaton(table=NO_ODD_ZEROS_AFTER_ODD_ONES, accepting=(0, 1, 3), alphabet="01"),
    Group(group="S3"),
    Counting(language="dyck", depth=2),
]


def made(task, cell: str, units: int | None = None):
    return construct(task, cell, units=units, steps=None, tolerance=np.inf).construction


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("task", TASKS, ids=["three divides", "tomita 3", "S3", "dyck"])
def test_it_is_certified_for_every_length_in_float32_and_checked(task, cell):
    built = made(task, cell, units=len(made(task, cell).sheet.units))
    proof = prove(built.network, task, lengths=task.lengths("any"), semantics="ieee")
    assert (proof.verdict, proof.reached.settled is not None) == ("proved", True)
    assert proof.certificate is not None
    assert check(proof.certificate, built.network).accepted


@pytest.mark.parametrize("cell", CELLS)
def test_it_is_certified_in_exact_arithmetic_too(cell):
    task = Parity()
    assert prove(made(task, cell).network, task, lengths=task.lengths("any"), semantics="real").verdict == "proved"


@pytest.mark.parametrize("cell", CELLS)
def test_pytorchs_own_layer_makes_no_error(cell):
    """With answers by a definition that knows no automaton: words of Tomita's third language."""
    odd = re.compile("(?<!1)1(11)*0(00)*(?!0)")
    words = ["".join(word) for word in itertools.product("01", repeat=12)]
    inputs = np.eye(2, dtype=np.float32)[[[int(symbol) for symbol in word] for word in words]]
    said = torchs(made(TASKS[1], cell).network, inputs).argmax(-1)
    for end in (1, 5, 12):
        assert said[:, end - 1].tolist() == [not odd.search(word[:end]) for word in words]


def test_a_wrong_transition_is_refuted():
    right = made(TASKS[1], "elman").network
    wrong = Automaton(
        table=(("0", "1"), ("2", "1"), *NO_ODD_ZEROS_AFTER_ODD_ONES[2:]), accepting=(0, 1, 3), alphabet="01"
    )
    assert prove(right, wrong, lengths=wrong.lengths("up to")).verdict == "refuted"


def test_units_are_the_states_and_symbols_by_which_they_are_entered():
    """After a reset symbol only one state can follow: it has one unit, not one for each state it is left from."""
    reset = Automaton(table=(("1", "0"), ("2", "0"), ("2", "0")), accepting=(2,))
    built = made(reset, "elman")
    assert len(built.sheet.units) == 4  # started; by a: 1 and 2; by b: 0
    assert built.known_units == {"at_least": 2, "at_most": 7}


def test_states_that_are_never_reached_have_no_units():
    made = RegisterProgram()
    a, b = ("a", "b")
    made.symbols(a, b)
    states = made.automaton(["p", "q", "r"], {("p", a): "q", ("q", a): "p", ("r", b): "r", ("p", b): "p"})
    assert len(states) == 3
    assert made.machine is not None
    assert reachable(made.machine) == [("p", "a"), ("p", "b"), ("q", "a")]


def test_a_stated_number_of_units_is_kept():
    assert made(Parity(), "gru", units=5).network.units == 5
    with pytest.raises(BadValue, match="give --units 5"):
        made(Parity(), "gru", units=4)


def test_a_cell_without_this_construction_says_so():
    with pytest.raises(BadValue, match="compiled to elman, gru, lstm, not irnn"):
        made(Parity(), "irnn")


def test_an_automaton_stands_alone():
    program = RegisterProgram()
    symbols = program.symbols("a", "b")
    program.latch("kept", symbols[0], when=~program.flag("started", after=1))
    states = program.automaton(["p"], {("p", "a"): "p", ("p", "b"): "p"})
    program.choose([states[0], states[0] * 0.0], gap=1.0)
    with pytest.raises(BadValue, match="stands alone"):
        compile_program(program, "elman", units=8, steps=None, tolerance=np.inf)
    with pytest.raises(BadValue, match="two automata"):
        program.automaton(["q"], {})


def test_what_is_unknown_to_the_program_is_refused():
    program = RegisterProgram()
    program.symbols("a", "b")
    with pytest.raises(BadValue, match="from 'p' by 'c' to 'p'"):
        program.automaton(["p"], {("p", "c"): "p"})


def test_the_largest_output_is_right_on_sampled_rows_of_every_cell():
    for task, cell in itertools.product(TASKS, CELLS):
        batch = task.sample(jax.random.key(1), 32)
        said = torchs(made(task, cell).network, np.asarray(batch.inputs)).argmax(-1)
        scored = np.asarray(batch.scored)
        assert (said == np.asarray(batch.targets).argmax(-1))[scored].all()
