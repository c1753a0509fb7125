"""How far gates are opened, how small values are stored, and what is added up to a claim."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from holdfast.construction.budget import Budget, Demand, combining, demand, opening, power_of_two, sigmoid
from holdfast.construction.gains import ROUNDINGS_PER_STEP, gated
from holdfast.construction.program import RegisterProgram
from holdfast.core.formats import FORMATS

F32, F64 = FORMATS["float32"], FORMATS["float64"]
sizes = st.floats(1e-30, 1e30)


def holding(steps=100, tolerance=1e-2, size=1.0, format=F32, hops=1, writes=1, gain=1.0) -> Demand:
    return Demand(steps, tolerance, size, hops, writes, gain, format)


@given(sizes)
def test_a_power_of_two_is_the_largest_that_fits(limit):
    found = power_of_two(limit)
    assert found <= limit < 2 * found
    assert math.frexp(found)[0] == 0.5


@given(st.floats(1e-12, 0.5))
def test_a_gate_lacks_what_it_was_opened_for(missing):
    assert 1 - sigmoid(opening(missing)) == pytest.approx(missing, abs=1e-15)
    assert sigmoid(-opening(missing)) == pytest.approx(missing, rel=1e-9)


def test_a_gate_beyond_all_numbers_is_open_or_shut():
    assert [sigmoid(z) for z in (-1e4, -800.0, 0.0, 800.0, 1e4)] == [0, 0, 0.5, 1, 1]


def test_a_budget_is_the_sum_of_its_terms():
    one = Budget(write=1, hold=2, leak=3, read_out=4, rounding=5)
    assert one.total == 15
    assert (one * 2 + Budget(leak=1)).as_json() == {"write": 2, "hold": 4, "leak": 7, "read-out": 8, "rounding": 10}


def adding_up(coefficient: float, constant: float = 0.0, **more) -> RegisterProgram:
    program = RegisterProgram()
    x, y = program.real("x", -4, 3), program.real("y", -1, 1)
    started = program.flag("started", after=1)
    a = program.latch("a", x, when=~started)
    b = program.latch("b", a, when=~started)
    program.latch("c", y * 0.5, when=~started)
    program.output(b * coefficient + constant)
    return program


def test_every_register_gets_its_part_of_the_tolerance():
    asked = demand(adding_up(-8.0), steps=7, tolerance=0.1, format=F32)
    assert (asked.tolerance, asked.gain, asked.size, asked.hops, asked.writes) == (0.1 / 8, 8, 4, 2, 1)
    assert demand(adding_up(0.5), 7, 0.1, F32).tolerance == 0.2


def test_no_register_is_allowed_more_than_what_it_holds():
    """An error of that size is what 0 makes."""
    assert demand(adding_up(1.0), 7, 1e6, F32).tolerance == 4
    assert demand(adding_up(1.0), 7, math.inf, F32).tolerance == 4


def test_half_of_a_lead_may_be_lost():
    program = RegisterProgram()
    a, b = program.symbols("a", "b")
    kept = program.latch("kept", b - a, when=~program.flag("started", after=1), writes=1)
    program.choose([kept * -2 - 1, kept * 2 - 1], gap=4.0)
    asked = demand(program, None, 1e-9, F64)
    assert (asked.tolerance, asked.gain, asked.latched) == (0.5, 4, True)


def test_what_is_put_together_rounds_but_for_powers_of_two():
    u = F32.roundoff
    assert combining(adding_up(-8.0), F32) == Budget()
    assert combining(adding_up(0.3), F32).rounding == pytest.approx(3 * u * 0.3 * 4)
    assert combining(adding_up(1.0, 100.0), F32).rounding == pytest.approx(4 * u * 104)
    assert combining(adding_up(1.0, 100.0), F64).rounding == pytest.approx(4 * F64.roundoff * 104)


def test_what_a_value_rounds_is_carried_along():
    program = RegisterProgram()
    x, y = program.real("x", -1, 1), program.real("y", -1, 1)
    first = program.latch("first", x + y)
    program.output(program.latch("second", first * 2))
    assert combining(program, F32).rounding == pytest.approx(2 * 4 * F32.roundoff * 2)
    program.choose(program.outputs * 2, gap=1.0)
    assert combining(program, F32).rounding == pytest.approx(2 * 2 * 4 * F32.roundoff * 2)


def test_one_hot_features_are_added_up_one_at_a_time():
    program = RegisterProgram()
    a, b = program.symbols("a", "b")
    program.output(program.latch("kept", a - b * 2))
    assert combining(program, F32) == Budget()


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_the_exact_design_is_taken_where_rounding_would_eat_half_of_the_tolerance(format):
    most = 1e-2 / 2 / (ROUNDINGS_PER_STEP * format.roundoff)
    assert not gated(holding(int(most) - 1, format=format), 2, False).exact
    assert gated(holding(int(most) + 2, format=format), 2, False).exact
    assert gated(holding(None, format=format), 2, False).exact


@given(st.integers(2, 10**6), st.floats(1e-6, 0.1), st.floats(1e-3, 1e3))
def test_the_moderate_design_gives_each_part_its_share(steps, part, size):
    asked = holding(steps, part * size, size, F64)
    gains = gated(asked, 2, False)
    assert not gains.exact
    assert math.frexp(gains.scale)[0] == 0.5
    assert gains.lacks * size <= asked.tolerance / 8
    assert (steps - 1) * gains.lets_go * size <= asked.tolerance / 6 * 1.001
    assert (steps - 1) * gains.shut * size <= asked.tolerance / 6 * 1.001
    assert 2 * gains.scale**2 * size**3 / 3 <= asked.tolerance


@pytest.mark.parametrize(("size", "format"), [(1.0, F32), (100.0, F32), (1e-3, F32), (1.0, F64), (3.0, F64)])
def test_for_ever_values_are_stored_where_tanh_is_the_identity(size, format):
    gains = gated(holding(None, 0.05 * size, size, format), 2, False)
    assert gains.bit_exact
    assert gains.scale * size <= format.identity


def test_gates_of_the_exact_design_are_exactly_open_and_shut_in_every_engine():
    """As the network meets them: rounded to its number format, in JAX and in PyTorch."""
    for name, format in FORMATS.items():
        with jax.enable_x64(True):
            far = jnp.asarray([format.closed, format.open, -format.closed], name)
            assert jax.nn.sigmoid(far).tolist() == [1, 1, 0]
            assert jnp.tanh(jnp.asarray([format.saturated, -format.saturated], name)).tolist() == [1, -1]
            small = np.asarray(np.geomspace(1e-30, format.identity, 1000), name)
            np.testing.assert_array_equal(jnp.tanh(jnp.asarray(small)), small)
        there = torch.tensor([format.closed, format.open, -format.closed], dtype=getattr(torch, name))
        assert torch.sigmoid(there).tolist() == [1, 1, 0]
        assert torch.tanh(torch.tensor([format.saturated], dtype=there.dtype)).tolist() == [1]
        np.testing.assert_array_equal(torch.tanh(torch.tensor(small)).numpy(), small)
