"""The language of registers and conditions: names, sizes, time, and what a program of one's own comes to."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.construction.compile import compile_program
from holdfast.construction.program import RegisterProgram, StepContext
from holdfast.core.errors import BadValue
from holdfast.engine.unroll import unroll


def outputs(made, inputs):
    return np.asarray(unroll(made.network, jnp.asarray(inputs, made.network.dtype)[None])[0], np.float64)[0]


def test_names_are_taken_once_and_known():
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    with pytest.raises(BadValue, match="uses the name 'x' twice"):
        program.mark("x", 0, 1)
    program.output(program.latch("kept", x))
    with pytest.raises(BadValue, match="no 'gone'; it has x, kept"):
        program.reads("gone")


def test_conditions_combine():
    program = RegisterProgram()
    program.mark("a", 0, 1)
    program.mark("b", 0, 1)
    late = program.flag("late", after=2)
    both = (program.reads("a") & ~program.reads("b")) | late
    assert both.words == "((a and not b) or late)"
    assert both.holds(StepContext(0, {"a": 1, "b": 0}))
    assert not both.holds(StepContext(1, {"a": 1, "b": 1}))
    assert both.holds(StepContext(2, {"a": 0, "b": 0}))


def test_the_size_of_a_sum_counts_one_hot_features_once():
    program = RegisterProgram()
    a, b = program.symbols("a", "b")
    x = program.real("x", -3, 2)
    assert program.size(a * 2 - b) == 2
    assert program.size(x * 0.5 + a + 1) == 3.5
    total = program.accumulate("total", x, when=program.reads("a"), writes=4)
    assert program.size(total) == 12


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "lstm1997", "irnn"])
def test_a_program_of_ones_own_does_what_it_says(cell):
    """Twice the first number, less the second marked one, from the step after it on."""
    program = RegisterProgram()
    x = program.real("x", -1, 1)
    program.mark("mark", 0, 1)
    first = program.latch("first", x, when=~program.flag("started", after=1), writes=1)
    marked = program.accumulate("marked", x, when=program.reads("mark"), writes=1)
    program.output(first * 2 - marked)
    made = compile_program(program, cell, units=16, steps=30, tolerance=0.02)
    values = np.random.default_rng(0).uniform(-1, 1, 30).astype(np.float32).astype(np.float64)
    marks = np.zeros(30)
    marks[7] = 1
    got = outputs(made, np.stack([values, marks], -1))[:, 0]
    right = 2 * values[0] - values[7] * (np.arange(30) >= 7)
    assert np.abs(got - right).max() <= made.claim.error <= 0.02


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_delay_is_what_was_read_so_many_steps_ago(cell):
    program = RegisterProgram()
    program.output(program.delay("x before", program.real("x", -1, 1), steps=3))
    made = compile_program(program, cell, units=8, steps=20, tolerance=0.05)
    x = np.random.default_rng(1).uniform(-1, 1, 20).astype(np.float32).astype(np.float64)
    assert np.abs(outputs(made, x[:, None])[3:, 0] - x[:-3]).max() <= made.claim.error


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_counter_tells_steps_apart(cell):
    program = RegisterProgram()
    count = program.counter("count")
    program.output(program.latch("fifth", program.real("x", -1, 1), when=~count(5)))
    made = compile_program(program, cell, units=4, steps=20, tolerance=0.01)
    x = np.linspace(-1, 1, 20)
    assert np.abs(outputs(made, x[:, None])[4:, 0] - x[4]).max() <= 0.01


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_a_bit_bears_the_noise_that_it_was_built_for(cell):
    program = RegisterProgram()
    program.output(program.bit("bit", program.real("x", -1, 1), noise=0.3))
    made = compile_program(program, cell, units=1, steps=None, tolerance=0.1)
    for sign in (-1.0, 1.0):
        x = np.full((5000, 1), -0.3 * sign)
        x[0] = sign
        got = outputs(made, x)[:, 0]
        assert np.abs(got - sign).max() <= made.claim.error
        x[1:] = -3.0 * sign  # ten times the noise flips it, so the check above could have failed
        assert np.sign(outputs(made, x)[-1, 0]) == -sign
