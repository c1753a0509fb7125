"""Time at its edges: shapes that do not fit, nothing to read, nobody to read for, and the state that is carried."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.errors import BadValue
from holdfast.engine.advance import advance
from holdfast.engine.network import create
from holdfast.engine.unroll import trace, unroll
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.mark.parametrize("shape", [(4,), (3, 2), (1, 4, 3), (1, 1, 4, 2)])
@pytest.mark.parametrize("act", [unroll, trace])
def test_inputs_that_do_not_fit_are_refused_in_words(act, shape):
    with pytest.raises(BadValue) as caught:
        # Unwrapped, because with --shapes the annotation refuses first.
        inspect.unwrap(act)(create("gru", 2, 3, 1), jnp.zeros(shape))
    assert caught.value.message == f"inputs have shape {shape}, expected [batch, time, 2] for this network."
    assert caught.value.fix == "Add the missing axes, or use a network with this input size."


def test_a_mask_that_does_not_fit_is_refused_in_words():
    with pytest.raises(BadValue) as caught:
        inspect.unwrap(unroll)(create("gru", 2, 3, 1), jnp.zeros((1, 4, 2)), present=jnp.ones((4, 1), bool))
    assert caught.value.message == "present has shape (4, 1), expected (1, 4)."


@pytest.mark.parametrize("truncate", [0, -1])
def test_a_window_of_no_steps_is_refused_in_words(truncate):
    with pytest.raises(BadValue) as caught:
        unroll(create("gru", 2, 3, 1), jnp.zeros((1, 4, 2)), truncate=truncate)
    assert caught.value.message == f"truncate is {truncate}, expected at least 1 step."


@pytest.mark.parametrize("cell", ["lstm", "feedforward"])
def test_no_steps_give_no_outputs_and_the_state_as_it_was(cell, float64):
    network = random_network(cell)
    state = random_state(network, 2)
    outputs, after = unroll(network, jnp.zeros((2, 0, 2)), state)
    assert outputs.shape == (2, 0, 2)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert all((a == b).all() for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(state), strict=True))


def test_no_rows_give_no_rows(float64):
    network = random_network("lstm")
    found = trace(network, jnp.zeros((0, 3, 2)))
    assert found.outputs.shape == (0, 3, 2)
    assert found.states[0].c.shape == found.gates[0].forget.shape == (0, 3, 3)
    assert found.state[0].h.shape == (0, 3)


def test_all_steps_absent_leave_the_state_bit_for_bit(float64):
    network = random_network("gru")
    state = random_state(network, 2)
    _, after = unroll(network, 1e6 * numbers(2, 3, 2), state, present=jnp.zeros((2, 3), bool))
    assert (after[0].h == state[0].h).all()


def test_without_a_state_it_starts_at_zero(float64):
    network, inputs = random_network("lstm"), numbers(2, 3, 2)
    given, _ = unroll(network, inputs, network.start(2))
    assert (unroll(network, inputs)[0] == given).all()
    other, _ = unroll(network, inputs, random_state(network, 2))
    assert np.abs(other - given).max() > 1e-3


def test_one_step_by_hand_is_one_step_of_the_unrolled(float64):
    network, inputs = random_network("lstm", layers=2), numbers(2, 1, 2)
    state = random_state(network, 2)
    hidden, after, gates = advance(network, state, inputs[:, 0])
    outputs, end = unroll(network, inputs, state)
    np.testing.assert_allclose(
        outputs[:, 0], hidden @ network.readout.matrix + network.readout.bias, rtol=0, atol=1e-14
    )
    for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(end), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)
    assert [layer._fields for layer in gates] == [network.cell.gates] * 2


def test_windows_are_counted_from_the_first_step_given_and_the_given_state_lies_before_them(float64):
    network, inputs = random_network("gru"), numbers(1, 4, 2)
    state = random_state(network, 1)

    def to_state(truncate):
        return jax.grad(lambda s: unroll(network, inputs, s, truncate=truncate)[0].sum())(state)[0].h

    assert np.abs(to_state(None)).max() > 1e-3
    assert not to_state(4).any()


def test_a_trace_with_padding_repeats_the_state_and_ends_where_unroll_ends(float64):
    network, inputs = random_network("lstm"), numbers(1, 4, 2)
    present = jnp.asarray([[True, True, False, False]])
    found = trace(network, inputs, present=present)
    _, end = unroll(network, inputs, present=present)
    for name in ("h", "c"):
        steps = getattr(found.states[0], name)[0]
        assert (steps[2] == steps[1]).all()
        assert (steps[3] == steps[1]).all()
        np.testing.assert_allclose(getattr(end[0], name)[0], steps[1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("engine", ["native", "loop"])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("first", [0, 2, 4])
def test_outputs_read_late_are_the_last_of_all_and_so_are_their_gradients(engine, padded, first, float64):
    network, inputs, cotangent = random_network("lstm", layers=2), numbers(3, 5, 2), numbers(3, 5, 2, seed=1)
    present = jnp.arange(5) < jnp.asarray([[5], [3], [1]]) if padded else None

    def loss(network, read_from):
        outputs, state = unroll(network, inputs, present=present, read_from=read_from, engine=engine)
        asked = outputs[:, first - read_from :]
        return (asked * cotangent[:, first:]).sum() + jnp.sin(state[1].c).sum(), (asked, state)

    found, sure = (jax.value_and_grad(loss, has_aux=True)(network, read_from) for read_from in (first, 0))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13), found, sure)


@pytest.mark.parametrize("read_from", [-1, 5])
def test_reading_past_the_end_is_refused_in_words(read_from):
    with pytest.raises(BadValue) as caught:
        unroll(create("gru", 2, 3, 1), jnp.zeros((1, 4, 2)), read_from=read_from)
    assert caught.value.message == f"read_from is {read_from}, expected a step from 0 to 4."
