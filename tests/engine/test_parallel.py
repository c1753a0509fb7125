"""All steps at once: which cells allow it, and that it gives what the loop gives, forwards and backwards."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.core.cell import Cell, Step
from holdfast.core.errors import BadValue
from holdfast.engine import joint_recurrence as joint
from holdfast.engine import linear_recurrence as recurrence
from holdfast.engine.affine import groups
from holdfast.engine.engines import Request, parallel
from holdfast.engine.native import gated, library
from holdfast.engine.native import recurrence as native_recurrence
from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network, random_state
from tests.oracle import matrices

pytestmark = pytest.mark.usefixtures("quick_to_compile")
AFFINE = ("feedforward", "lru", "mamba", "mamba_negative", "mingru", "minlstm", "mlstm", "rglru", "s5")
KINDS = ("feedforward", "lru", "mamba", "mingru", "minlstm", "mlstm")
"""Without a state, with states solved together, with a state of two axes, two with kernels or a word of their own, and
one with a maximum, a vector and a matrix: the others are like one of these, and compared with another source in
``test_cells_against_reference.py``."""


def why_not(cell: Cell) -> str:
    return parallel.unsuitable(Request(cell)) or ""


@pytest.mark.parametrize("cell", cells.FOLDER.names())
def test_the_record_says_which_cells_can(cell):
    reason = why_not(cells.get(cell))
    assert (not reason) == (cell in (*AFFINE, *matrices.STEPS)), reason


def test_what_is_in_the_way_is_said(float64):
    assert why_not(cells.get("lstm")) == "it cannot run lstm: its new h reads the old h through a linear map"
    with pytest.raises(BadValue, match="'parallel' cannot be used: it cannot run gru: its new h reads the old h"):
        unroll(random_network("gru"), numbers(1, 4, 2), engine="parallel")
    with pytest.raises(BadValue, match="all steps at once, and the gradient is to be cut"):
        unroll(random_network("mingru"), numbers(1, 4, 2), engine="parallel", truncate=2)


def test_a_nonlinear_word_on_the_state_is_in_the_way():
    mingru = cells.get("mingru")

    def step(ops, weights, x, state):
        _, after, gates = mingru.step(ops, weights, x, state)
        return Step(ops.tanh(after.h), mingru.state_type(ops.tanh(after.h)), gates)

    assert why_not(replace(mingru, step=step)) == "it cannot run mingru: its new h reads the old h through tanh"

    def squares(ops, weights, x, state):
        _, _, gates = mingru.step(ops, weights, x, state)
        h = ops.add(ops.multiply(state.h, state.h), gates.candidate)
        return Step(h, mingru.state_type(h), gates)

    assert why_not(replace(mingru, step=squares)) == "it cannot run mingru: its new h reads the old h through multiply"


def test_a_nonlinear_word_between_a_memory_and_what_is_written_is_in_the_way():
    deltanet = cells.get("deltanet")

    def step(ops, weights, x, state):
        _, _, gates = deltanet.step(ops, weights, x, state)
        read = ops.tanh(ops.contract(state.S, gates.key))
        memory = ops.add(state.S, ops.outer(ops.subtract(gates.value, read), gates.key))
        return Step(ops.contract(memory, gates.query), deltanet.state_type(memory), gates)

    assert why_not(replace(deltanet, step=step)) == "it cannot run deltanet: its new S reads the old S through tanh"


def test_states_are_solved_one_after_another():
    """A cell state that no state feeds, then a hidden state that is any function of it."""
    lstm = cells.get("no_output_gate")

    def step(ops, weights, x, state):
        w = ops.linear(weights["x"], x)
        f, i = ops.sigmoid(w["forget"]), ops.sigmoid(w["input"])
        c = ops.add(ops.multiply(f, state.c), ops.multiply(i, ops.tanh(w["candidate"])))
        h = ops.add(ops.multiply(ops.tanh(state.c), state.h), ops.tanh(c))
        return Step(h, lstm.state_type(h, c), lstm.step(ops, weights, x, state).gates)

    assert groups(replace(lstm, step=step)) == ((1,), (0,))


def test_states_that_read_each_other_are_solved_together():
    lru = cells.get("lru")
    assert groups(lru) == ((0, 1),)

    def step(ops, weights, x, state):
        output, after, gates = lru.step(ops, weights, x, state)
        return Step(output, lru.state_type(after.re, ops.multiply(after.im, ops.cos(after.re))), gates)

    assert why_not(replace(lru, step=step)) == "it cannot run lru: its new re reads state im, which is not known yet"


def test_a_maximum_is_solved_before_what_it_stabilises():
    mlstm = cells.get("mlstm")
    assert groups(mlstm) == ((2,), (0,), (1,))

    def step(ops, weights, x, state):
        output, after, gates = mlstm.step(ops, weights, x, state)
        return Step(
            output, mlstm.state_type(after.C, after.n, ops.maximum(state.m, ops.add(state.m, gates.input))), gates
        )

    reason = "it cannot run mlstm: its new C reads state m, which is not known yet"
    assert why_not(replace(mlstm, step=step)) == reason


@pytest.fixture(params=["unit by unit", "compiled recurrence", "chunks"])
def how(request, monkeypatch):
    """What computes it: the cell's own kernel, the library's recurrence, or JAX alone."""
    assert library.ready().available
    if request.param != "unit by unit":
        monkeypatch.setattr(gated, "unsuitable", lambda *_: "a test says so")
    if request.param == "chunks":
        monkeypatch.setattr(native_recurrence, "is_suitable", lambda *_: False)
        monkeypatch.setattr(joint, "platform_dependent", lambda *given, cpu, default: default(*given))
    return request.param


def test_the_kernel_is_the_one_that_is_asked_for(how, float64):
    network, inputs = random_network("mingru"), numbers(3, 9, 2)
    text = jax.jit(lambda network: unroll(network, inputs, engine="parallel")[0]).lower(network).as_text()
    found = [name for name in ("holdfast_gated", "holdfast_linear") if name in text]
    assert found == {"unit by unit": ["holdfast_gated"], "compiled recurrence": ["holdfast_linear"], "chunks": []}[how]


@pytest.mark.parametrize(("layers", "steps"), [(1, 1), (2, 7), (1, 50)])
@pytest.mark.parametrize("cell", KINDS)
def test_it_is_the_loop_up_to_rounding_with_padding_and_a_state(cell, layers, steps, how, float64):
    network, inputs = random_network(cell, layers=layers), numbers(3, steps, 2)
    present = jnp.asarray(np.random.default_rng(0).random((3, steps)) < 0.8)
    start = random_state(network, 3)

    def loss(network, inputs, start, engine):
        outputs, last = unroll(network, inputs, start, present=present, engine=engine)
        return jnp.square(outputs).sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(last))

    act = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)), static_argnames="engine")
    found, wanted = (act(network, inputs, start, engine) for engine in ("parallel", "loop"))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 3, 70])
def test_a_joint_recurrence_of_two_states_is_that_of_complex_numbers(steps, float64, monkeypatch):
    p, q, u, v = (numbers(steps, 2, 3, seed=n, scale=0.6) for n in range(4))
    start = numbers(2, 3, seed=4), numbers(2, 3, seed=5)
    state, wanted = np.asarray(start[0]) + 1j * np.asarray(start[1]), []
    for t in range(steps):
        state = (p[t] + 1j * q[t]) * state + (u[t] + 1j * v[t])
        wanted.append(state)
    for solve in (joint.joint_recurrence, joint.in_chunks):
        real, imaginary = solve(((p, -q), (q, p)), (u, v), start)
        np.testing.assert_allclose(real + 1j * imaginary, wanted, rtol=1e-12, atol=1e-12)
    if steps == 70:  # several chunks
        monkeypatch.setattr(joint, "_composed", lambda so_far, now: (now, now))
        assert np.abs(joint.in_chunks(((p, -q), (q, p)), (u, v), start)[0] - np.real(wanted)).max() > 0.1


def test_a_scan_that_forgets_the_chunk_before_is_noticed(float64, monkeypatch):
    factor, offset = jnp.full((64, 2), 0.9), jnp.ones((64, 2))
    right = [0.0]
    for _ in range(64):
        right.append(0.9 * right[-1] + 1.0)
    start = jnp.zeros(2)
    for solve in (recurrence.linear_recurrence, recurrence.in_chunks):
        np.testing.assert_allclose(solve(factor, offset, start)[:, 0], right[1:], rtol=1e-13)
    forgetful = lambda state, now: (now[1], now[1])  # noqa: E731
    monkeypatch.setattr(recurrence, "_step", forgetful)
    assert np.abs(recurrence.in_chunks(factor, offset, start)[:, 0] - np.array(right[1:])).max() > 0.1
